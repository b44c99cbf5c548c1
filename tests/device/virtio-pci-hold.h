/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk of virtio-pci.h with requests that the medium holds, while a vCPU does what has
 * to wait for them; and that nothing is written any more once it goes on.
 */
#pragma once
#include "tests/device/virtio-pci.h"

#define REQUESTS 4
#define BARS     6

/* REQUESTS reads of queue 1 wait at the medium. */
void hold_reads(VirtioPciDriver *d);
/* A vCPU's write to configuration space (the port's), 2 bytes, that has to wait. */
void begin_cfg(VirtioPciDriver *d, unsigned offset, guint32 value);
void begin_port_cfg(VirtioPciDriver *d, unsigned offset, guint32 value);
/* One at a time: it goes on after the last, with all of them done. */
void let_go(VirtioPciDriver *d);
/* What belongs to the driver again is not written any more. */
void scribble(VirtioPciDriver *d);
void expect_untouched(VirtioPciDriver *d);
/* A driver begins anew. */
void expect_works(VirtioPciDriver *d);
/* What a reset of the function takes. */
void save_bars(VirtioPciDriver *d, guint32 *bars);
void load_bars(VirtioPciDriver *d, const guint32 *bars);
/* Of "d", with all that it is made of. */
void device_del(QTest *q);
void wait_deleted(QTest *q);
