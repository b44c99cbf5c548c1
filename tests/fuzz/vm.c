/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/vm.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "device/device.h"
#include "hw/vmcoreinfo.h"
#include "hw/vmgenid.h"
#include "ide/ide.h"
#include "pci/pci.h"
#include "usb/usb.h"

#define TIMEOUT_MS 60000

int vireo_main(int argc, char **argv); /* vm-main.c */

struct FuzzVm {
    GThread *thread;
    char **argv;
    int qtest, qmp;
    GString *in; /* from QMP, not yet looked at */
    guint asked, resets;
    guint64 value; /* of the last answer of qtest's that had one */
};

static char *directory;

static void remove_directory(void)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);

    if (system(command) != 0) {
        g_printerr("%s is left behind\n", directory);
    }
}

void fuzz_enter_directory(void)
{
    directory = g_dir_make_tmp("vireo-fuzz-XXXXXX", NULL);
    g_assert_nonnull(directory);
    g_assert_cmpint(chdir(directory), ==, 0);
    atexit(remove_directory);
    if (unshare(CLONE_NEWNET) < 0) {
        g_printerr("no network namespace: %s\n", g_strerror(errno));
    }
}

void fuzz_make_file(const char *name, goffset size)
{
    g_autoptr(GError) err = NULL;

    g_file_set_contents(name, "", 0, &err);
    g_assert_no_error(err);
    g_assert_cmpint(truncate(name, size), ==, 0);
}

static gboolean has_card(void)
{
    return access("/dev/net/tun", R_OK | W_OK) == 0 && getuid() == 0;
}

char *fuzz_card(const char *device)
{
    return has_card()
               ? g_strdup_printf("-netdev tap,id=t,ifname=fuzz0,script=no,downscript=no "
                                 "-device %s,id=nic,netdev=t",
                                 device)
               : g_strdup("");
}

/* Or on a bus of a function, or of fw_cfg, which a q35 has. */
static gboolean is_pci(const DeviceClass *klass)
{
    return klass == &vmgenid_class || klass == &vmcoreinfo_class ||
           device_class_is_a(klass, &pci_device_class.device) ||
           device_class_is_a(klass, &ide_drive_class) ||
           device_class_is_a(klass, &usb_device_class.device);
}

/* Of these there is one; what their other names say is also said of disks. */
static gboolean is_covered(const char *name, const char *args)
{
    static const char *const single[] = { "virtio-net-", "virtio-balloon-",
                                          "virtio-serial-" };
    const char *kind = strstr(name, "-pci-");

    for (guint i = 0; kind && i < G_N_ELEMENTS(single); i++) {
        if (g_str_has_prefix(name, single[i])) {
            return strstr(args, kind) != NULL;
        }
    }
    return strstr(args, name) != NULL;
}

void fuzz_assert_all_devices(const char *args, gboolean pci)
{
    for (const DeviceClass *const *c = device_class_table; *c; c++) {
        const char *name = (*c)->name;

        if (is_pci(*c) == pci && (*c)->user_creatable && !is_covered(name, args) &&
            !g_str_has_prefix(name, "vhost-vsock-") && /* its rings are the kernel's */
            (has_card() || !g_str_has_prefix(name, "virtio-net-"))) {
            g_error("%s is not fuzzed", name);
        }
    }
}

static gpointer run(gpointer opaque)
{
    FuzzVm *vm = opaque;

    return GINT_TO_POINTER(vireo_main((int)g_strv_length(vm->argv), vm->argv));
}

static int listen_on(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, name, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

static void wait_for(int fd, short events)
{
    struct pollfd p = { .fd = fd, .events = events };
    int n;

    do {
        n = poll(&p, 1, TIMEOUT_MS);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        g_error("the VM does not answer");
    }
}

static int accept_on(int listener)
{
    int fd;

    wait_for(listener, POLLIN);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    close(listener);
    return fd;
}

FuzzVm *fuzz_vm_start(const char *args)
{
    FuzzVm *vm = g_new0(FuzzVm, 1);
    int qtest = listen_on("qtest"), qmp = listen_on("qmp");
    g_autofree char *command = g_strdup_printf(
        "vireo -accel qtest -nodefaults -no-shutdown -qtest unix:qtest "
        "-qmp unix:qmp -qmp unix:raw,server=on,wait=off -disable-seccomp %s",
        args);
    g_autofree char *greeting = NULL;

    g_assert_true(g_shell_parse_argv(command, NULL, &vm->argv, NULL));
    vm->in = g_string_new(NULL);
    vm->thread = g_thread_new("vireo", run, vm);
    vm->qmp = accept_on(qmp);
    vm->qtest = accept_on(qtest);
    greeting = fuzz_vm_qmp(vm, "{\"execute\":\"qmp_capabilities\"}");
    unlink("qtest");
    unlink("qmp");
    return vm;
}

void fuzz_vm_stop(FuzzVm *vm)
{
    static const char quit[] = "{\"execute\":\"quit\"}";

    g_assert_cmpint(write(vm->qmp, quit, strlen(quit)), ==, (ssize_t)strlen(quit));
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(vm->thread)), ==, 0);
    close(vm->qmp);
    close(vm->qtest);
    g_string_free(vm->in, TRUE);
    g_strfreev(vm->argv);
    g_free(vm);
}

static ssize_t receive(int fd, char *buf, size_t size)
{
    ssize_t n;

    wait_for(fd, POLLIN);
    do {
        n = read(fd, buf, size);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        g_error("the VM has gone");
    }
    return n;
}

/* Counts the answers among what has come; events of interrupt lines are none. */
static guint count_answers(FuzzVm *vm, GString *in)
{
    guint n = 0;
    char *end;

    while ((end = memchr(in->str, '\n', in->len))) {
        if (g_str_has_prefix(in->str, "OK 0x")) {
            vm->value = g_ascii_strtoull(in->str + strlen("OK "), NULL, 16);
        }
        n += g_str_has_prefix(in->str, "OK") || g_str_has_prefix(in->str, "FAIL");
        g_string_erase(in, 0, end + 1 - in->str);
    }
    return n;
}

void fuzz_vm_qtest(FuzzVm *vm, const char *lines)
{
    g_autoptr(GString) in = g_string_new(NULL);
    gsize left = strlen(lines);
    guint expected = 0, got = 0;

    for (const char *p = lines; *p; p++) {
        expected += *p == '\n';
    }
    while (left || got < expected) {
        struct pollfd p = { .fd = vm->qtest, .events = POLLIN | (left ? POLLOUT : 0) };
        char buf[65536];

        if (poll(&p, 1, TIMEOUT_MS) <= 0) {
            g_error("the VM does not answer qtest");
        }
        if (p.revents & POLLIN) {
            g_string_append_len(in, buf, receive(vm->qtest, buf, sizeof(buf)));
            got += count_answers(vm, in);
        } else if (left) {
            ssize_t n = send(vm->qtest, lines, left, MSG_NOSIGNAL | MSG_DONTWAIT);

            g_assert_cmpint(n, >, 0);
            lines += n;
            left -= n;
        }
    }
}

guint64 fuzz_vm_value(FuzzVm *vm, const char *line)
{
    vm->value = 0;
    fuzz_vm_qtest(vm, line);
    return vm->value;
}

/* What could not be parsed had no id. */
static gboolean is_nameless_error(const char *line)
{
    return g_str_has_prefix(line, "{\"error\"") && !strstr(line, "\"id\"");
}

/* The next line with that in it; owned. */
static char *wait_line(FuzzVm *vm, const char *text)
{
    for (;;) {
        char *end = memchr(vm->in->str, '\n', vm->in->len);
        char buf[65536];

        if (end) {
            g_autofree char *line = g_strndup(vm->in->str, end - vm->in->str);

            g_string_erase(vm->in, 0, end + 1 - vm->in->str);
            vm->resets += strstr(line, "\"RESET\"") != NULL;
            if (strstr(line, text) || is_nameless_error(line)) {
                return g_steal_pointer(&line);
            }
            continue;
        }
        g_string_append_len(vm->in, buf, receive(vm->qmp, buf, sizeof(buf)));
    }
}

/* With an id of its own, so that the reply is not that to another one. */
static char *ask(FuzzVm *vm, const char *command, int fd)
{
    g_autofree char *id = g_strdup_printf("\"asked-%u\"", ++vm->asked);
    g_autofree char *text = g_strdup_printf("{\"id\":%s,%s\n", id, command + 1);
    char control[CMSG_SPACE(sizeof(fd))] = { 0 };
    struct iovec iov = { text, strlen(text) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (fd >= 0) {
        struct cmsghdr *c;

        msg.msg_control = control;
        msg.msg_controllen = sizeof(control);
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(fd));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    g_assert_cmpint(sendmsg(vm->qmp, &msg, MSG_NOSIGNAL), ==, (ssize_t)iov.iov_len);
    return wait_line(vm, id);
}

char *fuzz_vm_qmp(FuzzVm *vm, const char *command)
{
    return ask(vm, command, -1);
}

gboolean fuzz_is_error(const char *reply)
{
    return strstr(reply, "\"error\":") != NULL;
}

GByteArray *fuzz_talk(int fd, const guint8 *data, gsize len)
{
    GByteArray *all = g_byte_array_new();

    if (!len) {
        shutdown(fd, SHUT_WR);
    }
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN | (len ? POLLOUT : 0) };
        guint8 buf[65536];
        ssize_t n;

        if (poll(&p, 1, TIMEOUT_MS) <= 0) {
            g_error("the VM does not answer");
        }
        if (p.revents & (POLLIN | POLLHUP)) {
            n = read(fd, buf, sizeof(buf));
            if (n <= 0) {
                return all;
            }
            g_byte_array_append(all, buf, n);
        } else if (len) {
            n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
            n = n < 0 ? (ssize_t)len : n; /* it does not read any more */
            data += n;
            len -= n;
            if (!len) {
                shutdown(fd, SHUT_WR);
            }
        }
    }
}

void fuzz_vm_qmp_raw(FuzzVm *vm, const char *text, gsize len)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "raw" };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_byte_array_unref(fuzz_talk(fd, (const guint8 *)text, len));
    close(fd);
}

void fuzz_vm_getfd(FuzzVm *vm, const char *name, int fd)
{
    g_autofree char *text = g_strdup_printf(
        "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"%s\"}}", name);

    g_free(ask(vm, text, fd));
}

void fuzz_vm_reset(FuzzVm *vm)
{
    g_autofree char *reply = fuzz_vm_qmp(vm, "{\"execute\":\"system_reset\"}");

    if (!fuzz_is_error(reply)) {
        g_free(wait_line(vm, "\"RESET\""));
    }
    g_free(fuzz_vm_qmp(vm, "{\"execute\":\"cont\"}"));
}

guint fuzz_vm_resets(const FuzzVm *vm)
{
    return vm->resets;
}

guint64 fuzz_take(FuzzInput *in, unsigned bytes)
{
    guint64 value = 0;
    unsigned n = (unsigned)MIN(bytes, in->left);

    memcpy(&value, in->data, n);
    in->data += n;
    in->left -= n;
    return GUINT64_FROM_LE(value);
}
