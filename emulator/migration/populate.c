/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * #syscalls migration: madvise
 */
#include "migration/populate.h"

#include <errno.h>
#include <sys/mman.h>

#include "event/loop.h"

#define THREADS 2 /* two keep up with a sender; more wait for the same locks */
#define NONE    G_MAXUINT64

typedef struct Helper {
    Populate *populate;
    GThread *thread;
    guint64 chunk; /* where it is at work, or NONE */
} Helper;

struct Populate {
    GMutex lock; /* all below */
    GCond changed;
    gboolean quit;
    RamBlock *block;
    guint64 last;        /* chunk that the reader came to with its last record */
    guint64 next, limit; /* chunks that are to be populated */
    Helper helpers[THREADS];
};

static void populate_chunk(RamBlock *block, guint64 chunk)
{
    guint64 offset = chunk * POPULATE_CHUNK;

    /* Where it fails, the reader's own access has the same error to tell. */
    while (madvise(block->host + offset, MIN(POPULATE_CHUNK, block->size - offset),
                   MADV_POPULATE_WRITE) < 0 &&
           errno == EINTR) {
    }
}

static gpointer helper_thread(gpointer opaque)
{
    Helper *h = opaque;
    Populate *p = h->populate;

    g_mutex_lock(&p->lock);
    while (!p->quit) {
        if (p->next >= p->limit) {
            g_cond_wait(&p->changed, &p->lock);
            continue;
        }
        h->chunk = p->next++;
        g_mutex_unlock(&p->lock);
        populate_chunk(p->block, h->chunk); /* the block stays while a chunk is set */
        g_mutex_lock(&p->lock);
        h->chunk = NONE;
        g_cond_broadcast(&p->changed);
    }
    g_mutex_unlock(&p->lock);
    return NULL;
}

Populate *populate_new(void)
{
    Populate *p = g_new0(Populate, 1);

    for (guint i = 0; i < THREADS; i++) {
        Helper *h = &p->helpers[i];
        h->populate = p;
        h->chunk = NONE;
        /* Without one, the reader faults on its own. */
        h->thread = thread_try_start("migration", "populate", helper_thread, h, NULL);
    }
    return p;
}

void populate_free(Populate *p)
{
    if (!p) {
        return;
    }
    g_mutex_lock(&p->lock);
    p->quit = TRUE;
    g_cond_broadcast(&p->changed);
    g_mutex_unlock(&p->lock);
    for (guint i = 0; i < THREADS; i++) {
        g_clear_pointer(&p->helpers[i].thread, g_thread_join);
    }
    g_clear_pointer(&p->block, ram_block_unref);
    g_free(p);
}

static gboolean at_work(const Populate *p, guint64 first, guint64 last)
{
    for (guint i = 0; i < THREADS; i++) {
        if (p->helpers[i].chunk >= first && p->helpers[i].chunk <= last) {
            return TRUE;
        }
    }
    return FALSE;
}

static void change_block(Populate *p, RamBlock *block)
{
    p->next = p->limit = 0;
    while (at_work(p, 0, NONE - 1)) {
        g_cond_wait(&p->changed, &p->lock);
    }
    g_clear_pointer(&p->block, ram_block_unref);
    p->block = ram_block_ref(block);
    p->last = 0;
}

void populate_follow(Populate *p, RamBlock *block, guint64 offset, guint64 length,
                     guint64 data)
{
    guint64 first = offset / POPULATE_CHUNK,
            last = (offset + length - 1) / POPULATE_CHUNK;
    guint64 chunks = (block->size + POPULATE_CHUNK - 1) / POPULATE_CHUNK;

    g_mutex_lock(&p->lock);
    if (block != p->block) {
        change_block(p, block);
    }
    if (data >= POPULATE_CHUNK / 2 && data >= length / 2 &&
        (first == p->last || first == p->last + 1)) {
        p->next = MAX(p->next, last + 1);
        p->limit = MIN(last + 1 + POPULATE_AHEAD, chunks);
        g_cond_broadcast(&p->changed);
    } else {
        p->next = p->limit = 0;
    }
    p->last = last;
    while (at_work(p, first, last)) {
        g_cond_wait(&p->changed, &p->lock);
    }
    g_mutex_unlock(&p->lock);
}
