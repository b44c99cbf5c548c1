/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking emulators what they have: a binary is started without a machine, over QMP, when
 * it is first used and when it has changed (ctime, size), and its answers are kept. One
 * that is not there or cannot be executed is refused, to a definition as to a start. One
 * that cannot be asked (it does not answer or know the commands, or the host is short of
 * memory or descriptors) is not refused for that: starting the domain tells.
 */
#pragma once
#include "command/command.h"
#include "util/paths.h"

G_BEGIN_DECLS

typedef struct Probe Probe;

#define PROBE_SOCKET                                                                     \
    "probe-" /* what names of their sockets in the run_dir begin with                    \
              */

/* @paths and @context, which monitors are read on by another thread, are borrowed. */
Probe *probe_new(const DriverPaths *paths, GMainContext *context);
void probe_free(Probe *probe);

/*
 * Checks a completed domain against its emulator: CONFIG_UNSUPPORTED, naming the machine
 * or the device that it does not have; SYSTEM_ERROR as for probe_get(). Waits for the
 * answers; on a worker. Only those who use the same binary wait for each other. *emulator
 * (may be NULL) gets a reference to what it has; it stays as it is if that is not known.
 */
gboolean probe_check(Probe *probe, const Domain *domain, CommandEmulator **emulator,
                     GError **errp);

/*
 * *emulator: a reference to what a binary has, or NULL when that is not known. Waits for
 * its answers. SYSTEM_ERROR when there is no such file, or none that can be executed.
 */
gboolean probe_get(Probe *probe, const char *binary, CommandEmulator **emulator,
                   GError **errp);

G_END_DECLS
