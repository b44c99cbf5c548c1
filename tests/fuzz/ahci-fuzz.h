/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIREO_TESTS_FUZZ_AHCI_FUZZ_H
#define VIREO_TESTS_FUZZ_AHCI_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#define AHCI_FUZZ_DISKS 2
/* A sector that begins with the number of inputs so far, after each, on each disk. */
#define AHCI_FUZZ_SECTOR 2047

/* What it has come to, so that a short run can say that it did. */
extern struct AhciFuzzCounts {
    unsigned inputs, issued, failed;
    unsigned done, errors; /* ports that have reported so, in the end */
} ahci_fuzz_counts;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
