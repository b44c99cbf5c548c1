/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several front ends on one chardev. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/chardev-user.h"

/* Who has the input, what the keys do, and that all may write. */
static void test_keys(void)
{
    User a, b;
    int fd = make_pair(",mux=on");

    user_init(&a, "a");
    user_init(&b, "b");
    g_assert_nonnull(chardev_find("m-base"));
    attach(&a, "m", &user_ops);
    expect_trail("a:in a:open");
    attach(&b, "m", &user_ops);
    expect_trail("a:out b:in b:open");
    send_text(fd, "one\1ctwo\1\1\1cthree\1zfour");
    expect_in(&b, "onethreefour");
    expect_in(&a, "two\1");
    expect_trail("b:out a:in a:out b:in");
    send_text(fd, "\1"); /* its letter comes later */
    settle();
    send_text(fd, "b");
    settle();
    expect_trail("b:break");
    g_string_assign(a.out, "from a");
    user_write(&a);
    g_string_assign(b.out, ", from b");
    user_write(&b);
    expect_out(fd, "from a, from b");
    g_assert_true(chardev_send_break("m", NULL));
    expect_trail("b:break");
    g_assert_true(chardev_send_break("m-base", NULL));
    expect_trail("a:break b:break");
    chardev_detach(&b.front); /* who has the focus goes */
    expect_trail("a:in");
    send_text(fd, "x");
    expect_in(&a, "x");
    close(fd);
    settle();
    expect_trail("a:closed");
    user_clear(&a);
    user_clear(&b);
    delete_chardev("m");
    g_assert_null(chardev_find("m-base"));
}

static void test_help_and_stamps(void)
{
    User a;
    char buf[1024] = { 0 };
    int fd = make_pair(",mux=on");

    user_init(&a, "a");
    attach(&a, "m", &user_ops);
    send_text(fd, "\1h");
    settle();
    g_assert_cmpint(read(fd, buf, sizeof(buf) - 1), >, 0);
    g_assert_nonnull(strstr(buf, "C-a c"));
    g_assert_nonnull(strstr(buf, "C-a x"));
    chardev_set_mux_key('t' & 0x1f);
    send_text(fd, "\1\24h");
    expect_in(&a, "\1");
    g_assert_cmpint(read(fd, buf, sizeof(buf) - 1), >, 0);
    g_assert_nonnull(strstr(buf, "C-t C-t"));
    chardev_set_mux_key(1);
    send_text(fd, "\1t");
    settle();
    g_string_assign(a.out, "begun\nnext\n");
    user_write(&a);
    memset(buf, 0, sizeof(buf));
    g_assert_cmpint(read(fd, buf, sizeof(buf) - 1), >, 0);
    g_assert_true(
        g_regex_match_simple("^begun\n\\[\\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\] next\n$", buf,
                             G_REGEX_DOLLAR_ENDONLY, 0));
    send_text(fd, "\1t");
    settle();
    g_string_assign(a.out, "plain\nx");
    user_write(&a);
    expect_out(fd, "plain\nx");
    user_clear(&a);
    delete_chardev("m");
    close(fd);
    g_string_truncate(trail, 0);
}

/* A guest that does not read keeps nobody from the monitor, and loses nothing. */
static void test_input_waits(void)
{
    User guest, mon;
    g_autofree char *text = g_strnfill(4096, 'g');
    int fd = make_pair(",mux=on");

    user_init(&guest, "g");
    user_init(&mon, "m");
    attach(&mon, "m", &session_ops);
    attach(&guest, "m", &user_ops);
    guest.room = 0;
    send_text(fd, text);
    settle();
    send_text(fd, "\1cstatus");
    settle();
    g_assert_cmpuint(mon.in->len, ==, 0); /* the buffer is full: the peer waits */
    g_assert_true(loop_is_idle());
    guest.room = 1;
    chardev_resume(guest.front);
    WAIT_UNTIL(guest.in->len == 4096);
    expect_in(&mon, "status");
    g_assert_cmpstr(guest.in->str, ==, text);
    g_string_truncate(guest.in, 0);

    guest.room = 0; /* not full: the monitor is reached at once */
    send_text(fd, "\1ctyped ahead\1cquit");
    expect_in(&mon, "quit");
    g_assert_cmpuint(guest.in->len, ==, 0);
    close(fd); /* what was typed for the guest stays typed */
    settle();
    guest.room = 3;
    chardev_resume(guest.front);
    expect_in(&guest, "typed ahead");
    user_clear(&guest);
    user_clear(&mon);
    delete_chardev("m");
    g_string_truncate(trail, 0);
}

/* A late reader: a flood of one does not starve another, and all comes. */
static void test_output_waits(void)
{
    User guest, mon;
    g_autoptr(GString) got = g_string_new(NULL);
    int fd = make_pair(",mux=on");
    size_t flood = 4 << 20;

    user_init(&guest, "g");
    user_init(&mon, "m");
    attach(&guest, "m", &user_ops);
    attach(&mon, "m", &user_ops);
    g_string_truncate(trail, 0);
    g_free(g_string_free(guest.out, FALSE));
    guest.out = g_string_new_len(NULL, 0);
    g_string_set_size(guest.out, flood);
    memset(guest.out->str, 'g', flood);
    user_write(&guest);
    g_assert_cmpuint(guest.out->len, >, 0);
    g_string_assign(mon.out, "reply");
    user_write(&mon);
    g_assert_cmpuint(mon.out->len, ==, 5); /* its turn comes */
    settle();
    expect_trail("");
    drain(fd, got);
    user_write(&guest); /* there is room, but others wait */
    g_assert_cmpuint(guest.out->len + got->len, ==, flood);
    while (got->len < flood + 5) {
        event_loop_iterate(event_loop_main(), TRUE);
        drain(fd, got);
    }
    g_assert_cmpuint(guest.out->len + mon.out->len, ==, 0);
    /* The monitor's came in the second turn: before most of the flood. */
    g_assert_nonnull(strstr(got->str, "reply"));
    g_assert_nonnull(strstr(strstr(got->str, "reply"), "g"));
    g_assert_cmpuint(strspn(strstr(got->str, "reply") + 5, "g") +
                         (size_t)(strstr(got->str, "reply") - got->str),
                     ==, flood);
    user_clear(&guest);
    user_clear(&mon);
    delete_chardev("m");
    close(fd);
    g_string_truncate(trail, 0);
}

static void test_mux_life(void)
{
    User users[5];
    g_autoptr(GError) error = NULL;
    int fd = make_pair("");

    g_assert_null(make("mux,id=x,chardev=nope", &error));
    g_assert_cmpstr(error->message, ==, "mux: base chardev nope not found");
    g_clear_error(&error);
    g_assert_nonnull(make("mux,id=x,chardev=m", NULL));
    g_assert_null(make("mux,id=y,chardev=x", &error));
    g_assert_cmpstr(error->message, ==, "mux: base chardev x is a mux itself");
    g_clear_error(&error);
    g_assert_null(make("mux,id=y,chardev=m", &error));
    g_assert_cmpstr(error->message, ==, "chardev 'm' is already in use");
    g_clear_error(&error);
    g_assert_false(chardev_delete("m", &error));
    g_assert_cmpstr(error->message, ==, "Chardev 'm' is busy");
    g_clear_error(&error);
    send_text(fd, "early"); /* nobody is there: it waits */
    settle();
    for (guint i = 0; i < 5; i++) {
        user_init(&users[i], "u");
        if (i < 4) {
            attach(&users[i], "x", &user_ops);
        }
    }
    expect_in(&users[3], "early");
    g_assert_false(
        chardev_attach(chardev_find("x"), &user_ops, &users[4], &users[4].front, &error));
    g_assert_cmpstr(error->message, ==,
                    "too many uses of multiplexed chardev 'x' (maximum is 4)");
    g_assert_null(users[4].front);
    users[3].leaves = TRUE;
    send_text(fd, "bye\1cthere");
    expect_in(&users[0], "there");
    g_assert_cmpstr(users[3].in->str, ==, "bye");
    for (guint i = 0; i < 5; i++) {
        user_clear(&users[i]);
    }
    delete_chardev("x");
    delete_chardev("m");
    close(fd);
    g_string_truncate(trail, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chardev/mux/keys", test_keys);
    g_test_add_func("/chardev/mux/help-and-stamps", test_help_and_stamps);
    g_test_add_func("/chardev/mux/input-waits", test_input_waits);
    g_test_add_func("/chardev/mux/output-waits", test_output_waits);
    g_test_add_func("/chardev/mux/life", test_mux_life);
    return chardev_tests_run();
}
