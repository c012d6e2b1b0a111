/* provernet/prove.h - devices that prove, and watching them.
 *
 * An engine is one device (the CPU, one GPU). Engines and keys may be used
 * from any thread; one engine makes one proof at a time, a second caller
 * waits. A watch may be read and cancelled from any thread at any time. */
#ifndef PROVERNET_PROVE_H
#define PROVERNET_PROVE_H
#include <provernet/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct provernet_engine provernet_engine;
typedef struct provernet_watch provernet_watch;
struct provernet_options;

/* Progress out, cancel in; polled by you, never a callback. NULL: no memory.
 * One watch serves one call at a time. Free it after that call returned. */
PROVERNET_API provernet_watch *provernet_watch_new(void);
PROVERNET_API void provernet_watch_free(provernet_watch *w); /* NULL: nothing */
/* 0..1000 of the work done, never backwards; *stage (may be NULL) gets a
 * static text such as "MSM A". */
PROVERNET_API int provernet_watch_read(const provernet_watch *w,
                                       const char **stage);
/* The call that was given this watch soon returns ERR_CANCELLED. */
PROVERNET_API void provernet_watch_cancel(provernet_watch *w);

/* Open a device: "cpu", "cuda:0", "auto" (the best that is there).
 * Options read (NULL: defaults): engine.threads (0 = all cores),
 * engine.pin, engine.memory, engine.cpu, engine.plugin, engine.in_process,
 * engine.multiples.
 * Starts the engine's own threads, and a helper process for a GPU.
 * OK: *out is closed by the caller, after its keys are freed.
 * ERR_NO_DEVICE names what was looked for; ERR_CONFIG; ERR_NOMEM. */
PROVERNET_API PROVERNET_MUST_USE provernet_status
provernet_engine_open(provernet_engine **out, const char *device,
                      const struct provernet_options *o, provernet_error *err);
/* One line of JSON: device, name, threads, cpu ("portable", "adx", "ifma").
 * Valid until the engine is closed. */
PROVERNET_API const char *provernet_engine_describe(const provernet_engine *e);
/* What happened to the device since: 1 and the oldest sentence not yet given
 * ("cuda:0 was lost: ...; proofs are made on the processor"), or 0. Also
 * why "auto" did not take a GPU. Ask after opening and after a proof. Any
 * thread. */
PROVERNET_API int provernet_engine_news(provernet_engine *e, char *buf,
                                        size_t cap);
PROVERNET_API void provernet_engine_close(provernet_engine *e);

#ifdef __cplusplus
}
#endif
#endif
