// How the nodes of an instance are connected: inputs resolved to nodes, cycles found, an order to
// bind in.
#pragma once

#include <vector>

#include "engine/plan/node_options.h"

namespace flowrun {

struct Wiring {
  /// Indexes into the drafts: every node after its inputs, ties by position in the file. Nodes of a
  /// cycle and those behind one are left out.
  std::vector<std::size_t> order;
  /// Nodes that a misspelt input probably means, by index: what they emit is not unused.
  std::vector<bool> maybe_used;
};

/// Sets InputRef::upstream of every draft and orders them. Ports are checked when nodes are bound.
[[nodiscard]] Wiring wire(std::vector<NodeDraft>& nodes, Diagnostics& diagnostics);

}  // namespace flowrun
