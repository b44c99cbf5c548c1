/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device sends waits in a class of HTB, with fair queues below it where the kernel
 * has them; what it receives cannot wait, and is dropped by a policer. tc counts in
 * bytes: its "kbps" are 1000 bytes a second, so rates are given in full.
 */
#include "process/bandwidth.h"

#include <string.h>

#define WORDS_MAX    32
#define POLICE_BYTES 65536 /* of the largest packet, before it is cut */

/* Runs tc with the words of @command; what it says is the error. */
static gboolean tc(const char *command, GError **errp)
{
    g_auto(GStrv) words = g_strsplit(command, " ", WORDS_MAX);
    g_autofree char *said = NULL;
    g_autoptr(GError) err = NULL;
    int status;

    if (!g_spawn_sync(NULL, words, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL,
                      NULL, NULL, NULL, &said, &status, errp)) {
        return FALSE;
    }
    if (g_spawn_check_wait_status(status, &err)) {
        return TRUE;
    }
    g_strstrip(said);
    g_set_error(errp, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED, "'%s': %s", command,
                *said ? said : err->message);
    return FALSE;
}

static gboolean G_GNUC_PRINTF(2, 3) run(GError **errp, const char *format, ...)
{
    g_autofree char *command = NULL;
    va_list args;

    va_start(args, format);
    command = g_strdup_vprintf(format, args);
    va_end(args);
    return tc(command, errp);
}

/* That there is none is not told apart from other failures; what follows fails again. */
static void remove_limit(const char *device, const char *which)
{
    run(NULL, "tc qdisc del dev %s %s", device, which);
}

static guint64 bytes(guint kib)
{
    return (guint64)kib * 1024;
}

static gboolean limit_sent(const char *device, const ProcessRate *rate, GError **errp)
{
    g_autoptr(GString) class = g_string_new(NULL);

    g_string_printf(
        class,
        "tc class add dev %s parent 1: classid 1:1 htb rate %" G_GUINT64_FORMAT "bps",
        device, bytes(rate->average));
    if (rate->peak) {
        g_string_append_printf(class, " ceil %" G_GUINT64_FORMAT "bps",
                               bytes(rate->peak));
    }
    if (rate->burst) {
        g_string_append_printf(class, " burst %" G_GUINT64_FORMAT "b",
                               bytes(rate->burst));
    }
    if (!run(errp, "tc qdisc add dev %s root handle 1: htb default 1", device) ||
        !tc(class->str, errp)) {
        return FALSE;
    }
    /* Without it the limit holds as well. */
    run(NULL, "tc qdisc add dev %s parent 1:1 handle 2: sfq perturb 10", device);
    return TRUE;
}

static gboolean limit_received(const char *device, const ProcessRate *rate, GError **errp)
{
    return run(errp, "tc qdisc add dev %s ingress", device) &&
           run(errp,
               "tc filter add dev %s parent ffff: protocol all u32 match u32 0 0 police "
               "rate %" G_GUINT64_FORMAT "bps burst %" G_GUINT64_FORMAT
               "b mtu %d drop flowid :1",
               device, bytes(rate->average),
               bytes(rate->burst ? rate->burst : rate->average), POLICE_BYTES);
}

gboolean process_set_bandwidth(const char *device, const ProcessRate *sent,
                               const ProcessRate *received, GError **errp)
{
    remove_limit(device, "root");
    remove_limit(device, "ingress");
    return (!sent->average || limit_sent(device, sent, errp)) &&
           (!received->average || limit_received(device, received, errp));
}
