/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/virtio-common.h"

#include <linux/virtio_mmio.h>
#include <string.h>

static QTest *vm;

void qtest_bus_set(QTest *q)
{
    vm = q;
}

static guint32 bus_read32(guint64 addr)
{
    return qtest_readl(vm, addr);
}

static void bus_write32(guint64 addr, guint32 value)
{
    qtest_writel(vm, addr, value);
}

/* Any answer takes the emulator through its loop. */
static void bus_wait(void)
{
    qtest_readl(vm, SLOT(0));
}

static void mem_read(guint64 addr, void *buf, gsize len)
{
    qtest_memread(vm, addr, buf, len);
}

static void mem_write(guint64 addr, const void *buf, gsize len)
{
    qtest_memwrite(vm, addr, buf, len);
}

const GuestBus qtest_bus = { bus_read32, bus_write32, bus_wait, { mem_read, mem_write } };

char *make_image(const char *dir, const char *name, gsize size, int fill)
{
    char *path = g_build_filename(dir, name, NULL);
    g_autofree char *data = g_malloc(size);

    memset(data, fill, size);
    g_assert_true(g_file_set_contents(path, data, size, NULL));
    return path;
}

void qmp(QTest *q, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    json_node_unref(qtest_qmp_ok(q, "%s", text));
}

void wait_event(QTest *q, const char *name)
{
    json_object_unref(qtest_event_wait(q, name));
}

guint64 blk_capacity(VirtioDriver *d)
{
    return virtio_driver_read(d, VIRTIO_MMIO_CONFIG) |
           (guint64)virtio_driver_read(d, VIRTIO_MMIO_CONFIG + 4) << 32;
}

static char *testing(QTest *q, const char *command)
{
    g_autofree char *line = g_strdup_printf("block %s", command);
    char *reply = qtest_command_line(q, line);

    g_assert_true(g_str_has_prefix(reply, "OK"));
    return reply;
}

void block_testing(QTest *q, const char *command)
{
    g_free(testing(q, command));
}

static guint64 count(QTest *q, const char *node, unsigned word)
{
    g_autofree char *command = g_strdup_printf("%s count", node);
    g_autofree char *reply = testing(q, command);
    g_auto(GStrv) words = g_strsplit(reply, " ", 0);

    g_assert_cmpuint(g_strv_length(words), ==, 3);
    return g_ascii_strtoull(words[word], NULL, 10);
}

guint64 blocks_held(QTest *q, const char *node)
{
    return count(q, node, 1);
}

guint64 blocks_seen(QTest *q, const char *node)
{
    return count(q, node, 2);
}
