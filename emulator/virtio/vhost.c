/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel as data plane. All vhost devices share one copy of the memory map, and one
 * log of what they write, with a bit for each page of guest-physical memory.
 *
 * #syscalls main,vcpu: ioctl(VHOST_SET_OWNER) ioctl(VHOST_GET_FEATURES)
 *     ioctl(VHOST_SET_FEATURES) ioctl(VHOST_SET_MEM_TABLE) ioctl(VHOST_SET_LOG_BASE)
 *     ioctl(VHOST_SET_VRING_NUM) ioctl(VHOST_SET_VRING_BASE)
 *     ioctl(VHOST_GET_VRING_BASE) ioctl(VHOST_SET_VRING_ADDR)
 *     ioctl(VHOST_SET_VRING_KICK) ioctl(VHOST_SET_VRING_CALL)
 *     ioctl(VHOST_NET_SET_BACKEND) ioctl(VHOST_VSOCK_SET_RUNNING)
 *     -- rare: few test machines have vhost-net; the lab has
 */
#include "virtio/vhost.h"

#include <errno.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_vsock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "memory/address-map.h"
#include "memory/map-listener.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/log.h"

#define RINGS         2
#define REGIONS       64 /* what a kernel takes that says nothing else here: */
#define REGIONS_PARAM "/sys/module/vhost/parameters/max_mem_regions"
#define LOG_ALL       (1ull << VHOST_F_LOG_ALL)
/* What the kernel has to know to serve a ring of any kind. */
#define RING_FEATURES                                                                    \
    (1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_INDIRECT_DESC |                  \
     1ull << VIRTIO_RING_F_EVENT_IDX)

struct Vhost {
    int fd;
    VhostKind kind;
    int interrupts[RINGS]; /* -1: the ring's own */
    gboolean owned, running;
    guint64 features;
    Virtqueue *rings; /* RINGS of them */
};

static GSList *devices;
static guint regions_max;
static GArray *sections; /* MapSection, a reference to each block */
static GArray *leaving;  /* those that may be in use until the table is a new one */
static gboolean logging;
static guint64 *log_words;
static gsize n_log_words;

static gboolean call(const Vhost *v, unsigned long request, void *argument,
                     const char *what, GError **errp)
{
    return ioctl(v->fd, request, argument) >= 0 ||
           error_set_errno(errp, errno, "vhost: %s", what);
}

/* Memory */

static gboolean tell_memory(const Vhost *v, GError **errp)
{
    guint n = sections->len;
    gsize size = sizeof(struct vhost_memory) + n * sizeof(struct vhost_memory_region);
    g_autofree struct vhost_memory *table = g_malloc0(size);

    table->nregions = n;
    for (guint i = 0; i < n; i++) {
        const MapSection *s = &g_array_index(sections, MapSection, i);
        table->regions[i] = (struct vhost_memory_region){
            .guest_phys_addr = s->addr,
            .memory_size = s->size,
            .userspace_addr = (guint64)(gsize)(s->block->host + s->offset),
        };
    }
    return call(v, VHOST_SET_MEM_TABLE, table, "memory table", errp);
}

static gboolean takes(const MapSection *s, MapSection *pages)
{
    return s->block && !s->readonly && !s->block->readonly && map_section_pages(s, pages);
}

static guint read_limit(void)
{
    g_autofree char *text = NULL;
    guint64 limit = 0;

    if (g_file_get_contents(REGIONS_PARAM, &text, NULL, NULL)) {
        limit = MIN(g_ascii_strtoull(text, NULL, 10), G_MAXUINT16);
    }
    return limit ? (guint)limit : REGIONS;
}

static guint map_room(MapListener *l)
{
    return regions_max - MIN(sections->len, regions_max);
}

static gboolean map_add(MapListener *l, const MapSection *s, GError **errp)
{
    MapSection pages;

    if (!takes(s, &pages)) {
        return TRUE;
    }
    if (sections->len >= regions_max) {
        return error_set(errp,
                         "vhost: the kernel takes %u pieces of memory "
                         "(" REGIONS_PARAM "), and there are more",
                         regions_max);
    }
    ram_block_ref(pages.block);
    g_array_append_val(sections, pages);
    return TRUE;
}

static void map_del(MapListener *l, const MapSection *s)
{
    MapSection pages;

    for (guint i = 0; takes(s, &pages) && i < sections->len; i++) {
        if (g_array_index(sections, MapSection, i).addr == pages.addr) {
            g_array_append_val(leaving, g_array_index(sections, MapSection, i));
            g_array_remove_index(sections, i);
            return;
        }
    }
}

static void map_lost(MapListener *l, const MapSection *s, const GError *error)
{
    log_once("%s", error->message);
}

/* The log */

static gboolean tell_log(const Vhost *v, GError **errp)
{
    guint64 base = (guint64)(gsize)log_words;

    return call(v, VHOST_SET_LOG_BASE, &base, "dirty log", errp);
}

static gsize words_needed(void)
{
    guint64 end = 0;

    for (guint i = 0; i < sections->len; i++) {
        const MapSection *s = &g_array_index(sections, MapSection, i);
        end = MAX(end, s->addr + s->size);
    }
    return (end >> RAM_PAGE_BITS) / 64 + 1;
}

/* What the old one has is in the new one when nobody writes the old one any more. */
static gboolean grow_log(GError **errp)
{
    guint64 *old = log_words;
    gsize n = words_needed(), before = n_log_words;

    if (n <= before) {
        return TRUE;
    }
    log_words = g_try_new0(guint64, n);
    if (!log_words) {
        log_words = old;
        return error_set(errp, "vhost: no memory for a dirty log");
    }
    n_log_words = n;
    for (GSList *l = devices; l; l = l->next) {
        const Vhost *v = l->data;
        if (before && v->running && !tell_log(v, errp)) {
            return FALSE; /* old stays: some of them may write it */
        }
    }
    for (gsize i = 0; i < before; i++) {
        __atomic_fetch_or(&log_words[i], old[i], __ATOMIC_RELAXED);
    }
    g_free(old);
    return TRUE;
}

/* A section's bits, a word of the log at a time. keep: they stay in the log, too. */
static void collect(const MapSection *s, gboolean keep)
{
    guint64 first = s->addr >> RAM_PAGE_BITS, end = first + (s->size >> RAM_PAGE_BITS);

    for (guint64 page = first; page < end && page / 64 < n_log_words;) {
        guint64 next = MIN((page / 64 + 1) * 64, end), n = next - page;
        guint64 mask = (n == 64 ? ~0ull : (1ull << n) - 1) << page % 64;
        guint64 *word = &log_words[page / 64];
        guint64 bits = __atomic_load_n(word, __ATOMIC_RELAXED) & mask;
        if (bits && !keep) {
            bits = __atomic_fetch_and(word, ~mask, __ATOMIC_ACQUIRE) & mask;
        }
        if (bits) {
            unsigned long log = bits >> page % 64;
            ram_block_merge_dirty(s->block, (s->offset >> RAM_PAGE_BITS) + (page - first),
                                  &log, n);
        }
        page = next;
    }
}

/*
 * Nobody writes these any more: what was written is the old block's, and may already be
 * that of another one in its place.
 */
static void let_go(void)
{
    for (guint i = 0; i < leaving->len; i++) {
        const MapSection *s = &g_array_index(leaving, MapSection, i);
        if (logging) {
            collect(s, TRUE);
        }
        ram_block_unref(s->block);
    }
    g_array_set_size(leaving, 0);
}

static void map_commit(MapListener *l)
{
    g_autoptr(GError) error = NULL;

    if (logging &&
        !grow_log(&error)) { /* a larger table would be logged behind its end */
        log_once("%s", error->message);
        return;
    }
    for (GSList *d = devices; d; d = d->next) {
        const Vhost *v = d->data;
        if (v->running && !tell_memory(v, &error)) {
            log_once("%s", error->message);
            g_clear_error(&error);
        }
    }
    let_go();
}

static gboolean tell_addresses(const Vhost *v, unsigned i, GError **errp)
{
    const Virtqueue *vq = &v->rings[i];
    struct vhost_vring_addr addr = {
        .index = i,
        .flags = logging ? 1u << VHOST_VRING_F_LOG : 0,
        .desc_user_addr = (guint64)(gsize)vq->desc_pin.host,
        .used_user_addr = (guint64)(gsize)vq->used_pin.host,
        .avail_user_addr = (guint64)(gsize)vq->avail_pin.host,
        .log_guest_addr = vq->used,
    };

    return call(v, VHOST_SET_VRING_ADDR, &addr, "ring addresses", errp);
}

static gboolean tell_features(const Vhost *v, GError **errp)
{
    guint64 features = v->features | (logging ? LOG_ALL : 0);

    return call(v, VHOST_SET_FEATURES, &features, "features", errp);
}

static gboolean tell_logging(const Vhost *v, GError **errp)
{
    if (logging && !tell_log(v, errp)) {
        return FALSE;
    }
    return tell_features(v, errp) && tell_addresses(v, 0, errp) &&
           tell_addresses(v, 1, errp);
}

static void map_log_stop(MapListener *l)
{
    gboolean in_use = FALSE;

    logging = FALSE;
    for (GSList *d = devices; d; d = d->next) {
        const Vhost *v = d->data;
        g_autoptr(GError) error = NULL;
        if (v->running && !tell_logging(v, &error)) {
            log_warn("%s", error->message);
            in_use = TRUE; /* it goes on logging */
        }
    }
    if (!in_use) {
        g_clear_pointer(&log_words, g_free);
        n_log_words = 0;
    }
}

static gboolean map_log_start(MapListener *l, GError **errp)
{
    if (!grow_log(errp)) {
        return FALSE;
    }
    logging = TRUE;
    for (GSList *d = devices; d; d = d->next) {
        const Vhost *v = d->data;
        if (v->running && !tell_logging(v, errp)) {
            map_log_stop(l);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean map_log_sync(MapListener *l, guint *part, GError **errp)
{
    if (*part >= sections->len) {
        *part = MAP_LOG_END;
        return TRUE;
    }
    collect(&g_array_index(sections, MapSection, *part), FALSE);
    *part = *part + 1 < sections->len ? *part + 1 : MAP_LOG_END;
    return TRUE;
}

static MapListener listener = {
    .name = "vhost",
    .priority = 20,
    .room = map_room,
    .add = map_add,
    .del = map_del,
    .lost = map_lost,
    .log_start = map_log_start,
    .log_stop = map_log_stop,
    .log_sync = map_log_sync,
    .commit = map_commit,
};

/* The last device has stopped: what it has written is still to be migrated. */
static void forget_memory(void)
{
    g_array_append_vals(leaving, sections->data, sections->len);
    let_go();
    g_array_unref(sections);
    g_array_unref(leaving);
    g_clear_pointer(&log_words, g_free);
    n_log_words = 0;
    logging = FALSE;
}

static gboolean listen(GError **errp)
{
    regions_max = read_limit();
    sections = g_array_new(FALSE, FALSE, sizeof(MapSection));
    leaving = g_array_new(FALSE, FALSE, sizeof(MapSection));
    if (!address_map_listen(address_map_memory(), &listener, errp)) {
        forget_memory();
        return FALSE;
    }
    if (dirty_log_active() && !map_log_start(&listener, errp)) {
        address_map_unlisten(address_map_memory(), &listener);
        forget_memory();
        return FALSE;
    }
    return TRUE;
}

/* Devices */

Vhost *vhost_new(int fd, VhostKind kind, GError **errp)
{
    if (!devices && !listen(errp)) {
        return NULL;
    }
    Vhost *v = g_new(Vhost, 1);
    *v = (Vhost){ .fd = fd, .kind = kind, .interrupts = { -1, -1 } };
    devices = g_slist_append(devices, v);
    return v;
}

void vhost_interrupt_by(Vhost *v, unsigned ring, int fd)
{
    v->interrupts[ring] = fd;
}

void vhost_free(Vhost *v)
{
    devices = g_slist_remove(devices, v);
    g_free(v);
    if (!devices) {
        address_map_unlisten(address_map_memory(), &listener);
        forget_memory();
    }
}

static gboolean check_features(const Vhost *v, GError **errp)
{
    guint64 there = 0, missing;

    if (!call(v, VHOST_GET_FEATURES, &there, "features", errp)) {
        return FALSE;
    }
    missing = v->features & ~there;
    return !missing || error_set(errp, "vhost: the kernel does not know feature bit %u",
                                 (unsigned)__builtin_ctzll(missing));
}

static gboolean start_ring(const Vhost *v, unsigned i, GError **errp)
{
    const Virtqueue *vq = &v->rings[i];
    struct vhost_vring_state num = { i, vq->num }, base = { i, vq->last_avail };
    struct vhost_vring_file kick = { i, vq->kick_fd }, interrupt = { i, vq->call_fd };

    if (v->interrupts[i] >= 0) {
        interrupt.fd = v->interrupts[i];
    }
    return call(v, VHOST_SET_VRING_NUM, &num, "ring size", errp) &&
           call(v, VHOST_SET_VRING_BASE, &base, "ring position", errp) &&
           tell_addresses(v, i, errp) &&
           call(v, VHOST_SET_VRING_CALL, &interrupt, "interrupt", errp) &&
           call(v, VHOST_SET_VRING_KICK, &kick, "notification", errp);
}

/* The owner is the process that begins: what makes one may still be its parent. */
static gboolean own(Vhost *v, GError **errp)
{
    v->owned = v->owned || call(v, VHOST_SET_OWNER, NULL, "owner", errp);
    return v->owned;
}

static gboolean attach_net(const Vhost *v, int fd, GError **errp)
{
    for (unsigned i = 0; i < RINGS; i++) {
        struct vhost_vring_file file = { i, fd };
        if (!call(v, VHOST_NET_SET_BACKEND, &file, "back end", errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean attach_vsock(const Vhost *v, int fd, GError **errp)
{
    int on = fd >= 0;

    return call(v, VHOST_VSOCK_SET_RUNNING, &on, "start", errp);
}

/* features: that the kernel has to know, too; the rest is between driver and back end. */
static const struct {
    guint64 features;
    gboolean (*attach)(const Vhost *v, int fd, GError **errp); /* -1: nothing */
} kinds[] = {
    [VHOST_KIND_NET] = { 1ull << VIRTIO_NET_F_MRG_RXBUF |
                             1ull << VHOST_NET_F_VIRTIO_NET_HDR,
                         attach_net },
    [VHOST_KIND_VSOCK] = { 1ull << VIRTIO_VSOCK_F_SEQPACKET, attach_vsock },
};

static void detach(const Vhost *v)
{
    kinds[v->kind].attach(v, -1, NULL);
    for (unsigned i = 0; i < RINGS; i++) {
        struct vhost_vring_file none = { i, -1 };
        ioctl(v->fd, VHOST_SET_VRING_KICK, &none);
        ioctl(v->fd, VHOST_SET_VRING_CALL, &none);
    }
}

gboolean vhost_start(Vhost *v, Virtqueue *first, guint64 features, GError **errp)
{
    v->rings = first;
    v->features = features & (RING_FEATURES | kinds[v->kind].features);
    if (!own(v, errp) || !check_features(v, errp) || !tell_memory(v, errp) ||
        (logging && !tell_log(v, errp)) || !tell_features(v, errp)) {
        return FALSE;
    }
    v->running = TRUE;
    for (unsigned i = 0; i < RINGS; i++) {
        if (!start_ring(v, i, errp)) {
            detach(v);
            v->running = FALSE;
            return FALSE;
        }
    }
    return TRUE;
}

gboolean vhost_set_backend(Vhost *v, int fd, GError **errp)
{
    if (!kinds[v->kind].attach(v, fd, errp)) {
        return FALSE;
    }
    for (unsigned i = 0; fd >= 0 && i < RINGS; i++) {
        fd_signal(v->rings[i].kick_fd); /* there may be buffers already */
    }
    return TRUE;
}

/* Without a back end all that was taken is used. */
static void take_position(const Vhost *v, unsigned i)
{
    struct vhost_vring_state base = { i, 0 };
    g_autoptr(GError) error = NULL;

    if (call(v, VHOST_GET_VRING_BASE, &base, "ring position", &error)) {
        v->rings[i].last_avail = v->rings[i].used_idx = base.num;
    } else {
        log_once("%s", error->message);
    }
}

void vhost_stop(Vhost *v)
{
    if (!v->running) {
        return;
    }
    detach(v);
    for (unsigned i = 0; i < RINGS; i++) {
        take_position(v, i);
    }
    v->running = FALSE;
}
