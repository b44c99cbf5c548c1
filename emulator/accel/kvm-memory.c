/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM's view of the address maps: a memory slot for each section of RAM, an
 * ioeventfd for each eventfd of a register. Taking a slot away is not atomic for the
 * guest: vCPUs are held out of KVM_RUN from the first removal of a transaction until
 * its commit.
 *
 * Dirty pages: where KVM can, its log is only copied by a sync (a slot at a time, see
 * memory/listener-log.c), and pages are write-protected again piece by piece, just
 * before they are sent; logging begins with all pages dirty and none protected. Else
 * KVM protects a whole slot when its log is read. A slot that goes leaves its log: a bit
 * for each of its pages, 20 us a GiB.
 *
 * KVM's dirty ring is not used. It has to be chosen before the first vCPU is made, so
 * that each vCPU of each VM would pay for a ring (64 KiB to 1 MiB; the goal is 24 KiB a
 * vCPU), and it replaces the log. What it saves is small: of 1 GiB with 64, 4088, 65280
 * pages written it took 0.02, 0.37, 2.1 ms to collect them and to protect them again,
 * the log 0.07, 0.9 and (all 261632 pages) 3 ms; the guest was not faster with it, and
 * one that writes more than its ring holds stops until somebody has read that.
 *
 * #syscalls main: ioctl(KVM_SET_USER_MEMORY_REGION) ioctl(KVM_ENABLE_CAP)
 * #syscalls vcpu: membarrier ioctl(KVM_SET_USER_MEMORY_REGION)
 * #syscalls main,vcpu: ioctl(KVM_IOEVENTFD)
 * #syscalls migration: ioctl(KVM_GET_DIRTY_LOG) ioctl(KVM_CLEAR_DIRTY_LOG)
 * #syscalls main,vcpu: ioctl(KVM_GET_DIRTY_LOG)
 *     -- rare: memory that goes while a migration is under way
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

/* Changed with the log's lock of memory/, and the machine lock. */
static GArray *slots;    /* index: KVM's slot number */
static gboolean logging; /* dirty pages */
static gboolean manual;  /* KVM protects pages again only when it is told to */
static gboolean paused;

static gboolean set_slot(guint n, guint64 size, GError **errp)
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
        return error_set_errno(
            errp, errno, "KVM refuses memory slot %u (0x%" PRIx64 " at 0x%" PRIx64 ")", n,
            size, s->addr);
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

static guint memory_room(MapListener *l)
{
    guint used = 0;
    for (guint n = 0; n < slots->len; n++) {
        used += g_array_index(slots, Slot, n).size != 0;
    }
    return (guint)kvm.caps.nr_memslots - used;
}

/* What is no whole page is left to exits, as registers are. */
static gboolean memory_add(MapListener *l, const MapSection *section, GError **errp)
{
    MapSection s;
    if (!map_section_pages(section, &s)) {
        return TRUE;
    }
    guint n = free_slot();
    Slot *slot = &g_array_index(slots, Slot, n);
    *slot = (Slot){ s.addr, s.size, s.block, s.offset, s.readonly };
    if (!set_slot(n, s.size, errp)) {
        slot->size = 0;
        return FALSE;
    }
    return TRUE;
}

static void memory_lost(MapListener *l, const MapSection *s, const GError *error)
{
    vm_request_internal_error(error->message);
}

/* Dirty logging */

static gboolean is_logged(const Slot *slot)
{
    return slot->size && !slot->readonly;
}

static gboolean collect_slot(guint n, GError **errp)
{
    const Slot *slot = &g_array_index(slots, Slot, n);
    gsize pages = slot->size >> RAM_PAGE_BITS;
    g_autofree unsigned long *log = bitmap_new(pages);
    struct kvm_dirty_log arg = { .slot = n, .dirty_bitmap = log };
    if (kvm_vm_ioctl(KVM_GET_DIRTY_LOG, &arg) < 0) {
        return error_set_errno(errp, errno, "KVM_GET_DIRTY_LOG of slot %u", n);
    }
    ram_block_merge_dirty(slot->block, slot->offset >> RAM_PAGE_BITS, log, pages);
    return TRUE;
}

/* No vCPU runs: what it has written is all that will be. */
static void collect_last(guint n)
{
    const Slot *slot = &g_array_index(slots, Slot, n);
    g_autoptr(GError) error = NULL;
    if (logging && is_logged(slot) && !collect_slot(n, &error)) {
        log_warn("%s: all of it is taken as dirty", error->message);
        ram_block_mark_dirty(slot->block, slot->offset, slot->size);
    }
}

static void remove_slot(guint n)
{
    g_autoptr(GError) error = NULL;
    if (!paused) {
        paused = TRUE;
        kvm_pause_for_slots();
    }
    collect_last(n);
    if (!set_slot(n, 0, &error)) {
        vm_request_internal_error(error->message);
    }
    g_array_index(slots, Slot, n).size = 0;
}

static void memory_del(MapListener *l, const MapSection *section)
{
    MapSection s;
    gboolean any = map_section_pages(section, &s);
    for (guint n = 0; any && n < slots->len; n++) {
        const Slot *slot = &g_array_index(slots, Slot, n);
        if (slot->size && slot->addr == s.addr) {
            remove_slot(n);
            return;
        }
    }
}

static void memory_commit(MapListener *l)
{
    if (paused) {
        paused = FALSE;
        kvm_resume_after_slots();
    }
}

static gboolean update_slots(GError **errp)
{
    gboolean ok = TRUE;
    for (guint n = 0; n < slots->len; n++) {
        const Slot *slot = &g_array_index(slots, Slot, n);
        ok = (!is_logged(slot) || set_slot(n, slot->size, ok ? errp : NULL)) && ok;
    }
    return ok;
}

/* Once; what cannot be had is done without. */
static void choose_manual(void)
{
    guint64 wanted = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET;
    struct kvm_enable_cap cap = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
                                  .args = { (guint)kvm.caps.manual_dirty_log & wanted } };
    if (!manual && cap.args[0]) {
        manual = kvm_vm_ioctl(KVM_ENABLE_CAP, &cap) == 0;
    }
}

static gboolean memory_log_start(MapListener *l, GError **errp)
{
    choose_manual();
    logging = TRUE;
    if (!update_slots(errp)) {
        logging = FALSE;
        update_slots(NULL);
        return FALSE;
    }
    return TRUE;
}

static void memory_log_stop(MapListener *l)
{
    g_autoptr(GError) error = NULL;
    logging = FALSE;
    if (!update_slots(&error)) {
        log_warn("%s: it goes on logging", error->message);
    }
}

static gboolean memory_log_sync(MapListener *l, guint *part, GError **errp)
{
    guint n = (*part)++;
    if (n >= slots->len) {
        *part = MAP_LOG_END;
        return TRUE;
    }
    return !is_logged(&g_array_index(slots, Slot, n)) || collect_slot(n, errp);
}

/* 64 of n bits from bit `at` on; what is outside is 0. */
static unsigned long bits_at(const unsigned long *bits, gsize n, gint64 at)
{
    unsigned long word = 0;
    for (gint64 i = MAX(at, 0); i < MIN(at + (gint64)BITS_PER_LONG, (gint64)n); i++) {
        word |= (unsigned long)bitmap_test(bits, (gsize)i) << (i - at);
    }
    return word;
}

/* from, to: pages of the slot; bits begin with its page `base`, which may be below 0. */
static gboolean clear_slot(guint n, gsize from, gsize to, const unsigned long *bits,
                           gsize n_bits, gint64 base, GError **errp)
{
    gsize first = from - from % BITS_PER_LONG;
    gsize pages = g_array_index(slots, Slot, n).size >> RAM_PAGE_BITS;
    gsize end = MIN(BITMAP_WORDS(to) * BITS_PER_LONG, pages); /* KVM: 64, or to the end */
    gsize words = BITMAP_WORDS(end - first);
    g_autofree unsigned long *clear = g_new(unsigned long, words);
    for (gsize i = 0; i < words; i++) {
        gint64 at = (gint64)(first + i * BITS_PER_LONG) - base;
        clear[i] =
            at >= 0 && at % (gint64)BITS_PER_LONG == 0 && at + BITS_PER_LONG <= n_bits
                ? bits[at / BITS_PER_LONG]
                : bits_at(bits, n_bits, at);
    }
    struct kvm_clear_dirty_log arg = { .slot = n,
                                       .num_pages = (guint32)(end - first),
                                       .first_page = first,
                                       .dirty_bitmap = clear };
    if (kvm_vm_ioctl(KVM_CLEAR_DIRTY_LOG, &arg) < 0) {
        return error_set_errno(errp, errno, "KVM_CLEAR_DIRTY_LOG of slot %u", n);
    }
    return TRUE;
}

static gboolean memory_log_clear(MapListener *l, RamBlock *block, gsize first,
                                 gsize pages, const unsigned long *bits, GError **errp)
{
    gboolean ok = TRUE;
    for (guint n = 0; manual && ok && n < slots->len; n++) {
        const Slot *slot = &g_array_index(slots, Slot, n);
        gsize begin = slot->offset >> RAM_PAGE_BITS;
        gsize from = MAX(first, begin);
        gsize to = MIN(first + pages, begin + (slot->size >> RAM_PAGE_BITS));
        if (is_logged(slot) && slot->block == block && from < to) {
            ok = clear_slot(n, from - begin, to - begin, bits, pages,
                            (gint64)first - (gint64)begin, errp);
        }
    }
    return ok;
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
    .name = "KVM",
    .priority = 10,
    .room = memory_room,
    .add = memory_add,
    .del = memory_del,
    .lost = memory_lost,
    .log_start = memory_log_start,
    .log_stop = memory_log_stop,
    .log_sync = memory_log_sync,
    .log_clear = memory_log_clear,
    .eventfd_add = memory_eventfd_add,
    .eventfd_del = memory_eventfd_del,
    .commit = memory_commit,
};

static MapListener io_listener = {
    .name = "KVM",
    .priority = 10,
    .eventfd_add = io_eventfd_add,
    .eventfd_del = io_eventfd_del,
};

gboolean kvm_memory_init(GError **errp)
{
    slots = g_array_new(FALSE, TRUE, sizeof(Slot));
    return address_map_listen(address_map_memory(), &memory_listener, errp) &&
           address_map_listen(address_map_io(), &io_listener, errp);
}
