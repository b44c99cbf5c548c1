/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A builder of AML (ACPI 6.5, chapter 20). It takes the terms as text, in AML's own
 * order: operator first, then its operands, each operator with its target.
 *
 *   aml_code(out, "Method _STA 0 { Return ShiftLeft 0x%x Local0 _ }", bits);
 *
 * A word is one of
 *   If, Store, Local0 ...   ASL's name of an operator or object: the table in aml.c
 *   _CRS, ^PCI0.ISA_, \\_SB a name: segments of up to four capitals, digits and '_'
 *   _                       no name: an operator's result is not stored
 *   0x1f, 12                an integer, in its shortest form
 *   'PNP0A06'               a string
 *   eisa:PNP0A06            the compressed number of an EISA ID
 *   uuid:33db4d5b-...       a UUID's buffer
 *   NAME:8, :8              a field of so many bits, or so many that are left out
 *   { }                     what belongs to the last If, Device, Package ...
 * What AML has as plain bytes is a word of its own: "Method _REG 2", serialized "2s";
 * "Package 4"; "Mutex LOCK 0"; "Acquire LOCK 0xffff"; "OperationRegion REGS SystemIO
 * 0x600 4"; "Field REGS DWordAcc". The text is ours, never the user's: what cannot be
 * understood is an assertion.
 */
#ifndef VIREO_DEVICE_AML_H
#define VIREO_DEVICE_AML_H

#include "device/device.h"

/* The text is made by printf's rules. */
void aml_code(Aml *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Begins a Scope, Device, Package ... ("Device COM%u"); what follows is in it. */
guint aml_begin(Aml *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
void aml_end(Aml *out, guint start);

/* Resource templates (ACPI 6.5, 6.4). All ranges are fixed, last addresses included. */
typedef struct AmlResources AmlResources;
typedef enum AmlTrigger { AML_EDGE_HIGH, AML_LEVEL_HIGH_SHARED } AmlTrigger;
AmlResources *aml_resources_new(void);
void aml_resource_io(AmlResources *r, guint16 port, guint8 ports);
/* An ISA interrupt, as the 8259 has it: edge, active high. */
void aml_resource_irq(AmlResources *r, unsigned irq);
/* One of these GSIs. */
void aml_resource_gsi(AmlResources *r, AmlTrigger trigger, const guint32 *gsis, guint8 n);
void aml_resource_memory(AmlResources *r, guint32 address, guint32 size);
/* What a bridge hands down. */
void aml_resource_buses(AmlResources *r, guint8 first, guint8 last);
void aml_resource_io_window(AmlResources *r, guint16 first, guint16 last);
void aml_resource_memory_window(AmlResources *r, guint64 first, guint64 last);
/* Name (NAME, ResourceTemplate () {...}); frees r. */
void aml_resources_end(AmlResources *r, Aml *out, const char *name);

/* What the device's class (or the one it is derived from) has to say about it. */
void device_add_aml(const Device *dev, Aml *scope);
/* Of all devices on the bus, in order. */
void bus_add_aml(const Bus *bus, Aml *scope);

#endif
