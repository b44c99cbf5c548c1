/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For stand-ins of libvirt's daemons. */
#pragma once
#include <glib.h>

/* The next frame of a client, waited for; the caller's. NULL at the end. */
GByteArray *forward_next_frame(int fd);
