/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 16550A UART (National Semiconductor PC16550D) on the ISA bus. Sending: serial-tx.c.
 *
 * Receiving goes through the 16-byte FIFO; the chardev is paused while it is full. The
 * character timeout of the FIFO is zero: what has come is announced at once, below
 * the trigger level with the timeout's own interrupt identification.
 */
#include "config.h"

#include "hw/serial-internal.h"

#include <string.h>

#include "accel/run-state.h"
#include "hw/isa.h"
#include "util/error.h"

#define UNSET G_MAXUINT32

static guint32 fifo_capacity(const Serial *s)
{
    return s->fcr & FCR_ENABLE ? FIFO_SIZE : 1;
}

static guint32 trigger_level(const Serial *s)
{
    static const guint8 levels[] = { 1, 4, 8, 14 };

    return s->fcr & FCR_ENABLE ? levels[s->fcr >> 6] : 1;
}

/* The interrupt of the highest priority. */
static guint8 interrupt_id(const Serial *s)
{
    if ((s->ier & IER_RLS) && (s->lsr & LSR_ERRORS)) {
        return IIR_RLS;
    }
    if ((s->ier & IER_RDA) && s->fifo_len) {
        return s->fifo_len >= trigger_level(s) ? IIR_RDA : IIR_TIMEOUT;
    }
    if ((s->ier & IER_THR) && s->thr_pending) {
        return IIR_THR;
    }
    if ((s->ier & IER_MSR) && (s->msr & MSR_DELTA)) {
        return IIR_MSR;
    }
    return IIR_NONE;
}

void serial_update_irq(Serial *s)
{
    irq_source_set(&s->irq_out, interrupt_id(s) != IIR_NONE);
}

static void update_msr(Serial *s)
{
    guint8 lines = MSR_CTS | MSR_DSR | MSR_DCD, changed;

    if (s->mcr & MCR_LOOP) {
        lines = (s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) |
                (s->mcr & MCR_OUT1 ? MSR_RI : 0) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0);
    }
    changed = (s->msr ^ lines) & 0xf0;
    if ((changed & MSR_RI) && (lines & MSR_RI)) {
        changed &= ~MSR_RI; /* the delta of RI is its trailing edge */
    }
    s->msr = lines | (s->msr & MSR_DELTA) | changed >> 4;
}

void serial_receive_byte(Serial *s, guint8 byte)
{
    if (s->fifo_len == fifo_capacity(s)) {
        s->lsr |= LSR_OVERRUN;
        if (s->fcr & FCR_ENABLE) {
            return;
        }
        s->fifo_len = 0; /* without FIFO the new character overwrites */
    }
    s->fifo[s->fifo_len++] = byte;
    s->lsr |= LSR_DATA;
}

static guint8 take_byte(Serial *s)
{
    guint8 byte = s->fifo[0];

    if (!s->fifo_len) {
        return 0;
    }
    s->fifo_len--;
    memmove(s->fifo, s->fifo + 1, s->fifo_len);
    if (!s->fifo_len) {
        s->lsr &= ~LSR_DATA;
    }
    return byte;
}

static void clear_fifo(Serial *s)
{
    s->fifo_len = 0;
    s->lsr &= ~LSR_DATA;
}

static void resume_input(Serial *s)
{
    if (s->chr && s->fifo_len < fifo_capacity(s) && !(s->mcr & MCR_LOOP)) {
        chardev_resume(s->chr);
    }
}

static guint64 serial_read(void *opaque, guint64 offset, unsigned size)
{
    Serial *s = opaque;
    guint8 value = 0;

    switch (offset) {
    case REG_DATA:
        if (s->lcr & LCR_DLAB) {
            return s->divider & 0xff;
        }
        value = take_byte(s);
        resume_input(s);
        break;
    case REG_IER:
        return s->lcr & LCR_DLAB ? s->divider >> 8 : s->ier;
    case REG_IIR_FCR:
        value = interrupt_id(s);
        if (value == IIR_THR) {
            s->thr_pending = FALSE;
        }
        value |= s->fcr & FCR_ENABLE ? IIR_FIFO : 0;
        break;
    case REG_LCR:
        return s->lcr;
    case REG_MCR:
        return s->mcr;
    case REG_LSR:
        value = s->lsr;
        s->lsr &= ~LSR_ERRORS;
        break;
    case REG_MSR:
        value = s->msr;
        s->msr &= ~MSR_DELTA;
        break;
    case REG_SCR:
        return s->scr;
    }
    serial_update_irq(s);
    return value;
}

static void receive_break(Serial *s)
{
    serial_receive_byte(s, 0);
    s->lsr |= LSR_BREAK;
    serial_update_irq(s);
}

static void write_fcr(Serial *s, guint8 value)
{
    if ((s->fcr ^ value) & FCR_ENABLE) {
        clear_fifo(s); /* switching it on or off empties it */
        serial_tx_empty(s);
    }
    s->fcr = value & FCR_ENABLE ? value & FCR_STORED : 0;
    if (value & FCR_CLEAR_RX) {
        clear_fifo(s);
    }
    if (value & FCR_CLEAR_TX) {
        serial_tx_empty(s);
    }
    resume_input(s);
}

static void write_ier(Serial *s, guint8 value)
{
    guint8 enabled = value & ~s->ier;

    s->ier = value & 0x0f;
    if ((enabled & IER_THR) && (s->lsr & LSR_EMPTY)) {
        s->thr_pending = TRUE; /* enabling announces it */
    }
}

static void write_data(Serial *s, guint8 value)
{
    s->thr_pending = FALSE;
    irq_source_set(&s->irq_out, interrupt_id(s) != IIR_NONE);
    serial_tx_byte(s, value);
    s->thr_pending = (s->lsr & LSR_EMPTY) != 0;
}

static void serial_write(void *opaque, guint64 offset, guint64 value64, unsigned size)
{
    Serial *s = opaque;
    guint8 value = value64;

    switch (offset) {
    case REG_DATA:
        if (s->lcr & LCR_DLAB) {
            s->divider = (s->divider & 0xff00) | value;
            return;
        }
        write_data(s, value);
        break;
    case REG_IER:
        if (s->lcr & LCR_DLAB) {
            s->divider = (s->divider & 0x00ff) | value << 8;
            return;
        }
        write_ier(s, value);
        break;
    case REG_IIR_FCR:
        write_fcr(s, value);
        break;
    case REG_LCR:
        if ((s->mcr & MCR_LOOP) && (value & LCR_BREAK) && !(s->lcr & LCR_BREAK)) {
            receive_break(s);
        }
        s->lcr = value;
        break;
    case REG_MCR:
        s->mcr = value & MCR_MASK;
        update_msr(s);
        resume_input(s);
        break;
    case REG_SCR:
        s->scr = value;
        return;
    default: /* LSR and MSR are read-only */
        return;
    }
    serial_update_irq(s);
}

static const RegionOps serial_ops = {
    .read = serial_read,
    .write = serial_write,
    .min_size = 1,
    .max_size = 1,
    .split = TRUE,
};

static size_t serial_can_receive(void *opaque)
{
    Serial *s = opaque;

    if (s->mcr & MCR_LOOP) {
        return 0;
    }
    return fifo_capacity(s) - MIN(s->fifo_len, fifo_capacity(s));
}

static void serial_receive(void *opaque, const guint8 *buf, size_t len)
{
    Serial *s = opaque;

    for (size_t i = 0; i < len; i++) {
        serial_receive_byte(s, buf[i]);
    }
    serial_update_irq(s);
}

static void serial_event(void *opaque, ChardevEvent event)
{
    Serial *s = opaque;

    if (event == CHARDEV_CLOSED) {
        serial_tx_drain(s); /* to nobody */
    } else if (event == CHARDEV_BREAK && !(s->mcr & MCR_LOOP)) {
        receive_break(s);
    }
}

static void state_changed(gboolean running, void *opaque)
{
    serial_tx_drain(opaque);
}

static const ChardevUser serial_user = {
    .can_receive = serial_can_receive,
    .receive = serial_receive,
    .event = serial_event,
    .writable = serial_tx_drain,
};

/* Ports that were given no number take the first free one. */
static gboolean index_taken(const Bus *bus, guint32 index)
{
    for (guint i = 0; i < bus->devices->len; i++) {
        const Device *dev = bus->devices->pdata[i];

        if (dev->klass == &serial_class && ((const Serial *)dev)->index == index) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean choose_resources(Serial *s, GError **errp)
{
    static const struct {
        guint16 iobase, irq;
    } ports[SERIAL_MAX_PORTS] = {
        { 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 }
    };
    guint32 index = s->index;

    if (index == UNSET) {
        for (index = 0; index_taken(s->dev.bus, index); index++) {
        }
    }
    if (index >= SERIAL_MAX_PORTS) {
        return error_set(errp, "Max. supported number of ISA serial ports is %d.",
                         SERIAL_MAX_PORTS);
    }
    if (index_taken(s->dev.bus, index)) {
        return error_set(errp, "Parameter 'index': serial port %u is already there",
                         index);
    }
    s->index = index;
    s->iobase = s->iobase == UNSET ? ports[index].iobase : s->iobase;
    s->irq = s->irq == UNSET ? ports[index].irq : s->irq;
    return TRUE;
}

static gboolean attach_chardev(Serial *s, GError **errp)
{
    return !s->chardev || chardev_attach_property("isa-serial", s->chardev, &serial_user,
                                                  s, &s->chr, errp);
}

static void serial_reset(Device *dev)
{
    Serial *s = (Serial *)dev;

    s->ier = s->fcr = s->lcr = s->scr = 0;
    s->mcr = MCR_OUT2;
    s->lsr = LSR_EMPTY;
    s->msr = MSR_CTS | MSR_DSR | MSR_DCD;
    s->divider = 12; /* 9600 baud */
    s->thr_pending = FALSE;
    clear_fifo(s);
    resume_input(s);
    serial_update_irq(s);
}

static void serial_init(Device *dev)
{
    Serial *s = (Serial *)dev;

    s->index = s->iobase = s->irq = UNSET;
}

static gboolean serial_realize(Device *dev, GError **errp)
{
    Serial *s = (Serial *)dev;

    if (!choose_resources(s, errp)) {
        return FALSE;
    }
    IrqLine *line = isa_bus_irq(dev, s->irq, errp);
    if (!line) {
        return FALSE;
    }
    s->region = region_new_io("isa-serial", 8, &serial_ops, s);
    if (!attach_chardev(s, errp)) {
        goto fail;
    }
    if (!address_map_put(address_map_io(), &s->region, s->iobase, errp)) {
        g_prefix_error(errp, "Parameter 'iobase' of device 'isa-serial': ");
        goto fail;
    }
    irq_source_connect(&s->irq_out, line);
    run_state_subscribe(state_changed, s);
    return TRUE;

fail:
    chardev_detach(&s->chr);
    g_clear_pointer(&s->region, region_free);
    return FALSE;
}

static void serial_unrealize(Device *dev)
{
    Serial *s = (Serial *)dev;

    run_state_unsubscribe(state_changed, s);
    address_map_take(&s->region);
    serial_tx_drain(s);
    chardev_detach(&s->chr);
    tx_queue_clear(&s->tx);
    irq_source_disconnect(&s->irq_out);
}

static void serial_aml(const Device *dev, Aml *scope)
{
    const Serial *s = (const Serial *)dev;
    AmlResources *r = aml_resources_new();
    guint start = aml_begin(scope, "Device COM%u", s->index + 1);
    aml_code(scope, "Name _HID eisa:PNP0501 Name _UID %u", s->index + 1);
    aml_resource_io(r, s->iobase, 8);
    isa_bus_add_irq(dev, r, s->irq);
    aml_resources_end(r, scope, "_CRS");
    aml_end(scope, start);
}

static gboolean serial_post_load(void *opaque, guint32 version, GError **errp)
{
    Serial *s = opaque;

    if (s->fifo_len > fifo_capacity(s)) {
        return error_set(errp,
                         "Section 'isa-serial', field 'fifo': %u characters, more "
                         "than fit",
                         s->fifo_len);
    }
    s->lsr = (s->lsr & ~LSR_DATA) | (s->fifo_len ? LSR_DATA : 0);
    s->lsr |= s->tx.len ? 0 : LSR_EMPTY;
    serial_update_irq(s);
    resume_input(s);
    return TRUE;
}

static const StateField serial_fields[] = {
    STATE_FIELD("ier", STATE_U8, Serial, ier),
    STATE_FIELD("fcr", STATE_U8, Serial, fcr),
    STATE_FIELD("lcr", STATE_U8, Serial, lcr),
    STATE_FIELD("mcr", STATE_U8, Serial, mcr),
    STATE_FIELD("lsr", STATE_U8, Serial, lsr),
    STATE_FIELD("msr", STATE_U8, Serial, msr),
    STATE_FIELD("scr", STATE_U8, Serial, scr),
    STATE_FIELD("divider", STATE_U16, Serial, divider),
    STATE_FIELD("thr-pending", STATE_BOOL, Serial, thr_pending),
    STATE_COUNTED("fifo", STATE_BYTES, Serial, fifo, FIFO_SIZE, fifo_len),
    STATE_FIELD("tx", STATE_STRUCT, Serial, tx, .nested = &tx_queue_state),
    { NULL },
};

static const StateDesc serial_state = {
    .name = "isa-serial",
    .version = 1,
    .fields = serial_fields,
    .post_load = serial_post_load,
};

static const Property serial_properties[] = {
    { .name = "chardev",
      .type = PROP_STRING,
      .offset = offsetof(Serial, chardev),
      .help = "ID of a chardev to use as a backend" },
    { .name = "index",
      .type = PROP_U32,
      .offset = offsetof(Serial, index),
      .guest = TRUE,
      .help = "number of the port (0-3); the first free one by default" },
    { .name = "iobase",
      .type = PROP_U32,
      .offset = offsetof(Serial, iobase),
      .guest = TRUE,
      .help = "first I/O port; that of the port's number by default" },
    { .name = "irq",
      .type = PROP_U32,
      .offset = offsetof(Serial, irq),
      .guest = TRUE,
      .help = "ISA interrupt; that of the port's number by default" },
    { NULL },
};

const DeviceClass serial_class = {
    .name = "isa-serial",
    .bus = ISA_BUS_TYPE,
    .desc = "16550A serial port",
    .instance_size = sizeof(Serial),
    .user_creatable = TRUE,
    .properties = serial_properties,
    .state = &serial_state,
    .init = serial_init,
    .realize = serial_realize,
    .reset = serial_reset,
    .unrealize = serial_unrealize,
    .aml = serial_aml,
};
