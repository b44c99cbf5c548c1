/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What users write of a domain for themselves: title, description, and the elements below
 * <metadata>, which are told apart by their namespaces. */
#include "xml/metadata.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/field.h"

/* Below an element of its own, as in a definition, so that it is indented as there. */
static xmlDoc *parse_metadata(const Domain *domain, GError **errp)
{
    g_autofree char *text = g_strdup_printf(
        "<domain>\n  %s\n</domain>", domain->metadata ? domain->metadata : "<metadata/>");

    return xml_document_parse(text, errp);
}

static xmlNode *metadata_of(const xmlDoc *doc)
{
    return xmlFirstElementChild(xmlDocGetRootElement(doc));
}

static xmlNode *find_element(xmlNode *metadata, const char *uri)
{
    xmlNode *node = xmlFirstElementChild(metadata);

    while (node && !(node->ns && g_strcmp0((const char *)node->ns->href, uri) == 0)) {
        node = xmlNextElementSibling(node);
    }
    return node;
}

/* What stands between elements is made anew when they are written. */
static void drop_blanks(xmlNode *node)
{
    gboolean mixed = FALSE;
    xmlNode *next;

    for (xmlNode *child = node->children; child; child = child->next) {
        mixed |= child->type != XML_ELEMENT_NODE && child->type != XML_COMMENT_NODE &&
                 !xmlIsBlankNode(child);
    }
    for (xmlNode *child = node->children; child; child = next) {
        next = child->next;
        if (child->type == XML_ELEMENT_NODE) {
            drop_blanks(child); /* the parser has limited the depth */
        } else if (!mixed && xmlIsBlankNode(child) && xmlFirstElementChild(node)) {
            xmlUnlinkNode(child);
            xmlFreeNode(child);
        }
    }
}

/* ---- reading ---- */

static void leave_namespace(xmlNode *node, const xmlNs *ns)
{
    node->ns = node->ns == ns ? NULL : node->ns;
    for (xmlAttr *attr = node->properties; attr; attr = attr->next) {
        attr->ns = attr->ns == ns ? NULL : attr->ns;
    }
    for (xmlNode *child = xmlFirstElementChild(node); child;
         child = xmlNextElementSibling(child)) {
        leave_namespace(child, ns);
    }
}

/* Without the namespace that it has been found by, as clients have given it. */
static char *element_text(xmlNode *node)
{
    xmlBuffer *buffer = xmlBufferCreate();
    xmlNs *ns = node->ns;
    char *text = NULL;

    drop_blanks(node);
    leave_namespace(node, ns);
    for (xmlNs **at = &node->nsDef; *at; at = &(*at)->next) {
        if (*at == ns) {
            *at = ns->next;
            xmlFreeNs(ns);
            break;
        }
    }
    if (buffer && xmlNodeDump(buffer, node->doc, node, 0, 1) >= 0) {
        text = g_strdup((const char *)xmlBufferContent(buffer));
    }
    xmlBufferFree(buffer);
    return text;
}

static gboolean get_element(const Domain *domain, const char *uri, char **text,
                            GError **errp)
{
    g_autoptr(xmlDoc) doc = parse_metadata(domain, errp);
    xmlNode *node = doc ? find_element(metadata_of(doc), uri) : NULL;

    *text = node ? element_text(node) : NULL;
    return doc != NULL;
}

static gboolean refuse_type(int type, GError **errp)
{
    g_set_error(errp, XML_ERROR, VIR_ERR_INVALID_ARG, "unknown metadata type '%d'", type);
    return FALSE;
}

char *xml_domain_get_metadata(const Domain *domain, int type, const char *uri,
                              GError **errp)
{
    char *text = NULL;
    gboolean ok = TRUE;

    switch (type) {
    case VIR_DOMAIN_METADATA_TITLE:
        text = g_strdup(domain->title);
        break;
    case VIR_DOMAIN_METADATA_DESCRIPTION:
        text = g_strdup(domain->description);
        break;
    case VIR_DOMAIN_METADATA_ELEMENT:
        ok = get_element(domain, uri, &text, errp);
        break;
    default:
        ok = refuse_type(type, errp);
    }
    if (ok && !text) {
        g_set_error(errp, XML_ERROR, VIR_ERR_NO_DOMAIN_METADATA,
                    "Requested metadata element is not present");
    }
    return text;
}

/* ---- writing ---- */

/* What has no namespace of its own comes into the one that is given. */
static void enter_namespace(xmlNode *node, xmlNs *ns)
{
    node->ns = node->ns ? node->ns : ns;
    for (xmlNode *child = xmlFirstElementChild(node); child;
         child = xmlNextElementSibling(child)) {
        enter_namespace(child, ns);
    }
}

static gboolean add_element(xmlNode *metadata, const char *text, const char *key,
                            const char *uri, GError **errp)
{
    g_autoptr(xmlDoc) given = xml_document_parse(text, errp);
    xmlNode *node;
    xmlNs *ns;

    if (!given) {
        return FALSE;
    }
    node = xmlDocCopyNode(xmlDocGetRootElement(given), metadata->doc, 1);
    ns = node && key && xmlValidateNCName((const xmlChar *)key, 0) == 0
             ? xmlNewNs(node, (const xmlChar *)uri, (const xmlChar *)key)
             : NULL;
    if (!ns) {
        xmlFreeNode(node);
        g_set_error(errp, XML_ERROR, VIR_ERR_INVALID_ARG,
                    "'%s' cannot be the prefix of a namespace of this element",
                    key ? key : "");
        return FALSE;
    }
    enter_namespace(node, ns);
    xmlAddChild(metadata, node);
    return TRUE;
}

/* A prefix or a URI that XML reserves, or normalizes, is not the same when it is read. */
static gboolean check_found(const Domain *domain, const char *uri, GError **errp)
{
    g_autofree char *text = NULL;

    if (!get_element(domain, uri, &text, errp)) {
        return FALSE;
    }
    if (!text) {
        g_set_error(errp, XML_ERROR, VIR_ERR_INVALID_ARG,
                    "the element would not be found again by its namespace '%s'", uri);
    }
    return text != NULL;
}

static gboolean set_element(Domain *domain, const char *text, const char *key,
                            const char *uri, GError **errp)
{
    g_autoptr(xmlDoc) doc = NULL;
    xmlNode *metadata, *old;

    if (!uri || !*uri) {
        g_set_error(errp, XML_ERROR, VIR_ERR_INVALID_ARG,
                    "a metadata element needs the URI of its namespace");
        return FALSE;
    }
    doc = parse_metadata(domain, errp);
    if (!doc) {
        return FALSE;
    }
    metadata = metadata_of(doc);
    while ((old = find_element(metadata, uri))) {
        xmlUnlinkNode(old);
        xmlFreeNode(old);
    }
    if (text && !add_element(metadata, text, key, uri, errp)) {
        return FALSE;
    }
    drop_blanks(metadata);
    g_free(domain->metadata);
    domain->metadata = xmlFirstElementChild(metadata) ? xml_markup(metadata) : NULL;
    return !text || check_found(domain, uri, errp);
}

static void set_text(char **member, const char *text)
{
    g_free(*member);
    *member = text && *text ? g_strdup(text) : NULL;
}

gboolean xml_domain_set_metadata(Domain *domain, int type, const char *text,
                                 const char *key, const char *uri, GError **errp)
{
    switch (type) {
    case VIR_DOMAIN_METADATA_TITLE:
        if (text && strchr(text, '\n')) {
            g_set_error(errp, XML_ERROR, VIR_ERR_INVALID_ARG,
                        "metadata title can't contain newlines");
            return FALSE;
        }
        set_text(&domain->title, text);
        return TRUE;
    case VIR_DOMAIN_METADATA_DESCRIPTION:
        set_text(&domain->description, text);
        return TRUE;
    case VIR_DOMAIN_METADATA_ELEMENT:
        return set_element(domain, text, key, uri, errp);
    default:
        return refuse_type(type, errp);
    }
}
