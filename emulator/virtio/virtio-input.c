/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-input (virtio 1.2, section 5.8): keyboard, mouse and tablet, which say what
 * QEMU's say of themselves. What is reported together goes into the driver's buffers as a
 * whole, when there are enough of them; of what has to wait too long the newest is lost.
 */
#include <linux/input-event-codes.h>
#include <linux/input.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_input.h>
#include <string.h>

#include "input/input.h"
#include "input/keys.h"
#include "util/bitmap.h"
#include "util/error.h"
#include "virtio/virtio-input.h"

#define QUEUE_SIZE  64
#define EVENT_QUEUE 0
#define TOGETHER    16  /* events at most; more are several groups */
#define WAITING     256 /* events, for buffers; a power of two */
#define VENDOR      0x0627
#define VERSION     1
#define BITS_BYTES  128

struct VirtioInputClass {
    VirtioDeviceClass virtio;
    guint kinds; /* InputKind, as bits */
    const char *name;
    guint16 product;
};

typedef struct VirtioInput {
    VirtioDevice dev;

    /* properties */
    char *serial, *display;
    guint32 head;
    gboolean wheel_axis;

    InputHandler *handler;
    struct virtio_input_event group[TOGETHER + 1];
    guint n;                                    /* of them */
    struct virtio_input_event waiting[WAITING]; /* groups, each with its end */
    guint first, last;                          /* of them, modulo WAITING */
    gboolean running;

    /* migrated */
    guint8 select, subsel;
} VirtioInput;

static const VirtioInputClass *class_of(const VirtioInput *input)
{
    return (const VirtioInputClass *)input->dev.device.klass;
}

static gboolean takes(const VirtioInput *input, InputKind kind)
{
    return (class_of(input)->kinds & 1u << kind) != 0;
}

/* What it says of itself: 5.8.4 */

static guint8 set_bit(guint8 *bits, guint bit)
{
    bits[bit / 8] |= (guint8)(1u << bit % 8);
    return (guint8)(bit / 8 + 1);
}

static guint8 key_bits(const VirtioInput *input, guint8 *bits)
{
    static const guint16 buttons[] = { BTN_LEFT, BTN_RIGHT, BTN_MIDDLE, BTN_SIDE,
                                       BTN_EXTRA };
    guint8 n = 0;

    for (guint i = 0; takes(input, INPUT_KEY) && input_key_names[i]; i++) {
        n = MAX(n, set_bit(bits, input_key_code(i)));
    }
    for (guint i = 0; takes(input, INPUT_BUTTON) && i < G_N_ELEMENTS(buttons); i++) {
        n = MAX(n, set_bit(bits, buttons[i]));
    }
    return n;
}

static guint8 rel_bits(const VirtioInput *input, guint8 *bits)
{
    guint8 n = 0;

    if (takes(input, INPUT_REL)) {
        set_bit(bits, REL_X);
        n = set_bit(bits, REL_Y);
    }
    if (takes(input, INPUT_BUTTON) && input->wheel_axis) {
        n = set_bit(bits, REL_WHEEL);
    }
    return n;
}

static guint8 event_bits(const VirtioInput *input, guint8 *bits)
{
    switch (input->subsel) {
    case EV_KEY:
        return key_bits(input, bits);
    case EV_REL:
        return rel_bits(input, bits);
    case EV_ABS:
        if (!takes(input, INPUT_ABS)) {
            return 0;
        }
        set_bit(bits, ABS_X);
        return set_bit(bits, ABS_Y);
    case EV_REP:
        return takes(input, INPUT_KEY) ? 1 : 0;
    case EV_LED:
        if (!takes(input, INPUT_KEY)) {
            return 0;
        }
        set_bit(bits, LED_NUML);
        set_bit(bits, LED_CAPSL);
        return set_bit(bits, LED_SCROLLL);
    default:
        return 0;
    }
}

static guint8 put_text(struct virtio_input_config *config, const char *text)
{
    gsize n = text ? MIN(strlen(text), sizeof(config->u.string)) : 0;

    memcpy(config->u.string, text ? text : "", n);
    return (guint8)n;
}

static guint8 put_axis(const VirtioInput *input, struct virtio_input_config *config)
{
    if (!takes(input, INPUT_ABS) || input->subsel > ABS_Y) {
        return 0;
    }
    config->u.abs.max = GUINT32_TO_LE(INPUT_ABS_MAX);
    return sizeof(config->u.abs);
}

static unsigned input_config(VirtioDevice *dev, guint8 *space)
{
    const VirtioInput *input = (const VirtioInput *)dev;
    struct virtio_input_config *config = (struct virtio_input_config *)space;

    config->select = input->select;
    config->subsel = input->subsel;
    switch (input->select) {
    case VIRTIO_INPUT_CFG_ID_NAME:
        config->size = put_text(config, class_of(input)->name);
        break;
    case VIRTIO_INPUT_CFG_ID_SERIAL:
        config->size = put_text(config, input->serial);
        break;
    case VIRTIO_INPUT_CFG_ID_DEVIDS:
        config->u.ids.bustype = GUINT16_TO_LE(BUS_VIRTUAL);
        config->u.ids.vendor = GUINT16_TO_LE(VENDOR);
        config->u.ids.product = GUINT16_TO_LE(class_of(input)->product);
        config->u.ids.version = GUINT16_TO_LE(VERSION);
        config->size = sizeof(config->u.ids);
        break;
    case VIRTIO_INPUT_CFG_EV_BITS:
        config->size = event_bits(input, config->u.bitmap);
        break;
    case VIRTIO_INPUT_CFG_ABS_INFO:
        config->size = put_axis(input, config);
        break;
    }
    return sizeof(*config);
}

static void input_config_write(VirtioDevice *dev, unsigned offset, unsigned size,
                               guint64 value)
{
    VirtioInput *input = (VirtioInput *)dev;

    for (unsigned i = 0; i < size; i++, value >>= 8) {
        if (offset + i == offsetof(struct virtio_input_config, select)) {
            input->select = (guint8)value;
        } else if (offset + i == offsetof(struct virtio_input_config, subsel)) {
            input->subsel = (guint8)value;
        }
    }
}

static guint64 input_features(VirtioDevice *dev)
{
    return 0;
}

/* What it reports */

static void end_group(VirtioInput *input)
{
    guint n = input->n;

    input->n = 0;
    if (!input->running || !n || input->last - input->first + n >= WAITING) {
        return;
    }
    input->group[n] = (struct virtio_input_event){ GUINT16_TO_LE(EV_SYN),
                                                   GUINT16_TO_LE(SYN_REPORT), 0 };
    for (guint i = 0; i <= n; i++) {
        input->waiting[input->last++ % WAITING] = input->group[i];
    }
    /* Not at once: who sends them may have had its turn. */
    if (virtio_device_queue(&input->dev, EVENT_QUEUE)->enabled) {
        virtio_queue_again(virtio_device_queue(&input->dev, EVENT_QUEUE));
    }
}

static void add(VirtioInput *input, guint16 type, guint16 code, gint32 value)
{
    if (input->n == TOGETHER) {
        end_group(input);
    }
    input->group[input->n++] =
        (struct virtio_input_event){ GUINT16_TO_LE(type), GUINT16_TO_LE(code),
                                     GUINT32_TO_LE((guint32)value) };
}

static void reported(void *opaque, const InputEvent *event)
{
    VirtioInput *input = opaque;
    static const guint16 rel[] = {
        [INPUT_X] = REL_X, [INPUT_Y] = REL_Y, [INPUT_WHEEL] = REL_WHEEL
    };

    switch (event->kind) {
    case INPUT_KEY:
    case INPUT_BUTTON:
        add(input, EV_KEY, (guint16)event->code, event->value);
        break;
    case INPUT_REL:
        if (event->code != INPUT_WHEEL || input->wheel_axis) {
            add(input, EV_REL, rel[event->code], event->value);
        }
        break;
    case INPUT_ABS:
        add(input, EV_ABS, event->code == INPUT_X ? ABS_X : ABS_Y, event->value);
        break;
    }
}

static const struct virtio_input_event *nth(const VirtioInput *input, guint i)
{
    return &input->waiting[(input->first + i) % WAITING];
}

/* Events of the first group that waits, with its end. */
static guint group_size(const VirtioInput *input)
{
    guint n = 0;

    while (nth(input, n++)->type != GUINT16_TO_LE(EV_SYN)) {
    }
    return n;
}

/* A buffer for each of n events; else those there are stay. */
static gboolean take_buffers(Virtqueue *vq, VirtqElement *elems, guint n)
{
    for (guint i = 0; i < n; i++) {
        virtq_element_init(&elems[i]);
        if (!virtqueue_pop(vq, &elems[i])) {
            virtq_element_free(&elems[i]);
            while (i-- > 0) { /* the last one first */
                virtqueue_unpop(vq, &elems[i]);
                virtq_element_free(&elems[i]);
            }
            return FALSE;
        }
    }
    return TRUE;
}

static void send_waiting(VirtioInput *input, Virtqueue *vq)
{
    VirtqElement elems[TOGETHER + 1];
    gboolean taken = TRUE;
    guint n = 0;

    while (taken && input->first != input->last) {
        n = group_size(input);
        taken = take_buffers(vq, elems, n);
        for (guint i = 0; taken && i < n; i++) {
            guint64 size = guest_iov_from_buf(&elems[i].in, 0, nth(input, i),
                                              sizeof(struct virtio_input_event));
            virtqueue_fill(vq, &elems[i], (guint32)size);
            virtq_element_free(&elems[i]);
        }
        input->first += taken ? n : 0;
    }
    virtqueue_flush(vq);
    if (taken) {
        virtqueue_set_notification(vq, TRUE);
    } else if (virtqueue_await(vq, (guint16)n)) {
        virtio_queue_again(vq);
    }
}

static void together(void *opaque)
{
    end_group(opaque);
}

static const InputHandlerOps handler_ops[] = {
    { 1u << INPUT_KEY, reported, together },
    { 1u << INPUT_BUTTON | 1u << INPUT_REL, reported, together },
    { 1u << INPUT_BUTTON | 1u << INPUT_ABS, reported, together },
};

/* Of the guest's reports (lamps) nothing is shown. */
static void input_handle(VirtioDevice *dev, Virtqueue *vq)
{
    VirtqElement elem;

    if (vq->index == EVENT_QUEUE) {
        send_waiting((VirtioInput *)dev, vq);
        return;
    }
    virtq_element_init(&elem);
    while (virtqueue_pop(vq, &elem)) {
        virtqueue_fill(vq, &elem, 0);
    }
    virtq_element_free(&elem);
    virtqueue_flush(vq);
    if (virtqueue_set_notification(vq, TRUE)) {
        virtio_queue_again(vq);
    }
}

static void input_start(VirtioDevice *dev, EventLoop *loop)
{
    VirtioInput *input = (VirtioInput *)dev;

    input->running = TRUE;
    input_handler_activate(input->handler);
}

static void input_stop(VirtioDevice *dev, EventLoop *loop)
{
    ((VirtioInput *)dev)->running = FALSE;
}

static void input_reset(VirtioDevice *dev)
{
    VirtioInput *input = (VirtioInput *)dev;

    input->select = input->subsel = 0;
    input->first = input->last = 0;
}

/* Life */

static gboolean input_realize(Device *device, GError **errp)
{
    VirtioInput *input = (VirtioInput *)device;

    if (input->display) {
        return error_set(errp, "Property '%s.display': there are no displays",
                         device_user_name(device));
    }
    if (!virtio_device_get_loop(&input->dev, NULL, errp)) {
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(handler_ops); i++) {
        if (handler_ops[i].kinds == class_of(input)->kinds) {
            input->handler =
                input_handler_add(class_of(input)->name, &handler_ops[i], input);
        }
    }
    input->dev.n_queues = 2;
    input->dev.n_vectors = 2; /* as QEMU's */
    input->dev.queue_size = QUEUE_SIZE;
    return TRUE;
}

static void input_unrealize(Device *device)
{
    VirtioInput *input = (VirtioInput *)device;

    g_clear_pointer(&input->handler, input_handler_remove);
    virtio_device_put_loop(&input->dev, NULL);
}

static const StateField fields[] = {
    STATE_FIELD("select", STATE_U8, VirtioInput, select),
    STATE_FIELD("subselect", STATE_U8, VirtioInput, subsel),
    { NULL },
};

static const StateDesc state = {
    .name = "virtio-input-device",
    .version = 1,
    .fields = fields,
};

#define FIELD(name) offsetof(VirtioInput, name)
static const Property properties[] = {
    { "serial", PROP_STRING, FIELD(serial), .guest = TRUE, .help = "serial number" },
    { "display", PROP_STRING, FIELD(display), .help = "there are none" },
    { "head", PROP_U32, FIELD(head), "0", .ignored = TRUE, .help = "of a display" },
    { NULL },
};

static const Property pointer_properties[] = {
    { "wheel-axis", PROP_BOOL, FIELD(wheel_axis), "on", .guest = TRUE,
      .help = "it has a wheel" },
    { NULL },
};

const DeviceClass virtio_input_class = {
    .name = "virtio-input-device",
    .abstract = TRUE,
    .parent = &virtio_device_class,
    .desc = "Virtio input",
    .instance_size = sizeof(VirtioInput),
    .properties = properties,
    .state = &state,
    .realize = input_realize,
    .unrealize = input_unrealize,
};

#define INPUT(class_name, what, name_, kinds_, product_, rows)                           \
    {                                                                                    \
        .virtio = { .device = { .name = class_name,                                      \
                                .desc = "Virtio " what,                                  \
                                .parent = &virtio_input_class,                           \
                                .instance_size = sizeof(VirtioInput),                    \
                                .user_creatable = TRUE,                                  \
                                .hotpluggable = TRUE,                                    \
                                .properties = rows },                                    \
                    .device_id = VIRTIO_ID_INPUT,                                        \
                    .features = input_features,                                          \
                    .config = input_config,                                              \
                    .config_write = input_config_write,                                  \
                    .reset = input_reset,                                                \
                    .start = input_start,                                                \
                    .handle = input_handle,                                              \
                    .stop = input_stop },                                                \
        .kinds = kinds_, .name = name_, .product = product_,                             \
    }

const VirtioInputClass virtio_keyboard_class =
    INPUT("virtio-keyboard-device", "keyboard", "QEMU Virtio Keyboard", 1u << INPUT_KEY,
          1, NULL);
const VirtioInputClass virtio_mouse_class =
    INPUT("virtio-mouse-device", "mouse", "QEMU Virtio Mouse",
          1u << INPUT_BUTTON | 1u << INPUT_REL, 2, pointer_properties);
const VirtioInputClass virtio_tablet_class =
    INPUT("virtio-tablet-device", "tablet", "QEMU Virtio Tablet",
          1u << INPUT_BUTTON | 1u << INPUT_ABS, 3, pointer_properties);
