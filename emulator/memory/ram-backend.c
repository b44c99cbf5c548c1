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

/* One value for each row of the three types. */
typedef struct Backend {
    char *id;
    const KindType *type;
    guint64 size;
    gboolean share, dump, merge, prealloc, reserve;
    guint32 prealloc_threads;
    char *mem_path;
    guint64 offset, align;
    gboolean discard_data, pmem, readonly;
    gboolean hugetlb, seal;
    guint64 hugetlb_size;
} Backend;

#define FIELD(member) offsetof(Backend, member)
/* The name of the block is always the id. */
#define ROWS_OF_ALL(share_)                                                              \
    { "size", PROP_SIZE, FIELD(size), .help = "Bytes, whole pages" },                    \
        { "share", PROP_BOOL, FIELD(share), share_,                                      \
          .help = "Others see what the guest writes" },                                  \
        { "dump", PROP_BOOL, FIELD(dump), "on", .help = "A core file has it" },          \
        { "merge", PROP_BOOL, FIELD(merge), "on", .help = "KSM may merge its pages" },   \
        { "prealloc", PROP_BOOL, FIELD(prealloc), "off",                                 \
          .help = "All of it is there before the guest runs" },                          \
        { "reserve", PROP_BOOL, FIELD(reserve), "off",                                   \
          .help = "The host sets aside swap space for it" },                             \
        { "prealloc-threads",                                                            \
          PROP_U32,                                                                      \
          FIELD(prealloc_threads),                                                       \
          "1",                                                                           \
          .min = 1,                                                                      \
          .max = PREALLOC_THREADS_MAX,                                                   \
          .help = "How many threads do that" },                                          \
    {                                                                                    \
        "x-use-canonical-path-for-ramblock-id", PROP_BOOL, .ignored = TRUE               \
    }

static const Property ram_rows[] = { ROWS_OF_ALL("off"), { NULL } };

static const Property file_rows[] = {
    ROWS_OF_ALL("off"),
    { "mem-path", PROP_STRING, FIELD(mem_path), .required = TRUE,
      .help = "The file; a directory: an unnamed one there" },
    { "offset", PROP_SIZE, FIELD(offset), "0", .help = "Where in the file it begins" },
    { "align", PROP_SIZE, FIELD(align), .help = "Of its address; more than a page" },
    { "discard-data", PROP_BOOL, FIELD(discard_data), "off",
      .help = "The file's content need not be kept" },
    { "pmem", PROP_BOOL, FIELD(pmem), "off", .help = "Only off is supported" },
    { "readonly", PROP_BOOL, FIELD(readonly), "off",
      .help = "The file is not written; with share=on" },
    { NULL },
};

static const Property memfd_rows[] = {
    ROWS_OF_ALL("on"),
    { "hugetlb", PROP_BOOL, FIELD(hugetlb), "off", .help = "Of huge pages" },
    { "hugetlbsize", PROP_SIZE, FIELD(hugetlb_size), .help = "How huge" },
    { "seal", PROP_BOOL, FIELD(seal), "on", .help = "Its size cannot be changed" },
    { NULL },
};

const ObjectType object_memory_ram = { .type = { "memory-backend-ram", "guest memory",
                                                 ram_rows, sizeof(Backend), TRUE } };
const ObjectType object_memory_file = { .type = { "memory-backend-file",
                                                  "guest memory from a file", file_rows,
                                                  sizeof(Backend), TRUE } };
const ObjectType object_memory_memfd = { .type = { "memory-backend-memfd",
                                                   "guest memory that can be shared",
                                                   memfd_rows, sizeof(Backend), TRUE } };

static const KindType *type_at(guint i)
{
    const KindType *const types[] = { &object_memory_ram.type, &object_memory_file.type,
                                      &object_memory_memfd.type };

    return i < G_N_ELEMENTS(types) ? types[i] : NULL;
}

static const Kind backend_kind = {
    .option = "object",
    .tag = "qom-type",
    .common = kind_id_rows,
    .at = type_at,
};

guint64 ram_fd_page_size(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC_NUMBER) {
        return (guint64)fs.f_bsize;
    }
    return RAM_PAGE_SIZE;
}

static gboolean is_memfd(const Backend *b)
{
    return b->type == &object_memory_memfd.type;
}

static gboolean read_properties(Backend *b, ConfigNode *node, GError **errp)
{
    b->type = kind_type(&backend_kind, node, errp);
    if (!b->type || !kind_read(&backend_kind, b->type, node, &b->id, b, errp)) {
        return FALSE;
    }
    if (!b->size) {
        return error_set(errp, "can't create backend with size 0");
    }
    if (b->size % RAM_PAGE_SIZE) {
        return error_set(errp, "backend '%s': 'size' must be a multiple of %u", b->id,
                         RAM_PAGE_SIZE);
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

static void backend_clear(Backend *b)
{
    g_free(b->id);
    if (b->type) {
        properties_clear(b->type->rows, b);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Backend, backend_clear)

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
    guint64 page = block->page_size;
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
    g_auto(Backend) b = { 0 };
    if (!read_properties(&b, node, errp)) {
        return NULL;
    }
    autofd int fd = -1;
    if (b.mem_path) {
        fd = open_file(&b, errp);
    } else if (is_memfd(&b)) {
        fd = open_memfd(&b, errp);
    }
    gboolean file = b.mem_path || is_memfd(&b);
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
    block->backend = TRUE;
    if (!b.dump) {
        ram_block_leave_out_of_core(block);
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
