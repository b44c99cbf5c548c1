/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What has happened in all runs: a test sees that the input gets somewhere. */
extern struct SlotFuzzCounts {
    unsigned plugged, busy, asked, unplugged, moved, resets;
} slot_fuzz_counts;
