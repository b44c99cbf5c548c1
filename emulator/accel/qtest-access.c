/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accesses that a test makes. A thread makes them that is to the rest of the
 * process what a vCPU's is, with the same filter, while the main loop waits: what a
 * device may not do there shows in every test of a device. The reply is sent when
 * nothing is held any more (lock.h), on the main loop.
 */
#include "accel/qtest-internal.h"

#include <string.h>

#include "event/lock.h"
#include "event/loop.h"
#include "util/error.h"

typedef struct Access {
    AddressMap *map;
    guint64 addr;
    size_t len;
    char *(*show)(const guint8 *data, size_t len); /* NULL: it writes */
    gboolean made, answered;
    guint8 data[];
} Access;

/* Under the machine lock. */
static struct {
    GThread *thread;
    GCond wake, made;
    Access *access; /* to be made */
} cpu;

static void reply(Access *a)
{
    g_autofree char *text = a->show ? a->show(a->data, a->len) : g_strdup("OK");

    g_free(a);
    qtest_send("%s", text);
    qtest_resume();
}

/* Nothing is held any more: at once, on the vCPU's thread, or on the main loop. */
static void answered(void *opaque)
{
    Access *a = opaque;

    a->answered = TRUE;
    if (a->made) {
        reply(a);
    }
}

static void *vcpu_thread(void *opaque)
{
    machine_lock();
    for (;;) {
        Access *a;

        while (!cpu.access) {
            machine_lock_wait(&cpu.wake);
        }
        a = cpu.access;
        access_begin();
        if (a->show) {
            address_map_read(a->map, a->addr, a->data, a->len);
        } else {
            address_map_write(a->map, a->addr, a->data, a->len);
        }
        access_finish(answered, a);
        cpu.access = NULL;
        g_cond_signal(&cpu.made);
    }
    return NULL;
}

static void make(Access *a)
{
    g_autoptr(GError) err = NULL;

    if (!cpu.thread) {
        cpu.thread = thread_try_start("vcpu", "CPU 0/qtest", vcpu_thread, NULL, &err);
    }
    if (!cpu.thread) {
        qtest_send("FAIL %s", err->message);
        g_free(a);
        return;
    }
    qtest_pause();
    cpu.access = a;
    g_cond_signal(&cpu.wake);
    while (cpu.access) {
        machine_lock_wait(&cpu.made);
    }
    a->made = TRUE;
    if (a->answered) {
        reply(a);
    } else {
        qtest_flush();
    }
}

static Access *access_new(AddressMap *map, guint64 addr, size_t len)
{
    Access *a = g_malloc0(sizeof(Access) + len);

    a->map = map;
    a->addr = addr;
    a->len = len;
    return a;
}

void qtest_write(AddressMap *map, guint64 addr, const void *data, size_t len)
{
    Access *a = access_new(map, addr, len);

    memcpy(a->data, data, len);
    make(a);
}

void qtest_read(AddressMap *map, guint64 addr, size_t len,
                char *(*show)(const guint8 *data, size_t len))
{
    Access *a = access_new(map, addr, len);

    a->show = show;
    make(a);
}
