/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the ICH9's LPC bridge. */
#ifndef VIREO_PCI_ICH9_INTERNAL_H
#define VIREO_PCI_ICH9_INTERNAL_H

#include "pci/ich9-lpc.h"

/* The chipset's configuration registers that do something: routes, and straps. */
#define RCRB_SIZE       0x4000
#define RCRB_ROUTES     0x3100 /* D31IP to D25IR */
#define RCRB_ROUTE_SIZE 0x54
#define RCRB_GCS        0x3410
#define GCS_NO_REBOOT   0x20

/* One interrupt that the LPC bridge passes on. */
typedef struct Ich9Route {
    IrqLine *line; /* into this one */
    IrqSource gsi, pic;
} Ich9Route;

typedef struct Ich9Lpc {
    PciDevice pci;
    Ich9LpcOptions options;
    Ich9LpcWiring wiring;
    Ich9Route sci, pirqs[ICH9_PIRQS];
    guint8 routes[RCRB_ROUTE_SIZE];
    guint32 gcs;
    guint8 reset_control;
    Region *rcrb;
} Ich9Lpc;

/* ich9-routing.c */
void ich9_routing_init(Ich9Lpc *lpc);
void ich9_routing_finalize(Ich9Lpc *lpc);
void ich9_routing_reset(Ich9Lpc *lpc);
/* What the strap keeps set, whatever was written. */
void ich9_routing_strap(Ich9Lpc *lpc);
void ich9_routing_disconnect(Ich9Lpc *lpc);
/* As the registers say, in configuration space and behind RCBA. */
void ich9_routing_apply(Ich9Lpc *lpc);
extern const RegionOps ich9_rcrb_ops;

#define ICH9_ACPI_CNTL 0x44
#define ICH9_PIRQ_A_D  0x60
#define ICH9_PIRQ_E_H  0x68
#define ICH9_PIRQ_OFF  0x80 /* it does not reach the 8259s */

#endif
