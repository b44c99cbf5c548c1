/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file for block/qcow2: on the disk, or in memory with a log of what is written. */
#pragma once
#include "block/qcow2/qcow2.h"

typedef struct Qcow2Log {
    guint64 offset, len;
    guint8 *data;   /* NULL: a flush */
    guint64 marker; /* of a flush: what the test wrote before it */
} Qcow2Log;

typedef struct Qcow2File {
    int fd;
    GArray *log; /* Qcow2Log; NULL: none */
    guint64 marker;
} Qcow2File;

Qcow2Io qcow2_file_io(Qcow2File *file);
void qcow2_log_clear(gpointer entry);
