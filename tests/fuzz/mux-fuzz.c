/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a peer types at a multiplexed chardev, and between it, after a byte
 * 0xff, what its front ends do: how much room they have, that they write, come and go,
 * and that their peer does. What a front end has room for is never exceeded, and what it
 * gets is what was typed.
 */
#include "fuzz/mux-fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chardev/chardev.h"
#include "config/keyval.h"
#include "event/loop.h"

#define USERS 5 /* one more than there is place for */

MuxFuzzCounts mux_fuzz_counts;

typedef struct User {
    ChardevFront *front;
    size_t room;
    gboolean leaves; /* with what comes next */
} User;

static User users[USERS];

static size_t can_receive(void *opaque)
{
    return ((User *)opaque)->room;
}

static void receive(void *opaque, const guint8 *buf, size_t len)
{
    User *user = opaque;

    g_assert_true(len > 0 && len <= user->room);
    user->room -= len;
    mux_fuzz_counts.received += (unsigned)len;
    if (user->leaves) {
        chardev_detach(&user->front);
    }
}

static void event(void *opaque, ChardevEvent what)
{
    mux_fuzz_counts.events++;
}

static void user_write(void *opaque)
{
    static const guint8 text[3000] = "text\n";
    User *user = opaque;

    mux_fuzz_counts.written += (unsigned)chardev_write(user->front, text, sizeof(text));
}

static const ChardevUser with_session = { .can_receive = can_receive,
                                          .receive = receive,
                                          .event = event,
                                          .writable = user_write,
                                          .unchangeable = TRUE };
static const ChardevUser writes_only = { .event = event };

static void turns(void)
{
    for (int i = 0; i < 4; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
}

static void come_or_go(User *user, guint8 what)
{
    Chardev *chr = chardev_find("m");

    mux_fuzz_counts.changes++;
    if (user->front) {
        chardev_detach(&user->front);
    } else {
        chardev_attach(chr, what & 0x40 ? &writes_only : &with_session, user,
                       &user->front, NULL);
    }
}

static void act(guint8 what, int peer)
{
    static guint8 sink[65536];
    User *user = &users[what % USERS];

    user->leaves = what >= 0xf0;
    switch (what / USERS % 5) {
    case 0:
        come_or_go(user, what);
        break;
    case 1:
        user->room = what * 16u;
        if (user->front) {
            chardev_resume(user->front);
        }
        break;
    case 2:
        if (user->front) {
            user_write(user);
        }
        break;
    case 3:
        while (recv(peer, sink, sizeof(sink), MSG_DONTWAIT) > 0) {
        }
        break;
    case 4:
        chardev_send_break("m", NULL);
        break;
    }
    turns();
}

/* All but Control-A x, which would end us. */
static void type_some(const uint8_t *data, size_t len, int peer)
{
    g_autofree char *text = g_strndup((const char *)data, len);

    for (size_t i = 0; i < len; i++) {
        text[i] = (char)(data[i] == 'x' ? 'y' : data[i]);
    }
    g_assert_true(send(peer, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) != 0);
    turns();
}

static void type(const uint8_t *data, size_t len, int peer)
{
    for (size_t at = 0; at < len;) {
        const uint8_t *end = memchr(data + at, 0xff, len - at);
        size_t n = end ? (size_t)(end - (data + at)) : len - at;

        if (n) {
            type_some(data + at, n, peer);
        }
        at += n + 1;
        if (end && at < len) {
            act(data[at++], peer);
        }
    }
}

static int open_chardev(void)
{
    g_autofree char *options = NULL;
    g_autoptr(ConfigNode) node = NULL;
    int pair[2];

    g_assert_true(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    options = g_strdup_printf("socket,id=m,mux=on,fd=%d", pair[0]);
    node = keyval_parse(options, "backend", NULL);
    g_assert_nonnull(chardev_new(node, NULL));
    return pair[1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    int peer;

    if (!event_loop_main()) {
        event_init();
    }
    mux_fuzz_counts.inputs++;
    memset(users, 0, sizeof(users));
    peer = open_chardev();
    come_or_go(&users[0], 0);
    come_or_go(&users[1], 0);
    type(data, len, peer);
    close(peer);
    turns();
    for (int i = 0; i < USERS; i++) {
        chardev_detach(&users[i].front);
    }
    g_assert_true(chardev_delete("m", NULL));
    g_assert_null(chardev_find("m-base"));
    return 0;
}
