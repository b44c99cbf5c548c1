/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libslirp sees of a guest's frames: whole packets, made of fragments in order. */
#include "net/user-fragments.h"

#include <string.h>

#define MORE 0x2000u
#define HEAD 34 /* Ethernet's header and IPv4's */

typedef struct Sent {
    guint field;             /* of the fragment: flags, and its place */
    guint len;               /* bytes of payload; each says where it is in the packet */
    gint whole;              /* payload of what comes of it; -1: nothing */
    guint8 id, version;      /* version: with the header's length; 0: 45h */
    gboolean bad_sum, other; /* other: another protocol */
    gint cut;                /* bytes that the frame lacks */
} Sent;

static UserFragments *fragments;
static guint8 frame[HEAD + 65535];

static void put16(guint8 *at, guint value)
{
    at[0] = (guint8)(value >> 8);
    at[1] = (guint8)value;
}

static guint sum(const guint8 *ip)
{
    guint total = 0;

    for (guint i = 0; i < 20; i += 2) {
        total += (guint)(ip[i] << 8 | ip[i + 1]);
    }
    while (total >> 16) {
        total = (total & 0xffff) + (total >> 16);
    }
    return total;
}

static void make(const Sent *s)
{
    guint8 *ip = frame + 14;

    memset(frame, 0, HEAD);
    put16(frame + 12, 0x0800);
    ip[0] = s->version ? s->version : 0x45;
    put16(ip + 2, 20 + s->len);
    ip[5] = s->id;
    put16(ip + 6, s->field);
    ip[8] = 64;
    ip[9] = s->other ? 1 : 17;
    ip[12] = ip[16] = 10;
    put16(ip + 10, ~sum(ip) & 0xffff);
    ip[11] ^= s->bad_sum;
    for (guint i = 0; i < s->len; i++) {
        frame[HEAD + i] = (guint8)((8 * (s->field & 0x1fff) + i) * 7 >> 3);
    }
}

static void send(const Sent *s)
{
    gsize len = HEAD + s->len - (guint)s->cut;

    make(s);
    /* Exactly as long as it is: reading more of it is found out. */
    g_autofree guint8 *copy = g_memdup2(frame, len);
    const guint8 *whole = user_fragments_take(fragments, copy, &len);
    if (s->whole < 0) {
        g_assert_null(whole);
        return;
    }
    g_assert_nonnull(whole);
    g_assert_cmpuint(len, ==, HEAD + (guint)s->whole);
    g_assert_cmpuint((guint)(whole[16] << 8 | whole[17]), ==, 20 + (guint)s->whole);
    g_assert_cmpuint(whole[20] << 8 | whole[21], ==,
                     s->whole == (gint)s->len ? s->field : 0);
    g_assert_cmphex(sum(whole + 14), ==, 0xffff);
    g_assert_cmpuint(whole[19], ==, s->id);
    for (guint i = 0; i < (guint)s->whole; i++) {
        g_assert_cmphex(whole[HEAD + i], ==, (guint8)(i * 7 >> 3));
    }
}

static const Sent in_order[] = {
    { 0, 100, 100 },          { 0x4000, 100, 100 }, { MORE, 1480, -1 },
    { MORE | 185, 1480, -1 }, { 370, 7, 2967 },     { 370, 7, -1 },
    { MORE, 8, -1, 1 },       { MORE, 16, -1, 2 },  { 1, 8, 16, 1 },
    { 2, 8, 24, 2 },          { MORE, 8, -1, 3 },   { 1, 8, -1, 3, .other = TRUE },
    { 1, 1, 9, 3 },
};

static const Sent refused[] = {
    { 1, 8, -1 },      /* there is no first one */
    { 0x1fff, 8, -1 }, /* the end of the longest packet, and beyond */
    { 0x1fff, 1400, -1 },
    { MORE | 0x1fff, 8, -1 },
    { MORE, 0, -1 },
    { 1, 0, -1 },
    { MORE, 7, -1 },
    { MORE, 16, -1 },
    { MORE | 1, 8, -1 }, /* overlaps */
    { MORE | 3, 8, -1 }, /* leaves a gap */
    { 2, 8, -1, .bad_sum = TRUE },
    { 2, 8, -1, .version = 0x46 },
    { 2, 8, -1, .version = 0x55 },
    { 0x8002, 8, -1 },
    { 2, 8, -1, .cut = 1 },
    { 2, 8, -1, .cut = 8 },
    { 2, 8, 24 }, /* the packet was kept from all that */
    { MORE, 16, -1 },
    { MORE, 8, -1 }, /* it begins anew */
    { 2, 8, -1 },
    { 1, 8, 16 },
    { 0x8000, 8, -1 },
};

/* The longest packet that there is, and one byte more. */
static void test_longest(void)
{
    for (guint extra = 0; extra < 2; extra++) {
        guint at = 0;
        for (; at + 1400 < 65515; at += 1400) {
            send(&(Sent){ MORE | at / 8, 1400, -1, 9 });
        }
        send(&(Sent){ at / 8, 65515 - at + extra, extra ? -1 : 65515, 9 });
    }
}

/* Few are kept: the oldest goes. */
static void test_many(void)
{
    for (guint8 id = 20; id < 25; id++) {
        send(&(Sent){ MORE, 8, -1, id });
    }
    send(&(Sent){ 1, 8, -1, 20 });
    for (guint8 id = 21; id < 25; id++) {
        send(&(Sent){ 1, 8, 16, id });
    }
}

static void test_in_order(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(in_order); i++) {
        send(&in_order[i]);
    }
}

static void test_refused(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        send(&refused[i]);
    }
}

/* Other protocols pass, or are none of the guest's. */
static void test_types(void)
{
    static const struct {
        guint16 type;
        gboolean passes;
    } types[] = {
        { 0x0806, TRUE }, { 0x86dd, TRUE }, { 0x88f8, FALSE }, { 0x8100, FALSE }
    };

    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        gsize len = 60, shorter = 13;
        put16(frame + 12, types[i].type);
        g_assert_true(user_fragments_take(fragments, frame, &len) ==
                      (types[i].passes ? frame : NULL));
        g_assert_null(user_fragments_take(fragments, frame, &shorter));
    }
    put16(frame + 12, 0x0800);
    for (gsize n = 0; n < HEAD; n++) {
        gsize len = n;
        g_assert_null(user_fragments_take(fragments, frame, &len));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fragments = user_fragments_new();
    g_test_add_func("/net-user/fragments/in-order", test_in_order);
    g_test_add_func("/net-user/fragments/refused", test_refused);
    g_test_add_func("/net-user/fragments/longest", test_longest);
    g_test_add_func("/net-user/fragments/many", test_many);
    g_test_add_func("/net-user/fragments/types", test_types);
    int status = g_test_run();
    user_fragments_free(fragments);
    return status;
}
