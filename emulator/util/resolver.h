/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks up names of hosts, for a process whose filter does not allow it: what
 * nsswitch.conf names is loaded into the process that asks, and may do anything.
 *
 * Theory of operation. resolver_start() makes a child that shares the memory, has
 * descriptors of its own (one socket, and vireo's binary), loads the filter that it is
 * given, and sleeps. That costs 40 us and no memory; a fork would cost 200, and 400
 * more in copied pages. When the first question comes, it executes vireo's binary
 * (this unshares the memory), which then serves in resolver_serve() for as long as the
 * socket is open; the kernel kills it when vireo ends. Before it has executed, whoever
 * controls vireo controls it as well, and gains what its filter allows and vireo's
 * does not: mapping code, and executing vireo.
 *
 * A question is one packet with a socket of its own for the answer: so several may be
 * asked at once, each is dropped by closing its socket, and waiting for one is waiting
 * for a descriptor. Answers are numbers, counted and checked.
 */
#ifndef VIREO_UTIL_RESOLVER_H
#define VIREO_UTIL_RESOLVER_H

#include <glib.h>

#include "util/address.h"

struct sock_fprog;

#define RESOLVER_PROGRAM "vireo-resolver" /* argv[0] of the child */

/*
 * Before this process has a filter. filter: the child's; NULL: none. Where there can be
 * no child a later question says so.
 */
void resolver_start(const struct sock_fprog *filter);
/* No child, and why: for the errors. */
void resolver_deny(const char *why);
/* The child's part: serves until its socket is closed. Returns the exit status. */
int resolver_serve(void);

/*
 * Any thread: a descriptor that can be read when the answer is there, or -1. Close it
 * when the answer does not matter any more.
 */
int resolver_ask(const char *host, const char *port, gboolean passive, GError **errp);
/* NetAddresses, at least one; does not wait. Leaves fd open. */
GArray *resolver_answer(int fd, GError **errp);

/*
 * In this process, and it may take long: for what the command line asks for. port may
 * be the name of a service. Refuses after resolver_seal(), which is called when the
 * start is done.
 */
GArray *resolver_here(const char *host, const char *port, gboolean passive,
                      GError **errp);
void resolver_seal(void);
gboolean resolver_sealed(void);

#endif
