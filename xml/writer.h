/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A buffer that escapes and indents XML. */
#ifndef XML_WRITER_H
#define XML_WRITER_H

#include "xml/domain.h"

typedef struct XmlWriter {
    GString *text;
    guint depth;
    XmlFormatFlags flags;
} XmlWriter;

/* "<name"; attributes may follow, then one of the ends. */
void xml_write_begin(XmlWriter *w, const char *name);
void xml_write_attr(XmlWriter *w, const char *name, const char *value);
void xml_write_end_empty(XmlWriter *w);                 /* "/>" */
void xml_write_end_text(XmlWriter *w, const char *name, /* ">text</name>" */
                        const char *text);
void xml_write_end_open(XmlWriter *w); /* ">"; what follows is one level deeper */
void xml_write_close(XmlWriter *w, const char *name);
/* Markup as it is. */
void xml_write_verbatim(XmlWriter *w, const char *text);

/* Whether what only a run has is left out. */
gboolean xml_write_inactive(const XmlWriter *w);

#endif
