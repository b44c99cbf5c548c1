/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of options: parsing and -help are made from it. */
#include "config.h"

#include "config/dialect.h"
#include "config/internal.h"
#include "config/keyval.h"
#include "config/noop.h"

#include <string.h>

#include "util/error.h"

static gboolean set_topic(ConfigNode *tree, const char *topic, GError **errp)
{
    config_map_set(tree, topic, config_bool_new(TRUE));
    return TRUE;
}

static gboolean opt_version(ConfigNode *tree, const char *arg, GError **errp)
{
    return set_topic(tree, "version", errp);
}

static gboolean opt_help(ConfigNode *tree, const char *arg, GError **errp)
{
    return set_topic(tree, "usage", errp);
}

static gboolean opt_dialect(ConfigNode *tree, const char *arg, GError **errp)
{
    const Dialect *dialect = dialect_find(arg);

    if (!dialect) {
        return error_set(errp, "unknown dialect (qemu, stratovirt)");
    }
    dialect_set(dialect);
    return TRUE;
}

static gboolean opt_enable_kvm(ConfigNode *tree, const char *arg, GError **errp)
{
    config_map_set(config_tree_map(tree, "accel"), "accel", config_string_new("kvm"));
    return TRUE;
}

static gboolean opt_no_acpi(ConfigNode *tree, const char *arg, GError **errp)
{
    config_map_set(config_tree_map(tree, "machine"), "acpi", config_string_new("off"));
    return TRUE;
}

static gboolean opt_no_hpet(ConfigNode *tree, const char *arg, GError **errp)
{
    config_map_set(config_tree_map(tree, "machine"), "hpet", config_string_new("off"));
    return TRUE;
}

/* Short for an item of -action. */
static gboolean set_action(ConfigNode *tree, const char *key, const char *value)
{
    config_map_set(config_tree_map(tree, "action"), key, config_string_new(value));
    return TRUE;
}

static gboolean opt_no_reboot(ConfigNode *tree, const char *arg, GError **errp)
{
    return set_action(tree, "reboot", "shutdown");
}

static gboolean opt_no_shutdown(ConfigNode *tree, const char *arg, GError **errp)
{
    return set_action(tree, "shutdown", "pause");
}

static gboolean opt_uuid(ConfigNode *tree, const char *arg, GError **errp)
{
    if (!g_uuid_string_is_valid(arg)) {
        return error_set(errp, "not a UUID");
    }
    config_map_set(tree, "uuid", config_string_new(arg));
    return TRUE;
}

/* QEMU reads it as C writes numbers: 20, 024 or 0x14. */
static gboolean opt_echr(ConfigNode *tree, const char *arg, GError **errp)
{
    char *end;
    guint64 key = g_ascii_strtoull(arg, &end, 0);

    if (!g_ascii_isdigit(*arg) || *end || key > G_MAXUINT8) {
        return error_set(errp, "not the number of a character (0 to 255)");
    }
    config_map_set(tree, "echr", config_int_new((gint64)key));
    return TRUE;
}

static gboolean opt_firmware_dir(ConfigNode *tree, const char *arg, GError **errp)
{
    config_list_add(config_tree_list(tree, "data-dir"), config_string_new(arg));
    return TRUE;
}

/* driver.property=value as driver=,property=,value=; the driver's name has no dot. */
static ConfigNode *parse_global(const char *arg, GError **errp)
{
    size_t driver = strcspn(arg, ".="), name = strcspn(arg, "=");
    if (arg[name] != '=') {
        error_set(errp, "expected DRIVER.PROPERTY=VALUE");
        return NULL;
    }
    if (arg[driver] != '.') {
        return keyval_parse(arg, NULL, errp);
    }
    g_autofree char *of = g_strndup(arg, driver);
    g_autofree char *property = g_strndup(arg + driver + 1, name - driver - 1);
    ConfigNode *map = config_map_new();
    config_map_set(map, "driver", config_string_new(of));
    config_map_set(map, "property", config_string_new(property));
    config_map_set(map, "value", config_string_new(arg + name + 1));
    return map;
}

/* Whether it is one that cannot matter (noop.c). */
static gboolean check_global(ConfigNode *map, gboolean *matters, GError **errp)
{
    const char *driver, *property, *value;
    if (!config_get_string(map, "driver", "", &driver, errp) ||
        !config_get_string(map, "property", "", &property, errp) ||
        !config_get_string(map, "value", "", &value, errp)) {
        return FALSE;
    }
    g_autofree char *name = g_strdup_printf("%s.%s", driver, property);
    g_autoptr(ConfigNode) noop = config_map_new();
    config_map_set(noop, name, config_string_new(value));
    if (!noop_strip("global", noop, FALSE, errp)) {
        return FALSE;
    }
    *matters = config_map_size(noop) > 0;
    return TRUE;
}

static gboolean opt_global(ConfigNode *tree, const char *arg, GError **errp)
{
    g_autoptr(ConfigNode) map = parse_global(arg, errp);
    gboolean matters;
    if (!map || !check_global(map, &matters, errp)) {
        return FALSE;
    }
    if (matters) {
        g_autofree char *origin = g_strdup_printf("-global %s", arg);
        config_node_set_origin(map, origin);
        config_list_add(config_tree_list(tree, "global"), g_steal_pointer(&map));
    }
    return TRUE;
}

/* StratoVirt: without a file name the log goes to stderr. */
static gboolean opt_log(ConfigNode *tree, const char *arg, GError **errp)
{
    config_map_set(tree, "log", config_string_new(arg ? arg : ""));
    return TRUE;
}

#define FLAG(name_, help_)                                                               \
    {                                                                                    \
        .name = name_, .action = OPTION_FLAG, .key = name_, .help = help_                \
    }
#define STRING(name_, args_, help_)                                                      \
    {                                                                                    \
        .name = name_, .arg = ARG_REQUIRED, .action = OPTION_STRING, .key = name_,       \
        .arg_help = args_, .help = help_                                                 \
    }
#define MAP(name_, key_, implied_, args_, help_)                                         \
    {                                                                                    \
        .name = name_, .arg = ARG_REQUIRED, .action = OPTION_MAP, .key = key_,           \
        .implied = implied_, .arg_help = args_, .help = help_                            \
    }
#define LIST(name_, implied_, json_, args_, help_)                                       \
    {                                                                                    \
        .name = name_, .arg = ARG_REQUIRED, .action = OPTION_LIST, .key = name_,         \
        .implied = implied_, .json = json_, .arg_help = args_, .help = help_             \
    }
#define CALL(name_, arg_, fn_, args_, help_)                                             \
    {                                                                                    \
        .name = name_, .arg = arg_, .action = OPTION_CALL, .call = fn_,                  \
        .arg_help = args_, .help = help_                                                 \
    }
#define NOOP(name_, arg_, implied_, json_, args_)                                        \
    {                                                                                    \
        .name = name_, .arg = arg_, .action = OPTION_NOOP, .implied = implied_,          \
        .json = json_, .arg_help = args_, .help = "accepted, cannot matter here"         \
    }

const char *const config_netdev_lists[] = { "hostfwd", "guestfwd", "dnssearch", NULL };

const Option config_options[] = {
    CALL("h", ARG_NONE, opt_help, NULL, NULL),
    CALL("help", ARG_NONE, opt_help, NULL, "display this help and exit"),
    CALL("version", ARG_NONE, opt_version, NULL, "display version and exit"),
    MAP("machine", "machine", "type", "[type=]name[,prop=value...]",
        "select the board ('-machine help' for a list)"),
    MAP("M", "machine", "type", "[type=]name[,prop=value...]", "same as -machine"),
    MAP("accel", "accel", "accel", "[accel=]kvm|qtest[,device=PATH][,prop=value...]",
        "select the accelerator; the device of kvm"),
    CALL("enable-kvm", ARG_NONE, opt_enable_kvm, NULL, "same as -accel kvm"),
    { .name = "cpu",
      .arg = ARG_REQUIRED,
      .action = OPTION_MAP,
      .key = "cpu",
      .implied = "model",
      .flat = TRUE,
      .arg_help = "model[,feature=on|off...]",
      .help = "select the CPU model" },
    MAP("smp", "smp", "cpus",
        "[[cpus=]n][,maxcpus=n][,sockets=n][,dies=n][,clusters=n][,cores=n][,threads=n]",
        "number of virtual CPUs and their topology"),
    MAP("m", "memory", "size", "[size=]megs[,slots=n,maxmem=size]",
        "size of guest memory (MiB without a suffix)"),
    LIST("object", "qom-type", TRUE, "TYPE,id=ID[,prop=value...]",
         "create an object: iothread, memory-backend-*, rng-random, ..."),
    LIST("add-fd", NULL, FALSE, "fd=N,set=N[,opaque=TEXT]",
         "put an inherited descriptor into a set: /dev/fdset/N"),
    LIST(
        "chardev", "backend", TRUE,
        "stdio|pty|socket|file|pipe|ringbuf|null|mux,id=ID[,mux=on][,logfile=PATH][,...]",
        "create a character device"),
    CALL("serial", ARG_REQUIRED, config_add_serial, "DEV",
         "connect a serial port: stdio, pty, null, file:PATH, pipe:PATH, unix:PATH,..., "
         "tcp:HOST:PORT,..., chardev:ID, none; mon:DEV has the human monitor beside it (Control-A c)"),
    CALL("echr", ARG_REQUIRED, opt_echr, "N",
         "the key of multiplexed chardevs (mux=on), by its number: 1, Control-A, if not "
         "said"),
    LIST("mon", "chardev", FALSE,
         "[chardev=]ID[,mode=readline|control][,pretty=on|off]",
         "serve the human monitor, or QMP (control), on a character device"),
    CALL("qmp", ARG_REQUIRED, config_add_qmp, "DEV",
         "serve QMP: unix:PATH,server=on,..."),
    CALL("qmp-pretty", ARG_REQUIRED, config_add_qmp_pretty, "DEV",
         "like -qmp, with indented replies"),
    CALL("monitor", ARG_REQUIRED, config_add_monitor, "DEV",
         "serve the human monitor: stdio, unix:PATH,server=on,..., none"),
    LIST("blockdev", "driver", TRUE, "[driver=]raw|file,node-name=N[,...]",
         "create a block node"),
    CALL("drive", ARG_REQUIRED, config_add_drive,
         "if=none|ide|pflash[,id=ID][,media=disk|cdrom][,file=PATH][,format=raw]"
         "[,index=N|,bus=N|,unit=N][,readonly=on|off][,cache=MODE][,direct=on|off]"
         "[,aio=MODE]",
         "create a block node for -device ...,drive=ID, with its drive on SATA port N "
         "(ide, which q35 has by default; media=cdrom: a CD drive, empty without file=), "
         "or "
         "for a flash (unit 0: the firmware, 1: its variables); format=raw should be "
         "given"),
    CALL("cdrom", ARG_REQUIRED, config_add_cdrom, "FILE",
         "a CD in a drive: -drive if=ide,index=2,media=cdrom,file=FILE"),
    CALL("hda", ARG_REQUIRED, config_add_hda, "FILE",
         "a disk: -drive if=ide,index=0,file=FILE"),
    CALL("hdb", ARG_REQUIRED, config_add_hdb, "FILE", "likewise, with index=1"),
    CALL("hdc", ARG_REQUIRED, config_add_hdc, "FILE", "likewise, with index=2"),
    CALL("hdd", ARG_REQUIRED, config_add_hdd, "FILE", "likewise, with index=3"),
    CALL("pflash", ARG_REQUIRED, config_add_pflash, "FILE",
         "the next flash: -drive if=pflash,file=FILE"),
    { .name = "netdev",
      .arg = ARG_REQUIRED,
      .action = OPTION_LIST,
      .key = "netdev",
      .implied = "type",
      .json = TRUE,
      .again = config_netdev_lists,
      .arg_help = "tap|user,id=ID[,ifname=NAME|fd=N][,hostfwd=RULE]",
      .help = "create a network back end" },
    { .name = "nic",
      .arg = ARG_REQUIRED,
      .action = OPTION_CALL,
      .call = config_add_nic,
      .key = "nic",
      .arg_help = "user|tap|none[,model=NAME][,mac=ADDRESS][,option of -netdev...]",
      .help = "create a network back end and a card for it ('-nic model=help')" },
    { .name = "net",
      .arg = ARG_REQUIRED,
      .action = OPTION_CALL,
      .call = config_add_net,
      .key = "net",
      .arg_help =
          "nic[,model=NAME][,macaddr=ADDRESS][,netdev=ID] | user|tap[,...] | none",
      .help = "the older form of -nic: the card and the back end each by one -net" },
    LIST("device", "driver", TRUE, "DRIVER[,prop=value...]",
         "add a device ('-device help', '-device DRIVER,help')"),
    STRING("bios", "FILE", "firmware of a machine that has no flash"),
    STRING("kernel", "FILE", "kernel image"),
    STRING("initrd", "FILE", "initial RAM disk"),
    STRING("append", "TEXT", "kernel command line"),
    LIST("fw_cfg", "name", FALSE, "[name=]NAME,file=FILE|string=TEXT",
         "an item of your own for firmware and guest: NAME begins with opt/"),
    STRING("incoming", "URI|defer", "wait for a migration: tcp:, unix:, fd:"),
    MAP("name", "name", "guest", "[guest=]NAME[,process=NAME][,debug-threads=on|off]",
        "name of the VM"),
    CALL("uuid", ARG_REQUIRED, opt_uuid, "UUID", "UUID of the VM, also in SMBIOS"),
    { .name = "smbios",
      .arg = ARG_REQUIRED,
      .action = OPTION_CALL,
      .key = "smbios",
      .call = config_add_smbios,
      .arg_help = "type=N[,field=value...]|file=FILE",
      .help = "say fields of SMBIOS structures, or load one ('-smbios help')" },
    STRING("pidfile", "FILE", "write the process id to FILE"),
    FLAG("daemonize", "detach once everything is set up"),
    FLAG("S", "do not start the CPUs ('cont' does)"),
    CALL("no-shutdown", ARG_NONE, opt_no_shutdown, NULL,
         "stay when the guest powers off: -action shutdown=pause"),
    CALL("no-reboot", ARG_NONE, opt_no_reboot, NULL,
         "exit when the guest reboots: -action reboot=shutdown"),
    MAP("action", "action", NULL,
        "[reboot=reset|shutdown][,shutdown=poweroff|pause]"
        "[,panic=pause|shutdown|exit-failure|none]"
        "[,watchdog=reset|shutdown|poweroff|pause|debug|none|inject-nmi]",
        "what to do on events of the guest (QMP: set-action)"),
    MAP("watchdog-action", "action", "watchdog", "ACTION",
        "what to do when a watchdog expires: -action watchdog=ACTION"),
    MAP("sandbox", "sandbox", "enable",
        "on|off[,network=allow|deny][,files=allow|deny][,...]",
        "confine the process (on unless told otherwise)"),
    FLAG("disable-seccomp", "do not confine the process"),
    FLAG("nographic", "serial port on stdio unless told otherwise; Control-C ends the VM "
                      "(chardev stdio: signal=off)"),
    FLAG("nodefaults", "no devices that were not asked for"),
    CALL("D", ARG_OPTIONAL, opt_log, "[FILE]", "log to FILE, or to stderr"),
    CALL("dialect", ARG_REQUIRED, opt_dialect, "qemu|stratovirt",
         "whose answers to give where they differ"),
    STRING("qtest", "unix:PATH", "serve the qtest protocol (with -accel qtest)"),
    STRING("qtest-log", "FILE", "log the qtest protocol"),
    CALL("no-acpi", ARG_NONE, opt_no_acpi, NULL, "same as -machine acpi=off"),
    NOOP("no-user-config", ARG_NONE, NULL, FALSE, NULL),
    CALL("no-hpet", ARG_NONE, opt_no_hpet, NULL, "same as -machine hpet=off"),
    NOOP("no-fd-bootchk", ARG_NONE, NULL, FALSE, NULL),
    CALL("L", ARG_REQUIRED, opt_firmware_dir, "DIR",
         "look for firmware and ROM files in DIR first"),
    CALL("global", ARG_REQUIRED, opt_global, "DRIVER.PROPERTY=VALUE",
         "what all devices of that class begin with"),
    CALL("rtc", ARG_REQUIRED, config_add_rtc,
         "[base=]utc|localtime|DATE[,clock=host|rt|vm][,driftfix=none|slew]",
         "what time of day the clock has at start, and by what it goes on (vm: it stands "
         "while the VM is stopped); slew: periodic interrupts that the guest was late "
         "for come all the same"),
    { .name = "boot",
      .arg = ARG_REQUIRED,
      .action = OPTION_CALL,
      .key = "boot",
      .call = config_add_boot,
      .arg_help = "[order=]DRIVES[,once=DRIVES][,menu=on|off][,strict=on|off]"
                  "[,splash-time=MS][,reboot-timeout=MS]",
      .help = "what firmware boots from (see also bootindex= of devices)" },
    MAP("overcommit", "overcommit", NULL, "[mem-lock=on|off][,cpu-pm=off]",
        "lock all memory of the process; what is not granted ends the start"),
    NOOP("realtime", ARG_REQUIRED, NULL, FALSE, "mlock=off"),
    NOOP("msg", ARG_REQUIRED, NULL, FALSE, "timestamp=on|off"),
    NOOP("display", ARG_REQUIRED, "type", TRUE, "none"),
    NOOP("vnc", ARG_REQUIRED, "vnc", FALSE, "none"),
    NOOP("vga", ARG_REQUIRED, "type", FALSE, "none"),
    NOOP("parallel", ARG_REQUIRED, "type", FALSE, "none"),
    NOOP("audiodev", ARG_REQUIRED, "driver", TRUE, "none,id=ID"),
    NOOP("run-with", ARG_REQUIRED, NULL, FALSE, "async-teardown=on|off"),
    { .name = NULL },
};
