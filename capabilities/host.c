/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capabilities/host.h"

#include <string.h>

#define SYS_CPU  "sys/devices/system/cpu"
#define SYS_NODE "sys/devices/system/node"

/* The text of a file below root without the white space around it, or NULL. */
static char *G_GNUC_PRINTF(2, 3) read_text(const char *root, const char *format, ...)
{
    g_autofree char *name = NULL, *path = NULL;
    char *text = NULL;
    va_list args;

    va_start(args, format);
    name = g_strdup_vprintf(format, args);
    va_end(args);
    path = g_strconcat(root, "/", name, NULL);
    return g_file_get_contents(path, &text, NULL, NULL) ? g_strstrip(text) : NULL;
}

static guint64 number(const char *text)
{
    return text ? g_ascii_strtoull(text, NULL, 0) : 0;
}

static guint read_number(const char *root, const char *directory, const char *file,
                         guint otherwise)
{
    g_autofree char *text = read_text(root, "%s/%s", directory, file);

    return text && g_ascii_isdigit(*text) ? number(text) : otherwise;
}

static void cpu_free(gpointer opaque)
{
    CapabilitiesCpu *cpu = opaque;

    g_free(cpu->siblings);
    g_free(cpu);
}

static void cell_free(gpointer opaque)
{
    CapabilitiesCell *cell = opaque;

    g_array_unref(cell->pages);
    g_array_unref(cell->distances);
    g_free(cell);
}

void capabilities_host_free(CapabilitiesHost *host)
{
    if (host) {
        g_ptr_array_unref(host->cpus);
        g_ptr_array_unref(host->cells);
        g_free(host->uuid);
        g_free(host->vendor);
        g_free(host);
    }
}

static char *vendor_name(const char *id)
{
    return g_strdup(strcmp(id, "GenuineIntel") == 0   ? "Intel"
                    : strcmp(id, "AuthenticAMD") == 0 ? "AMD"
                                                      : id);
}

/* One "key : value" line of /proc/cpuinfo; @cpu is the block's, once it has begun. */
static void cpuinfo_line(CapabilitiesHost *host, CapabilitiesCpu *cpu, const char *key,
                         const char *value)
{
    if (strcmp(key, "physical id") == 0) {
        cpu->socket = number(value);
    } else if (strcmp(key, "core id") == 0) {
        cpu->core = number(value);
    } else if (host->cpus->len > 1) {
        return; /* what follows is told once, by the first CPU */
    } else if (strcmp(key, "vendor_id") == 0) {
        g_free(host->vendor);
        host->vendor = vendor_name(value);
    } else if (strcmp(key, "cpu family") == 0) {
        host->family = number(value);
    } else if (strcmp(key, "model") == 0) {
        host->model = number(value);
    } else if (strcmp(key, "stepping") == 0) {
        host->stepping = number(value);
    } else if (strcmp(key, "microcode") == 0) {
        host->microcode = number(value);
    } else if (strcmp(key, "cpu MHz") == 0) {
        host->mhz = number(value);
    }
}

static void read_cpuinfo(CapabilitiesHost *host, const char *root)
{
    g_autofree char *text = read_text(root, "proc/cpuinfo");
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    CapabilitiesCpu *cpu = NULL;

    for (guint i = 0; lines[i]; i++) {
        char *colon = strchr(lines[i], ':');
        char *key = lines[i], *value;

        if (!colon) {
            continue;
        }
        *colon = 0;
        value = colon + 1;
        g_strstrip(key);
        g_strstrip(value);
        if (strcmp(key, "processor") == 0) {
            cpu = g_new0(CapabilitiesCpu, 1);
            cpu->id = number(value);
            g_ptr_array_add(host->cpus, cpu);
        } else if (cpu) {
            cpuinfo_line(host, cpu, key, value);
        }
    }
}

/* What sysfs knows better than cpuinfo. */
static void read_topology(CapabilitiesHost *host, const char *root)
{
    for (guint i = 0; i < host->cpus->len; i++) {
        CapabilitiesCpu *cpu = host->cpus->pdata[i];
        g_autofree char *directory = g_strdup_printf(SYS_CPU "/cpu%u/topology", cpu->id);

        cpu->socket = read_number(root, directory, "physical_package_id", cpu->socket);
        cpu->die = read_number(root, directory, "die_id", 0);
        cpu->core = read_number(root, directory, "core_id", cpu->core);
        cpu->siblings = read_text(root, "%s/thread_siblings_list", directory);
        if (!cpu->siblings || !*cpu->siblings) {
            g_free(cpu->siblings);
            cpu->siblings = g_strdup_printf("%u", cpu->id);
        }
    }
}

/* The number behind @key in a meminfo file. */
static guint64 meminfo(const char *text, const char *key)
{
    const char *found = text ? strstr(text, key) : NULL;

    return found ? g_ascii_strtoull(found + strlen(key), NULL, 10) : 0;
}

/* Whether @id is in a list such as "0-3,8". */
static gboolean in_list(const char *list, guint id)
{
    g_auto(GStrv) ranges = g_strsplit(list ? list : "", ",", -1);

    for (guint i = 0; ranges[i] && *ranges[i]; i++) {
        const char *dash = strchr(ranges[i], '-');
        guint64 first = number(ranges[i]), last = dash ? number(dash + 1) : first;

        if (id >= first && id <= last) {
            return TRUE;
        }
    }
    return FALSE;
}

static CapabilitiesCell *cell_new(CapabilitiesHost *host, guint id, guint64 memory)
{
    CapabilitiesCell *cell = g_new0(CapabilitiesCell, 1);
    CapabilitiesPages base = { .size = 4, .count = memory / 4 };

    cell->id = id;
    cell->memory = memory;
    cell->pages = g_array_new(FALSE, FALSE, sizeof(CapabilitiesPages));
    cell->distances = g_array_new(FALSE, FALSE, sizeof(guint));
    g_array_append_val(cell->pages, base);
    g_ptr_array_add(host->cells, cell);
    return cell;
}

static gint compare_pages(gconstpointer a, gconstpointer b)
{
    const CapabilitiesPages *left = a, *right = b;

    return left->size < right->size ? -1 : left->size > right->size;
}

/* Huge pages are taken off the ordinary ones. */
static void read_huge_pages(CapabilitiesCell *cell, const char *root,
                            const char *directory)
{
    g_autofree char *path = g_strdup_printf("%s/%s/hugepages", root, directory);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *file = g_strdup_printf("hugepages/%s/nr_hugepages", name);
        CapabilitiesPages pages = { 0 }, *base;
        guint64 kib;

        if (!g_str_has_prefix(name, "hugepages-")) {
            continue;
        }
        pages.size = number(name + strlen("hugepages-"));
        pages.count = read_number(root, directory, file, 0);
        g_array_append_val(cell->pages, pages);
        base = &g_array_index(cell->pages, CapabilitiesPages, 0);
        if (!__builtin_mul_overflow(pages.size, pages.count, &kib)) {
            base->count -= MIN(base->count, kib / 4);
        }
    }
    g_array_sort(cell->pages, compare_pages);
}

static void read_cell(CapabilitiesHost *host, const char *root, guint id)
{
    g_autofree char *directory = g_strdup_printf(SYS_NODE "/node%u", id);
    g_autofree char *memory = read_text(root, "%s/meminfo", directory);
    g_autofree char *cpus = read_text(root, "%s/cpulist", directory);
    g_autofree char *distance = read_text(root, "%s/distance", directory);
    g_auto(GStrv) words = g_strsplit_set(distance ? distance : "", " \t", -1);
    CapabilitiesCell *cell = cell_new(host, id, meminfo(memory, "MemTotal:"));

    for (guint i = 0; words[i]; i++) {
        guint value = number(words[i]);
        if (*words[i]) {
            g_array_append_val(cell->distances, value);
        }
    }
    read_huge_pages(cell, root, directory);
    for (guint i = 0; i < host->cpus->len; i++) {
        CapabilitiesCpu *cpu = host->cpus->pdata[i];
        if (in_list(cpus, cpu->id)) {
            cpu->cell = id;
        }
    }
}

static void read_cells(CapabilitiesHost *host, const char *root)
{
    g_autofree char *online = read_text(root, SYS_NODE "/online");
    g_auto(GStrv) ranges = g_strsplit(online ? online : "", ",", -1);

    for (guint i = 0; ranges[i] && *ranges[i]; i++) {
        const char *dash = strchr(ranges[i], '-');
        guint64 first = number(ranges[i]), last = dash ? number(dash + 1) : first;

        for (guint64 id = first; id <= last && id < 4096; id++) {
            read_cell(host, root, id);
        }
    }
    if (!host->cells->len) { /* a kernel without NUMA */
        cell_new(host, 0, host->memory);
    }
}

/* The firmware's UUID, or the installation's. */
static char *read_uuid(const char *root)
{
    g_autofree char *uuid = read_text(root, "sys/class/dmi/id/product_uuid");
    g_autofree char *lower = uuid ? g_ascii_strdown(uuid, -1) : NULL;
    g_autofree char *id = NULL;

    if (lower && g_uuid_string_is_valid(lower) && strspn(lower, "0-") != strlen(lower) &&
        strspn(lower, "f-") != strlen(lower)) {
        return g_steal_pointer(&lower);
    }
    id = read_text(root, "etc/machine-id");
    if (!id || strlen(id) != 32 || strspn(id, "0123456789abcdef") != 32) {
        return NULL;
    }
    return g_strdup_printf("%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12, id + 16,
                           id + 20);
}

CapabilitiesHost *capabilities_host_read(const char *root, GError **errp)
{
    g_autoptr(CapabilitiesHost) host = g_new0(CapabilitiesHost, 1);
    g_autofree char *memory = read_text(root, "proc/meminfo");

    host->cpus = g_ptr_array_new_with_free_func(cpu_free);
    host->cells = g_ptr_array_new_with_free_func(cell_free);
    host->memory = meminfo(memory, "MemTotal:");
    read_cpuinfo(host, root);
    if (!host->memory || !host->cpus->len) {
        g_set_error(errp, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s/proc/%s has no %s", root,
                    host->memory ? "cpuinfo" : "meminfo",
                    host->memory ? "processor" : "MemTotal");
        return NULL;
    }
    read_topology(host, root);
    read_cells(host, root);
    host->uuid = read_uuid(root);
    return g_steal_pointer(&host);
}

/* Counts each combination once. */
static gboolean add_distinct(GHashTable *seen, guint a, guint b, guint c)
{
    return g_hash_table_add(seen, g_strdup_printf("%u/%u/%u", a, b, c));
}

void capabilities_node_info(const CapabilitiesHost *host, CapabilitiesNodeInfo *info)
{
    g_autoptr(GHashTable) sockets =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) cores =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint n_sockets, n_cores;

    memset(info, 0, sizeof(*info));
    g_strlcpy(info->model, "x86_64", sizeof(info->model));
    info->memory = host->memory;
    info->cpus = host->cpus->len;
    info->mhz = host->mhz;
    for (guint i = 0; i < host->cpus->len; i++) {
        const CapabilitiesCpu *cpu = host->cpus->pdata[i];
        add_distinct(sockets, cpu->socket, 0, 0);
        add_distinct(cores, cpu->socket, cpu->die, cpu->core);
    }
    n_sockets = g_hash_table_size(sockets);
    n_cores = g_hash_table_size(cores);
    info->nodes = host->cells->len;
    info->sockets = n_sockets / info->nodes;
    info->cores = n_cores / n_sockets;
    info->threads = info->cpus / n_cores;
    if (info->nodes * info->sockets * info->cores * info->threads != info->cpus) {
        /* Uneven: libvirt's clients then read the topology of the capabilities. */
        info->nodes = info->sockets = info->threads = 1;
        info->cores = info->cpus;
    }
}
