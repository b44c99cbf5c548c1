/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the path of each row of domain XML's tables, for tests/xml-schema.py: "= " for
 * what is handled, "! " for what is refused. */
#include <stdio.h>
#include <string.h>

#include "xml/internal.h"

#define DEPTH_MAX 8 /* of structures: chains of backing files have no end */

static void print_rows(const XmlStruct *type, const char *base, guint depth)
{
    for (guint i = 0; i < type->count && depth < DEPTH_MAX; i++) {
        const XmlField *field = &type->fields[i];
        g_autofree char *path = NULL;

        if (field->type == XML_FIELD_GROUP) {
            print_rows(field->of, base, depth + 1);
            continue;
        }
        path =
            g_strconcat(base, *base && *field->path && field->path[0] != '@' ? "/" : "",
                        field->path, NULL);
        printf("%c %s\n", field->type == XML_FIELD_REFUSED ? '!' : '=', path);
        if (field->type == XML_FIELD_KIB) {
            printf("= %s@unit\n", path);
        }
        if (field->of) {
            print_rows(field->of, path, depth + 1);
        }
    }
}

int main(void)
{
    print_rows(&xml_domain_type, "", 0);
    return 0;
}
