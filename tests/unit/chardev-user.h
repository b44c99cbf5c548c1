/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Front ends of tests, which note what they are told, and a socket pair whose other end
 * the test has. The main loop runs in the test.
 */
#pragma once
#include "chardev/chardev.h"
#include "event/loop.h"

/* Events and turns to write, of all front ends in their order: "a:open b:write". */
extern GString *trail;
extern char *tmp_dir;

typedef struct User {
    const char *name;
    ChardevFront *front;
    GString *in;
    size_t room;
    GString *out;    /* what it has to write */
    gboolean leaves; /* when something comes */
} User;

extern const ChardevUser user_ops;
extern const ChardevUser session_ops; /* chardev-change is refused; opens itself */

void user_init(User *user, const char *name);
void user_clear(User *user);
void user_write(User *user);
void attach(User *user, const char *id, const ChardevUser *with);
/* What has come is this, when all has; then it is forgotten. */
void expect_in(User *user, const char *text);
void expect_trail(const char *text);

Chardev *make(const char *options, GError **errp);
void delete_chardev(const char *id);
/* The other end of a new chardev "m" of backend socket. */
int make_pair(const char *more);
void send_text(int fd, const char *text);
void expect_out(int fd, const char *text);
/* Reads what is there; returns how much. */
size_t drain(int fd, GString *to);

/* What is ready now and no more. */
void settle(void);
gboolean loop_is_idle(void);
/* Runs the tests, with a directory. */
int chardev_tests_run(void);

/* Dispatches until the condition holds; each event wakes us, so no polling. */
#define WAIT_UNTIL(condition)                                                            \
    while (!(condition)) {                                                               \
        event_loop_iterate(event_loop_main(), TRUE);                                     \
    }
