/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Validation against libvirt's own schema, for clients that ask for it. The schema is
 * compiled when it is first needed, and kept; one document is validated at a time.
 */
#include <libvirt/virterror.h>
#include <libxml/relaxng.h>
#include <string.h>

#include "xml/domain.h"
#include "xml/node.h"

#define DETAIL_MAX 4096

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNGParserCtxt, xmlRelaxNGFreeParserCtxt)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNGValidCtxt, xmlRelaxNGFreeValidCtxt)

static GMutex lock; /* of what follows */
static char *loaded_path;
static xmlRelaxNG *loaded;

static void collect(void *detail, xmlErrorPtr error)
{
    GString *text = detail;

    if (error->message && text->len + strlen(error->message) <= DETAIL_MAX) {
        g_string_append(text, error->message);
    }
}

/* With the lock held. The schema at @path, or NULL. */
static xmlRelaxNG *load(const char *path, GError **errp)
{
    g_autoptr(GString) detail = g_string_new(NULL);
    g_autoptr(xmlRelaxNGParserCtxt) parser = NULL;
    xmlRelaxNG *schema = NULL;

    if (g_strcmp0(path, loaded_path) == 0) {
        return loaded;
    }
    parser = xmlRelaxNGNewParserCtxt(path);
    if (parser) {
        xmlRelaxNGSetParserStructuredErrors(parser, collect, detail);
        schema = xmlRelaxNGParse(parser);
    }
    if (!schema) {
        g_strchomp(detail->str);
        g_set_error(errp, XML_ERROR, VIR_ERR_INTERNAL_ERROR, "Unable to parse RNG %s: %s",
                    path, detail->str);
        return NULL;
    }
    xmlRelaxNGFree(loaded);
    g_free(loaded_path);
    loaded = schema;
    loaded_path = g_strdup(path);
    return schema;
}

gboolean xml_domain_validate(const char *text, const char *path, GError **errp)
{
    g_autoptr(GMutexLocker) locker = NULL;
    g_autoptr(xmlDoc) doc = xml_document_parse(text, errp);
    g_autoptr(GString) detail = g_string_new(NULL);
    g_autoptr(xmlRelaxNGValidCtxt) context = NULL;
    xmlRelaxNG *schema;

    if (!doc) {
        return FALSE;
    }
    locker = g_mutex_locker_new(&lock);
    schema = load(path ? path : XML_DOMAIN_SCHEMA, errp);
    if (!schema) {
        return FALSE;
    }
    context = xmlRelaxNGNewValidCtxt(schema);
    if (!context) {
        g_set_error(errp, XML_ERROR, VIR_ERR_NO_MEMORY, "no memory for validation");
        return FALSE;
    }
    xmlRelaxNGSetValidStructuredErrors(context, collect, detail);
    if (xmlRelaxNGValidateDoc(context, doc) != 0) {
        g_set_error(errp, XML_ERROR, VIR_ERR_XML_INVALID_SCHEMA,
                    "Unable to validate doc against %s\n%s", loaded_path,
                    g_strchomp(detail->str));
        return FALSE;
    }
    return TRUE;
}
