/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a card moves, and what the new host tells its switches. */
#include "hw/e1000-internal.h"
#include "util/error.h"

#define WAIT_MAX ((gint64)1000000000) /* ns: more than either timer takes */

/* --- loading and saving --- */

static guint64 end_of(const Timer *timer)
{
    return timer_armed(timer) ? (guint64)timer_deadline(timer) : 0;
}

static gboolean pre_save(void *opaque, GError **errp)
{
    E1000 *e = opaque;

    e->throttle_end = end_of(e->throttle);
    e->negotiation_end = end_of(e->negotiation);
    e->cable = net_nic_link_up(e->nic);
    return TRUE;
}

static void arm(Timer *timer, guint64 end)
{
    gint64 last = clock_now(CLOCK_TYPE_VIRTUAL) + WAIT_MAX;

    if (end) {
        timer_arm(timer, end > (guint64)last ? last : (gint64)end);
    } else {
        timer_disarm(timer);
    }
}

static gboolean post_load(void *opaque, guint32 version, GError **errp)
{
    E1000 *e = opaque;
    E1000Tx *tx = &e->tx;

    if (tx->ready && !e1000_packet_check(tx)) {
        return error_set(errp, "e1000: the packet in the FIFO cannot be one");
    }
    if (e->wire.reading && e->wire.position >= 16 * E1000_EEPROM_WORDS) {
        return error_set(errp, "e1000: there is no bit %u in the EEPROM",
                         e->wire.position);
    }
    tx->room = tx->len;
    e1000_registers_check(e);
    net_nic_load_link(e->nic, e->cable);
    arm(e->throttle, e->throttle_end);
    arm(e->negotiation, e->negotiation_end);
    e->asserted = (e->reg[E1000_ICR] & e->reg[E1000_IMS]) && e->asserted;
    pci_set_intx(&e->pci, e->asserted);
    e->announce = NET_ANNOUNCEMENTS;
    e1000_update(e);
    return TRUE;
}

static const StateField context_fields[] = {
    STATE_FIELD("ipcss", STATE_U8, E1000Context, ipcss),
    STATE_FIELD("ipcso", STATE_U8, E1000Context, ipcso),
    STATE_FIELD("ipcse", STATE_U16, E1000Context, ipcse),
    STATE_FIELD("tucss", STATE_U8, E1000Context, tucss),
    STATE_FIELD("tucso", STATE_U8, E1000Context, tucso),
    STATE_FIELD("tucse", STATE_U16, E1000Context, tucse),
    STATE_FIELD("hdr-len", STATE_U8, E1000Context, hdr_len),
    STATE_FIELD("mss", STATE_U16, E1000Context, mss),
    STATE_FIELD("ip4", STATE_BOOL, E1000Context, ip4),
    STATE_FIELD("tcp", STATE_BOOL, E1000Context, tcp),
    { NULL },
};
static const StateDesc context_state = { .name = "e1000-context",
                                         .version = 1,
                                         .fields = context_fields };

static const StateField tx_fields[] = {
    STATE_ARRAY("contexts", STATE_STRUCT, E1000Tx, contexts, 2, .nested = &context_state,
                .stride = sizeof(E1000Context)),
    STATE_COUNTED("data", STATE_BYTES, E1000Tx, data, E1000_FIFO, len, .indirect = TRUE,
                  .optional = TRUE),
    STATE_FIELD("begun", STATE_BOOL, E1000Tx, begun),
    STATE_FIELD("cut", STATE_BOOL, E1000Tx, cut),
    STATE_FIELD("ip-sum", STATE_BOOL, E1000Tx, ip_sum),
    STATE_FIELD("tu-sum", STATE_BOOL, E1000Tx, tu_sum),
    STATE_FIELD("bad", STATE_BOOL, E1000Tx, bad),
    STATE_FIELD("tagged", STATE_BOOL, E1000Tx, tagged),
    STATE_FIELD("tag", STATE_U16, E1000Tx, tag),
    STATE_FIELD("ready", STATE_BOOL, E1000Tx, ready),
    STATE_FIELD("sent", STATE_U32, E1000Tx, sent, .limit = E1000_FIFO),
    STATE_FIELD("segment", STATE_U32, E1000Tx, segment),
    STATE_FIELD("delayed", STATE_BOOL, E1000Tx, delayed),
    { NULL },
};
static const StateDesc tx_state = { .name = "e1000-tx",
                                    .version = 1,
                                    .fields = tx_fields };

static const StateField wire_fields[] = {
    STATE_FIELD("started", STATE_BOOL, E1000Wire, started),
    STATE_FIELD("reading", STATE_BOOL, E1000Wire, reading),
    STATE_FIELD("bits", STATE_U8, E1000Wire, bits),
    STATE_FIELD("command", STATE_U16, E1000Wire, command),
    STATE_FIELD("position", STATE_U16, E1000Wire, position),
    STATE_FIELD("out", STATE_BOOL, E1000Wire, out),
    STATE_FIELD("clock", STATE_BOOL, E1000Wire, clock),
    { NULL },
};
static const StateDesc wire_state = { .name = "e1000-eeprom",
                                      .version = 1,
                                      .fields = wire_fields };

static const StateField fields[] = {
    STATE_ARRAY("registers", STATE_U32, E1000, reg, E1000_REGS),
    STATE_ARRAY("phy", STATE_U16, E1000, phy, E1000_PHY_REGS),
    STATE_FIELD("port-address", STATE_U32, E1000, port_address,
                .limit = E1000_MEMORY_SIZE - 4),
    STATE_FIELD("eeprom", STATE_STRUCT, E1000, wire, .nested = &wire_state),
    STATE_FIELD("tx", STATE_STRUCT, E1000, tx, .nested = &tx_state),
    STATE_FIELD("asserted", STATE_BOOL, E1000, asserted),
    STATE_FIELD("throttle-end", STATE_U64, E1000, throttle_end, .optional = TRUE),
    STATE_FIELD("negotiation-end", STATE_U64, E1000, negotiation_end, .optional = TRUE),
    STATE_FIELD("cable", STATE_BOOL, E1000, cable),
    { NULL },
};

const StateDesc e1000_state = { .name = "e1000",
                                .version = 1,
                                .fields = fields,
                                .pre_save = pre_save,
                                .post_load = post_load };

/* --- announcement --- */

gboolean e1000_may_announce(const E1000 *e)
{
    return e->announce && e->running && e->queue && e1000_link_up(e);
}

/* Who does not take it loses it. */
void e1000_announce(void *opaque)
{
    E1000 *e = opaque;
    guint8 packet[E1000_NET_HEADER + NET_ANNOUNCE_FRAME] = { 0 };
    struct iovec iov = { packet, e->header + NET_ANNOUNCE_FRAME };

    if (!e1000_may_announce(e)) {
        return;
    }
    net_announce_frame(packet + e->header, e->mac);
    net_queue_send(e->queue, &iov, 1);
    if (--e->announce) {
        timer_arm(e->announcer, net_announce_next(NET_ANNOUNCEMENTS - e->announce));
    }
}
