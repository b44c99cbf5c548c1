/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what is changed in a real migration stream of a machine with all of its
 * devices in use: bytes of records, records left out, doubled, exchanged. The changed
 * stream goes into a waiting emulator, which refuses it by name or loads it into the real
 * devices by their real rows, and is there for the next one. GO never comes.
 */
#include "fuzz/incoming-fuzz.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "migration/stream.h"

#define HELLO_SIZE 16

static FuzzVm *vm;
static guint8 hello[HELLO_SIZE];
static GPtrArray *originals; /* GByteArray: head and payload, END last, RAM left out */

/* In a process of its own: its stream goes to fd, and then it only waits. */
static void run_source(int fd)
{
    g_autofree char *args = incoming_machine.args(TRUE);
    FuzzVm *source = fuzz_vm_start(args);

    incoming_machine.use(source);
    fuzz_vm_getfd(source, "stream", fd);
    close(fd);
    g_free(fuzz_vm_qmp(source, "{\"execute\":\"migrate\",\"arguments\":"
                               "{\"uri\":\"fd:stream\"}}"));
    for (;;) {
        pause();
    }
}

static void receive(int fd, void *buf, gsize n)
{
    g_assert_true(n == 0 || recv(fd, buf, n, MSG_WAITALL) == (gssize)n);
}

static guint32 record_type(const GByteArray *record)
{
    guint32 type;

    memcpy(&type, record->data, sizeof(type));
    return GUINT32_FROM_LE(type);
}

/* The next record; the length in it is that of its payload. */
static GByteArray *read_record(int fd)
{
    GByteArray *record = g_byte_array_new();
    guint64 length;

    g_byte_array_set_size(record, MIG_RECORD_SIZE);
    receive(fd, record->data, MIG_RECORD_SIZE);
    memcpy(&length, record->data + 8, sizeof(length));
    length = GUINT64_FROM_LE(length);
    g_byte_array_set_size(record, MIG_RECORD_SIZE + length);
    receive(fd, record->data + MIG_RECORD_SIZE, length);
    return record;
}

static void read_stream(int fd)
{
    guint32 type;

    originals = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    receive(fd, hello, sizeof(hello));
    do {
        GByteArray *record = read_record(fd);

        type = record_type(record);
        if (type == MIG_RECORD_RAM) {
            g_byte_array_unref(record);
        } else {
            g_ptr_array_add(originals, record);
        }
    } while (type != MIG_RECORD_END);
}

static void end(void)
{
    fuzz_vm_stop(vm);
}

static void set_up(void)
{
    g_autofree char *args = NULL;
    g_autofree char *all = NULL;
    int fds[2];
    pid_t pid;

    fuzz_enter_directory();
    incoming_machine.make_files();
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(fds[0]);
        run_source(fds[1]);
    }
    close(fds[1]);
    read_stream(fds[0]);
    kill(pid, SIGKILL);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    close(fds[0]);
    unlink("raw");
    args = incoming_machine.args(FALSE);
    fuzz_assert_all_devices(args, incoming_machine.pci);
    all = g_strdup_printf("%s -S -incoming defer", args);
    vm = fuzz_vm_start(all);
    atexit(end);
}

static GByteArray *copy(const GByteArray *record)
{
    GByteArray *out = g_byte_array_new();

    g_byte_array_append(out, record->data, record->len);
    return out;
}

/* The length in the head is again that of what follows. */
static void fix_length(GByteArray *record)
{
    guint64 length = GUINT64_TO_LE(record->len - MIG_RECORD_SIZE);

    memcpy(record->data + 8, &length, sizeof(length));
}

static void patch(FuzzInput *in, GByteArray *record)
{
    gsize size = record->len - MIG_RECORD_SIZE;
    guint16 at = fuzz_take(in, 2);
    guint8 what = fuzz_take(in, 1), bytes[8], n = 1 + what / 4 % 8;
    guint64 value = GUINT64_TO_LE(fuzz_take(in, n));

    if (size == 0) {
        return;
    }
    at = MIG_RECORD_SIZE + at % size;
    memcpy(bytes, &value, sizeof(bytes));
    switch (what % 4) {
    case 0:
        g_byte_array_remove_range(record, at, MIN(n, record->len - at));
        break;
    case 1:
        g_byte_array_append(record, bytes, n);
        memmove(record->data + at + n, record->data + at, record->len - at - n);
        memcpy(record->data + at, bytes, n);
        break;
    default:
        memcpy(record->data + at, bytes, MIN(n, record->len - at));
    }
    if (!(what & 0x80)) {
        fix_length(record);
    }
}

/* END itself stays what and where it is: GO is never needed. */
static void change(FuzzInput *in, GPtrArray *records)
{
    guint8 what = fuzz_take(in, 1);
    guint count = records->len - 1, i = count ? fuzz_take(in, 1) % count : 0, type;
    GByteArray *record = count ? records->pdata[i] : NULL;

    if (!record) {
        return;
    }
    switch (what % 16) {
    case 0:
        g_ptr_array_remove_index(records, i);
        break;
    case 1:
        g_ptr_array_insert(records, fuzz_take(in, 1) % count, copy(record));
        break;
    case 2:
        records->pdata[i] = records->pdata[0];
        records->pdata[0] = record;
        break;
    case 3:
        type = fuzz_take(in, 1);
        if (type != MIG_RECORD_END) {
            record->data[0] = type;
        }
        break;
    case 4:
        record->data[4 + fuzz_take(in, 1) % 12] = fuzz_take(in, 1);
        break;
    default:
        patch(in, record);
    }
}

static GByteArray *changed_stream(FuzzInput *in)
{
    g_autoptr(GPtrArray) records =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    GByteArray *out = g_byte_array_new();

    for (guint i = 0; i < originals->len; i++) {
        g_ptr_array_add(records, copy(originals->pdata[i]));
    }
    for (guint i = 0; in->left && i < 100; i++) {
        change(in, records);
    }
    g_byte_array_append(out, hello, sizeof(hello));
    for (guint i = 0; i < records->len; i++) {
        const GByteArray *record = records->pdata[i];

        g_byte_array_append(out, record->data, record->len);
    }
    return out;
}

/* TRUE: all of it has been loaded. */
static gboolean feed(const GByteArray *stream)
{
    g_autoptr(GByteArray) answer = NULL;
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    fuzz_vm_getfd(vm, "in", fds[1]);
    close(fds[1]);
    g_free(fuzz_vm_qmp(vm, "{\"execute\":\"migrate-incoming\",\"arguments\":"
                           "{\"uri\":\"fd:in\"}}"));
    answer = fuzz_talk(fds[0], stream->data, stream->len);
    close(fds[0]);
    return answer->len >= 4 && memcmp(answer->data, "\0\0\0\0", 4) == 0;
}

/* It has failed in the end, says why, and waits for the next one. */
static void wait_failed(void)
{
    for (;;) {
        g_autofree char *info = fuzz_vm_qmp(vm, "{\"execute\":\"query-migrate\"}");

        if (strstr(info, "\"failed\"")) {
            g_assert_nonnull(strstr(info, "\"error-desc\""));
            break;
        }
        g_assert_null(strstr(info, "\"completed\""));
    }
    g_autofree char *status = fuzz_vm_qmp(vm, "{\"execute\":\"query-status\"}");
    g_assert_nonnull(strstr(status, "\"inmigrate\""));
}

int incoming_fuzz_run(const uint8_t *data, size_t len)
{
    FuzzInput in = { data, len };
    g_autoptr(GByteArray) stream = NULL;
    gboolean ok;

    if (!vm) {
        set_up();
    }
    stream = changed_stream(&in);
    ok = feed(stream);
    wait_failed();
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    incoming_fuzz_run(data, len);
    return 0;
}
