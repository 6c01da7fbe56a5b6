// Comparisons of two values of one family. Texts compare by their bytes; NaN equals itself and is
// larger than every other number, as in PostgreSQL.
#include <cmath>

#include "engine/expr/decimal.h"
#include "engine/expr/function.h"
#include "engine/expr/interval.h"

namespace flowrun::expr {
namespace {

template <typename T>
int order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}
int order(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return order(int{std::isnan(a)}, int{std::isnan(b)});
  return a < b ? -1 : (a > b ? 1 : 0);
}
int order(const Interval128& a, const Interval128& b) {
  const auto x = comparable(a);
  const auto y = comparable(b);
  return x < y ? -1 : (x > y ? 1 : 0);
}
int order(std::string_view a, std::string_view b) {
  const int by_bytes = a.compare(b);
  return by_bytes < 0 ? -1 : (by_bytes > 0 ? 1 : 0);
}

struct Equal {
  static bool holds(int order) { return order == 0; }
};
struct Different {
  static bool holds(int order) { return order != 0; }
};
struct Less {
  static bool holds(int order) { return order < 0; }
};
struct AtMost {
  static bool holds(int order) { return order <= 0; }
};
struct Greater {
  static bool holds(int order) { return order > 0; }
};
struct AtLeast {
  static bool holds(int order) { return order >= 0; }
};

template <typename T, typename Relation>
Vector compare(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<bool, T, T>(out, rows, mask, args, [](const T& a, const T& b, bool& r) -> Problem {
    r = Relation::holds(order(a, b));
    return nullptr;
  });
}

template <typename Relation>
Vector compare_decimal(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  const int a_scale = args[0].type.scale;
  const int b_scale = args[1].type.scale;
  return map2<bool, Int128, Int128>(out, rows, mask, args,
                                    [=](Int128 a, Int128 b, bool& r) -> Problem {
                                      r = Relation::holds(compare_decimals(a, a_scale, b, b_scale));
                                      return nullptr;
                                    });
}

template <typename Relation>
void add(std::vector<Function>& functions, std::string_view name) {
  const auto truth = &gives<Family::boolean>;
  const auto put = [&](Family family, Kernel kernel) {
    functions.push_back({name, {family, family}, truth, kernel});
  };
  put(Family::int64, compare<std::int64_t, Relation>);
  put(Family::float64, compare<double, Relation>);
  put(Family::decimal, compare_decimal<Relation>);
  put(Family::string, compare<std::string_view, Relation>);
  put(Family::boolean, compare<bool, Relation>);
  put(Family::date, compare<std::int32_t, Relation>);
  put(Family::timestamp, compare<std::int64_t, Relation>);
  put(Family::timestamptz, compare<std::int64_t, Relation>);
  put(Family::bytes, compare<std::string_view, Relation>);
  put(Family::interval, compare<Interval128, Relation>);
}

}  // namespace

std::span<const Function> comparison_functions() {
  static const std::vector<Function> functions = [] {
    std::vector<Function> all;
    add<Equal>(all, "=");
    add<Different>(all, "<>");
    add<Less>(all, "<");
    add<AtMost>(all, "<=");
    add<Greater>(all, ">");
    add<AtLeast>(all, ">=");
    return all;
  }();
  return functions;
}

}  // namespace flowrun::expr
