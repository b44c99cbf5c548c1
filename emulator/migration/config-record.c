/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CONFIG record: a list of "key=value" lines in which both sides must agree (but
 * for the CPU's features: cpu-record.c).
 * Each line is u32 length, text. The order is that of creation, which the command
 * line fixes; the check compares as sets, so that a device plugged at run time may
 * be given on the destination's command line.
 */
#include <string.h>

#include "device/device.h"
#include "machine/machine.h"
#include "memory/ram.h"
#include "migration/stream.h"
#include "util/error.h"

#define LINE_MAX_LENGTH 4096

typedef struct RamLines {
    GPtrArray *lines;
    unsigned index;
} RamLines;

/* The index is how RAM records name the block. */
static void add_ram(RamBlock *block, void *opaque)
{
    RamLines *r = opaque;

    g_ptr_array_add(r->lines,
                    g_strdup_printf("RAM block %u %s=%" G_GUINT64_FORMAT " bytes%s",
                                    r->index++, block->name, block->size,
                                    block->readonly ? ", read-only" : ""));
}

static void add_device(Device *dev, void *opaque)
{
    g_ptr_array_add(opaque,
                    g_strdup_printf("device %s=%s on %s", dev->path, dev->klass->name,
                                    dev->bus ? dev->bus->name : "the board"));
    g_autoptr(GPtrArray) properties = device_guest_properties(dev);
    for (guint i = 0; i < properties->len; i++) {
        g_autofree char *text = g_strescape(properties->pdata[i], NULL);

        g_ptr_array_add(opaque, g_strdup_printf("device %s: %.1024s", dev->path, text));
    }
}

static GPtrArray *config_lines(void)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    RamLines ram = { .lines = lines };

    g_ptr_array_add(lines, g_strdup_printf("machine=%s", machine_current()->name));
    g_ptr_array_add(lines, g_strdup_printf("cpus=%u", machine_cpus()));
    mig_cpu_add_equal(lines);
    ram_block_foreach(add_ram, &ram);
    device_foreach(add_device, lines);
    return lines;
}

GBytes *mig_config_save(GError **errp)
{
    g_autoptr(GPtrArray) lines = config_lines();
    g_autoptr(GByteArray) out = g_byte_array_new();

    mig_cpu_add_features(lines);
    for (guint i = 0; i < lines->len; i++) {
        gsize len = strlen(lines->pdata[i]);
        guint32 le = GUINT32_TO_LE((guint32)len);

        if (len > LINE_MAX_LENGTH) {
            error_set(errp,
                      "Section 'config' of the migration stream: '%.100s...' has %zu "
                      "bytes, the limit is %d",
                      (char *)lines->pdata[i], len, LINE_MAX_LENGTH);
            return NULL;
        }
        g_byte_array_append(out, (guint8 *)&le, sizeof(le));
        g_byte_array_append(out, lines->pdata[i], len);
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

/* The sender's lines as a set; NULL when they are malformed. */
static GHashTable *parse_lines(GBytes *payload, GError **errp)
{
    g_autoptr(GHashTable) set =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gsize left;
    const guint8 *p = g_bytes_get_data(payload, &left);

    while (left) {
        guint32 len = 0;

        if (left >= sizeof(len)) {
            memcpy(&len, p, sizeof(len));
            len = GUINT32_FROM_LE(len);
        }
        if (len == 0 || len > LINE_MAX_LENGTH || len > left - sizeof(len) ||
            memchr(p + sizeof(len), 0, len)) {
            g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                                "Section 'config' of the migration stream is malformed");
            return NULL;
        }
        g_hash_table_add(set, g_strndup((const char *)p + sizeof(len), len));
        p += sizeof(len) + len;
        left -= sizeof(len) + len;
    }
    return g_steal_pointer(&set);
}

gboolean mig_config_check(GBytes *payload, GError **errp)
{
    g_autoptr(GPtrArray) mine = config_lines();
    g_autoptr(GHashTable) theirs = parse_lines(payload, errp);
    GHashTableIter iter;
    gpointer line;

    if (!theirs) {
        return FALSE;
    }
    for (guint i = 0; i < mine->len; i++) {
        if (!g_hash_table_remove(theirs, mine->pdata[i])) {
            g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                        "The source VM does not have: %s", (char *)mine->pdata[i]);
            return FALSE;
        }
    }
    if (!mig_cpu_check_features(theirs, errp)) {
        return FALSE;
    }
    g_hash_table_iter_init(&iter, theirs);
    if (g_hash_table_iter_next(&iter, &line, NULL)) {
        g_autofree char *shown = error_printable(line, strlen(line));

        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                    "This VM does not have what the source has: %s", shown);
        return FALSE;
    }
    return TRUE;
}
