#include "engine/core/cpu.h"

#include <algorithm>
#include <cstdlib>

#include "engine/core/error.h"

namespace flowrun {
namespace {

#if defined(__x86_64__)
bool has_avx2() {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
         __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("popcnt") != 0 &&
         __builtin_cpu_supports("pclmul") != 0;
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") != 0 &&
         __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512vbmi") != 0 &&
         __builtin_cpu_supports("avx512vbmi2") != 0;
}
#else
bool has_avx2() { return false; }
bool has_avx512() { return false; }
#endif

}  // namespace

const char* to_string(Simd level) {
  switch (level) {
    case Simd::portable:
      return "portable";
    case Simd::avx2:
      return "avx2";
    case Simd::avx512:
      return "avx512";
  }
  return "portable";
}

std::vector<Simd> available_simd() {
  std::vector<Simd> levels{Simd::portable};
  if (has_avx2()) levels.push_back(Simd::avx2);
  if (has_avx512()) levels.push_back(Simd::avx512);
  return levels;
}

Simd choose_simd(std::string_view wanted) {
  const auto levels = available_simd();
  if (wanted.empty()) return levels.back();
  for (const auto level : {Simd::portable, Simd::avx2, Simd::avx512}) {
    if (wanted != to_string(level)) continue;
    if (std::find(levels.begin(), levels.end(), level) != levels.end()) return level;
    throw Error(Errc::usage,
                "this processor lacks the instructions that FLOWRUN_SIMD asks for; best it has: "
                "{}; asked: {}",
                to_string(levels.back()), wanted);
  }
  throw Error(Errc::usage, "FLOWRUN_SIMD must be portable, avx2 or avx512, not \"{}\"", wanted);
}

Simd chosen_simd() {
  const char* wanted = std::getenv("FLOWRUN_SIMD");
  return choose_simd(wanted == nullptr ? "" : wanted);
}

}  // namespace flowrun
