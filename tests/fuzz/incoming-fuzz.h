/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIREO_TESTS_FUZZ_INCOMING_FUZZ_H
#define VIREO_TESTS_FUZZ_INCOMING_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/vm.h"

/* Whose stream it is: incoming-microvm.c, incoming-q35.c. */
typedef struct IncomingMachine {
    gboolean pci;                   /* its devices are those of PCI */
    void (*make_files)(void);       /* the images */
    char *(*args)(gboolean source); /* owned */
    void (*use)(FuzzVm *source);    /* all of its devices */
} IncomingMachine;

extern const IncomingMachine incoming_machine;

/* One changed stream; whether all of it could be loaded. */
int incoming_fuzz_run(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
