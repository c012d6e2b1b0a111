/* tests/unit/net/net_help.h - a node of its own for each test, and requests
 * for it. */
#ifndef NET_HELP_H
#define NET_HELP_H
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <provernet/provernet.h>

#define VECTOR(name) PVN_VECTORS "/groth16/" name

typedef struct net_node {
    char dir[64];
    provernet *pn;
} net_node;

uint8_t *slurp(const char *path, size_t *len);
/* "name", "value", ..., NULL; defaults that suit tests come first. */
provernet_options *net_options(const char *const *pairs);
net_node *net_open(const char *const *pairs);
void net_close_node(net_node *n); /* the files stay */
void net_reopen(net_node *n, const char *const *pairs);
void net_remove(net_node *n); /* closes and removes */

provernet_id net_store(provernet *pn, const char *type, const void *data,
                       size_t len);
/* A request for circuit `name` ("multiplier") with its own witness. */
provernet_id net_request(provernet *pn, const char *name);
provernet_id net_request_kind(provernet *pn, const char *kind,
                              provernet_id program, provernet_id input);
/* Wait until it is fulfilled or failed. */
provernet_request net_wait(provernet *pn, provernet_id id);
provernet_request net_look(provernet *pn, provernet_id id);
/* The proof artifact verifies against the circuit's verification key. */
void net_check_proof(provernet *pn, provernet_id proof, const char *name);
/* The artifact {"proof":..,"publicSignals":..} of another prover's files. */
char *net_foreign_proof(const char *name, size_t *len);
#endif
