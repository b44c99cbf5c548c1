/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qtest commands, one row each. Accesses: qtest-access.c.
 */
#include <inttypes.h>
#include <string.h>

#include "accel/qtest-internal.h"
#include "event/clock.h"
#include "event/loop.h"
#include "event/turn.h"
#include "memory/address-map.h"

#define BYTES_MAX (8u << 20)

typedef struct Command {
    const char *name;
    unsigned args, optional; /* words after the name */
    void (*run)(const struct Command *c, char **args);
    unsigned size; /* of an access */
} Command;

static gboolean number(const char *text, guint64 *value)
{
    char *end;
    *value = g_ascii_strtoull(text, &end, 0);
    if (end == text || *end) {
        qtest_send("FAIL '%s' is not a number", text);
        return FALSE;
    }
    return TRUE;
}

static AddressMap *map_of(const Command *c)
{
    return c->name[0] == 'i' || c->name[0] == 'o' ? address_map_io()
                                                  : address_map_memory();
}

static void cmd_out(const Command *c, char **args)
{
    guint64 addr, value;
    if (number(args[0], &addr) && number(args[1], &value)) {
        qtest_write(map_of(c), addr, &value, c->size);
    }
}

static char *show_number(const guint8 *data, size_t len, gboolean io)
{
    guint64 value = 0;
    memcpy(&value, data, len);
    return g_strdup_printf("OK 0x%0*" PRIx64, io ? 4 : 16, value);
}

static char *show_port(const guint8 *data, size_t len)
{
    return show_number(data, len, TRUE);
}

static char *show_memory(const guint8 *data, size_t len)
{
    return show_number(data, len, FALSE);
}

static void cmd_in(const Command *c, char **args)
{
    guint64 addr;
    if (number(args[0], &addr)) {
        qtest_read(map_of(c), addr, c->size,
                   map_of(c) == address_map_io() ? show_port : show_memory);
    }
}

static gboolean range(char **args, guint64 *addr, guint64 *len)
{
    if (!number(args[0], addr) || !number(args[1], len)) {
        return FALSE;
    }
    if (*len > BYTES_MAX) {
        qtest_send("FAIL %s bytes are too many", args[1]);
        return FALSE;
    }
    return TRUE;
}

static char *show_hex(const guint8 *data, size_t len)
{
    GString *text = g_string_sized_new(6 + 2 * len);
    g_string_append(text, "OK 0x");
    for (size_t i = 0; i < len; i++) {
        g_string_append_c(text, "0123456789abcdef"[data[i] >> 4]);
        g_string_append_c(text, "0123456789abcdef"[data[i] & 15]);
    }
    return g_string_free(text, FALSE);
}

static char *show_base64(const guint8 *data, size_t len)
{
    g_autofree char *text = g_base64_encode(data, len);
    return g_strconcat("OK ", text, NULL);
}

static void cmd_read(const Command *c, char **args)
{
    guint64 addr, len;
    if (range(args, &addr, &len)) {
        qtest_read(map_of(c), addr, len,
                   g_str_has_prefix(c->name, "b64") ? show_base64 : show_hex);
    }
}

/* "0x" and two digits a byte; what is left away is zero, as in QEMU. */
static void cmd_write(const Command *c, char **args)
{
    guint64 addr, len;
    if (!range(args, &addr, &len)) {
        return;
    }
    g_autofree guint8 *buf = g_malloc0(len + 1);
    if (g_str_has_prefix(c->name, "b64")) {
        gsize n = 0;
        g_autofree guchar *data = g_base64_decode(args[2], &n);
        memcpy(buf, data, MIN(n, len));
    } else {
        const char *p = args[2] + (g_str_has_prefix(args[2], "0x") ? 2 : 0);
        for (guint64 i = 0; i < len; i++, p += 2) {
            if (!g_ascii_isxdigit(p[0]) || !g_ascii_isxdigit(p[1])) {
                break;
            }
            buf[i] =
                (guint8)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
        }
    }
    qtest_write(address_map_memory(), addr, buf, len);
}

static void cmd_memset(const Command *c, char **args)
{
    guint64 addr, len, value;
    if (!range(args, &addr, &len) || !number(args[2], &value)) {
        return;
    }
    g_autofree guint8 *buf = g_malloc(len + 1);
    memset(buf, (int)value, len);
    qtest_write(address_map_memory(), addr, buf, len);
}

/* Moves the clock, in as many turns as it takes; the next line waits. */
static void step_to(void *target)
{
    if (clock_qtest_step_to(*(gint64 *)target)) {
        g_free(target);
        qtest_send("OK %" PRIi64, clock_now(CLOCK_TYPE_VIRTUAL));
        qtest_resume();
    } else {
        event_loop_post(event_loop_main(), step_to, target);
    }
}

static void start_step(gint64 target)
{
    qtest_pause();
    step_to(g_memdup2(&target, sizeof(target)));
}

static void cmd_clock_step(const Command *c, char **args)
{
    guint64 step = 0;
    gint64 now = clock_now(CLOCK_TYPE_VIRTUAL), target;
    if (args[0]) {
        if (!number(args[0], &step)) {
            return;
        }
        if (step > G_MAXINT64 || __builtin_add_overflow(now, (gint64)step, &target)) {
            qtest_send("FAIL the clock cannot go that far");
            return;
        }
    } else {
        target = clock_next_virtual_deadline();
    }
    start_step(MAX(target, now));
}

static void cmd_clock_set(const Command *c, char **args)
{
    guint64 now;
    if (number(args[0], &now)) {
        start_step((gint64)MIN(now, (guint64)G_MAXINT64));
    }
}

/* Not QEMU's. "OK ADDRESS DATA" or "OK none": where an irqfd on the GSI would lead. */
static void cmd_gsi_route(const Command *c, char **args)
{
    guint64 gsi;
    if (!number(args[0], &gsi)) {
        return;
    }
    const MsiMessage *msg = qtest_gsi_route(gsi);
    if (msg) {
        qtest_send("OK 0x%" PRIx64 " 0x%x", (guint64)msg->address, msg->data);
    } else {
        qtest_send("OK none");
    }
}

/* Not QEMU's. "OK NAME=PEAK/BOUND/TOTAL ...": event/turn.h */
static void cmd_turns(const Command *c, char **args)
{
    g_autoptr(GString) text = g_string_new("OK");

    for (unsigned kind = 0; kind < TURN_KINDS; kind++) {
        TurnCounter t = turn_counter((TurnKind)kind);
        g_string_append_printf(text, " %s=%" PRIu64 "/%" PRIu64 "/%" PRIu64, t.name,
                               t.peak, t.bound, t.total);
    }
    qtest_send("%s", text->str);
}

static void cmd_endianness(const Command *c, char **args)
{
    qtest_send("OK little");
}

/* Interrupt lines */

typedef struct Pins {
    char *name;
    gboolean out;
    unsigned count; /* of inputs */
    void (*set)(void *opaque, unsigned n, int level);
    void *opaque;
} Pins;

static GArray *offered; /* Pins */
static struct {
    char *name;
    gboolean out;
    GHashTable *levels; /* lines that are up */
} intercept;

static void pins_clear(gpointer pins)
{
    g_free(((Pins *)pins)->name);
}

static void offer(Pins pins)
{
    if (!offered) {
        offered = g_array_new(FALSE, FALSE, sizeof(Pins));
        g_array_set_clear_func(offered, pins_clear);
    }
    g_array_append_val(offered, pins);
}

void qtest_offer_irq_inputs(const char *name, unsigned count,
                            void (*set)(void *opaque, unsigned n, int level),
                            void *opaque)
{
    offer((Pins){ g_strdup(name), FALSE, count, set, opaque });
}

void qtest_offer_irq_outputs(const char *name)
{
    offer((Pins){ .name = g_strdup(name), .out = TRUE });
}

/* "ioapic" means "/machine/ioapic" too. */
static gboolean same_name(const char *asked, const char *name)
{
    const char *last = strrchr(name, '/');
    return g_str_equal(asked, name) || (last && g_str_equal(asked, last + 1));
}

static const Pins *find_pins(const char *name, gboolean out)
{
    for (guint i = 0; offered && i < offered->len; i++) {
        const Pins *pins = &g_array_index(offered, Pins, i);
        if (pins->out == out && same_name(name, pins->name)) {
            return pins;
        }
    }
    qtest_send("FAIL Unknown device '%s'", name);
    return NULL;
}

static void cmd_intercept(const Command *c, char **args)
{
    gboolean out = g_str_has_suffix(c->name, "_out");
    const Pins *pins = find_pins(args[0], out);
    if (!pins) {
        return;
    }
    if (intercept.name && (intercept.out != out || !same_name(args[0], intercept.name))) {
        qtest_send("FAIL IRQ intercept already enabled");
        return;
    }
    if (!intercept.name) {
        intercept.name = g_strdup(pins->name);
        intercept.out = out;
        intercept.levels = g_hash_table_new(NULL, NULL);
    }
    qtest_send("OK");
}

/* set_irq_in NAME PIN N LEVEL; PIN names a group of inputs: only "unnamed-gpio-in". */
static void cmd_set_irq(const Command *c, char **args)
{
    guint64 n, level;
    const Pins *pins = find_pins(args[0], FALSE);
    if (!pins || !number(args[2], &n) || !number(args[3], &level)) {
        return;
    }
    if (n >= pins->count) {
        qtest_send("FAIL '%s' has no input %s", args[0], args[2]);
        return;
    }
    pins->set(pins->opaque, (unsigned)n, level != 0);
    qtest_send("OK");
}

static void report(const char *name, gboolean out, unsigned n, int level)
{
    if (!intercept.name || intercept.out != out || !g_str_equal(name, intercept.name)) {
        return;
    }
    gpointer key = GUINT_TO_POINTER(n + 1);
    if (level ? g_hash_table_add(intercept.levels, key)
              : g_hash_table_remove(intercept.levels, key)) {
        qtest_send("IRQ %s %u", level ? "raise" : "lower", n);
    }
}

void qtest_irq_in(const char *name, unsigned n, int level)
{
    report(name, FALSE, n, level);
}

void qtest_irq_out(const char *name, unsigned n, int level)
{
    report(name, TRUE, n, level);
}

void qtest_commands_reset(void)
{
    g_clear_pointer(&intercept.name, g_free);
    g_clear_pointer(&intercept.levels, g_hash_table_unref);
}

void qtest_commands_cleanup(void)
{
    g_clear_pointer(&offered, g_array_unref);
}

static const Command commands[] = {
    { "outb", 2, 0, cmd_out, 1 },
    { "outw", 2, 0, cmd_out, 2 },
    { "outl", 2, 0, cmd_out, 4 },
    { "inb", 1, 0, cmd_in, 1 },
    { "inw", 1, 0, cmd_in, 2 },
    { "inl", 1, 0, cmd_in, 4 },
    { "writeb", 2, 0, cmd_out, 1 },
    { "writew", 2, 0, cmd_out, 2 },
    { "writel", 2, 0, cmd_out, 4 },
    { "writeq", 2, 0, cmd_out, 8 },
    { "readb", 1, 0, cmd_in, 1 },
    { "readw", 1, 0, cmd_in, 2 },
    { "readl", 1, 0, cmd_in, 4 },
    { "readq", 1, 0, cmd_in, 8 },
    { "read", 2, 0, cmd_read, 0 },
    { "write", 3, 0, cmd_write, 0 },
    { "b64read", 2, 0, cmd_read, 0 },
    { "b64write", 3, 0, cmd_write, 0 },
    { "memset", 3, 0, cmd_memset, 0 },
    { "clock_step", 0, 1, cmd_clock_step, 0 },
    { "clock_set", 1, 0, cmd_clock_set, 0 },
    { "gsi_route", 1, 0, cmd_gsi_route, 0 },
    { "turns", 0, 0, cmd_turns, 0 },
    { "endianness", 0, 0, cmd_endianness, 0 },
    { "irq_intercept_in", 1, 0, cmd_intercept, 0 },
    { "irq_intercept_out", 1, 0, cmd_intercept, 0 },
    { "set_irq_in", 4, 0, cmd_set_irq, 0 },
};

/* What a layer above has offered: one command so far. */
static struct {
    const char *name;
    char *(*run)(char **args);
} offered_command;

void qtest_offer_command(const char *name, char *(*run)(char **args))
{
    offered_command.name = name;
    offered_command.run = run;
}

gboolean qtest_is_offered(const char *line)
{
    gsize n = offered_command.name ? strlen(offered_command.name) : 0;
    return n && strncmp(line, offered_command.name, n) == 0 && line[n] == ' ';
}

void qtest_command(char **words)
{
    guint n = g_strv_length(words) - 1;
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        const Command *c = &commands[i];
        if (!g_str_equal(c->name, words[0])) {
            continue;
        }
        if (n < c->args || n > c->args + c->optional) {
            qtest_send("FAIL '%s' takes %u arguments", c->name, c->args + c->optional);
        } else {
            c->run(c, words + 1);
        }
        return;
    }
    if (g_strcmp0(offered_command.name, words[0]) == 0) {
        g_autofree char *reply = offered_command.run(words + 1);
        qtest_send("%s", reply);
        return;
    }
    qtest_send("FAIL Unknown command '%s'", words[0]);
}
