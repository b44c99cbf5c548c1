/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which device gets what is typed and pointed at. */
#include "config.h"

#include "input/input.h"

static GString *seen;

static void on_event(void *opaque, const InputEvent *event)
{
    g_string_append_printf(seen, "%s:%d,%u,%d ", (const char *)opaque, event->kind,
                           event->code, event->value);
}

static void on_sync(void *opaque)
{
    g_string_append_printf(seen, "%s! ", (const char *)opaque);
}

static const InputHandlerOps keyboard = { 1 << INPUT_KEY, on_event, on_sync };
static const InputHandlerOps mouse = { 1 << INPUT_BUTTON | 1 << INPUT_REL, on_event,
                                       on_sync };
static const InputHandlerOps tablet = { 1 << INPUT_BUTTON | 1 << INPUT_ABS, on_event,
                                        NULL };

static gboolean send(InputKind kind, guint code, gint32 value)
{
    return input_event_send(&(InputEvent){ kind, code, value });
}

static void expect(const char *text)
{
    g_assert_cmpstr(seen->str, ==, text);
    g_string_truncate(seen, 0);
}

static void test_kinds(void)
{
    g_assert_false(send(INPUT_KEY, 1, 1));
    g_assert_null(input_handler_name(INPUT_KEY));
    InputHandler *k = input_handler_add("keyboard", &keyboard, (void *)"k");
    InputHandler *m = input_handler_add("mouse", &mouse, (void *)"m");
    g_assert_false(send(INPUT_ABS, INPUT_X, 1));
    g_assert_true(send(INPUT_KEY, 30, 1));
    g_assert_true(send(INPUT_REL, INPUT_WHEEL, -2));
    input_event_sync();
    expect("k:0,30,1 m:2,2,-2 k! m! ");
    input_event_sync();
    expect("");
    input_handler_remove(k);
    g_assert_false(send(INPUT_KEY, 30, 0));
    input_handler_remove(m);
    input_handler_remove(NULL);
}

static void test_activated(void)
{
    InputHandler *m = input_handler_add("mouse", &mouse, (void *)"m");
    InputHandler *t = input_handler_add("tablet", &tablet, (void *)"t");
    InputHandler *n = input_handler_add("other", &tablet, (void *)"n");

    send(INPUT_BUTTON, 272, 1);
    input_handler_activate(n);
    send(INPUT_BUTTON, 272, 1);
    input_handler_activate(t);
    send(INPUT_BUTTON, 272, 1);
    g_assert_cmpstr(input_handler_name(INPUT_BUTTON), ==, "tablet");
    input_handler_activate(n);
    send(INPUT_ABS, INPUT_X, 7);
    send(INPUT_REL, INPUT_WHEEL, 1);
    send(INPUT_REL, INPUT_Y, 1);
    expect("m:1,272,1 n:1,272,1 t:1,272,1 n:3,0,7 n:2,2,1 m:2,1,1 ");
    input_handler_remove(n);
    send(INPUT_ABS, INPUT_X, 7);
    input_event_sync(); /* of the tablet nobody hears */
    expect("t:3,0,7 m! ");
    input_handler_remove(t);
    g_assert_false(send(INPUT_ABS, INPUT_X, 7));
    input_handler_remove(m);
}

static void test_range(void)
{
    InputHandler *t = input_handler_add("tablet", &tablet, (void *)"t");

    send(INPUT_ABS, INPUT_X, -1);
    send(INPUT_ABS, INPUT_Y, 0x8000);
    send(INPUT_BUTTON, 272, 5);
    expect("t:3,0,0 t:3,1,32767 t:1,272,1 ");
    input_handler_remove(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    seen = g_string_new(NULL);
    g_test_add_func("/input/kinds", test_kinds);
    g_test_add_func("/input/activated", test_activated);
    g_test_add_func("/input/range", test_range);
    return g_test_run();
}
