/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between net.c and the types of back ends: each a file with its rows and its open(). */
#ifndef VIREO_NET_BACKEND_H
#define VIREO_NET_BACKEND_H

#include "net/net.h"

typedef struct NetDriver NetDriver;
typedef struct NetNic NetNic;

struct NetBackend {
    char *id;
    const NetDriver *driver;
    NetNic *nic;        /* that uses it; NULL: nobody */
    gboolean link_down; /* set_link by its own id */
    gint unplugged;     /* atomic: packets are dropped, either way */

    /* Set by open. */
    guint pairs;
    int *fds;       /* one for each pair, non-blocking; NULL: there are none */
    int *vhost_fds; /* of /dev/vhost-net, one for each pair; NULL: there are none */
    gboolean vhost_forced;   /* one that does not work is an error */
    gboolean vhost_required; /* so is a card that can never have it */
    gboolean has_header, has_offloads;
    char *info;   /* "KEY=VALUE,...": what monitors show of it; freed by net.c */
    void *opaque; /* the driver's */
};

struct NetQueue {
    NetBackend *net;
    guint pair;
    int fd; /* -1: none */
    EventLoop *loop;
    NetReady ready; /* to be called in that loop */
    void *ready_opaque;
    GIOCondition want;
    EventHandler *handler; /* of fd */
    void *opaque;          /* the driver's */
};

/* Of a queue: in its loop's thread. Of the back end: under the machine lock. */
typedef struct NetBackendOps {
    /* All NULL: the descriptors. See net.h for what each one does. */
    void (*open)(NetQueue *q);  /* NULL: nothing to do */
    void (*close)(NetQueue *q); /* NULL: nothing to do; waits for nothing any more */
    void (*wait)(NetQueue *q, GIOCondition want);
    gssize (*receive)(NetQueue *q, const struct iovec *iov, guint n);
    gssize (*send)(NetQueue *q, const struct iovec *iov, guint n);

    /* NULL: nothing can be told. */
    gboolean (*set_header)(NetBackend *net, unsigned length, unsigned offloads,
                           GError **errp);
    /* NULL: there is one pair. */
    gboolean (*set_pairs)(NetBackend *net, guint active, GError **errp);
    /* Undoes open. */
    void (*free)(NetBackend *net);
} NetBackendOps;

struct NetDriver {
    KindType type;
    const NetBackendOps *ops;
    /* options: of the rows. Fills in what is set by open, or nothing. */
    gboolean (*open)(NetBackend *net, const void *options, GError **errp);
    /* Of the type: once all back ends of the command line are there; NULL: nothing. */
    gboolean (*start)(GError **errp);
    void (*stop)(void); /* when all are freed; NULL: nothing */
};

extern const NetDriver net_driver_tap, net_driver_user;

/* Of all back ends, in the order of their creation. */
void net_backend_foreach(void (*fn)(const NetBackend *net, void *opaque), void *opaque);
/* nic.c: the link of the back end, or of its NIC, has changed. */
void net_backend_update_link(NetBackend *net);

#endif
