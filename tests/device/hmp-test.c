/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The human monitor: what it says, word for word as QEMU 7.2 does where people and
 * programs look for it; how a line is typed; clients that mean no good.
 */
#include "config.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/device/board.h"

#define PROMPT         "(qemu) "
#define GREETING       " monitor - type 'help' for more information\r\n" PROMPT
#define LINE_MAX_BYTES 4095

static char *dir;

static int connect_to(const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), ==, 0);
    return fd;
}

/* All that comes up to this text. */
static char *read_to(int fd, const char *text)
{
    GString *got = g_string_new(NULL);
    char byte;

    while (!g_str_has_suffix(got->str, text)) {
        g_assert_cmpint(read(fd, &byte, 1), ==, 1);
        g_string_append_c(got, byte);
    }
    return g_string_free(got, FALSE);
}

static void expect(int fd, const char *text)
{
    g_autofree char *got = g_malloc0(strlen(text) + 1);
    gsize n = 0;

    while (n < strlen(text)) {
        gssize more = read(fd, got + n, strlen(text) - n);
        g_assert_cmpint(more, >, 0);
        n += (gsize)more;
    }
    g_assert_cmpstr(got, ==, text);
}

static void type(int fd, const char *text)
{
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize)strlen(text));
}

/* A line, shown as it is typed, and what it says. */
static void says(int fd, const char *line, const char *text)
{
    g_autofree char *typed = g_strconcat(line, "\n", NULL);
    g_autofree char *all = g_strconcat(line, "\r\n", text, PROMPT, NULL);

    type(fd, typed);
    expect(fd, all);
}

static QTest *start(const char *more)
{
    return qtest_start("-M q35 -m 64 -nodefaults -monitor unix:%s/mon,server,nowait %s",
                       dir, more);
}

static int open_monitor(void)
{
    int fd = connect_to("mon");

    g_free(read_to(fd, GREETING));
    return fd;
}

/* --- sessions --- */

static void test_session(void)
{
    QTest *q = start("-name guest -device pcie-root-port,id=rp,chassis=1 "
                     "-object rng-builtin,id=r");
    int fd = connect_to("mon");
    g_autofree char *greeting = read_to(fd, PROMPT);

    g_assert_true(g_str_has_prefix(greeting, "QEMU "));
    g_assert_true(g_str_has_suffix(greeting, GREETING));
    says(fd, "info status", "VM status: running\r\n");
    says(fd, "", "");
    says(fd, "  info   name ", "guest\r\n");
    says(fd, "stop", "");
    board_wait(q, "STOP");
    says(fd, "info status", "VM status: paused\r\n");
    says(fd, "c", "");
    says(fd, "device_add virtio-rng-pci,rng=r,bus=rp,id=d", "");
    says(fd, "device_add virtio-rng-pci,rng=r,bus=rp,id=d",
         "Error: Duplicate device ID 'd'\r\n");
    says(fd, "device_del e", "Error: Device 'e' not found\r\n");
    says(fd, "foo", "unknown command: 'foo'\r\n");
    says(fd, "system_reset", "");
    board_wait(q, "RESET");
    type(fd, "quit\n");
    g_assert_cmpint(qtest_wait_exit(q), ==, 0);
    expect(fd, "quit\r\n");
    close(fd);
}

/* The next client finds nothing of what the one before had typed. */
static void test_clients(void)
{
    QTest *q = start("");
    int fd = open_monitor();

    type(fd, "qui");
    expect(fd, "qui");
    close(fd);
    fd = open_monitor();
    says(fd, "t", "unknown command: 't'\r\n");
    close(fd);
    qtest_stop(q);
}

static void test_keys(void)
{
    QTest *q = start("");
    int fd = open_monitor();

    type(fd, "info stax\b");
    expect(fd, "info stax\b \b");
    type(fd, "tu\x7fus\r\n"); /* one line's end */
    expect(fd, "tu\b \bus\r\nVM status: running\r\n" PROMPT);
    type(fd, "quit\x15");
    expect(fd, "quit\b \b\b \b\b \b\b \b");
    type(fd, "\x1b[A\x1bOB\x1b[3~\t\x04"); /* keys of no use */
    says(fd, "info status", "VM status: running\r\n");
    type(fd, "quit\x03");
    expect(fd, "quit^C\r\n" PROMPT);
    type(fd, "\xc3\xa4\xe2\x82\xac\x7f\x7f\x7f");
    expect(fd, "\xc3\xa4\xe2\x82\xac\b \b\b \b");
    type(fd, "a\xff\n");
    expect(fd, "a\xff\r\nthe line is not UTF-8\r\n" PROMPT);
    says(fd, "info status", "VM status: running\r\n");
    close(fd);
    qtest_stop(q);
}

/* What is too long is not carried out in part. */
static void test_long_line(void)
{
    QTest *q = start("");
    int fd = open_monitor();
    g_autofree char *most = g_strnfill(LINE_MAX_BYTES - 4, ' ');
    g_autofree char *fits = g_strconcat("stop", most, "\n", NULL);
    g_autofree char *longer = g_strconcat("quit", most, " \n", NULL);

    type(fd, fits);
    g_free(read_to(fd, "\r\n" PROMPT));
    board_wait(q, "STOP");
    type(fd, longer);
    g_autofree char *said = read_to(fd, "\r\n" PROMPT);
    g_assert_nonnull(strstr(said, "a line has at most 4095 bytes"));
    says(fd, "info status", "VM status: paused\r\n");
    close(fd);
    qtest_stop(q);
}

/* One that asks and does not read: it waits, others do not; then it gets all. */
static void test_flood(void)
{
    QTest *q = start("");
    int fd = open_monitor();
    g_autofree char *half = g_strnfill(200, 'x');
    guint sent = 0, answered = 0;
    gsize len = strlen(half);

    while (send(fd, "help\n", 5, MSG_DONTWAIT) == 5) {
        sent++;
        board_qmp(q, "query-status");
    }
    g_assert_cmpint(errno, ==, EAGAIN);
    g_assert_cmpuint(sent, >, 100);
    while (answered < sent) {
        g_free(read_to(fd, "help\r\n"));
        g_free(read_to(fd, "watchdog_action"));
        answered++;
    }
    /* And one that goes in the middle. */
    while (send(fd, "help\n", 5, MSG_DONTWAIT) == 5) {
    }
    g_assert_cmpint(send(fd, half, len, MSG_DONTWAIT), <=, (gssize)len);
    close(fd);
    fd = open_monitor();
    says(fd, "info status", "VM status: running\r\n");
    close(fd);
    qtest_stop(q);
}

/* A guest and a monitor on one socket. */
static void test_mux(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -nodefaults "
                           "-serial mon:unix:%s/mon,server=on,wait=off",
                           dir);
    int fd = connect_to("mon");

    qtest_outs(q, 0x3f8, "guest", 5);
    expect(fd, "guest"); /* no greeting as long as nobody asks */
    type(fd, "\1c");
    g_free(read_to(fd, GREETING));
    says(fd, "info status", "VM status: running\r\n");
    type(fd, "info ");
    expect(fd, "info ");
    type(fd, "\1c");
    expect(fd, "\r\n");
    qtest_outs(q, 0x3f8, "more", 4);
    expect(fd, "more");
    type(fd, "\1c");
    expect(fd, PROMPT "info ");
    type(fd, "name\n");
    expect(fd, "name\r\n" PROMPT);
    type(fd, "\1c\1x");
    expect(fd, "\r\nQEMU: Terminated\n\r");
    g_assert_cmpint(qtest_wait_exit(q), ==, 0);
    char rest;
    g_assert_cmpint(read(fd, &rest, 1), ==, 0); /* and no more */
    close(fd);
}

/* --- lines by QMP --- */

static char *by_qmp(QTest *q, const char *line)
{
    g_autofree char *quoted = g_strescape(line, NULL);
    g_autoptr(JsonNode) ret = qtest_qmp_ok(q,
                                           "{\"execute\": \"human-monitor-command\","
                                           " \"arguments\": {\"command-line\": \"%s\"}}",
                                           quoted);

    return g_strdup(json_node_get_string(ret));
}

#define TRY(what) "Try \"help " what "\" for more information\r\n"

/* QEMU 7.2's, but for help and where it says otherwise. */
static const char *const lines[][2] = {
    { "", "" },
    { "info status", "VM status: running\r\n" },
    { "info uuid", "00000000-0000-0000-0000-000000000000\r\n" },
    { "info name", "" },
    { "info kvm", "kvm support: disabled\r\n" },
    { "info migrate", "" },
    { "info balloon", "balloon: actual=64\r\n" },
    { "info iothreads", "io:\r\n  thread_id=*\r\n  poll-max-ns=0\r\n  poll-grow=0\r\n"
                        "  poll-shrink=0\r\n  aio-max-batch=0\r\n" },
    { "info chardev", "compat_monitor0: filename=unix:*\r\n"
                      "c: filename=null\r\n" },
    { "info cpus", "? CPU #0: thread_id=*\r\n  CPU #1: thread_id=*\r\n" },
    { "info network",
      "nic: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:12:34:56\r\n"
      " \\ u: index=0,type=user,net=10.0.2.0,restrict=off\r\n"
      "v: index=0,type=user,*,restrict=off\r\n" },
    { "info block", "n: * (file)\r\n    Attached to:      "
                    "/machine/peripheral/d/virtio-backend\r\n"
                    "    Cache mode:       writeback\r\n\r\n"
                    "ide2-cd0: [not inserted]\r\n    Attached to:      *\r\n"
                    "    Removable device: not locked, tray closed\r\n" },
    { "info block n", "n: * (file)\r\n    Attached to:      "
                      "/machine/peripheral/d/virtio-backend\r\n"
                      "    Cache mode:       writeback\r\n" },
    { "info block nix", "" },
    { "info blockstats", "*: rd_bytes=0 wr_bytes=0 rd_operations=0 *\r\n" },
    { "info vm-generation-id", "Error: VM Generation ID device not found\r\n" },
    { "info foo", "unknown command: 'info foo'\r\n" },
    { "foo bar", "unknown command: 'foo'\r\n" },
    { "help foo", "unknown command: 'foo'\r\n" },
    { "help info foo", "unknown command: 'info foo'\r\n" },
    { "help stop", "stop|s  -- *\r\n" },
    { "? migrate", "migrate [-d] uri -- *\r\n" },
    { "help info status", "info status  -- *\r\n" },
    { "stop x", "stop|s: extraneous characters at the end of line\r\n" TRY("stop") },
    { "s x", "stop|s: extraneous characters at the end of line\r\n" TRY("s") },
    { "info status x",
      "status: extraneous characters at the end of line\r\n" TRY("info status") },
    { "migrate", "migrate: string expected\r\n" TRY("migrate") },
    { "migrate -z tcp:1", "migrate: unsupported option -z\r\n" TRY("migrate") },
    { "migrate nix", "Error: *\r\n" },
    { "migrate_cancel", "" },
    { "migrate_incoming defer",
      "Error: '-incoming' was not specified on the command line\r\n" },
    { "set_link nic", "Expected 'on' or 'off'\r\n" TRY("set_link") },
    { "set_link nic maybe", "Expected 'on' or 'off'\r\n" TRY("set_link") },
    { "set_link nix off", "Error: Device 'nix' not found\r\n" },
    { "set_link nic off", "" },
    { "device_add", "Error: Parameter 'driver' is missing\r\n" },
    { "device_add foo", "Error: 'foo' is not a valid device model name\r\n" },
    { "device_del nix", "Error: Device 'nix' not found\r\n" },
    { "balloon", "unexpected end of expression\r\n" TRY("balloon") },
    { "balloon x", "invalid char 'x' in expression\r\n" TRY("balloon") },
    { "balloon 12x", "invalid char 'x' in expression\r\n" TRY("balloon") },
    { "balloon -1", "enter a positive value\r\n" TRY("balloon") },
    { "balloon 99999999999999999999", "number too large\r\n" TRY("balloon") },
    { "balloon 9223372036854775807", "number too large\r\n" TRY("balloon") },
    { "balloon 0", "Error: Parameter 'target' expects a size\r\n" },
    { "balloon 32", "" },
    { "sendkey", "sendkey: string expected\r\n" TRY("sendkey") },
    { "sendkey ctrl-alt-f1 x", "invalid char 'x' in expression\r\n" TRY("sendkey") },
    { "sendkey foo", "invalid parameter: foo\r\n" },
    { "sendkey ctrl-0x", "invalid parameter: 0x\r\n" },
    { "sendkey a-", "invalid parameter: \r\n" },
    { "sendkey <-0x1c 10", "" },
    { "eject", "eject: block device name expected\r\n" TRY("eject") },
    { "eject nix", "Error: Device 'nix' not found\r\n" },
    { "eject ide2-cd0", "" },
    { "eject -f ide2-cd0", "" },
    { "change ide2-cd0", "change: filename expected\r\n" TRY("change") },
    { "change foo bar", "Error: Device 'foo' not found\r\n" },
    { "change ide2-cd0 \"/no such file\"", "Error: *'/no such file'*\r\n" },
    { "change ide2-cd0 \"/x", "unterminated string\r\n" TRY("change") },
    { "change ide2-cd0 \"\\x\"", "unsupported escape code: '\\x'\r\n" TRY("change") },
    { "netdev_add help", "Available netdev backend types:\r\n  tap *" },
    { "netdev_add tap,help", "tap options:\r\n*  ifname=*" },
    { "netdev_add nix,help", "Error: Parameter 'type' does not accept value 'nix'*" },
    { "device_add help", "*name \"virtio-net-pci\"*" },
    { "device_add ?", "*name \"virtio-net-pci\"*" },
    { "device_add virtio-net-pci,help", "virtio-net-pci options:\r\n*  mac=*" },
    { "device_add nix,help", "Error: Device 'nix' not found\r\n" },
    { "object_add help", "*  iothread *" },
    { "netdev_add user", "Error: Parameter 'id' is missing\r\n" },
    { "netdev_add user,id=w,net=10.9.0.0/24", "Error: netdev type 'user' *\r\n" },
    { "netdev_del v", "" },
    { "netdev_del w", "Error: Device 'w' not found\r\n" },
    { "object_add rng-builtin,id=q", "" },
    { "object_add rng-builtin,id=q,foo=1", "Error: *\r\n" },
    { "object_del q", "" },
    { "object_del q", "Error: object 'q' not found\r\n" },
    { "info migrate_capabilities", "events: off\r\nreturn-path: on\r\n" },
    { "info migrate_parameters",
      "max-bandwidth: 134217728 bytes/second\r\ndowntime-limit: 300 ms\r\n" },
    { "migrate_set_capability events on", "" },
    { "migrate_set_capability foo on", "Error: *'foo'\r\n" },
    { "migrate_set_parameter downtime-limit 200", "" },
    { "migrate_set_parameter max-bandwidth 10", "" },
    { "migrate_set_parameter max-bandwidth x", "Error: *'x'*\r\n" },
    { "migrate_set_parameter foo 1", "Error: invalid parameter value: foo\r\n" },
    { "info migrate_parameters",
      "max-bandwidth: 10485760 bytes/second\r\ndowntime-limit: 200 ms\r\n" },
    { "info migrate_capabilities", "events: on\r\nreturn-path: on\r\n" },
    { "chardev-remove nix", "Error: Chardev 'nix' not found\r\n" },
    { "chardev-remove c", "" },
    { "chardev-send-break nix", "Error: Chardev 'nix' not found\r\n" },
    { "watchdog_action none", "" },
    { "watchdog_action foo", "Error: *'foo'*\r\n" },
    { "qom-get /machine type", "\"pc-q35-vireo-1.0-machine\"\r\n" },
    { "qom-list /machine/peripheral", "type (string)\r\n*d (child<virtio-blk-pci>)\r\n" },
    { "nmi", "Error: *\r\n" },
    { "system_powerdown", "" },
};

static void test_lines(void)
{
    g_autofree char *disk = g_build_filename(dir, "disk", NULL);
    QTest *q;

    g_assert_true(g_file_set_contents(disk, "", 0, NULL));
    g_assert_cmpint(truncate(disk, 1 << 20), ==, 0);
    q = qtest_start("-M q35 -m 64 -smp 2 -nodefaults -netdev user,id=u -netdev user,id=v "
                    "-device virtio-net-pci,netdev=u,id=nic -object iothread,id=io "
                    "-blockdev driver=file,node-name=n,filename=%s "
                    "-device virtio-blk-pci,drive=n,id=d "
                    "-drive if=ide,index=2,media=cdrom -device virtio-balloon-pci "
                    "-chardev null,id=c",
                    disk);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *said = by_qmp(q, lines[i][0]);
        if (!g_pattern_match_simple(lines[i][1], said)) {
            g_error("'%s' says '%s', not '%s'", lines[i][0], said, lines[i][1]);
        }
    }
    board_wait(q, "POWERDOWN");
    qtest_stop(q);
    g_unlink(disk);
}

/* All functions, also those behind bridges. */
static void test_pci(void)
{
    QTest *q =
        qtest_start("-M q35 -m 64 -nodefaults "
                    "-device pcie-root-port,id=rp,chassis=1,addr=3 "
                    "-object rng-builtin,id=r -device virtio-rng-pci,rng=r,bus=rp,id=x");
    g_autofree char *said = by_qmp(q, "info pci");

    g_assert_nonnull(strstr(said, "  Bus  0, device   0, function 0:\r\n"
                                  "    Host bridge: PCI device 8086:29c0\r\n"
                                  "      PCI subsystem 1af4:1100\r\n"
                                  "      id \"\"\r\n"));
    g_assert_true(g_pattern_match_simple(
        "*  Bus  0, device   3, function 0:\r\n    PCI bridge: PCI device 1b36:000c\r\n"
        "      IRQ *, pin A\r\n      BUS 0.\r\n      secondary bus 1.\r\n"
        "      subordinate bus 1.\r\n      IO range [0x????, 0x????]\r\n"
        "      memory range [0x????????, 0x????????]\r\n"
        "      prefetchable memory range [0x*, 0x*]\r\n"
        "      id \"rp\"\r\n"
        "  Bus  1, device   0, function 0:\r\n*id \"x\"\r\n*",
        said));
    qtest_stop(q);
    q = qtest_start("-M microvm -m 64");
    g_autofree char *none = by_qmp(q, "info pci");
    g_assert_cmpstr(none, ==, "PCI devices not supported\r\n");
    qtest_stop(q);
}

static void test_long_by_qmp(void)
{
    QTest *q = qtest_start("-M microvm -m 16");
    g_autofree char *line = g_strnfill(LINE_MAX_BYTES + 1, ' ');
    g_autofree char *desc = qtest_qmp_fails(q,
                                            "{\"execute\": \"human-monitor-command\","
                                            " \"arguments\": {\"command-line\": \"%s\"}}",
                                            line);

    g_assert_cmpstr(desc, ==, "Parameter 'command-line' has more than 4095 bytes");
    line[LINE_MAX_BYTES] = '\0';
    g_autofree char *said = by_qmp(q, line);
    g_assert_cmpstr(said, ==, "");
    qtest_stop(q);
}

/* --- migration: as the study does it --- */

static void test_migrate(void)
{
    for (unsigned detached = 0; detached < 2; detached++) {
        g_autofree char *stream = g_build_filename(dir, "stream", NULL);
        g_autofree char *line =
            g_strdup_printf("migrate %sunix:%s", detached ? "-d " : "", stream);
        QTest *to = qtest_start("-M q35 -m 64 -nodefaults -incoming unix:%s", stream);
        QTest *q = start("");
        int fd = open_monitor();

        says(fd, line, "");
        if (detached) {
            qtest_wait_migrated(q);
        }
        board_wait(to, "RESUME");
        type(fd, "info migrate\n");
        g_autofree char *said = read_to(fd, PROMPT);
        g_assert_nonnull(strstr(said, "Migration status: completed\r\ntotal time: "));
        g_assert_nonnull(strstr(said, "\r\ntransferred ram: "));
        says(fd, "info status", "VM status: paused (postmigrate)\r\n");
        close(fd);
        qtest_stop(q);
        qtest_stop(to);
    }
}

/* It waits for one that ends badly, too; by QMP nobody waits. */
static void test_migrate_fails(void)
{
    QTest *q = start("");
    int fd = open_monitor();
    g_autofree char *line = g_strdup_printf("migrate unix:%s/nobody", dir);

    says(fd, line, "");
    type(fd, "info migrate\n");
    g_autofree char *said = read_to(fd, PROMPT);
    g_assert_nonnull(strstr(said, "Migration status: failed ("));
    g_autofree char *detached = by_qmp(q, line);
    g_assert_cmpstr(detached, ==,
                    "terminal does not allow synchronous migration, continuing "
                    "detached\r\n");
    type(fd, line); /* whoever waits may go, and the VM may end */
    type(fd, "\nquit\n");
    close(fd);
    qtest_stop(q);
}

/* --- the command line --- */

static void test_options(void)
{
    board_refuses("-M microvm -chardev null,id=c -mon c,mode=x",
                  "-mon c,mode=x: Parameter 'mode' does not accept value 'x'");
    board_refuses("-M microvm -chardev null,id=c -mon c,pretty=on",
                  "'pretty' is not compatible with HMP monitors");
    board_refuses("-M microvm -mon c", "-mon c: chardev \"c\" not found");
    board_refuses("-M microvm -monitor udp::1",
                  "-monitor udp::1: 'udp' is not supported");
    QTest *q =
        qtest_start("-M microvm -m 16 -chardev null,id=c -mon chardev=c -monitor null "
                    "-monitor none");
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("vireo-hmp-XXXXXX", NULL);
    g_test_add_func("/hmp/session", test_session);
    g_test_add_func("/hmp/clients", test_clients);
    g_test_add_func("/hmp/keys", test_keys);
    g_test_add_func("/hmp/long-line", test_long_line);
    g_test_add_func("/hmp/flood", test_flood);
    g_test_add_func("/hmp/mux", test_mux);
    g_test_add_func("/hmp/lines", test_lines);
    g_test_add_func("/hmp/pci", test_pci);
    g_test_add_func("/hmp/long-by-qmp", test_long_by_qmp);
    g_test_add_func("/hmp/migrate", test_migrate);
    g_test_add_func("/hmp/migrate-fails", test_migrate_fails);
    g_test_add_func("/hmp/options", test_options);
    result = g_test_run();
    g_assert_cmpint(g_rmdir(dir), ==, 0);
    g_free(dir);
    return result;
}
