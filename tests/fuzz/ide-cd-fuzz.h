/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What has happened so far: a run that reaches nothing shows here. */
typedef struct IdeCdFuzzCounts {
    unsigned good, failed, aborted, again, changes, refusals, moves;
} IdeCdFuzzCounts;
extern IdeCdFuzzCounts ide_cd_fuzz_counts;
