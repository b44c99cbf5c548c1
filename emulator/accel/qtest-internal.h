/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the server (lines) and the commands. */
#ifndef VIREO_ACCEL_QTEST_INTERNAL_H
#define VIREO_ACCEL_QTEST_INTERNAL_H

#include "accel/accel.h"
#include "accel/qtest.h"

/* Sends one line; "\n" is added. */
void qtest_send(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Carries one command out; the reply is sent by it, but for accesses after it. */
void qtest_command(char **words);
/* The server waits for an access that is held. */
void qtest_pause(void);
void qtest_resume(void);
/* The client has gone: nothing is intercepted any more. */
void qtest_commands_reset(void);
void qtest_commands_cleanup(void);

/* The accelerator's: what an interrupt controller has set, or NULL. */
const MsiMessage *qtest_gsi_route(guint64 gsi);

#endif
