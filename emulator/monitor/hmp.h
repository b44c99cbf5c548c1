/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The human monitor (`-monitor`, `-mon mode=readline`, `mon:`): lines for people, each of
 * which becomes a command of QMP's. Main loop, under the machine lock.
 */
#ifndef VIREO_MONITOR_HMP_H
#define VIREO_MONITOR_HMP_H

#include "monitor/qmp-command.h"

#define HMP_LINE_MAX 4095 /* bytes; as QEMU's */

/* Serves it on the chardev. */
gboolean hmp_server_add(Chardev *chr, GError **errp);
void hmp_cleanup(void);

/* The line has been carried out: what it says, lines that end with \n; owned. */
typedef void (*HmpDone)(void *opaque, GString *text);
/*
 * Exactly one done(), now or later. server: whose descriptors `fd:NAME` names; NULL:
 * nobody's. waits: migrate without -d ends when the migration does.
 */
void hmp_run_line(const char *line, QmpServer *server, gboolean waits, HmpDone done,
                  void *opaque);
/* \n becomes \r\n, as terminals want it; new. */
char *hmp_for_terminal(const char *text);

#endif
