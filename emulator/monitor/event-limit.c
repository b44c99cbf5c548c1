/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor/event-limit.h"

#include <string.h>

#include "event/clock.h"
#include "monitor/qmp-command.h"

#define SECOND G_GINT64_CONSTANT(1000000000)

/* Of events that are alike, from the first one on. */
typedef struct Window {
    char *key;
    EventSend send;
    gint64 end;
    guint told;
    ConfigNode *kept; /* the last message that was one too many; NULL: none */
} Window;

static GHashTable *windows;         /* by key; NULL: none has ever been needed */
static GQueue order = G_QUEUE_INIT; /* the same, as they end */
static Timer *timer;

static ClockType clock_type(void)
{
    return clock_qtest_enabled() ? CLOCK_TYPE_VIRTUAL : CLOCK_TYPE_REALTIME;
}

static void window_free(gpointer data)
{
    Window *w = data;
    g_clear_pointer(&w->kept, config_node_unref);
    g_free(w->key);
    g_free(w);
}

static void open_window(Window *w, gint64 now)
{
    w->end = now + SECOND;
    g_queue_push_tail(&order, w);
    if (!timer_armed(timer)) {
        timer_arm(timer, w->end);
    }
}

static void send_kept(Window *w)
{
    g_autoptr(ConfigNode) message = g_steal_pointer(&w->kept);
    w->send(message);
}

/* What was kept is the first one of the next second. */
static void close_window(Window *w, gint64 now)
{
    if (!w->kept) {
        g_hash_table_remove(windows, w->key);
        return;
    }
    w->told = 1;
    open_window(w, now);
    send_kept(w);
}

static void second_over(void *opaque)
{
    gint64 now = clock_now(clock_type());
    for (guint n = order.length; n > 0; n--) {
        Window *w = g_queue_peek_head(&order);
        if (w->end > now) {
            break;
        }
        g_queue_pop_head(&order);
        close_window(w, now);
    }
    if (order.length) {
        timer_arm(timer, ((Window *)g_queue_peek_head(&order))->end);
    }
}

static void add_strings(GString *key, const ConfigNode *node)
{
    if (config_node_type(node) == CONFIG_STRING) {
        g_string_append_printf(key, "\n%s", config_node_string(node));
    } else if (config_node_type(node) == CONFIG_MAP) {
        for (guint i = 0; i < config_map_size(node); i++) {
            g_string_append_printf(key, "\n%s", config_map_key(node, i));
            add_strings(key, config_map_value(node, i));
        }
    }
}

static Window *find_window(const char *name, const ConfigNode *data, EventSend send)
{
    g_autoptr(GString) key = g_string_new(name);
    if (!windows) {
        windows = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, window_free);
        timer = timer_new(event_loop_main(), clock_type(), second_over, NULL);
    }
    if (data) {
        add_strings(key, data);
    }
    Window *w = g_hash_table_lookup(windows, key->str);
    if (!w) {
        w = g_new0(Window, 1);
        w->key = g_strdup(key->str);
        w->send = send;
        g_hash_table_insert(windows, w->key, w);
        open_window(w, clock_now(clock_type()));
    }
    return w;
}

static guint limit_of(const char *name)
{
    for (const QmpEvent *e = qmp_event_table; e->name; e++) {
        if (strcmp(e->name, name) == 0) {
            return e->per_second;
        }
    }
    return 0;
}

static void send_all_kept(void)
{
    for (GList *l = order.head; l; l = l->next) {
        Window *w = l->data;
        if (w->kept) {
            send_kept(w);
        }
    }
}

void event_limit_emit(const char *name, ConfigNode *data, EventSend send)
{
    g_autoptr(ConfigNode) message = qmp_event_message(name, data);
    guint limit = limit_of(name);
    Window *w = limit ? find_window(name, data, send) : NULL;
    if (w && w->told >= limit) {
        g_clear_pointer(&w->kept, config_node_unref);
        w->kept = g_steal_pointer(&message);
        return;
    }
    if (w) {
        w->told++;
    } else { /* which may follow from it */
        send_all_kept();
    }
    send(message);
}

void event_limit_flush(void)
{
    send_all_kept();
    g_queue_clear(&order);
    g_clear_pointer(&windows, g_hash_table_unref);
    g_clear_pointer(&timer, timer_free);
}
