/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A q35's DSDT: the root bus with its windows, interrupts and ISA bridge, HPET,
 * processors, sleep states. Hot-plug: dsdt-hotplug.c.
 *
 * A slot's interrupt goes by a PIRQ to the I/O APIC's pin 16 and on, wired, or where a
 * guest uses the 8259s, to an interrupt of ISA's that it chooses: a link device for each
 * PIRQ. Those are there only for such a guest, which then has not called _PIC (1); others
 * need not look at them while they start.
 */
#include "config.h"

#include "firmware/dsdt-internal.h"
#include "hw/ich9-pm.h"

#define PIRQS      8
#define PIRQ_GSI   16 /* PIRQA's */
#define PINS       4
#define SLOTS      32
#define HPET_BYTES 0x400
#define PM_BYTES   0x80

#define CONFIG_ADDRESS 0xcf8 /* and 8 ports, which are the host bridge's own */
#define CONFIG_PORTS   8

/* _OSC's third dword */
#define OSC_EXPRESS_HOTPLUG    0x01
#define OSC_EXPRESS_CAPABILITY 0x10

static void add_sleep_states(Aml *out, const AcpiQ35 *q)
{
    if (q->s3) {
        aml_code(out, "Name \\_S3_ Package 4 { %u %u 0 0 }", ICH9_PM_SLP_S3,
                 ICH9_PM_SLP_S3);
    }
    if (q->s4) {
        aml_code(out, "Name \\_S4_ Package 4 { %u %u 0 0 }", q->s4_type, q->s4_type);
    }
    aml_code(out, "Name \\_S5_ Package 4 { %u %u 0 0 }", ICH9_PM_SLP_S5, ICH9_PM_SLP_S5);
}

/*
 * PCI Firmware Specification 3.3, 4.5. Of what a guest asks for it gets the Express
 * capability, and hot-plug where that is not ACPI's; of AER and PME nothing would be
 * heard.
 */
static void add_osc(Aml *scope, const AcpiQ35 *q)
{
    aml_code(scope,
             "Method _OSC 4s { CreateDWordField Arg3 0 CDW1"
             " If LEqual Arg0 uuid:33db4d5b-1ff7-401c-9657-7441c03dd766 {"
             " CreateDWordField Arg3 8 CDW3"
             " And CDW3 %u Local0"
             " If LNot LEqual Arg1 1 { Or CDW1 0x08 CDW1 }"      /* unknown revision */
             " If LNot LEqual CDW3 Local0 { Or CDW1 0x10 CDW1 }" /* not all of it */
             " Store Local0 CDW3 }"
             " Else { Or CDW1 0x04 CDW1 }" /* unknown UUID */
             " Return Arg3 }",
             OSC_EXPRESS_CAPABILITY | (q->native_hotplug ? OSC_EXPRESS_HOTPLUG : 0));
}

static void add_windows(Aml *scope, const AcpiQ35 *q)
{
    AmlResources *r = aml_resources_new();
    aml_resource_buses(r, 0, q->ecam.buses ? q->ecam.buses - 1 : 255);
    aml_resource_io(r, CONFIG_ADDRESS, CONFIG_PORTS);
    aml_resource_io_window(r, 0, CONFIG_ADDRESS - 1);
    aml_resource_io_window(r, CONFIG_ADDRESS + CONFIG_PORTS, 0xffff);
    aml_resource_memory_window(r, 0xa0000, 0xbffff); /* VGA */
    for (unsigned i = 0; i < ACPI_Q35_HOLES; i++) {
        if (q->holes[i].last) {
            aml_resource_memory_window(r, q->holes[i].first, q->holes[i].last);
        }
    }
    if (q->high.last) {
        aml_resource_memory_window(r, q->high.first, q->high.last);
    }
    aml_resources_end(r, scope, "_CRS");
}

/* All pins of the slots that are taken; what is behind a bridge follows from it. */
static void add_routes(Aml *scope, const AcpiQ35 *q, gboolean apic)
{
    unsigned n = PINS * __builtin_popcount(q->slots);
    guint start = aml_begin(scope, "Name %s Package %u", apic ? "PRTA" : "PRTP", n);
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        for (unsigned pin = 0; q->slots >> slot & 1 && pin < PINS; pin++) {
            unsigned pirq = q->pirq(slot, pin), address = slot << 16 | 0xffff;
            if (apic) {
                aml_code(scope, "Package 4 { %u %u 0 %u }", address, pin,
                         PIRQ_GSI + pirq);
            } else {
                aml_code(scope, "Package 4 { %u %u LNK%c 0 }", address, pin, 'A' + pirq);
            }
        }
    }
    aml_end(scope, start);
}

/* PIRQRC of the bridge (Intel's ICH9 data sheet, 13.1.10), and what is on its bus. */
static void add_isa_bridge(Aml *scope, const AcpiQ35 *q)
{
    guint start = aml_begin(scope, "Device ISA_");
    aml_code(scope, "Name _ADR 0x001f0000 OperationRegion PIRQ PCI_Config 0x60 0x0c"
                    " Field PIRQ ByteAcc { PRQA:8 PRQB:8 PRQC:8 PRQD:8 :32"
                    " PRQE:8 PRQF:8 PRQG:8 PRQH:8 }");
    if (q->isa) {
        bus_add_aml(q->isa, scope);
    }
    aml_end(scope, start);
}

/* Present and working, but nothing to be shown to a user. */
static void add_fw_cfg(Aml *scope, const AcpiQ35 *q)
{
    AmlResources *r = aml_resources_new();
    guint start = aml_begin(scope, "Device FWCF");
    aml_code(scope, "Name _HID 'QEMU0002' Name _STA 0x0b");
    aml_resource_io(r, q->fw_cfg_base, q->fw_cfg_ports);
    aml_resources_end(r, scope, "_CRS");
    aml_end(scope, start);
}

static void add_pci(Aml *scope, const AcpiQ35 *q)
{
    guint start = aml_begin(scope, "Device PCI0");
    aml_code(scope, "Name _HID eisa:PNP0A08 Name _CID eisa:PNP0A03 Name _UID 0");
    add_osc(scope, q);
    add_windows(scope, q);
    add_routes(scope, q, FALSE);
    add_routes(scope, q, TRUE);
    aml_code(scope, "Method _PRT 0 { If PICF { Return PRTA } Return PRTP }");
    add_isa_bridge(scope, q);
    if (q->fw_cfg_base) {
        add_fw_cfg(scope, q);
    }
    dsdt_add_functions(scope, q);
    aml_end(scope, start);
}

/* The interrupts that a PIRQ may take, and the one that it has: one descriptor each. */
static void add_link(Aml *scope, unsigned pirq)
{
    static const guint32 possible[] = { 5, 10, 11 };
    AmlResources *r = aml_resources_new();
    char letter = 'A' + pirq;
    guint start = aml_begin(scope, "Device LNK%c", letter);
    aml_code(scope, "Name _HID eisa:PNP0C0F Name _UID %u", pirq);
    aml_resource_gsi(r, AML_LEVEL_HIGH_SHARED, possible, G_N_ELEMENTS(possible));
    aml_resources_end(r, scope, "_PRS");
    aml_code(scope,
             "Method _STA 0 { If PICF { Return 0 }"
             " If And \\_SB.PCI0.ISA_.PRQ%c 0x80 _ { Return 0x09 } Return 0x0b }"
             " Method _DIS 0 { Or \\_SB.PCI0.ISA_.PRQ%c 0x80 \\_SB.PCI0.ISA_.PRQ%c }"
             " Method _CRS 0 { Return IQCR \\_SB.PCI0.ISA_.PRQ%c }"
             " Method _SRS 1s { CreateDWordField Arg0 5 IRQW"
             " Store IRQW \\_SB.PCI0.ISA_.PRQ%c }",
             letter, letter, letter, letter, letter);
    aml_end(scope, start);
}

static void add_links(Aml *scope)
{
    AmlResources *r = aml_resources_new();
    guint start = aml_begin(scope, "Method IQCR 1s");
    aml_resource_gsi(r, AML_LEVEL_HIGH_SHARED, (guint32[]){ 0 }, 1);
    aml_resources_end(r, scope, "PRR0");
    aml_code(scope, "CreateDWordField PRR0 5 PRRI"
                    " If LLess Arg0 0x80 { Store Arg0 PRRI } Return PRR0");
    aml_end(scope, start);
    for (unsigned i = 0; i < PIRQS; i++) {
        add_link(scope, i);
    }
}

static void add_hpet(Aml *scope, guint32 base)
{
    AmlResources *r = aml_resources_new();
    guint start = aml_begin(scope, "Device HPET");
    aml_code(scope, "Name _HID eisa:PNP0103 Name _UID 0");
    aml_resource_memory(r, base, HPET_BYTES);
    aml_resources_end(r, scope, "_CRS");
    aml_end(scope, start);
}

/* What is taken, and is no device's: guests believe in an ECAM that is in here. */
static void add_motherboard(Aml *scope, const AcpiQ35 *q)
{
    AmlResources *r = aml_resources_new();
    guint64 ecam_bytes = (guint64)q->ecam.buses << 20;
    guint start = aml_begin(scope, "Device MRES");
    aml_code(scope, "Name _HID eisa:PNP0C02 Name _UID 0");
    aml_resource_io(r, q->pm_base, PM_BYTES);
    dsdt_add_hotplug_ports(r, q);
    if (q->cpu_hotplug_base) {
        aml_resource_io(r, q->cpu_hotplug_base, q->cpu_hotplug_ports);
    }
    if (ecam_bytes && q->ecam.base + ecam_bytes <= G_MAXUINT32) {
        aml_resource_memory(r, q->ecam.base, ecam_bytes);
    }
    aml_resources_end(r, scope, "_CRS");
    aml_end(scope, start);
}

Aml *acpi_q35_dsdt(const AcpiQ35 *q)
{
    Aml *dsdt = g_byte_array_new();
    add_sleep_states(dsdt, q);
    aml_code(dsdt, "Name \\PICF 0 Method \\_PIC 1 { Store Arg0 PICF }");
    guint scope = aml_begin(dsdt, "Scope \\_SB_");
    add_pci(dsdt, q);
    add_links(dsdt);
    add_motherboard(dsdt, q);
    if (q->hpet.base) {
        add_hpet(dsdt, q->hpet.base);
    }
    dsdt_add_cpus(dsdt, q->cpus);
    aml_end(dsdt, scope);
    dsdt_add_hotplug_event(dsdt, q);
    return dsdt;
}
