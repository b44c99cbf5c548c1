/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of objects as QMP's clients see it: containers, the machine, devices with
 * their parts and buses below them, and what -object has made.
 */
#ifndef VIREO_MONITOR_QOM_H
#define VIREO_MONITOR_QOM_H

#include "device/device.h"

/* At most one of the pointers is set. */
typedef struct QomObject {
    char *path; /* absolute: "/machine/peripheral/ID" */
    char *type; /* "virtio-blk-pci", "container" */
    gboolean is_machine;
    Device *device; /* borrowed, as */
    Bus *bus;
} QomObject;

/* All of them as they are now, parents first; owned QomObjects. Main loop. */
GPtrArray *qom_objects(void);
/*
 * The one at a path: absolute, or the end of one that no other ends with. Borrowed of
 * objects. Errors as QEMU has them.
 */
const QomObject *qom_resolve(GPtrArray *objects, const char *path, GError **errp);
/* The last component when object is directly below parent; else NULL. */
const char *qom_name_below(const QomObject *object, const QomObject *parent);
/* "/machine/q35/pcie.0", and of a vCPU: new. */
char *qom_bus_path(const Bus *bus);
char *qom_cpu_path(unsigned index);

/*
 * A property of an object, or a child; name, type and help are borrowed. value: NULL: it
 * is a child.
 */
typedef struct QomProperty {
    const char *name, *type, *help;
    ConfigNode *(*value)(const QomObject *object, const struct QomProperty *property);
    const Property *row; /* NULL: it comes from no row, and */
    const void *owner;   /* the structure that the row is of */
    const DeviceAttribute
        *attribute;   /* NULL: it is none, and else its owner is a Device */
    const char *path; /* of a child */
} QomProperty;

/* "type" first, then others, then children. */
void qom_foreach_property(GPtrArray *objects, const QomObject *object,
                          void (*fn)(const QomProperty *property, void *opaque),
                          void *opaque);
/* Those that all devices of the class have besides their rows. Without a value(). */
void qom_foreach_class_property(const DeviceClass *klass,
                                void (*fn)(const QomProperty *property, void *opaque),
                                void *opaque);

#endif
