/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests alone may do to block nodes. Main loop. */
#ifndef VIREO_BLOCK_TESTING_H
#define VIREO_BLOCK_TESTING_H

#include <glib.h>

/* From here on there is the driver "x-test"; before any node. */
void block_testing_enable(void);
gboolean block_testing_enabled(void);
/*
 * To a node of that driver: the node's name and
 *   hold                 keeps the requests that come
 *   release [N]          lets all go, and those to come; or the oldest N
 *   fail OP OFFSET BYTES ENOSPC|EIO TIMES
 *                        OP is read, write, flush, discard, write-zeroes or any
 *   clear                forgets what is to fail
 *   count                how many are held, how many have come in all
 * To any, also one that may come later, or is on its way, and to any object by its id:
 *   silent               the host does not answer when it is opened or closed
 *   answers              it does
 *   asked                how many wait for the host
 * Returns "OK ..." or "FAIL ...", owned by the caller.
 */
char *block_testing_command(char **args);

#endif
