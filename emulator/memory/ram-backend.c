/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `-object memory-backend-ram|file|memfd`: properties to a RAM block.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "event/loop.h"
#include "memory/map-internal.h"
#include "util/created.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/fdset.h"

#define HUGETLBFS_MAGIC_NUMBER 0x958458f6
#define PREALLOC_THREADS_MAX   64

/* One value for each property of the three types. */
typedef struct Backend {
    const char *id, *type;
    guint64 size;
    gboolean share, dump, merge, prealloc, reserve;
    guint64 prealloc_threads;
    const char *mem_path;
    guint64 offset, align;
    gboolean discard_data, pmem, readonly, canonical;
    gboolean hugetlb, seal;
    guint64 hugetlb_size;
} Backend;

guint64 ram_fd_page_size(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC_NUMBER) {
        return (guint64)fs.f_bsize;
    }
    return RAM_PAGE_SIZE;
}

static gboolean read_common(Backend *b, ConfigNode *node, GError **errp)
{
    gboolean memfd = g_strcmp0(b->type, "memory-backend-memfd") == 0;
    return config_get_size(node, "size", 0, &b->size, errp) &&
           config_get_bool(node, "share", memfd, &b->share, errp) &&
           config_get_bool(node, "dump", TRUE, &b->dump, errp) &&
           config_get_bool(node, "merge", TRUE, &b->merge, errp) &&
           config_get_bool(node, "prealloc", FALSE, &b->prealloc, errp) &&
           config_get_bool(node, "reserve", FALSE, &b->reserve, errp) &&
           config_get_uint(node, "prealloc-threads", 1, 1, PREALLOC_THREADS_MAX,
                           &b->prealloc_threads, errp) &&
           /* the name of the block is always the id */
           config_get_bool(node, "x-use-canonical-path-for-ramblock-id", FALSE,
                           &b->canonical, errp);
}

static gboolean read_own(Backend *b, ConfigNode *node, GError **errp)
{
    if (g_str_equal(b->type, "memory-backend-file")) {
        return config_get_string(node, "mem-path", NULL, &b->mem_path, errp) &&
               config_get_size(node, "offset", 0, &b->offset, errp) &&
               config_get_size(node, "align", 0, &b->align, errp) &&
               config_get_bool(node, "discard-data", FALSE, &b->discard_data, errp) &&
               config_get_bool(node, "pmem", FALSE, &b->pmem, errp) &&
               config_get_bool(node, "readonly", FALSE, &b->readonly, errp);
    }
    if (g_str_equal(b->type, "memory-backend-memfd")) {
        return config_get_bool(node, "hugetlb", FALSE, &b->hugetlb, errp) &&
               config_get_size(node, "hugetlbsize", 0, &b->hugetlb_size, errp) &&
               config_get_bool(node, "seal", TRUE, &b->seal, errp);
    }
    return TRUE;
}

static gboolean read_properties(Backend *b, ConfigNode *node, GError **errp)
{
    if (!config_get_string(node, "qom-type", "memory-backend-ram", &b->type, errp) ||
        !config_get_string(node, "id", NULL, &b->id, errp) ||
        !read_common(b, node, errp) || !read_own(b, node, errp) ||
        !config_check_unused(node, errp)) {
        return FALSE;
    }
    if (!b->id) {
        return error_set(errp, "Parameter 'id' is missing");
    }
    if (!b->size) {
        return error_set(errp, "can't create backend with size 0");
    }
    if (b->size % RAM_PAGE_SIZE) {
        return error_set(errp, "backend '%s': 'size' must be a multiple of %u", b->id,
                         RAM_PAGE_SIZE);
    }
    if (g_str_equal(b->type, "memory-backend-file") && !b->mem_path) {
        return error_set(errp, "mem-path property not set");
    }
    if (b->pmem) {
        return error_set(errp, "backend '%s': 'pmem=on' is not supported", b->id);
    }
    if (b->readonly && !b->share) {
        return error_set(errp, "backend '%s': 'readonly=on' needs 'share=on'", b->id);
    }
    if (b->hugetlb_size && (!b->hugetlb || (b->hugetlb_size & (b->hugetlb_size - 1)))) {
        return error_set(errp,
                         "backend '%s': 'hugetlbsize' needs 'hugetlb=on' and a power "
                         "of two",
                         b->id);
    }
    return TRUE;
}

gboolean ram_backend_check(ConfigNode *node, GError **errp)
{
    Backend b = { 0 };

    return read_properties(&b, node, errp);
}

/* A directory (hugetlbfs) gets an unnamed file; a name that is missing a new one. */
static int open_file(const Backend *b, GError **errp)
{
    int flags = (b->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK;
    struct stat st;
    gboolean directory = stat(b->mem_path, &st) == 0 && S_ISDIR(st.st_mode);
    autofd int fd = -1;
    if (directory) {
        g_autofree char *name = g_build_filename(b->mem_path, "vireo-ram-XXXXXX", NULL);
        fd = g_mkstemp_full(name, flags, 0600);
        if (fd >= 0) {
            unlink(name);
        }
    } else {
        fd = b->readonly ? path_open(b->mem_path, flags, 0)
                         : created_open(b->mem_path, flags, 0600);
    }
    if (fd < 0 || fstat(fd, &st) < 0) {
        error_set_errno(errp, errno, "can't open backing store %s for guest RAM",
                        b->mem_path);
        return -1;
    }
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
        error_set(errp,
                  "backend '%s': mem-path '%s' is not a regular file, a block device or "
                  "a directory",
                  b->id, b->mem_path);
        return -1;
    }
    guint64 end;
    if (__builtin_add_overflow(b->offset, b->size, &end) || end > G_MAXINT64) {
        error_set(errp, "backend '%s': 'offset' and 'size' are too large", b->id);
        return -1;
    }
    if (S_ISREG(st.st_mode) && (guint64)st.st_size < end) {
        if (st.st_size && !directory) {
            error_set(errp,
                      "backing store size 0x%" PRIx64
                      " does not match 'size' option 0x%" PRIx64,
                      (guint64)st.st_size, b->size);
            return -1;
        }
        if (b->readonly || !created_grow(fd, (off_t)end)) {
            error_set_errno(errp, b->readonly ? EROFS : errno,
                            "backend '%s': cannot set the size of '%s'", b->id,
                            b->mem_path);
            return -1;
        }
    }
    return fd_steal(&fd);
}

static int open_memfd(const Backend *b, GError **errp)
{
    unsigned flags = MFD_CLOEXEC | (b->seal ? MFD_ALLOW_SEALING : 0);
    if (b->hugetlb) {
        flags |= MFD_HUGETLB;
        if (b->hugetlb_size) {
            flags |= (unsigned)__builtin_ctzll(b->hugetlb_size) << MAP_HUGE_SHIFT;
        }
    }
    autofd int fd = memfd_create(b->id, flags);
    if (fd < 0 || ftruncate(fd, (off_t)b->size) < 0) {
        error_set_errno(errp, errno, "backend '%s': cannot create a memfd", b->id);
        return -1;
    }
    if (b->seal &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
        error_set_errno(errp, errno, "backend '%s': cannot seal the memfd", b->id);
        return -1;
    }
    return fd_steal(&fd);
}

/* Preallocation: pages populated by several threads. */
typedef struct Populate {
    guint8 *start;
    guint64 length;
    int error;
} Populate;

static void *populate(void *opaque)
{
    Populate *p = opaque;
    if (p->length && madvise(p->start, p->length, MADV_POPULATE_WRITE) < 0) {
        p->error = errno;
    }
    return NULL;
}

static gboolean prealloc(const Backend *b, RamBlock *block, GError **errp)
{
    guint64 page = block->fd >= 0 ? ram_fd_page_size(block->fd) : RAM_PAGE_SIZE;
    guint64 pages = block->size / page;
    guint n = (guint)MIN(b->prealloc_threads, MAX(pages, 1));
    Populate part[PREALLOC_THREADS_MAX] = { { 0 } };
    GThread *threads[PREALLOC_THREADS_MAX];
    guint64 from = 0;
    for (guint i = 0; i < n; i++) {
        guint64 to = i + 1 == n ? pages : pages / n * (i + 1);
        part[i].start = block->host + from * page;
        part[i].length = (to - from) * page;
        from = to;
    }
    for (guint i = 1; i < n; i++) {
        threads[i] = thread_try_start("worker", "prealloc", populate, &part[i], NULL);
    }
    int error = 0;
    for (guint i = 0; i < n; i++) {
        if (i && threads[i]) {
            g_thread_join(threads[i]);
        } else {
            populate(&part[i]); /* the first; and where the host gives no thread */
        }
        error = error ? error : part[i].error;
    }
    return error == 0 ||
           error_set_errno(errp, error, "backend '%s': preallocating memory failed",
                           b->id);
}

RamBlock *ram_backend_new(ConfigNode *node, GError **errp)
{
    Backend b = { 0 };
    if (!read_properties(&b, node, errp)) {
        return NULL;
    }
    autofd int fd = -1;
    if (b.mem_path) {
        fd = open_file(&b, errp);
    } else if (g_str_equal(b.type, "memory-backend-memfd")) {
        fd = open_memfd(&b, errp);
    }
    gboolean file = b.mem_path || g_str_equal(b.type, "memory-backend-memfd");
    if (file && fd < 0) {
        return NULL;
    }
    guint64 page = file ? ram_fd_page_size(fd) : RAM_PAGE_SIZE;
    if (b.size % page || b.offset % page || (b.align && b.align % page)) {
        error_set(errp,
                  "backend '%s': 'size', 'offset' and 'align' must be multiples of "
                  "the page size 0x%" PRIx64,
                  b.id, page);
        return NULL;
    }
    int flags = (b.share ? MAP_SHARED : MAP_PRIVATE) | (file ? 0 : MAP_ANONYMOUS) |
                (b.reserve ? 0 : MAP_NORESERVE);
    RamBlock *block = ram_block_map(b.id, b.size, fd, b.offset, flags, b.readonly, errp);
    if (!block) {
        return NULL;
    }
    fd_steal(&fd);
    block->readonly = b.readonly;
    if (!b.dump) {
        madvise(block->host, block->size, MADV_DONTDUMP);
    }
    if (b.merge) {
        madvise(block->host, block->size, MADV_MERGEABLE);
    }
    if (b.prealloc && !prealloc(&b, block, errp)) {
        ram_block_unref(block);
        return NULL;
    }
    return block;
}
