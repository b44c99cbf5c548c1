/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON from users and QMP clients, who are not trusted: text is cut into top-level
 * values of limited size, depth and number of values before a parser sees it.
 *
 * The number is what bounds a turn (event/turn.h): a value in the tree costs 0.25 us to
 * make, hand out and free, and a MiB of JSON could hold half a million. Each comma and
 * each opening bracket counts, so that no tree has more than one value above it. The
 * largest that anyone has to say is a transaction over all disks of a machine, some ten
 * values a disk, or one description of a device with its arrays, some hundred; what
 * libvirt makes for a chain of images or for a card of 256 queues has less than 2000.
 *
 * So does the length: a string that comes back, as an id or in an error, is written in
 * escapes, 0.05 us a byte. 128 KiB is what the kernel lets an argument of a command line
 * have (MAX_ARG_STRLEN), where the same JSON may stand; a -blockdev has some hundred
 * bytes.
 */
#ifndef VIREO_CONFIG_JSON_H
#define VIREO_CONFIG_JSON_H

#include "config/node.h"

#define JSON_MAX_DEPTH  64
#define JSON_MAX_BYTES  (128 * 1024)
#define JSON_MAX_VALUES 16384

/*
 * Cuts a stream into top-level objects and arrays. After an error outside of them what
 * stands in front of the next one is dropped, after an error in one (too deep, too
 * long, too many values) the rest of it, and in either case no more than the line.
 */
typedef struct JsonFramer {
    GString *buf;
    guint depth;
    guint values; /* of the one in buf */
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
