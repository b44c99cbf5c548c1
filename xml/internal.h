/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of xml/ share with each other only. */
#ifndef XML_INTERNAL_H
#define XML_INTERNAL_H

#include "xml/domain.h"
#include "xml/node.h"

/*
 * Goes through @root (a <domain>, or a device when @base is "devices") and
 * refuses what libvirt knows and we cannot honour. CONFIG_UNSUPPORTED.
 */
gboolean xml_support_check(const xmlNode *root, const char *base, GError **errp);

/*
 * Sets CONFIG_UNSUPPORTED for @node, an element at @path below <domain>, with its
 * attributes and its text as they were written, each cut to a sane length. FALSE.
 */
gboolean xml_support_refuse(const xmlNode *node, const char *path, GError **errp);

/* How the table of support.c sees a path, for the tests. */
typedef enum {
    XML_SUPPORT_UNKNOWN,
    XML_SUPPORT_HANDLED,
    XML_SUPPORT_REFUSED,
} XmlSupport;
XmlSupport xml_support_class(const char *path, const char *value);

/* An empty Domain with its arrays. */
Domain *xml_domain_new(void);
gpointer xml_device_new(DomainDeviceType type);
GPtrArray *xml_domain_devices(const Domain *domain, DomainDeviceType type);

/* parse-device.c: @node is the element of the device; returns a new one. */
DomainDevice *xml_device_parse_node(const xmlNode *node, DomainDeviceType type,
                                    XmlParseFlags flags, GError **errp);
gboolean xml_device_check_iothread(const Domain *domain, const DomainDevice *device,
                                   GError **errp);

/* parse-devices.c: @root is the <domain>. */
gboolean xml_devices_parse(const xmlNode *root, Domain *domain, XmlParseFlags flags,
                           GError **errp);

/* A buffer that escapes and indents. */
typedef struct XmlWriter {
    GString *text;
    guint depth;
    XmlFormatFlags flags;
} XmlWriter;

/* "<name"; attributes may follow, then one of the ends. */
void xml_write_begin(XmlWriter *w, const char *name);
/* " name='value'"; nothing when @value is NULL or "". */
void xml_write_attr(XmlWriter *w, const char *name, const char *value);
void xml_write_attr_uint(XmlWriter *w, const char *name, guint64 value);
void xml_write_end_empty(XmlWriter *w);                 /* "/>" */
void xml_write_end_text(XmlWriter *w, const char *name, /* ">text</name>" */
                        const char *text);
void xml_write_end_open(XmlWriter *w); /* ">"; what follows is one level deeper */
void xml_write_close(XmlWriter *w, const char *name);
/* Whole elements. The text form writes nothing when @text is NULL. */
void xml_write_empty(XmlWriter *w, const char *name);
void xml_write_text(XmlWriter *w, const char *name, const char *text);
/* Markup as it is. */
void xml_write_verbatim(XmlWriter *w, const char *text);

/* format-device.c */
void xml_device_write(XmlWriter *w, const DomainDevice *device);
void xml_console_write(XmlWriter *w, const DomainSerial *serial);

#endif
