/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
/* The same; how many commands have been carried out. */
unsigned qmp_fuzz_run(const uint8_t *data, size_t len);
