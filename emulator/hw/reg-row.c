/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hw/reg-row.h"

/* The register that has the byte, and at which bit; n: none. */
static unsigned find(const RegRow *rows, unsigned n, guint64 offset, unsigned *shift)
{
    for (unsigned i = 0; i < n; i++) {
        if (offset >= rows[i].offset && offset - rows[i].offset < rows[i].size) {
            *shift = 8 * (unsigned)(offset - rows[i].offset);
            return i;
        }
    }
    return n;
}

guint8 reg_row_read(const RegRow *rows, unsigned n, const guint64 *values, guint64 offset)
{
    unsigned shift, i = find(rows, n, offset, &shift);

    return i < n ? (guint8)(values[i] >> shift) : 0;
}

void reg_row_write(const RegRow *rows, unsigned n, guint64 *values, guint64 offset,
                   guint8 byte)
{
    unsigned shift, i = find(rows, n, offset, &shift);

    if (i < n) {
        guint64 writable = rows[i].writable & 0xffull << shift;
        guint64 value = (guint64)byte << shift;

        values[i] = (values[i] & ~writable) | (value & writable);
        values[i] &= ~(value & rows[i].clears);
    }
}

void reg_row_mask(const RegRow *rows, unsigned n, guint64 *values)
{
    for (unsigned i = 0; i < n; i++) {
        values[i] &= rows[i].writable | rows[i].clears;
    }
}
