/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Precopy, on a thread of its own:
 *
 *   log dirty pages -> send all of RAM -> send what became dirty, again and again,
 *   until what is left fits into the downtime limit -> stop vCPUs and data plane ->
 *   flush the images -> save devices -> give up the images -> send the rest -> END ->
 *   answer -> GO -> answer.
 *
 * Until the commit (before GO; before END, where the destination cannot answer)
 * every failure and a cancel end with the images taken back and the VM running as
 * before; so does a GO that could not be sent, or that the destination refuses.
 * Afterwards the VM stays here, stopped ("postmigrate") and resumable. Where the second
 * answer does not come nobody can know on which side the VM is: the migration has
 * failed, says so, and whoever manages it asks the destination, which has either
 * completed or failed.
 */
#include "migration/outgoing.h"

#include <string.h>
#include <unistd.h>

#include "accel/run-state.h"
#include "block/block.h"
#include "device/device.h"
#include "event/lock.h"
#include "event/loop.h"
#include "memory/ram.h"
#include "migration/device-state.h"
#include "migration/migration.h"
#include "migration/parameters.h"
#include "migration/ram.h"
#include "migration/status.h"
#include "migration/uri.h"
#include "util/fd.h"
#include "util/log.h"

/* For the answer to GO, which the destination has nothing to do for. */
#define TAKEN_MS 10000
/* For why it does not read any more. */
#define WHY_MS 10000

typedef struct Outgoing {
    GThread *thread;
    MigUri *uri;
    int fd; /* of fd:, or -1 */
    MigChannel *channel;
    RamSender *ram;
    GBytes *config;
    GPtrArray *devices;
    GError *error;
    gboolean cancelled;
    gboolean was_running, stopped, inactivated;
    MigCall *call; /* that waits for the images */
    RunState old_state; /* before the switch-over, when it was not running */
    gboolean handshake, committed;
    gboolean not_taken; /* after the commit: the destination is known not to run */
    gboolean abandoned; /* nothing more is to be done for the guest */
    gint64 start, setup_end, stop, gone, end; /* monotonic µs */
    guint64 rounds, dirty_rate, bandwidth;    /* pages/s, bytes/s of the last round */
} Outgoing;

/* The current or last migration; replaced by the next one. Machine lock. */
static Outgoing *outgoing;

static void outgoing_free(Outgoing *m)
{
    if (!m) {
        return;
    }
    if (m->thread) {
        g_thread_join(m->thread);
    }
    if (m->fd >= 0) {
        close(m->fd);
    }
    g_clear_pointer(&m->ram, ram_sender_free);
    g_clear_pointer(&m->channel, mig_channel_free);
    g_clear_pointer(&m->config, g_bytes_unref);
    g_clear_pointer(&m->devices, g_ptr_array_unref);
    g_clear_error(&m->error);
    mig_uri_free(m->uri);
    g_free(m);
}

/*
 * With the handshake RAM is lent to the socket: what is still in it when this VM goes on
 * after all reaches a destination that does not. Without it the destination may run
 * while the last bytes are on their way, and they have to be what they were.
 */
static gboolean open_channel(Outgoing *m, GError **errp)
{
    int fd = m->fd >= 0 ? m->fd : mig_uri_connect(m->uri, m->channel, errp);

    if (fd < 0) {
        return FALSE;
    }
    m->fd = -1;
    mig_channel_set_fd(m->channel, fd);
    m->handshake = mig_channel_duplex(m->channel) && migration_capability("return-path");
    if (m->handshake) {
        mig_channel_lend(m->channel);
    }
    return TRUE;
}

/* Of a call on the main loop. */
static gboolean take_error(Outgoing *m, GError **errp)
{
    if (!m->error) {
        return TRUE;
    }
    g_propagate_error(errp, g_steal_pointer(&m->error));
    return FALSE;
}

/* Main loop: from here on writes are logged; the configuration is what it is now. */
static void call_setup(MigCall *call, void *opaque)
{
    Outgoing *m = opaque;

    m->config = mig_config_save(&m->error);
    if (m->config && dirty_log_start(&m->error)) {
        m->ram = ram_sender_new(m->channel);
        m->setup_end = g_get_monotonic_time();
        if (!m->cancelled) {
            mig_status_set(MIG_ACTIVE, NULL);
        }
    }
    mig_call_done(call);
}

/* pages: what it took; downtime: the limit now, ms. */
static gboolean sync_dirty(Outgoing *m, guint64 *pages, guint64 *downtime, GError **errp)
{
    if (!dirty_log_sync(errp)) {
        return FALSE;
    }
    machine_lock();
    *downtime = migration_parameters()->downtime_limit;
    machine_unlock();
    *pages = ram_sender_collect(m->ram);
    return TRUE;
}

/* Sends RAM until what is left can be sent within the downtime limit. */
static gboolean precopy(Outgoing *m, GError **errp)
{
    for (;;) {
        gint64 begin = g_get_monotonic_time(), elapsed;
        guint64 before = mig_channel_written(m->channel), pages, downtime;
        RamStats stats;

        if (!ram_sender_pass(m->ram, FALSE, errp) || !sync_dirty(m, &pages, &downtime, errp)) {
            return FALSE;
        }
        elapsed = MAX(g_get_monotonic_time() - begin, 1);
        m->rounds++;
        m->dirty_rate = pages * G_USEC_PER_SEC / elapsed;
        m->bandwidth =
            (mig_channel_written(m->channel) - before) * G_USEC_PER_SEC / elapsed;
        ram_sender_stats(m->ram, &stats);
        if (stats.remaining <= (gdouble)m->bandwidth * downtime / 1000) {
            return TRUE;
        }
    }
}

static void stands_still(void *opaque, gboolean stands, const GError *error)
{
    g_assert(outgoing->error == NULL);
    if (error) {
        outgoing->error = g_error_copy(error);
    } else if (!stands) {
        g_set_error_literal(&outgoing->error, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                            "The VM was started during the migration");
    }
    mig_call_done(opaque);
}

static void unchanging(void *opaque)
{
    vm_quiesce(stands_still, opaque);
}

/* A reset or unplug under way has its end first. */
static void quiesced(void *opaque)
{
    device_after_changes(unchanging, opaque);
}

static void call_stop(MigCall *call, void *opaque)
{
    Outgoing *m = opaque;

    m->was_running = vm_running();
    m->old_state = run_state_get();
    m->stop = g_get_monotonic_time();
    m->stopped = TRUE;
    if (m->was_running) {
        vm_stop(RUN_STATE_FINISH_MIGRATE);
    } else {
        run_state_set(RUN_STATE_FINISH_MIGRATE);
    }
    /* Nothing is written any more but this: as fast as it goes. */
    mig_channel_set_limit(m->channel, 0);
    mig_call_done(call);
}

/*
 * A VM that has been shut down, or that cannot go on, is not to go on elsewhere. What
 * was asked for before this call has been posted to the main loop before it.
 */
static gboolean check_state(GError **errp)
{
    RunState state = vm_ending() ? RUN_STATE_SHUTDOWN : run_state_get();

    if (state != RUN_STATE_FINISH_MIGRATE) {
        g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                    "The VM went to state '%s' during the migration",
                    run_state_name(state));
    }
    return state == RUN_STATE_FINISH_MIGRATE;
}

/*
 * Until nothing moves any more, and all is on the disks; the main loop goes on meanwhile.
 * A call of its own: what the guest has asked for before its vCPUs stood still (a
 * reset, a shutdown) is carried out before.
 */
static void call_quiesce(MigCall *call, void *opaque)
{
    Outgoing *m = opaque;

    if (!check_state(&m->error)) {
        mig_call_done(call);
        return;
    }
    if (!m->cancelled) {
        mig_status_set(MIG_DEVICE, NULL);
    }
    device_quiesce_all(quiesced, call);
}

static void given_away(void *opaque, GError *error)
{
    Outgoing *m = opaque;

    m->error = error;
    mig_call_done(m->call);
}

static void call_save(MigCall *call, void *opaque)
{
    Outgoing *m = opaque;

    m->devices = device_state_save_all(
        m->was_running ? RUN_STATE_RUNNING : m->old_state, &m->error);
    if (m->error) {
        mig_call_done(call);
        return;
    }
    m->inactivated = TRUE;
    m->call = call;
    block_inactivate_all(given_away, m);
}

static void call_commit(MigCall *call, void *opaque)
{
    Outgoing *m = opaque;

    if (mig_channel_cancelled(m->channel)) {
        g_set_error_literal(&m->error, MIGRATION_ERROR, MIGRATION_ERROR_CANCELLED,
                            "The migration was cancelled");
    } else {
        m->committed = check_state(&m->error);
    }
    mig_call_done(call);
}

/*
 * The point of no return: what follows lets the destination run, so from here on
 * this VM does not start by itself again, and a cancel comes too late. So does a
 * hole in guest memory, which is found when it is sent: it has been told by now.
 */
static gboolean commit(Outgoing *m, GError **errp)
{
    mig_call_main(call_commit, m);
    return take_error(m, errp);
}

/* After the commit: its first record makes the destination's VM run. */
static gboolean let_go(Outgoing *m, MigRecordType type, GError **errp)
{
    guint64 before = mig_channel_written(m->channel);

    if (!mig_stream_send(m->channel, type, 0, NULL, errp)) {
        m->not_taken = mig_channel_written(m->channel) == before;
        return FALSE;
    }
    m->gone = g_get_monotonic_time();
    return TRUE;
}

/* Whether the destination has got GO; it answers at once. */
static gboolean read_taken(Outgoing *m, GError **errp)
{
    mig_channel_set_deadline(m->channel, TAKEN_MS);
    if (mig_stream_read_answer(m->channel, errp)) {
        return TRUE;
    }
    m->not_taken = g_error_matches(*errp, MIGRATION_ERROR, MIGRATION_ERROR_REFUSED);
    if (!m->not_taken) {
        g_prefix_error(errp, "It is not known whether the destination has taken the VM "
                             "over, and it stays stopped here: ");
    }
    return FALSE;
}

/* The last part: nothing changes any more while this runs. */
static gboolean switch_over(Outgoing *m, GError **errp)
{
    mig_call_main(call_stop, m);
    mig_call_main(call_quiesce, m);
    if (!m->error) {
        mig_call_main(call_save, m);
    }
    if (!take_error(m, errp) || !dirty_log_sync(errp)) {
        return FALSE;
    }
    ram_sender_collect(m->ram);
    if (!ram_sender_pass(m->ram, TRUE, errp)) {
        return FALSE;
    }
    for (guint i = 0; i < m->devices->len; i++) {
        if (!mig_stream_send(m->channel, MIG_RECORD_DEVICE, 0, m->devices->pdata[i],
                             errp)) {
            return FALSE;
        }
    }
    if (!m->handshake) {
        return commit(m, errp) && let_go(m, MIG_RECORD_END, errp);
    }
    return mig_stream_send(m->channel, MIG_RECORD_END, MIG_END_HANDSHAKE, NULL, errp) &&
           mig_stream_read_answer(m->channel, errp) && commit(m, errp) &&
           let_go(m, MIG_RECORD_GO, errp) && read_taken(m, errp);
}

static gboolean outgoing_run(Outgoing *m, GError **errp)
{
    if (!open_channel(m, errp)) {
        return FALSE;
    }
    mig_call_main(call_setup, m);
    return take_error(m, errp) && mig_stream_send_hello(m->channel, errp) &&
           mig_stream_send(m->channel, MIG_RECORD_CONFIG, 0, m->config, errp) &&
           precopy(m, errp) && switch_over(m, errp);
}

static void rolled_back(Outgoing *m, MigCall *call)
{
    mig_status_set(m->cancelled ? MIG_CANCELLED : MIG_FAILED,
                   m->cancelled ? NULL : m->error);
    mig_call_done(call);
}

/* One that has ended meanwhile stays as it is, with its images. */
static void go_back(Outgoing *m)
{
    if (run_state_get() != RUN_STATE_FINISH_MIGRATE) {
        return;
    }
    if (m->was_running) {
        vm_start();
    } else {
        run_state_set(m->old_state);
    }
}

static void taken_back(void *opaque, GError *error)
{
    Outgoing *m = opaque;

    if (error) {
        /* Somebody else holds the images: running now would corrupt them. */
        log_error("migration: %s; the VM stays stopped", error->message);
        m->old_state = RUN_STATE_POSTMIGRATE;
        m->was_running = FALSE;
        g_error_free(error);
    }
    if (!m->abandoned) {
        go_back(m);
    }
    rolled_back(m, m->call);
}

/* Takes the VM back to what it was before the switch-over began. */
static void roll_back(Outgoing *m, MigCall *call)
{
    if (!m->stopped || m->abandoned) {
        rolled_back(m, call);
    } else if (!m->inactivated) {
        go_back(m);
        rolled_back(m, call);
    } else {
        m->call = call;
        block_activate_all(taken_back, m);
    }
}

static void call_finish(MigCall *call, void *opaque)
{
    Outgoing *m = opaque;

    m->end = m->gone ? m->gone : g_get_monotonic_time();
    if (dirty_log_active()) {
        dirty_log_stop();
    }
    if (!m->committed || m->not_taken) {
        roll_back(m, call);
        return;
    }
    if (m->error) {
        log_error("migration: %s", m->error->message);
    }
    run_state_set(RUN_STATE_POSTMIGRATE);
    mig_status_set(m->error ? MIG_FAILED : MIG_COMPLETED, m->error);
    mig_call_done(call);
}

/* A destination that refuses says why before it closes the channel. */
static void ask_why(Outgoing *m, GError **err)
{
    GError *answer = NULL;

    mig_channel_set_deadline(m->channel, WHY_MS);
    if (!g_error_matches(*err, MIGRATION_ERROR, MIGRATION_ERROR_WRITE) ||
        !mig_channel_duplex(m->channel) || mig_stream_read_answer(m->channel, &answer)) {
        return;
    }
    if (g_error_matches(answer, MIGRATION_ERROR, MIGRATION_ERROR_REFUSED)) {
        g_clear_error(err);
        *err = g_steal_pointer(&answer);
    }
    g_clear_error(&answer);
}

static gpointer outgoing_thread(gpointer opaque)
{
    Outgoing *m = opaque;
    GError *err = NULL;

    if (!outgoing_run(m, &err)) {
        ask_why(m, &err);
    }
    mig_channel_close(m->channel);
    m->error = err;
    mig_call_main(call_finish, m);
    return NULL;
}

static void limits_changed(void)
{
    if (outgoing && !outgoing->stopped) {
        mig_channel_set_limit(outgoing->channel, migration_parameters()->max_bandwidth);
    }
}

gboolean migration_start(const char *uri, GError **errp)
{
    g_autoptr(MigUri) parsed = mig_uri_parse(uri, errp);
    Outgoing *m;
    int fd = -1;

    if (!parsed) {
        return FALSE;
    }
    if (mig_status_busy()) {
        g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                            "There's a migration process in progress");
        return FALSE;
    }
    if (run_state_get() == RUN_STATE_INMIGRATE) {
        g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                            "Guest is waiting for an incoming migration");
        return FALSE;
    }
    if (run_state_get() == RUN_STATE_POSTMIGRATE) {
        g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                            "Can't migrate the vm that was paused due to previous "
                            "migration");
        return FALSE;
    }
    if (parsed->kind == MIG_URI_FD) {
        fd = fd_claim(parsed->path, errp);
        if (fd < 0) {
            return FALSE;
        }
    }
    m = g_new0(Outgoing, 1);
    m->uri = g_steal_pointer(&parsed);
    m->fd = fd;
    m->channel = mig_channel_new(-1, errp);
    if (!m->channel) {
        outgoing_free(m);
        return FALSE;
    }
    mig_channel_set_limit(m->channel, migration_parameters()->max_bandwidth);
    m->start = g_get_monotonic_time();
    m->thread = thread_try_start("migration", "migration", outgoing_thread, m, errp);
    if (!m->thread) {
        outgoing_free(m);
        return FALSE;
    }
    outgoing_free(outgoing);
    outgoing = m; /* before the thread's first call, which waits for the main loop */
    migration_parameters_set_hook(limits_changed);
    mig_status_set(MIG_SETUP, NULL);
    return TRUE;
}

void migration_cancel(void)
{
    if (!outgoing || !mig_status_busy() || mig_status() == MIG_CANCELLING ||
        outgoing->committed) {
        return;
    }
    mig_status_set(MIG_CANCELLING, NULL);
    outgoing->cancelled = TRUE;
    mig_channel_cancel(outgoing->channel);
}

static ConfigNode *query_ram(const Outgoing *m, const RamStats *stats)
{
    ConfigNode *ram = config_map_new();

    config_map_set_int(ram, "transferred", mig_channel_written(m->channel));
    config_map_set_int(ram, "remaining", stats->remaining);
    config_map_set_int(ram, "total", stats->total);
    config_map_set_int(ram, "duplicate", stats->duplicate);
    config_map_set_int(ram, "skipped", 0);
    config_map_set_int(ram, "normal", stats->normal);
    config_map_set_int(ram, "normal-bytes", stats->normal << RAM_PAGE_BITS);
    config_map_set_int(ram, "dirty-pages-rate", m->dirty_rate);
    config_map_set_double(ram, "mbps", m->bandwidth * 8 / 1e6);
    config_map_set_int(ram, "dirty-sync-count", m->rounds);
    config_map_set_int(ram, "page-size", RAM_PAGE_SIZE);
    return ram;
}

void outgoing_query(ConfigNode *out)
{
    Outgoing *m = outgoing;
    RamStats stats;
    gint64 now;

    if (!m || !m->ram) {
        return;
    }
    now = m->end ? m->end : g_get_monotonic_time();
    ram_sender_stats(m->ram, &stats);
    config_map_set_int(out, "total-time", (now - m->start) / 1000);
    config_map_set_int(out, "setup-time", (m->setup_end - m->start) / 1000);
    if (mig_status() == MIG_COMPLETED) {
        config_map_set_int(out, "downtime", (m->end - m->stop) / 1000);
    } else {
        config_map_set_int(out, "expected-downtime",
                           m->bandwidth ? stats.remaining * 1000 / m->bandwidth
                                        : migration_parameters()->downtime_limit);
    }
    config_map_set(out, "ram", query_ram(m, &stats));
}

gboolean outgoing_switching(void)
{
    return outgoing && outgoing->stopped && mig_status_busy();
}

void outgoing_abandon(void)
{
    if (outgoing && mig_status_busy()) {
        outgoing->abandoned = TRUE;
        outgoing->cancelled = TRUE;
        mig_channel_cancel(outgoing->channel);
    }
}

void outgoing_cleanup(void)
{
    outgoing_free(outgoing);
    outgoing = NULL;
}
