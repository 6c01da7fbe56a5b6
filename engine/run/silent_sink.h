// A sink that writes nowhere and keeps nothing: what dry runs put in place of the real ones.
#pragma once

#include <memory>
#include <vector>

#include "engine/spec/node.h"

namespace flowrun {

/// Takes every row and forgets it; who wants to look at them overrides write().
class SilentSink : public Sink {
 public:
  std::vector<PlanStep> steps(const SinkContext&) override { return {}; }
  std::vector<Coverage> covered(const SinkContext&) override { return {}; }
  void open(const SinkContext&) override {}
  void begin(const Unit&) override {}
  void write(const Unit&, std::unique_ptr<Encoded>) override {}
  void prepare(const Unit&, const Marker&, const Refuse&) override {}
  void commit(const Unit&) override {}
  void abort(const Unit&) noexcept override {}
  void close(bool) override {}
};

}  // namespace flowrun
