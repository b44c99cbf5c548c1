/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has a state: the VM itself (clock, run state), vCPUs, devices in the
 * order of the tree. A class brings a section for each description in its ancestry, so
 * that a transport's or a common base's rows are written once; what of a device is the
 * tree's own (an unplug that the guest has not answered) is a section, too.
 *
 * Section: u32 length of the name, u32 flags (1: a reader that does not know it goes on),
 * name, fields (device/state.c). Sections are found by name and loaded in the order that
 * they have here: the clock goes first, since devices look at it when they are loaded.
 */
#include "migration/device-state.h"

#include <string.h>

#include "accel/vcpu.h"
#include "device/device.h"
#include "event/clock.h"
#include "machine/machine.h"
#include "migration/channel.h"
#include "util/error.h"

typedef struct Section {
    char *name;
    const StateDesc *desc;
    void *opaque;
    const guint8 *data; /* of the stream: its fields; NULL: it has not come */
    gsize size;
    void *owned; /* freed with the section, or NULL */
} Section;

#define RUN_STATE_BYTES 32
#define HEAD_SIZE       8
#define MAY_SKIP        1u

typedef struct VmState {
    guint64 virtual_clock;             /* ns */
    guint8 run_state[RUN_STATE_BYTES]; /* its name, padded with zeros */
} VmState;

static const StateField vm_fields[] = {
    { "virtual-clock", STATE_U64, offsetof(VmState, virtual_clock),
      .limit = G_MAXINT64 / 2 },
    { "run-state", STATE_BYTES, offsetof(VmState, run_state), RUN_STATE_BYTES },
    { 0 },
};

/* What a VM can be between two migrations. */
static gboolean is_own_state(RunState state)
{
    return state != RUN_STATE_INMIGRATE && state != RUN_STATE_FINISH_MIGRATE &&
           state != RUN_STATE_POSTMIGRATE;
}

static gboolean vm_post_load(void *opaque, guint32 version, GError **errp)
{
    VmState *vm = opaque;
    gsize len = strnlen((const char *)vm->run_state, RUN_STATE_BYTES);
    g_autofree char *shown = error_printable(vm->run_state, len);
    RunState state;

    if (len == RUN_STATE_BYTES || !run_state_parse((const char *)vm->run_state, &state) ||
        !is_own_state(state)) {
        return error_set(errp, "Field 'run-state': '%s' is none that a VM goes on in",
                         shown);
    }
    clock_virtual_set(vm->virtual_clock);
    return TRUE;
}

const StateDesc device_state_vm = {
    .name = "vm", .version = 1, .fields = vm_fields, .post_load = vm_post_load
};

static void section_clear(gpointer data)
{
    Section *s = data;

    g_free(s->name);
    g_free(s->owned);
}

static void add_section(GArray *sections, char *name, const StateDesc *desc, void *opaque)
{
    Section s = { .name = name, .desc = desc, .opaque = opaque };

    g_array_append_val(sections, s);
}

static void add_class(GArray *sections, Device *dev, const DeviceClass *klass)
{
    if (!klass) {
        return;
    }
    add_class(sections, dev, klass->parent);
    if (klass->state) {
        add_section(sections, g_strdup_printf("%s/%s", dev->path, klass->state->name),
                    klass->state, dev);
    }
}

static void add_device(Device *dev, void *opaque)
{
    const StateDesc *unplug = device_unplug_state(dev);

    add_class(opaque, dev, dev->klass);
    if (unplug) {
        add_section(opaque, g_strdup_printf("%s/%s", dev->path, unplug->name), unplug,
                    dev);
    }
}

static GArray *all_sections(VmState *vm)
{
    GArray *sections = g_array_new(FALSE, FALSE, sizeof(Section));

    g_array_set_clear_func(sections, section_clear);
    add_section(sections, g_strdup("vm"), &device_state_vm, vm);
    for (unsigned i = 0; i < machine_cpus(); i++) {
        VcpuState *state = vcpu_state_new(i);

        if (state) {
            add_section(sections, g_strdup_printf("cpu/%u", i), vcpu_state_desc(), state);
            g_array_index(sections, Section, sections->len - 1).owned = state;
        }
    }
    device_foreach(add_device, sections);
    return sections;
}

GPtrArray *device_state_save_all(RunState state, GError **errp)
{
    VmState vm = { .virtual_clock = clock_now(CLOCK_TYPE_VIRTUAL) };
    g_autoptr(GPtrArray) out =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GArray) sections = all_sections(&vm);

    g_strlcpy((char *)vm.run_state, run_state_name(state), RUN_STATE_BYTES);
    for (guint i = 0; i < sections->len; i++) {
        const Section *s = &g_array_index(sections, Section, i);
        guint32 len = strlen(s->name);
        guint32 head[2] = { GUINT32_TO_LE(len),
                            GUINT32_TO_LE(s->desc->may_skip ? MAY_SKIP : 0) };
        g_autoptr(GByteArray) payload = NULL;

        if (s->desc->needed && !s->desc->needed(s->opaque)) {
            continue;
        }
        payload = g_byte_array_new();
        g_byte_array_append(payload, (guint8 *)head, HEAD_SIZE);
        g_byte_array_append(payload, (const guint8 *)s->name, len);
        if (!state_save(payload, s->desc, s->opaque, errp)) {
            g_prefix_error(errp, "Section '%s': ", s->name);
            return NULL;
        }
        g_ptr_array_add(out, g_byte_array_free_to_bytes(g_steal_pointer(&payload)));
    }
    return g_steal_pointer(&out);
}

static Section *find_section(GArray *sections, const guint8 *name, guint32 len)
{
    for (guint i = 0; i < sections->len; i++) {
        Section *s = &g_array_index(sections, Section, i);

        if (strlen(s->name) == len && memcmp(s->name, name, len) == 0) {
            return s;
        }
    }
    return NULL;
}

G_GNUC_PRINTF(4, 5)
static gboolean refuse(GError **errp, const guint8 *name, guint32 len, const char *format,
                       ...)
{
    g_autofree char *printable = error_printable(name, len);
    va_list ap;

    va_start(ap, format);
    if (errp) {
        *errp = g_error_new_valist(MIGRATION_ERROR, MIGRATION_ERROR_FAILED, format, ap);
        g_prefix_error(errp, "Section '%s' ", printable);
    }
    va_end(ap);
    return FALSE;
}

/* Gives a payload to its section. */
static gboolean assign(GArray *sections, GBytes *payload, GError **errp)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(payload, &size), *name = data + HEAD_SIZE;
    guint32 head[2], len;
    Section *s;

    if (size >= HEAD_SIZE) {
        memcpy(head, data, HEAD_SIZE);
    }
    if (size < HEAD_SIZE || GUINT32_FROM_LE(head[0]) > size - HEAD_SIZE) {
        g_set_error_literal(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                            "A device section of the migration stream has no name");
        return FALSE;
    }
    len = GUINT32_FROM_LE(head[0]);
    if (GUINT32_FROM_LE(head[1]) & ~MAY_SKIP) {
        return refuse(errp, name, len, "has unknown flags");
    }
    s = find_section(sections, name, len);
    if (!s) {
        return (GUINT32_FROM_LE(head[1]) & MAY_SKIP) ||
               refuse(errp, name, len, "is unknown");
    }
    if (s->data) {
        return refuse(errp, name, len, "comes twice");
    }
    s->data = name + len;
    s->size = size - HEAD_SIZE - len;
    return TRUE;
}

static gboolean check_complete(GArray *sections, GError **errp)
{
    for (guint i = 0; i < sections->len; i++) {
        const Section *s = &g_array_index(sections, Section, i);

        if (!s->data && !s->desc->needed) {
            g_set_error(errp, MIGRATION_ERROR, MIGRATION_ERROR_FAILED,
                        "Section '%s' is missing", s->name);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean device_state_load_all(GPtrArray *payloads, RunState *state, GError **errp)
{
    VmState vm = { 0 };
    g_autoptr(GArray) sections = all_sections(&vm);

    for (guint i = 0; i < payloads->len; i++) {
        if (!assign(sections, payloads->pdata[i], errp)) {
            return FALSE;
        }
    }
    if (!check_complete(sections, errp)) {
        return FALSE;
    }
    for (guint i = 0; i < sections->len; i++) {
        const Section *s = &g_array_index(sections, Section, i);

        if (!(s->data ? state_load(s->data, s->size, s->desc, s->opaque, errp)
                      : state_load_absent(s->desc, s->opaque, errp))) {
            g_prefix_error(errp, "Section '%s': ", s->name);
            return FALSE;
        }
    }
    return run_state_parse((const char *)vm.run_state, state);
}
