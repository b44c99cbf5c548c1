/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIREO_TESTS_FUZZ_E1000_FUZZ_H
#define VIREO_TESTS_FUZZ_E1000_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What it has come to, so that a short run can say that it did. */
extern struct E1000FuzzCounts {
    unsigned inputs, kicks;
    unsigned sent, received; /* frames, as the cards have counted them in the end */
} e1000_fuzz_counts;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
