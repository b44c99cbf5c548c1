/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs at build time: makes the notes into seccomp filters, written as arrays of BPF
 * instructions, so that starting a VM costs two system calls and no library.
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seccomp.h>

#include "rules.h"

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/*
 * What sandbox.c loads. A thread inherits the filter of the one that starts it, and
 * can only narrow it: the main thread's has what all have.
 */
typedef struct Filter {
    const char *name;
    unsigned kinds;
    unsigned denied; /* DENY_* */
    bool lenient;    /* what it does not know fails, and does not end the process */
} Filter;

static const Filter filters[] = {
    { "filter_main", ALL | START },
    { "filter_main_offline", ALL | START, DENY_NETWORK },
    { "filter_main_closed", ALL | START, DENY_FILES },
    { "filter_main_offline_closed", ALL | START, DENY_NETWORK | DENY_FILES },
    { "filter_vcpu", VCPU },
    { "filter_io", IO },
    { "filter_migration", MIGRATION },
    { "filter_slow", SLOW },
    { "filter_resolver", RESOLVER, 0, true },
    { "filter_user", USER, 0, true },
};

static void fail(const Rule *rule, const char *why)
{
    fprintf(stderr, "%s:%d: #syscalls %s: %s\n", rule->file, rule->line, rule->text, why);
    exit(EXIT_FAILURE);
}

static bool is_known(const Rule *rule, unsigned kinds)
{
    for (const Rule *r = rules; r < rule; r++) {
        if ((r->kinds & kinds) && strcmp(r->text, rule->text) == 0) {
            return true;
        }
    }
    return false;
}

/* A kind that starts threads also does what those do before they have their filter. */
static unsigned kinds_of(const Filter *f)
{
    for (unsigned i = 0; i < n_rules; i++) {
        if ((rules[i].kinds & f->kinds) && strcmp(rules[i].name, "clone") == 0) {
            return f->kinds | START;
        }
    }
    return f->kinds;
}

static void add(scmp_filter_ctx ctx, const Filter *f, const Rule *rule)
{
    struct scmp_arg_cmp args[RULE_MAX_CONDITIONS];
    int nr = seccomp_syscall_resolve_name(rule->name), n = 0;
    bool denied = f->denied & rule_denied_by(rule->name);
    unsigned action = SCMP_ACT_ALLOW;

    if (nr < 0) {
        fail(rule, "no such system call");
    }
    if (rule->error || denied) {
        action = SCMP_ACT_ERRNO(rule->error ? rule->error : EPERM);
    }
    for (; !denied && n < rule->n_conditions; n++) {
        args[n] = SCMP_CMP64(rule->conditions[n].arg, SCMP_CMP_MASKED_EQ,
                             rule->conditions[n].mask, rule->conditions[n].value);
    }
    int ret = seccomp_rule_add_array(ctx, action, nr, n, args);
    if (ret && ret != -EEXIST) {
        fail(rule, strerror(-ret));
    }
}

static scmp_filter_ctx build(const Filter *f)
{
    scmp_filter_ctx ctx =
        seccomp_init(f->lenient ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
    unsigned kinds = kinds_of(f);

    if (!ctx || seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0 ||
        seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0) {
        fprintf(stderr, "%s: libseccomp failed\n", f->name);
        exit(EXIT_FAILURE);
    }
    for (unsigned i = 0; i < n_rules; i++) {
        if ((rules[i].kinds & kinds) && !is_known(&rules[i], kinds)) {
            add(ctx, f, &rules[i]);
        }
    }
    return ctx;
}

static void print(const Filter *f)
{
    scmp_filter_ctx ctx = build(f);
    struct sock_filter code;
    FILE *program = tmpfile();

    if (!program || seccomp_export_bpf(ctx, fileno(program)) != 0) {
        perror(f->name);
        exit(EXIT_FAILURE);
    }
    seccomp_release(ctx);
    rewind(program);
    printf("static const struct sock_filter %s[] = {\n", f->name);
    while (fread(&code, sizeof(code), 1, program) == 1) {
        printf("    { 0x%02x, %u, %u, 0x%x },\n", code.code, code.jt, code.jf, code.k);
    }
    printf("};\n");
    fclose(program);
}

int main(void)
{
    printf("/* Made by gen-filters.c. */\n");
    for (unsigned i = 0; i < N_ELEMENTS(filters); i++) {
        print(&filters[i]);
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
