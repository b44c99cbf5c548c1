/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A q35's ACPI tables: the ICH9's fixed hardware. */
#include "config.h"

#include "firmware/acpi-q35.h"
#include "hw/ich9-pm.h"

#define RESET_PORT     0xcf9
#define RESET_VALUE    0x0f /* all that there is, by a full reset */
#define FLAT_APIC_CPUS 8    /* that logical destinations reach without clusters */

static AcpiRegister pm_register(const AcpiQ35 *q, guint16 offset, guint8 bits)
{
    return (AcpiRegister){ ACPI_IO, bits, q->pm_base + offset };
}

static guint32 fadt_flags(const AcpiQ35 *q)
{
    return ACPI_FADT_WBINVD | ACPI_FADT_PROC_C1 | ACPI_FADT_SLEEP_BUTTON |
           ACPI_FADT_RESET_REGISTER | ACPI_FADT_PLATFORM_CLOCK |
           (q->s3 ? 0 : ACPI_FADT_NO_FIXED_RTC) |
           (q->cpus > FLAT_APIC_CPUS ? ACPI_FADT_APIC_CLUSTER : 0);
}

static guint16 boot_flags(const AcpiQ35 *q)
{
    return ACPI_BOOT_LEGACY_DEVICES | (q->i8042 ? ACPI_BOOT_8042 : 0) |
           (q->vga ? 0 : ACPI_BOOT_NO_VGA) | (q->century ? 0 : ACPI_BOOT_NO_CMOS_RTC);
}

static AcpiFadt fadt(const AcpiQ35 *q)
{
    return (AcpiFadt){
        .flags = fadt_flags(q),
        .boot_flags = boot_flags(q),
        .century = q->century,
        .reset = { ACPI_IO, 8, RESET_PORT },
        .reset_value = RESET_VALUE,
        .sci = q->sci,
        .smi_command = ICH9_APM_CNT,
        .acpi_enable = ICH9_APM_ACPI_ENABLE,
        .acpi_disable = ICH9_APM_ACPI_DISABLE,
        .pm1_event = pm_register(q, ICH9_PM1_STS, 32),
        .pm1_control = pm_register(q, ICH9_PM1_CNT, 16),
        .pm_timer = pm_register(q, ICH9_PM1_TMR, 32),
        .gpe0 = pm_register(q, ICH9_PM_GPE0_STS, 8 * ICH9_PM_GPE0_LEN),
    };
}

AcpiTables *acpi_build_q35(const AcpiQ35 *q)
{
    g_autoptr(GByteArray) dsdt = acpi_q35_dsdt(q);
    AcpiBoard board = {
        .fadt = fadt(q),
        .madt = { .cpus = q->cpus,
                  .apic_id = q->apic_id,
                  .lapic_base = q->lapic_base,
                  .ioapic_base = q->ioapic_base,
                  .pc = TRUE,
                  .sci = q->sci },
        .ecam = q->ecam,
        .hpet = q->hpet,
        .timer_good = TRUE,
        .vm_generation_id = q->vm_generation_id,
        .dsdt = dsdt,
    };
    return acpi_build(&board);
}
