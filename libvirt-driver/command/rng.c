/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random number generators: rng-random, rng-builtin, and virtio-rng. */
#include <fcntl.h>

#include "command/kind.h"

#define BUILTIN      "rng-builtin"
#define BUILTIN_PATH "/dev/urandom" /* what that reads */
#define PERIOD_MS    1000u          /* libvirt's, of a rate without one */

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

static gboolean is_builtin(const DomainRng *rng)
{
    return rng->backend == DOMAIN_RNG_BUILTIN;
}

static gboolean check_emulator(const CommandEmulator *emulator, gconstpointer device,
                               GError **errp)
{
    return !is_builtin(device) || command_emulator_has_type(emulator, BUILTIN) ||
           command_unsupported(errp, "devices/rng/backend model", "builtin",
                               "the emulator does not have object '" BUILTIN "'");
}

/* Once it is confined, the emulator cannot open its own source: it gets it, then. */
static void add_backend(CommandSteps *steps, const DomainRng *rng, const char *id)
{
    const char *path = is_builtin(rng) ? BUILTIN_PATH : rng->filename;
    gboolean own = is_builtin(rng) && !steps->plug;
    JsonObject *backend = util_json_pair("qom-type", own ? BUILTIN : "rng-random");

    json_object_set_string_member(backend, "id", id);
    if (!own) {
        g_autofree char *filename =
            command_step_file(steps, &(CommandFile){ .path = path, .flags = O_RDONLY });

        json_object_set_string_member(backend, "filename", filename);
    }
    command_step(steps, "-object", "object-add", backend, "object-del",
                 util_json_pair("id", id));
}

static gboolean steps(CommandSteps *steps, gconstpointer device, guint boot_index,
                      GError **errp)
{
    const DomainRng *rng = device;
    g_autofree char *id = g_strconcat("obj", rng->info.alias, NULL);
    JsonObject *props = command_virtio_device(steps, &command_kind_rng, rng, &rng->info);

    add_backend(steps, rng, id);
    json_object_set_string_member(props, "rng", id);
    if (rng->rate_bytes) {
        json_object_set_int_member(props, "max-bytes", rng->rate_bytes);
        json_object_set_int_member(props, "period",
                                   rng->rate_period ? rng->rate_period : PERIOD_MS);
    }
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
    .check_emulator = check_emulator,
    .steps = steps,
};
