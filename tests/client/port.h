/* tests/client/port.h - ports of loopback that stay this program's, also while
 * nobody listens there. */
#ifndef TESTS_PORT_H
#define TESTS_PORT_H
#include <stdint.h>

/* One that no other program of these tests is given before this one ends, and
 * that the kernel gives to no connection. Ends the test if there is none. */
uint16_t tc_port(void);
#endif
