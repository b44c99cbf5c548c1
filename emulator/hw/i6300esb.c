/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watchdog of Intel's 6300ESB I/O controller hub (its datasheet, order 300641,
 * section "Watchdog Timer"): two stages, each of which counts its preload value down. The
 * end of the first one would interrupt (which nobody here asks for), the end of the
 * second one is what -action watchdog= says, unless the guest wants no reboot. Registers
 * take one write after a sequence of two that unlocks them.
 */
#include "hw/i6300esb.h"

#include "accel/run-state.h"
#include "event/clock.h"

#define DEVICE_ID 0x25ab
#define BAR_SIZE  16

/* Configuration space. */
#define CONFIG    0x60
#define NO_REBOOT 0x20
#define FAST      0x04 /* ticks of 32 PCI clocks, not of 32768 */
#define LOCK      0x68
#define LOCKED    0x01
#define ENABLED   0x02
#define FREE_RUN  0x04 /* it begins anew after the end */

/* In memory. */
#define PRELOAD1     0x00
#define PRELOAD2     0x04
#define RELOAD       0x0c
#define UNLOCK1      0x80
#define UNLOCK2      0x86
#define RELOAD_NOW   0x0100
#define TIMED_OUT    0x1200 /* read: it has ended since; written: that is known */
#define PRELOAD_MASK 0xfffff

#define PCI_HZ       33000000
#define NSEC_PER_SEC G_GUINT64_CONSTANT(1000000000)
#define MIN_STAGE_NS G_GUINT64_CONSTANT(100000) /* it may begin anew each time */

typedef struct I6300esb {
    PciDevice pci;
    Timer *timer;

    guint32 preload[2];
    guint8 stage;    /* 0 or 1 */
    guint8 unlocked; /* how far: 0 to 2 */
    gboolean ended;  /* stays over a reset: that is how a guest knows */
    gboolean runs;
    guint64 deadline; /* of the stage, while it runs */
} I6300esb;

static gboolean has(const I6300esb *w, guint8 at, guint8 bit)
{
    return (w->pci.config[at] & bit) != 0;
}

static guint64 stage_ns(const I6300esb *w)
{
    guint64 ticks = w->preload[w->stage];

    guint64 ns = (ticks << (has(w, CONFIG, FAST) ? 5 : 15)) * NSEC_PER_SEC / PCI_HZ;

    return MAX(ns, MIN_STAGE_NS);
}

static void arm(I6300esb *w)
{
    if (w->runs) {
        timer_arm(w->timer, (gint64)w->deadline);
    } else {
        timer_disarm(w->timer);
    }
}

static void begin_stage(I6300esb *w, guint8 stage)
{
    w->stage = stage;
    w->runs = TRUE;
    w->deadline = (guint64)clock_now(CLOCK_TYPE_VIRTUAL) + stage_ns(w);
    arm(w);
}

static void stop(I6300esb *w)
{
    w->runs = FALSE;
    arm(w);
}

static void fired(void *opaque)
{
    I6300esb *w = opaque;

    if (w->stage == 0) {
        begin_stage(w, 1);
        return;
    }
    if (has(w, LOCK, FREE_RUN)) {
        begin_stage(w, 0);
    } else {
        stop(w);
    }
    if (!has(w, CONFIG, NO_REBOOT)) {
        w->ended = TRUE;
        vm_request_watchdog();
    }
}

/* Once locked it is so until the next reset. */
static void config_written(PciDevice *dev, unsigned offset, unsigned size, guint32 old)
{
    I6300esb *w = (I6300esb *)dev;
    guint8 was = offset <= LOCK && LOCK < offset + size
                     ? (guint8)(old >> 8 * (LOCK - offset))
                     : dev->config[LOCK];

    if (was & LOCKED) {
        dev->config[LOCK] = was;
    } else if (!(was & ENABLED) && has(w, LOCK, ENABLED)) {
        begin_stage(w, 0);
    } else if (!has(w, LOCK, ENABLED)) {
        stop(w);
    }
}

static guint64 register_read(void *opaque, guint64 offset, unsigned size)
{
    const I6300esb *w = opaque;

    return offset == RELOAD && w->ended ? TIMED_OUT : 0;
}

static void reload_written(I6300esb *w, guint32 value)
{
    if (value & RELOAD_NOW && w->runs) {
        begin_stage(w, 0);
    }
    if (value & TIMED_OUT) {
        w->ended = FALSE;
    }
}

static void register_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    I6300esb *w = opaque;

    if (offset == RELOAD && value == UNLOCK1) {
        w->unlocked = 1;
        return;
    }
    if (offset == RELOAD && value == UNLOCK2 && w->unlocked == 1) {
        w->unlocked = 2;
        return;
    }
    if (w->unlocked != 2) {
        return;
    }
    w->unlocked = 0;
    switch (offset) {
    case PRELOAD1:
        w->preload[0] = (guint32)value & PRELOAD_MASK;
        break;
    case PRELOAD2:
        w->preload[1] = (guint32)value & PRELOAD_MASK;
        break;
    case RELOAD:
        reload_written(w, (guint32)value);
        break;
    }
}

static const RegionOps register_ops = {
    .read = register_read,
    .write = register_write,
    .min_size = 1,
    .max_size = 4,
};

static void i6300esb_reset(Device *device)
{
    I6300esb *w = (I6300esb *)device;

    pci_device_reset(device);
    w->preload[0] = w->preload[1] = PRELOAD_MASK;
    w->stage = w->unlocked = 0;
    w->pci.config[CONFIG] = w->pci.config[LOCK] = 0;
    stop(w);
}

static gboolean i6300esb_realize(Device *device, GError **errp)
{
    I6300esb *w = (I6300esb *)device;

    if (!pci_device_realize(device, errp)) {
        return FALSE;
    }
    pci_set_writable(&w->pci, CONFIG, 2, NO_REBOOT | FAST | 0x03);
    pci_set_writable(&w->pci, LOCK, 1, LOCKED | ENABLED | FREE_RUN);
    pci_add_bar(&w->pci, 0, 0, region_new_io("i6300esb", BAR_SIZE, &register_ops, w),
                BAR_SIZE);
    w->timer = timer_new(event_loop_main(), CLOCK_TYPE_VIRTUAL, fired, w);
    return TRUE;
}

static void i6300esb_unrealize(Device *device)
{
    I6300esb *w = (I6300esb *)device;

    g_clear_pointer(&w->timer, timer_free);
    pci_device_unrealize(device);
}

static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    arm(opaque);
    return TRUE;
}

static const StateField fields[] = {
    STATE_ARRAY("preload", STATE_U32, I6300esb, preload, 2, .limit = PRELOAD_MASK),
    STATE_FIELD("stage", STATE_U8, I6300esb, stage, .limit = 1),
    STATE_FIELD("unlocked", STATE_U8, I6300esb, unlocked, .limit = 2),
    STATE_FIELD("ended", STATE_BOOL, I6300esb, ended),
    STATE_FIELD("runs", STATE_BOOL, I6300esb, runs),
    STATE_FIELD("deadline", STATE_U64, I6300esb, deadline, .limit = G_MAXINT64 / 2),
    { NULL },
};

static const StateDesc state = {
    .name = "i6300esb",
    .version = 1,
    .fields = fields,
    .post_load = post_load,
};

const PciDeviceClass i6300esb_class = {
    .device = {
        .name = "i6300esb",
        .bus = PCI_BUS_TYPE,
        .desc = "Intel 6300ESB watchdog",
        .instance_size = sizeof(I6300esb),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .parent = &pci_device_class.device,
        .state = &state,
        .realize = i6300esb_realize,
        .unrealize = i6300esb_unrealize,
        .reset = i6300esb_reset,
    },
    .vendor_id = 0x8086,
    .device_id = DEVICE_ID,
    .class_code = 0x088000 /* other system peripheral */,
    .config_written = config_written,
};
