/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of a definition that only its users look at; type is a virDomainMetadataType. */
#ifndef XML_METADATA_H
#define XML_METADATA_H

#include "xml/domain.h"

/*
 * The title, the description, or the element of <metadata> in the namespace @uri, as a
 * new string. NULL with NO_DOMAIN_METADATA, or INVALID_ARG for an unknown type.
 */
char *xml_domain_get_metadata(const Domain *domain, int type, const char *uri,
                              GError **errp);

/*
 * Replaces it; @text NULL: takes it away. An element comes into the namespace @uri, with
 * the prefix @key. XML_DETAIL for what is no XML, INVALID_ARG.
 */
gboolean xml_domain_set_metadata(Domain *domain, int type, const char *text,
                                 const char *key, const char *uri, GError **errp);

#endif
