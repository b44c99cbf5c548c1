/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
/* There is a tap; before the first input. 0: the host lets nobody have one. */
int net_control_fuzz_can(void);

/* What has happened in all runs: a test sees that the input gets somewhere. */
extern struct NetControlFuzzCounts {
    unsigned good, refused, broken, loads, bad_loads;
} net_control_fuzz_counts;
