/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a guest does to fw_cfg: it selects, reads by the port and by DMA
 * (of any length, from and to anywhere), writes to the registers whatever it likes, and
 * is reset and migrates meanwhile. What it reads is what a model says. Or the input is a
 * kernel that firmware is to start.
 */
#include "fuzz/fw-cfg-fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "event/loop.h"
#include "firmware/kernel-items.h"
#include "hw/fw-cfg.h"
#include "memory/address-map.h"
#include "memory/guest.h"
#include "unit/hw-board.h"

#define RAM_SIZE 0x400000u
#define REQUEST  0x1000u
#define BUFFER   0x10000u
#define BUFFERED 0x10000u /* bytes that are compared */
#define WRITABLE 8

enum { ERROR = 1, READ = 2, SKIP = 4, SELECT = 8, WRITE = 16 };

struct FwCfgFuzzCounts fw_cfg_fuzz_counts;

typedef struct Input {
    const uint8_t *data;
    size_t left;
} Input;

static char writable[WRITABLE]; /* the model's, and what the device has */
static guint8 written[WRITABLE];

/* Keys and what is there; files in the order of their names. */
static const struct {
    guint16 key;
    const char *text;
    gsize len;
} items[] = {
    { FW_CFG_SIGNATURE, "QEMU", 4 },      { FW_CFG_UUID, "0123456789abcdef", 16 },
    { FW_CFG_IRQ0_OVERRIDE, "irq", 3 },   { FW_CFG_FILE_FIRST + 0, "the first", 9 },
    { FW_CFG_FILE_FIRST + 1, "", 0 },     { FW_CFG_FILE_FIRST + 2, "made", 4 },
    { FW_CFG_FILE_FIRST + 3, "made", 4 }, { FW_CFG_FILE_FIRST + 4, writable, WRITABLE },
    { FW_CFG_FILE_FIRST + 5, NULL, 0 },
};

static guint16 key; /* the model's; an index into items */
static guint32 offset;
static Device *dev;
static RamBlock *ram;
static Region *region;

static guint32 take(Input *in, unsigned bytes)
{
    guint32 value = 0;

    for (; bytes && in->left; bytes--, in->left--) {
        value = value << 8 | *in->data++;
    }
    return value;
}

static GByteArray *make(void *opaque)
{
    return g_byte_array_append(g_byte_array_new(), (const guint8 *)"made", 4);
}

static void count_write(void *opaque, guint32 from, guint32 len)
{
    g_assert_true(len && from + len <= WRITABLE);
    fw_cfg_fuzz_counts.writes++;
}

/* Also of a device that takes the place of one before. */
static void fill(Device *new)
{
    fw_cfg_set_bytes(new, FW_CFG_UUID, "0123456789abcdef", 16);
    fw_cfg_set_bytes(new, FW_CFG_IRQ0_OVERRIDE, "irq", 3);
    g_assert_true(
        fw_cfg_add_made_file(new, "m/1", make, NULL, NULL) &&
        fw_cfg_add_file(new, "e", "", 0, NULL) &&
        fw_cfg_add_made_file(new, "m/0", make, NULL, NULL) &&
        fw_cfg_add_writable_file(new, "w", written, WRITABLE, count_write, NULL, NULL) &&
        fw_cfg_add_file(new, "a", "the first", 9, NULL));
}

static void set_up(void)
{
    hw_board_make();
    ram = ram_block_new("ram", RAM_SIZE, NULL);
    g_assert_true(ram && ram_block_register(ram, NULL));
    region = region_new_ram("ram", ram, 0, RAM_SIZE, FALSE);
    g_assert_true(address_map_put(address_map_memory(), &region, 0, NULL));
    dev = hw_plug(&fw_cfg_class, NULL, fill);
}

static void settle(void)
{
    while (g_main_context_pending(event_loop_context(event_loop_main()))) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
}

/* --- the model --- */

static void model_select(unsigned item)
{
    key = (guint16)item;
    offset = 0;
}

static guint8 model_byte(void)
{
    return offset < items[key].len ? (guint8)items[key].text[offset++] : 0;
}

static void model_skip(guint32 n)
{
    offset = (guint32)MIN((guint64)offset + n, MAX(items[key].len, offset));
}

/* --- what the guest does --- */

static void guest_select(Input *in)
{
    model_select(take(in, 1) % G_N_ELEMENTS(items));
    hw_out16(FW_CFG_PORT, items[key].key);
}

static void guest_reads(Input *in)
{
    for (unsigned n = take(in, 1) % 32; n--;) {
        g_assert_cmphex(hw_in8((guint16)(FW_CFG_PORT + (n & 1))), ==, model_byte());
        fw_cfg_fuzz_counts.bytes++;
    }
}

static void start(guint64 at, guint32 control, guint32 length, guint64 address)
{
    struct {
        guint32 control, length;
        guint64 address;
    } r = { GUINT32_TO_BE(control), GUINT32_TO_BE(length), GUINT64_TO_BE(address) };

    guest_write(dma_space_memory(), at, &r, sizeof(r));
    hw_out32(FW_CFG_PORT + 4, GUINT32_SWAP_LE_BE((guint32)(at >> 32)));
    hw_out32(FW_CFG_PORT + 8, GUINT32_SWAP_LE_BE((guint32)at));
    settle();
    fw_cfg_fuzz_counts.transfers++;
}

static guint32 control_at(guint64 at)
{
    return GUINT32_SWAP_LE_BE((guint32)hw_read(at, 4));
}

/* FALSE: not all of it fits. */
static gboolean model_write(guint32 length)
{
    if (items[key].text != writable || length > WRITABLE || offset > WRITABLE - length) {
        return FALSE;
    }
    memcpy(writable + offset, ram->host + BUFFER, length);
    offset += length;
    return TRUE;
}

/* A good one; what it brings is compared. */
static void guest_dma(Input *in)
{
    guint32 control = take(in, 1) & (READ | SKIP | SELECT | WRITE), length = take(in, 2);
    gboolean writes;

    if (control & SELECT) {
        model_select(take(in, 1) % G_N_ELEMENTS(items));
    }
    if ((control & (READ | WRITE)) == WRITE) {
        length %= 2 * WRITABLE;
        memset(ram->host + BUFFER, (int)take(in, 1), WRITABLE);
    }
    writes = (control & (READ | WRITE)) == WRITE && length;
    start(REQUEST, control | (guint32)items[key].key << 16, length, BUFFER);
    g_assert_cmphex(control_at(REQUEST), ==, writes && !model_write(length) ? ERROR : 0);
    if (control & READ) {
        for (guint32 i = 0; i < length; i++) {
            g_assert_cmphex(ram->host[BUFFER + i], ==, model_byte());
        }
    } else if (!writes && control & SKIP) {
        model_skip(length);
    }
}

/* The model knows no more what is selected. */
static void begin_again(void)
{
    model_select(0);
    hw_out16(FW_CFG_PORT, items[0].key);
    memcpy(writable, written, WRITABLE);
}

/* From and to anywhere, of any length. */
static void guest_wild_dma(Input *in)
{
    static const guint64 places[] = { 0,
                                      REQUEST,
                                      RAM_SIZE - 8,
                                      RAM_SIZE - 16,
                                      RAM_SIZE - 0x10000,
                                      0xfee00000,
                                      G_MAXUINT64 - 15,
                                      G_MAXUINT64 - 0xfffff };
    guint64 at = places[take(in, 1) % G_N_ELEMENTS(places)] + take(in, 1);
    guint64 address = places[take(in, 1) % G_N_ELEMENTS(places)] + take(in, 2);
    guint32 length = take(in, 1) & 1 ? take(in, 4) : take(in, 3) % (2 * RAM_SIZE);

    start(at, take(in, 4), length, address);
    fw_cfg_fuzz_counts.failed += at <= RAM_SIZE - 16 && control_at(at) == ERROR;
    begin_again();
}

static void guest_wild_access(Input *in)
{
    guint16 port = (guint16)(FW_CFG_PORT + take(in, 1) % FW_CFG_PORTS);
    guint32 value = take(in, 4);

    switch (take(in, 1) % 6) {
    case 0:
        hw_in8(port);
        break;
    case 1:
        hw_in16(port);
        break;
    case 2:
        hw_in32(port);
        break;
    case 3:
        hw_out8(port, (guint8)value);
        break;
    case 4:
        hw_out16(port, (guint16)value);
        break;
    default:
        hw_out32(port, value);
    }
    settle();
    begin_again();
}

static void step(Input *in)
{
    guint8 what = (guint8)take(in, 1);

    switch (what % 8) {
    case 0:
        guest_select(in);
        break;
    case 1:
    case 2:
        guest_reads(in);
        break;
    case 3:
    case 4:
        guest_dma(in);
        break;
    case 5:
        guest_wild_dma(in);
        break;
    case 6:
        guest_wild_access(in);
        break;
    default:
        if (what < 0x40) {
            dev = hw_move(dev, NULL, fill);
            fw_cfg_fuzz_counts.moves++;
        } else if (what >= 0xf0) {
            hw_reset(dev);
            model_select(0);
        }
    }
}

/* --- kernels --- */

static void try_kernel(const uint8_t *data, size_t len)
{
    int fd = memfd_create("kernel", 0);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree guint8 *copy = g_malloc(MAX(len, 0x300));
    KernelItems *kernel;

    memset(copy, 0, MAX(len, 0x300));
    memcpy(copy, data, len);
    if (len > 0x300 && len & 1) {
        memcpy(copy + 0x1fe, "\x55\xaa", 2);
        memcpy(copy + 0x202, "HdrS", 4);
        copy[0x1f1] &= len & 4 ? 0xff : 1;
    }
    g_assert_true(write(fd, copy, len) == (ssize_t)len);
    kernel = kernel_items_new(path, len & 2 ? path : NULL, "vga=1", RAM_SIZE, NULL);
    if (kernel) {
        kernel_items_set(kernel, dev);
        kernel_items_free(kernel);
        fw_cfg_fuzz_counts.kernels++;
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    Input in = { data, len };

    if (!dev) {
        set_up();
    }
    if (len && data[0] >= 0xc0) {
        try_kernel(data + 1, len - 1);
        return 0;
    }
    while (in.left) {
        step(&in);
    }
    hw_reset(dev);
    model_select(0);
    memset(ram->host, 0, BUFFER + BUFFERED);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(hw_in8(FW_CFG_PORT + 1), ==, model_byte());
    }
    return 0;
}
