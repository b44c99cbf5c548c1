/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xml/node.h"

#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <string.h>

#include "util/text.h"
#include "xml/domain.h"

#define ATTRIBUTES_MAX 4096
#define VALUE_SHOWN    200 /* bytes */

G_DEFINE_QUARK(xml - error - quark, xml_error)

/* SAX: a DTD has begun. Nothing in it can be meant for us: stop here, before
 * any entity has been declared. */
static void refuse_dtd(void *opaque, const xmlChar *name, const xmlChar *external_id,
                       const xmlChar *system_id)
{
    xmlParserCtxt *ctxt = opaque;

    ctxt->_private = ctxt;
    xmlStopParser(ctxt);
}

static void parse_error(xmlParserCtxt *ctxt, GError **errp)
{
    const xmlError *error = xmlCtxtGetLastError(ctxt);
    g_autofree char *message = NULL;

    if (ctxt->_private) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_DETAIL,
                    "a document type declaration (<!DOCTYPE>) is not allowed");
        return;
    }
    message = g_strdup(error && error->message ? error->message : "malformed document");
    g_set_error(errp, XML_ERROR, VIR_ERR_XML_DETAIL, "(domain_definition):%d: %s",
                error ? error->line : 0, g_strstrip(message));
}

/* libxml2 looks for duplicates among an element's attributes one by one. */
static gboolean attributes_within_limit(const char *text)
{
    guint count = 0;

    for (; *text; text++) {
        if (*text == '<') {
            count = 0;
        } else if (*text == '=' && ++count > ATTRIBUTES_MAX) {
            return FALSE;
        }
    }
    return TRUE;
}

xmlDoc *xml_document_parse(const char *text, GError **errp)
{
    size_t length = strlen(text);
    xmlParserCtxt *ctxt;
    gboolean good;
    xmlDoc *doc;

    if (length > XML_TEXT_MAX) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_DETAIL,
                    "the document has %zu bytes, more than %u", length, XML_TEXT_MAX);
        return NULL;
    }
    if (!attributes_within_limit(text)) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_DETAIL,
                    "an element has more than %d attributes", ATTRIBUTES_MAX);
        return NULL;
    }
    ctxt = xmlNewParserCtxt();
    if (!ctxt) {
        g_set_error(errp, XML_ERROR, VIR_ERR_NO_MEMORY, "no memory for the XML parser");
        return NULL;
    }
    ctxt->sax->internalSubset = refuse_dtd;
    doc = xmlCtxtReadMemory(ctxt, text, length, "domain.xml", NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    good = doc && !ctxt->_private && ctxt->wellFormed && xmlDocGetRootElement(doc);
    if (!good) {
        parse_error(ctxt, errp);
    }
    xmlFreeParserCtxt(ctxt);
    if (!good) {
        xmlFreeDoc(doc); /* may be NULL; it is the last to go, as what is returned is */
        return NULL;
    }
    return doc;
}

void xml_init(void)
{
    xmlFreeDoc(xml_document_parse("<domain/>", NULL));
}

gboolean xml_node_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !node->ns &&
           strcmp((const char *)node->name, name) == 0;
}

xmlNode *xml_node_child(const xmlNode *node, const char *name)
{
    for (xmlNode *child = node ? node->children : NULL; child; child = child->next) {
        if (xml_node_is(child, name)) {
            return child;
        }
    }
    return NULL;
}

xmlNode *xml_node_next(const xmlNode *node)
{
    for (xmlNode *next = node->next; next; next = next->next) {
        if (xml_node_is(next, (const char *)node->name)) {
            return next;
        }
    }
    return NULL;
}

/* Takes a string of libxml2's into one of glib's. */
static char *take(xmlChar *string)
{
    char *copy = g_strdup((const char *)string);

    xmlFree(string);
    return copy;
}

char *xml_node_text(const xmlNode *node)
{
    return node ? take(xmlNodeGetContent(node)) : NULL;
}

char *xml_node_child_text(const xmlNode *node, const char *name)
{
    return xml_node_text(xml_node_child(node, name));
}

char *xml_node_attr(const xmlNode *node, const char *name)
{
    return node ? take(xmlGetNoNsProp(node, (const xmlChar *)name)) : NULL;
}

char *xml_node_path(const xmlNode *node)
{
    g_autofree char *path = g_strdup((const char *)node->name);

    for (node = node->parent; node && node->type == XML_ELEMENT_NODE;
         node = node->parent) {
        char *longer = g_strconcat((const char *)node->name, "/", path, NULL);
        g_free(path);
        path = longer;
    }
    return g_steal_pointer(&path);
}

gboolean xml_node_invalid(const xmlNode *node, const char *attr, const char *value,
                          const char *reason, GError **errp)
{
    g_autofree char *path = xml_node_path(node);
    g_autofree char *shown = util_text_cut(value, VALUE_SHOWN);

    g_set_error(
        errp, XML_ERROR, VIR_ERR_XML_ERROR, "Invalid value '%s' for %s%s%s%s<%s>%s%s",
        shown, attr ? "attribute '" : "", attr ? attr : "", attr ? "' " : "",
        attr ? "of " : "element ", path, reason ? ": " : "", reason ? reason : "");
    return FALSE;
}

int xml_names_index(const char *const *names, const char *text)
{
    for (int i = 0; *text && names[i]; i++) {
        if (strcmp(names[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

gboolean xml_uint_parse(const char *text, guint64 max, guint64 *value)
{
    return g_ascii_string_to_unsigned(text, 10, 0, max, value, NULL);
}
