/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/type.h"

#include "event/clock.h"
#include "input/input.h"

#define NSEC_PER_MSEC G_GINT64_CONSTANT(1000000)

typedef struct Chord {
    GArray *codes; /* guint */
    guint hold;
} Chord;

static GQueue chords = G_QUEUE_INIT; /* the first one is held */
static guint waiting;                /* keys in them */
static Timer *timer;

static void chord_free(gpointer data)
{
    Chord *chord = data;

    g_array_unref(chord->codes);
    g_free(chord);
}

static void send_key(guint code, gint32 value)
{
    const InputEvent event = { INPUT_KEY, code, value };

    input_event_send(&event);
    input_event_sync();
}

static void press_first(void)
{
    const Chord *chord = g_queue_peek_head(&chords);

    for (guint i = 0; i < chord->codes->len; i++) {
        send_key(g_array_index(chord->codes, guint, i), 1);
    }
    timer_arm(timer, clock_now(CLOCK_TYPE_VIRTUAL) + chord->hold * NSEC_PER_MSEC);
}

static void let_go(void *opaque)
{
    Chord *chord = g_queue_pop_head(&chords);

    for (guint i = chord->codes->len; i > 0; i--) {
        send_key(g_array_index(chord->codes, guint, i - 1), 0);
    }
    waiting -= chord->codes->len;
    chord_free(chord);
    if (!g_queue_is_empty(&chords)) {
        press_first();
    }
}

gboolean input_type(const guint *codes, guint n, guint hold)
{
    Chord *chord;

    if (n > INPUT_TYPE_MAX - waiting) {
        return FALSE;
    }
    if (!timer) {
        timer = timer_new(event_loop_main(), CLOCK_TYPE_VIRTUAL, let_go, NULL);
    }
    chord = g_new(Chord, 1);
    *chord = (Chord){ g_array_new(FALSE, FALSE, sizeof(guint)), hold };
    g_array_append_vals(chord->codes, codes, n);
    waiting += n;
    g_queue_push_tail(&chords, chord);
    if (g_queue_get_length(&chords) == 1) {
        press_first();
    }
    return TRUE;
}

void input_type_cleanup(void)
{
    g_queue_clear_full(&chords, chord_free);
    g_clear_pointer(&timer, timer_free);
    waiting = 0;
}
