/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of kinds, and the names that several of them share. */
#include "xml/internal.h"

const char *const xml_yes_no_names[] = { "", "yes", "no", NULL };
const char *const xml_on_off_names[] = { "", "on", "off", NULL };

const char *const xml_none_names[] = { "", "none", NULL };

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
    [DOMAIN_DEVICE_DISK] = &xml_kind_disk,
    [DOMAIN_DEVICE_CONTROLLER] = &xml_kind_controller,
    [DOMAIN_DEVICE_INTERFACE] = &xml_kind_interface,
    [DOMAIN_DEVICE_SERIAL] = &xml_kind_serial,
    [DOMAIN_DEVICE_AUDIO] = &xml_kind_audio,
    [DOMAIN_DEVICE_VIDEO] = &xml_kind_video,
    [DOMAIN_DEVICE_BALLOON] = &xml_kind_balloon,
    [DOMAIN_DEVICE_RNG] = &xml_kind_rng,
    [DOMAIN_DEVICE_PANIC] = &xml_kind_panic,
};
