/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of the human monitor: its row, its arguments, and the QMP command that it
 * becomes. Errors have QEMU's words.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "config/keyval.h"
#include "monitor/hmp-command.h"
#include "util/error.h"

#define MIB (1 << 20)

typedef struct HmpCall {
    const HmpCommand *row;
    ConfigNode *args;
    gboolean waits;
    GString *text;
    HmpDone done;
    void *opaque;
} HmpCall;

/* --- words --- */

static void skip_spaces(const char **p)
{
    while (g_ascii_isspace(**p)) {
        (*p)++;
    }
}

/* What stands behind a backslash; 0: nothing that is known. */
static char unescape(char c)
{
    return c == 'n' ? '\n' : c == 'r' ? '\r' : strchr("\\'\"", c) ? c : '\0';
}

/* Behind the first quotation mark. */
static gboolean take_quoted(const char **p, GString *word, GString *out)
{
    for (; **p && **p != '"'; (*p)++) {
        char c = **p;

        if (c == '\\') {
            (*p)++;
            c = **p ? unescape(**p) : '\0';
            if (!c) {
                g_string_append_printf(out, "unsupported escape code: '\\%c'\n", **p);
                return FALSE;
            }
        }
        g_string_append_c(word, c);
    }
    if (!**p) {
        g_string_append(out, "unterminated string\n");
        return FALSE;
    }
    (*p)++;
    return TRUE;
}

char *hmp_next_word(const char **p, GString *out)
{
    GString *word;

    skip_spaces(p);
    if (!**p) {
        return NULL;
    }
    word = g_string_new(NULL);
    if (**p == '"') {
        (*p)++;
        if (!take_quoted(p, word, out)) {
            g_string_free(word, TRUE);
            return NULL;
        }
        return g_string_free(word, FALSE);
    }
    while (**p && !g_ascii_isspace(**p)) {
        g_string_append_c(word, *(*p)++);
    }
    return g_string_free(word, FALSE);
}

const HmpCommand *hmp_find(const HmpCommand *table, const char *name, gsize len)
{
    for (; table->name; table++) {
        for (const char *p = table->name; p; p = strchr(p, '|')) {
            p += *p == '|';
            if (strcspn(p, "|") == len && strncmp(p, name, len) == 0) {
                return table;
            }
        }
    }
    return NULL;
}

/* --- arguments --- */

static gboolean complain(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean complain(GString *out, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    g_string_append_vprintf(out, format, ap);
    va_end(ap);
    g_string_append_c(out, '\n');
    return FALSE;
}

/* No more than numbers, where QEMU takes expressions. */
static gboolean parse_number(const char *word, gint64 *value, GString *out)
{
    char *end;

    if (!word) {
        return complain(out, "unexpected end of expression");
    }
    errno = 0;
    *value = g_ascii_strtoll(word, &end, 0);
    if (errno) {
        return complain(out, "number too large");
    }
    return end != word && !*end ? TRUE
                                : complain(out, "invalid char '%c' in expression", *end);
}

static gboolean take_number(const HmpArg *a, const char *word, ConfigNode *args,
                            GString *out)
{
    gint64 value = 0;

    if (!parse_number(word, &value, out)) {
        return FALSE;
    }
    if (a->kind == HMP_MIB && value < 0) {
        return complain(out, "enter a positive value");
    }
    if (a->kind == HMP_MIB && __builtin_mul_overflow(value, MIB, &value)) {
        return complain(out, "number too large");
    }
    config_map_set_int(args, a->name, value);
    return TRUE;
}

static gboolean take_on_off(const HmpArg *a, const char *word, ConfigNode *args,
                            GString *out)
{
    gboolean on = g_strcmp0(word, "on") == 0;

    if (!on && g_strcmp0(word, "off") != 0) {
        return complain(out, "Expected 'on' or 'off'");
    }
    config_map_set_bool(args, a->name, on);
    return TRUE;
}

static gboolean take_text(const HmpCommand *row, const HmpArg *a, const char *word,
                          ConfigNode *args, GString *out)
{
    if (!word) {
        return complain(out, "%s: %s expected", row->name,
                        a->kind == HMP_FILENAME ? "filename"
                        : a->kind == HMP_DEVICE ? "block device name"
                                                : "string");
    }
    config_map_set_string(args, a->name, word);
    return TRUE;
}

static gboolean take_word(const HmpCommand *row, const HmpArg *a, const char **p,
                          ConfigNode *args, GString *out)
{
    gsize before = out->len;
    g_autofree char *word = hmp_next_word(p, out);

    if (out->len > before) {
        return FALSE;
    }
    if (!word && a->optional) {
        return TRUE;
    }
    switch (a->kind) {
    case HMP_INT:
    case HMP_MIB:
        return take_number(a, word, args, out);
    case HMP_ON_OFF:
        return take_on_off(a, word, args, out);
    default:
        return take_text(row, a, word, args, out);
    }
}

/* The rest of the line. */
static void take_rest(const HmpArg *a, const char **p, ConfigNode *args)
{
    skip_spaces(p);
    if (**p) {
        g_autofree char *text = g_strchomp(g_strdup(*p));

        config_map_set_string(args, a->name, text);
    }
    *p += strlen(*p);
}

/* The same, as members of args. */
static gboolean take_options(const HmpArg *a, const char **p, ConfigNode *args,
                             GString *out)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    skip_spaces(p);
    text = g_strchomp(g_strdup(*p));
    *p += strlen(*p);
    return !*text || keyval_parse_into(args, text, a->name, &error) ||
           complain(out, "Error: %s", error->message);
}

/* FALSE: what stands there is another. */
static gboolean take_flag(const HmpArg *a, const char **p, ConfigNode *args)
{
    const char *at;

    skip_spaces(p);
    at = *p;
    if (at[0] != '-' || at[1] != a->flag || (at[2] && !g_ascii_isspace(at[2]))) {
        return FALSE;
    }
    config_map_set_bool(args, a->name, TRUE);
    *p += 2;
    return TRUE;
}

/* Flags in any order, then as many as the row has. */
static const HmpArg *take_flags(const HmpCommand *row, const HmpArg *a, const char **p,
                                ConfigNode *args, GString *out)
{
    const HmpArg *first = a;

    while (a->name && a->kind == HMP_FLAG) {
        if (take_flag(a, p, args)) {
            a = first;
        } else {
            a++;
        }
    }
    if ((*p)[0] == '-' && g_ascii_isalpha((*p)[1])) {
        complain(out, "%s: unsupported option -%c", row->name, (*p)[1]);
        return NULL;
    }
    return a;
}

static gboolean take_args(const HmpCommand *row, const char *p, ConfigNode *args,
                          GString *out)
{
    static const HmpArg none = { NULL };
    const HmpArg *a = row->args ? row->args : &none;

    while (a && a->name) {
        if (a->kind == HMP_FLAG) {
            a = take_flags(row, a, &p, args, out);
        } else if (a->kind == HMP_REST) {
            take_rest(a++, &p, args);
        } else if (a->kind == HMP_OPTIONS ? take_options(a, &p, args, out)
                                          : take_word(row, a, &p, args, out)) {
            a++;
        } else {
            return FALSE;
        }
    }
    skip_spaces(&p);
    return a && (!*p || complain(out, "%s: extraneous characters at the end of line",
                                 row->name));
}

/* --- running --- */

static void ended(void *opaque)
{
    HmpCall *call = opaque;

    call->done(call->opaque, call->text);
    config_node_unref(call->args);
    g_free(call);
}

static void replied(void *opaque, ConfigNode *message)
{
    HmpCall *call = opaque;
    const ConfigNode *error = config_map_peek(message, "error");
    gboolean ok = !error;

    if (!ok) {
        complain(call->text, "Error: %s", config_map_string(error, "desc"));
    } else if (call->row->print) {
        call->row->print(config_map_peek(message, "return"), call->args, call->text);
    }
    config_node_unref(message);
    if (ok && call->row->wait) {
        call->row->wait(call->args, call->waits, call->text, ended, call);
    } else {
        ended(call);
    }
}

/* The row of the line, whose arguments *p comes to; *words: as it was typed. */
static const HmpCommand *find_row(const char **p, GString *words, GString *out)
{
    const HmpCommand *table = hmp_commands, *row = NULL;

    for (;;) {
        gsize len;

        skip_spaces(p);
        len = strcspn(*p, " \t\n\v\f\r");
        if (row && !len) {
            return row; /* "info" alone */
        }
        g_string_append_printf(words, "%s%.*s", row ? " " : "", (int)len, *p);
        row = hmp_find(table, *p, len);
        if (!row) {
            complain(out, "unknown command: '%s'", words->str);
            return NULL;
        }
        *p += len;
        if (table == hmp_info_commands || strcmp(row->name, "info") != 0) {
            return row;
        }
        table = hmp_info_commands;
    }
}

static gboolean begin(const char *line, HmpCall *call)
{
    g_autoptr(GString) words = g_string_new(NULL);

    skip_spaces(&line);
    if (!*line) {
        return FALSE;
    }
    call->row = find_row(&line, words, call->text);
    if (!call->row) {
        return FALSE;
    }
    if (!take_args(call->row, line, call->args, call->text)) {
        return complain(call->text, "Try \"help %s\" for more information", words->str);
    }
    return !call->row->adapt || call->row->adapt(call->args, call->text);
}

void hmp_run_line(const char *line, QmpServer *server, gboolean waits, HmpDone done,
                  void *opaque)
{
    HmpCall *call = g_new0(HmpCall, 1);

    *call = (HmpCall){ .args = config_map_new(),
                       .waits = waits,
                       .text = g_string_new(NULL),
                       .done = done,
                       .opaque = opaque };
    if (!begin(line, call)) {
        ended(call);
    } else if (call->row->command) {
        g_autoptr(ConfigNode) args =
            call->row->for_print ? config_map_new() : config_node_ref(call->args);

        qmp_run(call->row->command, args, qmp_reply_new(server, replied, call));
    } else {
        call->row->say(call->args, call->text);
        ended(call);
    }
}

char *hmp_for_terminal(const char *text)
{
    GString *out = g_string_new(NULL);

    for (; *text; text++) {
        if (*text == '\n') {
            g_string_append_c(out, '\r');
        }
        g_string_append_c(out, *text);
    }
    return g_string_free(out, FALSE);
}
