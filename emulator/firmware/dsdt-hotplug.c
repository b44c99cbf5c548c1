/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI hot-plug by ACPI (QEMU's docs/specs/acpi_pci_hotplug): a general purpose event
 * tells that something happened; its method asks each bus, by its number BSEL, which
 * slots something was plugged into (PCIU) and which the guest is asked to let go of
 * (PCID), and notifies their devices. _EJ0 lets go of a slot.
 *
 * Behind a root port there is one slot, 0, and its device stands for all its functions.
 * _SUN is the slot's number on its bus, as with QEMU, not one in the whole machine: names
 * of network interfaces are made of it. So they are of an acpi-index, which _DSM tells
 * (PCI Firmware Specification 3.3, 4.6.7): of what is plugged by a register (PIDX), of
 * what cannot be plugged by a constant.
 */
#include "config.h"

#include "firmware/dsdt-internal.h"
#include "pci/acpi-hotplug.h"

/* The fields below. */
G_STATIC_ASSERT(ACPI_HOTPLUG_UP == 0 && ACPI_HOTPLUG_DOWN == 4);
G_STATIC_ASSERT(ACPI_HOTPLUG_EJECT == 8 && ACPI_HOTPLUG_SELECT == 0x10);
G_STATIC_ASSERT(ACPI_HOTPLUG_INDEX == 0x14);
G_STATIC_ASSERT(ACPI_HOTPLUG_OST_SLOT == 0 && ACPI_HOTPLUG_OST_EVENT == 4);
G_STATIC_ASSERT(ACPI_HOTPLUG_OST_STATUS == 8);

#define NOTIFY_DEVICE_CHECK  1
#define NOTIFY_EJECT_REQUEST 3

#define DSM_NAME 7

static unsigned address(guint8 devfn)
{
    return (devfn >> 3) << 16 | (devfn & 7);
}

/* One bus is selected at a time: whoever does holds BLCK. */
static void add_registers(Aml *scope, const AcpiQ35 *q)
{
    aml_code(scope,
             "OperationRegion PCST SystemIO %u %u"
             " Field PCST DWordAccZeros { PCIU:32 PCID:32 B0EJ:32 :32 BNUM:32 PIDX:32 }"
             " Mutex BLCK 0"
             " Method PCEJ 2 { Acquire BLCK 0xffff Store Arg0 BNUM"
             " Store ShiftLeft 1 Arg1 _ B0EJ Release BLCK }"
             " Method AIDX 2 { Acquire BLCK 0xffff Store Arg0 BNUM"
             " Store ShiftLeft 1 Arg1 _ PIDX Store PIDX Local0 Release BLCK"
             " Return Local0 }",
             q->hotplug_base, ACPI_HOTPLUG_SIZE);
    if (q->hotplug_ost_base) {
        aml_code(scope,
                 "OperationRegion OSTR SystemIO %u %u"
                 " Field OSTR DWordAccZeros { OSTN:32 OSTE:32 OSTS:32 }"
                 " Method POST 4 { Acquire BLCK 0xffff Store Arg0 BNUM"
                 " Store Arg1 OSTN Store Arg2 OSTE Store Arg3 OSTS Release BLCK }",
                 q->hotplug_ost_base, ACPI_HOTPLUG_OST_SIZE);
    }
}

/*
 * _DSM's first three arguments, and an acpi-index (0: none). Functions: 0, which others
 * there are, in bits; 7, the index and a name, of which there is none.
 */
static void add_labels(Aml *scope)
{
    aml_code(scope,
             "Method PDSM 4 { Store Buffer 1 { } Local0"
             " If LAnd LEqual Arg0 uuid:e5c937d0-3553-4d7a-9117-ea4d19c3434d"
             " LAnd LGreater Arg1 1 Arg3 {"
             " If LEqual Arg2 0 { Store %u Index Local0 0 _ }"
             " If LEqual Arg2 %u { Store Package 2 { 0 '' } Local0"
             " Store Arg3 Index Local0 0 _ } }"
             " Return Local0 }",
             1 | 1 << DSM_NAME, DSM_NAME);
}

static void add_indexed(Aml *scope, const AcpiIndexed *f)
{
    aml_code(scope,
             "Device S%02X_ { Name _ADR %u"
             " Method _DSM 4 { Return PDSM Arg0 Arg1 Arg2 %u } }",
             f->devfn, address(f->devfn), f->index);
}

static void add_port(Aml *scope, const AcpiQ35 *q, const AcpiHotplugPort *port)
{
    unsigned bsel = port->bsel;
    guint start = aml_begin(scope, "Device S%02X_", port->devfn);
    aml_code(scope, "Name _ADR %u", address(port->devfn));
    guint device = aml_begin(scope, "Device S00_");
    aml_code(scope,
             "Name _ADR 0 Name _SUN 0 Method _EJ0 1 { PCEJ %u _SUN }"
             " Method _DSM 4 { Return PDSM Arg0 Arg1 Arg2 AIDX %u _SUN }",
             bsel, bsel);
    if (q->hotplug_ost_base) {
        aml_code(scope, "Method _OST 3 { POST %u _SUN Arg0 Arg1 }", bsel);
    }
    aml_end(scope, device);
    aml_code(scope,
             "Method PCNT 0 { Store %u BNUM If And PCIU 1 _ { Notify S00_ %u }"
             " If And PCID 1 _ { Notify S00_ %u } }",
             bsel, NOTIFY_DEVICE_CHECK, NOTIFY_EJECT_REQUEST);
    aml_end(scope, start);
}

void dsdt_add_functions(Aml *scope, const AcpiQ35 *q)
{
    if (q->n_ports || q->n_indexed) {
        add_labels(scope);
    }
    for (unsigned i = 0; i < q->n_indexed; i++) {
        add_indexed(scope, &q->indexed[i]);
    }
    if (q->n_ports) {
        add_registers(scope, q);
    }
    for (unsigned i = 0; i < q->n_ports; i++) {
        add_port(scope, q, &q->ports[i]);
    }
}

void dsdt_add_hotplug_ports(AmlResources *r, const AcpiQ35 *q)
{
    if (q->n_ports) {
        aml_resource_io(r, q->hotplug_base, ACPI_HOTPLUG_SIZE);
    }
    if (q->n_ports && q->hotplug_ost_base) {
        aml_resource_io(r, q->hotplug_ost_base, ACPI_HOTPLUG_OST_SIZE);
    }
}

void dsdt_add_hotplug_event(Aml *out, const AcpiQ35 *q)
{
    if (!q->n_ports) {
        return;
    }
    guint scope = aml_begin(out, "Scope \\_GPE");
    guint method = aml_begin(out, "Method _E%02X 0", q->hotplug_gpe);
    aml_code(out, "Acquire \\_SB.PCI0.BLCK 0xffff");
    for (unsigned i = 0; i < q->n_ports; i++) {
        aml_code(out, "\\_SB.PCI0.S%02X_.PCNT", q->ports[i].devfn);
    }
    aml_code(out, "Release \\_SB.PCI0.BLCK");
    aml_end(out, method);
    aml_end(out, scope);
}
