/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qtest protocol: a test drives devices over a socket, as QEMU's libqtest does.
 * One command a line, one reply a line ("OK ...", "FAIL ..."), and "IRQ raise N" or
 * "IRQ lower N" in between. Main loop only, under the machine lock.
 */
#ifndef VIREO_ACCEL_QTEST_H
#define VIREO_ACCEL_QTEST_H

#include <glib.h>

/*
 * `-qtest unix:PATH` (PATH is listened to by the test) or `-qtest fd:N`; log: file
 * for the protocol, or NULL. Serves as soon as the main loop runs.
 */
gboolean qtest_server_start(const char *address, const char *log, GError **errp);
void qtest_server_stop(void);

/*
 * Devices with interrupt pins call this on each change of a line: a test that asked
 * for it (irq_intercept_in, irq_intercept_out) is told. name is the device's path or
 * id; a test may leave the folders away.
 */
void qtest_irq_in(const char *name, unsigned n, int level);
void qtest_irq_out(const char *name, unsigned n, int level);
/* set_irq_in NAME PIN N LEVEL: a device offers its inputs to tests. */
void qtest_offer_irq_inputs(const char *name, unsigned count,
                            void (*set)(void *opaque, unsigned n, int level),
                            void *opaque);
/* The command NAME ARG...: a layer above offers something; returns the reply, owned. */
void qtest_offer_command(const char *name, char *(*run)(char **args));
/* Every name that may be intercepted must have been offered or reported here. */
void qtest_offer_irq_outputs(const char *name);

#endif
