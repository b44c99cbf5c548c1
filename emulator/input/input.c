/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "input/input.h"

struct InputHandler {
    char *name;
    const InputHandlerOps *ops;
    void *opaque;
    gboolean unsynced; /* has got an event since the last sync */
};

static GList *handlers; /* activated ones, the newest first; then the others, as added */

InputHandler *input_handler_add(const char *name, const InputHandlerOps *ops,
                                void *opaque)
{
    InputHandler *h = g_new(InputHandler, 1);

    *h = (InputHandler){ .name = g_strdup(name), .ops = ops, .opaque = opaque };
    handlers = g_list_append(handlers, h);
    return h;
}

void input_handler_activate(InputHandler *handler)
{
    GList *link = g_list_find(handlers, handler);

    handlers = g_list_remove_link(handlers, link);
    handlers = g_list_concat(link, handlers);
}

void input_handler_remove(InputHandler *handler)
{
    if (handler) {
        handlers = g_list_remove(handlers, handler);
        g_free(handler->name);
        g_free(handler);
    }
}

/* Who has the buttons has the wheel. */
static InputKind kind_of(const InputEvent *event)
{
    gboolean wheel = event->kind == INPUT_REL && event->code == INPUT_WHEEL;

    return wheel ? INPUT_BUTTON : event->kind;
}

static InputHandler *handler_of(InputKind kind)
{
    for (const GList *l = handlers; l; l = l->next) {
        InputHandler *h = l->data;

        if (h->ops->kinds & 1u << kind) {
            return h;
        }
    }
    return NULL;
}

const char *input_handler_name(InputKind kind)
{
    const InputHandler *h = handler_of(kind);

    return h ? h->name : NULL;
}

static gint32 in_range(const InputEvent *event)
{
    switch (event->kind) {
    case INPUT_KEY:
    case INPUT_BUTTON:
        return event->value != 0;
    case INPUT_ABS:
        return CLAMP(event->value, 0, INPUT_ABS_MAX);
    default:
        return event->value;
    }
}

gboolean input_event_send(const InputEvent *event)
{
    InputHandler *h = handler_of(kind_of(event));
    InputEvent e = { event->kind, event->code, in_range(event) };

    if (!h) {
        return FALSE;
    }
    h->unsynced = TRUE;
    h->ops->event(h->opaque, &e);
    return TRUE;
}

/* sync() neither adds nor removes handlers. */
void input_event_sync(void)
{
    for (const GList *l = handlers; l; l = l->next) {
        InputHandler *h = l->data;

        if (h->unsynced) {
            h->unsynced = FALSE;
            if (h->ops->sync) {
                h->ops->sync(h->opaque);
            }
        }
    }
}
