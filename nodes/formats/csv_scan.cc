#include "nodes/formats/csv_scan.h"

#include "nodes/formats/csv_kernels.h"

namespace flowrun::nodes {

const CsvKernels& csv_kernels(Simd level) {
#if defined(__x86_64__)
  if (level == Simd::avx512) return avx512_csv_kernels();
  if (level == Simd::avx2) return avx2_csv_kernels();
#endif
  (void)level;  // other processors have the portable kernels only
  return portable_csv_kernels();
}

}  // namespace flowrun::nodes
