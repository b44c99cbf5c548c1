/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VM opens, and who does it.
 *
 * The daemon opens all files of a VM, the images of its disks before all, and hands the
 * emulator descriptors; the emulator's command line and its commands name no path that
 * it has to open. There are two ways to let an unprivileged, confined process have files:
 * to make them its own (libvirt's DAC and SELinux drivers give images away to it, and
 * must give them back after the last of all their users, whatever ends unexpectedly), or
 * to open them for it. Why they are opened for it:
 *
 *  - -sandbox network=deny,files=deny: the emulator needs neither names nor sockets once
 *    it has started, so a guest that has broken into it gets no file that it was not
 *    given; and it can be put where there are no files (another root, another user).
 *  - Nothing on disk changes hands, so that a crash leaves nothing to be restored.
 *  - What was opened is what was checked; no name can be put in its place in between.
 *  - The definition, not the emulator, says what is opened. The price is that the driver
 *    has to know all of it: an image's backing files stand in the definition (a tree,
 *    DomainStorage), and an image that is wanted with other rights is opened again.
 *
 * How. A device's steps say in one line what they open (command_step_file), and get the
 * name "/dev/fdset/N" for it: the emulator's name of set N of descriptors. That makes a
 * step of its own, -add-fd at start and add-fd in a plug; command_open_files() opens what
 * all the steps want, before the process exists or the first command is sent. One
 * descriptor a set, with the access that its user asks for. A set is a way to pass a
 * descriptor and no place to keep it: the emulator has a duplicate once it has opened
 * "/dev/fdset/N", so sets are removed (remove-fd) when a plug is done or undone, and when
 * a start is; whatever set a new daemon finds is left from one that has died
 * (command_passed_sets). Who wants to open the same again gives it the same number.
 *
 * Numbers. Descriptors of two files in one set would be another disk for the guest. A
 * block node's set has the node's number, all others numbers out of the same count, which
 * goes up for as long as the run lasts and is in the status file before it is used.
 *
 * Locks, flags. Locks on images (block/lock.c) belong to the open file: the emulator's
 * duplicates hold it, the daemon closes its own descriptors when they are passed, so that
 * the lock ends with the disk, or with the process. The emulator sets O_DIRECT, which
 * is a flag that can be set later, and clears O_NONBLOCK, with which all is opened: a
 * FIFO in the place of an image keeps nobody waiting.
 *
 * What has no path at all: taps (a descriptor, by getfd in a plug), sockets of serial
 * ports, consoles and channels, the monitor's, a migration's connection, the log, the PID file.
 *
 * What the emulator opens by itself, all of it before it confines itself: its libraries,
 * /dev/ptmx and the terminal of <serial type='pty'>, which has no option for a
 * descriptor at start (in a plug it is given one); FIFOs of type='pipe'; sockets that it connects again; and KVM where the daemon cannot, so that its own words tell why.
 */
#include <errno.h>
#include <fcntl.h>

#include "command/kind.h"
#include "process/open.h"

char *command_step_file(CommandSteps *steps, const CommandFile *file)
{
    CommandStep *step;
    JsonObject *args = json_object_new(), *undo = json_object_new();
    guint set = file->set ? file->set : steps->next_set++;

    json_object_set_int_member(args, "fdset-id", set);
    json_object_set_string_member(args, "opaque", file->path);
    json_object_set_int_member(undo, "fdset-id", set);
    step = command_step(steps, "-add-fd", "add-fd", args, "remove-fd", undo);
    step->lasting = FALSE;
    step->file = *file;
    step->file.set = set;
    step->file.path = g_strdup(file->path);
    return g_strdup_printf("/dev/fdset/%u", set);
}

gboolean command_open_files(GPtrArray *steps, GError **errp)
{
    for (guint i = 0; i < steps->len; i++) {
        CommandStep *step = steps->pdata[i];
        const CommandFile *file = &step->file;

        if (!file->path) {
            continue;
        }
        step->fd = process_open_file(file->path, file->flags | O_NONBLOCK,
                                     PROCESS_OPEN_TIMEOUT_MS);
        if (step->fd < 0) {
            return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "%s '%s': %s",
                                 file->failure ? file->failure : "Failed to open file",
                                 file->path, g_strerror(-step->fd));
        }
    }
    return TRUE;
}

void command_collect_files(GPtrArray *steps, GArray *fds)
{
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];

        if (step->file.path) {
            g_array_append_val(fds, step->fd);
        }
    }
}

GPtrArray *command_passed_sets(JsonNode *reply)
{
    JsonArray *array = JSON_NODE_HOLDS_ARRAY(reply) ? json_node_get_array(reply) : NULL;
    CommandSteps steps;

    if (!array) {
        return NULL;
    }
    command_steps_init(&steps, NULL, TRUE, NULL);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        gint64 set = JSON_NODE_HOLDS_OBJECT(node)
                         ? util_json_int(json_node_get_object(node), "fdset-id")
                         : -1;

        if (set >= 0) {
            JsonObject *args = json_object_new();
            json_object_set_int_member(args, "fdset-id", set);
            command_step(&steps, NULL, NULL, NULL, "remove-fd", args);
        }
    }
    return steps.list;
}
