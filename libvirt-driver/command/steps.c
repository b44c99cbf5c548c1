/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of steps: what makes devices and their back ends, at start or later. */
#include "command/kind.h"

#include <unistd.h>

static void step_free(gpointer opaque)
{
    CommandStep *step = opaque;

    if (step->file.path && step->fd >= 0) {
        close(step->fd);
    }
    g_free((char *)step->file.path);
    g_free(step->text);
    g_clear_pointer(&step->arguments, json_object_unref);
    g_clear_pointer(&step->undo_arguments, json_object_unref);
    g_free(step);
}

void command_steps_init(CommandSteps *steps, const Domain *domain, gboolean plug,
                        GHashTable *fds)
{
    *steps = (CommandSteps){ .domain = domain, .plug = plug, .fds = fds };
    steps->list = g_ptr_array_new_with_free_func(step_free);
    steps->machine = command_machine(domain ? domain->machine : NULL);
}

CommandStep *command_step(CommandSteps *steps, const char *option, const char *execute,
                          JsonObject *arguments, const char *undo,
                          JsonObject *undo_arguments)
{
    CommandStep *step = g_new0(CommandStep, 1);

    step->option = option;
    step->execute = execute;
    step->arguments = arguments;
    step->fd = -1;
    step->undo = undo;
    step->undo_arguments = undo_arguments;
    step->lasting = undo != NULL;
    g_ptr_array_add(steps->list, step);
    return step;
}

void command_step_text(CommandSteps *steps, const char *option, char *text)
{
    command_step(steps, option, NULL, NULL, NULL, NULL)->text = text;
}

char *command_escape_commas(const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);

    return g_strjoinv(",,", parts);
}

void command_step_device(CommandSteps *steps, JsonObject *device)
{
    command_step(steps, "-device", "device_add", device, NULL, NULL);
}

/* Its number, of which what is undone does not depend. FALSE: there is none. */
static gboolean find_fd(const CommandSteps *steps, const char *alias, guint nth, int *fd)
{
    GArray *fds = steps->fds ? g_hash_table_lookup(steps->fds, alias) : NULL;

    *fd = fds && nth < fds->len ? g_array_index(fds, int, nth) : -1;
    return steps->undo_only || (fds && nth < fds->len);
}

char *command_step_fd(CommandSteps *steps, const char *alias, guint nth, GError **errp)
{
    g_autofree char *name = NULL;
    CommandStep *getfd;
    int fd;

    if (!find_fd(steps, alias, nth, &fd)) {
        rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "no descriptor for device '%s'",
                      alias);
        return NULL;
    }
    if (!steps->plug) {
        return g_strdup_printf("%d", fd);
    }
    name =
        nth ? g_strdup_printf("fd-%s-%u", alias, nth) : g_strconcat("fd-", alias, NULL);
    /* A name that has been used up is gone: closefd may then find nothing. */
    getfd = command_step(steps, NULL, "getfd", util_json_pair("fdname", name), "closefd",
                         util_json_pair("fdname", name));
    getfd->fd = fd;
    getfd->lasting = FALSE;
    return g_steal_pointer(&name);
}

JsonObject *command_virtio_device(const CommandSteps *steps, const CommandKind *kind,
                                  gconstpointer any, const DomainDeviceInfo *info)
{
    const char *own = kind->driver_of ? kind->driver_of(any) : NULL;
    g_autofree char *driver =
        own ? g_strdup(own)
            : g_strconcat(kind->virtio_of ? kind->virtio_of(any) : kind->driver,
                          steps->machine->virtio_suffix, NULL);
    g_autofree char *bus =
        g_strdup_printf("%s%u", steps->machine->virtio_bus, info->address.slot);
    JsonObject *device = json_object_new();

    json_object_set_string_member(device, "driver", driver);
    if (command_has_pci(steps->machine)) {
        command_pci_props(steps, &info->address, device);
    } else if (!steps->plug) { /* else the emulator chooses: command_take_bus() */
        json_object_set_string_member(device, "bus", bus);
    }
    json_object_set_string_member(device, "id", info->alias);
    return device;
}

gboolean command_check_virtio_model(const CommandMachine *machine,
                                    DomainVirtioModel model, GError **errp)
{
    return model <= DOMAIN_VIRTIO_EITHER || command_has_pci(machine) ||
           rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "virtio (non-)transitional models are not supported for "
                         "address type=%s",
                         xml_address_names[machine->virtio]);
}
