/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items of the firmware configuration. Files are numbered in the order of their names, as
 * QEMU's are, so that both sides of a migration have the same numbers whoever added what
 * when.
 */
#include "config.h"

#include <string.h>

#include "hw/fw-cfg-internal.h"
#include "util/error.h"

/* An entry of the directory: size, key, both big-endian, two bytes unused, name. */
#define ENTRY_NAME 8
#define ENTRY_SIZE (ENTRY_NAME + FW_CFG_NAME_MAX + 1)

static void file_free(gpointer p)
{
    FwCfgFile *file = p;

    g_clear_pointer(&file->bytes, g_bytes_unref);
    g_free(file->name);
    g_free(file);
}

void fw_cfg_items_init(FwCfg *s)
{
    s->files = g_ptr_array_new_with_free_func(file_free);
    s->made = g_new0(FwCfgMade, MAX_MADE);
}

void fw_cfg_items_free(FwCfg *s)
{
    fw_cfg_items_reset(s);
    g_clear_pointer(&s->selected, g_bytes_unref);
    g_ptr_array_unref(s->files);
    g_free(s->made);
    for (guint i = 0; i < FW_CFG_FILE_FIRST; i++) {
        g_clear_pointer(&s->fixed[0][i], g_bytes_unref);
        g_clear_pointer(&s->fixed[1][i], g_bytes_unref);
    }
}

void fw_cfg_items_reset(FwCfg *s)
{
    for (unsigned i = 0; i < s->n_made; i++) {
        g_clear_pointer(&s->made[i].data, g_free);
        s->made[i].len = 0;
    }
    fw_cfg_forget_sizes(s);
}

void fw_cfg_forget_sizes(FwCfg *s)
{
    for (unsigned i = 0; i < s->n_made; i++) {
        s->made[i].sized = FALSE;
    }
}

/* --- the board's side --- */

void fw_cfg_take_bytes(Device *dev, guint16 key, GBytes *bytes)
{
    FwCfg *s = (FwCfg *)dev;
    guint index = key & KEY_MASK;
    GBytes **item = &s->fixed[key / FW_CFG_ARCH_LOCAL][index];
    gsize len = g_bytes_get_size(bytes);

    g_assert(index < FW_CFG_FILE_FIRST && index != FW_CFG_FILE_DIR);
    g_assert(len <= G_MAXUINT32);
    g_clear_pointer(item, g_bytes_unref);
    *item = bytes;
}

void fw_cfg_set_bytes(Device *dev, guint16 key, const void *data, gsize len)
{
    fw_cfg_take_bytes(dev, key, g_bytes_new(data, len));
}

void fw_cfg_set_number(Device *dev, guint16 key, guint64 value, unsigned n)
{
    value = GUINT64_TO_LE(value);
    fw_cfg_set_bytes(dev, key, &value, n);
}

/* Where a file of that name is, or has to be: the first that does not sort before it. */
static guint find_place(const FwCfg *s, const char *name)
{
    guint i = 0;

    while (i < s->files->len &&
           strcmp(((FwCfgFile *)s->files->pdata[i])->name, name) < 0) {
        i++;
    }
    return i;
}

static FwCfgFile *file_at(const FwCfg *s, guint i)
{
    return i < s->files->len ? s->files->pdata[i] : NULL;
}

static FwCfgFile *add_file(FwCfg *s, const char *name, GError **errp)
{
    guint place = find_place(s, name);
    const FwCfgFile *there = file_at(s, place);
    FwCfgFile *file;

    if (!*name || strlen(name) > FW_CFG_NAME_MAX) {
        error_set(errp, "fw_cfg file '%s': a name has 1 to %u characters", name,
                  FW_CFG_NAME_MAX);
        return NULL;
    }
    if (there && strcmp(there->name, name) == 0) {
        error_set(errp, "duplicate fw_cfg file name: %s", name);
        return NULL;
    }
    if (s->files->len >= s->file_slots) {
        error_set(errp, "fw_cfg file '%s': there are %u already, and no more fit", name,
                  s->files->len);
        return NULL;
    }
    file = g_new0(FwCfgFile, 1);
    file->name = g_strdup(name);
    g_ptr_array_insert(s->files, place, file);
    return file;
}

gboolean fw_cfg_add_file(Device *dev, const char *name, const void *data, gsize len,
                         GError **errp)
{
    FwCfgFile *file = add_file((FwCfg *)dev, name, errp);

    g_assert(len <= G_MAXUINT32);
    if (file) {
        file->bytes = g_bytes_new(data, len);
    }
    return file != NULL;
}

gboolean fw_cfg_add_made_file(Device *dev, const char *name, FwCfgMake make, void *opaque,
                              GError **errp)
{
    FwCfg *s = (FwCfg *)dev;
    FwCfgFile *file = add_file(s, name, errp);

    if (!file) {
        return FALSE;
    }
    g_assert(s->n_made < MAX_MADE);
    file->made = &s->made[s->n_made++];
    file->made->make = make;
    file->made->opaque = opaque;
    g_strlcpy((char *)file->made->name, name, sizeof(file->made->name));
    return TRUE;
}

gboolean fw_cfg_add_writable_file(Device *dev, const char *name, guint8 *data,
                                  guint32 len, FwCfgWritten written, void *opaque,
                                  GError **errp)
{
    FwCfgFile *file = add_file((FwCfg *)dev, name, errp);

    g_assert(len && len <= FW_CFG_WRITABLE_MAX);
    if (file) {
        file->data = data;
        file->len = len;
        file->written = written;
        file->opaque = opaque;
    }
    return file != NULL;
}

void fw_cfg_remove_file(Device *dev, const char *name)
{
    FwCfg *s = (FwCfg *)dev;
    guint place = find_place(s, name);
    const FwCfgFile *file = file_at(s, place);
    gboolean there = file && strcmp(file->name, name) == 0;

    g_assert(there && !file->made);
    g_ptr_array_remove_index(s->files, place);
    fw_cfg_look_again(s);
}

void fw_cfg_set_file(Device *dev, const char *name, const void *data, gsize len)
{
    const FwCfg *s = (FwCfg *)dev;
    FwCfgFile *file = file_at(s, find_place(s, name));

    g_assert(file && file->bytes && len <= G_MAXUINT32);
    g_bytes_unref(file->bytes);
    file->bytes = g_bytes_new(data, len);
}

/* --- the guest's side --- */

static void make_file(FwCfgMade *made)
{
    GByteArray *bytes = made->make(made->opaque);

    g_assert(bytes->len <= FW_CFG_MADE_MAX);
    g_free(made->data);
    made->len = bytes->len;
    made->data = g_byte_array_free(bytes, FALSE);
}

/* With those that it refers to, so that they fit to each other. */
static void make_files(FwCfg *s, const void *opaque)
{
    for (unsigned i = 0; i < s->n_made; i++) {
        if (s->made[i].opaque == opaque && !s->made[i].len) {
            make_file(&s->made[i]);
        }
    }
}

/*
 * What firmware does until it selects the file may still change what is in it, but not
 * its size: a guest that reads the directory again and again makes no work of that.
 */
static guint32 made_size(FwCfgMade *made)
{
    if (made->len) {
        return made->len;
    }
    if (!made->sized) {
        g_autoptr(GByteArray) bytes = made->make(made->opaque);

        made->size = bytes->len;
        made->sized = TRUE;
    }
    return made->size;
}

static void put_be(GByteArray *out, guint32 value, unsigned n)
{
    for (unsigned i = n; i--;) {
        guint8 byte = value >> (8 * i);

        g_byte_array_append(out, &byte, 1);
    }
}

static guint32 file_size(const FwCfgFile *file)
{
    return file->made   ? made_size(file->made)
           : file->data ? file->len
                        : (guint32)g_bytes_get_size(file->bytes);
}

static GBytes *directory(FwCfg *s)
{
    GByteArray *out = g_byte_array_new();

    if (s->sized_at != device_tree_changes()) {
        s->sized_at = device_tree_changes();
        fw_cfg_forget_sizes(s);
    }
    put_be(out, s->files->len, 4);
    for (guint i = 0; i < s->files->len; i++) {
        const FwCfgFile *file = file_at(s, i);
        guint8 name[FW_CFG_NAME_MAX + 1] = { 0 };

        memcpy(name, file->name, strlen(file->name));
        put_be(out, file_size(file), 4);
        put_be(out, FW_CFG_FILE_FIRST + i, 2);
        put_be(out, 0, 2);
        g_byte_array_append(out, name, sizeof(name));
    }
    return g_byte_array_free_to_bytes(out);
}

static GBytes *find_item(FwCfg *s, guint16 key)
{
    guint arch = key / FW_CFG_ARCH_LOCAL, index = key & KEY_MASK;
    const FwCfgFile *file;

    if (key == KEY_INVALID) {
        return NULL;
    }
    if (index < FW_CFG_FILE_FIRST) {
        GBytes *bytes = s->fixed[arch][index];

        return !arch && index == FW_CFG_FILE_DIR ? directory(s)
               : bytes                           ? g_bytes_ref(bytes)
                                                 : NULL;
    }
    file = arch ? NULL : file_at(s, index - FW_CFG_FILE_FIRST);
    if (file && file->made) {
        make_files(s, file->made->opaque);
        return g_bytes_new(file->made->data, file->made->len);
    }
    if (file && file->data) {
        return g_bytes_new(file->data, file->len);
    }
    return file ? g_bytes_ref(file->bytes) : NULL;
}

const FwCfgFile *fw_cfg_to_write(const FwCfg *s, guint32 len)
{
    guint index = s->key & KEY_MASK;
    const FwCfgFile *file = NULL;

    if (s->key != KEY_INVALID && s->key < FW_CFG_ARCH_LOCAL &&
        index >= FW_CFG_FILE_FIRST) {
        file = file_at(s, index - FW_CFG_FILE_FIRST);
    }
    return file && file->data && s->offset <= file->len && len <= file->len - s->offset
               ? file
               : NULL;
}

void fw_cfg_look_again(FwCfg *s)
{
    g_clear_pointer(&s->selected, g_bytes_unref);
    s->looked = FALSE;
}

gboolean fw_cfg_select(FwCfg *s, guint16 key)
{
    gboolean ok = (key & KEY_MASK) < FW_CFG_FILE_FIRST + s->file_slots;

    fw_cfg_look_again(s);
    s->key = ok ? key : KEY_INVALID;
    s->offset = 0;
    return ok;
}

GBytes *fw_cfg_selected(FwCfg *s)
{
    if (!s->looked) {
        s->looked = TRUE;
        s->selected = find_item(s, s->key);
    }
    return s->selected;
}
