// The variants of the CSV kernels; csv_kernels() chooses.
#pragma once

#include "nodes/formats/csv_scan.h"

namespace flowrun::nodes {

[[nodiscard]] const CsvKernels& portable_csv_kernels();
#if defined(__x86_64__)
[[nodiscard]] const CsvKernels& avx2_csv_kernels();
[[nodiscard]] const CsvKernels& avx512_csv_kernels();
/// The 16-byte variant of CsvKernels::float64, for AVX2 and everything above.
[[nodiscard]] std::size_t avx2_float64(const FieldColumn& fields, double* out, std::uint32_t* odd);
#endif

}  // namespace flowrun::nodes
