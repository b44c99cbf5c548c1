/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Definitions as stock virt-install writes them (tests/golden/virt-install, of
 * virtinst 4.1 and 5.0), and Nova without a graphical console: each device is taken, or
 * refused with element and value, as refused.txt lists it; without the refused ones they
 * are complete, and nothing of them has got lost.
 */
#include <libxml/parser.h>
#include <libxml/xmlsave.h>
#include <string.h>

#include "command/kind.h"

static char *read_file(const char *name)
{
    g_autofree char *path =
        g_build_filename(g_getenv("srcdir"), "tests/golden/virt-install", name, NULL);
    g_autoptr(GError) error = NULL;
    char *text;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

static xmlNode *child(const xmlNode *node, const char *name)
{
    xmlNode *found = node->children;

    while (found && strcmp((const char *)found->name, name) != 0) {
        found = found->next;
    }
    return found;
}

static char *node_text(xmlDoc *doc, xmlNode *node)
{
    xmlBuffer *buffer = xmlBufferCreate();
    char *text;

    xmlNodeDump(buffer, doc, node, 0, 0);
    text = g_strdup((const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    return text;
}

static gboolean is_emulator(const xmlNode *node)
{
    return strcmp((const char *)node->name, "emulator") == 0;
}

/* Why the device is refused; NULL: it is taken. */
static char *refusal(xmlDoc *doc, xmlNode *node)
{
    g_autofree char *text = node_text(doc, node);
    g_autoptr(GError) error = NULL;
    g_autoptr(DomainDevice) device = xml_device_parse(text, XML_PARSE_INACTIVE, &error);

    if (device) {
        xml_device_check(device, &error);
    }
    g_assert_true(!error || rpc_error_code(error) == VIR_ERR_CONFIG_UNSUPPORTED);
    g_assert_true(!error || strstr(error->message, "element <devices/"));
    return error ? g_strdup(error->message) : NULL;
}

/* Takes them away, and tells of them. */
static void remove_refused(const char *name, xmlDoc *doc, GString *told)
{
    xmlNode *next;

    for (xmlNode *node = child(xmlDocGetRootElement(doc), "devices")->children; node;
         node = next) {
        g_autofree char *words = NULL;

        next = node->next;
        if (node->type != XML_ELEMENT_NODE || is_emulator(node)) {
            continue;
        }
        words = refusal(doc, node);
        if (words) {
            g_string_append_printf(told, "%s: %s\n", name, words);
            xmlUnlinkNode(node);
            xmlFreeNode(node);
        }
    }
}

/* What the driver says more exactly. */
static gboolean is_completed(const xmlNode *node)
{
    static const char *const names[] = { "memory", "currentMemory", "type", NULL };

    return g_strv_contains(names, (const char *)node->name);
}

static gboolean has_attrs(const xmlNode *out, const xmlNode *in)
{
    gboolean same = TRUE;

    for (const xmlAttr *attr = in->properties; same && attr; attr = attr->next) {
        xmlChar *wanted = xmlNodeGetContent((const xmlNode *)attr);
        xmlChar *value = xmlGetProp(out, attr->name);

        same = value && xmlStrEqual(wanted, value);
        xmlFree(wanted);
        xmlFree(value);
    }
    return same;
}

static gboolean same_text(const xmlNode *out, const xmlNode *in)
{
    xmlChar *a = xmlNodeGetContent(out), *b = xmlNodeGetContent(in);
    gboolean same = xmlFirstElementChild((xmlNode *)in) ||
                    strcmp(g_strstrip((char *)a), g_strstrip((char *)b)) == 0;

    xmlFree(a);
    xmlFree(b);
    return same;
}

/* All that `in` says stands in `out`; *lost: what does not. */
static gboolean contains(const xmlNode *out, const xmlNode *in, const xmlNode **lost)
{
    if (strcmp((const char *)out->name, (const char *)in->name) != 0 ||
        (!is_completed(in) && (!has_attrs(out, in) || !same_text(out, in)))) {
        return FALSE;
    }
    for (const xmlNode *c = in->children; c; c = c->next) {
        const xmlNode *o = out->children;

        while (c->type == XML_ELEMENT_NODE && o &&
               !(o->type == XML_ELEMENT_NODE && contains(o, c, lost))) {
            o = o->next;
        }
        if (c->type == XML_ELEMENT_NODE && !o) {
            *lost = *lost ? *lost : c;
            return FALSE;
        }
    }
    return TRUE;
}

static void check_rest(const char *name, xmlDoc *doc)
{
    g_autofree char *text = node_text(doc, xmlDocGetRootElement(doc));
    g_autofree char *formatted = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(Domain) domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);
    const xmlNode *lost = NULL;
    xmlDoc *out;

    g_assert_no_error(error);
    command_complete(domain, NULL, "/usr/bin/vireo", &error);
    g_assert_no_error(error);
    formatted = xml_domain_format(domain, XML_FORMAT_INACTIVE);
    out = xmlReadMemory(formatted, (int)strlen(formatted), NULL, NULL, 0);
    if (!contains(xmlDocGetRootElement(out), xmlDocGetRootElement(doc), &lost)) {
        g_error("%s: line %ld, <%s> is not in: %s", name, lost ? xmlGetLineNo(lost) : 0,
                lost ? (const char *)lost->name : "domain", formatted);
    }
    xmlFreeDoc(out);
}

static void test_definitions(void)
{
    static const char *const names[] = {
        "debian-nographics.xml",   "debian-vnc.xml",
        "debian11-import-4.1.xml", "debian12-uefi-cloudinit-5.0.xml",
        "debian12-vnc-5.0.xml",    "generic-import-4.1.xml",
        "other-scheme-4.1.xml",    "nova.xml",
    };
    g_autofree char *expected = read_file("refused.txt");
    g_autoptr(GString) told = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = read_file(names[i]);
        xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, 0);

        remove_refused(names[i], doc, told);
        check_rest(names[i], doc);
        xmlFreeDoc(doc);
    }
    g_assert_cmpstr(told->str, ==, expected);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    xml_init();
    g_test_add_func("/virt-install/definitions", test_definitions);
    return g_test_run();
}
