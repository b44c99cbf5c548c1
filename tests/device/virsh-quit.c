// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded into virsh. `virsh migrate` waits in a main loop that its worker ends when
// the migration has ended. One that is refused at once can end before virsh waits; the
// call is lost then, and virsh waits for ever. Here the loop ends itself when it runs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <glib.h>

typedef void Quit(GMainLoop *loop);

static Quit *real_quit(void)
{
    return (Quit *)dlsym(RTLD_NEXT, "g_main_loop_quit");
}

static gboolean quit_now(gpointer loop)
{
    real_quit()(loop);
    return G_SOURCE_REMOVE;
}

void g_main_loop_quit(GMainLoop *loop)
{
    if (g_main_loop_is_running(loop)) {
        real_quit()(loop);
        return;
    }
    GSource *source = g_idle_source_new();
    g_source_set_callback(source, quit_now, g_main_loop_ref(loop),
                          (GDestroyNotify)g_main_loop_unref);
    g_source_attach(source, g_main_loop_get_context(loop));
    g_source_unref(source);
}
