/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QMP type of what a command that makes one of a kind takes, from the kind's rows. */
#ifndef VIREO_MONITOR_QMP_KIND_H
#define VIREO_MONITOR_QMP_KIND_H

#include "config/kind.h"
#include "monitor/qmp-type.h"

/* Made when it is first asked for, and kept. The tag, then the rows; a variant a type. */
const QmpType *qmp_kind_type(const Kind *kind);

#endif
