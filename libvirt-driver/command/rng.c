/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random number generators: rng-random and virtio-rng. */
#include <fcntl.h>

#include "command/kind.h"

static gboolean complete(const CommandMachine *machine, const Domain *domain,
                         gpointer device, GError **errp)
{
    return command_check_virtio_model(machine, ((const DomainRng *)device)->model, errp);
}

static const char *driver_of(gconstpointer device)
{
    static const char *const drivers[] = {
        [DOMAIN_VIRTIO_TRANSITIONAL] = "virtio-rng-pci-transitional",
        [DOMAIN_VIRTIO_NON_TRANSITIONAL] = "virtio-rng-pci-non-transitional",
    };

    return drivers[((const DomainRng *)device)->model];
}

static gboolean conventional(gconstpointer device)
{
    return ((const DomainRng *)device)->model == DOMAIN_VIRTIO_TRANSITIONAL;
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainRng *rng = device;
    g_autofree char *id = g_strconcat("obj", rng->info.alias, NULL);
    g_autofree char *filename = command_step_file(
        steps, &(CommandFile){ .path = rng->filename, .flags = O_RDONLY });
    JsonObject *backend = util_json_pair("qom-type", "rng-random");
    JsonObject *props = command_virtio_device(steps, &command_kind_rng, rng, &rng->info);

    json_object_set_string_member(backend, "id", id);
    json_object_set_string_member(backend, "filename", filename);
    command_step(steps, "-object", "object-add", backend, "object-del",
                 util_json_pair("id", id));
    json_object_set_string_member(props, "rng", id);
    command_step_device(steps, props);
    return TRUE;
}

const CommandKind command_kind_rng = {
    .alias = "rng",
    .driver = "virtio-rng",
    .virtio = TRUE,
    .pluggable = TRUE,
    .boot = -1,
    .driver_of = driver_of,
    .conventional = conventional,
    .complete = complete,
    .steps = steps,
};
