/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between this release and the next, which has one row more of each kind
 * (tests/device/next): a VM that does not use what is new goes both ways; one that does
 * is refused where it is not known, by name, and goes on where it was.
 */
#include "config.h"

#include <string.h>

#include "tests/device/qtest.h"

typedef enum Release { OLD, NEXT } Release;

static char *builds[2];

static QTest *start(Release release, const char *options, const char *incoming)
{
    g_setenv("builddir", builds[release], TRUE);
    return qtest_start("-M microvm -m 16 -nodefaults -device isa-serial,id=com%s %s",
                       options, incoming);
}

/* Until the migration has ended: its state, and why it failed. */
static const char *wait_end(QTest *q, char **why)
{
    for (;;) {
        g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"query-migrate\"}");
        JsonObject *o = json_node_get_object(info);
        const char *status = json_object_has_member(o, "status")
                                 ? json_object_get_string_member(o, "status")
                                 : "none";

        if (strcmp(status, "completed") == 0 || strcmp(status, "failed") == 0) {
            *why = json_object_has_member(o, "error-desc")
                       ? g_strdup(json_object_get_string_member(o, "error-desc"))
                       : g_strdup("");
            return g_intern_string(status);
        }
    }
}

static void assert_status(QTest *q, const char *expected)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"query-status\"}");

    g_assert_cmpstr(json_object_get_string_member(json_node_get_object(info), "status"),
                    ==, expected);
}

/* Migrates; returns the destination, or NULL when it refused: *why says what. */
static QTest *migrate(QTest *from, Release release, const char *options, char **why)
{
    g_autofree char *uri = g_strdup_printf("unix:%s/stream", qtest_dir(from));
    g_autofree char *incoming = g_strconcat("-incoming ", uri, NULL), *there = NULL;
    QTest *to = start(release, options, incoming);

    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"%s\"}}", uri));
    if (strcmp(wait_end(from, why), "completed") == 0) {
        g_assert_cmpstr(wait_end(to, &there), ==, "completed");
        json_object_unref(qtest_event_wait(to, "RESUME"));
        return to;
    }
    wait_end(to, &there);
    assert_status(from, "running");
    assert_status(to, "inmigrate");
    qtest_stop(to);
    return NULL;
}

static const struct Case {
    const char *name;
    Release from, to;
    const char *source, *destination;
    const char *why; /* NULL: it goes */
} cases[] = {
    { "old-to-next", OLD, NEXT, "", "", NULL },
    { "next-to-old", NEXT, OLD, "", "", NULL },
    { "next-to-next", NEXT, NEXT, ",next=9,next-state=8", ",next=9", NULL },
    { "default-said", NEXT, OLD, ",next=7,next-state=5", "", NULL },
    { "property-unknown", NEXT, OLD, ",next=9", "",
      "device /machine/peripheral/com next=9" },
    { "property-here", OLD, NEXT, "", ",next=9",
      "does not have: device /machine/peripheral/com next=9" },
    { "property-differs", NEXT, NEXT, ",next=9", ",next=10",
      "device /machine/peripheral/com next=9" },
    { "state-unknown", NEXT, OLD, ",next-state=8", "",
      "Section 'isa-serial', field 'next-state': unknown" },
};

static void test_row(gconstpointer data)
{
    const struct Case *c = data;
    QTest *from = start(c->from, c->source, ""), *to;
    g_autofree char *why = NULL;

    to = migrate(from, c->to, c->destination, &why);
    g_test_message("%s", why);
    if (c->why) {
        g_assert_null(to);
        g_assert_nonnull(strstr(why, c->why));
    } else {
        g_assert_cmpstr(why, ==, "");
        g_assert_nonnull(to);
        qtest_stop(to);
    }
    qtest_stop(from);
}

/* The value itself moves, and replaces what the destination had. */
static void test_value(void)
{
    QTest *first = start(NEXT, ",next-state=8", ""), *second, *third;
    g_autofree char *why = NULL, *refused = NULL;

    second = migrate(first, NEXT, "", &why);
    g_assert_nonnull(second);
    qtest_stop(first);
    g_assert_null(migrate(second, OLD, "", &refused));
    g_assert_nonnull(strstr(refused, "next-state"));
    qtest_stop(second);

    g_clear_pointer(&why, g_free);
    first = start(OLD, "", "");
    second = migrate(first, NEXT, ",next-state=8", &why);
    g_assert_nonnull(second);
    g_clear_pointer(&why, g_free);
    third = migrate(second, OLD, "", &why);
    g_assert_cmpstr(why, ==, "");
    g_assert_nonnull(third);
    qtest_stop(first);
    qtest_stop(second);
    qtest_stop(third);
}

int main(int argc, char **argv)
{
    const char *dir = g_getenv("builddir");

    g_test_init(&argc, &argv, NULL);
    builds[OLD] = g_strdup(dir ? dir : ".");
    builds[NEXT] = g_build_filename(builds[OLD], "tests/device/next", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/migration/row/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_row);
    }
    g_test_add_func("/migration/row/value", test_value);
    int ret = g_test_run();
    g_free(builds[OLD]);
    g_free(builds[NEXT]);
    return ret;
}
