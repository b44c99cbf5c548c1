/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a QMP client sends to the real monitor of a real machine. Its first
 * byte says how: as it is, on a connection of its own; or as commands of the real table
 * with arguments that their rows ask for, with names of what is there and is not, or
 * with other things in their place. Each command gets one reply, and the machine answers
 * to the end.
 *
 * Strings are from a list, so that no file outside of the target's own directory is ever
 * named: what goes as it is may have no path in it.
 */
#include "fuzz/qmp-fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "config/json.h"
#include "monitor/qmp-command.h"
#include "util/resolver.h"

#define DEPTH_MAX 6
/* For what is plugged; it may have gone. */
#define ADD_NODE                                                                         \
    "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"file\","                  \
    "\"node-name\":\"n1\",\"filename\":\"disk1\"}}"

unsigned qmp_fuzz_added;

static FuzzVm *vm;
static GPtrArray *commands; /* QmpCommand */

/* What ends the process, or lets other commands do so. */
static const char *const ends[] = { "quit", "set-action" };

static gboolean may_end(const char *text, gsize len)
{
    for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
        if (memmem(text, len, ends[i], strlen(ends[i]))) {
            return TRUE;
        }
    }
    return FALSE;
}

static void add_command(const QmpCommand *command, void *opaque)
{
    if (!may_end(command->name, strlen(command->name))) {
        g_ptr_array_add(commands, (gpointer)command);
    }
}

static void end(void)
{
    fuzz_vm_stop(vm);
}

static void set_up(void)
{
    fuzz_enter_directory();
    fuzz_make_file("disk0", 1 << 20);
    fuzz_make_file("disk1", 1 << 20);
    commands = g_ptr_array_new();
    qmp_command_foreach(add_command, NULL);
    vm = fuzz_vm_start(qmp_machine.args);
    resolver_deny("fuzzing"); /* a chardev's host: its child would be this program */
    atexit(end);
}

static const char *const words[] = {
    "d0",
    "d1",
    "cd0",
    "n0",
    "n1",
    "r",
    "r0",
    "io",
    "c0",
    "x",
    "disk0",
    "disk1",
    "nowhere",
    "",
    "unix:u",
    "fd:f",
    "tcp:127.0.0.1:1",
    "defer",
    "file",
    "raw",
    "null",
    "socket",
    "virtio-blk-device",
    "virtio-rng-device",
    "virtio-net-device",
    "virtio-balloon-device",
    "virtio-serial-device",
    "virtserialport",
    "isa-serial",
    "virtio-mmio-bus.1",
    "virtio-mmio-bus.3",
    "virtio-blk-pci",
    "virtio-rng-pci",
    "pci-testdev",
    "pcie-root-port",
    "pci-bridge",
    "rp0",
    "rp1",
    "pcie.0",
    "0x0.0x1",
    "iothread",
    "rng-builtin",
    "memory-backend-ram",
    "tap",
    "on",
    "off",
    "auto",
    "events",
    "return-path",
    "unmap",
    "threads",
    "io_uring",
    "machine",
    "1M",
    "-1",
    "52:54:00:12:34:56",
    "\\u0000",
    "\\ud83d\\ude00",
};

/* Keys of objects that take more than their rows say. */
static const char *const keys[] = {
    "driver",    "node-name", "filename", "file",          "id",         "drive",
    "bus",       "iothread",  "qom-type", "size",          "type",       "read-only",
    "cache",     "discard",   "aio",      "rng",           "netdev",     "ifname",
    "serial",    "offset",    "backend",  "num-queues",    "queue-size", "werror",
    "max-bytes", "period",    "chardev",  "locking",       "props",      "share",
    "addr",      "vectors",   "chassis",  "multifunction", "membar",     "acpi-index",
};

static const char *const numbers[] = {
    "0",
    "1",
    "-1",
    "255",
    "65536",
    "4294967295",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "1.5",
    "1e308",
    "-9223372036854775808",
};

static const char *const others[] = { "null", "[]",    "{}",     "true",
                                      "0",    "\"x\"", "[[[]]]", "{\"x\":{\"y\":1}}" };

#define PICK(list, in) list[fuzz_take(in, 1) % G_N_ELEMENTS(list)]

static void add_any(FuzzInput *in, GString *out)
{
    switch (fuzz_take(in, 1) % 4) {
    case 0:
        g_string_append(out, PICK(others, in));
        break;
    case 1:
        g_string_append(out, PICK(numbers, in));
        break;
    case 2:
        g_string_append(out, fuzz_take(in, 1) & 1 ? "true" : "false");
        break;
    default:
        g_string_append_printf(out, "\"%s\"", PICK(words, in));
    }
}

static void add_value(FuzzInput *in, const QmpType *type, GString *out, guint depth);

static void add_member(FuzzInput *in, const char *name, const QmpType *type, GString *out,
                       guint depth)
{
    g_string_append_printf(out, "%s\"%s\":", out->str[out->len - 1] == '{' ? "" : ",",
                           name);
    add_value(in, type, out, depth + 1);
}

static void add_members(FuzzInput *in, const QmpType *type, GString *out, guint depth)
{
    const QmpVariant *v = type->variants;

    for (const QmpMember *m = type->members; m && m->name; m++) {
        if (!m->optional || (fuzz_take(in, 1) & 1)) {
            add_member(in, m->name, m->type, out, depth);
        }
    }
    for (guint n = type->open ? fuzz_take(in, 1) % 8 : 0; n; n--) {
        add_member(in, PICK(keys, in), &qmp_any, out, depth);
    }
    if (v && v->value) {
        guint n = 0;

        while (v[n].value) {
            n++;
        }
        add_members(in, v[fuzz_take(in, 1) % n].type, out, depth);
    }
}

static void add_array(FuzzInput *in, const QmpType *type, GString *out, guint depth)
{
    g_string_append_c(out, '[');
    for (guint n = fuzz_take(in, 1) % 4; n; n--) {
        add_value(in, type->element, out, depth + 1);
        g_string_append(out, n > 1 ? "," : "");
    }
    g_string_append_c(out, ']');
}

static void add_enum(FuzzInput *in, const QmpType *type, GString *out)
{
    guint n = g_strv_length((char **)type->values);

    g_string_append_printf(out, "\"%s\"", n ? type->values[fuzz_take(in, 1) % n] : "x");
}

static void add_alternate(FuzzInput *in, const QmpType *type, GString *out, guint depth)
{
    guint n = 0;

    while (type->members[n].name) {
        n++;
    }
    add_value(in, type->members[fuzz_take(in, 1) % n].type, out, depth + 1);
}

static void add_value(FuzzInput *in, const QmpType *type, GString *out, guint depth)
{
    if (depth > DEPTH_MAX || fuzz_take(in, 1) == 0xff) {
        add_any(in, out);
        return;
    }
    switch (type->meta) {
    case QMP_META_STR:
        g_string_append_printf(out, "\"%s\"", PICK(words, in));
        break;
    case QMP_META_INT:
    case QMP_META_NUMBER:
        g_string_append(out, PICK(numbers, in));
        break;
    case QMP_META_BOOL:
        g_string_append(out, fuzz_take(in, 1) & 1 ? "true" : "false");
        break;
    case QMP_META_NULL:
        g_string_append(out, "null");
        break;
    case QMP_META_ANY:
        add_any(in, out);
        break;
    case QMP_META_ENUM:
        add_enum(in, type, out);
        break;
    case QMP_META_ARRAY:
        add_array(in, type, out, depth);
        break;
    case QMP_META_OBJECT:
        g_string_append_c(out, '{');
        add_members(in, type, out, depth);
        g_string_append_c(out, '}');
        break;
    case QMP_META_ALTERNATE:
        add_alternate(in, type, out, depth);
    }
}

static char *make_command(FuzzInput *in)
{
    const QmpCommand *c = commands->pdata[fuzz_take(in, 1) % commands->len];
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_printf(text, "{\"execute\":\"%s\"", c->name);
    g_string_append(text, ",\"arguments\":");
    add_value(in, qmp_command_args(c), text, 0);
    g_string_append(text, "}");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* TRUE: it was carried out. */
static gboolean run_command(FuzzInput *in)
{
    gboolean add = qmp_machine.device_add && fuzz_take(in, 1) % 4 == 0;
    g_autofree char *text = add ? qmp_machine.device_add(in) : make_command(in);
    g_autofree char *reply = fuzz_vm_qmp(vm, text);
    g_autoptr(GError) err = NULL;
    g_autoptr(ConfigNode) parsed = json_parse_framed(reply, strlen(reply), &err);

    if (!parsed) {
        g_error("%s: %s: %s", text, reply, err->message);
    }
    qmp_fuzz_added += add && !fuzz_is_error(reply);
    return !fuzz_is_error(reply);
}

/* Nothing that it could do to what is not the target's. */
static gboolean is_harmless(const char *text, gsize len)
{
    return !memchr(text, '/', len) && !memchr(text, '\\', len) &&
           !memmem(text, len, "human-monitor", strlen("human-monitor")) &&
           !may_end(text, len);
}

static void take_away_all(const char *command, const char *key)
{
    static const char *const added[] = { "x", "d1", "n1", "disk0", "disk1", "machine" };

    for (guint i = 0; i < G_N_ELEMENTS(added); i++) {
        g_autofree char *text = g_strdup_printf(
            "{\"execute\":\"%s\",\"arguments\":{\"%s\":\"%s\"}}", command, key, added[i]);

        g_free(fuzz_vm_qmp(vm, text));
    }
}

/* What has been added goes again, so that the next input finds what this one did. */
static void take_away(void)
{
    g_free(fuzz_vm_qmp(vm, "{\"execute\":\"migrate_cancel\"}"));
    take_away_all("device_del", "id");
    fuzz_vm_reset(vm); /* no guest lets go of them */
    take_away_all("blockdev-del", "node-name");
    take_away_all("netdev_del", "id");
    take_away_all("object-del", "id");
    take_away_all("closefd", "fdname");
    if (qmp_machine.device_add) {
        g_free(fuzz_vm_qmp(vm, ADD_NODE));
    }
}

unsigned qmp_fuzz_run(const uint8_t *data, size_t len)
{
    FuzzInput in = { data, len };
    unsigned done = 0;

    if (!vm) {
        set_up();
    }
    if (fuzz_take(&in, 1) % 4 == 0) {
        if (is_harmless((const char *)in.data, in.left)) {
            fuzz_vm_qmp_raw(vm, (const char *)in.data, in.left);
        }
    } else {
        for (guint i = 0; in.left && i < 40; i++) {
            done += run_command(&in);
        }
        take_away();
    }
    g_free(fuzz_vm_qmp(vm, "{\"execute\":\"query-status\"}"));
    return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    qmp_fuzz_run(data, len);
    return 0;
}
