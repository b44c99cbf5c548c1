/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/descriptor.h"
#include "domain/store.h"
#include "process/open.h"

#define TEMPLATE_MAX (64u << 20) /* bytes */

char *firmware_nvram_path(const DriverPaths *paths, const char *name)
{
    return store_path(paths->nvram_dir, name, "_VARS.fd");
}

const char *firmware_nvram(const Domain *domain)
{
    return command_has_nvram(domain) ? domain->nvram : NULL;
}

/* ---- the choice ---- */

/* "yes" needs it, "no" must not have it. */
static gboolean fits(DomainTristate wanted, gboolean has)
{
    return wanted == DOMAIN_TRISTATE_ABSENT || (wanted == DOMAIN_TRISTATE_YES) == has;
}

static gboolean fits_mode(const Descriptor *d, const Domain *domain)
{
    gboolean stateless = domain->loader_stateless == DOMAIN_TRISTATE_YES;

    if (d->flash) {
        return !d->combined && d->stateless == stateless &&
               domain->loader_type != DOMAIN_LOADER_ROM &&
               (stateless || d->nvram_template || domain->nvram_template);
    }
    return domain->loader_type != DOMAIN_LOADER_PFLASH &&
           domain->loader_stateless == DOMAIN_TRISTATE_ABSENT && !domain->nvram &&
           !domain->nvram_template;
}

/* All but SMM, which vireo does not have. */
static gboolean fits_domain(const Descriptor *d, const Domain *domain)
{
    return (domain->firmware == DOMAIN_FIRMWARE_EFI ? d->uefi : d->bios) && d->raw &&
           descriptor_is_for(d, domain->machine) && fits_mode(d, domain) &&
           fits(xml_domain_firmware_feature(domain, DOMAIN_FIRMWARE_SECURE_BOOT),
                descriptor_has(d, "secure-boot")) &&
           fits(xml_domain_firmware_feature(domain, DOMAIN_FIRMWARE_ENROLLED_KEYS),
                descriptor_has(d, "enrolled-keys"));
}

static gboolean needs_smm(const Descriptor *d)
{
    return descriptor_has(d, "requires-smm");
}

/* What fits, and why it is not taken. */
typedef struct Passed {
    const Descriptor *smm; /* it requires it */
    const Descriptor *missing;
    const char *file; /* of missing: what is not there */
} Passed;

static gboolean is_missing(const char *path)
{
    struct stat st;
    int error = -process_stat_file(path, &st, PROCESS_OPEN_TIMEOUT_MS);

    /* Only what is known not to be there: a start tells of all else. */
    return error == ENOENT || error == ENOTDIR;
}

/* The first of its files that is not there, or NULL. */
static const char *find_missing(const Descriptor *d, const Domain *domain)
{
    if (is_missing(d->executable)) {
        return d->executable;
    }
    return d->flash && !d->stateless && !domain->nvram_template &&
                   is_missing(d->nvram_template)
               ? d->nvram_template
               : NULL;
}

static const Descriptor *choose(GPtrArray *all, const Domain *domain, Passed *passed)
{
    for (guint i = 0; i < all->len; i++) {
        const Descriptor *d = all->pdata[i];
        const char *file;

        if (!fits_domain(d, domain)) {
            continue;
        }
        if (needs_smm(d)) {
            passed->smm = d;
            continue;
        }
        file = find_missing(d, domain);
        if (!file) {
            return d;
        }
        if (!passed->missing) {
            passed->missing = d;
            passed->file = file;
        }
    }
    return NULL;
}

static void tell_feature(Domain *domain, DomainFirmwareFeatureName name, gboolean has)
{
    if (xml_domain_firmware_feature(domain, name) == DOMAIN_TRISTATE_ABSENT) {
        xml_domain_add_firmware_feature(domain, name)->enabled =
            has ? DOMAIN_TRISTATE_YES : DOMAIN_TRISTATE_NO;
    }
}

/* From now on it is this one, whatever else will be installed. */
static void take(Domain *domain, const Descriptor *d)
{
    domain->loader = g_strdup(d->executable);
    domain->loader_type = d->flash ? DOMAIN_LOADER_PFLASH : DOMAIN_LOADER_ROM;
    if (d->flash) {
        domain->loader_readonly = DOMAIN_TRISTATE_YES;
    }
    if (d->flash && !d->stateless && !domain->nvram_template) {
        domain->nvram_template = g_strdup(d->nvram_template);
    }
    if (domain->firmware == DOMAIN_FIRMWARE_EFI) {
        tell_feature(domain, DOMAIN_FIRMWARE_ENROLLED_KEYS,
                     descriptor_has(d, "enrolled-keys"));
        tell_feature(domain, DOMAIN_FIRMWARE_SECURE_BOOT,
                     descriptor_has(d, "secure-boot"));
    }
}

/* First what can be cured: a package that is not installed. */
static gboolean refuse_choice(const Domain *domain, const Passed *passed, GError **errp)
{
    g_autofree char *why =
        passed->missing ? g_strdup_printf(": '%s', which '%s' describes, is not there",
                                          passed->file, passed->missing->path)
        : passed->smm   ? g_strdup_printf(": '%s' requires System Management Mode, which "
                                            "vireo does not have",
                                          passed->smm->path)
                        : NULL;

    return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                         "Unable to find any firmware to satisfy '%s'%s",
                         xml_firmware_name(domain->firmware), why ? why : "");
}

static gboolean select_firmware(const DriverPaths *paths, Domain *domain, GError **errp)
{
    g_autoptr(GPtrArray) all = descriptors_read(paths->firmware_dirs);
    Passed passed = { 0 };
    const Descriptor *d = choose(all, domain, &passed);

    if (d) {
        take(domain, d);
        return TRUE;
    }
    /* The machine's own is a BIOS. */
    if (domain->firmware == DOMAIN_FIRMWARE_BIOS &&
        domain->loader_type != DOMAIN_LOADER_PFLASH && !domain->firmware_features->len) {
        return TRUE;
    }
    return refuse_choice(domain, &passed, errp);
}

/* Whether a descriptor is about this file, by whatever name; st: NULL if it is not there.
 */
static gboolean describes(const Descriptor *d, const char *loader, const struct stat *st)
{
    struct stat its;

    return strcmp(d->executable, loader) == 0 ||
           (st && process_stat_file(d->executable, &its, PROCESS_OPEN_TIMEOUT_MS) == 0 &&
            its.st_dev == st->st_dev && its.st_ino == st->st_ino);
}

/*
 * Of a loader that is named, what its variables are made from. One that all its
 * descriptors say requires SMM would stop before it shows anything.
 */
static gboolean look_up_loader(const DriverPaths *paths, Domain *domain, GError **errp)
{
    g_autoptr(GPtrArray) all = descriptors_read(paths->firmware_dirs);
    const Descriptor *smm = NULL, *usable = NULL;
    struct stat st;
    gboolean there = process_stat_file(domain->loader, &st, PROCESS_OPEN_TIMEOUT_MS) == 0;

    for (guint i = 0; i < all->len; i++) {
        const Descriptor *d = all->pdata[i];

        if (!describes(d, domain->loader, there ? &st : NULL)) {
            continue;
        }
        if (needs_smm(d)) {
            smm = d;
            continue;
        }
        usable = d;
        if (d->raw && command_has_nvram(domain) && !domain->nvram_template) {
            domain->nvram_template = g_strdup(d->nvram_template);
        }
    }
    return usable || !smm ||
           rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "the loader '%s' requires System Management Mode, which vireo "
                         "does not have: see '%s'",
                         domain->loader, smm->path);
}

gboolean firmware_complete(const DriverPaths *paths, Domain *domain, GError **errp)
{
    if (domain->firmware != DOMAIN_FIRMWARE_DEFAULT && !domain->loader &&
        !select_firmware(paths, domain, errp)) {
        return FALSE;
    }
    if (domain->loader && !look_up_loader(paths, domain, errp)) {
        return FALSE;
    }
    if (command_has_nvram(domain) && !domain->nvram) {
        domain->nvram = firmware_nvram_path(paths, domain->name);
    }
    return TRUE;
}

/* ---- the file ---- */

static gboolean fail(GError **errp, const char *what, const char *path, int error)
{
    return rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "%s '%s': %s", what, path,
                         g_strerror(error));
}

/* 0, ENOENT, or why it cannot be told. */
static int look(const char *path)
{
    struct stat st;

    return -process_stat_file(path, &st, PROCESS_OPEN_TIMEOUT_MS);
}

static GByteArray *read_template(const char *path, GError **errp)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    int fd = process_open_file(path, O_RDONLY | O_NONBLOCK, PROCESS_OPEN_TIMEOUT_MS);
    guint8 buffer[65536];
    gssize n = 1;
    int error;

    if (fd < 0) {
        fail(errp, "cannot open the NVRAM template", path, -fd);
        return NULL;
    }
    while (n > 0 && data->len <= TEMPLATE_MAX) {
        n = read(fd, buffer, sizeof(buffer));
        if (n > 0) {
            g_byte_array_append(data, buffer, (guint)n);
        }
    }
    error = n < 0 ? errno : data->len > TEMPLATE_MAX ? EFBIG : data->len ? 0 : EINVAL;
    close(fd);
    if (error) {
        fail(errp, "cannot read the NVRAM template", path, error);
        return NULL;
    }
    return g_steal_pointer(&data);
}

gboolean firmware_prepare(const Domain *domain, gboolean reset, GError **errp)
{
    const char *path = firmware_nvram(domain);
    g_autoptr(GByteArray) data = NULL;
    int error;

    if (!path) {
        return TRUE;
    }
    error = look(path);
    if (error == 0 && !reset) {
        return TRUE;
    }
    if (error && error != ENOENT) {
        return fail(errp, "cannot look at the NVRAM file", path, error);
    }
    if (!domain->nvram_template) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                             "unable to find any master var store for loader: %s",
                             domain->loader);
    }
    data = read_template(domain->nvram_template, errp);
    return data && store_create(path, data->data, data->len, reset, errp);
}

gboolean firmware_check_undefine(const Domain *domain, guint32 flags, gboolean *remove,
                                 GError **errp)
{
    const char *path = firmware_nvram(domain);
    int error = path ? look(path) : ENOENT;

    *remove = FALSE;
    if (error == ENOENT || (flags & VIR_DOMAIN_UNDEFINE_KEEP_NVRAM)) {
        return TRUE;
    }
    if (!(flags & VIR_DOMAIN_UNDEFINE_NVRAM)) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_INVALID,
                             "cannot undefine domain with nvram");
    }
    if (error) {
        return fail(errp, "cannot look at the NVRAM file", path, error);
    }
    *remove = TRUE;
    return TRUE;
}

gboolean firmware_remove(const Domain *domain, GError **errp)
{
    const char *path = firmware_nvram(domain);

    return unlink(path) == 0 || errno == ENOENT ||
           fail(errp,
                "the domain is undefined, but its nvram could not be removed:", path,
                errno);
}

static gboolean same_file(const char *a, const char *b)
{
    struct stat first, second;

    return stat(a, &first) == 0 && stat(b, &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

gboolean firmware_link(const char *from, const char *to, GError **errp)
{
    if (!from || !to || link(from, to) == 0 || errno == ENOENT || same_file(from, to)) {
        return TRUE;
    }
    return fail(errp, "cannot give the NVRAM file the name", to, errno);
}

void firmware_unlink(const char *path, const char *other)
{
    if (path && other && same_file(path, other) && unlink(path) < 0 && errno != ENOENT) {
        g_message("cannot remove '%s': %s", path, g_strerror(errno));
    }
}

void firmware_capabilities(const DriverPaths *paths, const char *machine, gboolean *efi,
                           char ***loaders)
{
    g_autoptr(GPtrArray) all = descriptors_read(paths->firmware_dirs);
    g_autoptr(GStrvBuilder) files = g_strv_builder_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    *efi = FALSE;
    for (guint i = 0; i < all->len; i++) {
        const Descriptor *d = all->pdata[i];

        if (d->raw && !d->combined && !needs_smm(d) && descriptor_is_for(d, machine) &&
            !is_missing(d->executable)) {
            *efi |= d->uefi;
            if (g_hash_table_add(seen, d->executable)) {
                g_strv_builder_add(files, d->executable);
            }
        }
    }
    *loaders = g_strv_builder_end(files);
}
