// Reads a relation, or one range of it, by a binary COPY.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/spec/node.h"
#include "nodes/postgres/copy_decoder.h"
#include "nodes/postgres/relation_source.h"
#include "nodes/postgres/settle.h"
#include "nodes/postgres/shared_snapshot.h"
#include "nodes/postgres/source_sessions.h"

namespace flowrun::postgres {

/// What the readers of one source share. The source's own thread, but for what is constant.
class RelationState {
 public:
  explicit RelationState(std::shared_ptr<const RelationPlan> plan);

  [[nodiscard]] const RelationPlan& plan() const { return *plan_; }
  [[nodiscard]] Settling& settling() { return settling_; }
  /// The relation as the server has it; looks at it by the first session. Throws Error(plan) where
  /// it is gone, or has changed since the pipeline was planned.
  [[nodiscard]] const RelationFound& found(Connection& connection);
  /// Of the columns as they were found.
  [[nodiscard]] const std::shared_ptr<const CopyDecoder>& decoder() const { return decoder_; }
  /// The snapshot to read by; null where every range is read as it is then.
  [[nodiscard]] std::shared_ptr<SharedSnapshot> snapshot(const std::stop_token& stop);

 private:
  void check_unchanged(const RelationFound& now) const;

  std::shared_ptr<const RelationPlan> plan_;
  Settling settling_;
  std::optional<RelationFound> found_;
  std::shared_ptr<const CopyDecoder> decoder_;
  std::shared_ptr<SharedSnapshot> snapshot_;
};

/// What one reader reads.
struct RelationPart {
  std::uint64_t number = 0;  ///< of the input, for ordinals
  std::optional<Interval> range;
  std::optional<CursorBounds> bounds;
};

/// Does nothing before the first read(), which takes a session and starts the COPY. Ordinals count
/// the rows from 1. A stop ends reading quietly.
[[nodiscard]] std::unique_ptr<Reader> open_relation(std::shared_ptr<RelationState> state,
                                                    RelationPart part);

}  // namespace flowrun::postgres
