/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run state and the requests that change it. A request is noted under a lock
 * of its own (the data plane has no machine lock) and carried out on the main loop.
 */
#include "accel/run-state.h"

#include "accel/accel.h"
#include "event/clock.h"
#include "event/lock.h"
#include "event/loop.h"
#include "event/vm-event.h"
#include "util/log.h"

/* The names are QMP's RunState and ShutdownCause. */
static const char *const state_names[RUN_STATE__MAX] = {
    [RUN_STATE_PRELAUNCH] = "prelaunch",
    [RUN_STATE_INMIGRATE] = "inmigrate",
    [RUN_STATE_RUNNING] = "running",
    [RUN_STATE_PAUSED] = "paused",
    [RUN_STATE_FINISH_MIGRATE] = "finish-migrate",
    [RUN_STATE_POSTMIGRATE] = "postmigrate",
    [RUN_STATE_SHUTDOWN] = "shutdown",
    [RUN_STATE_IO_ERROR] = "io-error",
    [RUN_STATE_INTERNAL_ERROR] = "internal-error",
    [RUN_STATE_GUEST_PANICKED] = "guest-panicked",
    [RUN_STATE_WATCHDOG] = "watchdog",
};

static const struct {
    const char *name;
    gboolean guest;  /* the guest asked for it */
    gboolean always; /* shutdown=pause does not keep the process */
} causes[SHUTDOWN_CAUSE__MAX] = {
    [SHUTDOWN_HOST_ERROR] = { "host-error", FALSE, FALSE },
    [SHUTDOWN_HOST_QMP_QUIT] = { "host-qmp-quit", FALSE, TRUE },
    [SHUTDOWN_HOST_QMP_SYSTEM_RESET] = { "host-qmp-system-reset", FALSE, FALSE },
    [SHUTDOWN_HOST_SIGNAL] = { "host-signal", FALSE, TRUE },
    [SHUTDOWN_GUEST_SHUTDOWN] = { "guest-shutdown", TRUE, FALSE },
    [SHUTDOWN_GUEST_RESET] = { "guest-reset", TRUE, FALSE },
    [SHUTDOWN_GUEST_PANIC] = { "guest-panic", TRUE, FALSE },
};

typedef struct Subscriber {
    void (*fn)(gboolean running, void *opaque);
    void *opaque;
} Subscriber;

typedef struct Handler {
    void (*fn)(void *opaque);
    void *opaque;
} Handler;

static RunState current = RUN_STATE_PRELAUNCH;
static gboolean needs_reset; /* since the last one; a migration does not change it */
static GArray *subscribers;
static Handler reset_handler, powerdown_handler;
static gint actions[ACTION__KINDS] = { [ACTION_PANIC] = PANIC_ACTION_SHUTDOWN };
static gboolean failed;
static gboolean resetting; /* the handler has begun, vm_reset_done() is to come */
static ShutdownCause reset_cause;
static gboolean ending; /* the process is about to: no vCPU runs again */

/* What is asked for; causes are -1 for none. */
static GMutex request_lock;
static struct {
    gboolean posted;
    int shutdown, reset;
    int stop; /* the RunState, or -1 */
    gboolean powerdown, panic, watchdog;
    char *internal_error;
} request = { .shutdown = -1, .reset = -1, .stop = -1 };

RunState run_state_get(void)
{
    return current;
}

const char *run_state_name(RunState state)
{
    return state_names[state];
}

gboolean run_state_parse(const char *name, RunState *state)
{
    for (int i = 0; i < RUN_STATE__MAX; i++) {
        if (g_str_equal(state_names[i], name)) {
            *state = (RunState)i;
            return TRUE;
        }
    }
    return FALSE;
}

const char *shutdown_cause_name(ShutdownCause cause)
{
    return causes[cause].name;
}

gboolean vm_running(void)
{
    return current == RUN_STATE_RUNNING;
}

/* A guest that has panicked may go on, to dump its memory say: as QEMU's. */
static gboolean ends_guest(RunState state)
{
    return state == RUN_STATE_SHUTDOWN || state == RUN_STATE_INTERNAL_ERROR;
}

/* The state says who has the VM, also after a reset. */
static gboolean is_migrating(RunState state)
{
    return state == RUN_STATE_INMIGRATE || state == RUN_STATE_FINISH_MIGRATE ||
           state == RUN_STATE_POSTMIGRATE;
}

static void enter(RunState state)
{
    current = state;
    needs_reset = needs_reset || ends_guest(state);
}

/* Any thread. */
static int action_of(ActionKind kind)
{
    return g_atomic_int_get(&actions[kind]);
}

/* A shutdown ends the process, or else the VM is only stopped. */
static gboolean ends_process(ShutdownCause cause)
{
    return causes[cause].always || action_of(ACTION_SHUTDOWN) != SHUTDOWN_ACTION_PAUSE;
}

gboolean vm_ending(void)
{
    gboolean asked;

    g_mutex_lock(&request_lock);
    asked = request.shutdown >= 0 && ends_process((ShutdownCause)request.shutdown);
    g_mutex_unlock(&request_lock);
    return asked || ending;
}

void run_state_set(RunState state)
{
    g_assert(machine_lock_held() && state != RUN_STATE_RUNNING && !vm_running());
    enter(state);
}

gboolean run_state_needs_reset(void)
{
    return needs_reset;
}

void run_state_subscribe(void (*fn)(gboolean running, void *opaque), void *opaque)
{
    Subscriber s = { fn, opaque };
    if (!subscribers) {
        subscribers = g_array_new(FALSE, FALSE, sizeof(Subscriber));
    }
    g_array_append_val(subscribers, s);
}

void run_state_unsubscribe(void (*fn)(gboolean running, void *opaque), void *opaque)
{
    for (guint i = 0; subscribers && i < subscribers->len; i++) {
        Subscriber *s = &g_array_index(subscribers, Subscriber, i);
        if (s->fn == fn && s->opaque == opaque) {
            g_array_remove_index(subscribers, i);
            return;
        }
    }
}

static void tell(gboolean running)
{
    for (guint i = 0; subscribers && i < subscribers->len; i++) {
        Subscriber s = g_array_index(subscribers, Subscriber, i);
        s.fn(running, s.opaque);
    }
}

void vm_start(void)
{
    g_assert(machine_lock_held());
    if (vm_running() || ending) {
        return;
    }
    current = RUN_STATE_RUNNING;
    vm_quiesce_started();
    clock_virtual_run(TRUE);
    tell(TRUE);
    vm_event_emit("RESUME", NULL);
    if (!resetting) {
        accel_get()->run_vcpus(TRUE);
    }
}

static void vcpus_rest(void *opaque)
{
    vm_quiesce_release();
}

void vm_stop(RunState state)
{
    g_assert(machine_lock_held() && state != RUN_STATE_RUNNING);
    if (!vm_running()) {
        return;
    }
    accel_get()->run_vcpus(FALSE);
    clock_virtual_run(FALSE);
    enter(state);
    vm_quiesce_hold();
    tell(FALSE);
    vm_event_emit("STOP", NULL);
    accel_when_vcpus_rest(vcpus_rest, NULL);
}

static ConfigNode *cause_data(ShutdownCause cause)
{
    ConfigNode *data = config_map_new();
    config_map_set_bool(data, "guest", causes[cause].guest);
    config_map_set_string(data, "reason", causes[cause].name);
    return data;
}

/* Also when it has been stopped meanwhile for a reason from which it may go on. */
static void stop_finally(RunState state)
{
    if (vm_running()) {
        vm_stop(state);
    } else if (current != RUN_STATE_INMIGRATE && !ends_guest(current)) {
        run_state_set(state);
    }
}

static void end_process(void)
{
    ending = TRUE;
    accel_get()->run_vcpus(FALSE);
    event_loop_quit(event_loop_main());
}

static void do_shutdown(ShutdownCause cause)
{
    vm_event_emit("SHUTDOWN", cause_data(cause));
    if (!ends_process(cause)) {
        stop_finally(RUN_STATE_SHUTDOWN);
        return;
    }
    failed = cause == SHUTDOWN_GUEST_PANIC &&
             action_of(ACTION_PANIC) == PANIC_ACTION_EXIT_FAILURE;
    end_process();
}

static void do_reset(ShutdownCause cause)
{
    if (action_of(ACTION_REBOOT) == REBOOT_ACTION_SHUTDOWN) {
        do_shutdown(cause);
        return;
    }
    if (resetting || ending) {
        return; /* one that is under way is as good */
    }
    resetting = TRUE;
    vm_quiesce_hold();
    reset_cause = cause;
    accel_get()->run_vcpus(FALSE);
    if (reset_handler.fn) {
        reset_handler.fn(reset_handler.opaque);
    } else {
        vm_reset_done();
    }
}

gboolean vm_resetting(void)
{
    return resetting;
}

void vm_reset_done(void)
{
    g_assert(machine_lock_held() && resetting);
    resetting = FALSE;
    vm_quiesce_release();
    needs_reset = FALSE;
    vm_event_emit("RESET", cause_data(reset_cause));
    if (ending) {
        return;
    }
    if (vm_running()) {
        accel_get()->run_vcpus(TRUE);
    } else if (!is_migrating(current)) {
        run_state_set(RUN_STATE_PRELAUNCH); /* `cont` may start it again */
    }
}

/* QMP's GuestPanicAction: what happens then. */
static const char *panic_outcome(void)
{
    int action = action_of(ACTION_PANIC);
    gboolean kept = action_of(ACTION_SHUTDOWN) == SHUTDOWN_ACTION_PAUSE;
    return action == PANIC_ACTION_NONE               ? "run"
           : action == PANIC_ACTION_PAUSE            ? "pause"
           : action == PANIC_ACTION_SHUTDOWN && kept ? "pause"
                                                     : "poweroff";
}

static void do_panic(void)
{
    const char *outcome = panic_outcome();
    ConfigNode *data = config_map_new();

    config_map_set_string(data, "action", outcome);
    vm_event_emit("GUEST_PANICKED", data);
    if (action_of(ACTION_PANIC) == PANIC_ACTION_NONE) {
        return;
    }
    stop_finally(RUN_STATE_GUEST_PANICKED);
    if (g_str_equal(outcome, "poweroff")) {
        do_shutdown(SHUTDOWN_GUEST_PANIC);
    }
}

static void do_powerdown(void)
{
    vm_event_emit("POWERDOWN", NULL);
    if (powerdown_handler.fn) {
        powerdown_handler.fn(powerdown_handler.opaque);
    }
}

/* QEMU's, too: a power-off is told of by this event alone. */
static void do_watchdog(void)
{
    int action = action_of(ACTION_WATCHDOG);
    ConfigNode *data = config_map_new();
    config_map_set_string(data, "action", action_watchdog_names[action]);
    vm_event_emit("WATCHDOG", data);
    switch ((WatchdogAction)action) {
    case WATCHDOG_ACTION_RESET:
        do_reset(SHUTDOWN_GUEST_RESET);
        break;
    case WATCHDOG_ACTION_SHUTDOWN:
        do_powerdown();
        break;
    case WATCHDOG_ACTION_POWEROFF:
        end_process();
        break;
    case WATCHDOG_ACTION_PAUSE:
        vm_stop(RUN_STATE_WATCHDOG);
        break;
    case WATCHDOG_ACTION_DEBUG:
        log_info("watchdog: timer fired");
        break;
    case WATCHDOG_ACTION_INJECT_NMI:
        accel_inject_nmi(NULL);
        break;
    case WATCHDOG_ACTION_NONE:
        break;
    }
}

static void carry_out(void *opaque)
{
    g_mutex_lock(&request_lock);
    int shutdown = request.shutdown, reset = request.reset, stop = request.stop;
    gboolean powerdown = request.powerdown, panic = request.panic;
    gboolean watchdog = request.watchdog;
    g_autofree char *error = g_steal_pointer(&request.internal_error);
    request.shutdown = request.reset = request.stop = -1;
    request.powerdown = request.panic = request.watchdog = request.posted = FALSE;
    g_mutex_unlock(&request_lock);

    if (panic) {
        do_panic();
    }
    if (watchdog) {
        do_watchdog();
    }
    if (shutdown >= 0) {
        do_shutdown((ShutdownCause)shutdown);
    }
    if (error) {
        log_error("internal error: %s", error);
        stop_finally(RUN_STATE_INTERNAL_ERROR);
    }
    if (stop >= 0) {
        vm_stop((RunState)stop);
    }
    if (reset >= 0) {
        do_reset((ShutdownCause)reset);
    }
    if (powerdown) {
        do_powerdown();
    }
}

/* With the request lock, which it gives back. */
static void post_request(void)
{
    gboolean post = !request.posted;
    request.posted = TRUE;
    g_mutex_unlock(&request_lock);
    if (post) {
        event_loop_post(event_loop_main(), carry_out, NULL);
    }
}

/* The vCPU that asks must not run on until it has been heard. */
static void hold_vcpu(void)
{
    if (accel_get()->hold_current_vcpu) {
        accel_get()->hold_current_vcpu();
    }
}

void vm_request_shutdown(ShutdownCause cause)
{
    hold_vcpu();
    g_mutex_lock(&request_lock);
    /* The first cause stays, unless a later one is to end the process. */
    if (request.shutdown < 0 || causes[cause].always) {
        request.shutdown = (int)cause;
    }
    post_request();
}

void vm_request_reset(ShutdownCause cause)
{
    hold_vcpu();
    g_mutex_lock(&request_lock);
    if (request.reset < 0) {
        request.reset = (int)cause;
    }
    post_request();
}

void vm_request_stop(RunState state)
{
    g_mutex_lock(&request_lock);
    request.stop = (int)state;
    post_request();
}

void vm_request_powerdown(void)
{
    g_mutex_lock(&request_lock);
    request.powerdown = TRUE;
    post_request();
}

void vm_request_panic(void)
{
    if (action_of(ACTION_PANIC) != PANIC_ACTION_NONE) {
        hold_vcpu();
    }
    g_mutex_lock(&request_lock);
    request.panic = TRUE;
    post_request();
}

void vm_request_watchdog(void)
{
    g_mutex_lock(&request_lock);
    request.watchdog = TRUE;
    post_request();
}

void vm_request_internal_error(const char *why)
{
    hold_vcpu();
    g_mutex_lock(&request_lock);
    if (!request.internal_error) {
        request.internal_error = g_strdup(why);
    }
    post_request();
}

void vm_set_reset_handler(void (*fn)(void *opaque), void *opaque)
{
    reset_handler = (Handler){ fn, opaque };
}

void vm_set_powerdown_handler(void (*fn)(void *opaque), void *opaque)
{
    powerdown_handler = (Handler){ fn, opaque };
}

void vm_set_action(ActionKind kind, int value)
{
    g_atomic_int_set(&actions[kind], value);
}

gboolean vm_has_failed(void)
{
    return failed;
}
