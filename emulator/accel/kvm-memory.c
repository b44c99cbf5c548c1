/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM's view of the address maps: a memory slot for each section of RAM, an
 * ioeventfd for each eventfd of a register. Taking a slot away is not atomic for the
 * guest: vCPUs are held out of KVM_RUN from the first removal of a transaction until
 * its commit.
 *
 * #syscalls main: ioctl(KVM_SET_USER_MEMORY_REGION)
 * #syscalls vcpu: ioctl(KVM_SET_USER_MEMORY_REGION) membarrier
 *     -- rare: a guest that moves BARs or maps ROM; no test has one
 * #syscalls main,vcpu: ioctl(KVM_IOEVENTFD)
 * #syscalls main,migration: ioctl(KVM_GET_DIRTY_LOG)
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "accel/kvm-internal.h"
#include "accel/run-state.h"
#include "memory/address-map.h"
#include "util/bitmap.h"
#include "util/error.h"
#include "util/log.h"

typedef struct Slot {
    guint64 addr, size; /* size 0: free */
    RamBlock *block;    /* the address map holds a reference */
    guint64 offset;
    gboolean readonly;
} Slot;

static GArray *slots;    /* index: KVM's slot number */
static gboolean logging; /* dirty pages */
static gboolean paused;

static gboolean set_slot(guint n, guint64 size)
{
    const Slot *s = &g_array_index(slots, Slot, n);
    struct kvm_userspace_memory_region region = {
        .slot = n,
        .flags = (s->readonly ? KVM_MEM_READONLY : 0) |
                 (logging && !s->readonly && size ? KVM_MEM_LOG_DIRTY_PAGES : 0),
        .guest_phys_addr = s->addr,
        .memory_size = size,
        .userspace_addr = (guintptr)s->block->host + s->offset,
    };
    if (kvm_vm_ioctl(KVM_SET_USER_MEMORY_REGION, &region) < 0) {
        g_autofree char *why = g_strdup_printf("KVM refuses memory slot %u (0x%" PRIx64
                                               " at 0x%" PRIx64 "): %s",
                                               n, size, s->addr, error_text(errno));
        vm_request_internal_error(why);
        return FALSE;
    }
    return TRUE;
}

static guint free_slot(void)
{
    guint n = 0;
    while (n < slots->len && g_array_index(slots, Slot, n).size) {
        n++;
    }
    if (n == slots->len) {
        g_array_set_size(slots, n + 1);
    }
    return n;
}

static void memory_add(MapListener *l, const MapSection *s)
{
    if (!s->block) {
        return;
    }
    g_assert(!((s->addr | s->size | s->offset) % RAM_PAGE_SIZE));
    guint n = free_slot();
    Slot *slot = &g_array_index(slots, Slot, n);
    *slot = (Slot){ s->addr, s->size, s->block, s->offset, s->readonly };
    if (!set_slot(n, s->size)) {
        slot->size = 0;
    }
}

static void memory_del(MapListener *l, const MapSection *s)
{
    for (guint n = 0; s->block && n < slots->len; n++) {
        Slot *slot = &g_array_index(slots, Slot, n);
        if (!slot->size || slot->addr != s->addr) {
            continue;
        }
        if (!paused) {
            paused = TRUE;
            kvm_pause_for_slots();
        }
        set_slot(n, 0);
        slot->size = 0;
        return;
    }
}

static void memory_commit(MapListener *l)
{
    if (paused) {
        paused = FALSE;
        kvm_resume_after_slots();
    }
}

/* Dirty logging */

static void update_slots(void)
{
    for (guint n = 0; n < slots->len; n++) {
        const Slot *slot = &g_array_index(slots, Slot, n);
        if (slot->size && !slot->readonly) {
            set_slot(n, slot->size);
        }
    }
}

static gboolean memory_log_start(MapListener *l, GError **errp)
{
    logging = TRUE;
    update_slots();
    return TRUE;
}

static void memory_log_stop(MapListener *l)
{
    logging = FALSE;
    update_slots();
}

static void merge_log(const Slot *slot, const unsigned long *log, gsize pages)
{
    gsize first = slot->offset >> RAM_PAGE_BITS;
    gsize shift = first % BITS_PER_LONG;
    unsigned long *to = slot->block->dirty + first / BITS_PER_LONG;
    for (gsize i = 0; i < BITMAP_WORDS(pages); i++) {
        if (log[i]) {
            bitmap_or_word_atomic(&to[i], log[i] << shift);
            if (shift && log[i] >> (BITS_PER_LONG - shift)) {
                bitmap_or_word_atomic(&to[i + 1], log[i] >> (BITS_PER_LONG - shift));
            }
        }
    }
}

static gboolean memory_log_sync(MapListener *l, GError **errp)
{
    for (guint n = 0; n < slots->len; n++) {
        const Slot *slot = &g_array_index(slots, Slot, n);
        if (!slot->size || slot->readonly || !slot->block->dirty) {
            continue;
        }
        gsize pages = slot->size >> RAM_PAGE_BITS;
        g_autofree unsigned long *log = bitmap_new(pages);
        struct kvm_dirty_log arg = { .slot = n, .dirty_bitmap = log };
        if (kvm_vm_ioctl(KVM_GET_DIRTY_LOG, &arg) < 0) {
            return error_set_errno(errp, errno, "KVM_GET_DIRTY_LOG of slot %u", n);
        }
        merge_log(slot, log, pages);
    }
    return TRUE;
}

/* Eventfds. One that KVM does not take is signalled by dispatch. */

static gboolean set_ioeventfd(guint64 addr, unsigned size, gboolean match, guint64 value,
                              int fd, guint32 flags)
{
    struct kvm_ioeventfd arg = {
        .datamatch = value,
        .addr = addr,
        .len = size,
        .fd = fd,
        .flags = flags | (match ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0),
    };
    if (!kvm.caps.ioeventfd || (!size && !kvm.caps.ioeventfd_any_length)) {
        return TRUE;
    }
    return kvm_vm_ioctl(KVM_IOEVENTFD, &arg) == 0;
}

static void add_ioeventfd(guint64 addr, unsigned size, gboolean match, guint64 value,
                          int fd, guint32 flags)
{
    if (!set_ioeventfd(addr, size, match, value, fd, flags)) {
        log_once("KVM refuses an ioeventfd at 0x%" PRIx64 " (%s): notifications take the "
                 "slow path",
                 addr, error_text(errno));
    }
}

static void memory_eventfd_add(MapListener *l, guint64 addr, unsigned size,
                               gboolean match, guint64 value, int fd)
{
    add_ioeventfd(addr, size, match, value, fd, 0);
}

static void memory_eventfd_del(MapListener *l, guint64 addr, unsigned size,
                               gboolean match, guint64 value, int fd)
{
    set_ioeventfd(addr, size, match, value, fd, KVM_IOEVENTFD_FLAG_DEASSIGN);
}

static void io_eventfd_add(MapListener *l, guint64 addr, unsigned size, gboolean match,
                           guint64 value, int fd)
{
    add_ioeventfd(addr, size, match, value, fd, KVM_IOEVENTFD_FLAG_PIO);
}

static void io_eventfd_del(MapListener *l, guint64 addr, unsigned size, gboolean match,
                           guint64 value, int fd)
{
    set_ioeventfd(addr, size, match, value, fd,
                  KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_DEASSIGN);
}

static MapListener memory_listener = {
    .priority = 10,
    .add = memory_add,
    .del = memory_del,
    .log_start = memory_log_start,
    .log_stop = memory_log_stop,
    .log_sync = memory_log_sync,
    .eventfd_add = memory_eventfd_add,
    .eventfd_del = memory_eventfd_del,
    .commit = memory_commit,
};

static MapListener io_listener = {
    .priority = 10,
    .eventfd_add = io_eventfd_add,
    .eventfd_del = io_eventfd_del,
};

void kvm_memory_init(void)
{
    slots = g_array_new(FALSE, TRUE, sizeof(Slot));
    address_map_listen(address_map_memory(), &memory_listener);
    address_map_listen(address_map_io(), &io_listener);
}
