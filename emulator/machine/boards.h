/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boards of machine.c's table. */
#ifndef VIREO_MACHINE_BOARDS_H
#define VIREO_MACHINE_BOARDS_H

#include "machine/machine.h"

extern const MachineClass machine_none;
extern const MachineClass machine_microvm;
extern const MachineClass machine_q35;

#endif
