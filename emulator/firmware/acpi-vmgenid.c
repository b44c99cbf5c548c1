/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VM generation ID's table (hw/vmgenid.h; Microsoft's specification says what ADDR
 * returns): an SSDT, in which the page's address is put when it has one, and the page.
 */
#include "config.h"

#include <string.h>

#include "firmware/acpi-internal.h"
#include "hw/vmgenid.h"

#define NAME_AND_PREFIX 6 /* of the number that becomes the address */

static void add_page(AcpiTables *tables, const guint8 *id)
{
    AcpiBlob *page = &tables->blobs[ACPI_VMGENID];

    page->align = VMGENID_PAGE_SIZE;
    g_byte_array_set_size(page->bytes, VMGENID_PAGE_SIZE);
    memset(page->bytes->data, 0, VMGENID_PAGE_SIZE);
    memcpy(page->bytes->data + VMGENID_PAGE_GUID, id, VMGENID_SIZE);
}

/* Name (VGIA, the page's address), always of four bytes. */
static void add_address(AcpiTables *tables)
{
    AcpiFixup fixup = { ACPI_TABLES, ACPI_VMGENID, 4, 0 };

    acpi_put_bytes(tables, "\x08VGIA\x0c", NAME_AND_PREFIX);
    fixup.offset = tables->blobs[ACPI_TABLES].bytes->len;
    acpi_put(tables, 0, 4);
    g_array_append_val(tables->fixups, fixup);
}

/* No page, no device. */
static void add_device(AcpiTables *tables)
{
    g_autoptr(GByteArray) aml = g_byte_array_new();

    aml_code(aml,
             "Scope \\_SB_ { Device VGEN { Name _HID 'QEMUVGID'"
             " Name _CID 'VM_Gen_Counter' Name _DDN 'VM_Gen_Counter'"
             " Method _STA 0 { If LEqual VGIA 0 { Return 0 } Return 0x0f }"
             " Method ADDR 0 { Store Package 2 { 0 0 } Local0"
             " Store Add VGIA %u _ Index Local0 0 _ Return Local0 } } }"
             " Method \\_GPE._E%02X 0 { Notify \\_SB.VGEN 0x80 }",
             VMGENID_PAGE_GUID, VMGENID_GPE);
    acpi_put_bytes(tables, aml->data, aml->len);
}

guint32 acpi_add_vmgenid(AcpiTables *tables, const guint8 *id)
{
    guint32 start;

    add_page(tables, id);
    start = acpi_table_begin(tables, "SSDT", 1);
    add_address(tables);
    add_device(tables);
    acpi_table_end(tables, start);
    return start;
}
