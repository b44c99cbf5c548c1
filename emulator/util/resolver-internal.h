/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said between resolver.c and resolver-child.c. */
#ifndef VIREO_UTIL_RESOLVER_INTERNAL_H
#define VIREO_UTIL_RESOLVER_INTERNAL_H

#include "util/resolver.h"

#define RESOLVER_MAX_ANSWERS 16

/* Both texts end with a NUL. */
typedef struct ResolverQuestion {
    char host[256];
    char port[32];
    gint32 passive;
} ResolverQuestion;

typedef struct ResolverAnswer {
    gint32 error; /* EAI_* */
    guint32 count;
    NetAddress addresses[RESOLVER_MAX_ANSWERS]; /* `count` of them are sent */
} ResolverAnswer;

/* Runs in the child, on its own stack, in the parent's memory. */
typedef struct ResolverChild {
    int parent, socket, binary;
    const struct sock_fprog *filter;
    char **environment;
} ResolverChild;

int resolver_child(void *child);
/* getaddrinfo(). Returns EAI_*. */
int resolver_lookup(const ResolverQuestion *question, ResolverAnswer *answer);

#endif
