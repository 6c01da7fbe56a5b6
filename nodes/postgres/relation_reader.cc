#include "nodes/postgres/relation_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/text.h"
#include "nodes/formats/csv_record.h"
#include "nodes/postgres/source_select.h"

namespace flowrun::postgres {
namespace {

class RowsChunk final : public Chunk {
 public:
  RowsChunk(std::size_t bytes, std::uint64_t first) : rows(bytes), first_row(first) {}
  CopyRows rows;
  std::uint64_t first_row;  ///< its number in what the reader reads, from 1
};

class RelationReader final : public Reader {
 public:
  RelationReader(std::shared_ptr<RelationState> state, RelationPart part)
      : state_(std::move(state)), part_(std::move(part)) {}
  ~RelationReader() override { give_up(); }
  RelationReader(const RelationReader&) = delete;
  RelationReader& operator=(const RelationReader&) = delete;

  std::unique_ptr<Chunk> read(const ReadRequest& request, std::stop_token stop) override;
  void decode(Chunk& chunk, const ReadRequest& request, Output& out) const override;
  [[nodiscard]] std::string unsettled() const override { return unsettled_; }

 private:
  [[nodiscard]] bool start(const std::stop_token& stop);
  [[nodiscard]] bool settle(Connection& connection, const std::stop_token& stop);
  void fill(RowsChunk& chunk, const ReadRequest& request, const std::stop_token& stop);
  /// Adds the next row; false at the end.
  [[nodiscard]] bool receive(RowsChunk& chunk);
  void end();
  /// Leaves the rest unread.
  void give_up() noexcept;

  void emit(const RowsChunk& chunk, const BatchRef& batch, const std::vector<BadCell>& bad,
            Output& out) const;
  [[nodiscard]] std::string origin(const Batch& batch, std::int64_t row) const;

  std::shared_ptr<RelationState> state_;
  RelationPart part_;
  std::unique_ptr<ReaderSession> session_;
  std::shared_ptr<SharedSnapshot> snapshot_;
  std::shared_ptr<const CopyDecoder> decoder_;
  std::string name_;
  std::vector<std::size_t> key_;  ///< columns of the schema that tell rows apart
  std::string unsettled_;
  std::uint64_t next_row_ = 1;
  bool began_ = false;  ///< the first message is over
  bool ended_ = false;
};

std::unique_ptr<Chunk> RelationReader::read(const ReadRequest& request, std::stop_token stop) {
  if (ended_ || stop.stop_requested()) return nullptr;
  try {
    if (!session_ && !start(stop)) return nullptr;
    auto chunk = std::make_unique<RowsChunk>(static_cast<std::size_t>(request.bytes), next_row_);
    fill(*chunk, request, stop);
    if (stop.stop_requested()) {
      give_up();
      return nullptr;
    }
    if (chunk->rows.rows() == 0) return nullptr;
    next_row_ += chunk->rows.rows();
    chunk->input_bytes = static_cast<std::int64_t>(chunk->rows.bytes());
    return chunk;
  } catch (const Error&) {
    give_up();
    if (stop.stop_requested()) return nullptr;
    throw;
  }
}

bool RelationReader::settle(Connection& connection, const std::stop_token& stop) {
  const auto& plan = state_->plan();
  snapshot_ = state_->snapshot(stop);
  if (snapshot_) {
    connection.execute_all(
        "begin isolation level repeatable read read only; set transaction "
        "snapshot " +
        connection.quote(snapshot_->id()));
  }
  if (!part_.range || plan.settle <= 0) return !stop.stop_requested();
  unsettled_ = snapshot_ ? snapshot_->unsettled(part_.range->until)
                         : state_->settling().wait_for(connection, part_.range->until, stop);
  return !stop.stop_requested();
}

bool RelationReader::start(const std::stop_token& stop) {
  const auto& plan = state_->plan();
  session_ = ReaderSession::take(plan.address, plan.connections, stop);
  if (!session_) return false;
  auto& connection = session_->connection();
  const CancelOnStop cancel(connection, stop);
  const auto& found = state_->found(connection);
  decoder_ = state_->decoder();
  name_ = plan.name();
  for (const auto& name : found.primary_key) {
    if (const auto column = plan.schema->index_of(name)) key_.push_back(*column);
  }
  if (key_.size() != found.primary_key.size()) key_.clear();
  if (!settle(connection, stop)) return false;
  const auto sql =
      select_statement(connection, {.wish = &plan.wish,
                                    .found = &found,
                                    .schema = plan.schema.get(),
                                    .range = part_.range ? &*part_.range : nullptr,
                                    .bounds = part_.bounds ? &*part_.bounds : nullptr});
  connection.begin_copy_out("copy (" + sql + ") to stdout (format binary)");
  return true;
}

bool RelationReader::receive(RowsChunk& chunk) {
  auto message = session_->connection().receive();
  if (!message) return false;
  if (!began_) {
    // The head comes in front of the first row, or of the end.
    *message = without_copy_head(*message);
    began_ = true;
  }
  if (!message->empty() && !is_copy_end(*message)) chunk.rows.add(*message);
  return true;
}

void RelationReader::fill(RowsChunk& chunk, const ReadRequest& request,
                          const std::stop_token& stop) {
  const CancelOnStop cancel(session_->connection(), stop);
  const auto bytes = static_cast<std::size_t>(std::max<std::int64_t>(request.bytes, 1));
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(request.rows, 1));
  while (chunk.rows.rows() < most && chunk.rows.bytes() < bytes) {
    if (stop.stop_requested()) return;
    if (!receive(chunk)) return end();
  }
}

void RelationReader::end() {
  ended_ = true;
  if (snapshot_) session_->connection().execute_all("rollback");
  session_.reset();
}

void RelationReader::give_up() noexcept {
  ended_ = true;
  if (!session_) return;
  session_->connection().cancel();
  session_->drop();
  session_.reset();
}

std::string RelationReader::origin(const Batch& batch, std::int64_t row) const {
  if (key_.empty()) {
    return fmt::format("{}: row {}", name_, batch.ordinal(row) - Ordinals::pack(part_.number, 0));
  }
  std::string key;
  for (const auto column : key_) {
    key += fmt::format("{}{} {}", key.empty() ? "" : ", ", batch.schema().field(column).name,
                       text_of(batch.column(column), row));
  }
  return name_ + ": " + nodes::record_text(key);
}

void RelationReader::emit(const RowsChunk& chunk, const BatchRef& batch,
                          const std::vector<BadCell>& bad, Output& out) const {
  // The first problem of a row, by column; a row that was too long has none.
  std::vector<const BadCell*> worst(chunk.rows.rows(), nullptr);
  for (const auto& cell : bad) {
    if (worst[cell.row] == nullptr || cell.column < worst[cell.row]->column) {
      worst[cell.row] = &cell;
    }
  }
  std::vector<std::uint32_t> good;
  for (std::uint32_t row = 0; row < static_cast<std::uint32_t>(worst.size()); ++row) {
    const auto* cell = worst[row];
    const bool is_long = chunk.rows.is_too_long(row);
    if (cell == nullptr && !is_long) {
      good.push_back(row);
      continue;
    }
    Reject reject{.reason = is_long ? nodes::long_row_reason(kMostRowBytes) : cell->reason,
                  .origin = origin(*batch, row),
                  .record = nodes::record_text(record_of(*batch, row)),
                  .ordinal = batch->ordinal(row)};
    if (!is_long) {
      reject.column = batch->schema().field(cell->column).name;
      reject.value = cell->value;
    }
    out.reject(std::move(reject));
  }
  if (!good.empty()) out.emit(0, take(*batch, good));
}

void RelationReader::decode(Chunk& chunk, const ReadRequest& /*request*/, Output& out) const {
  const auto* piece = dynamic_cast<const RowsChunk*>(&chunk);
  if (piece == nullptr) bug("a reader of a server was given a piece that it did not read");
  std::vector<BadCell> bad;
  auto columns = decoder_->decode(piece->rows, bad);
  const auto batch = std::make_shared<const Batch>(
      state_->plan().schema, std::move(columns), static_cast<std::int64_t>(piece->rows.rows()),
      Ordinals{.first = Ordinals::pack(part_.number, piece->first_row)});
  if (bad.empty() && piece->rows.too_long().empty()) return out.emit(0, batch);
  emit(*piece, batch, bad, out);
}

}  // namespace

RelationState::RelationState(std::shared_ptr<const RelationPlan> plan)
    : plan_(std::move(plan)), settling_(plan_->settle) {}

void RelationState::check_unchanged(const RelationFound& now) const {
  if (!plan_->planned) return;
  for (const auto& field : plan_->schema->fields()) {
    const auto* before = plan_->planned->find(field.name);
    const auto* column = now.find(field.name);
    if (before == nullptr || column == nullptr || before->shown == column->shown) continue;
    throw Error(Errc::plan,
                "column \"{}\" of {} was {} when the pipeline was planned and is {} now; run it "
                "again",
                field.name, plan_->name(), before->shown, column->shown);
  }
}

const RelationFound& RelationState::found(Connection& connection) {
  if (found_) return *found_;
  auto found = look_at(connection, plan_->wish);
  if (!found) throw Error(Errc::plan, "there is no table {}", plan_->name());
  check_unchanged(*found);
  const auto wires = wire_columns(plan_->wish, *found, *plan_->schema);
  const auto budget = std::make_shared<nodes::DictionaryBudget>();
  std::vector<CopyColumn> columns;
  for (std::size_t i = 0; i < wires.size(); ++i) {
    // Texts of one word or so repeat themselves; whole documents do not.
    const bool coded = wires[i].type.id == TypeId::string && wires[i].wire == Wire::text;
    columns.push_back(
        {.name = plan_->schema->field(i).name,
         .wire = wires[i].wire,
         .type = wires[i].type,
         .dictionary = coded ? std::make_shared<nodes::Dictionary>(budget) : nullptr});
  }
  const bool checks =
      connection.execute("select current_setting('server_encoding')").text(0, 0) == "SQL_ASCII";
  decoder_ = std::make_shared<const CopyDecoder>(std::move(columns), checks);
  found_ = std::move(found);
  return *found_;
}

std::shared_ptr<SharedSnapshot> RelationState::snapshot(const std::stop_token& stop) {
  if (plan_->snapshot && !snapshot_) {
    snapshot_ = SharedSnapshot::get(plan_->address, plan_->pipeline, plan_->settle, stop);
  }
  return snapshot_;
}

std::unique_ptr<Reader> open_relation(std::shared_ptr<RelationState> state, RelationPart part) {
  return std::make_unique<RelationReader>(std::move(state), std::move(part));
}

}  // namespace flowrun::postgres
