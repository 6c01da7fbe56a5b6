// Arithmetic: whole numbers that never wrap, exact decimals, doubles that never overflow silently.
#include <algorithm>
#include <array>
#include <cmath>

#include "engine/expr/decimal.h"
#include "engine/expr/function.h"

namespace flowrun::expr {
namespace {

constexpr Problem kOverflow = "out of range";
constexpr Problem kByZero = "division by zero";
constexpr int kQuotientScale = 16;

using Types = std::span<const ValueType>;

int whole_digits(ValueType type) { return type.precision - type.scale; }

std::optional<ValueType> sum_type(Types args) {
  const int scale = std::max(args[0].scale, args[1].scale);
  const int whole = std::max(whole_digits(args[0]), whole_digits(args[1])) + 1;
  return decimal_value(std::min(kMostDigits, whole + scale), scale);
}

std::optional<ValueType> product_type(Types args) {
  const int scale = args[0].scale + args[1].scale;
  if (scale > kMostDigits) return std::nullopt;
  return decimal_value(std::min(kMostDigits, args[0].precision + args[1].precision), scale);
}

std::optional<ValueType> quotient_type(Types args) {
  const int scale = std::max({int{args[0].scale}, int{args[1].scale}, kQuotientScale});
  return decimal_value(kMostDigits, scale);
}

std::optional<ValueType> rest_type(Types args) {
  return decimal_value(kMostDigits, std::max(args[0].scale, args[1].scale));
}

std::optional<ValueType> same(Types args) { return args[0]; }

std::optional<ValueType> whole(Types args) {
  return decimal_value(std::min(kMostDigits, whole_digits(args[0]) + 1), 0);
}

/// A kernel of two whole numbers from a checked operation (true: overflow).
template <typename Operation>
Vector whole2(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args,
              Operation operation) {
  return map2<std::int64_t, std::int64_t, std::int64_t>(
      out, rows, mask, args, [&](std::int64_t a, std::int64_t b, std::int64_t& result) -> Problem {
        return operation(a, b, result) ? kOverflow : nullptr;
      });
}

Vector add_whole(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return whole2(out, rows, mask, args,
                [](auto a, auto b, auto& r) { return __builtin_add_overflow(a, b, &r); });
}
Vector subtract_whole(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return whole2(out, rows, mask, args,
                [](auto a, auto b, auto& r) { return __builtin_sub_overflow(a, b, &r); });
}
Vector multiply_whole(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return whole2(out, rows, mask, args,
                [](auto a, auto b, auto& r) { return __builtin_mul_overflow(a, b, &r); });
}
Vector divide_whole(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int64_t, std::int64_t, std::int64_t>(
      out, rows, mask, args, [](std::int64_t a, std::int64_t b, std::int64_t& r) -> Problem {
        if (b == 0) return kByZero;
        if (b == -1) return __builtin_sub_overflow(std::int64_t{0}, a, &r) ? kOverflow : nullptr;
        r = a / b;
        return nullptr;
      });
}
Vector rest_whole(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int64_t, std::int64_t, std::int64_t>(
      out, rows, mask, args, [](std::int64_t a, std::int64_t b, std::int64_t& r) -> Problem {
        if (b == 0) return kByZero;
        r = b == -1 ? 0 : a % b;
        return nullptr;
      });
}

/// Both at the larger scale.
template <typename Operation>
Vector decimal_sum(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args,
                   Operation operation) {
  const int a_scale = args[0].type.scale;
  const int b_scale = args[1].type.scale;
  return map2<Int128, Int128, Int128>(
      out, rows, mask, args, [=](Int128 a, Int128 b, Int128& r) -> Problem {
        Int128 x = 0;
        Int128 y = 0;
        const bool good = rescale(a, a_scale, out.scale, kMostDigits, x) &&
                          rescale(b, b_scale, out.scale, kMostDigits, y) && !operation(x, y, r) &&
                          fits(r, kMostDigits);
        return good ? nullptr : kOverflow;
      });
}
Vector add_decimal(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return decimal_sum(out, rows, mask, args, [](Int128 a, Int128 b, Int128& r) {
    return __builtin_add_overflow(a, b, &r);
  });
}
Vector subtract_decimal(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return decimal_sum(out, rows, mask, args, [](Int128 a, Int128 b, Int128& r) {
    return __builtin_sub_overflow(a, b, &r);
  });
}
Vector multiply_decimal(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<Int128, Int128, Int128>(
      out, rows, mask, args, [](Int128 a, Int128 b, Int128& r) -> Problem {
        return __builtin_mul_overflow(a, b, &r) || !fits(r, kMostDigits) ? kOverflow : nullptr;
      });
}
Vector divide_decimal(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  const int a_scale = args[0].type.scale;
  const int b_scale = args[1].type.scale;
  return map2<Int128, Int128, Int128>(
      out, rows, mask, args, [=](Int128 a, Int128 b, Int128& r) -> Problem {
        if (b == 0) return kByZero;
        return divide_decimals(a, a_scale, b, b_scale, out.scale, r) ? nullptr : kOverflow;
      });
}
Vector rest_decimal(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  const int a_scale = args[0].type.scale;
  const int b_scale = args[1].type.scale;
  return map2<Int128, Int128, Int128>(out, rows, mask, args,
                                      [=](Int128 a, Int128 b, Int128& r) -> Problem {
                                        if (b == 0) return kByZero;
                                        Int128 x = 0;
                                        Int128 y = 0;
                                        if (!rescale(a, a_scale, out.scale, kMostDigits, x) ||
                                            !rescale(b, b_scale, out.scale, kMostDigits, y)) {
                                          return kOverflow;
                                        }
                                        r = x % y;
                                        return nullptr;
                                      });
}

/// What became infinite, or zero, out of numbers that were neither went over the edge.
Problem checked(double result, bool finite, bool nonzero) {
  if (std::isinf(result) && finite) return kOverflow;
  return result == 0 && nonzero ? kOverflow : nullptr;
}

Vector add_double(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<double, double, double>(
      out, rows, mask, args, [](double a, double b, double& r) -> Problem {
        r = a + b;
        return checked(r, std::isfinite(a) && std::isfinite(b), false);
      });
}
Vector subtract_double(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<double, double, double>(
      out, rows, mask, args, [](double a, double b, double& r) -> Problem {
        r = a - b;
        return checked(r, std::isfinite(a) && std::isfinite(b), false);
      });
}
Vector multiply_double(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<double, double, double>(
      out, rows, mask, args, [](double a, double b, double& r) -> Problem {
        r = a * b;
        return checked(r, std::isfinite(a) && std::isfinite(b), a != 0 && b != 0);
      });
}
Vector divide_double(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<double, double, double>(
      out, rows, mask, args, [](double a, double b, double& r) -> Problem {
        if (b == 0 && !std::isnan(a)) return kByZero;
        r = a / b;
        return checked(r, std::isfinite(a), a != 0 && std::isfinite(b));
      });
}
Vector power(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<double, double, double>(
      out, rows, mask, args, [](double a, double b, double& r) -> Problem {
        if (a == 0 && b < 0) return "zero raised to a negative power";
        if (a < 0 && std::isfinite(b) && std::floor(b) != b) {
          return "a negative number raised to a non-integer power";
        }
        r = std::pow(a, b);
        return checked(r, std::isfinite(a) && std::isfinite(b), a != 0);
      });
}

Vector negate_whole(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<std::int64_t, std::int64_t>(
      out, rows, mask, args, [](std::int64_t a, std::int64_t& r) -> Problem {
        return __builtin_sub_overflow(std::int64_t{0}, a, &r) ? kOverflow : nullptr;
      });
}
Vector negate_decimal(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<Int128, Int128>(out, rows, mask, args, [](Int128 a, Int128& r) -> Problem {
    r = -a;
    return nullptr;
  });
}
Vector negate_double(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<double, double>(out, rows, mask, args, [](double a, double& r) -> Problem {
    r = -a;
    return nullptr;
  });
}
Vector unchanged(ValueType out, const Rows&, Mask, std::span<const Vector> args) {
  return {out, args[0].column, args[0].constant};
}
Vector abs_whole(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<std::int64_t, std::int64_t>(
      out, rows, mask, args, [](std::int64_t a, std::int64_t& r) -> Problem {
        r = a;
        return a < 0 && __builtin_sub_overflow(std::int64_t{0}, a, &r) ? kOverflow : nullptr;
      });
}
Vector abs_decimal(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<Int128, Int128>(out, rows, mask, args, [](Int128 a, Int128& r) -> Problem {
    r = a < 0 ? -a : a;
    return nullptr;
  });
}

/// A kernel of one double from a function that cannot fail.
template <double (*Fn)(double)>
Vector double1(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<double, double>(out, rows, mask, args, [](double a, double& r) -> Problem {
    r = Fn(a);
    return checked(r, std::isfinite(a), false);
  });
}
double sign_of(double a) { return a > 0 ? 1 : (a < 0 ? -1 : a); }
double absolute(double a) { return std::fabs(a); }
double ceiling(double a) { return std::ceil(a); }
double floor_of(double a) { return std::floor(a); }
double nearest(double a) { return std::nearbyint(a); }  // half to even, as PostgreSQL's rint
double toward_zero(double a) { return std::trunc(a); }
double exponential(double a) { return std::exp(a); }

Vector square_root(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<double, double>(out, rows, mask, args, [](double a, double& r) -> Problem {
    if (a < 0) return "the square root of a negative number";
    r = std::sqrt(a);
    return nullptr;
  });
}
template <double (*Fn)(double)>
Vector logarithm(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<double, double>(out, rows, mask, args, [](double a, double& r) -> Problem {
    if (a == 0) return "the logarithm of zero";
    if (a < 0) return "the logarithm of a negative number";
    r = Fn(a);
    return nullptr;
  });
}
double natural(double a) { return std::log(a); }
double decadic(double a) { return std::log10(a); }

/// Brings decimals to whole numbers: `mode` -1 down, 0 to the nearest, 1 up, 2 towards zero.
template <int Mode>
Vector whole_decimal(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  const auto unit = ten_to(args[0].type.scale);
  return map1<Int128, Int128>(out, rows, mask, args, [unit](Int128 a, Int128& r) -> Problem {
    r = Mode == 0 ? divide_rounded(a, unit) : a / unit;
    const auto rest = a % unit;
    if (Mode == 1 && rest > 0) ++r;
    if (Mode == -1 && rest < 0) --r;
    return nullptr;
  });
}
Vector sign_decimal(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map1<Int128, Int128>(out, rows, mask, args, [](Int128 a, Int128& r) -> Problem {
    r = a > 0 ? 1 : (a < 0 ? -1 : 0);
    return nullptr;
  });
}

template <int Which>
Vector bits(ValueType out, const Rows& rows, Mask mask, std::span<const Vector> args) {
  return map2<std::int64_t, std::int64_t, std::int64_t>(
      out, rows, mask, args, [](std::int64_t a, std::int64_t b, std::int64_t& r) -> Problem {
        r = Which == 0 ? (a & b) : (Which == 1 ? (a | b) : (a ^ b));
        return nullptr;
      });
}

constexpr auto I = Family::int64;
constexpr auto D = Family::decimal;
constexpr auto F = Family::float64;
constexpr auto whole_number = &gives<Family::int64>;
constexpr auto real = &gives<Family::float64>;

}  // namespace

std::span<const Function> number_functions() {
  static const std::vector<Function> functions{
      {"+", {I, I}, whole_number, add_whole},
      {"+", {D, D}, sum_type, add_decimal},
      {"+", {F, F}, real, add_double},
      {"-", {I, I}, whole_number, subtract_whole},
      {"-", {D, D}, sum_type, subtract_decimal},
      {"-", {F, F}, real, subtract_double},
      {"*", {I, I}, whole_number, multiply_whole},
      {"*", {D, D}, product_type, multiply_decimal},
      {"*", {F, F}, real, multiply_double},
      {"/", {I, I}, whole_number, divide_whole},
      {"/", {D, D}, quotient_type, divide_decimal},
      {"/", {F, F}, real, divide_double},
      {"%", {I, I}, whole_number, rest_whole},
      {"%", {D, D}, rest_type, rest_decimal},
      {"mod", {I, I}, whole_number, rest_whole},
      {"mod", {D, D}, rest_type, rest_decimal},
      {"^", {F, F}, real, power},
      {"power", {F, F}, real, power},
      {"unary -", {I}, whole_number, negate_whole},
      {"unary -", {D}, same, negate_decimal},
      {"unary -", {F}, real, negate_double},
      {"unary +", {I}, whole_number, unchanged},
      {"unary +", {D}, same, unchanged},
      {"unary +", {F}, real, unchanged},
      {"&", {I, I}, whole_number, bits<0>},
      {"|", {I, I}, whole_number, bits<1>},
      {"#", {I, I}, whole_number, bits<2>},
      {"abs", {I}, whole_number, abs_whole},
      {"abs", {D}, same, abs_decimal},
      {"abs", {F}, real, double1<absolute>},
      {"sign", {D}, whole, sign_decimal},
      {"sign", {F}, real, double1<sign_of>},
      {"ceil", {D}, whole, whole_decimal<1>},
      {"ceil", {F}, real, double1<ceiling>},
      {"ceiling", {D}, whole, whole_decimal<1>},
      {"ceiling", {F}, real, double1<ceiling>},
      {"floor", {D}, whole, whole_decimal<-1>},
      {"floor", {F}, real, double1<floor_of>},
      {"round", {D}, whole, whole_decimal<0>},
      {"round", {F}, real, double1<nearest>},
      {"trunc", {D}, whole, whole_decimal<2>},
      {"trunc", {F}, real, double1<toward_zero>},
      {"sqrt", {F}, real, square_root},
      {"exp", {F}, real, double1<exponential>},
      {"ln", {F}, real, logarithm<natural>},
      {"log", {F}, real, logarithm<decadic>},
      {"log10", {F}, real, logarithm<decadic>},
  };
  return functions;
}

}  // namespace flowrun::expr
