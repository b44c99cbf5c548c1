/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AML builder. A block's length goes in front of it, but is known at its end: what
 * is open is a stack of positions.
 */
#include "config.h"

#include "device/aml.h"

#include <string.h>

#define MAX_DEPTH 16
#define MAX_TEXT  1024
#define OP_EXT    0x5b

/* The operands that are no terms: n a name, b a byte, w a word. */
typedef struct Word {
    const char *name;
    guint16 op; /* OP_EXT in the high byte, or one byte */
    gboolean block;
    const char *raw;
} Word;

static const Word words[] = {
    /* sorted */
    { "Acquire", 0x5b23, FALSE, "nw" },
    { "Add", 0x72, FALSE, "" },
    { "And", 0x7b, FALSE, "" },
    { "Arg0", 0x68, FALSE, "" },
    { "Arg1", 0x69, FALSE, "" },
    { "Arg2", 0x6a, FALSE, "" },
    { "Arg3", 0x6b, FALSE, "" },
    { "Buffer", 0x11, TRUE, "" },
    { "CreateDWordField", 0x8a, FALSE, "" },
    { "DerefOf", 0x83, FALSE, "" },
    { "Device", 0x5b82, TRUE, "n" },
    { "Else", 0xa1, TRUE, "" },
    { "Field", 0x5b81, TRUE, "nb" },
    { "If", 0xa0, TRUE, "" },
    { "Increment", 0x75, FALSE, "" },
    { "Index", 0x88, FALSE, "" },
    { "LAnd", 0x90, FALSE, "" },
    { "LEqual", 0x93, FALSE, "" },
    { "LGreater", 0x94, FALSE, "" },
    { "LLess", 0x95, FALSE, "" },
    { "LNot", 0x92, FALSE, "" },
    { "LOr", 0x91, FALSE, "" },
    { "Local0", 0x60, FALSE, "" },
    { "Local1", 0x61, FALSE, "" },
    { "Local2", 0x62, FALSE, "" },
    { "Method", 0x14, TRUE, "nb" },
    { "Mutex", 0x5b01, FALSE, "nb" },
    { "Name", 0x08, FALSE, "n" },
    { "Notify", 0x86, FALSE, "" },
    { "OperationRegion", 0x5b80, FALSE, "nb" },
    { "Or", 0x7d, FALSE, "" },
    { "Package", 0x12, TRUE, "b" },
    { "Release", 0x5b27, FALSE, "n" },
    { "Return", 0xa4, FALSE, "" },
    { "Scope", 0x10, TRUE, "n" },
    { "ShiftLeft", 0x79, FALSE, "" },
    { "ShiftRight", 0x7a, FALSE, "" },
    { "Store", 0x70, FALSE, "" },
    { "Subtract", 0x74, FALSE, "" },
    { "While", 0xa2, TRUE, "" },
};

/* Bytes that have names: address spaces, a field's access and update rule. */
static const struct {
    const char *name;
    guint8 value;
} bytes[] = {
    { "SystemMemory", 0 },     { "SystemIO", 1 },    { "PCI_Config", 2 },
    { "ByteAcc", 0x01 },       { "DWordAcc", 0x03 }, /* the others' bits stay */
    { "DWordAccZeros", 0x43 },                       /* the others are written as zeros */
};

typedef struct Assembler {
    Aml *out;
    guint open[MAX_DEPTH];
    unsigned depth;
    const char *raw; /* what is to come before the next term */
} Assembler;

static void put_byte(Aml *out, guint8 byte)
{
    g_byte_array_append(out, &byte, 1);
}

/* Little-endian, n bytes. */
static void put(Aml *out, guint64 value, unsigned n)
{
    value = GUINT64_TO_LE(value);
    g_byte_array_append(out, (const guint8 *)&value, n);
}

static void put_int(Aml *out, guint64 value)
{
    static const struct {
        guint8 op, size;
    } forms[] = { { 0x0a, 1 }, { 0x0b, 2 }, { 0x0c, 4 }, { 0x0e, 8 } };
    if (value <= 1) {
        put_byte(out, value);
        return;
    }
    unsigned i = 0;
    while (forms[i].size < 8 && value >> (8 * forms[i].size)) {
        i++;
    }
    put_byte(out, forms[i].op);
    put(out, value, forms[i].size);
}

/* One segment, padded with '_'; returns its length. */
static gsize put_segment(Aml *out, const char *name)
{
    char padded[4] = { '_', '_', '_', '_' };
    gsize len = strcspn(name, ".:");
    g_assert(len > 0 && len <= sizeof(padded));
    memcpy(padded, name, len);
    g_byte_array_append(out, (const guint8 *)padded, sizeof(padded));
    return len;
}

static void put_name(Aml *out, const char *name)
{
    while (*name == '\\' || *name == '^') {
        put_byte(out, *name++);
    }
    guint8 segments = *name ? 1 : 0;
    for (const char *p = name; *p; p++) {
        segments += *p == '.';
    }
    if (segments == 0) {
        put_byte(out, 0x00); /* the root alone */
    } else if (segments == 2) {
        put_byte(out, 0x2e); /* DualNamePrefix */
    } else if (segments > 2) {
        put_byte(out, 0x2f); /* MultiNamePrefix */
        put_byte(out, segments);
    }
    while (segments--) {
        name += put_segment(out, name) + 1;
    }
}

static void put_string(Aml *out, const char *text, gsize len)
{
    put_byte(out, 0x0d);
    g_byte_array_append(out, (const guint8 *)text, len);
    put_byte(out, 0);
}

static void put_eisa_id(Aml *out, const char *id)
{
    guint32 value = (id[0] - 0x40) << 10 | (id[1] - 0x40) << 5 | (id[2] - 0x40);
    g_assert(strlen(id) == 7);
    for (unsigned i = 3; i < 7; i++) {
        value = value << 4 | g_ascii_xdigit_value(id[i]);
    }
    put_byte(out, 0x0c);
    put(out, GUINT32_SWAP_LE_BE(value), 4);
}

/* ToUUID: the first three groups are little-endian numbers (ACPI 6.5, 19.6.142). */
static void put_uuid(Aml *out, const char *text)
{
    static const guint8 order[] = { 6,  4,  2,  0,  11, 9,  16, 14,
                                    19, 21, 24, 26, 28, 30, 32, 34 };
    g_assert(strlen(text) == 36);
    put_byte(out, 0x11); /* Buffer */
    put_byte(out, 3 + sizeof(order));
    put_int(out, sizeof(order));
    for (unsigned i = 0; i < sizeof(order); i++) {
        const char *p = text + order[i];
        put_byte(out, g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
    }
}

/* PkgLength: 1 byte up to 63, else 2 to 4 with 4 bits in the first (20.2.4). */
static unsigned encode_length(guint32 length, unsigned n, guint8 out[4])
{
    out[0] = n == 1 ? length : (n - 1) << 6 | (length & 0x0f);
    for (unsigned i = 1; i < n; i++) {
        out[i] = length >> (8 * i - 4);
    }
    return n;
}

static unsigned length_bytes(guint32 length)
{
    unsigned n = 1;
    while (length >> (n == 1 ? 6 : 8 * n - 4)) {
        n++;
    }
    g_assert(n <= 4);
    return n;
}

/* A block's counts itself. */
static unsigned block_length(guint32 content, guint8 out[4])
{
    unsigned n = length_bytes(content + 1);
    n = length_bytes(content + n);
    return encode_length(content + n, n, out);
}

void aml_end(Aml *out, guint start)
{
    guint8 length[4];
    guint content = out->len - start;
    unsigned n = block_length(content, length);
    g_byte_array_set_size(out, out->len + n);
    memmove(out->data + start + n, out->data + start, content);
    memcpy(out->data + start, length, n);
}

/* "NAME:bits" or ":bits". */
static void put_field(Aml *out, const char *word)
{
    guint8 length[4];
    if (*word == ':') {
        put_byte(out, 0x00);
    } else {
        put_segment(out, word);
    }
    guint32 bits = g_ascii_strtoull(strchr(word, ':') + 1, NULL, 10);
    g_byte_array_append(out, length, encode_length(bits, length_bytes(bits), length));
}

static guint64 raw_number(const char *word)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(bytes); i++) {
        if (strcmp(bytes[i].name, word) == 0) {
            return bytes[i].value;
        }
    }
    g_assert(word[0] >= '0' && word[0] <= '9');
    return g_ascii_strtoull(word, NULL, 0) | (g_str_has_suffix(word, "s") ? 8 : 0);
}

static void emit_raw(Assembler *a, char kind, const char *word)
{
    if (kind == 'n') {
        put_name(a->out, word);
    } else {
        put(a->out, raw_number(word), kind == 'b' ? 1 : 2);
    }
}

static int compare(const void *key, const void *word)
{
    return strcmp(key, ((const Word *)word)->name);
}

static void emit_operator(Assembler *a, const char *text)
{
    const Word *word =
        bsearch(text, words, G_N_ELEMENTS(words), sizeof(words[0]), compare);
    g_assert(word);
    if (word->op >> 8) {
        put_byte(a->out, OP_EXT);
    }
    put_byte(a->out, word->op);
    a->raw = word->raw;
    if (word->block) {
        g_assert(a->depth < MAX_DEPTH);
        a->open[a->depth++] = a->out->len;
    }
}

/* Data words begin with a lower-case letter. */
static void emit_data(Assembler *a, const char *word)
{
    const char *value = strchr(word, ':');
    g_assert(value);
    if (word[0] == 'e') {
        put_eisa_id(a->out, value + 1);
    } else {
        put_uuid(a->out, value + 1);
    }
}

/* An operator has lower-case letters, a name has none. */
static void emit_word(Assembler *a, const char *word)
{
    if (g_ascii_islower(word[0])) {
        emit_data(a, word);
    } else if (g_ascii_islower(word[1]) || (word[1] && g_ascii_islower(word[2]))) {
        emit_operator(a, word);
    } else if (strchr(word, ':')) {
        put_field(a->out, word);
    } else {
        put_name(a->out, word);
    }
}

static void emit(Assembler *a, const char *word, gsize len)
{
    if (*a->raw) {
        emit_raw(a, *a->raw++, word);
    } else if (*word == '{') {
        g_assert(a->depth > 0);
    } else if (*word == '}') {
        g_assert(a->depth > 0);
        aml_end(a->out, a->open[--a->depth]);
    } else if (*word == '\'') {
        put_string(a->out, word + 1, len - 2);
    } else if (g_ascii_isdigit(*word)) {
        put_int(a->out, g_ascii_strtoull(word, NULL, 0));
    } else if (*word == '_' && len == 1) {
        put_byte(a->out, 0x00);
    } else {
        emit_word(a, word);
    }
}

static gsize word_length(const char *text)
{
    char end = *text == '\'' ? '\'' : ' ';
    gsize len = 1;
    while (text[len] && text[len] != end) {
        len++;
    }
    return len + (end == '\'');
}

/* Takes the text apart. */
static void assemble(Assembler *a, const char *format, va_list args)
{
    char buffer[MAX_TEXT], *text = buffer;
    int n = g_vsnprintf(buffer, sizeof(buffer), format, args);
    g_assert(n >= 0 && (gsize)n < sizeof(buffer));
    a->raw = "";
    while (text < buffer + n) {
        if (*text == ' ') {
            text++;
            continue;
        }
        gsize len = word_length(text);
        text[len] = '\0';
        emit(a, text, len);
        text += len + 1;
    }
    g_assert(!*a->raw);
}

void aml_code(Aml *out, const char *format, ...)
{
    Assembler a = { .out = out };
    va_list args;
    va_start(args, format);
    assemble(&a, format, args);
    va_end(args);
    g_assert(a.depth == 0);
}

guint aml_begin(Aml *out, const char *format, ...)
{
    Assembler a = { .out = out };
    va_list args;
    va_start(args, format);
    assemble(&a, format, args);
    va_end(args);
    g_assert(a.depth == 1);
    return a.open[0];
}

void device_add_aml(const Device *dev, Aml *scope)
{
    const DeviceClass *klass = dev->klass;
    while (klass && !klass->aml) {
        klass = klass->parent;
    }
    if (klass) {
        klass->aml(dev, scope);
    }
}

void bus_add_aml(const Bus *bus, Aml *scope)
{
    for (guint i = 0; i < bus->devices->len; i++) {
        device_add_aml(g_ptr_array_index(bus->devices, i), scope);
    }
}
