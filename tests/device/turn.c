/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/turn.h"

#include <stdio.h>
#include <string.h>

Turn turn_of(QTest *q, const char *name)
{
    g_autofree char *line = qtest_command_line(q, "turns");
    g_autofree char *key = g_strdup_printf(" %s=", name);
    const char *at = strstr(line, key);
    Turn t;

    g_assert_nonnull(at);
    g_assert_cmpint(sscanf(at + strlen(key),
                           "%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT
                           "/%" G_GUINT64_FORMAT,
                           &t.peak, &t.bound, &t.total),
                    ==, 3);
    return t;
}

void turn_check(QTest *q, const char *name, guint64 fed, guint64 limit)
{
    Turn t = turn_of(q, name);

    g_test_message("%s: peak %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                   ", total %" G_GUINT64_FORMAT,
                   name, t.peak, t.bound, t.total);
    g_assert_cmpuint(t.peak, >, 0);
    g_assert_cmpuint(t.total, >=, fed);
    g_assert_cmpuint(fed, >, t.bound); /* or the bound could not show */
    g_assert_cmpuint(t.peak, <=, t.bound);
    g_assert_cmpuint(t.bound, <=, limit);
}
