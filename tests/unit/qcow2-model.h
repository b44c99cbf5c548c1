/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images that qemu-img makes, in all kinds; random operations against a model of
 * what is in them; qemu-img as the judge. In a directory of its own.
 */
#pragma once

#include "tests/unit/qcow2-file.h"

#define QCOW2_SIZE_MAX (6u << 20)

typedef struct Qcow2Case {
    const char *name, *options;
    gboolean backing, data_file, compressed, snapshots;
    gboolean few_owners; /* qemu-img needs more than counts of two bits have room for */
} Qcow2Case;

typedef struct Qcow2Model {
    const Qcow2Case *kind;
    char *path;
    Qcow2File file, data, backing;
    Qcow2 *q;
    guint64 size;
    guint8 *model;
    guint8 *touched; /* sectors, since the last flush; NULL: it may also be resized */
} Qcow2Model;

extern const Qcow2Case qcow2_cases[];
extern const unsigned qcow2_n_cases;
extern char *qcow2_dir;

/*
 * In the place of g_test_init(), and after all tests. What is random is the same each
 * time, unless the environment has @variable, or a seed is given.
 */
void qcow2_model_begin(int argc, char **argv, const char *variable);
void qcow2_model_end(void);
/* A number from the environment. */
guint64 qcow2_model_count(const char *variable, guint64 usual);
guint qcow2_model_below(guint n);
/* Of the shell; what it says is told when it fails. */
int qcow2_model_run(const char *format, ...) G_GNUC_PRINTF(1, 2);

void qcow2_model_create(Qcow2Model *f, const Qcow2Case *kind);
void qcow2_model_clear(Qcow2Model *f);
void qcow2_model_open(Qcow2Model *f);
void qcow2_model_close(Qcow2Model *f);
void qcow2_model_op(Qcow2Model *f); /* a random one */
void qcow2_model_check(Qcow2Model *f, guint64 offset, guint64 len);
/* Of a closed one: it is consistent, has no leaks, and its content is the model's. */
void qcow2_model_judge(Qcow2Model *f);
