// Nodes whose arguments are not simply all evaluated: three-valued logic, choices, tests of null.
#pragma once

#include <vector>

#include "engine/expr/node.h"

namespace flowrun::expr {

enum class Truth { is_true, is_not_true, is_false, is_not_false, is_unknown, is_not_unknown };

/// and (or: `conjunction` false): an argument is only looked at where the ones before leave the
/// answer open.
[[nodiscard]] NodeRef make_logic(bool conjunction, std::vector<NodeRef> args);
[[nodiscard]] NodeRef make_not(NodeRef arg);
[[nodiscard]] NodeRef make_null_test(NodeRef arg, bool wants_null);
[[nodiscard]] NodeRef make_truth_test(NodeRef arg, Truth truth);
/// condition, result, …, otherwise; results have one type.
[[nodiscard]] NodeRef make_case(ValueType type, std::vector<NodeRef> args);
[[nodiscard]] NodeRef make_coalesce(ValueType type, std::vector<NodeRef> args);
/// The greatest or least of the values that are not null.
[[nodiscard]] NodeRef make_extreme(ValueType type, bool greatest, std::vector<NodeRef> args);
/// Two values and the kernel that says whether they are equal; nulls are equal to one another.
[[nodiscard]] NodeRef make_distinct(NodeRef a, NodeRef b, Kernel equal, bool wants_distinct);
/// a, but null where it equals b.
[[nodiscard]] NodeRef make_nullif(NodeRef a, NodeRef equals);
/// A value and those it may be one of, all of one type.
[[nodiscard]] NodeRef make_in(NodeRef value, std::vector<NodeRef> items, Kernel equal,
                              bool negated);
/// Texts one behind the other; nulls are left out. `separated`: the first argument stands between.
[[nodiscard]] NodeRef make_concat(std::vector<NodeRef> args, bool separated);

}  // namespace flowrun::expr
