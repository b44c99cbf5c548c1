/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a card comes at run time its file is opened, and read once, so that it is in the
 * host's memory when the control plane needs a page of it: by a thread (event/slow.h).
 *
 * #syscalls slow: openat newfstatat pread64 close
 * #syscalls slow: fstat -- rare: with a glibc that has it
 */
#include "pci/rom.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/data-file.h"
#include "event/slow-close.h"
#include "event/slow.h"
#include "pci/internal.h"
#include "util/error.h"

#define SIZE_MAX_BYTES 0x80000000u
#define AUTO_SIZE      G_MAXUINT32 /* romsize= is not given */
#define FDSET          "/dev/fdset/"

struct PciRomFile {
    char *name;
    int fd; /* -1: it is not open yet */
    guint64 size;
};

static GPtrArray *defaults; /* of PciRomFile; NULL: they have not been opened */

static PciRomFile *file_new(const char *name)
{
    PciRomFile *file = g_new0(PciRomFile, 1);

    file->name = g_strdup(name);
    file->fd = -1;
    return file;
}

static void file_free(void *opaque)
{
    PciRomFile *file = opaque;

    if (file->fd >= 0) {
        close(file->fd);
    }
    g_free(file->name);
    g_free(file);
}

/* The open file is one that a ROM can be made of. Any thread. */
static gboolean file_check(PciRomFile *file, GError **errp)
{
    struct stat st;

    if (fstat(file->fd, &st) < 0) {
        return error_set_errno(errp, errno, "romfile \"%s\"", file->name);
    }
    if (st.st_size == 0) {
        return error_set(errp, "romfile \"%s\" is empty", file->name);
    }
    if (!S_ISREG(st.st_mode)) {
        return error_set(errp, "romfile \"%s\" is not a regular file", file->name);
    }
    if (st.st_size > SIZE_MAX_BYTES) {
        return error_set(errp, "romfile \"%s\" too large (size cannot exceed 2 GiB)",
                         file->name);
    }
    file->size = (guint64)st.st_size;
    return TRUE;
}

static PciRomFile *file_open(const char *name, GError **errp)
{
    PciRomFile *file = file_new(name);

    file->fd = data_file_open(name, errp);
    if (file->fd < 0) {
        g_prefix_error(errp, "failed to find romfile \"%s\": ", name);
    }
    if (file->fd < 0 || !file_check(file, errp)) {
        file_free(file);
        return NULL;
    }
    return file;
}

/* Of the classes */

static const char *class_romfile(const DeviceClass *klass)
{
    return device_class_is_a(klass, &pci_device_class.device)
               ? ((const PciDeviceClass *)klass)->romfile
               : NULL;
}

static PciRomFile *find_default(const char *name)
{
    for (guint i = 0; defaults && i < defaults->len; i++) {
        PciRomFile *file = defaults->pdata[i];

        if (g_str_equal(file->name, name)) {
            return file;
        }
    }
    return NULL;
}

void pci_rom_open_defaults(void)
{
    if (defaults) {
        return;
    }
    defaults = g_ptr_array_new_with_free_func(file_free);
    for (guint i = 0; device_class_table[i]; i++) {
        const char *name = class_romfile(device_class_table[i]);
        PciRomFile *file = name && !find_default(name) ? file_open(name, NULL) : NULL;

        if (file) { /* else cards of this host have none */
            g_ptr_array_add(defaults, file);
        }
    }
}

void pci_rom_close_defaults(void)
{
    g_clear_pointer(&defaults, g_ptr_array_unref);
}

/* The ROM of a card */

static gboolean is_default(const PciDevice *dev)
{
    return !dev->romfile;
}

/* What it is to have; NULL: none. */
static const char *rom_name(const PciDevice *dev)
{
    const char *name = dev->romfile ? dev->romfile : class_romfile(dev->device.klass);
    return name && *name && (!is_default(dev) || find_default(name)) ? name : NULL;
}

static gboolean check_size(const PciDevice *dev, GError **errp)
{
    guint32 size = dev->romsize;

    return size == AUTO_SIZE || (size && !(size & (size - 1))) ||
           error_set(errp, "ROM size %u is not a power of two", size);
}

/* Bytes of the BAR. A page at least: KVM maps no less. */
static guint64 bar_size(const PciDevice *dev, const PciRomFile *file, GError **errp)
{
    guint64 size = MAX(file->size, RAM_PAGE_SIZE);

    if (dev->romsize != AUTO_SIZE && file->size > dev->romsize) {
        error_set(errp, "romfile \"%s\" (%u bytes) is too large for ROM size %u",
                  file->name, (unsigned)file->size, dev->romsize);
        return 0;
    }
    if (dev->romsize != AUTO_SIZE) {
        return MAX(dev->romsize, RAM_PAGE_SIZE);
    }
    return size & (size - 1) ? 1ull << (64 - __builtin_clzll(size)) : size;
}

static gboolean add_bar(PciDevice *dev, const PciRomFile *file, GError **errp)
{
    g_autofree char *name = g_strdup_printf("%s/rom", dev->device.path);
    guint64 size = bar_size(dev, file, errp);
    g_autoptr(RamBlock) block =
        size ? ram_block_new_copy(name, size, file->fd, file->size, errp) : NULL;

    if (!block || !ram_block_register(block, errp)) {
        return FALSE;
    }
    if (is_default(dev)) {
        pci_rom_set_ids(block->host, file->size, (guint16)pci_get(dev, PCI_VENDOR_ID, 2),
                        (guint16)pci_get(dev, PCI_DEVICE_ID, 2));
    }
    pci_add_bar(dev, PCI_BAR_ROM, 0, region_new_ram("rom", block, 0, size, TRUE), size);
    dev->rom = g_steal_pointer(&block);
    return TRUE;
}

/* The file has been mapped. */
static void close_file(PciDevice *dev)
{
    PciRomFile *file = g_steal_pointer(&dev->rom_file);

    if (!file) {
        return;
    }
    if (dev->device.hotplugged && file->fd >= 0) {
        GArray *fds = g_array_new(FALSE, FALSE, sizeof(int));

        g_array_append_val(fds, file->fd);
        file->fd = -1;
        slow_close(fds, NULL, NULL);
    }
    file_free(file);
}

gboolean pci_rom_add(PciDevice *dev, GError **errp)
{
    const char *name = rom_name(dev);
    const PciRomFile *file = name && is_default(dev) ? find_default(name) : dev->rom_file;

    if (!check_size(dev, errp)) {
        return FALSE;
    }
    if (!name || (!dev->rombar && is_default(dev))) {
        return TRUE;
    }
    if (dev->device.hotplugged && !dev->rombar) {
        return error_set(errp, "Hot-plugged device without ROM bar can't have an option "
                               "ROM");
    }
    if (!file) {
        file = dev->rom_file = file_open(name, errp);
    }
    gboolean ok = file && (!dev->rombar || add_bar(dev, file, errp));
    close_file(dev);
    return ok;
}

void pci_rom_remove(PciDevice *dev)
{
    if (dev->rom) {
        ram_block_unregister(dev->rom);
        g_clear_pointer(&dev->rom, ram_block_unref);
    }
}

/* At run time */

typedef struct RomOpening {
    PciRomFile *file; /* NULL: the class's, which is only read */
    char **paths;     /* where it may be; NULL: it is open */
    int fd;           /* of what is read */
    GError *error;
} RomOpening;

typedef struct RomWaiter {
    Device *dev; /* a reference */
    DeviceChanged done;
    void *opaque;
} RomWaiter;

static void opening_free(void *data)
{
    RomOpening *o = data;

    if (o->file) {
        file_free(o->file);
    }
    g_strfreev(o->paths);
    g_clear_error(&o->error);
    g_free(o);
}

static gboolean open_first(RomOpening *o)
{
    int reason = ENOENT;

    for (char **path = o->paths; path && *path && o->file->fd < 0; path++) {
        o->file->fd = open(*path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        reason = o->file->fd < 0 && reason == ENOENT ? errno : reason;
    }
    o->fd = o->file->fd;
    return o->fd >= 0 || error_set_errno(&o->error, reason,
                                         "failed to find romfile \"%s\"", o->file->name);
}

/* So that its pages are there when they are needed. What cannot be read shows then. */
static void read_through(int fd)
{
    char buffer[16384];
    off_t at = 0;
    ssize_t n;

    while ((n = pread(fd, buffer, sizeof(buffer), at)) > 0 || (n < 0 && errno == EINTR)) {
        at += MAX(n, 0);
    }
}

static void opening_run(void *data)
{
    RomOpening *o = data;

    if (!o->file || (open_first(o) && file_check(o->file, &o->error))) {
        read_through(o->fd);
    }
}

static void opening_done(void *opaque, void *data)
{
    g_autofree RomWaiter *w = opaque;
    RomOpening *o = data;
    GError *error = NULL;

    if (o) {
        error = g_steal_pointer(&o->error);
        if (!error) {
            ((PciDevice *)w->dev)->rom_file = g_steal_pointer(&o->file);
        }
        opening_free(o);
    } else {
        error_set(&error, "the process ends");
    }
    w->done(w->opaque, error);
    device_unref(w->dev);
}

/* NULL: error is set. */
static RomOpening *opening_new(const PciDevice *dev, const char *name, GError **errp)
{
    RomOpening *o = g_new0(RomOpening, 1);

    if (is_default(dev)) {
        o->fd = find_default(name)->fd;
        return o;
    }
    o->file = file_new(name);
    if (!g_str_has_prefix(name, FDSET)) {
        o->paths = data_file_paths(name);
    } else if ((o->file->fd = data_file_open(name, errp)) < 0) {
        opening_free(o);
        return NULL;
    }
    return o;
}

void pci_rom_acquire(Device *device, DeviceChanged done, void *opaque)
{
    static const SlowCall calls = { .run = opening_run,
                                    .done = opening_done,
                                    .drop = opening_free };
    PciDevice *dev = (PciDevice *)device;
    const char *name = dev->rombar ? rom_name(dev) : NULL;
    GError *error = NULL;
    RomOpening *o = name ? opening_new(dev, name, &error) : NULL;

    if (!o) {
        done(opaque, error);
        return;
    }
    RomWaiter *w = g_new(RomWaiter, 1);
    *w = (RomWaiter){ device_ref(device), done, opaque };
    if (!slow_start(&calls, o, w, &error)) {
        opening_free(o);
        device_unref(device);
        g_free(w);
        done(opaque, error);
    }
}

/* It may never have come to be mapped. */
void pci_rom_release(Device *device, DeviceChanged done, void *opaque)
{
    close_file((PciDevice *)device);
    done(opaque, NULL);
}

/* Without a BAR */

typedef struct Hidden {
    PciRomFn fn;
    void *opaque;
    GHashTable *seen; /* names of files, borrowed */
    GError *error;
} Hidden;

static void show_hidden(Device *device, void *opaque)
{
    Hidden *h = opaque;
    PciDevice *dev = (PciDevice *)device;

    if (h->error || !device_class_is_a(device->klass, &pci_device_class.device) ||
        dev->rombar || !rom_name(dev) ||
        !g_hash_table_add(h->seen, (void *)rom_name(dev))) {
        return;
    }
    g_autofree char *base = g_path_get_basename(rom_name(dev));
    g_autoptr(GBytes) image = data_file_read(rom_name(dev), SIZE_MAX_BYTES, &h->error);
    if (image) {
        h->fn(base, image, h->opaque, &h->error);
    }
}

gboolean pci_rom_foreach_without_bar(PciRomFn fn, void *opaque, GError **errp)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    Hidden h = { fn, opaque, seen, NULL };

    device_foreach(show_hidden, &h);
    if (h.error) {
        g_propagate_error(errp, h.error);
        return FALSE;
    }
    return TRUE;
}
