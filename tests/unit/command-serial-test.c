/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/command/serial.c: the chardev of each type of <serial>, and what of it
 * the daemon opens. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command-q35.h"

#define SERIAL(type, more) "<serial type='" type "'>" more "</serial>"
#define TCP(mode)                                                                        \
    SERIAL("tcp", "<source" mode " host='127.0.0.1' service='%u'/>"                      \
                  "<protocol type='raw'/>")

static GHashTable *fds_new(void)
{
    GHashTable *fds = command_fds_new();
    GArray *own = g_array_new(FALSE, FALSE, sizeof(int));
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    g_array_append_val(own, fd);
    g_hash_table_insert(fds, g_strdup("serial0"), own);
    return fds;
}

/* The value of -chardev that is not the monitor's, with %d as it was passed. */
static char *chardev_of(GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];

        if (g_strcmp0(step->option, "-chardev") == 0 &&
            !strstr(step->text, "charmonitor")) {
            return g_strdup(step->text);
        }
    }
    return g_strdup("");
}

/* Whether the emulator keeps the right to connect. */
static gboolean may_connect(GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];

        if (g_strcmp0(step->option, "-sandbox") == 0) {
            return !strstr(step->text, "network=deny");
        }
    }
    g_assert_not_reached();
}

/* What is opened for the serial port. */
static const CommandFile *file_of(GPtrArray *steps)
{
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];

        if (step->file.path && strcmp(step->file.path, "/s.log") == 0) {
            return &step->file;
        }
    }
    return NULL;
}

static void test_types(void)
{
    static const struct {
        const char *serial, *chardev;
        int flags; /* of the file that is opened; 0: there is none */
    } rows[] = {
        { SERIAL("pty", ""), "pty,id=charserial0", 0 },
        { SERIAL("null", ""), "null,id=charserial0", 0 },
        { SERIAL("file", "<source path='/s.log'/>"),
          "file,id=charserial0,path=/dev/fdset/%u,append=on",
          O_WRONLY | O_CREAT | O_APPEND | O_TRUNC },
        { SERIAL("file", "<source path='/s.log' append='on'/>"),
          "file,id=charserial0,path=/dev/fdset/%u,append=on",
          O_WRONLY | O_CREAT | O_APPEND },
        { SERIAL("unix", "<source mode='bind' path='/s'/>"),
          "socket,id=charserial0,fd=%u,server=on,wait=off", 0 },
        { SERIAL("unix", "<source path='/s'><reconnect enabled='no'/></source>"),
          "socket,id=charserial0,fd=%u", 0 },
        { SERIAL("tcp", "<source mode='bind' host='h' service='1'/>"),
          "socket,id=charserial0,fd=%u,server=on,wait=off", 0 },
        { SERIAL("tcp", "<source mode='connect' host='h' service='65535' tls='no'/>"
                        "<protocol type='raw'/>"),
          "socket,id=charserial0,fd=%u", 0 },
        { SERIAL("pipe", "<source path='/f,i'/>"), "pipe,id=charserial0,path=/f,,i", 0 },
        { SERIAL("stdio", ""), "stdio,id=charserial0", 0 },
        { SERIAL("null", "<log file='/s.log'/>"),
          "null,id=charserial0,logfile=/dev/fdset/%u,logappend=on",
          O_WRONLY | O_CREAT | O_APPEND | O_TRUNC },
        { SERIAL("unix", "<source path='/s'><reconnect enabled='yes' timeout='3'/>"
                         "</source><log file='/s.log' append='on'/>"),
          "socket,id=charserial0,path=/s,reconnect-ms=3000,logfile=/dev/fdset/%u,"
          "logappend=on",
          O_WRONLY | O_CREAT | O_APPEND },
        { SERIAL("tcp", "<source host='h' service='7'>"
                        "<reconnect enabled='yes' timeout='86400'/></source>"),
          "socket,id=charserial0,host=h,port=7,reconnect-ms=86400000", 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(Q35("%s"), rows[i].serial);
        g_autoptr(Domain) domain = prepare(text);
        g_autoptr(GHashTable) fds = fds_new();
        CommandFacts facts = { .monitor_fd = 3, .device_fds = fds };
        g_autoptr(GError) error = NULL;
        guint next = 7;
        g_autoptr(GPtrArray) steps = command_start(domain, &facts, &next, &error);
        g_autofree char *chardev = NULL, *expected = NULL;
        const CommandFile *file;

        g_assert_no_error(error);
        chardev = chardev_of(steps);
        file = file_of(steps);
        g_assert_true((file != NULL) == (rows[i].flags != 0));
        g_assert_cmpint(file ? file->flags : 0, ==, rows[i].flags);
        expected = g_strdup(rows[i].chardev);
        if (strstr(expected, "%u")) {
            g_auto(GStrv) parts = g_strsplit(rows[i].chardev, "%u", 2);
            GArray *own = g_hash_table_lookup(fds, "serial0");

            g_free(expected);
            expected = g_strdup_printf(
                "%s%u%s", parts[0], file ? file->set : (guint)g_array_index(own, int, 0),
                parts[1]);
        }
        g_assert_cmpstr(chardev, ==, expected);
        g_assert_true(may_connect(steps) == (strstr(expected, "reconnect") != NULL));
    }
}

static DomainDevice serial_of(const Domain *domain)
{
    DomainDevice device = { .type = DOMAIN_DEVICE_SERIAL };

    device.any = domain->serials->pdata[0];
    return device;
}

static gboolean open_host(const char *text, GHashTable *fds, GError **errp)
{
    g_autoptr(Domain) domain = prepare(text);
    DomainDevice device = serial_of(domain);
    CommandHost host = { .socket_dir = "/nowhere" };

    return command_prepare_device(&host, domain, &device, fds, errp);
}

static int fd_of(GHashTable *fds)
{
    const GArray *own = g_hash_table_lookup(fds, "serial0");

    g_assert_cmpuint(own->len, ==, 1);
    return g_array_index(own, int, 0);
}

/* A server of one, a client of it; without the server, the client's error. */
static void test_tcp(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(at);
    g_autoptr(GHashTable) server = command_fds_new(), client = command_fds_new();
    g_autoptr(GError) error = NULL;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&at, sizeof(at)), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&at, &len), ==, 0);
    close(fd);
    g_autofree char *listens =
        g_strdup_printf(Q35(TCP(" mode='bind'")), ntohs(at.sin_port));
    g_autofree char *connects = g_strdup_printf(Q35(TCP("")), ntohs(at.sin_port));

    g_assert_false(open_host(connects, client, &error));
    g_assert_nonnull(strstr(error->message, "127.0.0.1"));
    g_clear_error(&error);
    g_assert_true(open_host(listens, server, &error));
    g_assert_no_error(error);
    g_assert_true(open_host(connects, client, &error));
    g_assert_no_error(error);
    fd = accept4(fd_of(server), NULL, NULL, SOCK_CLOEXEC);
    g_assert_cmpint(write(fd_of(client), "x", 1), ==, 1);
    char byte = 0;
    g_assert_cmpint(read(fd, &byte, 1), ==, 1);
    g_assert_cmpint(byte, ==, 'x');
    close(fd);
}

/* The server's socket goes with the port, the client's stays. */
static void test_unix(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("serial-XXXXXX", &error);
    g_autofree char *path = g_build_filename(dir, "s", NULL);
    g_autofree char *listens =
        g_strdup_printf(Q35(SERIAL("unix", "<source mode='bind' path='%s'/>")), path);
    g_autofree char *connects =
        g_strdup_printf(Q35(SERIAL("unix", "<source mode='connect' path='%s'/>")), path);
    g_autoptr(GHashTable) server = command_fds_new(), client = command_fds_new();
    g_autoptr(Domain) bound = prepare(listens), connected = prepare(connects);
    CommandHost host = { .socket_dir = "/nowhere" };
    DomainDevice device = serial_of(connected);

    g_assert_false(open_host(connects, client, &error));
    g_assert_nonnull(strstr(error->message, path));
    g_clear_error(&error);
    g_assert_true(open_host(listens, server, &error));
    g_assert_true(open_host(connects, client, &error));
    g_hash_table_remove_all(client);
    g_hash_table_remove_all(server);
    command_release_device(&host, &device);
    g_assert_cmpint(access(path, F_OK), ==, 0);
    device = serial_of(bound);
    command_release_device(&host, &device);
    g_assert_cmpint(access(path, F_OK), <, 0);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static void test_refused(void)
{
    static const struct {
        const char *source, *words;
    } others[] = {
        { "<source mode='bind' host='h' service='1'><reconnect enabled='yes' "
          "timeout='1'/></source>",
          "<devices/serial/source/reconnect enabled> 'yes'" },
        { "<source host='h' service='1'><reconnect enabled='yes'/></source>",
          "missing attribute 'timeout' in element <devices/serial/source/reconnect>" },
    };
    static const char *const services[] = { "ssh", "0", "65536", "1x" };

    for (guint i = 0; i < G_N_ELEMENTS(services); i++) {
        g_autofree char *text = g_strdup_printf(
            Q35(SERIAL("tcp", "<source mode='bind' host='h' service='%s'/>")),
            services[i]);
        g_autoptr(Domain) domain = parse(text);
        g_autoptr(GError) error = NULL;

        g_assert_false(command_complete(domain, NULL, "/e", &error));
        g_assert_cmpint(rpc_error_code(error), ==, VIR_ERR_CONFIG_UNSUPPORTED);
        g_assert_nonnull(strstr(error->message, services[i]));
    }
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *text =
            g_strdup_printf(Q35(SERIAL("tcp", "%s")), others[i].source);
        g_autoptr(Domain) domain = parse(text);
        g_autoptr(GError) error = NULL;

        g_assert_false(command_complete(domain, NULL, "/e", &error));
        g_assert_nonnull(strstr(error->message, others[i].words));
    }
}

static void check_device_refused(const char *text, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DomainDevice) device = xml_device_parse(text, XML_PARSE_INACTIVE, &error);

    g_assert_no_error(error);
    g_assert_false(xml_device_check(device, &error));
    g_assert_error(error, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED);
    if (!strstr(error->message, words)) {
        g_error("'%s' is not in: %s", words, error->message);
    }
}

/* What libvirt has, and vireo has not, is refused by its name, in each kind. */
static void test_others(void)
{
    static const char *const kinds[] = { "serial", "console", "channel" };
    static const char *const types[] = { "vc",        "dev",  "udp",          "spicevmc",
                                         "spiceport", "nmdm", "qemu-vdagent", "dbus" };

    for (guint i = 0; i < G_N_ELEMENTS(kinds) * G_N_ELEMENTS(types); i++) {
        const char *kind = kinds[i % G_N_ELEMENTS(kinds)];
        const char *type = types[i / G_N_ELEMENTS(kinds)];
        g_autofree char *text =
            g_strdup_printf("<%s type='%s'><source path='/p' channel='c' master='/m'/>"
                            "<target type='%s'/></%s>",
                            kind, type, i % 3 ? "virtio" : "isa-serial", kind);
        g_autofree char *words =
            g_strdup_printf("type='%s' of element <devices/%s>", type, kind);

        check_device_refused(text, words);
    }
}

static void test_targets(void)
{
    static const struct {
        const char *kind, *target, *words;
    } rows[] = {
        { "serial", "type='usb-serial'", "type='usb-serial'" },
        { "serial", "type='pci-serial'", "type='pci-serial'" },
        { "serial", "type='isa-debug'", "type='isa-debug'" },
        { "serial", "type='sclp-serial'", "type='sclp-serial'" },
        { "console", "type='sclp'", "type='sclp'" },
        { "console", "type='xen'", "type='xen'" },
        { "console", "type='lxc'", "type='lxc'" },
        { "channel", "type='guestfwd' address='10.0.2.1' port='1'", "type='guestfwd'" },
        { "channel", "type='xen' name='n'", "type='xen'" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text =
            g_strdup_printf("<%s type='pty'><target %s/></%s>", rows[i].kind,
                            rows[i].target, rows[i].kind);
        g_autofree char *words = g_strdup_printf("%s of element <devices/%s/target>",
                                                 rows[i].words, rows[i].kind);

        check_device_refused(text, words);
    }
    check_device_refused("<serial type='pty'><target type='isa-serial'>"
                         "<model name='16550a'/></target></serial>",
                         "name='16550a' of element <devices/serial/target/model>");
    check_device_refused("<serial type='tcp'><source mode='bind' host='h' service='1' "
                         "tls='yes'/></serial>",
                         "tls='yes'");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/serial/types", test_types);
    g_test_add_func("/serial/tcp", test_tcp);
    g_test_add_func("/serial/unix", test_unix);
    g_test_add_func("/serial/refused", test_refused);
    g_test_add_func("/serial/others", test_others);
    g_test_add_func("/serial/targets", test_targets);
    return g_test_run();
}
