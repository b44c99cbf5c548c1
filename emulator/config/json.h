/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON from users and QMP clients, who are not trusted: text is cut into top-level
 * values of limited size and depth before a parser sees it.
 */
#ifndef VIREO_CONFIG_JSON_H
#define VIREO_CONFIG_JSON_H

#include "config/node.h"

#define JSON_MAX_DEPTH 64
#define JSON_MAX_BYTES (1024 * 1024)

/*
 * Cuts a stream into top-level objects and arrays. After an error outside of them what
 * stands in front of the next one is dropped, after an error in one (too deep, too
 * long) the rest of it, and in either case no more than the line.
 */
typedef struct JsonFramer {
    GString *buf;
    guint depth;
    gboolean in_string, escaped;
    gboolean skipping; /* dropping what is left of something bad */
} JsonFramer;

typedef enum JsonFrame {
    JSON_FRAME_MORE,  /* all bytes taken, no value complete */
    JSON_FRAME_VALUE, /* framer->buf holds one value until the next call */
    JSON_FRAME_ERROR, /* errp says why */
} JsonFrame;

void json_framer_init(JsonFramer *framer);
void json_framer_clear(JsonFramer *framer);
/* Forgets what has come so far: a new client. */
void json_framer_reset(JsonFramer *framer);
/* Takes bytes from *data up to the first value or error and moves *data, *len on. */
JsonFrame json_framer_feed(JsonFramer *framer, const char **data, size_t *len,
                           GError **errp);

/*
 * The value that a framer has cut out; text ends with NUL. What could not be given back
 * as it came is refused: a key that comes twice, numbers out of range, NUL in a string.
 */
ConfigNode *json_parse_framed(const char *text, size_t len, GError **errp);
/* One object or array and nothing else, within the framer's limits. */
ConfigNode *config_parse_json(const char *text, GError **errp);

/* ASCII on one line, or pretty; new. */
char *config_to_json(const ConfigNode *node, gboolean pretty);

#endif
