/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs in the background, of which no kind is there yet: none runs. libvirt asks for them
 * when it finds a VM again, and gives it up where it gets no answer.
 */
#include "monitor/commands.h"

QMP_OBJECT(job_info, { "id", &qmp_str }, { "type", &qmp_str }, { "status", &qmp_str },
           { "current-progress", &qmp_int }, { "total-progress", &qmp_int },
           { "error", &qmp_str, TRUE });
QMP_LIST(job_info_list, &job_info);
QMP_OBJECT(block_job_info, { "device", &qmp_str }, { "type", &qmp_str },
           { "status", &qmp_str }, { "len", &qmp_int }, { "offset", &qmp_int },
           { "speed", &qmp_int }, { "busy", &qmp_bool }, { "paused", &qmp_bool },
           { "ready", &qmp_bool }, { "error", &qmp_str, TRUE });
QMP_LIST(block_job_info_list, &block_job_info);

static ConfigNode *cmd_query_jobs(ConfigNode *args, GError **errp)
{
    return config_list_new();
}

const QmpCommand qmp_job_commands[] = {
    { "query-block-jobs", "Jobs of block nodes; there is none yet", cmd_query_jobs,
      .ret = &block_job_info_list },
    { "query-jobs", "Jobs in the background; there is none yet", cmd_query_jobs,
      .ret = &job_info_list },
    { .name = NULL },
};
