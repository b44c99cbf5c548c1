/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parallel flash: JEDEC's Common Flash Interface (JESD68.01) with Intel's command set
 * 0001 (CFI publication 100, AP-646), in QEMU's form, which OVMF probes: after Clear
 * Status the chip shows its array again, status bits are set by what fails and by nothing
 * else but "ready", programming replaces bytes rather than to clear bits of them, there
 * is no identification, and blocks cannot be locked, though the commands are taken.
 *
 * While the array is shown the guest reads, and executes, memory. All other states answer
 * reads themselves: switching between the two changes the address map.
 *
 * What a program or an erase has changed is written to the image before the vCPU goes on,
 * so that it outlives this process; and the access by which the guest looks at it, the
 * first read of the status register or the command that shows the array, is not over
 * before it is on stable storage (hw/flash-store.h). What that read gives is what was
 * known when it began: an error of its own flush is in the status from then on.
 * Firmware programs byte by byte and reads the status once in the end: a flush for each
 * byte would make a start take minutes.
 */
#include "hw/pflash.h"

#include <string.h>

#include "hw/flash-store.h"
#include "memory/address-map.h"
#include "util/error.h"

#define BUFFER_SIZE 256u

/* What reads show, and which cycle of which command a write is. */
typedef enum State {
    READ_ARRAY,
    READ_STATUS,
    READ_ID,
    READ_QUERY,
    /* commands of two cycles; reads show the status */
    PROGRAM,
    ERASE,
    LOCK,
    /* Write to Buffer: how many cycles, the data, Confirm */
    BUFFER_COUNT,
    BUFFER_DATA,
    BUFFER_CONFIRM,
} State;

/* Commands */
#define CMD_READ_ARRAY   0xff
#define CMD_CLEAR_STATUS 0x50
#define CMD_CONFIRM      0xd0
#define CMD_LOCK_BLOCK   0x01
#define CMD_ERASE_BLOCK  0x20
#define CMD_WRITE_BUFFER 0xe8
#define CMD_PROGRAM      0x40
#define CMD_PROGRAM_ALT  0x10
#define CMD_LOCK_SETUP   0x60
#define CMD_READ_STATUS  0x70
#define CMD_READ_ID      0x90
#define CMD_READ_QUERY   0x98

/* Status register */
#define STATUS_READY         0x80
#define STATUS_ERASE_ERROR   0x20
#define STATUS_PROGRAM_ERROR 0x10

typedef struct Pflash {
    Device device;
    char *drive;
    guint64 address;
    Region *region;
    FlashStore store;

    guint8 state; /* State */
    guint8 status;
    guint8 count;      /* of Write to Buffer: cycles to come, but for the last */
    guint32 buffer_at; /* offset of the block of BUFFER_SIZE that is to be written; or: */
#define NO_BLOCK G_MAXUINT32
    guint8 buffer[BUFFER_SIZE];
    guint8 buffered[BUFFER_SIZE / 8]; /* which of its bytes, a bit each */
} Pflash;

/* The first cycle of a command; what is not here shows the array. */
static const struct Command {
    guint8 code, state;
} commands[] = {
    { CMD_PROGRAM, PROGRAM },         { CMD_PROGRAM_ALT, PROGRAM },
    { CMD_ERASE_BLOCK, ERASE },       { CMD_LOCK_SETUP, LOCK },
    { CMD_READ_STATUS, READ_STATUS }, { CMD_READ_ID, READ_ID },
    { CMD_READ_QUERY, READ_QUERY },   { CMD_WRITE_BUFFER, BUFFER_COUNT },
};

/* CFI's table: JESD68.01, table 1, and CFI publication 100. */
#define QUERY_SIZE   0x27 /* log2 of bytes */
#define QUERY_BLOCKS 0x2d /* less one, 16 bits */
/* clang-format off */
static const guint8 query_table[] = {
    [0x10] = 'Q', 'R', 'Y',
    [0x13] = 0x01, 0x00,             /* Intel's command set; its own table at */
    [0x15] = 0x31, 0x00,
    [0x1b] = 0x45, 0x55,             /* 4.5 to 5.5 V */
    [0x1f] = 0x07, 0x07, 0x0a, 0x00, /* typical times: 2^n us, us, ms */
    [0x23] = 0x04, 0x04, 0x04, 0x00, /* the longest: 2^n of these */
    [0x28] = 0x02, 0x00,             /* x8 and x16 */
    [0x2a] = 0x08, 0x00,             /* log2 of BUFFER_SIZE */
    [0x2c] = 0x01,                   /* blocks of one size; in units of 256: */
    [0x2f] = PFLASH_BLOCK_SIZE >> 8, PFLASH_BLOCK_SIZE >> 16,
    [0x31] = 'P', 'R', 'I', '1', '0', /* without features */
    [0x3f] = 0x01,                   /* one protection register */
};
/* clang-format on */

static guint64 flash_size(const Pflash *f)
{
    return f->store.ram->size;
}

static void show(Pflash *f)
{
    address_map_begin();
    region_set_direct(f->region, f->state == READ_ARRAY);
    address_map_settle();
}

/* The guest is to see the array, or asks for the status. */
static void settle(Pflash *f)
{
    flash_store_settle(&f->store, STATUS_PROGRAM_ERROR);
}

static void set_state(Pflash *f, State state)
{
    gboolean switches = (f->state == READ_ARRAY) != (state == READ_ARRAY);

    f->state = state;
    if (switches) {
        show(f);
    }
    if (state == READ_ARRAY) {
        settle(f);
    }
}

/* A change could not be written. */
static void failed(void *opaque, guint8 bits)
{
    Pflash *f = opaque;
    f->status |= bits;
}

/* --- reads --- */

static guint8 query(const Pflash *f, unsigned at)
{
    guint64 blocks = flash_size(f) / PFLASH_BLOCK_SIZE - 1;

    switch (at) {
    case QUERY_SIZE: /* as QEMU, where it is no power of two, too */
        return (guint8)__builtin_ctzll(flash_size(f));
    case QUERY_BLOCKS:
    case QUERY_BLOCKS + 1:
        return (guint8)(blocks >> (8 * (at - QUERY_BLOCKS)));
    default:
        return at < sizeof(query_table) ? query_table[at] : 0;
    }
}

/* Of a wide read QEMU gives two of them. */
static guint64 read_status(Pflash *f, unsigned size)
{
    settle(f);
    return f->status | (size > 2 ? (guint64)f->status << 16 : 0);
}

static guint64 pflash_read(void *opaque, guint64 offset, unsigned size)
{
    Pflash *f = opaque;
    guint64 value = 0;

    switch (f->state) {
    case READ_ARRAY:
        memcpy(&value, f->store.ram->host + offset, size);
        return GUINT64_FROM_LE(value);
    case READ_ID:
        return 0;
    case READ_QUERY:
        return query(f, offset & 0xff);
    default:
        return read_status(f, size);
    }
}

/* --- writes --- */

/* The command is over; more status bits. */
static void end(Pflash *f, guint8 bits)
{
    f->status |= STATUS_READY | bits;
    set_state(f, READ_STATUS);
}

static void program(Pflash *f, guint64 offset, guint64 value, unsigned size)
{
    if (f->store.read_only) {
        end(f, STATUS_PROGRAM_ERROR);
        return;
    }
    value = GUINT64_TO_LE(value);
    memcpy(f->store.ram->host + offset, &value, size);
    flash_store_changed(&f->store, offset, size, STATUS_PROGRAM_ERROR);
    end(f, 0);
}

static void erase(Pflash *f, guint64 offset)
{
    if (f->store.read_only) {
        end(f, STATUS_ERASE_ERROR);
        return;
    }
    offset -= offset % PFLASH_BLOCK_SIZE;
    memset(f->store.ram->host + offset, 0xff, PFLASH_BLOCK_SIZE);
    flash_store_changed(&f->store, offset, PFLASH_BLOCK_SIZE, STATUS_ERASE_ERROR);
    end(f, 0);
}

static void clear_buffer(Pflash *f)
{
    f->buffer_at = NO_BLOCK;
    f->count = 0;
    memset(f->buffer, 0, sizeof(f->buffer));
    memset(f->buffered, 0, sizeof(f->buffered));
}

/* All of the data belongs into one block; what does not ends the command. */
static void fill_buffer(Pflash *f, guint64 offset, guint64 value, unsigned size)
{
    guint32 block = (guint32)(offset - offset % BUFFER_SIZE), at = offset % BUFFER_SIZE;

    if (f->buffer_at != NO_BLOCK && f->buffer_at != block) {
        end(f, STATUS_PROGRAM_ERROR | STATUS_ERASE_ERROR); /* a wrong sequence */
        return;
    }
    f->buffer_at = block;
    for (unsigned i = 0; i < size; i++) {
        f->buffer[at + i] = (guint8)(value >> (8 * i));
        f->buffered[(at + i) / 8] |= (guint8)(1u << (at + i) % 8);
    }
    if (f->count-- == 0) {
        f->count = 0;
        f->state = BUFFER_CONFIRM;
    }
}

static void write_buffer(Pflash *f)
{
    if (f->store.read_only) {
        end(f, STATUS_PROGRAM_ERROR);
        return;
    }
    guint8 *to = f->store.ram->host + f->buffer_at;
    for (unsigned i = 0; i < BUFFER_SIZE; i++) {
        to[i] = f->buffered[i / 8] & (1u << i % 8) ? f->buffer[i] : to[i];
    }
    flash_store_changed(&f->store, f->buffer_at, BUFFER_SIZE, STATUS_PROGRAM_ERROR);
    end(f, 0);
}

static void begin(Pflash *f, guint8 code)
{
    State state = READ_ARRAY;

    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        state = commands[i].code == code ? commands[i].state : state;
    }
    if (code == CMD_CLEAR_STATUS) {
        f->status = 0;
    }
    if (state == BUFFER_COUNT) {
        clear_buffer(f); /* it is free */
    }
    if (state == BUFFER_COUNT || state == ERASE) {
        f->status |= STATUS_READY;
    }
    set_state(f, state);
}

/* The second cycle of what has to be confirmed. */
static void confirm(Pflash *f, guint64 offset, guint8 code)
{
    if (f->state == LOCK && (code == CMD_CONFIRM || code == CMD_LOCK_BLOCK)) {
        end(f, 0); /* there are no locks */
    } else if (code != CMD_CONFIRM) {
        set_state(f, READ_ARRAY);
    } else if (f->state == ERASE) {
        erase(f, offset);
    } else {
        write_buffer(f);
    }
}

static void pflash_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Pflash *f = opaque;
    guint8 code = (guint8)value;

    switch (f->state) {
    case READ_QUERY: /* which only this leaves */
        if (code == CMD_READ_ARRAY) {
            set_state(f, READ_ARRAY);
        }
        break;
    case PROGRAM:
        program(f, offset, value, size);
        break;
    case BUFFER_COUNT:
        f->count = code;
        f->state = BUFFER_DATA;
        break;
    case BUFFER_DATA:
        fill_buffer(f, offset, value, size);
        break;
    case ERASE:
    case LOCK:
    case BUFFER_CONFIRM:
        confirm(f, offset, code);
        break;
    default:
        begin(f, code);
    }
}

static const RegionOps pflash_ops = { .read = pflash_read,
                                      .write = pflash_write,
                                      .min_size = 1,
                                      .max_size = 4,
                                      .split = TRUE };

/* --- the device --- */

void pflash_set_address(Device *dev, guint64 address)
{
    ((Pflash *)dev)->address = address;
}

RamBlock *pflash_ram(Device *dev)
{
    return ((Pflash *)dev)->store.ram;
}

static BlockNode *find_node(const Pflash *f, GError **errp)
{
    BlockNode *node = f->drive ? block_node_find(f->drive) : NULL;

    if (!node) {
        error_set(errp, "Property 'cfi.pflash01.drive' can't find value '%s'",
                  f->drive ? f->drive : "");
        return NULL;
    }
    if (block_node_size(node) == 0 || block_node_size(node) % PFLASH_BLOCK_SIZE) {
        error_set(errp,
                  "block device '%s' has invalid size %" G_GUINT64_FORMAT
                  ": it must be a non-zero multiple of 0x%x",
                  f->drive, block_node_size(node), PFLASH_BLOCK_SIZE);
        return NULL;
    }
    return node;
}

static gboolean pflash_realize(Device *dev, GError **errp)
{
    Pflash *f = (Pflash *)dev;
    BlockNode *node = find_node(f, errp);
    const char *name = strrchr(dev->path, '/') + 1;

    f->store.failed = failed;
    f->store.opaque = f;
    if (!node || !flash_store_open(&f->store, node, name, dev->path, errp)) {
        return FALSE;
    }
    clear_buffer(f);
    f->region =
        region_new_rom_device(name, f->store.ram, 0, flash_size(f), &pflash_ops, f);
    if (!address_map_put(address_map_memory(), &f->region, f->address, errp)) {
        flash_store_close(&f->store);
        return FALSE;
    }
    return TRUE;
}

static void pflash_unrealize(Device *dev)
{
    Pflash *f = (Pflash *)dev;

    address_map_take(&f->region);
    flash_store_close(&f->store);
}

static void pflash_reset(Device *dev)
{
    Pflash *f = (Pflash *)dev;

    clear_buffer(f);
    f->status = STATUS_READY;
    set_state(f, READ_ARRAY);
}

static void pflash_quiesce(Device *dev, void (*done)(void *opaque), void *opaque)
{
    flash_store_quiesce(&((Pflash *)dev)->store, done, opaque);
}

/* --- migration --- */

static gboolean fills_buffer(void *opaque)
{
    const Pflash *f = opaque;
    return f->state == BUFFER_DATA || f->state == BUFFER_CONFIRM;
}

static gboolean pflash_post_load(void *opaque, guint32 version, GError **errp)
{
    Pflash *f = opaque;
    gboolean has_block = f->buffer_at != NO_BLOCK;

    if ((has_block && (f->buffer_at % BUFFER_SIZE || f->buffer_at >= flash_size(f))) ||
        (!has_block && f->state == BUFFER_CONFIRM)) {
        return error_set(errp, "buffer-at: there is no such block");
    }
    show(f);
    return TRUE;
}

static const StateField pflash_fields[] = {
    STATE_FIELD("state", STATE_U8, Pflash, state, .limit = BUFFER_CONFIRM),
    STATE_FIELD("status", STATE_U8, Pflash, status),
    STATE_FIELD("count", STATE_U8, Pflash, count),
    STATE_FIELD("buffer-at", STATE_U32, Pflash, buffer_at, .needed = fills_buffer,
                .absent = NO_BLOCK),
    STATE_ARRAY("buffer", STATE_BYTES, Pflash, buffer, BUFFER_SIZE,
                .needed = fills_buffer),
    STATE_ARRAY("buffered", STATE_BYTES, Pflash, buffered, BUFFER_SIZE / 8,
                .needed = fills_buffer),
    { NULL },
};

static const StateDesc pflash_state = {
    .name = "cfi.pflash01",
    .version = 1,
    .fields = pflash_fields,
    .post_load = pflash_post_load,
};

static const Property pflash_properties[] = {
    { "drive", PROP_STRING, offsetof(Pflash, drive), .help = "node name of the image" },
    { "secure", PROP_BOOL, .ignored = TRUE, .only = "off", .hidden = TRUE,
      .why = "there is no system management mode that could have the flash to itself" },
    PROPERTY_ONLY("big-endian", PROP_BOOL, "off"),
    PROPERTY_ONLY("device-width", PROP_U8, "0"),
    PROPERTY_ONLY("max-device-width", PROP_U8, "0"),
    PROPERTY_ONLY("id0", PROP_U16, "0"),
    PROPERTY_ONLY("id1", PROP_U16, "0"),
    PROPERTY_ONLY("id2", PROP_U16, "0"),
    PROPERTY_ONLY("id3", PROP_U16, "0"),
    PROPERTY_ONLY("old-multiple-chip-handling", PROP_BOOL, "off"),
    { NULL },
};

const DeviceClass pflash_class = {
    .name = "cfi.pflash01",
    .desc = "parallel flash with Intel's command set",
    .instance_size = sizeof(Pflash),
    .properties = pflash_properties,
    .state = &pflash_state,
    .realize = pflash_realize,
    .reset = pflash_reset,
    .quiesce = pflash_quiesce,
    .unrealize = pflash_unrealize,
};
