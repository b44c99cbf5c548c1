/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line, then nothing: the probe for start-up time and memory. */
#include "tiny.h"

void tiny_main(const struct start_info *info)
{
    print("tiny: hello\n");
    if (parameter(info, "fault", 0)) {
        tiny_triple_fault();
    }
}
