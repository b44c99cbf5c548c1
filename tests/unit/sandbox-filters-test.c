/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters, run as the kernel would: they say what the notes say. */
#include <asm/ioctls.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <glib.h>
#include <seccomp.h>

#include "sandbox/rules.h"

#include "filters.h"

#define KILL     SECCOMP_RET_KILL_PROCESS
#define ALLOW    SECCOMP_RET_ALLOW
#define FAILS(e) (SECCOMP_RET_ERRNO | (e))

static unsigned steps; /* of the last run */

static unsigned jump(const struct sock_filter *c, unsigned a)
{
    gboolean yes = FALSE;

    switch (BPF_OP(c->code)) {
    case BPF_JA:
        return c->k;
    case BPF_JEQ:
        yes = a == c->k;
        break;
    case BPF_JGT:
        yes = a > c->k;
        break;
    case BPF_JGE:
        yes = a >= c->k;
        break;
    case BPF_JSET:
        yes = (a & c->k) != 0;
        break;
    default:
        g_assert_not_reached();
    }
    return yes ? c->jt : c->jf;
}

static unsigned run(const struct sock_filter *code, const struct seccomp_data *data)
{
    unsigned a = 0;

    for (steps = 1;; code++, steps++) {
        switch (BPF_CLASS(code->code)) {
        case BPF_LD:
            g_assert_cmpuint(code->k, <=, sizeof(*data) - sizeof(a));
            memcpy(&a, (const char *)data + code->k, sizeof(a));
            break;
        case BPF_ALU:
            g_assert_cmpuint(BPF_OP(code->code), ==, BPF_AND);
            a &= code->k;
            break;
        case BPF_JMP:
            code += jump(code, a);
            break;
        case BPF_RET:
            return code->k;
        default:
            g_assert_not_reached();
        }
    }
}

static unsigned ask(const struct sock_filter *code, int nr, guint64 a0, guint64 a1,
                    guint64 a2)
{
    struct seccomp_data data = { .nr = nr,
                                 .arch = AUDIT_ARCH_X86_64,
                                 .args = { a0, a1, a2 } };

    return run(code, &data);
}

/* What a rule says of the call that it is about. */
static unsigned ask_rule(const struct sock_filter *code, const Rule *rule)
{
    struct seccomp_data data = { .nr = seccomp_syscall_resolve_name(rule->name),
                                 .arch = AUDIT_ARCH_X86_64 };

    for (int i = 0; i < rule->n_conditions; i++) {
        data.args[rule->conditions[i].arg] = rule->conditions[i].value;
    }
    return run(code, &data);
}

static void check_rules(unsigned kind, const struct sock_filter *code, unsigned denied)
{
    guint n = 0;

    for (guint i = 0; i < n_rules; i++) {
        if (rules[i].kinds & kind) {
            gboolean away = (denied & rule_denied_by(rules[i].name)) != 0;
            unsigned want = rules[i].error ? FAILS(rules[i].error)
                            : away         ? FAILS(EPERM)
                                           : ALLOW;

            g_test_message("%s:%d: %s", rules[i].file, rules[i].line, rules[i].text);
            g_assert_cmphex(ask_rule(code, &rules[i]), ==, want);
            n++;
        }
    }
    g_assert_cmpuint(n, >, 5);
}

static void test_rules(void)
{
    check_rules(ALL | START, filter_main, 0);
    check_rules(ALL | START, filter_main_offline, DENY_NETWORK);
    check_rules(ALL | START, filter_main_closed, DENY_FILES);
    check_rules(ALL | START, filter_main_offline_closed, DENY_NETWORK | DENY_FILES);
    check_rules(VCPU, filter_vcpu, 0);
    check_rules(IO, filter_io, 0);
    check_rules(MIGRATION, filter_migration, 0);
    check_rules(SLOW, filter_slow, 0);
    check_rules(RESOLVER, filter_resolver, 0);
}

/* A build with sanitizers allows what these call, too (sandbox/sanitizers.h). */
static gboolean sanitizers_trace(void)
{
    for (unsigned i = 0; i < n_rules; i++) {
        if (strcmp(rules[i].name, "ptrace") == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What no filter of the emulator may ever allow. */
static void check_never(const struct sock_filter *code, unsigned refused)
{
    static const struct {
        int nr;
        guint64 args[3];
    } calls[] = {
        { SYS_execve },
        { SYS_ptrace },
        { SYS_fork },
        { SYS_setuid },
        { SYS_mount },
        { SYS_bpf },
        { SYS_clone, { SIGCHLD } },
        { SYS_ioctl, { 0, TIOCSTI } },
        { SYS_ioctl, { 0, 0x5600 } },
        { SYS_socket, { AF_PACKET } },
        { SYS_socket, { AF_NETLINK } },
    };

    for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
        unsigned got =
            ask(code, calls[i].nr, calls[i].args[0], calls[i].args[1], calls[i].args[2]);

        g_test_message("call %d", calls[i].nr);
        if (calls[i].nr == SYS_socket && got != KILL) { /* network=deny, resolver */
            continue;
        }
        if (calls[i].nr != SYS_ptrace || !sanitizers_trace()) {
            g_assert_cmphex(got, ==, refused);
        }
    }
}

static void test_never(void)
{
    static const struct sock_filter *const all[] = {
        filter_main, filter_main_offline, filter_main_closed, filter_main_offline_closed,
        filter_vcpu, filter_io,           filter_migration
    };

    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        check_never(all[i], KILL);
        g_assert_cmphex(ask(all[i], SYS_mmap, 0, 0, PROT_READ | PROT_EXEC), ==, KILL);
        g_assert_cmphex(ask(all[i], SYS_mprotect, 0, 0, PROT_EXEC), ==, KILL);
        g_assert_cmphex(ask(all[i], SYS_mmap, 0, 0, PROT_READ | PROT_WRITE), ==, ALLOW);
    }
    g_assert_cmphex(ask(filter_main, SYS_socket, AF_PACKET, 0, 0), ==, KILL);
    g_assert_cmphex(ask(filter_main, SYS_socket, AF_UNIX, 0, 0), ==, ALLOW);
    g_assert_cmphex(ask(filter_main_offline, SYS_socket, AF_UNIX, 0, 0), ==,
                    FAILS(EPERM));
    g_assert_cmphex(ask(filter_main, SYS_openat, 0, 0, 0), ==, ALLOW);
    g_assert_cmphex(ask(filter_main_offline_closed, SYS_openat, 0, 0, 0), ==,
                    FAILS(EPERM));
    g_assert_cmphex(ask(filter_vcpu, SYS_openat, 0, 0, 0), ==, KILL);
    g_assert_cmphex(ask(filter_io, SYS_ioctl, 0, KVM_RUN, 0), ==, KILL);
    check_never(filter_resolver, FAILS(EPERM));
}

static unsigned kinds_with(const char *call)
{
    unsigned kinds = 0;

    for (guint i = 0; i < n_rules; i++) {
        kinds |= strcmp(rules[i].name, call) == 0 ? rules[i].kinds : 0;
    }
    return kinds;
}

/* fstat() is one call or the other, as the C library likes. */
static void test_fstat(void)
{
    g_assert_cmphex(kinds_with("newfstatat"), !=, 0);
    g_assert_cmphex(kinds_with("newfstatat") & ~kinds_with("fstat"), ==, 0);
}

/* A request's upper half is not looked at by the kernel, nor by the filter. */
static void test_request(void)
{
    g_assert_cmphex(ask(filter_vcpu, SYS_ioctl, 0, KVM_RUN, 0), ==, ALLOW);
    g_assert_cmphex(ask(filter_vcpu, SYS_ioctl, 0, KVM_RUN | 1ull << 40, 0), ==, ALLOW);
    g_assert_cmphex(ask(filter_vcpu, SYS_ioctl, 0, (guint64)(int)KVM_GET_REGS, 0), ==,
                    ALLOW);
}

static void test_foreign(void)
{
    struct seccomp_data data = { .nr = 3, .arch = AUDIT_ARCH_I386 };

    g_assert_cmphex(run(filter_main, &data), ==, KILL);
}

/* The data path: these are asked about for each access of a guest. */
static void test_short(void)
{
    ask(filter_vcpu, SYS_ioctl, 0, KVM_RUN, 0);
    g_test_message("KVM_RUN: %u instructions", steps);
    g_assert_cmpuint(steps, <=, 64);
    ask(filter_io, SYS_io_uring_enter, 0, 0, 0);
    g_test_message("io_uring_enter: %u instructions", steps);
    g_assert_cmpuint(steps, <=, 16);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sandbox/rules", test_rules);
    g_test_add_func("/sandbox/never", test_never);
    g_test_add_func("/sandbox/fstat", test_fstat);
    g_test_add_func("/sandbox/request", test_request);
    g_test_add_func("/sandbox/foreign", test_foreign);
    g_test_add_func("/sandbox/short", test_short);
    return g_test_run();
}
