/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What the inputs so far have come to. */
typedef struct MuxFuzzCounts {
    unsigned inputs, received, events, written, changes;
} MuxFuzzCounts;
extern MuxFuzzCounts mux_fuzz_counts;
