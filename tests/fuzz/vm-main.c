/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulator's main(), to be called. */
#define main vireo_main
int main(int argc, char **argv);
#include "emulator/main.c"
