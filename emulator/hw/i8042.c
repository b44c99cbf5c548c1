/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keyboard controller (IBM Personal System/2 Hardware Interface Technical Reference,
 * "Keyboard and Auxiliary Device Controller"). Bytes take no time: the output buffer is
 * filled again as soon as it has been read, with the controller's own answer first, then
 * with what the keyboard has, then the mouse. Each byte is an edge on its interrupt.
 *
 * The A20 gate is but a bit to read back (see port92.c).
 */
#include "config.h"

#include "hw/i8042.h"

#include <linux/input-event-codes.h>
#include <string.h>

#include "accel/run-state.h"
#include "hw/isa.h"
#include "hw/ps2.h"
#include "input/input.h"

/* Status. */
#define ST_FULL     0x01
#define ST_SYSTEM   0x04
#define ST_COMMAND  0x08
#define ST_UNLOCKED 0x10
#define ST_AUX      0x20

/* Commands; 20h and 60h read and write a byte of RAM, of which there are 32. */
#define CMD_READ          0x20
#define CMD_WRITE         0x60
#define CMD_RAM_MASK      0x1f
#define CMD_AUX_OFF       0xa7
#define CMD_AUX_ON        0xa8
#define CMD_AUX_TEST      0xa9
#define CMD_SELF_TEST     0xaa
#define CMD_KBD_TEST      0xab
#define CMD_KBD_OFF       0xad
#define CMD_KBD_ON        0xae
#define CMD_READ_INPUT    0xc0
#define CMD_READ_OUTPUT   0xd0
#define CMD_WRITE_OUTPUT  0xd1
#define CMD_WRITE_KBD_OUT 0xd2
#define CMD_WRITE_AUX_OUT 0xd3
#define CMD_WRITE_AUX     0xd4
#define CMD_A20_OFF       0xdd
#define CMD_A20_ON        0xdf
#define CMD_PULSE         0xf0

/* The command byte, RAM[0]. */
#define CTR_KBD_INT   0x01
#define CTR_AUX_INT   0x02
#define CTR_SYSTEM    0x04
#define CTR_KBD_OFF   0x10
#define CTR_AUX_OFF   0x20
#define CTR_TRANSLATE 0x40

/* The output port. */
#define OUT_NO_RESET 0x01
#define OUT_A20      0x02
#define OUT_KBD_INT  0x10
#define OUT_AUX_INT  0x20
#define OUT_ONES     0xcc

#define TEST_PASSED 0x55
#define KBD_BREAK   0xf0
#define RAM_SIZE    32

enum { FROM_KBD, FROM_AUX };

typedef struct I8042 {
    Device dev;

    Region *data, *command;
    IrqSource kbd_irq, aux_irq;
    InputHandler *keyboard_input, *mouse_input;

    guint8 ram[RAM_SIZE];
    guint8 out;         /* the output port, without the interrupts */
    guint8 buffer;      /* for port 60h */
    guint8 source;      /* of the buffer */
    gboolean full;      /* it has not been read */
    guint8 answer;      /* of the controller, for the buffer */
    guint8 answer_from; /* as whose it comes */
    gboolean answers;
    guint8 pending;     /* command whose data comes next; 0: none */
    gboolean commanded; /* the last write was to port 64h */
    gboolean tested;
    gboolean breaks; /* translating: a break prefix has come */
    Ps2Keyboard kbd;
    Ps2Mouse mouse;
} I8042;

static void update_irqs(I8042 *s)
{
    gboolean aux = s->source == FROM_AUX;

    irq_source_set(&s->kbd_irq, s->full && !aux && (s->ram[0] & CTR_KBD_INT));
    irq_source_set(&s->aux_irq, s->full && aux && (s->ram[0] & CTR_AUX_INT));
}

/* The keyboard's next byte as the guest gets it; a break prefix goes into the code. */
static gboolean take_kbd(I8042 *s, guint8 *byte)
{
    while (ps2_take(&s->kbd.queue, byte)) {
        if (!(s->ram[0] & CTR_TRANSLATE)) {
            return TRUE;
        }
        if (*byte != KBD_BREAK) {
            *byte = ps2_translate(*byte) | (s->breaks ? 0x80 : 0);
            s->breaks = FALSE;
            return TRUE;
        }
        s->breaks = TRUE;
    }
    return FALSE;
}

static void fill(I8042 *s)
{
    if (s->full) {
        return;
    }
    if (s->answers) {
        s->answers = FALSE;
        s->buffer = s->answer;
        s->source = s->answer_from;
        s->full = TRUE;
    } else if (!(s->ram[0] & CTR_KBD_OFF) && take_kbd(s, &s->buffer)) {
        s->source = FROM_KBD;
        s->full = TRUE;
    } else if (!(s->ram[0] & CTR_AUX_OFF) && ps2_take(&s->mouse.queue, &s->buffer)) {
        s->source = FROM_AUX;
        s->full = TRUE;
        ps2_mouse_sync(&s->mouse); /* room for what waits */
    }
    update_irqs(s);
}

static void answer(I8042 *s, guint8 byte, guint8 from)
{
    s->answer = byte;
    s->answer_from = from;
    s->answers = TRUE;
}

static void write_output(I8042 *s, guint8 value)
{
    s->out = value & (OUT_NO_RESET | OUT_A20);
    if (!(value & OUT_NO_RESET)) {
        vm_request_reset(SHUTDOWN_GUEST_RESET);
    }
}

static guint8 read_output(const I8042 *s)
{
    guint8 irq = !s->full ? 0 : s->source == FROM_AUX ? OUT_AUX_INT : OUT_KBD_INT;

    return s->out | OUT_ONES | irq;
}

static guint64 data_read(void *opaque, guint64 offset, unsigned size)
{
    I8042 *s = opaque;
    guint8 value = s->buffer;

    if (s->full) {
        s->full = FALSE;
        update_irqs(s); /* down, so that the next byte is an edge */
        fill(s);
    }
    return value;
}

static void data_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    I8042 *s = opaque;
    guint8 pending = s->pending;

    s->pending = 0;
    s->commanded = FALSE;
    switch (pending) {
    case 0:
        s->ram[0] &= ~CTR_KBD_OFF; /* the keyboard's clock runs again */
        ps2_keyboard_write(&s->kbd, value);
        break;
    case CMD_WRITE_OUTPUT:
        write_output(s, value);
        break;
    case CMD_WRITE_KBD_OUT:
        answer(s, value, FROM_KBD);
        break;
    case CMD_WRITE_AUX_OUT:
        answer(s, value, FROM_AUX);
        break;
    case CMD_WRITE_AUX:
        s->ram[0] &= ~CTR_AUX_OFF;
        ps2_mouse_write(&s->mouse, value);
        break;
    default:
        s->ram[pending & CMD_RAM_MASK] = value;
    }
    fill(s);
    update_irqs(s);
}

static guint64 status_read(void *opaque, guint64 offset, unsigned size)
{
    const I8042 *s = opaque;
    gboolean system = s->tested || (s->ram[0] & CTR_SYSTEM);

    return ST_UNLOCKED | (s->full ? ST_FULL : 0) | (system ? ST_SYSTEM : 0) |
           (s->commanded ? ST_COMMAND : 0) |
           (s->full && s->source == FROM_AUX ? ST_AUX : 0);
}

/* The bit of the command byte that the command sets or clears; 0: none. */
static guint8 enable_bit(guint8 command, gboolean *off)
{
    *off = command == CMD_AUX_OFF || command == CMD_KBD_OFF;
    switch (command) {
    case CMD_AUX_OFF:
    case CMD_AUX_ON:
        return CTR_AUX_OFF;
    case CMD_KBD_OFF:
    case CMD_KBD_ON:
        return CTR_KBD_OFF;
    default:
        return 0;
    }
}

/* Commands of which there are whole ranges; FALSE: none of those. */
static gboolean range_command(I8042 *s, guint8 command)
{
    if (command >= CMD_PULSE) {
        if (!(command & OUT_NO_RESET)) { /* low for 6 us; bits 1 to 3 are not wired */
            vm_request_reset(SHUTDOWN_GUEST_RESET);
        }
    } else if ((command & ~CMD_RAM_MASK) == CMD_READ) {
        answer(s, s->ram[command & CMD_RAM_MASK], FROM_KBD);
    } else if ((command & ~CMD_RAM_MASK) == CMD_WRITE ||
               (command >= CMD_WRITE_OUTPUT && command <= CMD_WRITE_AUX)) {
        s->pending = command;
    } else {
        return FALSE;
    }
    return TRUE;
}

static void single_command(I8042 *s, guint8 command)
{
    switch (command) {
    case CMD_SELF_TEST:
        s->tested = TRUE;
        answer(s, TEST_PASSED, FROM_KBD);
        break;
    case CMD_AUX_TEST:
    case CMD_KBD_TEST:
        answer(s, 0, FROM_KBD);
        break;
    case CMD_READ_INPUT:
        answer(s, 0x80, FROM_KBD); /* not locked */
        break;
    case CMD_READ_OUTPUT:
        answer(s, read_output(s), FROM_KBD);
        break;
    case CMD_A20_OFF:
        s->out &= ~OUT_A20;
        break;
    case CMD_A20_ON:
        s->out |= OUT_A20;
        break;
    }
}

static void command_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    I8042 *s = opaque;
    gboolean off;
    guint8 command = value, bit = enable_bit(command, &off);

    s->pending = 0;
    s->commanded = TRUE;
    if (bit) {
        s->ram[0] = off ? s->ram[0] | bit : s->ram[0] & ~bit;
    } else if (!range_command(s, command)) {
        single_command(s, command);
    }
    fill(s);
}

static const RegionOps data_ops = {
    .read = data_read,
    .write = data_write,
    .min_size = 1,
    .max_size = 1,
};

static const RegionOps command_ops = {
    .read = status_read,
    .write = command_write,
    .min_size = 1,
    .max_size = 1,
};

static void key_event(void *opaque, const InputEvent *event)
{
    I8042 *s = opaque;

    ps2_keyboard_key(&s->kbd, event->code, event->value != 0);
    fill(s);
}

static void button_event(Ps2Mouse *mouse, const InputEvent *event)
{
    static const guint codes[PS2_BUTTONS] = { [PS2_BUTTON_LEFT] = BTN_LEFT,
                                              [PS2_BUTTON_RIGHT] = BTN_RIGHT,
                                              [PS2_BUTTON_MIDDLE] = BTN_MIDDLE,
                                              [PS2_BUTTON_SIDE] = BTN_SIDE,
                                              [PS2_BUTTON_EXTRA] = BTN_EXTRA };

    for (guint i = 0; i < PS2_BUTTONS; i++) {
        if (codes[i] == event->code) {
            ps2_mouse_button(mouse, (Ps2Button)i, event->value != 0);
        }
    }
}

/* The wheel's steps are to the user here. */
static void mouse_event(void *opaque, const InputEvent *event)
{
    Ps2Mouse *mouse = &((I8042 *)opaque)->mouse;
    int value = event->value;

    if (event->kind == INPUT_BUTTON) {
        button_event(mouse, event);
    } else if (event->code == INPUT_X) {
        ps2_mouse_move(mouse, value, 0, 0);
    } else if (event->code == INPUT_Y) {
        ps2_mouse_move(mouse, 0, value, 0);
    } else {
        ps2_mouse_move(mouse, 0, 0, -MAX(value, -G_MAXINT));
    }
}

static void mouse_sync(void *opaque)
{
    I8042 *s = opaque;

    ps2_mouse_sync(&s->mouse);
    fill(s);
}

static const InputHandlerOps keyboard_input = { 1u << INPUT_KEY, key_event, NULL };
static const InputHandlerOps mouse_input = { 1u << INPUT_BUTTON | 1u << INPUT_REL,
                                             mouse_event, mouse_sync };

/* As firmware leaves it: translating, with interrupts. */
static void i8042_reset(Device *dev)
{
    I8042 *s = (I8042 *)dev;

    memset(s->ram, 0, sizeof(s->ram));
    s->ram[0] = CTR_KBD_INT | CTR_AUX_INT | CTR_TRANSLATE;
    s->out = OUT_NO_RESET | OUT_A20;
    s->buffer = s->source = s->answer = s->answer_from = s->pending = 0;
    s->full = s->answers = s->tested = s->breaks = FALSE;
    s->commanded = TRUE;
    ps2_keyboard_reset(&s->kbd);
    ps2_mouse_reset(&s->mouse);
    update_irqs(s);
}

static gboolean i8042_realize(Device *dev, GError **errp)
{
    I8042 *s = (I8042 *)dev;

    IrqLine *kbd = isa_bus_irq(dev, I8042_KBD_IRQ, errp);
    IrqLine *aux = kbd ? isa_bus_irq(dev, I8042_MOUSE_IRQ, errp) : NULL;
    if (!aux) {
        return FALSE;
    }
    s->data = region_new_io("i8042-data", 1, &data_ops, s);
    if (!address_map_put(address_map_io(), &s->data, I8042_DATA, errp)) {
        return FALSE;
    }
    s->command = region_new_io("i8042-command", 1, &command_ops, s);
    if (!address_map_put(address_map_io(), &s->command, I8042_COMMAND, errp)) {
        address_map_take(&s->data);
        return FALSE;
    }
    irq_source_connect(&s->kbd_irq, kbd);
    irq_source_connect(&s->aux_irq, aux);
    s->keyboard_input = input_handler_add("PS/2 keyboard", &keyboard_input, s);
    s->mouse_input = input_handler_add("PS/2 mouse", &mouse_input, s);
    return TRUE;
}

static void i8042_unrealize(Device *dev)
{
    I8042 *s = (I8042 *)dev;

    g_clear_pointer(&s->keyboard_input, input_handler_remove);
    g_clear_pointer(&s->mouse_input, input_handler_remove);
    irq_source_disconnect(&s->kbd_irq);
    irq_source_disconnect(&s->aux_irq);
    address_map_take(&s->data);
    address_map_take(&s->command);
}

static gboolean i8042_post_load(void *opaque, guint32 version, GError **errp)
{
    update_irqs(opaque);
    return TRUE;
}

static const StateField i8042_fields[] = {
    STATE_ARRAY("ram", STATE_BYTES, I8042, ram, RAM_SIZE),
    STATE_FIELD("out", STATE_U8, I8042, out, .limit = OUT_NO_RESET | OUT_A20),
    STATE_FIELD("buffer", STATE_U8, I8042, buffer),
    STATE_FIELD("source", STATE_U8, I8042, source, .limit = FROM_AUX),
    STATE_FIELD("full", STATE_BOOL, I8042, full),
    STATE_FIELD("answer", STATE_U8, I8042, answer),
    STATE_FIELD("answer-from", STATE_U8, I8042, answer_from, .limit = FROM_AUX),
    STATE_FIELD("answers", STATE_BOOL, I8042, answers),
    STATE_FIELD("pending", STATE_U8, I8042, pending),
    STATE_FIELD("commanded", STATE_BOOL, I8042, commanded),
    STATE_FIELD("tested", STATE_BOOL, I8042, tested),
    STATE_FIELD("breaks", STATE_BOOL, I8042, breaks),
    STATE_FIELD("keyboard", STATE_STRUCT, I8042, kbd, .nested = &ps2_keyboard_state),
    STATE_FIELD("mouse", STATE_STRUCT, I8042, mouse, .nested = &ps2_mouse_state),
    { NULL },
};

static const StateDesc i8042_state = {
    .name = "i8042",
    .version = 1,
    .fields = i8042_fields,
    .post_load = i8042_post_load,
};

/* The keyboard has the ports, for itself and for the mouse. */
static void i8042_aml(const Device *dev, Aml *scope)
{
    AmlResources *kbd = aml_resources_new(), *mouse = aml_resources_new();
    guint start = aml_begin(scope, "Device KBD_");

    aml_code(scope, "Name _HID eisa:PNP0303");
    aml_resource_io(kbd, I8042_DATA, 1);
    aml_resource_io(kbd, I8042_COMMAND, 1);
    isa_bus_add_irq(dev, kbd, I8042_KBD_IRQ);
    aml_resources_end(kbd, scope, "_CRS");
    aml_end(scope, start);
    start = aml_begin(scope, "Device MOU_");
    aml_code(scope, "Name _HID eisa:PNP0F13");
    isa_bus_add_irq(dev, mouse, I8042_MOUSE_IRQ);
    aml_resources_end(mouse, scope, "_CRS");
    aml_end(scope, start);
}

const DeviceClass i8042_class = {
    .name = "i8042",
    .bus = ISA_BUS_TYPE,
    .desc = "keyboard controller with PS/2 keyboard and mouse",
    .instance_size = sizeof(I8042),
    .state = &i8042_state,
    .realize = i8042_realize,
    .reset = i8042_reset,
    .unrealize = i8042_unrealize,
    .aml = i8042_aml,
};
