/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ide-port.h"

#include <string.h>

#include "config/json.h"
#include "event/vm-event.h"

static ToyPort *port_of(IdeCommand *cmd)
{
    return (ToyPort *)((guint8 *)cmd - offsetof(ToyPort, cmd));
}

/* Nothing is pinned: it is no guest's. */
static guint64 toy_map(IdeCommand *cmd, guint64 bytes, guint32 unit, gboolean to_guest)
{
    ToyPort *port = port_of(cmd);

    g_assert_false(port->ended);
    g_assert_cmpuint(port->mapped, ==, 0);
    g_assert_cmpuint(cmd->moved, <=, port->given);
    bytes = MIN(MIN(bytes, port->piece), port->given - cmd->moved);
    bytes -= bytes % unit;
    if (bytes) {
        cmd->data.iov[0] =
            (struct iovec){ port->memory + cmd->moved % TOY_MEMORY,
                            MIN(bytes, TOY_MEMORY - cmd->moved % TOY_MEMORY) };
        bytes = cmd->data.iov[0].iov_len;
        bytes -= bytes % unit;
        cmd->data.iov[0].iov_len = bytes;
        cmd->data.n = 1;
        cmd->data.size = cmd->mapped = bytes;
        port->mapped = bytes != 0;
    }
    return bytes;
}

static void toy_unmap(IdeCommand *cmd, guint64 moved, gboolean to_guest)
{
    g_assert_cmpuint(port_of(cmd)->mapped, ==, 1);
    g_assert_cmpuint(moved, <=, cmd->mapped);
    port_of(cmd)->mapped = 0;
    cmd->moved += moved;
    cmd->data.n = 0;
    cmd->data.size = cmd->mapped = 0;
}

static void toy_end(IdeCommand *cmd, gboolean again)
{
    ToyPort *port = port_of(cmd);

    g_assert_false(port->ended);
    g_assert_cmpuint(port->mapped, ==, 0);
    port->ended = TRUE;
    port->again = again;
}

static const IdePortOps ops = { toy_map, toy_unmap, toy_end };

void toy_port_init(ToyPort *port)
{
    memset(port, 0, sizeof(*port));
    ide_port_init(&port->port, "ide.0", NULL, port);
    guest_iov_init(&port->cmd.data);
    port->memory = g_malloc0(TOY_MEMORY);
    port->given = port->piece = TOY_MEMORY;
    port->ended = TRUE;
}

void toy_port_finalize(ToyPort *port)
{
    guest_iov_free(&port->cmd.data);
    ide_port_finalize(&port->port);
    g_free(port->memory);
}

Device *toy_port_plug(ToyPort *port, const IdeDriveClass *klass, const char *json,
                      GError **errp)
{
    g_autoptr(ConfigNode) config = config_parse_json(json, NULL);
    Device *dev = device_new(&klass->device);

    if (!device_set_properties(dev, config, errp) ||
        !device_realize(dev, port->port.bus, errp)) {
        device_unref(dev);
        return NULL;
    }
    return dev;
}

static void heard(const char *name, ConfigNode *data, void *opaque)
{
    *(gboolean *)opaque |= strcmp(name, "DEVICE_DELETED") == 0;
}

void toy_port_unplug(Device *dev)
{
    gboolean gone = FALSE;

    vm_event_subscribe(heard, &gone);
    device_unplug(dev);
    while (!gone) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    vm_event_unsubscribe(heard, &gone);
    device_unref(dev);
}

void toy_port_start(ToyPort *port, guint8 command, guint16 features, guint16 count,
                    guint64 lba, const guint8 *packet)
{
    IdeCommand *cmd = &port->cmd;
    GuestIov data = cmd->data;

    g_assert_true(port->ended);
    memset(cmd, 0, sizeof(*cmd));
    cmd->data = data;
    cmd->data.iov = cmd->data.inline_iov;
    cmd->data.blocks = cmd->data.inline_blocks;
    cmd->ops = &ops;
    cmd->drive = port->port.drive;
    cmd->command = command;
    cmd->features = features;
    cmd->regs = (IdeRegisters){ .device = 0xa0, .count = count, .lba = lba };
    if (packet) {
        cmd->packet_sent = TRUE;
        memcpy(cmd->packet, packet, 12);
    }
    port->ended = port->again = FALSE;
    ide_drive_get_class(cmd->drive)->command(cmd->drive, cmd);
}

void toy_port_wait(ToyPort *port)
{
    while (!port->ended) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}
