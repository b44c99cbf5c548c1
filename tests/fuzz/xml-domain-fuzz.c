/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as domain XML: what is accepted must come back as it was. Made into a fuzzer
 * by --enable-fuzzers; tests/unit/xml-fuzz-test.c runs it for a while on its own. */
#include <string.h>

#include "xml-domain-fuzz.h"

#include "xml/domain.h"

static void check_domain(const char *text, XmlParseFlags parse, XmlFormatFlags format)
{
    g_autoptr(Domain) domain = xml_domain_parse(text, parse, NULL);
    g_autoptr(Domain) again = NULL;
    g_autoptr(Domain) copy = NULL;
    g_autofree char *first = NULL, *second = NULL, *third = NULL;
    g_autoptr(GError) error = NULL;

    if (!domain) {
        return;
    }
    first = xml_domain_format(domain, format);
    again = xml_domain_parse(first, parse, &error);
    if (!again) {
        g_error("%s\n%s", error->message, first);
    }
    second = xml_domain_format(again, format);
    copy = xml_domain_copy(again);
    third = xml_domain_format(copy, format);
    if (strcmp(first, second) != 0 || strcmp(second, third) != 0) {
        g_error("not stable:\n%s\n%s\n%s", first, second, third);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(DomainDevice) device = NULL;

    check_domain(text, XML_PARSE_INACTIVE, XML_FORMAT_INACTIVE);
    check_domain(text, XML_PARSE_STATUS, XML_FORMAT_STATUS);
    device = xml_device_parse(text, XML_PARSE_STATUS, NULL);
    return 0;
}
