/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the human monitor by QMP. */
#include "config.h"

#include <string.h>

#include "monitor/commands.h"
#include "monitor/hmp.h"
#include "util/error.h"

QMP_OBJECT(hmp_args, { "command-line", &qmp_str }, { "cpu-index", &qmp_int, TRUE });

static void carried_out(void *opaque, GString *text)
{
    g_autofree char *lines = hmp_for_terminal(text->str);

    qmp_reply_done(opaque, config_string_new(lines), NULL);
    g_string_free(text, TRUE);
}

/* There is no command for one vCPU: cpu-index is all the same. */
static void cmd_hmp(ConfigNode *args, QmpReply *reply)
{
    const char *line = qmp_arg_string(args, "command-line");
    GError *error = NULL;

    if (strlen(line) > HMP_LINE_MAX) {
        error_set(&error, "Parameter 'command-line' has more than %d bytes",
                  HMP_LINE_MAX);
        qmp_reply_done(reply, NULL, error);
    } else {
        hmp_run_line(line, qmp_reply_server(reply), FALSE, carried_out, reply);
    }
}

const QmpCommand qmp_hmp_commands[] = {
    { "human-monitor-command",
      "Carries out a line of the human monitor, and returns what that says",
      .start = cmd_hmp, .args = &hmp_args, .ret = &qmp_str },
    { .name = NULL },
};
