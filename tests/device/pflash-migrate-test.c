/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The q35's flash in a migration: its content moves, and is in the destination's image
 * before the VM goes on there.
 */
#include "config.h"

#include "tests/device/pflash.h"

static QTest *destination(QTest *from, const char *args)
{
    return qtest_start("%s -incoming unix:%s/stream", args, qtest_dir(from));
}

static void send_to(QTest *from)
{
    json_node_unref(qtest_qmp_ok(from,
                                 "{\"execute\": \"migrate\", "
                                 "\"arguments\": {\"uri\": \"unix:%s/stream\"}}",
                                 qtest_dir(from)));
    qtest_wait_migrated(from);
}

static QTest *move(QTest *from, const char *args)
{
    QTest *to = destination(from, args);

    send_to(from);
    board_wait(to, "RESUME");
    qtest_stop(from);
    return to;
}

/* In the midst of commands; into the other host's image comes what was in this one's. */
static void test_migrate(void)
{
    QTest *q = start();
    g_autofree char *args = drives("vars2", "");
    g_autofree char *board_args = g_strconcat(BOARD, args, NULL);

    program(q, VARS + 0x1000, 0xa5);
    fill_buffer(q, VARS + 0x2000, 4, 0x40);
    qtest_writeb(q, CODE, 0x70);
    make_image("vars2", VARS_SIZE, 9);
    q = move(q, board_args);
    g_assert_cmphex(qtest_readb(q, CODE), ==, READY);
    g_assert_cmphex(qtest_readb(q, VARS), ==, READY);
    qtest_writeb(q, VARS + 0x2000, 0xd0); /* confirms what was begun there */
    qtest_writeb(q, VARS, 0xff);
    g_assert_cmphex(qtest_readl(q, VARS + 0x2000), ==, 0x43424140);
    g_assert_cmphex(qtest_readb(q, VARS + 0x1000), ==, 0xa5);
    g_assert_cmphex(qtest_readb(q, VARS + 0x1001), ==, pattern(0x1001, 5));
    g_assert_cmphex(image_byte("vars2", 0x1000), ==, 0xa5);
    g_assert_cmphex(image_byte("vars2", 0x2000), ==, 0x40);
    g_assert_cmphex(image_byte("vars2", 0x8000), ==, pattern(0x8000, 5));
    g_assert_cmphex(image_byte("vars", 0x2000), ==, pattern(0x2000, 5));
    qtest_writeb(q, CODE, 0xff);
    check_array(q, CODE, CODE_SIZE, 7);
    qtest_stop(q);
}

/* The same image on both sides: the source has it until it has given it away. */
static void test_migrate_shared(void)
{
    QTest *q = start();
    g_autofree char *args = drives("vars", "");
    g_autofree char *board_args = g_strconcat(BOARD, args, NULL);

    program(q, VARS + 0x1000, 0xa5);
    qtest_writeb(q, VARS, 0xff);
    for (guint8 i = 1; i < 3; i++) {
        q = move(q, board_args);
        g_assert_cmphex(qtest_readb(q, VARS + 0x1000), ==, 0xa5);
        program(q, VARS + 0x1000 + i, i);
        g_assert_cmphex(image_byte("vars", 0x1000u + i), ==, i);
        qtest_writeb(q, VARS, 0xff);
    }
    qtest_stop(q);
}

static const char *get_status(QTest *q, const char *command)
{
    g_autoptr(JsonNode) info = qtest_qmp_ok(q, "{\"execute\": \"%s\"}", command);
    JsonObject *o = json_node_get_object(info);
    return json_object_has_member(o, "status")
               ? g_intern_string(json_object_get_string_member(o, "status"))
               : "none";
}

static gboolean is_active(QTest *q, const char *node)
{
    g_autoptr(JsonNode) list =
        qtest_qmp_ok(q, "{\"execute\": \"query-named-block-nodes\"}");
    JsonArray *nodes = json_node_get_array(list);

    for (guint i = 0; i < json_array_get_length(nodes); i++) {
        JsonObject *info = json_array_get_object_element(nodes, i);
        if (g_str_equal(json_object_get_string_member(info, "node-name"), node)) {
            return json_object_get_boolean_member(info, "active");
        }
    }
    g_error("there is no node '%s'", node);
}

/* A VM that has 0xa5 at 0x1000 is to come into "vars2", which is behind x-test. */
static QTest *start_move(QTest **to, const char *options)
{
    g_autofree char *args = held_board("vars2");
    g_autofree char *all = g_strdup_printf("%s %s", args, options);
    QTest *from = start();

    program(from, VARS + 0x1000, 0xa5);
    make_image("vars2", VARS_SIZE, 9);
    *to = destination(from, all);
    return from;
}

static void check_moved(QTest *to)
{
    g_assert_cmphex(image_byte("vars2", 0x1000), ==, 0xa5);
    g_assert_cmphex(image_byte("vars2", 0x8000), ==, pattern(0x8000, 5));
    g_assert_cmphex(qtest_readb(to, VARS), ==, READY);
}

/* The VM does not go on before its variables are in the file, and on stable storage. */
static void test_migrate_held(void)
{
    QTest *to, *from = start_move(&to, "");

    testing(to, "hold");
    send_to(from);
    qtest_stop(from);
    for (int i = 0; i < 2; i++) {
        wait_held(to, 1); /* the write, the flush */
        g_assert_cmpstr(get_status(to, "query-status"), ==, "paused");
        g_assert_false(qtest_event_seen(to, "RESUME"));
        g_assert_cmphex(image_byte("vars2", 0x1000), ==, i ? 0xa5 : pattern(0x1000, 9));
        testing(to, i ? "release" : "release 1");
    }
    board_wait(to, "RESUME");
    check_moved(to);
    qtest_stop(to);
}

/* Where that fails the VM stays stopped, without the images; cont tries again. */
static void test_migrate_failing(void)
{
    static const char *const failures[][2] = {
        { "fail write 0 65536 EIO 1", "Input/output error" },
        { "fail write 0 65536 ENOSPC 1", "No space left on device" },
        { "fail flush 0 65536 EIO 1", "Input/output error" },
    };
    QTest *to, *from = start_move(&to, "-S");

    send_to(from);
    qtest_wait_migrated(to);
    for (guint i = 0; i < G_N_ELEMENTS(failures); i++) {
        testing(to, failures[i][0]);
        g_autofree char *error = qtest_qmp_fails(to, "{\"execute\": \"cont\"}");
        g_autofree char *expected = g_strdup_printf(
            "Node 'n': its content could not be written: %s", failures[i][1]);
        g_assert_cmpstr(error, ==, expected);
        g_assert_cmpstr(get_status(to, "query-status"), ==, "paused");
        g_assert_false(is_active(to, "n") || is_active(to, "c"));
    }
    board_qmp(to, "cont");
    g_assert_true(is_active(to, "n") && is_active(to, "c"));
    check_moved(to);
    qtest_stop(to);
    /* back at the source */
    board_qmp(from, "cont");
    g_assert_cmphex(qtest_readb(from, VARS), ==, READY);
    qtest_stop(from);
}

/* The same without -S. */
static void test_migrate_failing_start(void)
{
    QTest *to, *from = start_move(&to, "");

    testing(to, "fail write 0 65536 EIO 1");
    testing(to, "hold");
    send_to(from);
    qtest_stop(from);
    wait_held(to, 1);
    testing(to, "release 1");
    wait_held(to, 1);
    g_assert_true(is_active(to, "n"));
    testing(to, "release");
    while (is_active(to, "n")) {
    }
    g_assert_cmpstr(get_status(to, "query-status"), ==, "paused");
    g_assert_cmphex(image_byte("vars2", 0x1000), ==, pattern(0x1000, 9));
    board_qmp(to, "cont");
    board_wait(to, "RESUME");
    check_moved(to);
    qtest_stop(to);
}

/* Flash of another size, or none: the source keeps the VM, and the image. */
static void test_migrate_refused(void)
{
    static const char *const others[] = { "vars2", NULL };

    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        QTest *from = start();
        g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
        make_image("vars2", VARS_SIZE / 2, 9);
        g_autofree char *args = others[i] ? drives(others[i], "") : g_strdup("");
        QTest *to = qtest_start(BOARD "%s -incoming unix:%s", args, path);
        json_node_unref(qtest_qmp_ok(
            from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}",
            path));
        while (!g_str_equal(get_status(from, "query-migrate"), "failed")) {
            g_assert_cmpstr(get_status(from, "query-migrate"), !=, "completed");
        }
        while (!g_str_equal(get_status(from, "query-status"), "running")) {
        }
        program(from, VARS, 0x66);
        g_assert_cmphex(image_byte("vars", 0), ==, 0x66);
        g_assert_cmphex(image_byte("vars2", 0), ==, pattern(0, 9));
        qtest_stop(from);
        qtest_stop(to);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    flash_tests_begin();
    g_test_add_func("/pflash/migrate", test_migrate);
    g_test_add_func("/pflash/migrate-shared", test_migrate_shared);
    g_test_add_func("/pflash/migrate-refused", test_migrate_refused);
    g_test_add_func("/pflash/migrate-held", test_migrate_held);
    g_test_add_func("/pflash/migrate-failing", test_migrate_failing);
    g_test_add_func("/pflash/migrate-failing-start", test_migrate_failing_start);
    return flash_tests_run();
}
