/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interval timer (Intel 82C54 data sheet), as the ICH9 has it: CLK of 1.193182 MHz, the
 * gates of channels 0 and 1 always high, channel 0's OUT on IRQ 0, and port 61h ("NMI
 * status and control", ICH9 data sheet 13.7.1), whose bits for NMIs are kept and do
 * nothing, and whose bit 4 toggles with each refresh of memory.
 *
 * A timer runs only for rising edges of channel 0's OUT. What the host was late for is
 * made up for, one edge after the other (lost_tick_policy=delay), or left out; guests
 * cannot ask for more edges than a host can take.
 */
#include "config.h"

#include "hw/i8254.h"

#include "event/clock.h"
#include "hw/i8254-counter.h"
#include "hw/isa.h"
#include "hw/tick.h"

#define COUNTERS 3
#define SPEAKER  2 /* the channel */

#define CONTROL_CHANNEL(word) ((word) >> 6)
#define CONTROL_READ_BACK     3
#define CONTROL_ACCESS        0x30 /* 0: latches the count */
#define READ_BACK_NO_COUNT    0x20
#define READ_BACK_NO_STATUS   0x10

#define PORT_B_GATE     0x01
#define PORT_B_WRITABLE 0x0f
#define PORT_B_REFRESH  0x10
#define PORT_B_OUT      0x20
#define REFRESH_NS      15085

#define MIN_IRQ_NS 100000   /* between two edges on IRQ 0 */
#define MAX_LATE   I8254_HZ /* ticks for which edges are made up: a second */

enum { POLICY_DISCARD, POLICY_DELAY };
static const char *const policies[] = { "discard", "delay", NULL };

typedef struct Pit {
    Device dev;
    int lost_tick_policy;

    Region *region, *port_b;
    IrqSource irq_out;
    Timer *timer;
    gboolean level; /* of IRQ 0 */
    gboolean irq_enabled;

    PitCounter counters[COUNTERS];
    guint8 control;   /* port 61h */
    guint64 seen;     /* tick up to which channel 0's edges have been given */
    guint64 irq_from; /* ns: no edge on IRQ 0 before */
} Pit;

/*
 * An access reads the clock once, and all of it happens then: an edge that came between
 * two readings would be one that nobody has given, and nobody gives later.
 */
static guint64 now(void)
{
    return tick_from_ns(clock_now(CLOCK_TYPE_VIRTUAL), I8254_HZ);
}

/* After an edge that is given at ns. */
static guint64 earliest_irq(gint64 ns)
{
    return (guint64)ns + MIN_IRQ_NS;
}

static void set_irq(Pit *s, gboolean level)
{
    s->level = level;
    irq_source_set(&s->irq_out, level && s->irq_enabled);
}

/* Channel 0's next edge that has not been given, as soon as IRQ 0 takes another one. */
static void arm_timer(Pit *s)
{
    guint64 edge;

    if (s->irq_enabled && pit_counter_next_edge(&s->counters[0], s->seen, &edge)) {
        timer_arm(s->timer, MAX(tick_to_ns(edge, I8254_HZ), (gint64)s->irq_from));
    } else {
        timer_disarm(s->timer);
    }
}

static void give_edge(Pit *s, gint64 ns)
{
    guint64 tick = tick_from_ns(ns, I8254_HZ), edge = tick;

    s->irq_from = earliest_irq(ns);
    set_irq(s, FALSE);
    set_irq(s, TRUE);
    pit_counter_next_edge(&s->counters[0], s->seen, &edge);
    if (s->lost_tick_policy == POLICY_DISCARD || edge >= tick) {
        s->seen = tick;
    } else {
        s->seen = tick - edge > MAX_LATE ? tick - MAX_LATE : edge;
    }
    pit_counter_out(&s->counters[0],
                    s->seen); /* what has waited for this edge is loaded */
    arm_timer(s);
}

static void timer_fired(void *opaque)
{
    give_edge(opaque, clock_now(CLOCK_TYPE_VIRTUAL));
}

/* Channel 0 is about to be written, at ns: what was due before comes before. */
static void settle(Pit *s, gint64 ns)
{
    if (timer_armed(s->timer) && timer_deadline(s->timer) <= ns) {
        give_edge(s, ns);
    }
}

/* Channel 0 has been written. */
static void start_anew(Pit *s, guint64 tick)
{
    s->seen = tick;
    set_irq(s, pit_counter_out(&s->counters[0], s->seen));
    arm_timer(s);
}

static void read_back(Pit *s, guint8 word, guint64 tick)
{
    for (unsigned i = 0; i < COUNTERS; i++) {
        if (word & 2 << i) {
            pit_counter_latch(&s->counters[i], !(word & READ_BACK_NO_COUNT),
                              !(word & READ_BACK_NO_STATUS), tick);
        }
    }
}

static void write_control(Pit *s, guint8 word, guint64 tick)
{
    unsigned channel = CONTROL_CHANNEL(word);

    if (channel == CONTROL_READ_BACK) {
        read_back(s, word, tick);
    } else if (!(word & CONTROL_ACCESS)) {
        pit_counter_latch(&s->counters[channel], TRUE, FALSE, tick);
    } else {
        pit_counter_control(&s->counters[channel], word);
    }
}

static guint64 pit_read(void *opaque, guint64 offset, unsigned size)
{
    Pit *s = opaque;

    return offset < COUNTERS ? pit_counter_read(&s->counters[offset], now()) : 0;
}

static void pit_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Pit *s = opaque;
    gboolean irq = offset == 0 || (offset == COUNTERS && !CONTROL_CHANNEL(value) &&
                                   (value & CONTROL_ACCESS));
    gint64 ns = clock_now(CLOCK_TYPE_VIRTUAL);
    guint64 tick = tick_from_ns(ns, I8254_HZ);

    if (irq) {
        settle(s, ns);
    }
    if (offset < COUNTERS) {
        pit_counter_write(&s->counters[offset], value, tick);
    } else {
        write_control(s, value, tick);
    }
    if (irq) {
        start_anew(s, tick);
    }
}

static guint64 port_b_read(void *opaque, guint64 offset, unsigned size)
{
    Pit *s = opaque;
    gint64 ns = clock_now(CLOCK_TYPE_VIRTUAL);
    gboolean refresh = ns / REFRESH_NS & 1;
    gboolean out = pit_counter_out(&s->counters[SPEAKER], tick_from_ns(ns, I8254_HZ));

    return s->control | (refresh ? PORT_B_REFRESH : 0) | (out ? PORT_B_OUT : 0);
}

static void port_b_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Pit *s = opaque;

    s->control = value & PORT_B_WRITABLE;
    pit_counter_set_gate(&s->counters[SPEAKER], s->control & PORT_B_GATE, now());
}

static const RegionOps pit_ops = {
    .read = pit_read,
    .write = pit_write,
    .min_size = 1,
    .max_size = 1,
    .split = TRUE,
};

static const RegionOps port_b_ops = {
    .read = port_b_read,
    .write = port_b_write,
    .min_size = 1,
    .max_size = 1,
    .split = TRUE,
};

void i8254_set_irq_enabled(Device *dev, gboolean enabled)
{
    Pit *s = (Pit *)dev;

    if (s->irq_enabled != !!enabled) {
        s->irq_enabled = !!enabled;
        start_anew(s, now());
    }
}

static void pit_reset(Device *dev)
{
    Pit *s = (Pit *)dev;

    for (unsigned i = 0; i < COUNTERS; i++) {
        pit_counter_reset(&s->counters[i]);
    }
    s->control = 0;
    pit_counter_set_gate(&s->counters[SPEAKER], FALSE, now());
    s->irq_enabled = TRUE;
    s->irq_from = 0;
    start_anew(s, now());
}

static gboolean map_ports(Pit *s, GError **errp)
{
    s->region = region_new_io("pit", I8254_PORTS, &pit_ops, s);
    if (!address_map_put(address_map_io(), &s->region, I8254_IOBASE, errp)) {
        return FALSE;
    }
    s->port_b = region_new_io("port-61h", 1, &port_b_ops, s);
    if (!address_map_put(address_map_io(), &s->port_b, I8254_PORT_B, errp)) {
        address_map_take(&s->region);
        return FALSE;
    }
    return TRUE;
}

static gboolean pit_realize(Device *dev, GError **errp)
{
    Pit *s = (Pit *)dev;

    IrqLine *line = isa_bus_irq(dev, I8254_IRQ, errp);
    if (!line || !map_ports(s, errp)) {
        return FALSE;
    }
    irq_source_connect(&s->irq_out, line);
    s->timer = timer_new(event_loop_main(), CLOCK_TYPE_VIRTUAL, timer_fired, s);
    return TRUE;
}

static void pit_unrealize(Device *dev)
{
    Pit *s = (Pit *)dev;

    g_clear_pointer(&s->timer, timer_free);
    irq_source_disconnect(&s->irq_out);
    address_map_take(&s->port_b);
    address_map_take(&s->region);
}

static gboolean pit_post_load(void *opaque, guint32 version, GError **errp)
{
    Pit *s = opaque;

    s->counters[0].gate = s->counters[1].gate = TRUE;
    s->counters[SPEAKER].gate = s->control & PORT_B_GATE;
    s->seen = MIN(s->seen, now());
    s->irq_from = MIN(s->irq_from, earliest_irq(clock_now(CLOCK_TYPE_VIRTUAL)));
    set_irq(s, s->level);
    arm_timer(s);
    return TRUE;
}

static const StateField pit_fields[] = {
    STATE_ARRAY("counters", STATE_STRUCT, Pit, counters, COUNTERS,
                .nested = &pit_counter_state, .stride = sizeof(PitCounter)),
    STATE_FIELD("control", STATE_U8, Pit, control, .limit = PORT_B_WRITABLE),
    STATE_FIELD("level", STATE_BOOL, Pit, level),
    STATE_FIELD("irq-enabled", STATE_BOOL, Pit, irq_enabled),
    STATE_FIELD("seen", STATE_U64, Pit, seen),
    STATE_FIELD("irq-from", STATE_U64, Pit, irq_from),
    { NULL },
};

static const StateDesc pit_state = {
    .name = "isa-pit",
    .version = 1,
    .fields = pit_fields,
    .post_load = pit_post_load,
};

static const Property pit_properties[] = {
    { .name = "lost_tick_policy",
      .type = PROP_ENUM,
      .offset = offsetof(Pit, lost_tick_policy),
      .names = policies,
      .def = "delay",
      .help = "ticks that the host was late for: left out, or made up for" },
    { NULL },
};

const DeviceClass i8254_class = {
    .name = "isa-pit",
    .alias = "kvm-pit",
    .bus = ISA_BUS_TYPE,
    .desc = "8254 interval timer",
    .instance_size = sizeof(Pit),
    .properties = pit_properties,
    .state = &pit_state,
    .realize = pit_realize,
    .reset = pit_reset,
    .unrealize = pit_unrealize,
};
