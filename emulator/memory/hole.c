/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hole under the guest: the VMM touches a page of RAM that its backing file does
 * not have (truncated file, no huge page left, poisoned memory) and gets SIGBUS.
 * The handler puts a zero page into the hole, so that the access completes, and
 * tells the main loop, which pauses the VM. A SIGBUS elsewhere is a bug of ours
 * and ends the process as usual.
 *
 * #syscalls all: mmap(2&PROT_EXEC=0) write rt_sigreturn rt_sigaction
 *     -- rare: whoever touches a hole
 */
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "event/loop.h"
#include "memory/map-internal.h"
#include "util/fd.h"

#define TABLE_RANGES 64

/* Read by the signal handler in any thread: start is written last, cleared first. */
typedef struct Range {
    guintptr start, length;
} Range;

/* As many as there have to be; one stays once it is there. */
typedef struct Table {
    Range ranges[TABLE_RANGES];
    struct Table *next; /* atomic */
} Table;

static Table tables;
static int notify_fd = -1;
static void (*report)(void);

static Table *next_table(const Table *t)
{
    return __atomic_load_n(&t->next, __ATOMIC_ACQUIRE);
}

/* The length of the range that addr is in, or 0. */
static guintptr find_range(guintptr addr, guintptr *start)
{
    for (const Table *t = &tables; t; t = next_table(t)) {
        for (int i = 0; i < TABLE_RANGES; i++) {
            *start = __atomic_load_n(&t->ranges[i].start, __ATOMIC_ACQUIRE);
            guintptr length = __atomic_load_n(&t->ranges[i].length, __ATOMIC_ACQUIRE);
            if (*start && addr >= *start && addr - *start < length) {
                return length;
            }
        }
    }
    return 0;
}

static gboolean plug_hole(guintptr addr)
{
    guintptr start, length = find_range(addr, &start);
    guintptr page = addr & ~(guintptr)(RAM_PAGE_SIZE - 1);

    /* A hole in huge pages can only be filled as a whole one. */
    for (guintptr size = RAM_PAGE_SIZE; length && size <= 1u << 30; size <<= 9) {
        guintptr at = page & ~(size - 1);
        if (at >= start && at + size <= start + length &&
            mmap((void *)at, size, PROT_READ | PROT_WRITE,
                 MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                 0) != MAP_FAILED) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What is interrupted may be about to look at errno. */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
    int saved = errno;
    if (!plug_hole((guintptr)info->si_addr)) {
        signal(SIGBUS, SIG_DFL); /* the access is repeated, and ends us */
    } else if (notify_fd >= 0) {
        fd_signal(notify_fd);
    }
    errno = saved;
}

static void on_notify(void *opaque, GIOCondition ready)
{
    guint64 n;
    if (read(notify_fd, &n, sizeof(n)) == sizeof(n)) {
        report();
    }
}

void ram_set_hole_handler(void (*fn)(void))
{
    report = fn;
    if (notify_fd < 0) {
        notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        event_loop_add_fd(event_loop_main(), notify_fd, G_IO_IN, on_notify, NULL);
    }
    struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

static Table *add_table(Table *last)
{
    Table *new = g_new0(Table, 1), *none = NULL;
    if (__atomic_compare_exchange_n(&last->next, &none, new, FALSE, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST)) {
        return new;
    }
    g_free(new); /* another thread was faster */
    return none;
}

static gboolean take_range(Range *r, const RamBlock *block)
{
    guintptr none = 0;
    if (!__atomic_compare_exchange_n(&r->start, &none, (guintptr)block->host, FALSE,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        return FALSE;
    }
    __atomic_store_n(&r->length, block->size, __ATOMIC_RELEASE);
    return TRUE;
}

void ram_hole_watch(RamBlock *block)
{
    for (Table *t = &tables;; t = next_table(t) ? next_table(t) : add_table(t)) {
        for (int i = 0; i < TABLE_RANGES; i++) {
            if (take_range(&t->ranges[i], block)) {
                return;
            }
        }
    }
}

void ram_hole_unwatch(RamBlock *block)
{
    for (Table *t = &tables; t; t = next_table(t)) {
        for (int i = 0; i < TABLE_RANGES; i++) {
            if (t->ranges[i].start == (guintptr)block->host) {
                __atomic_store_n(&t->ranges[i].length, 0, __ATOMIC_RELEASE);
                __atomic_store_n(&t->ranges[i].start, 0, __ATOMIC_RELEASE);
                return;
            }
        }
    }
}
