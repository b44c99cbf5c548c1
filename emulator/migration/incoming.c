/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The destination: a thread reads the stream, RAM goes straight to its place,
 * device state waits in memory until END and is then loaded on the main loop.
 * The VM starts here only when the source has let go (see stream.h), and images
 * are opened for use only then: until that moment this side owns nothing.
 */
#include <string.h>

#include "accel/run-state.h"
#include "block/block.h"
#include "event/loop.h"
#include "event/slow-remove.h"
#include "migration/device-state.h"
#include "migration/late-listen.h"
#include "migration/listener.h"
#include "migration/lookup.h"
#include "migration/migration.h"
#include "migration/outgoing.h"
#include "migration/ram.h"
#include "migration/status.h"
#include "migration/uri.h"
#include "util/created.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/resolver.h"

/* Of one stream: far above what any machine needs. */
#define SECTIONS_MAX      4096
#define SECTION_BYTES_MAX (64u << 20)

/* For hello and CONFIG, which a source sends at once: then another one may come. */
#define BEGIN_MS 10000

typedef struct Incoming {
    GThread *thread;
    MigListener *listener; /* NULL: fd:, or the source has come */
    FileName *made;        /* its socket, see created_bind() */
    gboolean magic_read;
    MigChannel *channel;
    GBytes *config;
    GPtrArray *blocks;  /* RamBlock, by their numbers in RAM records */
    GPtrArray *devices; /* GBytes */
    gsize device_bytes;
    GError *error;
    RunState state;      /* of the source's VM */
    gboolean loaded;     /* devices have been touched */
    GPtrArray *fallback; /* their state before, GBytes */
} Incoming;

/* Who asked to listen on a name, which is being looked up, or on a socket being made. */
typedef struct Asked {
    MigLookup *lookup; /* or NULL */
    MigIncomingDone done;
    void *opaque;
} Asked;

static Incoming *incoming;
static Asked *asked;
static gboolean expected, autostart = TRUE;

static Incoming *incoming_new(void)
{
    Incoming *in = g_new0(Incoming, 1);

    in->devices = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    return in;
}

static void incoming_free(Incoming *in)
{
    if (!in) {
        return;
    }
    g_clear_pointer(&in->listener, mig_listener_free);
    g_clear_pointer(&in->made, created_remove);
    if (in->thread) {
        g_thread_join(in->thread);
    }
    g_clear_pointer(&in->channel, mig_channel_free);
    g_clear_pointer(&in->config, g_bytes_unref);
    g_clear_pointer(&in->blocks, g_ptr_array_unref);
    g_ptr_array_unref(in->devices);
    g_clear_pointer(&in->fallback, g_ptr_array_unref);
    g_clear_error(&in->error);
    g_free(in);
}

static void call_check_config(MigCall *call, void *opaque)
{
    Incoming *in = opaque;

    mig_status_set(MIG_ACTIVE, NULL);
    in->blocks = mig_config_check(in->config, &in->error);
    if (in->blocks) {
        in->fallback = device_state_save_all(RUN_STATE_PAUSED, &in->error);
    }
    mig_call_done(call);
}

static void call_load(MigCall *call, void *opaque)
{
    Incoming *in = opaque;

    mig_status_set(MIG_DEVICE, NULL);
    in->loaded = TRUE;
    device_state_load_all(in->devices, &in->state, &in->error);
    mig_call_done(call);
}

static gboolean take_error(Incoming *in, GError **errp)
{
    if (!in->error) {
        return TRUE;
    }
    g_propagate_error(errp, g_steal_pointer(&in->error));
    return FALSE;
}

static gboolean unexpected(const MigRecord *record, GError **errp)
{
    g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                "Unexpected record of type %u in the migration stream", record->type);
    return FALSE;
}

static gboolean read_config(Incoming *in, GError **errp)
{
    MigRecord record;

    if (in->magic_read) {
        /* Whoever came in by the listener; fd: may wait for a source to be started. */
        mig_channel_set_deadline(in->channel, BEGIN_MS);
    }
    if (!mig_stream_read_hello(in->channel, in->magic_read, errp) ||
        !mig_stream_read_record(in->channel, &record, errp)) {
        return FALSE;
    }
    if (record.type != MIG_RECORD_CONFIG) {
        return unexpected(&record, errp);
    }
    in->config = mig_stream_read_payload(in->channel, &record, errp);
    if (!in->config) {
        return FALSE;
    }
    mig_channel_set_deadline(in->channel, 0);
    mig_call_main(call_check_config, in);
    return take_error(in, errp);
}

static gboolean read_device(Incoming *in, const MigRecord *record, GError **errp)
{
    GBytes *payload;

    in->device_bytes += record->length;
    if (in->devices->len >= SECTIONS_MAX || record->length > SECTION_BYTES_MAX ||
        in->device_bytes > SECTION_BYTES_MAX) {
        g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                            "Too many device sections in the migration stream");
        return FALSE;
    }
    payload = mig_stream_read_payload(in->channel, record, errp);
    if (payload) {
        g_ptr_array_add(in->devices, payload);
    }
    return payload != NULL;
}

/* With the handshake: says that all is loaded, and waits until the source lets go. */
static gboolean take_over(Incoming *in, GError **errp)
{
    MigRecord record;

    if (!mig_stream_send_answer(in->channel, NULL, errp) ||
        !mig_stream_read_record(in->channel, &record, errp)) {
        g_prefix_error(errp, "The source has not let the VM go: ");
        return FALSE;
    }
    if (record.type != MIG_RECORD_GO) {
        return unexpected(&record, errp);
    }
    /* Ours now, whether or not the source hears of it. */
    mig_stream_send_answer(in->channel, NULL, NULL);
    return TRUE;
}

static gboolean finish(Incoming *in, const MigRecord *end, GError **errp)
{
    mig_call_main(call_load, in);
    return take_error(in, errp) &&
           (!(end->aux & MIG_END_HANDSHAKE) || take_over(in, errp));
}

static gboolean incoming_run(Incoming *in, GError **errp)
{
    if (!read_config(in, errp)) {
        return FALSE;
    }
    g_autoptr(Populate) populate = populate_new();
    for (;;) {
        MigRecord record;

        if (!mig_stream_read_record(in->channel, &record, errp)) {
            return FALSE;
        }
        switch (record.type) {
        case MIG_RECORD_RAM:
            if (!ram_load(in->channel, &record, in->blocks, populate, errp)) {
                return FALSE;
            }
            break;
        case MIG_RECORD_DEVICE:
            if (!read_device(in, &record, errp)) {
                return FALSE;
            }
            break;
        case MIG_RECORD_END:
            return finish(in, &record, errp);
        default:
            return unexpected(&record, errp);
        }
    }
}

/* Devices may be half loaded with what a stream liked: all is as it was before. */
static void unload(Incoming *in)
{
    g_autoptr(GError) err = NULL;
    RunState state;

    if (!device_state_load_all(in->fallback, &state, &err)) {
        log_error("migration: %s", err->message);
    }
}

static void images_taken(void *opaque, GError *error)
{
    if (error) {
        log_error("-incoming: %s; the VM stays stopped", error->message);
        g_error_free(error);
    } else if (run_state_get() == RUN_STATE_PAUSED) {
        vm_start();
    }
}

/*
 * Completed: the VM is what it was at the source (shut down, say), but with -S (a
 * management layer decides) one that ran is paused and its images stay untouched until
 * cont.
 */
static void call_finish(MigCall *call, void *opaque)
{
    Incoming *in = opaque;
    gboolean run = in->state == RUN_STATE_RUNNING;

    g_clear_pointer(&in->blocks, g_ptr_array_unref); /* they may be unplugged */
    if (in->error) {
        if (in->loaded) {
            unload(in);
        }
        mig_status_set(MIG_FAILED, in->error);
        log_error("-incoming: %s", in->error->message);
        mig_call_done(call);
        return;
    }
    expected = FALSE;
    run_state_set(run ? RUN_STATE_PAUSED : in->state);
    mig_status_set(MIG_COMPLETED, NULL);
    if (autostart && run) {
        block_activate_all(images_taken, NULL);
    }
    mig_call_done(call);
}

static gpointer incoming_thread(gpointer opaque)
{
    Incoming *in = opaque;
    GError *err = NULL;

    if (!incoming_run(in, &err) && mig_channel_duplex(in->channel)) {
        /* Best effort: tells the source why; it sees the closed channel anyway. */
        mig_stream_send_answer(in->channel, err->message, NULL);
    }
    mig_channel_close(in->channel);
    in->error = err;
    mig_call_main(call_finish, in);
    return NULL;
}

/* Takes over fd; its first call into the main loop comes after what the caller does. */
static gboolean start_thread(Incoming *in, int fd, GError **errp)
{
    in->channel = mig_channel_new(fd, errp);
    if (!in->channel) {
        return FALSE;
    }
    in->thread = thread_try_start("migration", "incoming", incoming_thread, in, errp);
    if (!in->thread) {
        g_clear_pointer(&in->channel, mig_channel_free);
        return FALSE;
    }
    return TRUE;
}

static void on_source(int fd, void *opaque)
{
    g_autoptr(GError) err = NULL;
    Incoming *in = opaque;

    in->magic_read = TRUE;
    if (!start_thread(in, fd, &err)) {
        log_warn("-incoming: the source was let go: %s", err->message);
        return; /* it may come again */
    }
    g_clear_pointer(&in->listener, mig_listener_free); /* one source, once */
    g_clear_pointer(&in->made, slow_remove);
    mig_status_set(MIG_SETUP, NULL);
}

/* A failed attempt may be followed by another one; a running or done one not. */
static gboolean may_start(GError **errp)
{
    const char *why = NULL;

    if (!expected) {
        why = "'-incoming' was not specified on the command line";
    } else if (asked || (incoming && !(incoming->thread && mig_status() == MIG_FAILED))) {
        why = "The incoming migration has already been started";
    }
    if (why) {
        g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED, why);
    }
    return !why;
}

static void take_incoming(Incoming *in)
{
    incoming_free(incoming);
    incoming = in;
}

/* Takes over fd and uri->made. */
static void wait_for_source(MigUri *uri, int fd)
{
    Incoming *in = incoming_new();

    in->made = g_steal_pointer(&uri->made);
    in->listener = mig_listener_new(fd, on_source, in);
    take_incoming(in);
}

static gboolean begin_fd(const MigUri *uri, GError **errp)
{
    int fd = fd_claim(uri->path, errp);
    Incoming *in;

    if (fd < 0) {
        return FALSE;
    }
    in = incoming_new();
    if (!start_thread(in, fd, errp)) {
        incoming_free(in);
        return FALSE;
    }
    take_incoming(in);
    mig_status_set(MIG_SETUP, NULL);
    return TRUE;
}

/* addresses: for tcp. */
static gboolean begin(MigUri *uri, GArray *addresses, GError **errp)
{
    int fd;

    if (uri->kind == MIG_URI_FD) {
        return begin_fd(uri, errp);
    }
    fd = mig_uri_listen(uri, addresses, errp);
    if (fd >= 0) {
        wait_for_source(uri, fd);
    }
    return fd >= 0;
}

/* uri to listen on, and its addresses if it needs some and they are numbers. */
static MigUri *read_uri(const char *uri, GArray **addresses, GError **errp)
{
    g_autoptr(MigUri) parsed = mig_uri_parse(uri, errp);

    if (!parsed || !may_start(errp)) {
        return NULL;
    }
    *addresses = parsed->kind == MIG_URI_TCP ? mig_uri_addresses(parsed, TRUE) : NULL;
    return g_steal_pointer(&parsed);
}

static gboolean has_name(const MigUri *uri, const GArray *addresses)
{
    return uri->kind == MIG_URI_TCP && !addresses;
}

gboolean migration_incoming(const char *uri, GError **errp)
{
    g_autoptr(MigUri) parsed = NULL;
    g_autoptr(GArray) addresses = NULL;

    if (strcmp(uri, "defer") == 0) {
        expected = TRUE;
        return TRUE;
    }
    parsed = read_uri(uri, &addresses, errp);
    if (!parsed) {
        return FALSE;
    }
    if (has_name(parsed, addresses)) {
        addresses = resolver_here(parsed->host, parsed->port, TRUE, errp);
        if (!addresses) {
            mig_uri_explain(parsed, errp);
            return FALSE;
        }
    }
    return begin(parsed, addresses, errp);
}

/* It has ended, or is given up: whoever asked hears of it. */
static void answer(GError *error)
{
    Asked *a = g_steal_pointer(&asked);

    mig_lookup_free(a->lookup);
    a->done(a->opaque, error);
    g_free(a);
}

static void looked_up(MigUri *uri, GArray *addresses, const GError *error, void *opaque)
{
    GError *err = error ? g_error_copy(error) : NULL;

    if (addresses) {
        begin(uri, addresses, &err);
    }
    answer(err);
}

static void listens(MigUri *uri, int fd, const GError *error)
{
    GError *err = error ? g_error_copy(error) : NULL;

    if (!uri) {
        error_set(&err, "The emulator ends before it listens");
    } else if (fd >= 0) {
        wait_for_source(uri, fd);
    }
    answer(err);
}

void migration_incoming_later(const char *uri, MigIncomingDone done, void *opaque)
{
    g_autoptr(GArray) addresses = NULL;
    GError *error = NULL;
    g_autoptr(MigUri) parsed = read_uri(uri, &addresses, &error);
    gboolean later = FALSE;

    if (!parsed) {
        done(opaque, error);
        return;
    }
    asked = g_new(Asked, 1);
    *asked = (Asked){ NULL, done, opaque };
    if (has_name(parsed, addresses)) {
        asked->lookup = mig_lookup_new(parsed, looked_up, NULL, &error);
        later = asked->lookup != NULL;
    } else if (parsed->kind == MIG_URI_UNIX) {
        later = mig_late_listen(parsed, listens, &error);
    } else {
        begin(parsed, addresses, &error);
    }
    if (later) {
        parsed = NULL; /* it has been taken over */
    } else {
        answer(error);
    }
}

gboolean migration_incoming_expected(void)
{
    return expected;
}

void migration_set_autostart(gboolean on)
{
    autostart = on;
}

void migration_cleanup(void)
{
    outgoing_abandon();
    if (asked) {
        GError *error = NULL;
        error_set(&error, "The emulator ends before the name has been looked up");
        answer(error);
    }
    if (incoming && incoming->channel && mig_status_busy()) {
        mig_channel_cancel(incoming->channel);
    }
    /* The threads end with a call into this loop. */
    if (mig_status_busy()) {
        event_loop_run_while(event_loop_main(), mig_status_busy);
    }
    incoming_free(incoming);
    incoming = NULL;
    outgoing_cleanup();
    mig_status_wake();
}
