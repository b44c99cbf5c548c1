/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start-up order of the emulator, and nothing else. */
#include <stdlib.h>

int main(void)
{
    return EXIT_SUCCESS;
}
