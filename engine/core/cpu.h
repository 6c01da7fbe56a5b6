// What the processor can do: which of the hand-written variants of a hot loop runs.
#pragma once

#include <string_view>
#include <vector>

namespace flowrun {

/// Instruction sets for which hot loops have a variant of their own; a later one includes the
/// earlier ones. avx2 stands for AVX2, BMI1, BMI2, POPCNT and PCLMULQDQ; avx512 adds F, BW, DQ, VL,
/// VBMI and VBMI2. Every variant gives the same results.
enum class Simd { portable, avx2, avx512 };

[[nodiscard]] const char* to_string(Simd level);

/// The instruction sets that this machine has, `portable` first. Any thread.
[[nodiscard]] std::vector<Simd> available_simd();

/// The instruction set to use: the best one of this machine, or the one that the environment
/// variable FLOWRUN_SIMD names ("portable", "avx2", "avx512"). Throws Error(usage) where it names
/// another or one that is not there. Any thread.
[[nodiscard]] Simd chosen_simd();

/// The same with the variable's value given; "" for none.
[[nodiscard]] Simd choose_simd(std::string_view wanted);

}  // namespace flowrun
