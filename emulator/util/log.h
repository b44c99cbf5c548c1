/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages for whoever runs the program, on stderr: "PROGRAM: text". Any thread;
 * one write a message. What a guest can cause again and again goes through
 * log_once().
 */
#ifndef VIREO_UTIL_LOG_H
#define VIREO_UTIL_LOG_H

#include <glib.h>

/*
 * The name in front of each message; g_get_prgname() when unset. Kept, not copied. Once,
 * before there are threads: from then on what GLib complains of goes the same way.
 */
void log_set_program(const char *name);
void log_error(const char *format, ...) G_GNUC_PRINTF(1, 2);
void log_warn(const char *format, ...) G_GNUC_PRINTF(1, 2);
void log_info(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Warns the first time that this line is reached. */
#define log_once(...)                                                                    \
    do {                                                                                 \
        static gint said_;                                                               \
        if (g_atomic_int_compare_and_exchange(&said_, 0, 1)) {                           \
            log_warn(__VA_ARGS__);                                                       \
        }                                                                                \
    } while (0)

#endif
