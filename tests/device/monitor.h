/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Further monitors of a VM, whose replies are waited for when a test wants to: -qmp
 * unix:DIR/NAME,server=on,wait=off
 */
#pragma once
#include "tests/device/qtest.h"

typedef struct Monitor {
    int fd;
    GString *in;
} Monitor;

/* Negotiates. */
void monitor_open(Monitor *m, const char *dir, const char *name);
void monitor_close(Monitor *m);
/* A command without arguments; any text. */
void say(Monitor *m, const char *command);
void say_text(Monitor *m, const char *text);
/* With a descriptor of a file, which is opened here. */
void say_file(Monitor *m, const char *text, const char *path);
/* The next reply is this line; has this text; is an error with this text; has not come
 * yet. */
void expect(Monitor *m, const char *reply);
void expect_text(Monitor *m, const char *text);
void expect_error(Monitor *m, const char *text);
void expect_nothing(Monitor *m);

/* The main loop has come round several times. */
void qmp_turns(QTest *q);
