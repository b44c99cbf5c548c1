/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of the pair of 8259A, written down otherwise than hw/i8259: a chip is lists and
 * flags, its inputs stand in the order of their priority.
 */
#ifndef VIREO_TESTS_HW_I8259_MODEL_H
#define VIREO_TESTS_HW_I8259_MODEL_H

#include <glib.h>

typedef struct I8259Model {
    gboolean pin[8], request[8], service[8], mask[8], level[8];
    int order[8]; /* the first has the highest */
    int cascade;  /* the input, or -1 */
    int base;
    gboolean smm, sfnm, aeoi, rotate, show_isr, poll;
    GQueue words; /* of the initialization, to come */
} I8259Model;

extern I8259Model i8259_models[2]; /* master, slave */

/* Both initialized, nothing masked; the slave's vectors follow the master's. */
void i8259_model_begin(guint8 base);
void i8259_model_end(void);
void i8259_model_pin(I8259Model *m, int n, gboolean level);
/* Ports 0 and 1 of a chip. */
void i8259_model_write(I8259Model *m, int port, guint8 value);
guint8 i8259_model_read(I8259Model *m, int port);
/* The pair's output, once the slave's has come to the master. */
gboolean i8259_model_settle(void);
/* The vector, as the processor takes it. */
int i8259_model_acknowledge(void);

#endif
