/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device is: a class from the one table, an instance, a bus.
 *
 * Everything that is said about a device type stands in its class: -device,
 * device_add, help, introspection and the migration stream are made from the
 * property and state rows, never by hand.
 *
 * Life: device_new() (init, cannot fail; properties have their defaults) ->
 * properties set from a configuration node -> device_realize() -> reset -> ... ->
 * unplug (asynchronous where requests are in flight) -> unrealize -> finalize.
 * All under the machine lock.
 */
#ifndef VIREO_DEVICE_DEVICE_H
#define VIREO_DEVICE_DEVICE_H

#include "config/property.h"
#include "util/state.h"

typedef struct Device Device;
typedef struct DeviceClass DeviceClass;
typedef struct Bus Bus;
/* device/aml.h */
typedef struct _GByteArray Aml;
typedef void (*DeviceChanged)(void *opaque, GError *error); /* owns it; NULL: done */

/*
 * The rows are the format. Appends the description's version and its needed fields: each
 * its name, type, number of elements and length, little-endian. Whether the description
 * itself is needed is for the caller to ask. When a pre_save fails, nothing has been
 * appended. Under the machine lock.
 */
gboolean state_save(GByteArray *out, const StateDesc *desc, void *opaque, GError **errp);
/*
 * Reads what state_save() wrote. The input is hostile: whatever is unknown,
 * missing, doubled, too long, cut off or above its limit is refused with section
 * and field. The state is then undefined: the VM that takes it must not run.
 */
gboolean state_load(const guint8 *buf, gsize len, const StateDesc *desc, void *opaque,
                    GError **errp);
/* What stands for a description that was left out. */
gboolean state_load_absent(const StateDesc *desc, void *opaque, GError **errp);

/*
 * A life cycle function that is NULL is the parent's; one that is there replaces
 * the parent's, which it calls where it needs it.
 */
struct DeviceClass {
    const char *name;  /* "virtio-blk-device" */
    const char *alias; /* another name for -device and device_add; or NULL */
    const char *bus;   /* type of bus it sits on; NULL: board only */
    const char *desc;
    size_t instance_size;
    gboolean user_creatable;
    gboolean hotpluggable;
    const Property *properties; /* ends with a NULL name; NULL: none */
    const StateDesc *state;     /* NULL: nothing to migrate */
    const DeviceClass *parent;  /* properties and state of the parent come first */

    void (*init)(Device *dev);
    /*
     * When it is plugged at run time: before realize, asks the host for what may take it
     * long; after unrealize, or when realize has failed, gives that back. Beside the main
     * loop: done is called now or later. A release fails when the process ends. Both or
     * none.
     */
    void (*acquire)(Device *dev, DeviceChanged done, void *opaque);
    void (*release)(Device *dev, DeviceChanged done, void *opaque);
    gboolean (*realize)(Device *dev, GError **errp);
    void (*reset)(Device *dev); /* nothing is in flight any more */
    /*
     * Stops taking requests and calls done (now or later, main loop, under the
     * lock) when none is in flight. Used before reset, unplug, and vm stop of
     * the data plane. NULL: nothing is ever in flight.
     */
    void (*quiesce)(Device *dev, void (*done)(void *opaque), void *opaque);
    void (*unrealize)(Device *dev); /* undoes realize; quiesced before */
    void (*finalize)(Device *dev);  /* frees what init and properties own */
    /*
     * What the DSDT says of it, asked once when the machine is ready: most often a
     * Device, in the scope of what its bus belongs to. NULL: the parent's, or nothing.
     */
    void (*aml)(const Device *dev, Aml *scope);
};

struct Device {
    const DeviceClass *klass;
    char *id;   /* NULL: anonymous */
    char *path; /* "/machine/peripheral/ID": QOM-style, unique */
    Bus *bus;
    gboolean realized;
    gboolean hotplugged;
    gboolean unplugging;
    gboolean ready; /* on its bus, not being taken off it */
    gint refs;
};

/* The table: declared here, defined by machine/. Ends with NULL. */
extern const DeviceClass *const device_class_table[];
const DeviceClass *device_class_find(const char *name); /* aliases included */
gboolean device_class_is_a(const DeviceClass *klass, const DeviceClass *parent);

/*
 * A machine's version fixes what its guests see: where a later release has another
 * default, or a new property whose default is not what there was before, the older
 * versions have a row here. Of a class and of those derived from it.
 */
typedef struct PropertyDefault {
    const char *class_name, *property;
    const char *value; /* as the command line would say it */
} PropertyDefault;
/* Before any device is made; borrowed. rows end with a NULL class name; NULL: none. */
void device_set_machine_defaults(const PropertyDefault *rows);
/* The default of the class's property on this machine; NULL: zero. */
const char *device_class_default(const DeviceClass *klass, const Property *prop);
/*
 * Calls fn for each property that the guest relies on, with what realize has made of it
 * and what the default would be. Both sides of a migration must agree in the values.
 */
typedef void (*GuestPropertyFn)(const char *name, const char *value, const char *def,
                                void *opaque);
void device_foreach_guest_property(const Device *dev, GuestPropertyFn fn, void *opaque);
/* Calls fn for every property row, those of the ancestors first. */
void device_class_foreach_property(const DeviceClass *klass,
                                   void (*fn)(const Property *prop, void *opaque),
                                   void *opaque);
/* QMP device-list-properties and `-device X,help`. */
ConfigNode *device_class_list_properties(const DeviceClass *klass);
char *device_class_help(const DeviceClass *klass);

/* For code that makes the board: class by pointer, no configuration needed. */
Device *device_new(const DeviceClass *klass);
/* A board's own device is "/machine/NAME" (path); before realize. */
void device_set_name(Device *dev, const char *name);
gboolean device_set_property(Device *dev, const char *name, ConfigNode *value,
                             GError **errp);
/* All keys of the map but driver, id and bus; then the required ones must be set. */
gboolean device_set_properties(Device *dev, ConfigNode *node, GError **errp);
/*
 * Puts it on the bus (NULL: the board) and makes it work: realize, plug, reset. The
 * registry then holds a reference of its own. On failure everything is as before.
 */
gboolean device_realize(Device *dev, Bus *bus, GError **errp);
/*
 * -device: driver=CLASS,id=ID,bus=BUS,...: the one way a user's device comes to be. Picks
 * a free bus of the class's type without bus=.
 */
Device *device_add_from_config(ConfigNode *node, gboolean hotplugged, GError **errp);
/*
 * device_add: the same at run time, where done is called now, or when the host has
 * answered; until then there is no such device, but its id is taken. may (NULL: it may)
 * is asked at the begin, and again at the end: much may have happened meanwhile.
 */
void device_add_later(ConfigNode *node, gboolean (*may)(GError **errp),
                      DeviceChanged done, void *opaque);
/*
 * device_del: asks the bus to unplug; DEVICE_DELETED follows, when the host has what was
 * the device's. Until then its id is taken.
 */
gboolean device_request_unplug(Device *dev, GError **errp);
/*
 * The one order (quiesce -> off the bus -> grace period -> unrealize -> event);
 * for buses, when the guest has let go. done may be NULL.
 */
void device_unplug(Device *dev, void (*done)(void *opaque), void *opaque);
/*
 * The VM has stopped and its state is to be saved: done when nothing is in flight
 * in any device. vm_start() sets their data planes going again.
 */
void device_quiesce_all(void (*done)(void *opaque), void *opaque);
/*
 * Calls fn when no unplug or reset waits for what is in flight: now, or after the last
 * one. One at a time asks for that.
 */
void device_after_changes(void (*fn)(void *opaque), void *opaque);
/* A reset of all devices waits for what is in flight. */
gboolean device_resetting(void);
/* All devices, in order of creation: quiesce, then reset; done when all are. */
void device_reset_all(void (*done)(void *opaque), void *opaque);

Device *device_find(const char *id);
Device *device_ref(Device *dev);
void device_unref(Device *dev);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Device, device_unref)
/* In order of creation. */
void device_foreach(void (*fn)(Device *dev, void *opaque), void *opaque);
/* End of the process, vCPUs and data plane stopped: unrealizes all, last first. */
void device_cleanup(void);

typedef enum BusFit { BUS_REFUSES, BUS_LAST_CHOICE, BUS_SUITS } BusFit;

/* A bus belongs to the device (or board) that made it. */
typedef struct BusClass {
    const char *type;     /* "virtio-bus", "isa-bus" */
    unsigned max_devices; /* 0: no limit */
    /* Connects the realizing device; after the device's own realize. */
    gboolean (*plug)(Bus *bus, Device *dev, GError **errp);
    void (*unplug)(Bus *bus, Device *dev);
    /*
     * How it suits a device of this class with these options that names no bus; NULL:
     * well. Only a guess: plug has the last word.
     */
    BusFit (*fits)(const Bus *bus, const DeviceClass *klass, ConfigNode *options);
    /* Asks the guest to let go; NULL: device_unplug() at once. */
    gboolean (*request_unplug)(Bus *bus, Device *dev, GError **errp);
} BusClass;

struct Bus {
    const BusClass *klass;
    char *name;
    void *owner;
    GPtrArray *devices; /* borrowed */
};

Bus *bus_new(const BusClass *klass, const char *name, void *owner);
void bus_free(Bus *bus);
Bus *bus_find(const char *name);
gboolean bus_full(const Bus *bus);
/* The first of those that suit best; NULL, with the reason, when there is none. */
Bus *bus_find_free(const DeviceClass *klass, ConfigNode *options, GError **errp);

#endif
