/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI hot-plug by ACPI (QEMU's docs/specs/acpi_pci_hotplug): a general purpose event
 * tells that something happened; its method asks each bus, by its number BSEL, which
 * slots something was plugged into (PCIU) and which the guest is asked to let go of
 * (PCID), and notifies their devices. _EJ0 lets go of a slot.
 *
 * A slot's device stands for all its functions; behind an Express port there is one slot,
 * 0. Bridges stand in each other, as they do on their buses.
 *
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

static void add_indexed(Aml *scope, const AcpiQ35 *q, unsigned parent)
{
    for (unsigned i = 0; i < q->n_indexed; i++) {
        const AcpiIndexed *f = &q->indexed[i];
        if (f->parent == parent) {
            aml_code(scope,
                     "Device S%02X_ { Name _ADR %u"
                     " Method _DSM 4 { Return PDSM Arg0 Arg1 Arg2 %u } }",
                     f->devfn, address(f->devfn), f->index);
        }
    }
}

static void add_slot(Aml *scope, const AcpiQ35 *q, unsigned bsel, unsigned slot)
{
    guint device = aml_begin(scope, "Device S%02X_", slot << 3);
    aml_code(scope,
             "Name _ADR %u Name _SUN %u Method _EJ0 1 { PCEJ %u _SUN }"
             " Method _DSM 4 { Return PDSM Arg0 Arg1 Arg2 AIDX %u _SUN }",
             address((guint8)(slot << 3)), slot, bsel, bsel);
    if (q->hotplug_ost_base) {
        aml_code(scope, "Method _OST 3 { POST %u _SUN Arg0 Arg1 }", bsel);
    }
    aml_end(scope, device);
}

/* What is up is told once: a read clears it. */
static void add_slots(Aml *scope, const AcpiQ35 *q, const AcpiBridge *b)
{
    for (guint32 left = b->slots; left; left &= left - 1) {
        add_slot(scope, q, b->bsel, (unsigned)__builtin_ctz(left));
    }
    guint method = aml_begin(scope, "Method PCNT 0");
    aml_code(scope, "Store %u BNUM Store PCIU Local0 Store PCID Local1", b->bsel);
    for (guint32 left = b->slots; left; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctz(left);
        aml_code(scope,
                 "If And Local0 %u _ { Notify S%02X_ %u }"
                 " If And Local1 %u _ { Notify S%02X_ %u }",
                 1u << slot, slot << 3, NOTIFY_DEVICE_CHECK, 1u << slot, slot << 3,
                 NOTIFY_EJECT_REQUEST);
    }
    aml_end(scope, method);
}

static void add_bridges(Aml *scope, const AcpiQ35 *q, unsigned parent)
{
    for (unsigned i = 0; i < q->n_bridges; i++) {
        const AcpiBridge *b = &q->bridges[i];
        if (b->parent == parent) {
            guint start = aml_begin(scope, "Device S%02X_", b->devfn);
            aml_code(scope, "Name _ADR %u", address(b->devfn));
            if (b->slots) {
                add_slots(scope, q, b);
            }
            add_indexed(scope, q, i + 1);
            add_bridges(scope, q, i + 1);
            aml_end(scope, start);
        }
    }
}

static gboolean has_slots(const AcpiQ35 *q)
{
    guint32 slots = 0;
    for (unsigned i = 0; i < q->n_bridges; i++) {
        slots |= q->bridges[i].slots;
    }
    return slots != 0;
}

void dsdt_add_functions(Aml *scope, const AcpiQ35 *q)
{
    if (q->n_bridges || q->n_indexed) {
        add_labels(scope);
    }
    add_indexed(scope, q, 0);
    if (has_slots(q)) {
        add_registers(scope, q);
    }
    add_bridges(scope, q, 0);
}

void dsdt_add_hotplug_ports(AmlResources *r, const AcpiQ35 *q)
{
    if (has_slots(q)) {
        aml_resource_io(r, q->hotplug_base, ACPI_HOTPLUG_SIZE);
    }
    if (has_slots(q) && q->hotplug_ost_base) {
        aml_resource_io(r, q->hotplug_ost_base, ACPI_HOTPLUG_OST_SIZE);
    }
}

/* path: of what the bridges stand in. */
static void add_calls(Aml *out, const AcpiQ35 *q, unsigned parent, const char *path)
{
    for (unsigned i = 0; i < q->n_bridges; i++) {
        const AcpiBridge *b = &q->bridges[i];
        if (b->parent == parent) {
            g_autofree char *name = g_strdup_printf("%s.S%02X_", path, b->devfn);
            if (b->slots) {
                aml_code(out, "%s.PCNT", name);
            }
            add_calls(out, q, i + 1, name);
        }
    }
}

void dsdt_add_hotplug_event(Aml *out, const AcpiQ35 *q)
{
    if (!has_slots(q)) {
        return;
    }
    guint scope = aml_begin(out, "Scope \\_GPE");
    guint method = aml_begin(out, "Method _E%02X 0", q->hotplug_gpe);
    aml_code(out, "Acquire \\_SB.PCI0.BLCK 0xffff");
    add_calls(out, q, 0, "\\_SB.PCI0");
    aml_code(out, "Release \\_SB.PCI0.BLCK");
    aml_end(out, method);
    aml_end(out, scope);
}
