/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the board's devices share. */
#ifndef VIREO_TESTS_BOARD_H
#define VIREO_TESTS_BOARD_H

#include <string.h>

#include "tests/device/qtest.h"

/* A command without arguments that must succeed. */
static inline void board_qmp(QTest *q, const char *command)
{
    json_node_unref(qtest_qmp_ok(q, "{\"execute\": \"%s\"}", command));
}

static inline void board_wait(QTest *q, const char *event)
{
    json_object_unref(qtest_event_wait(q, event));
}

static inline void board_reset(QTest *q)
{
    board_qmp(q, "system_reset");
    board_wait(q, "RESET");
}

/* The VM goes on in the one returned, which options describe. */
static inline QTest *board_migrate(QTest *from, const char *options)
{
    g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
    QTest *to = qtest_start("%s -incoming unix:%s", options, path);
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
    qtest_wait_migrated(from);
    board_wait(to, "RESUME");
    return to;
}

/* A command line that ends with 1 and this message. */
static inline void board_refuses(const char *options, const char *message)
{
    g_autofree char *args = g_strdup_printf("-accel qtest %s", options);
    g_autofree char *said = NULL;

    g_assert_cmpint(qtest_run(args, &said), ==, 1);
    if (!strstr(said, message)) {
        g_error("%s: '%s' does not say '%s'", options, said, message);
    }
}

/* Asks the emulator something, so that all it has said before has come. */
static inline void board_sync(QTest *q)
{
    g_free(qtest_command_line(q, "endianness"));
}

static inline gboolean board_irq(QTest *q, unsigned n)
{
    board_sync(q);
    return qtest_get_irq(q, n);
}

/* How often the line has gone up since the last call with this counter. */
static inline guint64 board_irq_raised(QTest *q, unsigned n, guint64 *seen)
{
    guint64 before = *seen;

    board_sync(q);
    *seen = qtest_irq_raised(q, n);
    return *seen - before;
}

#endif
