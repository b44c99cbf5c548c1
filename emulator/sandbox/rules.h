/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a #syscalls note says of one call; see notes.py. Only for programs that run
 * when vireo is built and tested.
 */
#ifndef VIREO_SANDBOX_RULES_H
#define VIREO_SANDBOX_RULES_H

#include <stdbool.h>

/* Kinds of threads. */
enum {
    MAIN = 1 << 0,
    VCPU = 1 << 1,
    IO = 1 << 2,
    MIGRATION = 1 << 3,
    START = 1 << 4, /* any thread of this process before it has its own filter */
    RESOLVER = 1 << 5,
    SLOW = 1 << 6, /* event/slow.h */
    USER = 1 << 7, /* net/user-stack.h */
    ALL = MAIN | VCPU | IO | MIGRATION | SLOW,
};

#define RULE_KINDS 8
#define RULE_KIND_NAMES                                                                  \
    "main", "vcpu", "io", "migration", "start", "resolver", "slow", "user"
#define RULE_MAX_CONDITIONS 2

typedef struct Rule {
    unsigned kinds;
    const char *name; /* of the call */
    const char *text; /* as the note has it */
    const char *file;
    int line;
    bool rare;
    int error; /* the call fails with it; 0: allowed */
    int n_conditions;
    struct {
        unsigned arg, mask, value;
    } conditions[RULE_MAX_CONDITIONS];
} Rule;

extern const Rule rules[];
extern const unsigned n_rules;

/* What -sandbox can take away: network=deny, files=deny. */
enum {
    DENY_NETWORK = 1 << 0, /* what makes or connects a socket */
    DENY_FILES = 1 << 1,   /* what opens or removes a file by its name */
};

/* The one of these that takes the call away, or 0. */
unsigned rule_denied_by(const char *name);

#endif
