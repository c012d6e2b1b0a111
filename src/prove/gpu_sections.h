/* prove/gpu_sections.h - a proving key's file as the GPU engine takes it.
 * Includes prove/gpu_link.h and snark/source.h. */
#ifndef PVN_PROVE_GPU_SECTIONS_H
#define PVN_PROVE_GPU_SECTIONS_H
#include "prove/gpu_link.h"
#include "snark/source.h"

/* Sections 4 to 9 of a checked .zkey into memory that a helper may see. OK:
 * s->bulk is freed by the caller. ERR_IO, ERR_NOMEM, ERR_FORMAT. */
provernet_status pvn_gpu_sections_read(pvn_gpu_sections *s,
                                       const pvn_source *zkey,
                                       provernet_error *err);
#endif
