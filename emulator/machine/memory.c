/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A board's memory: its size, its back end, and where it is mapped. */
#include "config.h"

#include "machine/board.h"
#include "util/error.h"

static gboolean check_size(BoardMemory *memory, ConfigNode *node, GError **errp)
{
    guint64 max, slots;

    if (!config_get_size(node, "size", 0, &memory->size, errp) ||
        !config_get_size(node, "maxmem", memory->size, &max, errp) ||
        !config_get_uint(node, "slots", 0, 0, G_MAXUINT, &slots, errp)) {
        return FALSE;
    }
    if (memory->size < BOARD_MIN_RAM || memory->size > BOARD_MAX_RAM ||
        memory->size % RAM_PAGE_SIZE) {
        return error_set(errp, "machine '%s' takes whole pages from 1 MiB to 4 TiB",
                         memory->machine);
    }
    if (max < memory->size) {
        return error_set(errp,
                         "maxmem=%" G_GUINT64_FORMAT " is below size=%" G_GUINT64_FORMAT,
                         max, memory->size);
    }
    if (max != memory->size || slots) {
        return error_set(errp, "machine '%s' has no memory hot-plug", memory->machine);
    }
    memory->low = memory->size < memory->split_from ? memory->size : memory->split;
    memory->high = memory->size - memory->low;
    return TRUE;
}

/* Whether the object is the one that is asked for. */
static gboolean is_backend(const BoardMemory *memory, ConfigNode *object, gboolean *is,
                           GError **errp)
{
    const char *id, *type;

    if (!config_get_string(object, "id", NULL, &id, errp) ||
        !config_get_string(object, "qom-type", "", &type, errp)) {
        return FALSE;
    }
    *is = g_strcmp0(id, memory->options->memory_backend) == 0 &&
          g_str_has_prefix(type, "memory-backend-");
    return TRUE;
}

static gboolean check_backend(const BoardMemory *memory, ConfigNode *object,
                              GError **errp)
{
    const char *id = memory->options->memory_backend;
    guint64 size;

    if (!config_get_size(object, "size", 0, &size, errp)) {
        g_prefix_error(errp, "-object id=%s: ", id);
        return FALSE;
    }
    if (size != memory->size) {
        return error_set(errp,
                         "-machine memory-backend=%s: its size of %" G_GUINT64_FORMAT
                         " does not match -m %" G_GUINT64_FORMAT,
                         id, size, memory->size);
    }
    return !memory->options->mem_share ||
           error_set(errp,
                     "-machine mem-share=on: not together with memory-backend=%s "
                     "(share=on belongs there)",
                     id);
}

static gboolean find_backend(BoardMemory *memory, ConfigNode *config, GError **errp)
{
    ConfigNode *objects;

    if (!config_get_node(config, "object", CONFIG_LIST, &objects, errp)) {
        return FALSE;
    }
    for (guint i = 0; objects && i < config_list_size(objects); i++) {
        ConfigNode *object = config_list_at(objects, i);
        gboolean is;

        if (!is_backend(memory, object, &is, errp)) {
            return FALSE;
        }
        if (is) {
            memory->backend = object;
            return check_backend(memory, object, errp);
        }
    }
    return error_set(errp, "-machine memory-backend=%s: Memory backend '%s' not found",
                     memory->options->memory_backend, memory->options->memory_backend);
}

gboolean board_memory_check(BoardMemory *memory, ConfigNode *config, GError **errp)
{
    ConfigNode *node;

    if (!config_get_node(config, "memory", CONFIG_MAP, &node, errp)) {
        return FALSE;
    }
    if (!node) {
        return error_set(errp, "-m: the size of memory is missing");
    }
    if (!check_size(memory, node, errp)) {
        config_prefix_origin(node, "-m", errp);
        return FALSE;
    }
    ram_set_guest_size(memory->size);
    return !memory->options->memory_backend || find_backend(memory, config, errp);
}

/* What mem-share=on stands for. */
static ConfigNode *shared_backend(const BoardMemory *memory)
{
    ConfigNode *node = config_map_new();

    config_map_set(node, "qom-type", config_string_new("memory-backend-memfd"));
    config_map_set(node, "id", config_string_new(memory->block));
    config_map_set(node, "size", config_int_new(memory->size));
    config_map_set(node, "share", config_bool_new(TRUE));
    return node;
}

/* What it does not say itself, -machine says. */
static void set_default(ConfigNode *backend, const char *key, gboolean value)
{
    if (!config_map_has(backend, key)) {
        config_map_set(backend, key, config_bool_new(value));
    }
}

static RamBlock *create_block(const BoardMemory *memory, GError **errp)
{
    const BoardOptions *o = memory->options;
    g_autoptr(ConfigNode) shared = o->mem_share ? shared_backend(memory) : NULL;
    ConfigNode *backend = shared ? shared : memory->backend;
    RamBlock *ram;

    if (backend) {
        set_default(backend, "dump", o->dump);
        set_default(backend, "merge", o->mem_merge);
        ram = ram_backend_new(backend, errp);
        if (!ram && config_node_origin(backend)) {
            config_prefix_origin(backend, "-object", errp);
        }
        return ram;
    }
    ram = ram_block_new(memory->block, memory->size, errp);
    if (ram && !o->dump) {
        ram_block_leave_out_of_core(ram);
    }
    return ram;
}

static gboolean create_ram(BoardMemory *memory, GError **errp)
{
    memory->ram = create_block(memory, errp);
    return memory->ram && ram_block_register(memory->ram, errp);
}

/* A part of the RAM block at a guest address, unless there is nothing of it. */
static gboolean map_part(const BoardMemory *memory, Region **part, const char *name,
                         guint64 offset, guint64 size, guint64 addr, GError **errp)
{
    if (size == 0) {
        return TRUE;
    }
    *part = region_new_ram(name, memory->ram, offset, size, FALSE);
    return address_map_put(address_map_memory(), part, addr, errp);
}

static gboolean map_parts(BoardMemory *m, GError **errp)
{
    return map_part(m, &m->below_hole, "ram-below-hole", 0, m->hole, 0, errp) &&
           map_part(m, &m->below_4g, "ram-below-4g", m->hole_end, m->low - m->hole_end,
                    m->hole_end, errp) &&
           map_part(m, &m->above_4g, "ram-above-4g", m->low, m->high, BOARD_HIGH_RAM,
                    errp);
}

gboolean board_memory_create(BoardMemory *memory, GError **errp)
{
    if (!create_ram(memory, errp)) {
        return FALSE;
    }
    address_map_begin();
    gboolean ok = map_parts(memory, errp);
    return address_map_commit(ok ? errp : NULL) && ok;
}

void board_memory_free(BoardMemory *memory)
{
    address_map_take(&memory->below_hole);
    address_map_take(&memory->below_4g);
    address_map_take(&memory->above_4g);
    if (memory->ram) {
        ram_block_unregister(memory->ram);
        ram_block_unref(memory->ram);
    }
    memory->ram = NULL;
}
