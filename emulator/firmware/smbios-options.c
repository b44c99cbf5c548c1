/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -smbios, as QEMU 7.2 has it: what is said of a type a second time adds to the first
 * (a number or a switch that is not said again has its default then), but for the types
 * of which each option makes one more (8, 41) and the strings of type 11. A structure
 * that comes from a file takes the place of all that there would be of its type.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/smbios-options.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"

#define FILE_MAX    G_MAXUINT16 /* of a structure, and of a string */
#define STRINGS_MAX 255         /* a structure's strings have numbers of one byte */
#define HEADER_SIZE 4
#define TYPE_END    127

#define ROW(name_, type_, member_, help_, ...)                                           \
    {                                                                                    \
        .name = name_, .type = type_, .offset = offsetof(SmbiosInfo, member_),           \
        .help = help_, __VA_ARGS__                                                       \
    }
#define TEXT(name_, member_, help_) ROW(name_, PROP_STRING, member_, help_, )

static const Property bios_rows[] = {
    TEXT("vendor", bios.vendor, "Who made it"),
    TEXT("version", bios.version, "Its version"),
    TEXT("date", bios.date, "Its release date, MM/DD/YYYY"),
    TEXT("release", bios.release, "MAJOR.MINOR of its release"),
    ROW("uefi", PROP_BOOL, bios.uefi, "It is UEFI firmware", .def = "off"),
    { NULL },
};

static const Property system_rows[] = {
    TEXT("manufacturer", system.manufacturer, "Who made it"),
    TEXT("product", system.product, "Its name"),
    TEXT("version", system.version, "Its version"),
    TEXT("serial", system.serial, "Serial number"),
    TEXT("uuid", system.uuid, "As -uuid: the last one of both counts"),
    TEXT("sku", system.sku, "Stock keeping unit"),
    TEXT("family", system.family, "Family of products"),
    { NULL },
};

static const Property board_rows[] = {
    TEXT("manufacturer", board.manufacturer, "Who made it"),
    TEXT("product", board.product, "Its name"),
    TEXT("version", board.version, "Its version"),
    TEXT("serial", board.serial, "Serial number"),
    TEXT("asset", board.asset, "Asset tag"),
    TEXT("location", board.location, "Where in the chassis"),
    { NULL },
};

static const Property chassis_rows[] = {
    TEXT("manufacturer", chassis.manufacturer, "Who made it"),
    TEXT("version", chassis.version, "Its version"),
    TEXT("serial", chassis.serial, "Serial number"),
    TEXT("asset", chassis.asset, "Asset tag"),
    TEXT("sku", chassis.sku, "Stock keeping unit"),
    { NULL },
};

static const Property processor_rows[] = {
    TEXT("sock_pfx", processor.socket_prefix,
         "Socket designation, before the socket's number"),
    TEXT("manufacturer", processor.manufacturer, "Who made it"),
    TEXT("version", processor.version, "Its version"),
    TEXT("serial", processor.serial, "Serial number"),
    TEXT("asset", processor.asset, "Asset tag"),
    TEXT("part", processor.part, "Part number"),
    ROW("max-speed", PROP_U16, processor.max_mhz, "Highest speed, in MHz", .def = "2000"),
    ROW("current-speed", PROP_U16, processor.current_mhz, "Speed at boot, in MHz",
        .def = "2000"),
    ROW("processor-id", PROP_U64, processor.id,
        "CPUID 1's EDX (above) and EAX; 0: what the CPU has", .def = "0"),
    { NULL },
};

static const Property memory_rows[] = {
    TEXT("loc_pfx", memory.locator_prefix, "Locator, before the module's number"),
    TEXT("bank", memory.bank, "Bank locator"),
    TEXT("manufacturer", memory.manufacturer, "Who made it"),
    TEXT("serial", memory.serial, "Serial number"),
    TEXT("asset", memory.asset, "Asset tag"),
    TEXT("part", memory.part, "Part number"),
    ROW("speed", PROP_U16, memory.speed, "Speed, in MT/s", .def = "0"),
    { NULL },
};

static const Property port_rows[] = {
    { "internal_reference", PROP_STRING, offsetof(SmbiosPort, internal),
      .help = "What the board calls it" },
    { "external_reference", PROP_STRING, offsetof(SmbiosPort, external),
      .help = "What the chassis calls it" },
    { "connector_type", PROP_U8, offsetof(SmbiosPort, connector), .def = "0",
      .help = "External connector, by its number" },
    { "port_type", PROP_U8, offsetof(SmbiosPort, port), .def = "0",
      .help = "Port, by its number" },
    { NULL },
};

typedef struct StringOption {
    char *value, *path;
} StringOption;

static const Property string_rows[] = {
    { "value", PROP_STRING, offsetof(StringOption, value),
      .help = "A string; may come several times" },
    { "path", PROP_STRING, offsetof(StringOption, path),
      .help = "A file that is a string; may come several times" },
    { NULL },
};

static const char *const onboard_kinds[] = { "other",    "unknown",   "video", "scsi",
                                             "ethernet", "tokenring", "sound", "pata",
                                             "sata",     "sas",       NULL };

static const Property onboard_rows[] = {
    { "designation", PROP_STRING, offsetof(SmbiosOnboard, designation),
      .help = "What the board calls it" },
    { "kind", PROP_ENUM, offsetof(SmbiosOnboard, kind), .def = "other",
      .names = onboard_kinds, .help = "What it is" },
    { "instance", PROP_U8, offsetof(SmbiosOnboard, instance), .def = "1",
      .help = "Number, among those of its kind" },
    { "pcidev", PROP_STRING, offsetof(SmbiosOnboard, pcidev),
      .help = "ID of the PCI device that it is, on the root bus" },
    { NULL },
};

typedef struct FileOption {
    char *file;
} FileOption;

static const Property file_rows[] = {
    { "file", PROP_STRING, offsetof(FileOption, file), .required = TRUE,
      .help = "A file with one structure and its strings" },
    { NULL },
};

typedef struct SmbiosType {
    KindType type;
    guint8 number;
    size_t
        list; /* in SmbiosInfo, of structures of the type's size; 0: it is one itself */
} SmbiosType;

enum { STRINGS = 11 };

#define FIELDS(number_, name_, rows_, help_)                                             \
    {                                                                                    \
        { .name = name_, .help = help_, .rows = rows_, .size = sizeof(SmbiosInfo) },     \
            .number = number_                                                            \
    }
#define MANY(number_, name_, rows_, size_, member_, help_)                               \
    {                                                                                    \
        { .name = name_, .help = help_, .rows = rows_, .size = size_ },                  \
            .number = number_, .list = offsetof(SmbiosInfo, member_)                     \
    }

static const SmbiosType types[] = {
    FIELDS(0, "0", bios_rows, "the BIOS"),
    FIELDS(1, "1", system_rows, "the system"),
    FIELDS(2, "2", board_rows, "the baseboard"),
    FIELDS(3, "3", chassis_rows, "the chassis"),
    FIELDS(4, "4", processor_rows, "processors"),
    MANY(8, "8", port_rows, sizeof(SmbiosPort), ports, "a port"),
    MANY(STRINGS, "11", string_rows, sizeof(StringOption), strings, "strings of an OEM"),
    FIELDS(17, "17", memory_rows, "memory modules"),
    MANY(41, "41", onboard_rows, sizeof(SmbiosOnboard), onboard,
         "a device that is soldered to the board"),
};

static const KindType file_type = { .name = "file",
                                    .help = "without a type: any structure",
                                    .rows = file_rows,
                                    .size = sizeof(FileOption) };

static const KindType *type_at(guint i)
{
    if (i == G_N_ELEMENTS(types)) {
        return &file_type;
    }
    return i < G_N_ELEMENTS(types) ? &types[i].type : NULL;
}

const Kind smbios_kind = { .option = "smbios", .tag = "type", .at = type_at };

/* --- files --- */

static GByteArray *read_file(const char *path, GError **errp)
{
    autofd int fd = path_open(path, O_RDONLY | O_NONBLOCK, 0); /* a FIFO waits */
    g_autoptr(GByteArray) data = g_byte_array_new();
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        error_set_errno(errp, errno, "Could not open '%s'", path);
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        error_set(errp, "'%s': not a regular file", path);
        return NULL;
    }
    if (!fd_read_up_to(fd, FILE_MAX, data)) {
        error_set_errno(errp, errno, "Unable to read from %s", path);
        return NULL;
    }
    if (data->len > FILE_MAX) {
        error_set(errp, "%s: more than %u bytes", path, FILE_MAX);
        return NULL;
    }
    return g_steal_pointer(&data);
}

/* One structure, with the end of its strings: DSP0134, 6.1.3. */
static gboolean check_structure(const GByteArray *data, const char *path, GError **errp)
{
    gsize length = data->len > HEADER_SIZE ? data->data[1] : 0;
    const guint8 *end = NULL;
    if (length >= HEADER_SIZE && length < data->len) {
        end = memmem(data->data + length, data->len - length, "\0", 2);
    }
    if (!end || end + 2 != data->data + data->len) {
        return error_set(errp, "SMBIOS file %s: not one structure and its strings", path);
    }
    return TRUE;
}

static gboolean add_loaded(SmbiosInfo *info, const GByteArray *data, GError **errp)
{
    guint8 type = data->data[0];
    if (type == TYPE_END) {
        return error_set(errp, "a structure of type %u ends the table", type);
    }
    if (info->told[type]) {
        return error_set(errp, "can't load type %u struct, fields already specified!",
                         type);
    }
    info->has[type] = TRUE;
    if (!info->loaded) {
        info->loaded = g_byte_array_new();
    }
    g_byte_array_append(info->loaded, data->data, data->len);
    return TRUE;
}

static gboolean load(SmbiosInfo *info, ConfigNode *node, GError **errp)
{
    FileOption option = { 0 };
    g_autoptr(GByteArray) data = NULL;
    if (properties_read(file_rows, "", "smbios", node, &option, errp) &&
        config_check_unused(node, errp)) {
        data = read_file(option.file, errp);
    }
    gboolean ok =
        data && check_structure(data, option.file, errp) && add_loaded(info, data, errp);
    properties_clear(file_rows, &option);
    return ok;
}

/* --- fields --- */

/* As in QEMU, a file is one string, whatever is in it. */
static char *string_of_file(const char *path, GError **errp)
{
    g_autoptr(GByteArray) data = read_file(path, errp);
    if (!data) {
        return NULL;
    }
    if (data->len && memchr(data->data, '\0', data->len)) {
        error_set(errp, "NUL in OEM strings value in %s", path);
        return NULL;
    }
    g_byte_array_append(data, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&data), FALSE);
}

/* An empty one would end all strings. */
static gboolean add_string(GPtrArray *strings, const StringOption *option, GError **errp)
{
    g_autofree char *text = option->path ? string_of_file(option->path, errp)
                                         : g_strdup(option->value ? option->value : "");
    if (!text) {
        return FALSE;
    }
    if (*text && strings->len == STRINGS_MAX) {
        return error_set(errp, "more than %u strings of type 11", STRINGS_MAX);
    }
    if (*text) {
        g_ptr_array_add(strings, g_steal_pointer(&text));
    }
    return TRUE;
}

static gboolean add_one(GPtrArray *list, const SmbiosType *type, gpointer own,
                        GError **errp)
{
    if (type->number == STRINGS) {
        gboolean ok = add_string(list, own, errp);
        properties_clear(type->type.rows, own);
        g_free(own);
        return ok;
    }
    g_ptr_array_add(list, own);
    return TRUE;
}

static gboolean read_many(SmbiosInfo *info, const SmbiosType *type, ConfigNode *node,
                          GError **errp)
{
    GPtrArray **list = (GPtrArray **)(void *)((guint8 *)info + type->list);
    gpointer own = g_malloc0(type->type.size);
    if (!*list) {
        *list = g_ptr_array_new();
    }
    if (!kind_read(&smbios_kind, &type->type, node, NULL, own, errp)) {
        properties_clear(type->type.rows, own);
        g_free(own);
        return FALSE;
    }
    return add_one(*list, type, own, errp);
}

static gboolean parse_release(SmbiosInfo *info, GError **errp)
{
    const char *text = info->bios.release;
    unsigned major, minor;
    int end = 0;
    if (!text) {
        return TRUE;
    }
    if (!g_ascii_isdigit(*text) || sscanf(text, "%3u.%3u%n", &major, &minor, &end) != 2 ||
        text[end] || major > G_MAXUINT8 || minor > G_MAXUINT8) {
        return error_set(errp, "Invalid release");
    }
    info->bios.major = (guint8)major;
    info->bios.minor = (guint8)minor;
    return TRUE;
}

static const SmbiosType *find_type(ConfigNode *node, GError **errp)
{
    const char *name = config_map_string(node, "type");
    guint64 number;
    if (!name) {
        error_set(errp, "Must specify type= or file=");
        return NULL;
    }
    if (!g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT64, &number, NULL)) {
        error_set(errp, "Parameter 'type' expects a number, not '%s'", name);
        return NULL;
    }
    if (number > TYPE_END) {
        error_set(errp, "type %s is out of range!", name);
        return NULL;
    }
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        if (types[i].number == number) {
            return &types[i];
        }
    }
    error_set(errp, "Don't know how to build fields for SMBIOS type %s", name);
    return NULL;
}

static gboolean read_fields(SmbiosInfo *info, ConfigNode *node, GError **errp)
{
    const SmbiosType *type = find_type(node, errp);
    if (!type) {
        return FALSE;
    }
    if (info->has[type->number]) {
        return error_set(errp, "can't add fields, binary file already loaded!");
    }
    info->told[type->number] = TRUE;
    if (type->list) {
        return read_many(info, type, node, errp);
    }
    return kind_read(&smbios_kind, &type->type, node, NULL, info, errp) &&
           parse_release(info, errp);
}

/* --- all --- */

static void set_defaults(SmbiosInfo *info)
{
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        if (!types[i].list) {
            properties_set_defaults(types[i].type.rows, info);
        }
    }
}

gboolean smbios_options_read(SmbiosInfo *info, ConfigNode *list, GError **errp)
{
    set_defaults(info);
    for (guint i = 0; list && i < config_list_size(list); i++) {
        ConfigNode *node = config_list_at(list, i);
        if (config_map_has(node, "file") ? !load(info, node, errp)
                                         : !read_fields(info, node, errp)) {
            config_prefix_origin(node, "-smbios", errp);
            return FALSE;
        }
    }
    return TRUE;
}

static void clear_list(const SmbiosType *type, GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        if (type->number != STRINGS) {
            properties_clear(type->type.rows, list->pdata[i]);
        }
        g_free(list->pdata[i]);
    }
    g_ptr_array_unref(list);
}

void smbios_options_clear(SmbiosInfo *info)
{
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        GPtrArray **list = (GPtrArray **)(void *)((guint8 *)info + types[i].list);
        if (!types[i].list) {
            properties_clear(types[i].type.rows, info);
        } else if (*list) {
            clear_list(&types[i], *list);
        }
    }
    g_clear_pointer(&info->loaded, g_byte_array_unref);
    memset(info, 0, sizeof(*info));
}
