// stdout: shows rows.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <optional>

#include "engine/data/row_table.h"
#include "engine/data/spool.h"
#include "nodes/catalog.h"
#include "nodes/files/output.h"
#include "nodes/files/stdout_writer.h"
#include "nodes/formats/ndjson_writer.h"

namespace flowrun::nodes {
namespace {

constexpr std::int64_t kDefaultRows = 1000;

NodeSpec stdout_spec() {
  return {
      .name = "stdout",
      .kind = NodeKind::sink,
      .summary = "Shows rows on stdout, as a table or as JSON lines.",
      .notes =
          "For looking at rows, and for handing them to another program. Rows of a window or "
          "load appear when it commits, in the order of the input. What flowrun itself has to "
          "say, `--json`'s record included, goes to stderr then. A reader that goes away "
          "(`| head`) ends nothing: the run goes on to its end.\n\n"
          "`table`: columns stand under each other, under their names and types; a null is "
          "`∅`, a line break `⏎`. Names and types are repeated where a later window needs wider "
          "columns. `ndjson`: as the `ndjson` sink writes it, every row.\n\n"
          "No coverage is kept, so every run shows everything that it reads. Rows beyond the "
          "memory limit wait on disk.",
      .options = {{.name = "format",
                   .kind = OptionKind::choice,
                   .help = "How rows are shown.",
                   .fallback = "table",
                   .choices = {"table", "ndjson"},
                   .example = "\"ndjson\""},
                  {.name = "rows",
                   .kind = OptionKind::integer,
                   .help = "How many rows a table shows in a run, 0 for all of them; how many "
                           "more there are is told. Default: 1000.",
                   .example = "20"},
                  {.name = "width",
                   .kind = OptionKind::integer,
                   .help = "How wide a column of a table may be; longer texts are cut. "
                           "Default: 40.",
                   .example = "80"}},
      .many_inputs = true,
      .example = "[sinks.look]\ntype  = \"stdout\"\ninput = \"newest\"\n"};
}

/// Shows units as they commit, aligned as long as the columns do not have to grow.
class TableSink final : public Sink {
 public:
  TableSink(SchemaRef schema, std::int64_t rows, std::size_t width)
      : schema_(std::move(schema)), rows_(rows), width_(width), columns_(schema_->size()) {
    std::iota(columns_.begin(), columns_.end(), std::size_t{0});
  }
  std::vector<PlanStep> steps(const SinkContext&) override { return {}; }
  std::vector<Coverage> covered(const SinkContext&) override { return {}; }
  void open(const SinkContext& context) override {
    context_ = context;
    out_.emplace(*context.log);
  }
  void begin(const Unit& unit) override {
    staged_.try_emplace(unit.index, context_.memory, context_.spool_directory);
  }
  void write(const Unit& unit, std::unique_ptr<Encoded> rows) override {
    auto& staged = staged_.at(unit.index);
    staged.rows += rows->batch->rows();
    if (shown_ < rows_) staged.spool.add(std::move(rows->batch));
  }
  void prepare(const Unit&, const Marker&, const Refuse&) override {}
  void commit(const Unit& unit) override;
  void abort(const Unit& unit) noexcept override { staged_.erase(unit.index); }
  void close(bool complete) override;

 private:
  struct Staged {
    Staged(std::int64_t memory, const std::string& directory) : spool(memory, directory) {}
    Spool spool;
    std::int64_t rows = 0;  ///< those that are not kept because enough was shown included
  };

  /// Shows the first `count` rows of a unit piece by piece.
  void for_each_piece(Spool& spool, std::int64_t count,
                      const std::function<void(const RowTable&)>& visit) const;
  void put(const RowTable& piece, bool with_head) {
    out_->put(piece.piece(widths_, with_head));
    has_head_ = true;
  }
  [[nodiscard]] RowTable table() const { return {*schema_, columns_, width_}; }

  SchemaRef schema_;
  std::int64_t rows_;
  std::size_t width_;
  std::vector<std::size_t> columns_;
  SinkContext context_;
  std::optional<StdoutWriter> out_;
  std::map<std::uint32_t, Staged> staged_;
  std::vector<std::size_t> widths_;  ///< of the head that stands above
  bool has_head_ = false;
  std::int64_t shown_ = 0;
  std::int64_t hidden_ = 0;
};

void TableSink::for_each_piece(Spool& spool, std::int64_t count,
                               const std::function<void(const RowTable&)>& visit) const {
  constexpr std::int64_t kPieceRows = 1024;
  spool.for_each([&](const BatchRef& batch) {
    const auto rows = std::min(count, batch->rows());
    for (std::int64_t from = 0; from < rows; from += kPieceRows) {
      auto piece = table();
      piece.add(*slice(*batch, from, std::min(kPieceRows, rows - from)));
      visit(piece);
    }
    count -= rows;
  });
}

void TableSink::commit(const Unit& unit) {
  auto& staged = staged_.at(unit.index);
  const auto count = std::min(rows_ - shown_, staged.spool.rows());
  hidden_ += staged.rows - count;
  shown_ += count;
  if (count > 0 && !out_->reader_gone()) {
    auto widths = widths_.empty() ? table().widths() : widths_;
    for_each_piece(staged.spool, count, [&](const RowTable& piece) {
      const auto needed = piece.widths();
      for (std::size_t i = 0; i < needed.size(); ++i) widths[i] = std::max(widths[i], needed[i]);
    });
    bool with_head = !has_head_ || widths != widths_;
    if (with_head && has_head_) out_->put("\n");
    widths_ = std::move(widths);
    for_each_piece(staged.spool, count,
                   [&](const RowTable& piece) { put(piece, std::exchange(with_head, false)); });
  }
  staged_.erase(unit.index);
}

void TableSink::close(bool complete) {
  if (complete && !has_head_) {
    widths_ = table().widths();
    put(table(), true);
  }
  if (hidden_ > 0) {
    out_->put(fmt::format("… {} more {}; rows = 0 shows all of them\n", hidden_,
                          hidden_ == 1 ? "row" : "rows"));
  }
}

/// The number of an option, which must be 0 or more.
std::int64_t number_of(BindContext& context, const char* option, std::int64_t otherwise) {
  if (!context.options().has(option)) return otherwise;
  const auto number = context.options().integer(option);
  if (number < 0) {
    context.error(option, "bad-value", fmt::format("\"{}\" must be 0 or more", option));
  }
  return number;
}

Binding bind_stdout(BindContext& context) {
  Binding binding;
  binding.sink = {
      .target = std::string(kStdoutTarget), .idempotent = true, .keeps_coverage = false};
  const auto schema = context.input_ref();
  if (context.options().text("format") == "ndjson") {
    for (const char* option : {"rows", "width"}) {
      if (!context.options().has(option)) continue;
      context.error(option, "useless-option",
                    fmt::format("\"{}\" is about tables; JSON lines are written whole", option));
    }
    const auto writer = std::make_shared<const NdjsonWriter>(*schema);
    const auto output = std::make_shared<const FileOutput>(
        FileOutput{.path = "-", .format = "ndjson", .encode = [writer](const Batch& batch) {
                     return writer->lines(batch);
                   }});
    binding.make_sink = [output] { return make_stdout_sink(output); };
    return binding;
  }
  const auto rows = number_of(context, "rows", kDefaultRows);
  const auto width = number_of(context, "width", RowTable::kCellWidth);
  if (width == 0) context.error("width", "bad-value", "\"width\" must be 1 or more");
  binding.make_sink = [schema, rows, width] {
    return std::make_unique<TableSink>(schema, rows == 0 ? INT64_MAX : rows,
                                       static_cast<std::size_t>(width));
  };
  return binding;
}

}  // namespace

NodeType stdout_sink() { return {stdout_spec(), bind_stdout}; }

}  // namespace flowrun::nodes
