/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the server (lines) and the commands. */
#ifndef VIREO_ACCEL_QTEST_INTERNAL_H
#define VIREO_ACCEL_QTEST_INTERNAL_H

#include "accel/accel.h"
#include "accel/qtest.h"
#include "memory/address-map.h"

/* Sends one line; "\n" is added. */
void qtest_send(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Carries one command out; the reply is sent by it, but for accesses after it. */
void qtest_command(char **words);
/* The line begins with the command of a layer above. */
gboolean qtest_is_offered(const char *line);
/* The server waits for an access that is held. */
void qtest_pause(void);
void qtest_resume(void);
/* What IRQ lines said while another thread had the lock goes out. */
void qtest_flush(void);

/*
 * An access, made by the vCPU's thread; the reply ("OK", or what show makes of the
 * data) is sent when nothing is held any more. The caller has the lock.
 */
void qtest_write(AddressMap *map, guint64 addr, const void *data, size_t len);
void qtest_read(AddressMap *map, guint64 addr, size_t len,
                char *(*show)(const guint8 *data, size_t len));

/* The client has gone: nothing is intercepted any more. */
void qtest_commands_reset(void);
void qtest_commands_cleanup(void);

/* The accelerator's: what an interrupt controller has set, or NULL. */
const MsiMessage *qtest_gsi_route(guint64 gsi);

#endif
