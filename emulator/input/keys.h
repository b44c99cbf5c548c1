/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a keyboard: QMP's names and numbers (a PC's scan codes of set 1, with 0x80
 * for those behind 0xe0) and Linux's codes, which events have.
 */
#ifndef VIREO_INPUT_KEYS_H
#define VIREO_INPUT_KEYS_H

#include <glib.h>

/* By position; NULL behind the last. A position is no number of anything else. */
extern const char *const input_key_names[];
guint input_key_code(guint position);
/* 0: no key has it. */
guint input_key_of_name(const char *name);
guint input_key_of_number(gint64 number);

#endif
