/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device sends waits in a class of HTB, with fair queues below it where the kernel
 * has them; what it receives cannot wait, and is dropped by a policer. libvirt's
 * kilobytes are tc's: 1000 bytes of a rate ("kbps"), 1024 of a burst ("kb").
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

/* What a second has, as far as tc can count it. */
static guint default_burst(guint average)
{
    return MIN(average, G_MAXUINT32 / 1024);
}

static gboolean limit_sent(const char *device, const ProcessRate *rate, GError **errp)
{
    g_autoptr(GString) class = g_string_new(NULL);

    g_string_printf(class, "tc class add dev %s parent 1: classid 1:1 htb rate %ukbps",
                    device, rate->average);
    if (rate->peak) {
        g_string_append_printf(class, " ceil %ukbps", rate->peak);
    }
    if (rate->burst) {
        g_string_append_printf(class, " burst %ukb", rate->burst);
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
               "rate %ukbps burst %ukb mtu %d drop flowid :1",
               device, rate->average,
               rate->burst ? rate->burst : default_burst(rate->average), POLICE_BYTES);
}

gboolean process_set_bandwidth(const char *device, const ProcessRate *sent,
                               const ProcessRate *received, GError **errp)
{
    remove_limit(device, "root");
    remove_limit(device, "ingress");
    return (!sent->average || limit_sent(device, sent, errp)) &&
           (!received->average || limit_received(device, received, errp));
}
