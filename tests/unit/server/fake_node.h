/* fake_node.h - the endpoint functions of the library, answered in memory, so
 * that the sockets can be tested alone.
 *
 *   /echo     the request's body              /slow   after 30 ms, from a
 * thread /zeros?N  N zero bytes, length unknown    /file   this test's own file
 *   /len      the number of body bytes, as text (the body is not kept)
 *   /block    like /len, but takes 10000 bytes and then says AGAIN for 1 ms
 *   /grpc     body echoed, trailers grpc-status: 0
 *   /early    answers 413 at once             /never  is not answered
 *   other     404 */
#ifndef FAKE_NODE_H
#define FAKE_NODE_H
#include <provernet/endpoint.h>

provernet *fake_node_new(const char *file);
void fake_node_free(provernet *pn);
/* Calls opened and not closed yet. */
unsigned fake_node_calls(const provernet *pn);
/* The last head seen: "GET /path authority". */
const char *fake_node_last(const provernet *pn);
#endif
