/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device is: a class from the one table, an instance, a place in the tree.
 *
 * Everything that is said about a device type stands in its class: -device,
 * device_add, help, introspection and the migration stream are made from the
 * property and state rows, never by hand.
 *
 * Devices compose. A class has parts: devices that its own instances make, put on their
 * buses and take away with themselves; a part's property rows are the whole's, too. And a
 * device owns buses, on which others are plugged. Both are its children: the tree that
 * reset, quiesce and unplug walk.
 *
 * Life: device_new() (init, cannot fail; properties have their defaults; so have the
 * parts) -> properties set from a configuration node -> device_realize(): pre_plug ->
 * realize, in which the parts are realized -> plug -> reset -> announce -> ... ->
 * unplug (asynchronous where requests are in flight; children first) -> unrealize ->
 * finalize. All under the machine lock.
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
typedef void (*GuestPropertyFn)(const char *name, const char *value, const char *def,
                                void *opaque);

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

/* What an instance of a class is made of besides itself. */
typedef struct DevicePart {
    const char *name; /* "virtio-backend": its path is that of the whole and this */
    const DeviceClass *klass;
    size_t
        offset; /* in the instance: of a Device *, there from device_new() to the end */
} DevicePart;

/*
 * What QMP's qom-get and qom-set see of a device that works, and no option has: under
 * the machine lock. A part's are the whole's, too.
 */
typedef struct DeviceAttribute {
    const char *name, *type, *help;
    ConfigNode *(*get)(Device *dev); /* new */
    /* NULL: it cannot be set. */
    gboolean (*set)(Device *dev, const ConfigNode *value, GError **errp);
} DeviceAttribute;

/*
 * A life cycle function that is NULL is the parent's; one that is there replaces
 * the parent's, which it calls where it needs it.
 */
struct DeviceClass {
    const char *name;  /* "virtio-blk-device" */
    const char *alias; /* another name for -device and device_add; or NULL */
    const char *brief; /* QEMU's short one, which is no type of its own; or NULL */
    const char *bus;   /* type of bus it sits on; NULL: board only */
    const char *desc;
    size_t instance_size;
    gboolean abstract; /* for others to be derived from: there are no instances */
    gboolean user_creatable;
    gboolean hotpluggable;
    const Property *properties;        /* ends with a NULL name; NULL: none */
    const DeviceAttribute *attributes; /* the same */
    /*
     * Ends with a NULL name; those of the ancestors come first. Rows of the class itself
     * hide a part's of the same name, which then has its default unless the class sets
     * it in init or realize.
     */
    const DevicePart *parts;
    const StateDesc *state;    /* NULL: nothing to migrate */
    const DeviceClass *parent; /* properties and state of the parent come first */

    void (*init)(Device *dev);
    /*
     * When it is plugged at run time: before realize, asks the host for what may take it
     * long; after unrealize, or when realize has failed, gives that back. Beside the main
     * loop: done is called now or later. A release fails when the process ends. Both or
     * none. Those of the parts are called for the whole.
     */
    void (*acquire)(Device *dev, DeviceChanged done, void *opaque);
    void (*release)(Device *dev, DeviceChanged done, void *opaque);
    /*
     * Puts the parts on their buses (device_realize_part()), best as its last step: when
     * it fails later, it takes them off itself (device_unrealize_part()).
     */
    gboolean (*realize)(Device *dev, GError **errp);
    void (*reset)(Device *dev); /* nothing is in flight any more */
    /*
     * Stops taking requests and calls done (now or later, main loop, under the
     * lock) when none is in flight. Used before reset, unplug, and vm stop of
     * the data plane; again while an earlier one waits, and each done is called. done may
     * be the end of the device: only who has a reference touches it afterwards. NULL:
     * nothing is ever in flight.
     */
    void (*quiesce)(Device *dev, void (*done)(void *opaque), void *opaque);
    void (*unrealize)(Device *dev); /* undoes realize; quiesced before, no children */
    void (*finalize)(Device *dev);  /* frees what init and properties own */
    /*
     * What the DSDT says of it, asked once when the machine is ready: most often a
     * Device, in the scope of what its bus belongs to. NULL: the parent's, or nothing.
     */
    void (*aml)(const Device *dev, Aml *scope);
    /*
     * Its part of a path by which firmware finds what to boot from (device/boot.h), which
     * may have several components: "scsi@5,1", "drive@0/disk@0". Owned; NULL, or no
     * function here and above: none.
     */
    char *(*boot_name)(const Device *dev);
    /*
     * What the guest relies on and no property says (a back end's number of queues), told
     * as a property is. A migration compares it first, so that it is what is named, not a
     * property that follows from it. NULL: the parent's, or nothing.
     */
    void (*guest_facts)(const Device *dev, GuestPropertyFn fn, void *opaque);
};

/*
 * Of an unplug: NONE -> REQUESTED (the guest has been asked) -> GOING (it has let go, or
 * was not asked; no way back). Kept in the stream but for GOING, for which a migration
 * waits.
 */
typedef enum DeviceUnplug {
    DEVICE_UNPLUG_NONE,
    DEVICE_UNPLUG_REQUESTED,
    DEVICE_UNPLUG_GOING,
} DeviceUnplug;

struct Device {
    const DeviceClass *klass;
    char *id;   /* NULL: anonymous */
    char *path; /* "/machine/peripheral/ID": QOM-style, unique */
    /* Whose part it is, or that owns its bus; NULL: the board's. Borrowed. */
    Device *parent;
    const DevicePart *part; /* of the parent; NULL: it is none */
    Bus *bus;
    GPtrArray *buses; /* those that it owns, borrowed; NULL: none */
    GPtrArray
        *children; /* realized, in order of creation, a reference each; NULL: none */
    gboolean realized;
    gboolean hotplugged;
    gboolean ready;  /* complete, and not GOING */
    guint32 unplug;  /* DeviceUnplug; those below a GOING one are GOING, too */
    guint resetting; /* resets of it that wait for what is in flight */
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
 * Calls fn for each property of its own (parts are devices and asked themselves) that the
 * guest relies on, with what realize has made of it and what the default would be. Both
 * sides of a migration must agree in the values.
 */
void device_foreach_guest_property(const Device *dev, GuestPropertyFn fn, void *opaque);
/* The same for what its class tells by guest_facts. */
void device_foreach_guest_fact(const Device *dev, GuestPropertyFn fn, void *opaque);
/*
 * Calls fn for every property row that is not hidden, those of the ancestors first, then
 * those of the parts that none of these hides.
 */
void device_class_foreach_property(const DeviceClass *klass,
                                   void (*fn)(const Property *prop, void *opaque),
                                   void *opaque);
/*
 * The same for an instance: owner is it, or the part that has the row. find sets *owner,
 * which comes as an instance of klass or NULL.
 */
typedef void (*DeviceRowFn)(const Property *prop, Device *owner, void *opaque);
void device_foreach_row(const DeviceClass *klass, Device *dev, DeviceRowFn fn,
                        void *opaque);
const Property *device_find_row(const DeviceClass *klass, const char *name,
                                Device **owner);
/* Its attributes, those of the ancestors first, then those of the parts. */
void device_foreach_attribute(Device *dev,
                              void (*fn)(const DeviceAttribute *attribute, Device *owner,
                                         void *opaque),
                              void *opaque);
/* QMP device-list-properties and `-device X,help`. */
ConfigNode *device_class_list_properties(const DeviceClass *klass);
char *device_class_help(const DeviceClass *klass);

/* For code that makes the board: class by pointer, no configuration needed. */
Device *device_new(const DeviceClass *klass);
/* The name of its class as a user knows it: a part goes by the whole's. Borrowed. */
const char *device_user_name(const Device *dev);
/* A board's own device is "/machine/NAME" (path); before realize. */
void device_set_name(Device *dev, const char *name);
gboolean device_set_property(Device *dev, const char *name, ConfigNode *value,
                             GError **errp);
/* All keys of the map but driver, id and bus; then the required ones must be set. */
gboolean device_set_properties(Device *dev, ConfigNode *node, GError **errp);
/*
 * Puts it on the bus (NULL: the board) and makes it work: pre_plug, realize, plug, reset
 * of it and its children, announce. The tree then holds a reference of its own. On
 * failure everything is as before.
 */
gboolean device_realize(Device *dev, Bus *bus, GError **errp);
/*
 * For the realize of the device that part belongs to: the same up to plug. Reset and
 * announce come with those of the whole, its own announce before that of the whole.
 */
gboolean device_realize_part(Device *part, Bus *bus, GError **errp);
/* For a realize that fails after that: takes it off again. Nothing is in flight. */
void device_unrealize_part(Device *part);
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

/* --- unplug: unplug.c --- */

/*
 * device_del: asks the guest by way of the bus, or takes the device at once where nobody
 * has to be asked. DEVICE_DELETED follows, when the host has what was the device's. Until
 * then its id is taken. While it is REQUESTED the bus is asked again, and a failure of
 * that changes nothing.
 */
gboolean device_request_unplug(Device *dev, GError **errp);
/* For a bus that is asked again too early: sets QEMU's error, returns FALSE. */
gboolean device_unplug_too_early(const Device *dev, GError **errp);
/*
 * The guest has let go, or it is not asked (it may also do so unasked, late or twice: of
 * a GOING one nothing more happens). The one order, for the device and all below it:
 * quiesce -> children first: off the bus -> grace period -> unrealize -> children first:
 * release -> DEVICE_DELETED. From the main loop on, whoever calls.
 */
void device_unplug(Device *dev);
/*
 * The guest keeps it: DEVICE_UNPLUG_GUEST_ERROR. Nothing happens when it has not been
 * asked, or when it has let go meanwhile.
 */
void device_unplug_refused(Device *dev);
/* The request is none any more, and nobody is told. */
void device_unplug_taken_back(Device *dev);
/* device_del is for it: its class and its bus are made for that. */
gboolean device_is_hotpluggable(const Device *dev);
/* The rows of a device of which the guest may be asked; NULL: it never is. */
const StateDesc *device_unplug_state(const Device *dev);

/* --- walks: tree.c, lifecycle.c --- */

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
/* A reset or an unplug of it waits: nothing sets it going meanwhile. */
gboolean device_is_held(const Device *dev);
/*
 * The device and all below it (FLR, slot reset), or all on the bus and below them
 * (secondary bus reset): quiesced, then reset, parents first; then done (may be NULL),
 * now or later. A vCPU that has caused it is parked by the caller (access_hold()).
 */
void device_reset(Device *dev, void (*done)(void *opaque), void *opaque);
void bus_reset(Bus *bus, void (*done)(void *opaque), void *opaque);
/*
 * The machine's: what is REQUESTED goes as if the guest had let go, then what is GOING is
 * waited for, then all devices are quiesced and reset.
 */
void device_reset_all(void (*done)(void *opaque), void *opaque);

Device *device_find(const char *id);
Device *device_ref(Device *dev);
void device_unref(Device *dev);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Device, device_unref)
Device *device_find_path(const char *path);
/*
 * Parents first, children in order of creation: of a board that nothing has been plugged
 * into since, all in order of creation but for what is on a bus. fn changes no tree.
 */
void device_foreach(void (*fn)(Device *dev, void *opaque), void *opaque);
/* top and what is below it. */
void device_foreach_below(Device *top, void (*fn)(Device *dev, void *opaque),
                          void *opaque);
/* Another number after devices have come or gone: what is known of them may be old. */
guint64 device_tree_changes(void);
/* End of the process, vCPUs and data plane stopped: unrealizes all, last first. */
void device_cleanup(void);

typedef enum BusFit { BUS_REFUSES, BUS_LAST_CHOICE, BUS_SUITS } BusFit;

/* What connects a device. A function that is NULL has nothing to do. */
typedef struct BusClass {
    const char *type;     /* "virtio-bus", "isa-bus" */
    unsigned max_devices; /* 0: no limit */
    /* For parts of its owner only: no user's device finds it, by type or by name. */
    gboolean internal;
    /* Before realize: checks and reserves (an address). Undone by unplug. */
    gboolean (*pre_plug)(Bus *bus, Device *dev, GError **errp);
    /* After the device's own realize: connects it. */
    gboolean (*plug)(Bus *bus, Device *dev, GError **errp);
    /* After the reset, when all is done: now the guest may see it. */
    void (*announce)(Bus *bus, Device *dev);
    /*
     * Takes it off, before unrealize: also one of which realize or plug has failed, and
     * that has never been announced. Not called when pre_plug has failed.
     */
    void (*unplug)(Bus *bus, Device *dev);
    /*
     * How it suits a device of this class with these options that names no bus; NULL:
     * well. Only a guess: plug has the last word.
     */
    BusFit (*fits)(const Bus *bus, const DeviceClass *klass, ConfigNode *options);
    /*
     * Asks the guest to let go: one of device_unplug(), device_unplug_refused(),
     * device_unplug_taken_back() follows, now or later. Again for one that is REQUESTED
     * already. NULL: device_unplug() at once.
     */
    gboolean (*request_unplug)(Bus *bus, Device *dev, GError **errp);
    /* FALSE: "Bus 'pcie.0' does not support hotplugging"; NULL: it does. */
    gboolean (*can_hotplug)(const Bus *bus);
} BusClass;

struct Bus {
    const BusClass *klass;
    char *name;
    const char
        *alias;    /* another name for bus=, borrowed, for its maker to set; or NULL */
    Device *owner; /* NULL: the board */
    void *opaque;  /* the owner's */
    GPtrArray *devices; /* plugged, borrowed, in order of plugging */
};

/*
 * Names need not be unique (a device's may be that of its id): the oldest is found. In
 * realize, of which unrealize frees it.
 */
Bus *bus_new(const BusClass *klass, const char *name, Device *owner, void *opaque);
void bus_free(Bus *bus);
Bus *bus_find(const char *name);
/* In order of creation, internal ones too. */
void bus_foreach(void (*fn)(Bus *bus, void *opaque), void *opaque);
gboolean bus_full(const Bus *bus);
/* The first of those that suit best; NULL, with the reason, when there is none. */
Bus *bus_find_free(const DeviceClass *klass, ConfigNode *options, GError **errp);

#endif
