/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of a man page, on stdout; text is escaped. */
#ifndef VIREO_DOCS_ROFF_H
#define VIREO_DOCS_ROFF_H

#include <glib.h>

void roff_subsection(const char *title);
/* A paragraph. */
void roff_text(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* name in bold, value in italics behind it, text below; value and text may be NULL. */
void roff_item(const char *name, const char *value, const char *text);

#endif
