/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sender and loader of RAM share: the shape of a record, see ram.h. */
#ifndef VIREO_MIGRATION_RAM_INTERNAL_H
#define VIREO_MIGRATION_RAM_INTERNAL_H

#include "memory/ram.h"

#define RUNS_MAX   256
#define RUN_ZERO   1u
#define TABLE_HEAD 8
#define RUN_SIZE   16

/*
 * Eight vectors at a time. The processor's own prefetching ends with the page, so that
 * the beginning of the next one is asked for here: it is what is looked at next. Wider
 * vectors gain nothing: this waits for memory.
 */
static inline gboolean ram_page_is_zero(const guint8 *page)
{
    typedef guint64 Vector __attribute__((vector_size(16)));
    const Vector *v = (const Vector *)page;

    for (unsigned i = 0; i < 512; i += 64) {
        __builtin_prefetch(page + RAM_PAGE_SIZE + i);
    }
    for (unsigned i = 0; i < RAM_PAGE_SIZE / sizeof(Vector); i += 8) {
        Vector or = v[i] | v[i + 1] | v[i + 2] | v[i + 3] | v[i + 4] | v[i + 5] |
                    v[i + 6] | v[i + 7];

        if (or [0] | or [1]) {
            return FALSE;
        }
    }
    return TRUE;
}

#endif
