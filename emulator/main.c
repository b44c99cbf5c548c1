/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start-up order of the emulator, and nothing else.
 *
 * What can be checked is checked before anything is created. The monitor listens
 * first, so that a client is heard as early as possible; memory back ends, and then
 * all that devices refer to, come before the board, and the guest's boot image when
 * all devices are there. Threads load their filters when they start, the main one when
 * nothing is left to be done but to run the guest.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/cpu-config.h"
#include "accel/qtest.h"
#include "accel/run-state.h"
#include "accel/vcpu.h"
#include "block/block.h"
#include "block/removable.h"
#include "block/testing.h"
#include "chardev/chardev.h"
#include "config/action.h"
#include "config/argv.h"
#include "config/data-file.h"
#include "config/dialect.h"
#include "config/property.h"
#include "device/device.h"
#include "device/global.h"
#include "event/loop.h"
#include "event/slow.h"
#include "input/type.h"
#include "machine/machine.h"
#include "memory/ram.h"
#include "migration/migration.h"
#include "monitor/help.h"
#include "monitor/object.h"
#include "monitor/mon.h"
#include "monitor/qmp.h"
#include "net/net.h"
#include "sandbox/sandbox.h"
#include "util/created.h"
#include "util/daemon.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"
#include "util/log.h"
#include "util/module.h"
#include "util/resolver.h"

static int signal_fd = -1, log_fd = -1;
static EventHandler *signal_handler;

/* Helpers on the tree */

static const char *text_at(ConfigNode *config, const char *key)
{
    ConfigNode *node = config_map_get(config, key);

    return node ? config_node_string(node) : NULL;
}

static gboolean flag_at(ConfigNode *config, const char *key)
{
    return config_map_get(config, key) != NULL;
}

/* Calls fn for each entry of the list at key; errors begin with the entry's option. */
static gboolean each(ConfigNode *config, const char *key,
                     gboolean (*fn)(ConfigNode *node, GError **errp), GError **errp)
{
    ConfigNode *list = config_map_get(config, key);

    for (guint i = 0; list && i < config_list_size(list); i++) {
        ConfigNode *node = config_list_at(list, i);

        if (!fn(node, errp)) {
            help_hint(node, key, *errp);
            config_prefix_origin(node, key, errp);
            return FALSE;
        }
    }
    return TRUE;
}

/* Checks */

static gboolean check_device(ConfigNode *node, GError **errp)
{
    const DeviceClass *klass;
    const char *driver;

    if (!config_require_string(node, "driver", &driver, errp)) {
        return FALSE;
    }
    klass = device_class_find(driver);
    if (!klass) {
        return error_set(
            errp, "'%s' is not a valid device model name (-device help lists them)",
            driver);
    }
    g_autoptr(Device) trial = device_new(klass);
    return device_set_properties(trial, node, errp);
}

static gboolean check_sandbox(ConfigNode *config, GError **errp)
{
    static const char *const rules[] = {
        "obsolete", "elevateprivileges", "spawn", "resourcecontrol", "network", "files"
    };
    static const char *const answers[] = { "allow", "deny", NULL };
    ConfigNode *node = config_map_get(config, "sandbox");
    const char *value;
    gboolean on;

    if (!node) {
        return TRUE;
    }
    if (!config_get_bool(node, "enable", TRUE, &on, errp)) {
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (!config_get_string(node, rules[i], "allow", &value, errp)) {
            return FALSE;
        }
        if (!g_strv_contains(answers, value)) {
            return property_bad_value(rules[i], value, answers, errp);
        }
    }
    return config_check_unused(node, errp);
}

/* Also whether memory is to be locked. */
static gboolean check_overcommit(ConfigNode *config, gboolean *lock, GError **errp)
{
    ConfigNode *node = config_map_get(config, "overcommit");
    *lock = FALSE;
    if (node && (!config_get_bool(node, "mem-lock", FALSE, lock, errp) ||
                 !config_check_unused(node, errp))) {
        config_prefix_origin(node, "-overcommit", errp);
        return FALSE;
    }
    return TRUE;
}

static gboolean check(ConfigNode *config, GError **errp)
{
    ConfigNode *type = config_map_get(config_map_get(config, "machine"), "type");
    ConfigNode *accel = config_map_peek(config_map_get(config, "accel"), "accel");
    gboolean lock;

    if (config_node_type(type) == CONFIG_STRING &&
        !machine_find(config_node_string(type))) {
        return error_set(errp,
                         "-machine %s: unsupported machine type\n"
                         "Use -machine help to list supported machines",
                         config_node_string(type));
    }
    if (config_map_has(config, "qtest") &&
        !g_str_equal(config_node_string(accel), "qtest")) {
        return error_set(errp, "-qtest %s: needs -accel qtest", text_at(config, "qtest"));
    }
    if (!check_sandbox(config, errp)) {
        config_prefix_origin(config_map_get(config, "sandbox"), "-sandbox", errp);
        return FALSE;
    }
    return check_overcommit(config, &lock, errp) &&
           each(config, "global", device_global_add, errp) &&
           each(config, "mon", mon_check, errp) &&
           each(config, "object", object_check, errp) &&
           each(config, "device", check_device, errp);
}

/* The steps */

static void signal_ready(void *opaque, GIOCondition ready)
{
    struct signalfd_siginfo info;

    if (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
        log_info("terminating on signal %u from pid %u", info.ssi_signo, info.ssi_pid);
        vm_request_shutdown(SHUTDOWN_HOST_SIGNAL);
    }
}

/*
 * Blocked in every thread, and before there is anything to take away at the end; only the
 * main loop hears them.
 */
static sigset_t block_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* RLIMIT_FSIZE: the write fails */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return set;
}

static gboolean set_up_signals(const sigset_t *set, GError **errp)
{
    signal_fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signal_fd < 0) {
        return error_set_errno(errp, errno, "cannot receive signals");
    }
    signal_handler =
        event_loop_add_fd(event_loop_main(), signal_fd, G_IO_IN, signal_ready, NULL);
    return TRUE;
}

/* What goes wrong until the start has succeeded is still said on stderr. */
static gboolean open_log(ConfigNode *config, GError **errp)
{
    const char *path = text_at(config, "log");

    if (!path || !*path) {
        return TRUE;
    }
    log_fd = created_open(path, O_WRONLY | O_APPEND, 0644);
    return log_fd >= 0 ||
           error_set_errno(errp, errno, "-D %s: cannot open log file", path);
}

static gboolean add_fd(ConfigNode *node, GError **errp)
{
    const char *number, *opaque;
    guint64 set;
    autofd int fd = -1;

    if (!config_require_string(node, "fd", &number, errp) ||
        !config_require_string(node, "set", &opaque, errp) ||
        !config_get_uint(node, "set", 0, 0, G_MAXINT64, &set, errp) ||
        !config_get_string(node, "opaque", NULL, &opaque, errp) ||
        !config_check_unused(node, errp)) {
        return FALSE;
    }
    fd = fd_claim(number, errp);
    if (fd < 0 || fdset_add((gint64)set, fd, opaque, errp) < 0) {
        return FALSE;
    }
    fd_steal(&fd);
    return TRUE;
}

static gboolean start_process(ConfigNode *config, GError **errp)
{
    ConfigNode *name = config_map_get(config, "name");
    const char *process = NULL, *pidfile = text_at(config, "pidfile");
    sigset_t signals;

    if (name && !config_get_string(name, "process", NULL, &process, errp)) {
        return FALSE;
    }
    if (process) {
        prctl(PR_SET_NAME, process);
    }
    if (!each(config, "add-fd", add_fd, errp)) {
        return FALSE;
    }
    if (flag_at(config, "daemonize") && !daemon_fork(errp)) {
        return FALSE;
    }
    signals = block_signals();
    if ((pidfile && !pidfile_lock(pidfile, errp)) || !open_log(config, errp) ||
        !event_loop_check(errp)) {
        return FALSE;
    }
    event_init();
    return set_up_signals(&signals, errp);
}

static gboolean add_chardev(ConfigNode *node, GError **errp)
{
    return chardev_new(node, errp) != NULL;
}

static gboolean start_monitors(ConfigNode *config, GError **errp)
{
    ConfigNode *key = config_map_get(config, "echr");

    if (key) {
        chardev_set_mux_key((guint8)config_node_int(key));
    }
    qmp_set_config(config);
    return each(config, "chardev", add_chardev, errp) &&
           each(config, "mon", mon_add, errp);
}

/* What is in the command line is looked up here; a monitor may name more later. */
static void start_resolver(ConfigNode *config, gboolean network)
{
    if (!network) {
        resolver_deny("-sandbox network=deny");
        net_deny("-sandbox network=deny");
    } else if (config_map_has(config, "mon")) {
        resolver_start(sandbox_resolver_filter());
    }
}

static gboolean add_denied(ConfigNode *node, const char *rule, SandboxDenied what,
                           SandboxDenied *denied, GError **errp)
{
    const char *value;

    if (!config_get_string(node, rule, "allow", &value, errp)) {
        return FALSE;
    }
    *denied |= g_str_equal(value, "deny") ? what : 0;
    return TRUE;
}

static gboolean start_sandbox(ConfigNode *config, GError **errp)
{
    ConfigNode *node = config_map_get(config, "sandbox");
    SandboxDenied denied = 0;
    gboolean on = TRUE;

    if (node && (!config_get_bool(node, "enable", TRUE, &on, errp) ||
                 !add_denied(node, "network", SANDBOX_NETWORK, &denied, errp) ||
                 !add_denied(node, "files", SANDBOX_FILES, &denied, errp))) {
        return FALSE;
    }
    on = on && !flag_at(config, "disable-seccomp");
    thread_set_start_hook(sandbox_enter_thread);
    if (on && !sandbox_prepare(denied, errp)) {
        return FALSE;
    }
    start_resolver(config, !on || !(denied & SANDBOX_NETWORK));
    return TRUE;
}

/*
 * `-machine none` has nothing that could run: KVM is only asked what CPUs there could be,
 * now, as the filter will not let it be opened.
 */
static gboolean start_accel(ConfigNode *config, GError **errp)
{
    ConfigNode *accel = config_map_get(config, "accel");
    const char *qtest = text_at(config, "qtest"), *log = text_at(config, "qtest-log");
    const char *machine;
    g_autoptr(ConfigNode) none = NULL;

    if (!config_get_string(config_map_get(config, "machine"), "type", NULL, &machine,
                           errp)) {
        return FALSE;
    }
    if (g_str_equal(machine, "none")) {
        none = config_map_new();
        config_map_set(none, "accel", config_string_new("qtest"));
        if (g_str_equal(text_at(accel, "accel"), "kvm")) {
            cpu_ask_alone(&kvm_cpu_source);
        }
        accel = none;
    }
    if (!accel_init(accel, errp) ||
        (!none && !cpu_configure(config_map_get(config, "cpu"),
                                 config_map_get(config, "smp"), errp))) {
        return FALSE;
    }
    return !qtest || qtest_server_start(qtest, log, errp);
}

static gboolean add_object(ConfigNode *node, GError **errp)
{
    return object_add(node, errp);
}

static gboolean is_listed(ConfigNode *config, const char *list, const char *name)
{
    const ConfigNode *entries = config_map_get(config, list);

    for (guint i = 0; entries && i < config_list_size(entries); i++) {
        if (g_strcmp0(text_at(config_list_at(entries, i), "node-name"), name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What -drive has left to the image itself. */
static gboolean complete_drives(ConfigNode *config, GError **errp)
{
    const ConfigNode *nodes = config_map_get(config, "blockdev");

    for (guint i = 0; nodes && i < config_list_size(nodes); i++) {
        ConfigNode *node = config_list_at(nodes, i);
        const char *name = text_at(node, "node-name");
        if (is_listed(config, "drive-node", name) &&
            !block_drive_complete(node, is_listed(config, "guessed-raw", name), errp)) {
            config_prefix_origin(node, "-drive", errp);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_blockdev(ConfigNode *node, GError **errp)
{
    return block_node_add(node, errp) != NULL;
}

/* -drive without format=. */
static gboolean check_raw(ConfigNode *node, GError **errp)
{
    return block_check_raw(text_at(node, "node-name"), errp);
}

static gboolean set_drive(ConfigNode *node, GError **errp)
{
    block_node_set_drive(block_node_find(text_at(node, "node-name")));
    return TRUE;
}

static gboolean name_drive(ConfigNode *node, GError **errp)
{
    const char *name = text_at(node, "name");

    removable_name_drive(name, block_node_find(name));
    return TRUE;
}

static gboolean add_netdev(ConfigNode *node, GError **errp)
{
    return net_backend_add(node, errp) != NULL;
}

static gboolean start_backends(ConfigNode *config, GError **errp)
{
    if (text_at(config, "qtest")) {
        block_testing_enable();
        qtest_offer_command("block", block_testing_command);
    }
    data_file_set_dirs(config_map_get(config, "data-dir"));
    block_set_start_inactive(config_map_has(config, "incoming"));
    vm_set_flush(block_flush_all);
    return each(config, "object", add_object, errp) && complete_drives(config, errp) &&
           each(config, "blockdev", add_blockdev, errp) &&
           each(config, "guessed-raw", check_raw, errp) &&
           each(config, "drive-node", set_drive, errp) &&
           each(config, "named-drive", name_drive, errp) &&
           each(config, "netdev", add_netdev, errp);
}

static gboolean add_device(ConfigNode *node, GError **errp)
{
    return device_add_from_config(node, FALSE, errp) != NULL;
}

static gboolean start_machine(ConfigNode *config, GError **errp)
{
    return machine_create(config, errp) &&
           each(config, "object", object_check_used, errp) &&
           each(config, "device", add_device, errp) &&
           machine_ready(config_map_has(config, "incoming"), errp);
}

/* The values have been checked. */
static void set_actions(ConfigNode *action)
{
    for (int kind = 0; action && kind < ACTION__KINDS; kind++) {
        const char *name = text_at(action, action_keys[kind]);

        if (name) {
            vm_set_action((ActionKind)kind, action_find((ActionKind)kind, name));
        }
    }
}

static gboolean lock_memory(ConfigNode *config, GError **errp)
{
    gboolean lock;
    if (!check_overcommit(config, &lock, errp)) {
        return FALSE;
    }
    if (lock && !ram_lock_all(errp)) {
        config_prefix_origin(config_map_get(config, "overcommit"), "-overcommit", errp);
        return FALSE;
    }
    return TRUE;
}

static gboolean start_guest(ConfigNode *config, GError **errp)
{
    const char *incoming = text_at(config, "incoming");
    gboolean autostart = !flag_at(config, "S");

    set_actions(config_map_get(config, "action"));
    if (incoming) {
        run_state_set(RUN_STATE_INMIGRATE);
        migration_set_autostart(autostart);
        if (!migration_incoming("defer", errp) || !migration_incoming(incoming, errp)) {
            g_prefix_error(errp, "-incoming %s: ", incoming);
            return FALSE;
        }
    }
    if (!lock_memory(config, errp) || !net_serve(errp) || !pidfile_write(errp) ||
        !daemon_detach(errp)) {
        return FALSE;
    }
    if (log_fd >= 0) {
        dup3(log_fd, STDERR_FILENO, 0);
        fd_clear(&log_fd);
    }
    resolver_seal();
    module_seal();
    if (!sandbox_enter(errp)) {
        return FALSE;
    }
    created_keep(); /* from here on nothing fails */
    daemon_ready();
    if (!incoming && autostart) {
        vm_start();
    }
    return TRUE;
}

static gboolean start(ConfigNode *config, GError **errp)
{
    static gboolean (*const steps[])(ConfigNode *, GError **) = {
        check,       start_process,  start_monitors, start_sandbox,
        start_accel, start_backends, start_machine,  start_guest,
    };

    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (!steps[i](config, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The other way round; each does nothing where its step was not reached. */
static void clean_up(void)
{
    slow_cleanup();
    migration_cleanup();
    vm_quiesce_cleanup();
    qtest_server_stop();
    machine_cleanup();
    net_cleanup();
    input_type_cleanup();
    block_cleanup();
    object_cleanup();
    mon_cleanup();
    qmp_set_config(NULL);
    chardev_cleanup();
    device_global_cleanup();
    data_file_set_dirs(NULL);
    fdset_cleanup();
    event_handler_remove(signal_handler);
    fd_clear(&signal_fd);
    fd_clear(&log_fd);
    pidfile_remove();
    created_undo(); /* of a start that has failed */
}

/* -version, -help, `-device help`, ...: TRUE when that was all that was asked for. */
static gboolean print_only(ConfigNode *config, const char *program, GError **errp)
{
    ConfigNode *topics = config_map_get(config, "help");
    const Dialect *d = dialect_get();

    if (flag_at(config, "version")) {
        printf("QEMU emulator version %u.%u.%u (vireo " PACKAGE_VERSION ")\n",
               d->version[0], d->version[1], d->version[2]);
    } else if (flag_at(config, "usage")) {
        config_print_usage(stdout, program);
    } else if (topics) {
        help_print(stdout, topics, errp);
    } else {
        return FALSE;
    }
    return TRUE;
}

/* While there are the sets whose notes it takes. */
static void explain(GError *error)
{
    char *words = fdset_explain(error->message);
    g_free(error->message);
    error->message = words;
}

int main(int argc, char **argv)
{
    if (argc == 1 && g_str_equal(argv[0], RESOLVER_PROGRAM)) {
        return resolver_serve();
    }
    log_set_program("vireo");
    g_autoptr(GError) error = NULL;
    g_autoptr(ConfigNode) config = config_parse_argv(argc, argv, &error);

    if (config && !print_only(config, argv[0], &error)) {
        if (start(config, &error)) {
            event_loop_run(event_loop_main());
        } else {
            explain(error);
        }
        clean_up();
    }
    if (error) {
        log_error("%s", error->message);
        return EXIT_FAILURE;
    }
    return vm_has_failed() ? EXIT_FAILURE : EXIT_SUCCESS;
}
