/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial port as it is, under another name: rows.c makes the next release's of it. */
#define serial_class serial_base_class
#include "hw/serial.c"
