/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of devices, for the files of xml/ and its tests. A new kind needs two files,
 * this one's with its fields (xml_kind_*) and libvirt-driver/command/'s with what is done
 * with it (command_kind_*), and a row in devices.def, from which come the enumerator, the
 * tables of kinds, the array in Domain and the list in <devices>. What its fields are
 * read into is a structure in device.h.
 */
#ifndef XML_INTERNAL_H
#define XML_INTERNAL_H

#include "xml/field.h"

typedef struct XmlKind {
    const char *name;  /* of the element */
    const char *label; /* how messages name one, before its key */
    XmlStruct type;
    size_t info;  /* offset of DomainDeviceInfo */
    size_t array; /* offset of the GPtrArray in Domain */
} XmlKind;

#define XML_KIND(structure, domain_array, rows)                                          \
    .type.size = sizeof(structure), .type.fields = (rows),                               \
    .type.count = G_N_ELEMENTS(rows), .info = offsetof(structure, info),                 \
    .array = offsetof(Domain, domain_array)

#define DEVICE(id, structure, name, ...) extern const XmlKind xml_kind_##name;
#define NONE                             DEVICE
#include "xml/devices.def"

extern const XmlKind *const xml_kinds[DOMAIN_DEVICE_COUNT];

/* Groups that kinds share. */
extern const XmlStruct xml_info;         /* alias, address, boot order */
extern const XmlStruct xml_nic_info;     /* and the option ROM */
extern const XmlStruct xml_plain_info;   /* alias and address */
extern const XmlStruct xml_medium;       /* of a DomainStorage: the path, if it has one */
extern const XmlStruct xml_storage;      /* and what is in and below <source> */
extern const XmlStruct xml_chardev_type; /* of a DomainChardev: what it is */
extern const XmlStruct xml_chardev;      /* and all else of it */
extern const XmlStruct xml_chardev_unnamed; /* where a UNIX socket may have no path */
extern const XmlStruct xml_os;              /* of a Domain: <os> */
extern const XmlStruct xml_cpu;             /* ... and <cpu> */
extern const XmlStruct xml_domain_type;

extern const XmlStruct xml_bandwidth; /* a DomainBandwidth */

/* Items of the domain's other lists. */
extern const XmlStruct xml_timer, xml_seclabel, xml_sysinfo, xml_boot_dev;

const char *xml_boot_name(DomainBoot boot);
void xml_os_finish(Domain *domain); /* puts lists in their order */
/* What rows cannot say of <cpu>: XML_ERROR. */
gboolean xml_cpu_finish(const xmlNode *root, Domain *domain, GError **errp);
/* Parts of xml_domain_check(). */
gboolean xml_cpu_check(const Domain *domain, GError **errp);
gboolean xml_os_check(const Domain *domain, GError **errp);
gboolean xml_sysinfo_check(const Domain *domain, GError **errp);
gboolean xml_balloon_check(const Domain *domain, GError **errp);
gboolean xml_vsock_check(const Domain *domain, GError **errp);
/* The UUID in SMBIOS is the domain's: it becomes that, if no other was given. */
gboolean xml_sysinfo_uuid(Domain *domain, gboolean given, GError **errp);

/* Rows that several kinds have. */
extern const char *const xml_none_names[];
extern const char *const xml_virtio_names[];
guint xml_virtio_guest(guint model);
#define XML_VIRTIO_MODEL(structure, ...)                                                 \
    XML_ENUM("@model", structure, model, xml_virtio_names, .guest = xml_virtio_guest,    \
             __VA_ARGS__)
#define XML_REFUSE(p)                                                                    \
    {                                                                                    \
        .path = (p), .type = XML_FIELD_REFUSED                                           \
    }
#define XML_REFUSE_BUT(p, harmless)                                                      \
    {                                                                                    \
        .path = (p), .type = XML_FIELD_REFUSED, .text = (harmless)                       \
    }
#define XML_GROUP(structure, member, group)                                              \
    {                                                                                    \
        .type = XML_FIELD_GROUP, .offset = offsetof(structure, member), .of = &(group)   \
    }
#define XML_INFO(structure, group) XML_GROUP(structure, info, group)
#define XML_NONE(p, structure)     XML_ENUM(p, structure, none, xml_none_names, .text = "*")
#define XML_VIRTIO_DRIVER(p)                                                             \
    XML_REFUSE_BUT(p "@iommu", "off"), XML_REFUSE_BUT(p "@ats", "off"),                  \
        XML_REFUSE_BUT(p "@packed", "off"), XML_REFUSE_BUT(p "@page_per_vq", "off")
/* storage.c: the attribute of <source> that has the path. */
const char *xml_source_attr(const DomainStorage *source);

#endif
