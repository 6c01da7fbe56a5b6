// Lines to stdout, unit by unit as they commit.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "nodes/files/output.h"
#include "nodes/files/stage.h"
#include "nodes/files/stdout_writer.h"

namespace flowrun::nodes {
namespace {

class StdoutSink final : public Sink {
 public:
  explicit StdoutSink(FileOutputRef output) : output_(std::move(output)) {}
  std::vector<PlanStep> steps(const SinkContext&) override { return {}; }
  std::vector<Coverage> covered(const SinkContext&) override { return {}; }
  void open(const SinkContext& context) override {
    context_ = context;
    staging_.emplace(context.memory, context.spool_directory);
    out_.emplace(*context.log);
  }
  std::unique_ptr<Encoded> encode(BatchRef batch) const override {
    return encode_lines(*output_, std::move(batch));
  }
  void begin(const Unit& unit) override;
  void write(const Unit& unit, std::unique_ptr<Encoded> rows) override {
    staging_->write(unit, std::move(rows->batch));
  }
  void prepare(const Unit& unit, const Marker& marker, const Refuse& refuse) override;
  void commit(const Unit& unit) override;
  void abort(const Unit& unit) noexcept override;
  void close(bool complete) override;

 private:
  void put_header();

  FileOutputRef output_;
  SinkContext context_;
  std::optional<LineStaging> staging_;
  std::map<std::uint32_t, FilePart> parts_;  ///< scratch files of open units
  std::optional<FileExtent> prepared_;
  bool has_header_ = false;
  std::optional<StdoutWriter> out_;
};

void StdoutSink::begin(const Unit& unit) {
  staging_->begin(unit, [this, index = unit.index]() -> FilePart& {
    auto& part = parts_[index];
    part.file = open_unlinked(context_.spool_directory);
    part.path = "a scratch file in " + context_.spool_directory;
    return part;
  });
}

void StdoutSink::prepare(const Unit& unit, const Marker& /*marker*/, const Refuse& /*refuse*/) {
  prepared_ = staging_->finish(unit);
}

void StdoutSink::put_header() {
  if (!has_header_) out_->put(output_->header);
  has_header_ = true;
}

void StdoutSink::commit(const Unit& unit) {
  put_header();
  if (prepared_) {
    const auto& part = parts_.at(unit.index);
    std::string block(256U << 10U, '\0');
    for (std::int64_t done = 0; done < prepared_->length && !out_->reader_gone();) {
      const auto size = std::min(prepared_->length - done, static_cast<std::int64_t>(block.size()));
      read_at(part.file.fd(), {block.data(), static_cast<std::size_t>(size)},
              prepared_->offset + done, part.path);
      out_->put({block.data(), static_cast<std::size_t>(size)});
      done += size;
    }
  }
  staging_->end(unit);
  parts_.erase(unit.index);
}

void StdoutSink::abort(const Unit& unit) noexcept {
  staging_->drop(unit);
  parts_.erase(unit.index);
}

void StdoutSink::close(bool complete) {
  if (complete) put_header();
}

}  // namespace

std::unique_ptr<Sink> make_stdout_sink(FileOutputRef output) {
  return std::make_unique<StdoutSink>(std::move(output));
}

}  // namespace flowrun::nodes
