/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A q35's host bridge in this process, whose configuration space a test reaches as a vCPU
 * would: RAM of 1 MiB at address 0, a wire for each slot and pin (`wires`), functions and
 * bridges that are made as the test wants them. No guest runs.
 */
#pragma once
#include "pci/bridge.h"
#include "pci/host.h"

#define RAM_SIZE 0x100000u
#define MSI_AT   0x8000u /* messages of a test are written to RAM from here on */
#define WIRES    4

typedef struct TestFunction {
    PciDevice pci;
    /* Before realize. */
    struct {
        guint64 size;
        unsigned flags;
    } want[PCI_BARS];
    unsigned msix, msi; /* vectors; MSI-X is in BAR 1 */
    gboolean plain_msi; /* without a mask */
    gboolean power, express;
    gboolean slow; /* quiesce and stop_dma wait for test_function_go_on() */
    /* What was heard. */
    guint stops, starts, resets, message_changes;
    guint64 last_offset, last_value; /* of a write to a BAR */
    GSList *waiting;
} TestFunction;

extern const PciDeviceClass test_function_class, test_bridge_class;

extern Device *host;
extern PciBus *root;
extern RamBlock *ram;
extern IrqLine *wires[WIRES];

void pci_board_make(void);
void pci_board_free(void);

/* Not yet realized; addr as the command line says it, or NULL. */
TestFunction *test_function_new(const char *addr);
/* Owned by the board. */
void test_function_plug(TestFunction *f, PciBus *bus);
/* A function as most tests want it: BAR 0 of memory, MSI-X if vectors. Plugged. */
TestFunction *test_function_make(const char *addr, unsigned vectors);
PciBridge *test_bridge_make(const char *addr, PciBus *bus);
/* The error that plugging it gives; owned. */
char *test_function_refusal(TestFunction *f, PciBus *bus);
void test_function_go_on(TestFunction *f);
void device_set_text(Device *dev, const char *name, const char *value);

guint32 cfg_read(PciDevice *dev, unsigned offset, unsigned size);
void cfg_write(PciDevice *dev, unsigned offset, unsigned size, guint32 value);
guint32 mem_read(guint64 addr, unsigned size);
void mem_write(guint64 addr, unsigned size, guint32 value);
guint32 port_read(guint16 port, unsigned size);
void port_write(guint16 port, unsigned size, guint32 value);

/* What a BAR of a test function answers at an offset. */
guint32 bar_answer(unsigned bar, guint64 offset);
