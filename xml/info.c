/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every device has: alias, address, place in the boot order. */
#include <string.h>

#include "xml/internal.h"

#define ALIAS_MAX         64
#define USER_ALIAS_PREFIX "ua-"

const char *const xml_address_names[] = { "",    "pci", "drive",       "virtio-serial",
                                          "usb", "isa", "virtio-mmio", "dimm",
                                          NULL };

#define NUMBER(path_, m, kind, limit, digits, more)                                      \
    {                                                                                    \
        .path = "address@" path_, .type = XML_FIELD_UINT, .max = (limit),                \
        .width = (digits), .offset = offsetof(DomainAddress, m),                         \
        .flags = XML_AGAIN | XML_ABI | (more), .what = kind##_WHAT path_,                \
        XML_WHEN(DomainAddress, type, XML_BIT(DOMAIN_ADDRESS_##kind))                    \
    }
#define PCI_FLAGS          (XML_HEX | XML_ALWAYS | XML_DETAIL)
#define PCI_WHAT           "PCI address "
#define DRIVE_WHAT         "drive address "
#define VIRTIO_SERIAL_WHAT "virtio-serial address "
#define USB_WHAT           "USB address "
#define ISA_WHAT           "ISA address "
#define DIMM_WHAT          "DIMM address "

static const char *check_usb_port(const char *text)
{
    return *text && strlen(text) < 16 && text[strspn(text, "0123456789.")] == '\0'
               ? NULL
               : "not the number of a USB port";
}

static const XmlField address_rows[] = {
    XML_ENUM("address@type", DomainAddress, type, xml_address_names,
             .text = "ccid|spapr-vio|virtio-s390|ccw|unassigned"),
    NUMBER("domain", pci.domain, PCI, 0xffff, 4, PCI_FLAGS),
    NUMBER("bus", pci.bus, PCI, 0xff, 2, PCI_FLAGS),
    NUMBER("slot", pci.slot, PCI, 0x1f, 2, PCI_FLAGS),
    NUMBER("function", pci.function, PCI, 7, 1, PCI_FLAGS),
    XML_ENUM("address@multifunction", DomainAddress, pci.multifunction, xml_on_off_names,
             .flags = XML_AGAIN,
             XML_WHEN(DomainAddress, type, XML_BIT(DOMAIN_ADDRESS_PCI))),
    NUMBER("controller", drive.controller, DRIVE, 0, 0, XML_ALWAYS),
    NUMBER("bus", drive.bus, DRIVE, 0, 0, XML_ALWAYS),
    NUMBER("target", drive.target, DRIVE, 0, 0, XML_ALWAYS),
    NUMBER("unit", drive.unit, DRIVE, 0, 0, XML_ALWAYS),
    NUMBER("controller", serial.controller, VIRTIO_SERIAL, 0, 0, XML_ALWAYS),
    NUMBER("bus", serial.bus, VIRTIO_SERIAL, 0, 0, XML_ALWAYS),
    NUMBER("port", serial.port, VIRTIO_SERIAL, 0, 0, XML_ALWAYS),
    NUMBER("bus", usb.bus, USB, 0, 0, XML_ALWAYS | XML_DETAIL),
    XML_STRING("address@port", DomainAddress, usb_port, .flags = XML_ABI | XML_DETAIL,
               .what = "USB port", .check = check_usb_port,
               XML_WHEN(DomainAddress, type, XML_BIT(DOMAIN_ADDRESS_USB))),
    NUMBER("iobase", isa.iobase, ISA, 0xffff, 0, XML_HEX),
    NUMBER("irq", isa.irq, ISA, 0xff, 0, XML_HEX),
    /* Not libvirt's: it is not in what clients see. */
    XML_UINT("address@slot", DomainAddress, slot, .max = 4095,
             .fallback = DOMAIN_SLOT_NONE, .flags = XML_STORED | XML_UNIQUE,
             .what = "virtio-mmio slot",
             XML_WHEN(DomainAddress, type, XML_BIT(DOMAIN_ADDRESS_VIRTIO_MMIO))),
    NUMBER("slot", dimm.slot, DIMM, 0, 0, XML_ALWAYS),
    XML_UINT64("address@base", DomainAddress, dimm.base,
               .flags = XML_AGAIN | XML_HEX | XML_ABI, .what = "DIMM address base",
               XML_WHEN(DomainAddress, type, XML_BIT(DOMAIN_ADDRESS_DIMM))),
};

static const XmlStruct address = { XML_ROWS(address_rows) };

static const char *check_alias(const char *text)
{
    return *text && strlen(text) <= ALIAS_MAX && xml_plain_text(text, "-_.")
               ? NULL
               : "letters, digits, '-', '_' and '.' only";
}

static gboolean is_users(gconstpointer base, gconstpointer value)
{
    return g_str_has_prefix(value, USER_ALIAS_PREFIX);
}

#define ALIAS                                                                            \
    {                                                                                    \
        .path = "alias@name", .type = XML_FIELD_STRING,                                  \
        .offset = offsetof(DomainDeviceInfo, alias),                                     \
        .flags = XML_ABI | XML_DETAIL | XML_UNIQUE, .what = "alias",                     \
        .check = check_alias, .keeps = is_users                                          \
    }
#define ADDRESS                                                                          \
    {                                                                                    \
        .type = XML_FIELD_GROUP, .offset = offsetof(DomainDeviceInfo, address),          \
        .of = &address                                                                   \
    }

#define ORDER                                                                            \
    XML_UINT("boot@order", DomainDeviceInfo, boot_order, .min = 1, .flags = XML_UNIQUE,  \
             .what = "boot order"),                                                      \
        XML_REFUSE("boot@loadparm")

static const XmlField info_rows[] = {
    ORDER, ALIAS, ADDRESS, XML_REFUSE("rom"), XML_REFUSE("acpi"),
};

static const XmlField nic_info_rows[] = {
    ORDER,
    ALIAS,
    XML_ENUM("rom@enabled", DomainDeviceInfo, rom_enabled, xml_yes_no_names,
             .flags = XML_ABI, .what = "ROM enabled"),
    XML_ENUM("rom@bar", DomainDeviceInfo, rom_bar, xml_on_off_names, .flags = XML_ABI,
             .what = "ROM bar"),
    XML_STRING("rom@file", DomainDeviceInfo, rom_file, .check = xml_check_path),
    ADDRESS,
    XML_REFUSE("acpi"),
};

static const XmlField plain_info_rows[] = { ALIAS, ADDRESS, XML_REFUSE("acpi") };

const XmlStruct xml_info = { XML_ROWS(info_rows) };
const XmlStruct xml_nic_info = { XML_ROWS(nic_info_rows) };
const XmlStruct xml_plain_info = { XML_ROWS(plain_info_rows) };
