/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases that this host cannot run. The whole program is shown as skipped then (status
 * 77) although its other cases have passed: as a pass it would hide them. For programs
 * of one source.
 */
#pragma once
#include <glib.h>

static gboolean skip_any;

/* In the place of g_test_skip(); the case returns. */
static inline void skip_case(const char *why)
{
    skip_any = TRUE;
    g_test_skip(why);
}

/* In the place of g_test_run(). */
static inline int skip_run(void)
{
    int status = g_test_run();

    return status == 0 && skip_any ? 77 : status;
}
