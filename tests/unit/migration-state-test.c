/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sections of a VM: which come, in which order they are loaded, what is refused. */
#include "config.h"

#include <string.h>

#include "accel/accel.h"
#include "device/device.h"
#include "event/clock.h"
#include "event/loop.h"
#include "machine/machine.h"
#include "migration/device-state.h"
#include "tests/unit/no-board.h"

#define SECOND G_GINT64_CONSTANT(1000000000)

/* A device that looks at the clock when it is loaded, as one with timers does. */
typedef struct Watch {
    Device dev;
    guint32 number;
    guint64 clock;
    int loaded;
} Watch;

static int order; /* of the last one loaded */

static gboolean watch_post_load(void *opaque, guint32 version, GError **errp)
{
    Watch *w = opaque;

    w->clock = clock_now(CLOCK_TYPE_VIRTUAL);
    w->loaded = ++order;
    return TRUE;
}

static const StateField watch_fields[] = {
    { .name = "number",
      .type = STATE_U32,
      .offset = offsetof(Watch, number),
      .count = 1 },
    { NULL },
};

static const StateDesc watch_state = {
    .name = "watch", .version = 1, .fields = watch_fields, .post_load = watch_post_load
};

static const DeviceClass watch_class = { .name = "watch",
                                         .instance_size = sizeof(Watch),
                                         .state = &watch_state };

const DeviceClass *const device_class_table[] = { &watch_class, NULL };

static Watch *watches[3];

/* With a section that is only there while it is needed, and may be lost. */
typedef struct Rare {
    Device dev;
    guint32 number;
    int loaded;
} Rare;

static gboolean rare_needed(void *opaque)
{
    return ((Rare *)opaque)->number != 4;
}

static gboolean rare_post_load(void *opaque, guint32 version, GError **errp)
{
    ((Rare *)opaque)->loaded++;
    return TRUE;
}

static const StateField rare_fields[] = {
    { .name = "number",
      .type = STATE_U32,
      .offset = offsetof(Rare, number),
      .count = 1,
      .absent = 4 },
    { NULL },
};
static const StateDesc rare_state = { .name = "rare",
                                      .version = 1,
                                      .fields = rare_fields,
                                      .needed = rare_needed,
                                      .may_skip = TRUE,
                                      .post_load = rare_post_load };
static const DeviceClass rare_class = { .name = "rare",
                                        .instance_size = sizeof(Rare),
                                        .state = &rare_state };
static Rare *rare;

static GPtrArray *save(void)
{
    g_autoptr(GError) err = NULL;
    GPtrArray *sections = device_state_save_all(RUN_STATE_PAUSED, &err);

    g_assert_no_error(err);
    return sections;
}

static gboolean starts_with_name(GBytes *section, const char *name)
{
    gsize size, len = strlen(name);
    const guint8 *data = g_bytes_get_data(section, &size);

    return size >= 8 + len && data[0] == len && memcmp(data + 8, name, len) == 0;
}

/* Index of a section. */
static guint find(GPtrArray *sections, const char *name)
{
    for (guint i = 0; i < sections->len; i++) {
        if (starts_with_name(sections->pdata[i], name)) {
            return i;
        }
    }
    g_error("no section '%s'", name);
}

/* The clock is that of the source before any device is loaded, whatever comes first. */
static void test_clock(void)
{
    RunState state;

    for (guint reversed = 0; reversed < 2; reversed++) {
        g_autoptr(GError) err = NULL;

        clock_virtual_set(5 * SECOND);
        g_autoptr(GPtrArray) sections = save();
        for (guint i = 0; reversed && i < sections->len / 2; i++) {
            gpointer *a = &sections->pdata[i];
            gpointer *b = &sections->pdata[sections->len - 1 - i];
            gpointer tmp = *a;

            *a = *b;
            *b = tmp;
        }
        clock_virtual_set(9 * SECOND);
        order = 0;
        device_state_load_all(sections, &state, &err);
        g_assert_no_error(err);
        for (guint i = 0; i < G_N_ELEMENTS(watches); i++) {
            g_assert_cmpuint(watches[i]->clock, ==, 5 * SECOND);
            g_assert_cmpint(watches[i]->loaded, ==, i + 1);
        }
        g_assert_cmpint(state, ==, RUN_STATE_PAUSED);
    }
}

/* Loads what must be refused: no device has been touched by then. */
static void refused(GPtrArray *sections, const char *why)
{
    g_autoptr(GError) err = NULL;
    RunState state;

    order = 0;
    g_assert_false(device_state_load_all(sections, &state, &err));
    g_assert_cmpstr(err->message, ==, why);
    g_assert_cmpint(order, ==, 0);
}

static void test_names(void)
{
    static const char two[] = "/machine/unattached/device[2]/watch";
    static const guint8 other[] = { 3, 0, 0, 0, 0, 0, 0, 0, 'r', 't', 'c' },
                        skipped[] = { 3, 0, 0, 0, 1, 0, 0, 0, 'r', 't', 'c' },
                        flags[] = { 3, 0, 0, 0, 2, 0, 0, 0, 'r', 't', 'c' },
                        cut[] = { 9, 0, 0, 0, 0, 0, 0, 0, 'r' };
    g_autoptr(GError) err = NULL;
    RunState state;

    g_autoptr(GPtrArray) missing = save();
    g_ptr_array_remove_index(missing, find(missing, two));
    refused(missing, "Section '/machine/unattached/device[2]/watch' is missing");

    g_autoptr(GPtrArray) no_vm = save();
    g_ptr_array_remove_index(no_vm, find(no_vm, "vm"));
    refused(no_vm, "Section 'vm' is missing");

    g_autoptr(GPtrArray) twice = save();
    g_ptr_array_add(twice, g_bytes_ref(twice->pdata[find(twice, two)]));
    refused(twice, "Section '/machine/unattached/device[2]/watch' comes twice");

    g_autoptr(GPtrArray) unknown = save();
    g_ptr_array_add(unknown, g_bytes_new_static(other, sizeof(other)));
    refused(unknown, "Section 'rtc' is unknown");

    g_autoptr(GPtrArray) flagged = save();
    g_ptr_array_add(flagged, g_bytes_new_static(flags, sizeof(flags)));
    refused(flagged, "Section 'rtc' has unknown flags");

    g_autoptr(GPtrArray) more = save();
    g_ptr_array_add(more, g_bytes_new_static(skipped, sizeof(skipped)));
    device_state_load_all(more, &state, &err);
    g_assert_no_error(err);

    g_autoptr(GPtrArray) nameless = save();
    g_ptr_array_add(nameless, g_bytes_new_static(cut, sizeof(cut)));
    refused(nameless, "A device section of the migration stream has no name");
}

/* What is not needed does not come, and is not what it was before then. */
static void test_not_needed(void)
{
    g_autoptr(GError) err = NULL;
    RunState state;

    rare->number = 4;
    g_autoptr(GPtrArray) without = save();
    rare->number = 3;
    rare->loaded = 0;
    g_autoptr(GPtrArray) with = save();
    g_assert_cmpuint(with->len, ==, without->len + 1);
    device_state_load_all(without, &state, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(rare->number, ==, 4);
    g_assert_cmpint(rare->loaded, ==, 1);
    device_state_load_all(with, &state, &err);
    g_assert_no_error(err);
    g_assert_cmpuint(rare->number, ==, 3);
    g_assert_cmpint(rare->loaded, ==, 2);
}

/* Puts a device of the class on the board; the registry's. */
static Device *add(const DeviceClass *klass)
{
    g_autoptr(Device) dev = device_new(klass);
    g_autoptr(GError) err = NULL;

    device_realize(dev, NULL, &err);
    g_assert_no_error(err);
    return dev;
}

static void set_up(void)
{
    no_board_make();
    for (guint i = 0; i < G_N_ELEMENTS(watches); i++) {
        watches[i] = (Watch *)add(&watch_class);
    }
    rare = (Rare *)add(&rare_class);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    set_up();
    g_test_add_func("/migration/state/clock", test_clock);
    g_test_add_func("/migration/state/names", test_names);
    g_test_add_func("/migration/state/not-needed", test_not_needed);
    int ret = g_test_run();
    machine_cleanup();
    return ret;
}
