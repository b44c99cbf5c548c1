/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of config/. */
#ifndef VIREO_CONFIG_INTERNAL_H
#define VIREO_CONFIG_INTERNAL_H

#include "config/node.h"

typedef enum OptionArg { ARG_NONE, ARG_REQUIRED, ARG_OPTIONAL } OptionArg;

typedef enum OptionAction {
    OPTION_FLAG,   /* tree[key] = true */
    OPTION_STRING, /* tree[key] = argument */
    OPTION_MAP,    /* merged into the map tree[key] */
    OPTION_LIST,   /* a map appended to the list tree[key]; JSON where it is marked */
    OPTION_NOOP,   /* checked against the table of no-ops, then forgotten */
    OPTION_CALL,   /* call() does it */
} OptionAction;

typedef struct Option {
    const char *name;
    OptionArg arg;
    OptionAction action;
    const char *key;     /* in the tree; of a call: its help's topic, or NULL */
    const char *implied; /* key that the first value may leave out */
    gboolean json;
    gboolean flat;            /* dots do not nest */
    const char *const *again; /* keys of a list's entry that may come several times */
    gboolean (*call)(ConfigNode *tree, const char *arg, GError **errp);
    const char *arg_help;
    const char *help;
} Option;

extern const Option config_options[]; /* ends with a NULL name */
/* Keys of -netdev that may come several times; ends with NULL. */
extern const char *const config_netdev_lists[];
/* Names of options that QEMU 7.2 has and config_options has not; ends with NULL. */
extern const char *const config_qemu_options[];

/* The list tree[key], made when missing. Borrowed. */
ConfigNode *config_tree_list(ConfigNode *tree, const char *key);
ConfigNode *config_tree_map(ConfigNode *tree, const char *key);

/* -rtc: tree["rtc"]["offset"] is the guest's time minus the host's, seconds (text). */
gboolean config_add_rtc(ConfigNode *tree, const char *arg, GError **errp);
/* -boot: tree["boot"], which config_get_boot() (config/boot.h) understands. */
gboolean config_add_boot(ConfigNode *tree, const char *arg, GError **errp);
/*
 * -smbios: maps in the list tree["smbios"]; of value= and path= that come several times
 * each has one of its own. A UUID of type 1 is tree["uuid"], as -uuid's.
 */
gboolean config_add_smbios(ConfigNode *tree, const char *arg, GError **errp);
/* -serial, -qmp, -monitor: QEMU's short forms of character devices. */
gboolean config_add_serial(ConfigNode *tree, const char *arg, GError **errp);
gboolean config_add_qmp(ConfigNode *tree, const char *arg, GError **errp);
gboolean config_add_qmp_pretty(ConfigNode *tree, const char *arg, GError **errp);
gboolean config_add_monitor(ConfigNode *tree, const char *arg, GError **errp);
/*
 * -drive and what is short for it: kept in tree["drive"] until the machine is known.
 * Takes over drive.
 */
void config_keep_drive(ConfigNode *tree, ConfigNode *drive, const char *origin);
gboolean config_add_drive(ConfigNode *tree, const char *arg, GError **errp);
gboolean config_add_pflash(ConfigNode *tree, const char *arg, GError **errp);
/*
 * Each drive in its order as a block node, and its device, in front of those of -device:
 * the board has it first.
 */
gboolean config_place_drives(ConfigNode *tree, GError **errp);
/* Of if=ide: plugs it where it is to be, and sets its id where none is given. */
gboolean config_place_ide(ConfigNode *tree, ConfigNode *drive, gboolean cdrom,
                          const char *origin, GError **errp);
gboolean config_add_cdrom(ConfigNode *tree, const char *arg, GError **errp);
gboolean config_add_hda(ConfigNode *tree, const char *arg, GError **errp);
gboolean config_add_hdb(ConfigNode *tree, const char *arg, GError **errp);
gboolean config_add_hdc(ConfigNode *tree, const char *arg, GError **errp);
gboolean config_add_hdd(ConfigNode *tree, const char *arg, GError **errp);

/* -nic and -net (nic.c): tree["nic"], until config_complete_nics(). */
gboolean config_add_nic(ConfigNode *tree, const char *arg, GError **errp);
gboolean config_add_net(ConfigNode *tree, const char *arg, GError **errp);
gboolean config_complete_nics(ConfigNode *tree, GError **errp);

/*
 * A key that the map has twice, borrowed; NULL: none. Counts the comparisons of keys
 * that it takes.
 */
const char *json_duplicate_key(const ConfigNode *map, guint64 *comparisons);

/* After all options: defaults, -m, -smp and what depends on several options. */
gboolean config_complete(ConfigNode *tree, GError **errp);

#endif
