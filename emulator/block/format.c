/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which format an image has by its first sector. A guest that gets an image of another
 * format as a raw disk sees nonsense, and what it writes destroys the image; and what a
 * guest writes to a raw disk must not decide what the host makes of it. So no guest
 * writes a header to a disk of which raw is only a guess.
 *
 * #syscalls slow: preadv2
 */
#include <string.h>

#include "block/image.h"
#include "util/error.h"
#include "util/log.h"

static const struct {
    const char *format; /* as -drive format= calls it */
    guint offset;
    const char *magic;
    guint length;
} headers[] = {
#define MAGIC(text) text, sizeof(text) - 1
    { "qcow", 0, MAGIC("QFI\xfb\0\0\0\x01") },
    { "qcow2", 0, MAGIC("QFI\xfb") },
    { "luks", 0, MAGIC("LUKS\xba\xbe") },
    { "vmdk", 0, MAGIC("KDMV") },
    { "vmdk", 0, MAGIC("COWD") },
    { "vmdk", 0, MAGIC("# Disk DescriptorFile") },
    { "vhdx", 0, MAGIC("vhdxfile") },
    { "vpc", 0, MAGIC("conectix") },
    { "qed", 0, MAGIC("QED\0") },
    { "vdi", 64, MAGIC("\x7f\x10\xda\xbe") },
    { "parallels", 0, MAGIC("WithoutFreeSpace") },
    { "parallels", 0, MAGIC("WithouFreSpacExt") },
    { "bochs", 0, MAGIC("Bochs Virtual HD Image") },
#undef MAGIC
};

static const char *format_of(const guint8 *sector)
{
    for (guint i = 0; i < G_N_ELEMENTS(headers); i++) {
        if (memcmp(sector + headers[i].offset, headers[i].magic, headers[i].length) ==
            0) {
            return headers[i].format;
        }
    }
    return NULL;
}

gboolean block_check_format(BlockNode *file, GError **errp)
{
    guint8 sector[BLOCK_SECTOR_SIZE] = { 0 };
    int ret = block_image_read(file, 0, sector, sizeof(sector));
    const char *format = ret == 0 ? format_of(sector) : NULL;
    if (ret < 0) {
        return error_set(errp, "Could not read '%s': %s", file->filename,
                         error_text(-ret));
    }
    if (format) {
        return error_set(errp,
                         "'%s' begins as a %s image does, which is not supported; to use "
                         "it as a raw disk nevertheless say format=raw",
                         file->filename, format);
    }
    return TRUE;
}

gboolean block_is_header(const struct iovec *iov, unsigned n)
{
    guint8 sector[BLOCK_SECTOR_SIZE] = { 0 };
    gsize have = 0;

    for (unsigned i = 0; i < n && have < sizeof(sector); i++) {
        gsize len = MIN(iov[i].iov_len, sizeof(sector) - have);
        memcpy(sector + have, iov[i].iov_base, len);
        have += len;
    }
    return format_of(sector) != NULL;
}

gboolean block_check_raw(const char *name, GError **errp)
{
    BlockNode *node = block_node_find(name), *file = block_node_bottom(node);

    if (node->driver != &block_driver_raw) {
        return TRUE;
    }
    node->guessed = TRUE;
    if (block_starts_inactive()) {
        return TRUE;
    }
    if (!block_check_format(file, errp)) {
        return FALSE;
    }
    if (!file->read_only) {
        log_warn("the format of '%s' is not given, and taken as raw; format=raw says so",
                 file->filename);
    }
    return TRUE;
}
