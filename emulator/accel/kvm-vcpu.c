/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPU threads: when they run, stop and wait.
 *
 * A thread rests on `wake` with the machine lock, or runs the guest without it. To
 * get it out, others set `stop` and kick: immediate_exit makes a KVM_RUN that has
 * not begun return at once, the signal ends one that has. It leaves the loop only
 * after a last KVM_RUN with immediate_exit, in which KVM completes the access of the
 * previous exit, so that registers can be saved.
 *
 * It is the thread itself that makes its vCPU, without the machine lock, while the
 * main loop goes on with the board: the two take about as long. Nothing but
 * kvm_finish_vcpus() waits for it, which is where errors come to light. Only then does
 * it load its filter, which needs to know nothing of how a vCPU is made: no filter is
 * loaded anywhere as long as vCPUs are being made.
 *
 * For the replacement of memory slots vCPUs are held just outside KVM_RUN by a
 * counter of its own, without the machine lock: the thread that replaces them has it.
 *
 * #syscalls vcpu: ioctl(KVM_RUN) rt_sigreturn
 * #syscalls main: ioctl(KVM_SET_CLOCK) ioctl(KVM_GET_CLOCK) ioctl(KVM_KVMCLOCK_CTRL)
 *     tgkill getpid
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "accel/kvm-exit.h"
#include "accel/kvm-internal.h"
#include "accel/run-state.h"
#include "event/lock.h"
#include "event/loop.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

#define KICK_SIGNAL SIGUSR1

static __thread Vcpu *current_vcpu;
static GCond rested; /* some vCPU has stopped or parked; machine lock */

static gint unmade; /* atomic: vCPUs whose threads are still making them */
static GMutex made_lock;
static GCond all_made;

static gint slot_pauses; /* atomic: vCPUs must stay out of KVM_RUN */
static GMutex pause_lock;
static GCond pause_cond; /* slot_pauses or some in_guest has become 0 */

#define LOAD(field)         __atomic_load_n(&(field), __ATOMIC_SEQ_CST)
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_SEQ_CST)

static void on_kick(int sig)
{
}

void kvm_kick_vcpu(Vcpu *cpu)
{
    struct kvm_run *run = LOAD(cpu->run);
    if (!run) {
        return; /* still being made */
    }
    STORE(run->immediate_exit, 1);
    if (LOAD(cpu->in_guest)) {
        tgkill(getpid(), cpu->tid, KICK_SIGNAL);
    }
}

/* Slots: the counter is raised before in_guest is read, and in_guest before it. */

static Vcpu *vcpu_at(guint i)
{
    return g_ptr_array_index(kvm.vcpus, i);
}

static gboolean any_in_guest(void)
{
    for (guint i = 0; i < kvm.vcpus->len; i++) {
        if (LOAD(vcpu_at(i)->in_guest)) {
            return TRUE;
        }
    }
    return FALSE;
}

void kvm_pause_for_slots(void)
{
    g_assert(machine_lock_held());
    STORE(slot_pauses, slot_pauses + 1);
    for (guint i = 0; i < kvm.vcpus->len; i++) {
        kvm_kick_vcpu(vcpu_at(i));
    }
    g_mutex_lock(&pause_lock);
    while (any_in_guest()) {
        g_cond_wait(&pause_cond, &pause_lock);
    }
    g_mutex_unlock(&pause_lock);
}

void kvm_resume_after_slots(void)
{
    g_assert(machine_lock_held());
    g_mutex_lock(&pause_lock);
    STORE(slot_pauses, slot_pauses - 1);
    g_cond_broadcast(&pause_cond);
    g_mutex_unlock(&pause_lock);
}

static void leave_guest(Vcpu *cpu)
{
    STORE(cpu->in_guest, 0);
    if (G_UNLIKELY(LOAD(slot_pauses))) {
        g_mutex_lock(&pause_lock);
        g_cond_broadcast(&pause_cond);
        g_mutex_unlock(&pause_lock);
    }
}

static void enter_guest(Vcpu *cpu)
{
    for (;;) {
        STORE(cpu->in_guest, 1);
        if (G_LIKELY(!LOAD(slot_pauses))) {
            return;
        }
        leave_guest(cpu);
        g_mutex_lock(&pause_lock);
        while (LOAD(slot_pauses)) {
            g_cond_wait(&pause_cond, &pause_lock);
        }
        g_mutex_unlock(&pause_lock);
    }
}

/* Runs the guest until `stop`. Without the machine lock. */
static void run_guest(Vcpu *cpu)
{
    struct kvm_run *run = cpu->run;
    gboolean between = FALSE; /* two instructions, as far as is known */
    vcpu_inject_first(cpu);
    for (;;) {
        vcpu_inject(cpu, between);
        if (LOAD(cpu->stop)) {
            STORE(run->immediate_exit, 1);
        }
        enter_guest(cpu);
        int r = ioctl(cpu->fd, KVM_RUN, 0);
        int error = errno;
        leave_guest(cpu);
        if (r >= 0) {
            kvm_handle_exit(cpu);
            between = run->exit_reason == KVM_EXIT_IRQ_WINDOW_OPEN;
        } else if (error == EINTR || error == EAGAIN) {
            STORE(run->immediate_exit, 0);
            between = TRUE;
            if (LOAD(cpu->stop)) {
                return;
            }
        } else {
            kvm_handle_error(cpu, error);
            STORE(run->immediate_exit, 0);
            return; /* KVM would say the same again */
        }
    }
}

/* Whoever waits until all vCPUs have come to rest. */
typedef struct RestWaiter {
    void (*done)(void *opaque);
    void *opaque;
} RestWaiter;

static GSList *rest_waiters;

static gboolean all_rest(void)
{
    for (guint i = 0; i < kvm.vcpus->len; i++) {
        if (!vcpu_at(i)->stopped) {
            return FALSE;
        }
    }
    return !kvm.run;
}

static void tell_rest(void *opaque)
{
    GSList *waiters;

    if (!all_rest()) {
        return; /* the next to rest says it again */
    }
    waiters = g_slist_reverse(g_steal_pointer(&rest_waiters));
    for (GSList *l = waiters; l; l = l->next) {
        RestWaiter *w = l->data;
        w->done(w->opaque);
    }
    g_slist_free_full(waiters, g_free);
}

/*
 * A vCPU that is parked (kvm_run_vcpus() does not wait for it) has its access half
 * done, and what completes that may take the main loop.
 */
void kvm_when_vcpus_rest(void (*done)(void *opaque), void *opaque)
{
    RestWaiter *w = g_new(RestWaiter, 1);

    g_assert(machine_lock_held());
    *w = (RestWaiter){ done, opaque };
    rest_waiters = g_slist_prepend(rest_waiters, w);
    tell_rest(NULL);
}

static void say_stopped(Vcpu *cpu)
{
    cpu->stopped = TRUE;
    g_cond_broadcast(&rested);
    if (rest_waiters) {
        event_loop_post(event_loop_main(), tell_rest, NULL);
    }
}

static void rest(Vcpu *cpu)
{
    while (!kvm.run || cpu->held) {
        if (!cpu->stopped) {
            vcpu_inject_last(cpu);
            say_stopped(cpu);
        }
        machine_lock_wait(&cpu->wake);
    }
    cpu->stopped = FALSE;
}

static gboolean open_vcpu(Vcpu *cpu, GError **errp)
{
    int fd = kvm_vm_ioctl(KVM_CREATE_VCPU, GUINT_TO_POINTER(cpu->apic_id));
    if (fd < 0) {
        return error_set_errno(errp, errno, "KVM cannot create vCPU %u (APIC ID %u)",
                               cpu->index, cpu->apic_id);
    }
    cpu->fd = fd;
    void *run = mmap(NULL, kvm.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (run == MAP_FAILED) {
        return error_set_errno(errp, errno, "cannot map vCPU %u", cpu->index);
    }
    STORE(cpu->run, run);
    return kvm_set_cpuid(cpu, errp) &&
           (cpu->index != 0 || kvm_keep_power_on(cpu, errp));
}

static void say_made(void)
{
    if (g_atomic_int_dec_and_test(&unmade)) {
        g_mutex_lock(&made_lock);
        g_cond_signal(&all_made);
        g_mutex_unlock(&made_lock);
    }
}

static gboolean make_vcpu(Vcpu *cpu)
{
    sigset_t set;
    gboolean ok = open_vcpu(cpu, &cpu->error);

    sigemptyset(&set);
    sigaddset(&set, KICK_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    STORE(cpu->tid, gettid());
    thread_narrow("vcpu");
    say_made();
    return ok;
}

/* A vCPU that could not be made is never run: the start fails. */
static void *vcpu_thread(void *opaque)
{
    Vcpu *cpu = opaque;

    current_vcpu = cpu;
    if (!make_vcpu(cpu)) {
        return NULL;
    }
    machine_lock();
    for (;;) {
        rest(cpu);
        machine_unlock();
        run_guest(cpu);
        machine_lock();
    }
}

static void start_vcpus(void)
{
    struct kvm_clock_data data = { .clock = kvm.clock };
    if (kvm.clock_valid && kvm_vm_ioctl(KVM_SET_CLOCK, &data) < 0) {
        log_once("KVM_SET_CLOCK: %s", error_text(errno));
    }
    for (guint i = 0; i < kvm.vcpus->len; i++) {
        Vcpu *cpu = vcpu_at(i);
        if (kvm.clock_valid && kvm.caps.kvmclock_ctrl) {
            kvm_vcpu_ioctl(cpu, KVM_KVMCLOCK_CTRL, NULL); /* fails where it is not used */
        }
        cpu->held = FALSE;
        STORE(cpu->stop, 0);
        g_cond_signal(&cpu->wake);
    }
}

static void stop_vcpus(void)
{
    for (guint i = 0; i < kvm.vcpus->len; i++) {
        STORE(vcpu_at(i)->stop, 1);
        kvm_kick_vcpu(vcpu_at(i));
    }
    for (guint i = 0; i < kvm.vcpus->len; i++) {
        Vcpu *cpu = vcpu_at(i);
        while (!cpu->stopped && !cpu->parked) {
            machine_lock_wait(&rested);
        }
    }
    struct kvm_clock_data data = { .clock = 0 };
    if (kvm_vm_ioctl(KVM_GET_CLOCK, &data) == 0) {
        kvm.clock = data.clock;
        kvm.clock_valid = TRUE;
    }
}

void kvm_run_vcpus(gboolean run)
{
    g_assert(machine_lock_held() && !current_vcpu);
    if (kvm.run == run) {
        return;
    }
    kvm.run = run;
    if (run) {
        start_vcpus();
    } else {
        stop_vcpus();
    }
}

void kvm_hold_current_vcpu(void)
{
    if (current_vcpu) {
        /* Only its own thread reads it before the run state changes. */
        current_vcpu->held = TRUE;
        STORE(current_vcpu->stop, 1);
    }
}

static void access_answered(void *opaque)
{
    Vcpu *cpu = opaque;
    cpu->answered = TRUE;
    if (cpu->parked) { /* else it is this thread; a signal would be a system call */
        g_cond_signal(&cpu->wake);
    }
}

void vcpu_finish_access(Vcpu *cpu)
{
    cpu->answered = FALSE;
    access_finish(access_answered, cpu);
    while (!cpu->answered) {
        cpu->parked = TRUE;
        g_cond_broadcast(&rested);
        machine_lock_wait(&cpu->wake);
    }
    cpu->parked = FALSE;
}

/* Creation */

gboolean kvm_create_vcpu(unsigned index, guint32 apic_id, GError **errp)
{
    g_assert(machine_lock_held() && index == kvm.vcpus->len);
    if (!index) {
        struct sigaction action = { .sa_handler = on_kick };
        sigemptyset(&action.sa_mask);
        sigaction(KICK_SIGNAL, &action, NULL);
    }
    g_autofree char *name = g_strdup_printf("CPU %u/KVM", index);
    Vcpu *cpu = g_new0(Vcpu, 1);
    cpu->index = index;
    cpu->apic_id = apic_id;
    cpu->fd = -1;
    cpu->stopped = cpu->fresh = TRUE;
    g_cond_init(&cpu->wake);
    g_atomic_int_inc(&unmade);
    cpu->thread = thread_try_start(NULL, name, vcpu_thread, cpu, errp);
    if (!cpu->thread) {
        g_atomic_int_add(&unmade, -1);
        g_free(cpu);
        return FALSE;
    }
    g_ptr_array_add(kvm.vcpus, cpu);
    return TRUE;
}

gboolean kvm_finish_vcpus(GError **errp)
{
    g_assert(machine_lock_held());
    gboolean ok = TRUE;
    g_mutex_lock(&made_lock);
    while (g_atomic_int_get(&unmade)) {
        g_cond_wait(&all_made, &made_lock);
    }
    g_mutex_unlock(&made_lock);
    for (guint i = 0; i < kvm.vcpus->len; i++) {
        Vcpu *cpu = vcpu_at(i);
        if (ok && cpu->error) {
            g_propagate_error(errp, g_steal_pointer(&cpu->error));
            ok = FALSE;
        }
        g_clear_error(&cpu->error);
    }
    return ok;
}

Vcpu *vcpu_get(unsigned index)
{
    return kvm.vcpus && index < kvm.vcpus->len ? vcpu_at(index) : NULL;
}

int vcpu_tid(const Vcpu *cpu)
{
    return LOAD(cpu->tid);
}
