/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What has happened in all runs: a test sees that the input gets somewhere. */
extern struct Qcow2FuzzCounts {
    unsigned opened, refused, written, failed, corrupt, reverted;
} qcow2_fuzz_counts;
