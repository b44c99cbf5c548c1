/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIREO_TESTS_FUZZ_Q35_FUZZ_H
#define VIREO_TESTS_FUZZ_Q35_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* A sector that begins with the number of inputs so far, after each, on each disk. */
#define Q35_FUZZ_SECTOR 2047

/* What it has come to, so that a short run can say that it did. */
extern struct Q35FuzzCounts {
    unsigned inputs, added, asked, moved, resets;
} q35_fuzz_counts;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
