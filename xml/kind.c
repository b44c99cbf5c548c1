/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of kinds, and the names that several of them share. */
#include "xml/internal.h"

const char *const xml_yes_no_names[] = { "", "yes", "no", NULL };
const char *const xml_on_off_names[] = { "", "on", "off", NULL };

const char *const xml_none_names[] = { "", "none", NULL };

const char *const xml_virtio_names[] = { "", "virtio", "virtio-transitional",
                                         "virtio-non-transitional", NULL };

/* "virtio" can be said, or not. */
guint xml_virtio_guest(guint model)
{
    return MAX(model, DOMAIN_VIRTIO_EITHER);
}

gboolean xml_refuse_unless_none(GPtrArray **extras, const xmlNode *node, const char *attr,
                                gboolean none)
{
    if (!*extras && !none) {
        xml_extra_refuse(extras,
                         "element <devices/%s> without %s='none' is not supported by "
                         "vireo",
                         (const char *)node->name, attr);
    }
    return TRUE;
}

const XmlKind *const xml_kinds[DOMAIN_DEVICE_COUNT] = {
#define DEVICE(id, structure, name, ...) [DOMAIN_DEVICE_##id] = &xml_kind_##name,
#define NONE                             DEVICE
#include "xml/devices.def"
};
