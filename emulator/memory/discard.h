/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory that is given back to the host: the balloon's, and what the guest reports
 * as free.
 *
 * There is one arbiter. Whoever has pages of the guest in a fixed place (assigned
 * devices), or shares what they hold with others, forbids discards as long as it does;
 * what is asked for meanwhile does not happen, which no guest can tell: the content of
 * such pages is nobody's.
 *
 * A block remembers which of its pages were given back. That is a hint: the guest may
 * touch them again and tell nobody.
 */
#ifndef VIREO_MEMORY_DISCARD_H
#define VIREO_MEMORY_DISCARD_H

#include "memory/ram.h"

/* Counted; main loop. */
void discard_forbid(void);
void discard_allow(void);
gboolean discard_allowed(void);

/*
 * The whole host pages of a range in the block: they read as zeros from here on, and are
 * news to a migration. FALSE: they stay; that is an error only where errp is set (also
 * when forbidden it is none). Any thread.
 */
gboolean ram_block_discard(RamBlock *block, guint64 offset, guint64 length,
                           GError **errp);
/* The guest says that it uses them again. Any thread. */
void ram_block_reuse(RamBlock *block, guint64 offset, guint64 length);
/*
 * The page was given back, and a look at it would make the host allocate it: it is zeros.
 * Whoever writes it meanwhile is in the dirty log. Any thread.
 */
gboolean ram_block_is_hole(const RamBlock *block, gsize page);

#endif
