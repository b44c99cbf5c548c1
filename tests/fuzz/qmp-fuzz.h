/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIREO_TESTS_FUZZ_QMP_FUZZ_H
#define VIREO_TESTS_FUZZ_QMP_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/vm.h"

/* Whose monitor it is: qmp-microvm.c, qmp-q35.c. Images: disk0 and disk1. */
typedef struct QmpMachine {
    const char *args;
    /* A device_add that is likely to find a place; NULL: none of its own. Owned. */
    char *(*device_add)(FuzzInput *in);
} QmpMachine;

extern const QmpMachine qmp_machine;
extern unsigned qmp_fuzz_added; /* of these, how many have been carried out */

/* How many commands were carried out. */
unsigned qmp_fuzz_run(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
