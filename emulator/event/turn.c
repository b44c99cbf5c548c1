/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting costs an addition in thread-local memory; what is shared is written when
 * a turn ends.
 */
#include "event/turn.h"

#include <string.h>

#include "event/lock.h"

/*
 * limit: from here on the turn is over. unit: the largest piece, since one that was
 * begun is finished; 0 where the mover cuts it to what turn_left() says.
 */
static const struct {
    const char *name;
    guint32 limit, unit;
} kinds[TURN_KINDS] = {
    [TURN_DESCRIPTORS] = { "descriptors", 2048, 1024 },
    [TURN_RNG_BYTES] = { "rng-bytes", 64 << 10, 0 },
    [TURN_PACKETS] = { "packets", 256, 1 },
    [TURN_NET_BYTES] = { "net-bytes", 1 << 20, 66 << 10 },
    [TURN_BLOCK_BYTES] = { "block-bytes", 4 << 20, 2 << 20 },
    [TURN_BLOCK_DONE] = { "block-done", 512, 1 },
    [TURN_CHARDEV_IN] = { "chardev-in", 32 << 10, 0 },
    [TURN_CHARDEV_OUT] = { "chardev-out", 64 << 10, 0 },
    [TURN_FW_CFG_BYTES] = { "fw-cfg-bytes", 1 << 20, 0 },
    /* Where none follows another each is a call, of some 20 us where a file has them. */
    [TURN_BALLOON_PAGES] = { "balloon-pages", 2048, 256 },
    [TURN_CONNECTIONS] = { "connections", 1, 0 },
    [TURN_QMP_COMMANDS] = { "qmp-commands", 1, 0 },
    [TURN_QMP_VALUES] = { "qmp-values", 1, 16384 }, /* a command is begun as a whole */
    [TURN_QMP_BYTES] = { "qmp-bytes", 1, 128 << 10 },
    [TURN_QTEST_COMMANDS] = { "qtest-commands", 64, 0 },
    [TURN_TIMERS] = { "timers", 64, 0 },
    [TURN_POSTED] = { "posted", 64, 0 },
    /* A slot that goes: what a guest can make go is below 4 GiB (0.1 ms). */
    [TURN_LOG_PAGES] = { "log-pages", 1 << 20, 0 },
};

static struct {
    guint64 peak, total; /* atomic */
} shared[TURN_KINDS];

static __thread struct {
    gboolean active, over;
    guint32 counted; /* a bit for each kind */
    guint64 sum[TURN_KINDS];
} turn;

void turn_count(TurnKind kind, guint64 n)
{
    turn.sum[kind] += n;
    turn.counted |= 1u << kind;
    turn.over |= turn.active && turn.sum[kind] >= kinds[kind].limit;
}

gboolean turn_over(void)
{
    return turn.over;
}

guint64 turn_left(TurnKind kind)
{
    guint64 limit = kinds[kind].limit;

    return turn.active ? limit - MIN(turn.sum[kind], limit) : G_MAXUINT64;
}

TurnCounter turn_counter(TurnKind kind)
{
    return (TurnCounter){
        .name = kinds[kind].name,
        .bound = (guint64)kinds[kind].limit + MAX(kinds[kind].unit, 1) - 1,
        .peak = __atomic_load_n(&shared[kind].peak, __ATOMIC_RELAXED),
        .total = __atomic_load_n(&shared[kind].total, __ATOMIC_RELAXED),
    };
}

static void raise_peak(TurnKind kind, guint64 sum)
{
    guint64 peak = __atomic_load_n(&shared[kind].peak, __ATOMIC_RELAXED);

    while (sum > peak &&
           !__atomic_compare_exchange_n(&shared[kind].peak, &peak, sum, TRUE,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

static void publish(TurnKind kind, guint64 sum)
{
    if (turn.active) {
        __atomic_fetch_add(&shared[kind].total, sum, __ATOMIC_RELAXED);
        raise_peak(kind, sum);
    }
}

void turn_count_locked(TurnKind kind, guint64 n)
{
    static __thread guint64 hold, sum[TURN_KINDS];

    __atomic_fetch_add(&shared[kind].total, n, __ATOMIC_RELAXED);
    if (!machine_lock_held()) {
        return;
    }
    if (hold != machine_lock_holds()) {
        hold = machine_lock_holds();
        memset(sum, 0, sizeof(sum));
    }
    sum[kind] += n;
    raise_peak(kind, sum[kind]);
}

static void publish_all(void)
{
    while (turn.counted) {
        unsigned kind = __builtin_ctz(turn.counted);

        turn.counted &= turn.counted - 1;
        publish(kind, turn.sum[kind]);
        turn.sum[kind] = 0;
    }
    turn.over = FALSE;
}

gboolean turn_begin(void)
{
    gboolean outer = turn.active;

    publish_all();
    turn.active = TRUE;
    return outer;
}

void turn_end(gboolean outer)
{
    publish_all();
    turn.active = outer;
}
