/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/hw-i8259-model.h"

I8259Model i8259_models[2];

static void i8259_model_order(I8259Model *m, int last)
{
    for (int i = 0; i < 8; i++) {
        m->order[i] = (last + 1 + i) % 8;
    }
}

static int i8259_model_winner(const I8259Model *m)
{
    if (!g_queue_is_empty((GQueue *)&m->words)) {
        return -1;
    }
    for (int i = 0; i < 8; i++) {
        int n = m->order[i];
        gboolean free = TRUE; /* nobody in service at this place or before it */
        for (int j = 0; j <= i; j++) {
            int k = m->order[j];
            gboolean counts = m->service[k] && !(m->smm && m->mask[k]) &&
                              !(j == i && m->sfnm && k == m->cascade);
            free = free && !counts;
        }
        if (m->request[n] && !m->mask[n] && free) {
            return n;
        }
    }
    return -1;
}

void i8259_model_pin(I8259Model *m, int n, gboolean level)
{
    if (m->level[n]) {
        m->request[n] = level;
    } else if (level && !m->pin[n]) {
        m->request[n] = TRUE;
    }
    m->pin[n] = level;
}

static void i8259_model_serve(I8259Model *m, int n)
{
    m->request[n] = m->level[n] && m->request[n];
    if (!m->aeoi) {
        m->service[n] = TRUE;
    } else if (m->rotate) {
        i8259_model_order(m, n);
    }
    if (m == &i8259_models[1]) {
        i8259_model_pin(&i8259_models[0], 2, FALSE);
    }
}

gboolean i8259_model_settle(void)
{
    i8259_model_pin(&i8259_models[0], 2, i8259_model_winner(&i8259_models[1]) >= 0);
    return i8259_model_winner(&i8259_models[0]) >= 0;
}

int i8259_model_acknowledge(void)
{
    I8259Model *m = &i8259_models[0];
    int n = i8259_model_winner(m);
    if (n >= 0) {
        i8259_model_serve(m, n);
    }
    if (n == 2) {
        m = &i8259_models[1];
        n = i8259_model_winner(m);
        if (n >= 0) {
            i8259_model_serve(m, n);
        }
    }
    return m->base + (n < 0 ? 7 : n);
}

static void i8259_model_init(I8259Model *m, guint8 value)
{
    for (int n = 0; n < 8; n++) {
        m->service[n] = m->mask[n] = FALSE;
        m->request[n] = m->level[n] && m->pin[n];
    }
    i8259_model_order(m, 7);
    m->smm = m->rotate = m->show_isr = m->poll = FALSE;
    if (!(value & 1)) {
        m->sfnm = m->aeoi = FALSE;
    }
    g_queue_clear(&m->words);
    g_queue_push_tail(&m->words, GINT_TO_POINTER(2));
    if (!(value & 2)) {
        g_queue_push_tail(&m->words, GINT_TO_POINTER(3));
    }
    if (value & 1) {
        g_queue_push_tail(&m->words, GINT_TO_POINTER(4));
    }
}

static void i8259_model_command(I8259Model *m, guint8 value)
{
    int n = value & 7;
    if (!(value & 0x20)) { /* no EOI */
        if ((value & 0xc0) == 0xc0) {
            i8259_model_order(m, n);
        } else if (!(value & 0x40)) {
            m->rotate = value >> 7;
        }
        return;
    }
    if (!(value & 0x40)) { /* not specific */
        int i = 0;
        while (i < 8 && (!m->service[m->order[i]] || (m->smm && m->mask[m->order[i]]))) {
            i++;
        }
        if (i == 8) {
            return;
        }
        n = m->order[i];
    }
    m->service[n] = FALSE;
    if (value & 0x80) {
        i8259_model_order(m, n);
    }
}

void i8259_model_write(I8259Model *m, int port, guint8 value)
{
    if (!port && value & 0x10) {
        i8259_model_init(m, value);
    } else if (!port && value & 0x08) {
        m->smm = value & 0x40 ? (value & 0x20) != 0 : m->smm;
        m->show_isr = value & 2 ? value & 1 : m->show_isr;
        m->poll = (value & 4) != 0;
    } else if (!port) {
        i8259_model_command(m, value);
    } else {
        switch (GPOINTER_TO_INT(g_queue_pop_head(&m->words))) {
        case 0:
            for (int n = 0; n < 8; n++) {
                m->mask[n] = value >> n & 1;
            }
            break;
        case 2:
            m->base = value / 8 * 8;
            break;
        case 4:
            m->sfnm = value >> 4 & 1;
            m->aeoi = value >> 1 & 1;
            break;
        }
    }
}

static guint8 i8259_model_bits(const gboolean *flags)
{
    guint8 value = 0;
    for (int n = 0; n < 8; n++) {
        value |= (guint8)((flags[n] != 0) << n);
    }
    return value;
}

guint8 i8259_model_read(I8259Model *m, int port)
{
    if (m->poll) {
        int n = i8259_model_winner(m);
        m->poll = FALSE;
        if (n < 0) {
            return 0;
        }
        i8259_model_serve(m, n);
        return (guint8)(0x80 + n);
    }
    return i8259_model_bits(port ? m->mask : m->show_isr ? m->service : m->request);
}

void i8259_model_begin(guint8 base)
{
    for (int i = 0; i < 2; i++) {
        i8259_models[i] = (I8259Model){ .cascade = i ? -1 : 2 };
        i8259_model_init(&i8259_models[i], 0x11);
        i8259_model_write(&i8259_models[i], 1, i ? base + 8 : base);
        i8259_model_write(&i8259_models[i], 1, 0);
        i8259_model_write(&i8259_models[i], 1, 1);
    }
}

void i8259_model_end(void)
{
    for (int i = 0; i < 2; i++) {
        g_queue_clear(&i8259_models[i].words);
    }
}
