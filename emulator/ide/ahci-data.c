/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data of a command: the guest's memory that its PRD table tells of
 * (AHCI 1.3.1, 4.2.3.3), a piece of it at a time. An entry is read when its turn comes,
 * and checked on the copy.
 */
#include "event/turn.h"
#include "ide/ahci-internal.h"

#define PRD_SIZE   16
#define PRD_LENGTH 0x003fffffu

/*
 * With so many pieces a request is full. To come to the end of a sector it may need as
 * many more as that has bytes, and a range of memory may be in several pieces: that all
 * together is below the kernel's limit of 1024.
 */
#define PIECES 384

#define WINDOW 16

/* A part of the table, copied. */
typedef struct Window {
    struct {
        guint64 address;
        guint32 reserved, length;
    } prds[WINDOW];
    guint32 first, n;
} Window;

G_STATIC_ASSERT(sizeof(((Window *)0)->prds[0]) == PRD_SIZE);

static gboolean read_table(const AhciCommand *c, Window *w, guint32 n)
{
    w->first = c->prd;
    w->n = n;
    return guest_read(&c->port->hba->pci.dma, c->prds + (guint64)PRD_SIZE * c->prd,
                      w->prds, (guint64)PRD_SIZE * n);
}

/* The end of the table need not be memory, if it is never reached. */
static gboolean fill_window(const AhciCommand *c, Window *w)
{
    return c->prd - w->first < w->n ||
           read_table(c, w, MIN(WINDOW, c->n_prds - c->prd)) || read_table(c, w, 1);
}

/* Pins what the next entry has, of at most `bytes`. 0: c->fault says why not. */
static guint64 add_some(AhciCommand *c, Window *w, guint64 bytes, gboolean to_guest)
{
    DmaSpace *dma = &c->port->hba->pci.dma;

    if (c->prd >= c->n_prds) {
        c->fault = IS_OFS;
        return 0;
    }
    if (!fill_window(c, w)) {
        c->fault = IS_HBFS;
        return 0;
    }
    guint64 address = GUINT64_FROM_LE(w->prds[c->prd - w->first].address);
    guint32 flags = GUINT32_FROM_LE(w->prds[c->prd - w->first].length);
    guint32 length = (flags & PRD_LENGTH) + 1;
    guint64 n;
    if (c->prd_offset >= length) { /* the guest has made it shorter since */
        c->fault = IS_OFS;
        return 0;
    }
    n = MIN(length - c->prd_offset, bytes);
    if (!guest_iov_add(dma, &c->cmd.data, address + c->prd_offset, n, to_guest)) {
        c->fault = IS_HBFS;
        return 0;
    }
    c->prd_offset += (guint32)n;
    if (c->prd_offset == length) {
        c->prd++;
        c->prd_offset = 0;
    }
    return n;
}

guint64 ahci_data_map(IdeCommand *cmd, guint64 bytes, guint32 unit, gboolean to_guest)
{
    AhciCommand *c = (AhciCommand *)cmd;
    Window w = { .n = 0 };
    guint64 total = 0, n;

    while (total < bytes && (cmd->data.n < PIECES || total % unit)) {
        turn_count(TURN_DESCRIPTORS, 1);
        n = add_some(c, &w, bytes - total, to_guest);
        if (!n) {
            guest_iov_done(&cmd->data, 0);
            return 0;
        }
        total += n;
    }
    cmd->mapped = total;
    return total;
}

void ahci_data_unmap(IdeCommand *cmd, guint64 moved, gboolean to_guest)
{
    guest_iov_done(&cmd->data, to_guest ? moved : 0);
    cmd->moved += cmd->mapped;
    cmd->mapped = 0;
}
