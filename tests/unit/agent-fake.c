/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent-fake.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/listen.h"
#include "util/json.h"

struct AgentFake {
    char *dir, *path;
    int listener, fd;
    AgentFakeFn *fn;
    gpointer opaque;
    GThread *thread;

    GMutex lock;
    GCond cond;
    guint lines, connections;
};

gboolean agent_fake_say(AgentFake *fake, const char *text, gsize len)
{
    while (len > 0) {
        gssize n = send(fake->fd, text, len, MSG_NOSIGNAL);

        if (n <= 0) {
            return FALSE;
        }
        text += n;
        len -= (gsize)n;
    }
    return TRUE;
}

gboolean agent_fake_sync(AgentFake *fake, const char *line, gint64 delta)
{
    g_autoptr(JsonNode) node = json_from_string(line, NULL);
    JsonObject *args;
    g_autofree char *answer = NULL;

    if (!node || g_strcmp0(util_json_string(json_node_get_object(node), "execute"),
                           "guest-sync-delimited") != 0) {
        return FALSE;
    }
    args = util_json_object(json_node_get_object(node), "arguments");
    answer = g_strdup_printf("\xff{\"return\": %" G_GINT64_FORMAT "}\n",
                             util_json_int(args, "id") + delta);
    agent_fake_say(fake, answer, strlen(answer));
    return TRUE;
}

static gboolean got_line(AgentFake *fake, const char *line)
{
    while ((guint8)*line == 0xff) {
        line++;
    }
    g_mutex_lock(&fake->lock);
    fake->lines++;
    g_cond_broadcast(&fake->cond);
    g_mutex_unlock(&fake->lock);
    return fake->fn(fake, line, fake->opaque);
}

static void serve(AgentFake *fake)
{
    g_autoptr(GString) input = g_string_new(NULL);
    char chunk[4096], *end;
    gssize n;

    while ((n = read(fake->fd, chunk, sizeof(chunk))) > 0) {
        g_string_append_len(input, chunk, n);
        while ((end = memchr(input->str, '\n', input->len))) {
            g_autofree char *line = g_strndup(input->str, (gsize)(end - input->str));

            g_string_erase(input, 0, end - input->str + 1);
            if (!got_line(fake, line)) {
                return;
            }
        }
    }
}

static gpointer fake_main(gpointer opaque)
{
    AgentFake *fake = opaque;
    int fd;

    while ((fd = accept(fake->listener, NULL, NULL)) >= 0) {
        g_mutex_lock(&fake->lock);
        fake->fd = fd;
        fake->connections++;
        g_mutex_unlock(&fake->lock);
        serve(fake);
        g_mutex_lock(&fake->lock);
        fake->fd = -1;
        g_mutex_unlock(&fake->lock);
        close(fd);
    }
    return NULL;
}

AgentFake *agent_fake_new(AgentFakeFn *fn, gpointer opaque)
{
    AgentFake *fake = g_new0(AgentFake, 1);
    g_autoptr(GError) err = NULL;

    fake->dir = g_dir_make_tmp("vireo-agent-XXXXXX", &err);
    g_assert_no_error(err);
    fake->path = g_build_filename(fake->dir, "agent", NULL);
    fake->listener = process_listen_unix(fake->path, &err);
    g_assert_no_error(err);
    fake->fd = -1;
    fake->fn = fn;
    fake->opaque = opaque;
    g_mutex_init(&fake->lock);
    g_cond_init(&fake->cond);
    fake->thread = g_thread_new("fake agent", fake_main, fake);
    return fake;
}

void agent_fake_free(AgentFake *fake)
{
    shutdown(fake->listener, SHUT_RDWR);
    g_mutex_lock(&fake->lock);
    if (fake->fd >= 0) {
        shutdown(fake->fd, SHUT_RDWR);
    }
    g_mutex_unlock(&fake->lock);
    g_thread_join(fake->thread);
    close(fake->listener);
    g_unlink(fake->path);
    g_rmdir(fake->dir);
    g_mutex_clear(&fake->lock);
    g_cond_clear(&fake->cond);
    g_free(fake->path);
    g_free(fake->dir);
    g_free(fake);
}

const char *agent_fake_path(const AgentFake *fake)
{
    return fake->path;
}

static guint get(AgentFake *fake, const guint *value)
{
    guint n;

    g_mutex_lock(&fake->lock);
    n = *value;
    g_mutex_unlock(&fake->lock);
    return n;
}

guint agent_fake_lines(AgentFake *fake)
{
    return get(fake, &fake->lines);
}

guint agent_fake_connections(AgentFake *fake)
{
    return get(fake, &fake->connections);
}

void agent_fake_wait_lines(AgentFake *fake, guint n)
{
    gint64 deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

    g_mutex_lock(&fake->lock);
    while (fake->lines < n) {
        g_assert_true(g_cond_wait_until(&fake->cond, &fake->lock, deadline));
    }
    g_mutex_unlock(&fake->lock);
}
