/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A root port with a slot, on the board of pci-board.h and without ACPI hot-plug, and a
 * guest's driver of it.
 */
#pragma once
#include "pci-board.h"
#include "pci/slot.h"

#define ABP   PCI_EXP_SLTSTA_ABP
#define PDC   PCI_EXP_SLTSTA_PDC
#define CC    PCI_EXP_SLTSTA_CC
#define PDS   PCI_EXP_SLTSTA_PDS
#define EIS   PCI_EXP_SLTSTA_EIS
#define DLLSC PCI_EXP_SLTSTA_DLLSC
#define NEWS  (ABP | PDC | CC | DLLSC)

#define OFF       (PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF)
#define DARK      PCI_EXP_SLTCTL_PWR_IND_OFF /* but with power */
#define BLINK     PCI_EXP_SLTCTL_PWR_IND_BLINK
#define ON        PCI_EXP_SLTCTL_PWR_IND_ON
#define BLINK_OFF (PCI_EXP_SLTCTL_PCC | BLINK)
/* What Linux enables: not the change of presence, as there is a button. */
#define DRIVER                                                                           \
    (PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_DLLSCE | PCI_EXP_SLTCTL_HPIE |                 \
     PCI_EXP_SLTCTL_CCIE)

#define ID 0x56781234

extern PciBridge *port;
extern guint deleted, guest_errors; /* events */

/* Once, before all tests. */
void slot_listen(void);
void slot_make(void);
void slot_unmake(void);
/* name: a property of the port; NULL: none. */
void slot_make_with(const char *name, const char *value);
/* The port alone, on a board that is there; its bus has number 1. */
PciBridge *slot_make_port(const char *name, const char *value);

guint32 slot_reg(unsigned which); /* of the Express capability, 16 bits */
guint32 slot_status(void);
guint32 slot_news(void); /* events that have not been cleared */
void slot_clear(guint32 bits);
/* Writes to Slot Control as a vCPU, which waits for what it has let go. */
void slot_command(guint32 bits);
/* As Linux's driver: it clears all events, then it enables them. */
void slot_begin_driver(guint32 bits);
gboolean slot_interrupt(void); /* the pin */

/* For access_finish(): sets the gboolean. */
void slot_access_done(void *opaque);
void slot_wait_for(const gboolean *done);
void slot_wait_deleted(guint n);

TestFunction *slot_new_function(const char *addr, gboolean hotplugged);
TestFunction *slot_hot(void);
TestFunction *slot_cold(void);
TestFunction *slot_hot_in_use(void); /* a driver has switched it on */
guint32 slot_id(void);               /* what the guest reads in the slot */
void slot_request(TestFunction *f);
void slot_request_fails(TestFunction *f, const char *text);
void slot_plug_fails(const char *text);
