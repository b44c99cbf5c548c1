/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Register accesses (xHCI 1.1, chapter 5), by dwords. */
#include "usb/xhci-internal.h"

#define MFINDEX_MASK   0x3fffu
#define MICROFRAME     ((guint64)125000) /* ns */
#define WRAP           ((guint64)(MFINDEX_MASK + 1) * MICROFRAME)
#define VERSION        0x0100u
#define ERST_MAX       4u    /* 2^4 segments */
#define EXTENDED       0x20u /* extended capabilities, in bytes */
#define NAME_USB       0x20425355u
#define ROUNDED(value) ((value) & ~0x3full)

static guint64 set_low(guint64 value, guint32 low)
{
    return (value & ~(guint64)G_MAXUINT32) | low;
}

static guint64 set_high(guint64 value, guint32 high)
{
    return (value & G_MAXUINT32) | (guint64)high << 32;
}

/* --- capabilities: 5.3 and 7.2 --- */

static guint32 capability_read(const Xhci *x, guint64 offset)
{
    const guint32 words[] = {
        VERSION << 16 | XHCI_OPERATIONAL,
        x->n_ports << 24 | XHCI_INTERRUPTERS << 8 | XHCI_SLOTS,
        ERST_MAX << 4 | 0xf, /* isochronous scheduling threshold */
        0,
        EXTENDED / 4 << 16 | (x->streams ? 7u << 12 : 0) | 1, /* 64-bit addresses */
        XHCI_DOORBELLS,
        XHCI_RUNTIME,
        0,
        /* ports of USB 2.0 */
        0x0200u << 16 | 4 << 8 | 2,
        NAME_USB,
        x->p2 << 8 | (x->p3 + 1),
        0,
        /* of USB 3.0 */
        0x0300u << 16 | 2,
        NAME_USB,
        x->p3 << 8 | 1,
        0,
    };

    return offset / 4 < G_N_ELEMENTS(words) ? words[offset / 4] : 0;
}

/* --- MFINDEX --- */

static guint64 now(void)
{
    return (guint64)clock_now(CLOCK_TYPE_VIRTUAL);
}

static guint32 microframe_index(const Xhci *x)
{
    return (guint32)((now() - x->started) / MICROFRAME) & MFINDEX_MASK;
}

/* 4.14.2: the guest may hear of each time that it begins again. */
void xhci_arm_wrap(Xhci *x)
{
    if (x->usbcmd & CMD_EWE && !(x->usbsts & STS_HCH)) {
        guint64 since = now() - x->started;
        timer_arm(x->wrap, (gint64)(now() - since % WRAP + WRAP));
    } else {
        timer_disarm(x->wrap);
    }
}

void xhci_wrapped(void *opaque)
{
    Xhci *x = opaque;

    x->wrap_tell = TRUE;
    xhci_want(x);
    xhci_arm_wrap(x);
}

/* --- operational registers --- */

static void run(Xhci *x)
{
    x->usbsts &= ~STS_HCH;
    x->started = now();
    xhci_ports_started(x);
    xhci_arm_wrap(x);
    xhci_update(x);
}

static void halt(Xhci *x)
{
    x->usbsts |= STS_HCH;
    x->command_running = x->command_tell = x->wrap_tell = FALSE;
    xhci_arm_wrap(x);
    xhci_update(x);
}

static void registers_reset(Xhci *x)
{
    x->usbcmd = x->dnctrl = x->config = x->crcr_low = x->crcr_high = 0;
    x->dcbaap = x->started = 0;
    x->commands = (XhciRing){ 0 };
    x->command_kicked = FALSE;
    x->next_slot = 0;
    x->usbsts = 0;
    halt(x);
}

void xhci_controller_reset(Xhci *x)
{
    xhci_slots_free(x);
    registers_reset(x);
    xhci_interrupters_reset(x);
    for (unsigned i = 0; i < x->n_ports; i++) {
        xhci_port_reset_state(&x->ports[i]);
    }
}

void xhci_host_error(Xhci *x)
{
    x->usbcmd &= ~CMD_RS;
    x->usbsts |= STS_HSE;
    halt(x);
}

static void usbcmd_write(Xhci *x, guint32 value)
{
    gboolean was = (x->usbcmd & CMD_RS) != 0;

    if (value & CMD_HCRST) {
        xhci_controller_reset(x);
        return;
    }
    /* Nothing is kept over a save: a restore says that it has failed (4.23.2). */
    x->usbsts = value & CMD_CSS ? x->usbsts & ~STS_SRE : x->usbsts;
    x->usbsts = value & CMD_CRS ? x->usbsts | STS_SRE : x->usbsts;
    x->usbcmd = value & CMD_WRITABLE;
    if (x->usbcmd & CMD_RS && !was) {
        run(x);
    } else if (!(x->usbcmd & CMD_RS) && was) {
        halt(x);
    } else {
        xhci_arm_wrap(x);
    }
    xhci_update_irq(x);
}

static guint32 operational_read(const Xhci *x, guint64 offset)
{
    switch (offset) {
    case OP_USBCMD:
        return x->usbcmd;
    case OP_USBSTS:
        return x->usbsts;
    case OP_PAGESIZE:
        return 1; /* 4 KiB */
    case OP_DNCTRL:
        return x->dnctrl;
    case OP_CRCR_LO:
        return x->command_running ? CRCR_CRR : 0;
    case OP_DCBAAP_LO:
        return (guint32)x->dcbaap;
    case OP_DCBAAP_HI:
        return (guint32)(x->dcbaap >> 32);
    case OP_CONFIG:
        return x->config;
    default:
        return 0;
    }
}

static void operational_write(Xhci *x, guint64 offset, guint32 value)
{
    switch (offset) {
    case OP_USBCMD:
        usbcmd_write(x, value);
        break;
    case OP_USBSTS:
        x->usbsts &= ~(value & STS_CLEARS);
        break;
    case OP_DNCTRL:
        x->dnctrl = value & 0xffff;
        break;
    case OP_CRCR_LO:
        xhci_crcr_write(x, value, x->crcr_high);
        break;
    case OP_CRCR_HI:
        x->crcr_high = value;
        xhci_crcr_write(x, x->crcr_low, value);
        break;
    case OP_DCBAAP_LO:
        x->dcbaap = ROUNDED(set_low(x->dcbaap, value));
        break;
    case OP_DCBAAP_HI:
        x->dcbaap = set_high(x->dcbaap, value);
        break;
    case OP_CONFIG:
        x->config = value & 0x3ff;
        break;
    default:
        break;
    }
}

/* --- ports --- */

static guint32 port_read(const Xhci *x, guint64 offset)
{
    const XhciPort *port = &x->ports[offset / XHCI_PORT_STRIDE];

    switch (offset % XHCI_PORT_STRIDE) {
    case 0:
        return port->sc;
    case 4:
        return port->pmsc;
    case 12:
        return port->hlpmc;
    default:
        return 0;
    }
}

static void port_write(Xhci *x, guint64 offset, guint32 value)
{
    XhciPort *port = &x->ports[offset / XHCI_PORT_STRIDE];

    switch (offset % XHCI_PORT_STRIDE) {
    case 0:
        xhci_port_write(port, value);
        break;
    case 4:
        port->pmsc = value & 0x1fff8; /* no test modes, no results */
        break;
    case 12:
        port->hlpmc = value & 0x3fff;
        break;
    default:
        break;
    }
}

/* --- interrupters --- */

static guint32 interrupter_read(const XhciInterrupter *i, guint64 offset)
{
    const guint32 words[] = { i->iman,
                              i->imod,
                              i->erst_size,
                              0,
                              (guint32)i->erst_base,
                              (guint32)(i->erst_base >> 32),
                              (guint32)i->erdp,
                              (guint32)(i->erdp >> 32) };

    return words[offset / 4];
}

static void interrupter_write(Xhci *x, unsigned n, guint64 offset, guint32 value)
{
    XhciInterrupter *i = &x->interrupters[n];

    switch (offset) {
    case 0x00:
        i->iman &= ~(value & IMAN_IP);
        i->iman = (i->iman & ~IMAN_IE) | (value & IMAN_IE);
        xhci_update_irq(x);
        break;
    case 0x04:
        i->imod = value;
        break;
    case 0x08:
        i->erst_size = value & 0xffff;
        break;
    case 0x10:
        i->erst_base = ROUNDED(set_low(i->erst_base, value));
        xhci_event_ring_write(x, n);
        break;
    case 0x14:
        i->erst_base = set_high(i->erst_base, value);
        xhci_event_ring_write(x, n);
        break;
    case 0x18:
        xhci_erdp_write(x, n, set_low(i->erdp, value));
        break;
    case 0x1c:
        xhci_erdp_write(x, n, set_high(i->erdp, value) & ~(guint64)ERDP_EHB);
        break;
    default:
        break;
    }
}

/* --- doorbells: 5.6 --- */

static void doorbell_write(Xhci *x, unsigned n, guint32 value)
{
    unsigned index = value & 0xff;
    XhciSlot *slot = n <= XHCI_SLOTS ? x->slots[n] : NULL;
    XhciEndpoint *ep =
        slot && index && index <= XHCI_ENDPOINTS ? slot->endpoints[index] : NULL;

    if (x->usbsts & STS_HCH) {
        return;
    }
    if (n == 0 && index == 0) {
        x->command_running = x->command_kicked = TRUE;
        xhci_want(x);
    } else if (ep && value >> 16 == 0) { /* no streams */
        if (ep->state == EP_STOPPED) {
            xhci_endpoint_set_state(x, slot, index, EP_RUNNING);
        }
        xhci_kick(x, slot, 1u << index);
    }
}

/* --- the BAR --- */

static gboolean in_ports(const Xhci *x, guint64 offset)
{
    return offset >= XHCI_PORT_REGS &&
           offset < XHCI_PORT_REGS + (guint64)x->n_ports * XHCI_PORT_STRIDE;
}

static gboolean in_interrupters(guint64 offset)
{
    return offset >= XHCI_INTR_REGS &&
           offset < XHCI_INTR_REGS + XHCI_INTERRUPTERS * XHCI_INTR_STRIDE;
}

static guint32 dword_read(const Xhci *x, guint64 offset)
{
    if (offset < XHCI_OPERATIONAL) {
        return capability_read(x, offset);
    }
    if (in_ports(x, offset)) {
        return port_read(x, offset - XHCI_PORT_REGS);
    }
    if (offset < XHCI_PORT_REGS) {
        return operational_read(x, offset - XHCI_OPERATIONAL);
    }
    if (offset == XHCI_RUNTIME) {
        return x->usbsts & STS_HCH ? 0 : microframe_index(x);
    }
    if (in_interrupters(offset)) {
        offset -= XHCI_INTR_REGS;
        return interrupter_read(&x->interrupters[offset / XHCI_INTR_STRIDE],
                                offset % XHCI_INTR_STRIDE);
    }
    return 0;
}

static guint64 bar_read(void *opaque, guint64 offset, unsigned size)
{
    guint32 value = dword_read(opaque, offset & ~3ull) >> (offset & 3) * 8;

    return size == 4 ? value : value & ((1u << size * 8) - 1);
}

/* Bytes and words are not for writing. */
static void bar_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Xhci *x = opaque;
    guint32 word = (guint32)value;

    if (size != 4 || offset & 3) {
        return;
    }
    if (in_ports(x, offset)) {
        port_write(x, offset - XHCI_PORT_REGS, word);
    } else if (offset >= XHCI_OPERATIONAL && offset < XHCI_PORT_REGS) {
        operational_write(x, offset - XHCI_OPERATIONAL, word);
    } else if (in_interrupters(offset)) {
        offset -= XHCI_INTR_REGS;
        interrupter_write(x, (unsigned)(offset / XHCI_INTR_STRIDE),
                          offset % XHCI_INTR_STRIDE, word);
    } else if (offset >= XHCI_DOORBELLS && offset < XHCI_MSIX_TABLE) {
        doorbell_write(x, (unsigned)((offset - XHCI_DOORBELLS) / 4), word);
    }
}

const RegionOps xhci_ops = {
    .read = bar_read, .write = bar_write, .min_size = 1, .max_size = 4, .split = TRUE
};
