/* cmd/worker_network.h - `provernet worker --network`: this machine on a prover
 * network. Includes the command line's own headers. */
#ifndef CMD_WORKER_NETWORK_H
#define CMD_WORKER_NETWORK_H
#include "../cli/cli.h"
#include "work.h"

/* How fast this machine is, into network.key_speed, where the configuration
 * does not say it: from what `provernet bench` kept, else measured now. */
PROVERNET_MUST_USE provernet_status network_calibrate(struct config *c,
                                                      const struct work *w,
                                                      provernet_error *err);
/* What a placeholder, or a proof by SP1's GPU server, takes of this machine's
 * memory is not what it takes on processors: into network.kind_memory, where
 * the configuration does not say it. */
PROVERNET_MUST_USE provernet_status network_memory(struct config *c, bool mock,
                                                   const char *devices,
                                                   provernet_error *err);
/* The lines under the headline: prover, price, speed. */
void network_words(const struct config *c, const provernet_key *key);
/* News of the worker into the log. */
void network_news(struct work *w);
/* A line about what was done, every half minute while something changes. */
void network_monitor(struct work *w);
#endif
