/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a document has and we cannot honour: kept as it was written, with the words of
 * the refusal that it will be. */
#include <libvirt/virterror.h>
#include <string.h>

#include "util/text.h"
#include "xml/field.h"

#define TEXT_SHOWN    60
#define VALUE_SHOWN   100
#define ELEMENT_SHOWN 300

static void extra_free(gpointer opaque)
{
    XmlExtra *extra = opaque;

    g_free(extra->text);
    g_free(extra->message);
    g_free(extra);
}

void xml_extras_free(GPtrArray *extras)
{
    if (extras) {
        g_ptr_array_unref(extras);
    }
}

/* Takes over text and message. */
static void add(GPtrArray **extras, const XmlField *field, char *text, char *message)
{
    XmlExtra *extra = g_new0(XmlExtra, 1);

    if (!*extras) {
        *extras = g_ptr_array_new_with_free_func(extra_free);
    }
    extra->field = field;
    extra->text = text;
    extra->message = message;
    g_ptr_array_add(*extras, extra);
}

GPtrArray *xml_extras_copy(const GPtrArray *extras)
{
    GPtrArray *copy = NULL;

    for (guint i = 0; extras && i < extras->len; i++) {
        const XmlExtra *extra = extras->pdata[i];
        add(&copy, extra->field, g_strdup(extra->text), g_strdup(extra->message));
    }
    return copy;
}

const char *xml_extra_find(const GPtrArray *extras, const XmlField *field, guint nth)
{
    for (guint i = 0; extras && i < extras->len; i++) {
        const XmlExtra *extra = extras->pdata[i];
        if (extra->field == field && nth-- == 0) {
            return extra->text;
        }
    }
    return NULL;
}

/* "devices/disk/driver": below <domain>, also for a device on its own. */
static char *path_of(const xmlNode *node)
{
    g_autofree char *path = xml_node_path(node);

    if (strcmp(path, "domain") == 0) {
        return g_steal_pointer(&path);
    }
    return g_str_has_prefix(path, "domain/") ? g_strdup(path + strlen("domain/"))
                                             : g_strconcat("devices/", path, NULL);
}

static char *element_words(const XmlField *field, const xmlNode *node)
{
    g_autoptr(GString) text = g_string_new("element <");
    g_autofree char *path = node->ns && field ? g_strdup(field->path) : path_of(node);

    g_string_append(text, path);
    for (xmlAttr *attr = node->properties; attr && text->len < ELEMENT_SHOWN;
         attr = attr->next) {
        g_autofree char *value = xml_node_text((const xmlNode *)attr);
        g_autofree char *shown = util_text_cut(value, TEXT_SHOWN);
        g_string_append_printf(text, " %s='%s'", attr->name, shown);
    }
    g_string_append_c(text, '>');
    if (!xmlFirstElementChild((xmlNode *)node)) {
        g_autofree char *content = xml_node_text(node);
        g_autofree char *shown = util_text_cut(g_strstrip(content), TEXT_SHOWN);
        g_string_append(text, shown);
    }
    g_string_append(text, " is not supported by vireo");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *xml_markup(const xmlNode *node)
{
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlBuffer *buffer = xmlBufferCreate();
    xmlNode *copy = doc ? xmlDocCopyNode((xmlNode *)node, doc, 1) : NULL;
    char *text = NULL;
    int level = 0;

    for (const xmlNode *up = node->parent; up && up->type == XML_ELEMENT_NODE;
         up = up->parent) {
        level++;
    }
    if (copy && buffer) {
        xmlDocSetRootElement(doc, copy);
        if (xmlNodeDump(buffer, doc, copy, level, 1) >= 0) {
            text = g_strdup((const char *)xmlBufferContent(buffer));
        }
    }
    xmlBufferFree(buffer);
    return text ? text : g_strdup("");
}

void xml_extra_keep(GPtrArray **extras, const XmlField *field, const xmlNode *node,
                    const char *attr)
{
    g_autofree char *path = NULL, *value = NULL, *shown = NULL;

    if (!attr) {
        add(extras, field, xml_markup(node), element_words(field, node));
        return;
    }
    const char *why = field->type == XML_FIELD_REFUSED ? field->what : NULL;
    path = path_of(node);
    value = xml_node_attr(node, attr);
    shown = util_text_cut(value, VALUE_SHOWN);
    add(extras, field, g_steal_pointer(&value),
        g_strdup_printf("attribute %s='%s' of element <%s> is not supported by vireo%s%s",
                        attr, shown, path, why ? ": " : "", why ? why : ""));
}

void xml_extra_refuse_node(GPtrArray **extras, const xmlNode *node)
{
    add(extras, NULL, NULL, element_words(NULL, node));
}

void xml_extra_refuse(GPtrArray **extras, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(extras, NULL, NULL, g_strdup_vprintf(format, args));
    va_end(args);
}
