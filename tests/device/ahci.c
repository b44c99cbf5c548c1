/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/device/ahci.h"

#include <string.h>

#define PORT_SPACE  0x20000u
#define FIS_AT      0x400u
#define TABLES_AT   0x1000u
#define TABLE_SPACE 0xf00u
#define PRDS_AT     0x80u

void ahci_open(Ahci *a, QTest *q, guint64 config, guint64 lists)
{
    *a = (Ahci){ .q = q, .config = config, .lists = lists };
    a->bar = qtest_readl(q, config + 0x24) & ~0xfull;
    qtest_writew(q, config + 4, 7);
}

guint32 ahci_read(const Ahci *a, guint32 reg)
{
    return qtest_readl(a->q, a->bar + reg);
}

void ahci_write(const Ahci *a, guint32 reg, guint32 value)
{
    qtest_writel(a->q, a->bar + reg, value);
}

guint32 ahci_get(const Ahci *a, unsigned port, guint32 reg)
{
    return ahci_read(a, 0x100 + 0x80 * port + reg);
}

void ahci_set(const Ahci *a, unsigned port, guint32 reg, guint32 value)
{
    ahci_write(a, 0x100 + 0x80 * port + reg, value);
}

guint64 ahci_list(const Ahci *a, unsigned port)
{
    return a->lists + PORT_SPACE * port;
}

guint64 ahci_fis(const Ahci *a, unsigned port)
{
    return ahci_list(a, port) + FIS_AT;
}

guint64 ahci_table(const Ahci *a, unsigned port, unsigned slot)
{
    return ahci_list(a, port) + TABLES_AT + TABLE_SPACE * slot;
}

void ahci_start(const Ahci *a, unsigned port)
{
    ahci_write(a, 4, 0x80000002u);
    ahci_set(a, port, A_CLB, (guint32)ahci_list(a, port));
    ahci_set(a, port, A_FB, (guint32)ahci_fis(a, port));
    qtest_memset(a->q, ahci_fis(a, port), 0, 0x100);
    ahci_set(a, port, A_CMD, ahci_get(a, port, A_CMD) | 0x10);
    ahci_set(a, port, A_IS, G_MAXUINT32);
    ahci_set(a, port, A_IE, G_MAXUINT32);
    ahci_set(a, port, A_CMD, ahci_get(a, port, A_CMD) | 1);
}

void ahci_restart(const Ahci *a, unsigned port)
{
    guint32 cmd = ahci_get(a, port, A_CMD);

    ahci_set(a, port, A_CMD, cmd & ~1u);
    g_assert_cmphex(ahci_get(a, port, A_CMD) & 0x8001, ==, 0);
    ahci_set(a, port, A_IS, G_MAXUINT32);
    ahci_set(a, port, A_CMD, cmd | 1);
}

static void put_frame(guint8 *fis, unsigned slot, const AhciTask *t)
{
    guint16 features = t->queued ? t->count : t->features;
    guint16 count = t->queued ? (guint16)(slot << 3) : t->count;

    fis[0] = 0x27;
    fis[1] = t->control ? 0 : 0x80;
    fis[2] = t->command;
    fis[3] = (guint8)features;
    fis[11] = (guint8)(features >> 8);
    for (unsigned i = 0; i < 3; i++) {
        fis[4 + i] = (guint8)(t->lba >> (8 * i));
        fis[8 + i] = (guint8)(t->lba >> (24 + 8 * i));
    }
    fis[7] = t->device ? t->device : 0x40;
    fis[12] = (guint8)count;
    fis[13] = (guint8)(count >> 8);
    fis[15] = t->control_value;
}

static void put32(guint8 *at, guint32 value)
{
    value = GUINT32_TO_LE(value);
    memcpy(at, &value, 4);
}

void ahci_prepare(const Ahci *a, unsigned port, unsigned slot, const AhciTask *t)
{
    guint64 table = ahci_table(a, port, slot);
    g_autofree guint8 *bytes = g_malloc0(PRDS_AT + 16 * (gsize)t->n_prds);
    guint8 header[32] = { 0 };

    put_frame(bytes, slot, t);
    memcpy(bytes + 0x40, t->packet, sizeof(t->packet));
    for (unsigned i = 0; i < t->n_prds; i++) {
        guint8 *prd = bytes + PRDS_AT + 16 * i;
        put32(prd, (guint32)t->prds[i].address);
        put32(prd + 4, (guint32)(t->prds[i].address >> 32));
        put32(prd + 12, t->prds[i].bytes - 1);
    }
    qtest_memwrite(a->q, table, bytes, PRDS_AT + 16 * (gsize)t->n_prds);
    put32(header, 5 | (t->out ? 0x40 : 0) | (t->has_packet ? 0x20 : 0) | t->n_prds << 16);
    put32(header + 8, (guint32)table);
    put32(header + 12, (guint32)(table >> 32));
    qtest_memwrite(a->q, ahci_list(a, port) + 32 * slot, header, sizeof(header));
}

void ahci_issue(const Ahci *a, unsigned port, unsigned slot, const AhciTask *t)
{
    ahci_prepare(a, port, slot, t);
    if (t->queued) {
        ahci_set(a, port, A_SACT, 1u << slot);
    }
    ahci_set(a, port, A_CI, 1u << slot);
}

gboolean ahci_wait(const Ahci *a, unsigned port, unsigned slot)
{
    for (;;) {
        guint32 errors = A_OFS | A_IFS | A_HBFS | A_TFES;
        guint32 open = ahci_get(a, port, A_CI) | ahci_get(a, port, A_SACT);
        if (!(open >> slot & 1)) {
            return TRUE;
        }
        if (ahci_get(a, port, A_IS) & errors) {
            return FALSE;
        }
    }
}

gboolean ahci_do(const Ahci *a, unsigned port, const AhciTask *t)
{
    ahci_issue(a, port, 0, t);
    return ahci_wait(a, port, 0);
}

gboolean ahci_move(const Ahci *a, unsigned port, gboolean write, guint64 lba,
                   guint16 sectors, gboolean queued)
{
    AhciPrd prd = { AHCI_DATA, 512u * sectors };
    guint8 code = queued ? (write ? 0x61 : 0x60) : (write ? 0x35 : 0x25);

    return ahci_do(a, port,
                   &(AhciTask){ .command = code,
                                .count = sectors,
                                .lba = lba,
                                .queued = queued,
                                .prds = &prd,
                                .n_prds = 1,
                                .out = write });
}

guint32 ahci_moved(const Ahci *a, unsigned port, unsigned slot)
{
    return qtest_readl(a->q, ahci_list(a, port) + 32 * slot + 4);
}

void ahci_identify(const Ahci *a, unsigned port, guint16 *words)
{
    AhciPrd prd = { AHCI_DATA, 512 };

    g_assert_true(
        ahci_do(a, port, &(AhciTask){ .command = 0xec, .prds = &prd, .n_prds = 1 }));
    qtest_memread(a->q, AHCI_DATA, words, 512);
    for (unsigned i = 0; i < 256; i++) {
        words[i] = GUINT16_FROM_LE(words[i]);
    }
}

void ahci_soft_reset(const Ahci *a, unsigned port)
{
    AhciTask t = { .control = TRUE, .control_value = 4 };

    g_assert_true(ahci_do(a, port, &t));
    t.control_value = 0;
    g_assert_true(ahci_do(a, port, &t));
}
