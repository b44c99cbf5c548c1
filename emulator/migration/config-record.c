/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CONFIG record: rows of "key=value" in which both sides must agree.
 *
 *   row:  u32 length of the text, u32 flags (1: a reader that does not know the key goes
 *         on), text; a key is there once
 *
 *   emulator=NAME VERSION         who writes; may be skipped
 *   machine=NAME                  with its version, which fixes all defaults
 *   cpus=N
 *   RAM block NAME=N bytes[, read-only]
 *                                 RAM records name it by its place among these rows
 *   device PATH=CLASS on BUS
 *   device PATH PROPERTY=VALUE    that the guest sees, where it is not the default; what
 *                                 is no property (guest_facts) comes first
 *   CPUID ...                     cpu-record.c
 *
 * What is said must be so here too; of what is not said, properties must have their
 * defaults, and the rest must not be here. The order means nothing but for RAM: a device
 * or DIMM plugged at run time may be given on the destination's command line.
 */
#include "config.h"

#include <string.h>

#include "device/device.h"
#include "machine/machine.h"
#include "memory/ram.h"
#include "migration/stream.h"
#include "util/error.h"

#define ROW_MAX_LENGTH 4096
#define MAY_SKIP       1u
#define RAM_KEY        "RAM block "
#define EMULATOR_KEY   "emulator"

typedef struct Row {
    char *key, *value;
    gboolean is_default; /* here: not said */
    guint32 flags;
} Row;

/* Rows in order, and where to find them. */
typedef struct Rows {
    GPtrArray *list;    /* Row, owned */
    GHashTable *by_key; /* borrowed; those that are still to be compared */
} Rows;

static void row_free(gpointer data)
{
    Row *row = data;

    g_free(row->key);
    g_free(row->value);
    g_free(row);
}

static Rows *rows_new(void)
{
    Rows *rows = g_new0(Rows, 1);

    rows->list = g_ptr_array_new_with_free_func(row_free);
    rows->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    return rows;
}

static void rows_free(Rows *rows)
{
    g_hash_table_unref(rows->by_key);
    g_ptr_array_unref(rows->list);
    g_free(rows);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rows, rows_free)

/* Takes key and value; NULL: the key is there already. */
static Row *rows_add(Rows *rows, char *key, char *value)
{
    Row *row = g_new0(Row, 1);

    row->key = key;
    row->value = value;
    g_ptr_array_add(rows->list, row);
    return g_hash_table_insert(rows->by_key, row->key, row) ? row : NULL;
}

/* --- what is here --- */

static void add_ram(RamBlock *block, void *opaque)
{
    rows_add(opaque, g_strconcat(RAM_KEY, block->name, NULL),
             g_strdup_printf("%" G_GUINT64_FORMAT " bytes%s", block->size,
                             block->readonly ? ", read-only" : ""));
}

typedef struct DeviceRows {
    Rows *rows;
    const Device *dev;
} DeviceRows;

static void add_property(const char *name, const char *value, const char *def,
                         void *opaque)
{
    DeviceRows *d = opaque;
    g_autofree char *text = g_strescape(value, NULL);
    Row *row = rows_add(d->rows, g_strdup_printf("device %s %s", d->dev->path, name),
                        g_strdup_printf("%.1024s", text));

    if (row) {
        row->is_default = strcmp(value, def) == 0;
    }
}

static void add_facts(Device *dev, void *opaque)
{
    DeviceRows d = { opaque, dev };

    device_foreach_guest_fact(dev, add_property, &d);
}

static void add_device(Device *dev, void *opaque)
{
    DeviceRows d = { opaque, dev };

    rows_add(opaque, g_strdup_printf("device %s", dev->path),
             g_strdup_printf("%s on %s", dev->klass->name,
                             dev->bus ? dev->bus->name : "the board"));
    device_foreach_guest_property(dev, add_property, &d);
}

/* All but those about CPUID, which are more than a matter of being equal. */
static Rows *own_rows(void)
{
    Rows *rows = rows_new();

    rows_add(rows, g_strdup("machine"), g_strdup(machine_current()->name));
    rows_add(rows, g_strdup("cpus"), g_strdup_printf("%u", machine_cpus()));
    ram_block_foreach(add_ram, rows);
    device_foreach(add_facts, rows);
    device_foreach(add_device, rows);
    return rows;
}

/* --- writing --- */

static gboolean put_row(GByteArray *out, const Row *row, GError **errp)
{
    g_autofree char *text = g_strconcat(row->key, "=", row->value, NULL);
    gsize len = strlen(text);
    guint32 head[2] = { GUINT32_TO_LE((guint32)len), GUINT32_TO_LE(row->flags) };

    if (len > ROW_MAX_LENGTH) {
        return error_set(errp,
                         "Section 'config' of the migration stream: '%.100s...' has %zu "
                         "bytes, the limit is %d",
                         text, len, ROW_MAX_LENGTH);
    }
    g_byte_array_append(out, (guint8 *)head, sizeof(head));
    g_byte_array_append(out, (const guint8 *)text, len);
    return TRUE;
}

static void add_cpu_row(const char *key, const char *value, void *opaque)
{
    rows_add(opaque, g_strdup(key), g_strdup(value));
}

GBytes *mig_config_save(GError **errp)
{
    g_autoptr(Rows) rows = own_rows();
    g_autoptr(GByteArray) out = g_byte_array_new();

    mig_cpu_foreach_row(add_cpu_row, rows);
    rows_add(rows, g_strdup(EMULATOR_KEY), g_strdup(PACKAGE_STRING))->flags = MAY_SKIP;
    for (guint i = 0; i < rows->list->len; i++) {
        const Row *row = rows->list->pdata[i];

        if (!row->is_default && !put_row(out, row, errp)) {
            return NULL;
        }
    }
    if (out->len > MIG_PAYLOAD_MAX) {
        error_set(errp,
                  "Section 'config' of the migration stream has %u bytes, the "
                  "limit is %u",
                  out->len, MIG_PAYLOAD_MAX);
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

/* --- reading --- */

static gboolean refuse(GError **errp, const char *what, const char *key,
                       const char *value)
{
    g_autofree char *text = g_strconcat(key, value ? "=" : "", value, NULL);
    g_autofree char *shown = error_printable(text, strlen(text));

    g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED, "%s: %s", what, shown);
    return FALSE;
}

static gboolean malformed(GError **errp)
{
    g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                        "Section 'config' of the migration stream is malformed");
    return FALSE;
}

/* One row from *p, of which *left bytes are there. */
static gboolean parse_row(Rows *rows, const guint8 **p, gsize *left, GError **errp)
{
    guint32 head[2], len;
    const char *text, *equals;
    Row *row;

    if (*left < sizeof(head)) {
        return malformed(errp);
    }
    memcpy(head, *p, sizeof(head));
    *left -= sizeof(head);
    len = GUINT32_FROM_LE(head[0]);
    text = (const char *)*p + sizeof(head);
    equals = len <= *left ? memchr(text, '=', len) : NULL;
    if (len > ROW_MAX_LENGTH || !equals || memchr(text, 0, len)) {
        return malformed(errp);
    }
    row = rows_add(rows, g_strndup(text, equals - text),
                   g_strndup(equals + 1, text + len - equals - 1));
    if (!row) {
        g_autofree char *key = g_strndup(text, equals - text);

        return refuse(errp, "Section 'config' of the migration stream has it twice", key,
                      NULL);
    }
    row->flags = GUINT32_FROM_LE(head[1]);
    if (row->flags & ~MAY_SKIP) {
        return refuse(errp, "Section 'config' of the migration stream: unknown flags",
                      row->key, row->value);
    }
    *left -= len;
    *p += sizeof(head) + len;
    return TRUE;
}

static Rows *parse_rows(GBytes *payload, GError **errp)
{
    g_autoptr(Rows) rows = rows_new();
    gsize left;
    const guint8 *p = g_bytes_get_data(payload, &left);

    while (left) {
        if (!parse_row(rows, &p, &left, errp)) {
            return NULL;
        }
    }
    return g_steal_pointer(&rows);
}

/* One of ours against what the sender says of it. */
static gboolean check_own(Rows *theirs, const Row *mine, GError **errp)
{
    const Row *said = g_hash_table_lookup(theirs->by_key, mine->key);

    if (!said) {
        return mine->is_default ||
               refuse(errp, "The source VM does not have", mine->key, mine->value);
    }
    if (strcmp(said->value, mine->value) != 0) {
        g_autofree char *what =
            g_strdup_printf("This VM has %s=%s, but the source", mine->key, mine->value);

        return refuse(errp, what, said->key, said->value);
    }
    g_hash_table_remove(theirs->by_key, mine->key);
    return TRUE;
}

/* What none of ours has been compared with. */
static gboolean check_rest(Rows *theirs, GError **errp)
{
    const Row *emulator = g_hash_table_lookup(theirs->by_key, EMULATOR_KEY);
    const char *who = emulator ? emulator->value : "unnamed";
    g_autofree char *shown = error_printable(who, strlen(who));

    for (guint i = 0; i < theirs->list->len; i++) {
        const Row *row = theirs->list->pdata[i];
        g_autofree char *what = NULL;
        gboolean known;

        if (!g_hash_table_contains(theirs->by_key, row->key)) {
            continue;
        }
        if (!mig_cpu_check_row(row->key, row->value, &known, errp)) {
            return FALSE;
        }
        if (known || ((row->flags & MAY_SKIP) && !g_str_has_prefix(row->key, RAM_KEY))) {
            continue;
        }
        what = g_strdup_printf("This VM does not have what the source (%s) has", shown);
        return refuse(errp, what, row->key, row->value);
    }
    return TRUE;
}

static GPtrArray *list_blocks(const Rows *theirs)
{
    GPtrArray *blocks = g_ptr_array_new_with_free_func((GDestroyNotify)ram_block_unref);

    for (guint i = 0; i < theirs->list->len; i++) {
        const Row *row = theirs->list->pdata[i];

        if (g_str_has_prefix(row->key, RAM_KEY)) {
            RamBlock *block = ram_block_find(row->key + strlen(RAM_KEY));

            g_ptr_array_add(blocks, ram_block_ref(block)); /* there: it is equal */
        }
    }
    return blocks;
}

GPtrArray *mig_config_check(GBytes *payload, GError **errp)
{
    g_autoptr(Rows) mine = own_rows(), theirs = parse_rows(payload, errp);

    if (!theirs) {
        return NULL;
    }
    for (guint i = 0; i < mine->list->len; i++) {
        if (!check_own(theirs, mine->list->pdata[i], errp)) {
            return NULL;
        }
    }
    return check_rest(theirs, errp) ? list_blocks(theirs) : NULL;
}
