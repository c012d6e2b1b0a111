/* cuda/kernel/list.h - the one list of kernels: from it come their numbers,
 * the device's launch table and the emulator's. */
#ifndef PVN_CUDA_KERNEL_LIST_H
#define PVN_CUDA_KERNEL_LIST_H
#include "field.h"
#include "msm.h"
#include "ntt.h"
#include "pairs.h"
#include "rate.h"

#define PVN_KERNELS(X)                                                         \
    X(POWERS, Powers)                                                          \
    X(ROWS, Rows)                                                              \
    X(ROWS_LONG, RowsLong)                                                     \
    X(HADAMARD, Hadamard)                                                      \
    X(QUOTIENT, Quotient)                                                      \
    X(NTT_DIF, NttPass<true>)                                                  \
    X(NTT_DIT, NttPass<false>)                                                 \
    X(SHIFT, Shift)                                                            \
    X(BIT_REVERSE, BitReverse)                                                 \
    X(RECODE, Recode)                                                          \
    X(SORT_COUNT, Sort<false>)                                                 \
    X(SORT_PLACE, Sort<true>)                                                  \
    X(SCAN, Scan)                                                              \
    X(CUT, Cut)                                                                \
    X(LIST_PIECES, ListPieces)                                                 \
    X(ADD_G1, AddPieces<Fq>)                                                   \
    X(ADD_G2, AddPieces<Fq2>)                                                  \
    X(ADD_G2_LANES, AddPieces<Fq2, Half>)                                      \
    X(ADD_PAIRS_G1, AddPairs<Fq>)                                              \
    X(ADD_PAIRS_G2, AddPairs<Fq2>)                                             \
    X(ADD_HALVED_G1, AddHalved<Fq>)                                            \
    X(ADD_HALVED_G2, AddHalved<Fq2>)                                           \
    X(JOIN_FEW_G1, JoinFew<Fq>)                                                \
    X(JOIN_FEW_G2, JoinFew<Fq2>)                                               \
    X(JOIN_MANY_G1, JoinMany<Fq>)                                              \
    X(JOIN_MANY_G2, JoinMany<Fq2>)                                             \
    X(RUN_SUMS_G1, RunSums<Fq>)                                                \
    X(RUN_SUMS_G2, RunSums<Fq2>)                                               \
    X(SET_SUMS_G1, SetSums<Fq>)                                                \
    X(SET_SUMS_G2, SetSums<Fq2>)                                               \
    X(MULTIPLE_G1, Multiple<Fq>)                                               \
    X(MULTIPLE_G2, Multiple<Fq2>)                                              \
    X(MUL_RATE_1, MulRate<1>)                                                  \
    X(MUL_RATE_2, MulRate<2>)                                                  \
    X(WIDE_RATE_1, WideRate<1>)                                                \
    X(WIDE_RATE_8, WideRate<8>)                                                \
    X(COPY_RATE, CopyRate)                                                     \
    X(GATHER_RATE, GatherRate)

namespace pvn
{
#define X(name, ...) KERNEL_##name,
enum Kernel { PVN_KERNELS(X) KERNELS };
#undef X
} // namespace pvn
#endif
