/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIREO_TESTS_FUZZ_XHCI_FUZZ_H
#define VIREO_TESTS_FUZZ_XHCI_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What it has come to, so that a short run can say that it did. */
extern struct XhciFuzzCounts {
    unsigned inputs, doorbells;
    unsigned events; /* among the first of the primary ring, in the end */
} xhci_fuzz_counts;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
