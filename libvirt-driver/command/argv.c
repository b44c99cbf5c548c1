/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulator's command line, in libvirt's order of options. */
#include <string.h>

#include "command/kind.h"

typedef struct Builder {
    const Domain *domain;
    const CommandFacts *facts;
    GPtrArray *argv;
} Builder;

static void add(Builder *b, const char *argument)
{
    g_ptr_array_add(b->argv, g_strdup(argument));
}

static void add2(Builder *b, const char *option, const char *value)
{
    add(b, option);
    add(b, value);
}

static void G_GNUC_PRINTF(3, 4)
    add_format(Builder *b, const char *option, const char *format, ...)
{
    va_list args;

    add(b, option);
    va_start(args, format);
    g_ptr_array_add(b->argv, g_strdup_vprintf(format, args));
    va_end(args);
}

/* Takes over @object. */
static void add_json(Builder *b, const char *option, JsonObject *object)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

    json_node_take_object(node, object);
    add(b, option);
    g_ptr_array_add(b->argv, json_to_string(node, FALSE));
}

/* A comma in a value of the key=value grammar is written twice. */
static char *escape_commas(const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);

    return g_strjoinv(",,", parts);
}

static gboolean add_memory(Builder *b, GError **errp)
{
    const Domain *domain = b->domain;
    static const char *const types[] = {
        [DOMAIN_MEMORY_SOURCE_DEFAULT] = "memory-backend-ram",
        [DOMAIN_MEMORY_SOURCE_ANONYMOUS] = "memory-backend-ram",
        [DOMAIN_MEMORY_SOURCE_FILE] = "memory-backend-file",
        [DOMAIN_MEMORY_SOURCE_MEMFD] = "memory-backend-memfd",
    };
    JsonObject *backend;

    if (domain->memory_source == DOMAIN_MEMORY_SOURCE_FILE && !b->facts->memory_path) {
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                             "no file for <memoryBacking/source type='file'>");
    }
    backend = json_object_new();
    json_object_set_string_member(backend, "qom-type", types[domain->memory_source]);
    json_object_set_string_member(backend, "id",
                                  command_machine(domain->machine)->ram_id);
    if (domain->memory_source == DOMAIN_MEMORY_SOURCE_FILE) {
        json_object_set_string_member(backend, "mem-path", b->facts->memory_path);
    }
    if (domain->memory_access != DOMAIN_MEMORY_ACCESS_DEFAULT) {
        json_object_set_boolean_member(
            backend, "share", domain->memory_access == DOMAIN_MEMORY_ACCESS_SHARED);
    }
    json_object_set_int_member(backend, "size", domain->memory * 1024);
    add_format(b, "-m", "size=%" G_GUINT64_FORMAT "k", domain->memory);
    add_json(b, "-object", backend);
    return TRUE;
}

static gboolean add_machine(Builder *b, GError **errp)
{
    const Domain *domain = b->domain;
    g_autofree char *name = escape_commas(domain->name);
    char uuid[DOMAIN_UUID_STR_LEN];

    add_format(b, "-name", "guest=%s,debug-threads=on", name);
    add(b, "-S");
    add_format(b, "-machine", "%s,usb=off,dump-guest-core=off,memory-backend=%s,acpi=%s",
               domain->machine, command_machine(domain->machine)->ram_id,
               domain->acpi ? "on" : "off");
    add2(b, "-accel", "kvm");
    add_format(b, "-cpu", "host,migratable=%s", xml_on_off_names[domain->cpu_migratable]);
    if (!add_memory(b, errp)) {
        return FALSE;
    }
    add2(b, "-overcommit", "mem-lock=off");
    add_format(b, "-smp", "%u,sockets=%u,cores=1,threads=1", domain->vcpus,
               domain->vcpus);
    for (guint i = 1; i <= domain->iothreads; i++) {
        g_autofree char *id = g_strdup_printf("iothread%u", i);
        JsonObject *iothread = json_object_new();
        json_object_set_string_member(iothread, "qom-type", "iothread");
        json_object_set_string_member(iothread, "id", id);
        add_json(b, "-object", iothread);
    }
    xml_uuid_format(domain->uuid, uuid);
    add2(b, "-uuid", uuid);
    add2(b, "-display", "none");
    add(b, "-no-user-config");
    add(b, "-nodefaults");
    add_format(b, "-chardev", "socket,id=charmonitor,fd=%d,server=on,wait=off",
               b->facts->monitor_fd);
    add2(b, "-mon", "chardev=charmonitor,id=monitor,mode=control");
    return TRUE;
}

static void add_boot(Builder *b)
{
    const Domain *domain = b->domain;

    add2(b, "-rtc", "base=utc");
    if (domain->on_reboot != DOMAIN_LIFECYCLE_RESTART) {
        add(b, "-no-reboot");
    }
    add(b, "-no-shutdown");
    add2(b, "-boot", "strict=on");
    add2(b, "-kernel", domain->kernel);
    if (domain->initrd) {
        add2(b, "-initrd", domain->initrd);
    }
    if (domain->cmdline) {
        add2(b, "-append", domain->cmdline);
    }
}

/* The place in the boot order: the device's own, or its class's for the first one. */
static guint boot_index(const Domain *domain, const DomainDeviceInfo *info, int class,
                        guint nth)
{
    for (guint i = 0; nth == 0 && i < domain->boots->len; i++) {
        if ((int)((const DomainBootDev *)domain->boots->pdata[i])->dev == class) {
            return i + 1;
        }
    }
    return info->boot_order;
}

/* The devices' steps, in the order of the kinds. */
static gboolean add_kind(CommandSteps *steps, DomainDeviceType type, GError **errp)
{
    const CommandKind *kind = command_kind(type);
    GPtrArray *array = xml_domain_devices(steps->domain, type);

    for (guint i = 0; kind && i < array->len; i++) {
        DomainDevice device = { .type = type, .any = array->pdata[i] };
        guint boot = boot_index(steps->domain, xml_device_info(&device), kind->boot, i);

        if (!kind->steps(steps, device.any, boot, errp)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_devices(Builder *b, GError **errp)
{
    CommandSteps steps;
    gboolean ok = TRUE;

    command_steps_init(&steps, b->domain, b->facts->device_fds);
    for (guint type = 0; type < DOMAIN_DEVICE_COUNT && ok; type++) {
        ok = add_kind(&steps, type, errp);
    }
    for (guint i = 0; i < steps.list->len && ok; i++) {
        const CommandStep *step = steps.list->pdata[i];

        if (step->option && step->text) {
            add2(b, step->option, step->text);
        } else if (step->option) {
            add_json(b, step->option, json_object_ref(step->arguments));
        }
    }
    g_ptr_array_unref(steps.list);
    return ok;
}

char **command_build(const Domain *domain, const CommandFacts *facts, GError **errp)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    Builder b = { .domain = domain, .facts = facts, .argv = argv };

    add(&b, domain->emulator);
    if (!add_machine(&b, errp)) {
        return NULL;
    }
    add_boot(&b);
    if (!add_devices(&b, errp)) {
        return NULL;
    }
    if (facts->incoming) {
        add2(&b, "-incoming", "defer");
    }
    add2(&b, "-sandbox",
         "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny,"
         "network=deny");
    add2(&b, "-msg", "timestamp=on");
    g_ptr_array_add(argv, NULL);
    g_ptr_array_set_free_func(argv, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&argv), FALSE);
}
