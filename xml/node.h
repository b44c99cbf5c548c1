/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading libxml2 trees: hostile text in, checked values and clear errors out. */
#ifndef XML_NODE_H
#define XML_NODE_H

#include <glib.h>
#include <libxml/tree.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/*
 * Parses a document without network, external entities or DTD (one is refused
 * as soon as it begins), at most XML_TEXT_MAX bytes and 256 levels deep. The
 * error is XML_DETAIL. Free with xmlFreeDoc.
 */
xmlDoc *xml_document_parse(const char *text, GError **errp);

/* Whether @node is the element @name in no namespace. */
gboolean xml_node_is(const xmlNode *node, const char *name);

/* The first child element @name, or NULL. */
xmlNode *xml_node_child(const xmlNode *node, const char *name);

/* The next sibling element with the name of @node, or NULL. */
xmlNode *xml_node_next(const xmlNode *node);

/* The text within @node, or NULL when @node is NULL. Free with g_free. */
char *xml_node_text(const xmlNode *node);

/* The text of the child element @name, or NULL when there is none. */
char *xml_node_child_text(const xmlNode *node, const char *name);

/* The value of an attribute, or NULL. Free with g_free. @node may be NULL. */
char *xml_node_attr(const xmlNode *node, const char *name);

/* How errors name @node: "domain/devices/disk". Free with g_free. */
char *xml_node_path(const xmlNode *node);

/* The index of @text in @names ("" never matches), or -1. */
int xml_names_index(const char *const *names, const char *text);

/* A whole number without sign or spaces, at most @max. */
gboolean xml_uint_parse(const char *text, guint64 max, guint64 *value);

/* Sets XML_ERROR: "invalid value 'x' for ..." for an attribute, or for the
 * element's text when @attr is NULL. Returns FALSE. */
gboolean xml_node_invalid(const xmlNode *node, const char *attr, const char *value,
                          const char *reason, GError **errp);

/*
 * Reads <element unit='MiB'>1</element> into KiB, rounded up. XML_ERROR for an
 * unknown unit or no number, OVERFLOW beyond what KiB can hold.
 */
gboolean xml_node_memory(const xmlNode *node, guint64 *kib, GError **errp);

#endif
