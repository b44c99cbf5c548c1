/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk's source and the images below it: <source>, <slices>, <backingStore>. */
#include <string.h>

#include "xml/internal.h"

#define SOURCE(attr, kind, more)                                                         \
    {                                                                                    \
        .path = "source@" attr, .type = XML_FIELD_STRING,                                \
        .offset = offsetof(DomainStorage, path),                                         \
        .flags = (more) | (kind == DOMAIN_STORAGE_FILE ? 0 : XML_AGAIN),                 \
        .check = xml_check_path, XML_WHEN(DomainStorage, type, XML_BIT(kind))            \
    }
#define STORAGE_TYPES "dir|network|volume|nvme|vhostuser|vhostvdpa"

const char *const xml_disk_format_names[] = { "", "raw", NULL };

static const XmlField slice_rows[] = {
    XML_CONST("@type", "storage"),
    XML_UINT64("@offset", DomainSlice, offset, .flags = XML_REQUIRED | XML_ALWAYS),
    XML_UINT64("@size", DomainSlice, size, .min = 1, .flags = XML_REQUIRED | XML_ALWAYS),
};

static const XmlStruct slice = { .size = sizeof(DomainSlice), XML_ROWS(slice_rows) };
static const XmlStruct backing;

static gboolean is_given(gconstpointer base, gconstpointer value)
{
    return !((const DomainStorage *)value)->detected;
}

static const XmlField image_rows[] = {
    SOURCE("file", DOMAIN_STORAGE_FILE, XML_REQUIRED),
    SOURCE("dev", DOMAIN_STORAGE_BLOCK, XML_REQUIRED),
};

static const XmlStruct image = { XML_ROWS(image_rows) };

/* Of a drive that may have none. */
static const XmlField medium_rows[] = {
    SOURCE("file", DOMAIN_STORAGE_FILE, 0),
    SOURCE("dev", DOMAIN_STORAGE_BLOCK, 0),
};

const XmlStruct xml_medium = { XML_ROWS(medium_rows) };

static const XmlField storage_rows[] = {
    XML_REFUSE_BUT("source@startupPolicy", "mandatory"),
    XML_REFUSE("source@fdgroup"),
    XML_REFUSE("source@protocol"),
    XML_REFUSE("source@name"),
    XML_REFUSE("source@tls"),
    XML_REFUSE("source@pool"),
    XML_REFUSE("source@volume"),
    XML_REFUSE("source@mode"),
    XML_REFUSE("source@dir"),
    XML_REFUSE("source@managed"),
    XML_REFUSE("source@namespace"),
    XML_REFUSE("source@path"),
    XML_REFUSE("source@query"),
    XML_REFUSE("source@tlsHostname"),
    XML_REFUSE("source@type"),
    { .path = "source/slices/slice",
      .type = XML_FIELD_LIST,
      .offset = offsetof(DomainStorage, slices),
      .of = &slice },
    XML_REFUSE("source/host"),
    XML_REFUSE("source/snapshot"),
    XML_REFUSE("source/config"),
    XML_REFUSE("source/initiator"),
    XML_REFUSE("source/address"),
    XML_REFUSE("source/seclabel"),
    XML_REFUSE("source/auth"),
    XML_REFUSE("source/encryption"),
    XML_REFUSE("source/reservations"),
    XML_REFUSE("source/ssl"),
    XML_REFUSE("source/cookies"),
    XML_REFUSE("source/readahead"),
    XML_REFUSE("source/timeout"),
    XML_REFUSE("source/identity"),
    XML_REFUSE("source/reconnect"),
    XML_REFUSE("source/knownHosts"),
    XML_REFUSE("source/dataStore"),
    { .path = "backingStore",
      .type = XML_FIELD_POINTER,
      .offset = offsetof(DomainStorage, backing),
      .keeps = is_given,
      .of = &backing },
};

const XmlStruct xml_storage = { XML_ROWS(storage_rows) };

static const char *const backing_types[] = { "file", "block", "", NULL };

/* <backingStore/> ends the chain. */
static const XmlField backing_rows[] = {
    XML_ENUM("@type", DomainStorage, type, backing_types, .fallback = DOMAIN_STORAGE_NONE,
             .text = STORAGE_TYPES),
    XML_UINT("@index", DomainStorage, node_index, .flags = XML_LIVE),
    XML_UINT("@detected", DomainStorage, detected, .max = 1, .flags = XML_STATUS),
    XML_ENUM("format@type", DomainStorage, format, xml_disk_format_names, .text = "*"),
    XML_REFUSE("format/metadata_cache"),
    { .type = XML_FIELD_GROUP, .of = &image },
    { .type = XML_FIELD_GROUP, .of = &xml_storage },
};

static const XmlStruct backing = { .size = sizeof(DomainStorage),
                                   XML_ROWS(backing_rows) };

const char *xml_source_attr(const DomainStorage *source)
{
    return source->type == DOMAIN_STORAGE_BLOCK ? "dev" : "file";
}

DomainStorage *xml_storage_end_new(void)
{
    return xml_struct_new(&backing);
}
