/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images, versions 2 and 3, on a file that callbacks reach. A library: it knows
 * nothing of block nodes and event loops.
 *
 * qcow2_map() and qcow2_unmap() are for loops: no I/O, no allocation, a short lock. All
 * else may wait for I/O and belongs on a worker; several threads may be in it at once.
 *
 * What is on the medium is consistent after every single write, up to clusters that
 * nobody owns (leaks): counts go up before an entry points to a cluster, and down after
 * none does; a table is written before what points to it.
 *
 * Sections below are those of the format's specification.
 */
#ifndef VIREO_BLOCK_QCOW2_QCOW2_H
#define VIREO_BLOCK_QCOW2_QCOW2_H

#include <glib.h>
#include <sys/uio.h>

typedef struct Qcow2 Qcow2;

/*
 * A file below. Worker threads, several at once; 0 or -errno, never short: what is read
 * beyond the end is zeros, what is written there extends the file. All are needed.
 */
typedef struct Qcow2Io {
    int (*read)(void *opaque, guint64 offset, void *buf, gsize len);
    int (*write)(void *opaque, guint64 offset, const void *buf, gsize len);
    int (*readv)(void *opaque, guint64 offset, const struct iovec *iov, unsigned n_iov);
    int (*writev)(void *opaque, guint64 offset, const struct iovec *iov, unsigned n_iov);
    int (*flush)(void *opaque);
    int (*zero)(void *opaque, guint64 offset, guint64 len, gboolean unmap);
    int (*discard)(void *opaque, guint64 offset, guint64 len);
    int (*truncate)(void *opaque, guint64 size);
    guint64 (*size)(void *opaque); /* bytes */
    void *opaque;
} Qcow2Io;

/* Why a cluster is free. */
typedef enum Qcow2Freed {
    QCOW2_FREED_REQUEST, /* discarded, zeroed, cut off */
    QCOW2_FREED_SNAPSHOT,
    QCOW2_FREED_OTHER, /* there is a copy, it was a table */
} Qcow2Freed;

typedef struct Qcow2Options {
    gboolean read_only;
    /* Bytes; 0: as many as the image can use, up to a limit. */
    guint64 l2_cache_size, refcount_cache_size;
    guint pass_discard; /* bits: what is freed so is discarded below too */
    gboolean no_overlap_check;
    /*
     * The backing image, on workers: reads, with zeros beyond its end. NULL: none is
     * open, and what is not allocated reads as zeros.
     */
    int (*read_backing)(void *opaque, guint64 offset, void *buf, gsize len);
    guint64 (*backing_size)(void *opaque); /* bytes */
    /* Once per image: its metadata contradict themselves; it is read-only from now on. */
    void (*corrupted)(void *opaque, const char *message, guint64 offset, guint64 bytes);
    void *opaque; /* of these three */
} Qcow2Options;

typedef struct Qcow2Snapshot {
    char *id, *name;
    guint64 vm_state_size, disk_size; /* bytes */
    guint64 date_sec, vm_clock_nsec;
    guint32 date_nsec;
    /* for the library */
    guint64 l1_offset;
    guint32 l1_size;
} Qcow2Snapshot;

typedef struct Qcow2Bitmap {
    char *name;
    gboolean in_use, automatic; /* in_use: inconsistent */
    guint64 granularity;        /* bytes */
} Qcow2Bitmap;

/* Borrowed; as long as the image is open and neither activated nor reverted. */
typedef struct Qcow2Info {
    unsigned version; /* 2 or 3 */
    guint32 cluster_size, subcluster_size;
    unsigned refcount_bits;
    gboolean lazy_refcounts, corrupt, extended_l2, data_file_raw;
    const char *compression_type;
    const char *backing_file, *backing_format, *data_file; /* NULL: none */
    const Qcow2Snapshot *snapshots;
    unsigned n_snapshots;
    const Qcow2Bitmap *bitmaps;
    unsigned n_bitmaps;
} Qcow2Info;

/*
 * Reads nothing: the image is inactive until qcow2_activate(). io and data are copied.
 * data: of the file that the image names as its data file; NULL: none is open, and an
 * image that needs one is refused.
 */
Qcow2 *qcow2_new(const Qcow2Io *io, const Qcow2Io *data, const Qcow2Options *options);
/* What it needs from below, before a data or backing file is open: header alone. */
gboolean qcow2_probe(const Qcow2Io *io, char **backing_file, char **backing_format,
                     char **data_file, GError **errp);
/* Reads the header and tables; may be called again after qcow2_inactivate(). */
gboolean qcow2_activate(Qcow2 *q, GError **errp);
/* Writes all that is to be written and forgets the rest. Nothing in flight. -errno: */
int qcow2_inactivate(Qcow2 *q); /* something was lost; it is inactive anyhow */
/* Inactive or not; what has not been flushed is. */
void qcow2_free(Qcow2 *q);

void qcow2_get_info(Qcow2 *q, Qcow2Info *info);
guint64 qcow2_size(Qcow2 *q); /* bytes; any thread */
/* Any thread: it may not be written, by options or because it is corrupt. */
gboolean qcow2_read_only(Qcow2 *q);

typedef enum Qcow2Kind {
    QCOW2_DATA,       /* at host, in the data file if there is one */
    QCOW2_ZERO,       /* reads as zeros */
    QCOW2_BACKING,    /* reads as the backing image */
    QCOW2_COMPRESSED, /* qcow2_read() alone can read it */
    QCOW2_MISS,       /* not known without I/O: qcow2_read(), qcow2_write() */
} Qcow2Kind;

typedef struct Qcow2Extent Qcow2Extent;
struct Qcow2Extent {
    Qcow2Kind kind;
    guint64 bytes; /* from offset on; of a miss: all */
    guint64 host;  /* of QCOW2_DATA */
    /* the library's own, from map to unmap */
    guint64 offset;
    Qcow2Extent *next, **link;
};

/*
 * Loops: where [offset, offset + bytes), within the size, is, or its first part. To be
 * written: DATA or MISS. What is there stays there until qcow2_unmap(), which must not
 * wait for any other function of the library. A MISS, too, is unmapped.
 */
void qcow2_map(Qcow2 *q, guint64 offset, guint64 bytes, gboolean for_write,
               Qcow2Extent *extent);
void qcow2_unmap(Qcow2 *q, Qcow2Extent *extent);

/* Workers; 0 or -errno. Ranges are checked against the size (-EINVAL). */
int qcow2_read(Qcow2 *q, guint64 offset, const struct iovec *iov, unsigned n_iov);
int qcow2_write(Qcow2 *q, guint64 offset, const struct iovec *iov, unsigned n_iov);
int qcow2_zero(Qcow2 *q, guint64 offset, guint64 bytes, gboolean unmap);
/* Whole clusters; the ragged rest is left alone. Reads as zeros then, or unchanged. */
int qcow2_discard(Qcow2 *q, guint64 offset, guint64 bytes);
int qcow2_flush(Qcow2 *q);
/* Any thread: FALSE: the files' own flush is enough. */
gboolean qcow2_needs_flush(Qcow2 *q);
/* New bytes read as zeros. Nothing in flight beyond a smaller size. */
int qcow2_resize(Qcow2 *q, guint64 size, GError **errp);
/* Nothing in flight. By id or name. */
int qcow2_revert(Qcow2 *q, const char *snapshot, GError **errp);
/*
 * Now and then (cache-clean-interval): frees what was not used since the last call. wait
 * FALSE: nothing, while a worker is at the metadata; for the main loop.
 */
void qcow2_clean_caches(Qcow2 *q, gboolean wait);
/* Bytes that the caches and tables take; for tests and statistics. */
guint64 qcow2_memory(Qcow2 *q);

#endif
