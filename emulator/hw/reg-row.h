/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A block of plain registers as a table: which bits a write sets, and which it clears by
 * a one. Their values stand in an array beside it; an access is made byte by byte, so
 * that any width does.
 */
#ifndef VIREO_HW_REG_ROW_H
#define VIREO_HW_REG_ROW_H

#include <glib.h>

typedef struct RegRow {
    guint8 offset, size; /* in bytes, at most 8 */
    guint64 writable, clears;
} RegRow;

/* The byte at the offset; 0 where there is no register. */
guint8 reg_row_read(const RegRow *rows, unsigned n, const guint64 *values,
                    guint64 offset);
void reg_row_write(const RegRow *rows, unsigned n, guint64 *values, guint64 offset,
                   guint8 byte);
/* What a stream has brought: bits that are not there go. */
void reg_row_mask(const RegRow *rows, unsigned n, guint64 *values);

#endif
