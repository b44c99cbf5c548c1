/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of a SCSI disk, without an adapter: what QEMU's scsi-hd answers it
 * answers, too; what reaches the medium; unit attentions; failures; any bytes at all.
 */
#include <string.h>
#include <unistd.h>

#include "block/testing.h"
#include "config/json.h"
#include "no-board.h"
#include "scsi/scsi.h"
#include "tests/unit/block-late.h"

#define BLOCKS 400u
#define MEMORY (1u << 20)

typedef struct Answer {
    const char *cdb, *data; /* hexadecimal; without zeros at the end */
    guint32 len;
    gboolean head; /* data goes on */
    guint8 key;
    guint16 code;
} Answer;

#include "golden/scsi/qemu-7.2.h"

static char *path; /* of the image */
static guint8 memory[MEMORY];
static ScsiDisk disk;
static ScsiCommand cmd;
static struct iovec iov[2];
static gboolean ended;

static guint from_hex(const char *text, guint8 *bytes, guint max)
{
    guint n = (guint)strlen(text ? text : "") / 2;

    g_assert_cmpuint(n, <=, max);
    for (guint i = 0; i < n; i++) {
        bytes[i] = (guint8)(g_ascii_xdigit_value(text[2 * i]) << 4 |
                            g_ascii_xdigit_value(text[2 * i + 1]));
    }
    return n;
}

static void command_done(ScsiCommand *c)
{
    g_assert_true(c == &cmd);
    g_assert_false(ended);
    g_assert_cmpuint(c->moved, <=, c->xfer);
    g_assert_null(c->pattern);
    ended = TRUE;
}

/* In two pieces, the first of an odd size but where it goes to the medium. */
static void give(void)
{
    gsize first = cmd.xfer < 512 ? cmd.xfer / 2 : 512;

    iov[0] = (struct iovec){ memory, first };
    iov[1] = (struct iovec){ memory + first, cmd.xfer - first };
    cmd.iov = iov;
    cmd.n_iov = cmd.xfer == first ? 1 : 2;
    cmd.done = command_done;
    ended = FALSE;
}

static void wait_end(void)
{
    while (!ended) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

static void set_cdb(const char *hex)
{
    memset(&cmd, 0, sizeof(cmd));
    from_hex(hex, cmd.cdb, sizeof(cmd.cdb));
}

/* What is in memory goes with it. */
static void send(const char *hex)
{
    set_cdb(hex);
    scsi_disk_parse(&disk, &cmd);
    g_assert_cmpuint(cmd.xfer, <=, MEMORY);
    give();
    scsi_disk_run(&disk, &cmd);
}

static void run(const char *hex)
{
    send(hex);
    wait_end();
}

static void assert_good(guint64 moved)
{
    g_assert_false(cmd.again);
    g_assert_cmphex(cmd.status, ==, SCSI_GOOD);
    g_assert_cmpuint(cmd.sense_len, ==, 0);
    g_assert_cmpuint(cmd.moved, ==, moved);
}

static void assert_sense(guint32 sense)
{
    g_assert_false(cmd.again);
    g_assert_cmphex(cmd.status, ==, SCSI_CHECK_CONDITION);
    g_assert_cmpuint(cmd.sense_len, ==, SCSI_SENSE_SIZE);
    g_assert_cmphex(cmd.sense[0], ==, 0x70);
    g_assert_cmphex(SCSI_SENSE(cmd.sense[2], scsi_get(cmd.sense + 12, 2)), ==, sense);
}

/* --- the disk --- */

static void write_image(void)
{
    g_autofree guint8 *image = g_malloc(BLOCKS * 512);

    for (guint i = 0; i < BLOCKS; i++) {
        memset(image + i * 512, (int)(i & 255), 512);
    }
    g_assert_true(g_file_set_contents(path, (char *)image, BLOCKS * 512, NULL));
}

static void add_node(const char *format, ...) G_GNUC_PRINTF(1, 2);
static void add_node(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autoptr(GError) error = NULL;
    g_autoptr(ConfigNode) config = config_parse_json(text, &error);
    g_assert_no_error(error);
    disk.node = block_node_add(config, &error);
    g_assert_no_error(error);
    g_assert_nonnull(disk.node);
}

static void begin(gboolean read_only)
{
    g_autoptr(GError) error = NULL;
    BlockUser user = { .loop = event_loop_main(), .read_only = read_only };

    write_image();
    disk = (ScsiDisk){ .path = "/machine/disk",
                       .vendor = "QEMU",
                       .product = "QEMU HARDDISK",
                       .version = "2.5+",
                       .scsi_version = 5,
                       .block_size = 512,
                       .physical_block_size = 512,
                       .discard_granularity = 4096,
                       .max_unmap_size = 1 << 30,
                       .max_io_size = G_MAXINT32,
                       .werror = BLOCK_ON_ERROR_REPORT,
                       .rerror = BLOCK_ON_ERROR_REPORT,
                       .write_cache = TRUE,
                       .read_only = read_only };
    add_node("{\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"f\","
             "\"discard\":\"unmap\"}",
             path);
    add_node("{\"driver\":\"x-test\",\"file\":\"f\",\"node-name\":\"m\","
             "\"discard\":\"unmap\"}");
    disk.user = block_node_attach(disk.node, &user, &error);
    g_assert_no_error(error);
}

static void finish(void)
{
    block_node_detach(disk.user);
    g_assert_true(node_del("m", NULL));
    g_assert_true(node_del("f", NULL));
}

static void test_node(const char *command)
{
    g_auto(GStrv) args = g_strsplit(command, " ", 0);
    g_autofree char *reply = block_testing_command(args);

    g_assert_true(g_str_has_prefix(reply, "OK"));
}

/* --- QEMU's answers --- */

static void check_answer(const Answer *a, gint lun)
{
    guint8 data[128];
    guint n = from_hex(a->data, data, sizeof(data));
    static const guint16 luns[] = { 0 };

    g_test_message("lun %d: %s", lun, a->cdb);
    memset(memory, 0xcc, 4096);
    set_cdb(a->cdb);
    if (lun || cmd.cdb[0] == 0xa0) {
        scsi_target_parse(&cmd);
        give();
        scsi_target_run(&cmd, luns, 1, (guint16)lun);
    } else {
        run(a->cdb);
    }
    g_assert_true(ended);
    if (a->key) {
        assert_sense(SCSI_SENSE(a->key, a->code));
        return;
    }
    assert_good(a->len);
    g_assert_cmpmem(memory, n, data, n);
    for (guint i = n; i < a->len && !a->head; i++) {
        g_assert_cmphex(memory[i], ==, 0);
    }
    g_assert_cmphex(memory[a->len], ==, 0xcc);
}

#define CHECK(answers, lun)                                                              \
    for (gsize i_ = 0; i_ < G_N_ELEMENTS(answers); i_++) {                               \
        check_answer(&(answers)[i_], lun);                                               \
    }

static void test_plain(void)
{
    begin(FALSE);
    disk.attention = SCSI_SENSE_RESET;
    CHECK(answers_plain_first, 0);
    CHECK(answers_plain, 0);
    CHECK(answers_plain_other_lun, 1);
    finish();
}

static void test_full(void)
{
    begin(FALSE);
    disk.attention = SCSI_SENSE_RESET;
    disk.serial = "Serial";
    disk.device_id = "Device";
    disk.vendor = "Vendor";
    disk.product = "Product";
    disk.version = "1.0";
    disk.wwn = 0x5000c50015ea71ac;
    disk.port_wwn = 0x5000c50015ea71ad;
    disk.port_index = 3;
    disk.rotation_rate = 7200;
    disk.removable = disk.dpofua = TRUE;
    disk.write_cache = FALSE;
    disk.scsi_version = 6;
    disk.physical_block_size = disk.min_io_size = 4096;
    disk.opt_io_size = 65536;
    disk.discard_granularity = 8192;
    disk.max_unmap_size = 1048576;
    disk.max_io_size = 524288;
    CHECK(answers_full_first, 0);
    CHECK(answers_full, 0);
    CHECK(answers_full_other_lun, 1);
    finish();
}

/* --- the medium --- */

static void assert_medium(guint block, guint8 value)
{
    g_autofree char *cdb = g_strdup_printf("2800%08x000001", block);

    memset(memory, 0xcc, 512);
    run(cdb);
    assert_good(512);
    for (guint i = 0; i < 512; i++) {
        g_assert_cmphex(memory[i], ==, value);
    }
}

static void test_write(void)
{
    static const char *const writes[] = { "0a00000502", "2a000000000500000200",
                                          "2a080000000500000200", "aa000000000500000002",
                                          "8a00000000000000000500000002" };

    begin(FALSE);
    for (guint i = 0; i < G_N_ELEMENTS(writes); i++) {
        memset(memory, (int)(0x80 + i), 1024);
        run(writes[i]);
        assert_good(1024);
        assert_medium(4, 4);
        assert_medium(5, (guint8)(0x80 + i));
        assert_medium(6, (guint8)(0x80 + i));
        assert_medium(7, 7);
    }
    run("2a000000018f000002");
    assert_sense(SCSI_SENSE_OUT_OF_RANGE);
    run("0a00018f00"); /* 256 */
    assert_sense(SCSI_SENSE_OUT_OF_RANGE);
    run("2a0000000190000000"); /* nothing, at the end */
    assert_good(0);
    run("35");
    assert_good(0);
    finish();
}

static void test_write_same(void)
{
    begin(FALSE);
    memset(memory, 0x77, 512);
    run("41000000000a00000300");
    assert_good(512);
    assert_medium(9, 9);
    assert_medium(10, 0x77);
    assert_medium(12, 0x77);
    assert_medium(13, 13);
    run("9301000000000000000a00000002"); /* no data: zeros */
    assert_good(0);
    assert_medium(11, 0);
    assert_medium(12, 0x77);
    memset(memory, 0, 512);
    run("9308000000000000000a0000018600"); /* to the end, unmapped */
    assert_good(512);
    assert_medium(9, 9);
    assert_medium(399, 0);
    run("9308000000000000000a0000018700");
    assert_sense(SCSI_SENSE_OUT_OF_RANGE);
    run("41000000000a00000000");
    assert_sense(SCSI_SENSE_FIELD);
    run("41100000000a00000100");
    assert_sense(SCSI_SENSE_FIELD);
    finish();
}

static void put_entry(guint i, guint64 lba, guint32 blocks)
{
    guint8 *p = memory + 8 + 16 * i;

    memset(p, 0, 16);
    scsi_put(p, 8, lba);
    scsi_put(p + 8, 4, blocks);
}

static void unmap(guint16 data, guint16 entries, const char *cdb)
{
    memset(memory, 0, 8);
    scsi_put(memory, 2, data);
    scsi_put(memory + 2, 2, entries);
    run(cdb);
}

static void test_unmap(void)
{
    begin(FALSE);
    put_entry(0, 8, 8);
    put_entry(1, 24, 0);
    put_entry(2, 32, 8);
    unmap(54, 48, "42000000000000003800");
    assert_good(56);
    assert_medium(7, 7);
    assert_medium(8, 0);
    assert_medium(15, 0);
    assert_medium(16, 16);
    assert_medium(39, 0);
    assert_medium(40, 40);
    put_entry(0, BLOCKS - 1, 2);
    unmap(22, 16, "42000000000000001800");
    assert_sense(SCSI_SENSE_OUT_OF_RANGE);
    put_entry(0, G_MAXUINT64, 2);
    unmap(22, 16, "42000000000000001800");
    assert_sense(SCSI_SENSE_OUT_OF_RANGE);
    unmap(22, 15, "42000000000000001800");
    assert_sense(SCSI_SENSE_PARAMETER_LENGTH);
    unmap(22, 32, "42000000000000001800");
    assert_sense(SCSI_SENSE_PARAMETER_LENGTH);
    unmap(6, 0, "42000000000000000400");
    assert_sense(SCSI_SENSE_PARAMETER_LENGTH);
    unmap(6, 0, "42010000000000001800");
    assert_sense(SCSI_SENSE_FIELD);
    unmap(6, 0, "42000000000000000000");
    assert_good(0);
    finish();
}

static void test_read_only(void)
{
    static const char *const writes[] = { "2a0000000005000001", "41000000000500000100",
                                          "9301000000000000000500000001" };

    begin(TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(writes); i++) {
        run(writes[i]);
        assert_sense(SCSI_SENSE_PROTECTED);
    }
    put_entry(0, 5, 1);
    unmap(22, 16, "42000000000000001800");
    assert_sense(SCSI_SENSE_PROTECTED);
    run("1a000800ff");
    assert_good(255);
    g_assert_cmphex(memory[2], ==, 0x80);
    finish();
}

/* --- what the guest sets, and is told --- */

static void select_page(const char *list, const char *cdb)
{
    memset(memory, 0, 64);
    from_hex(list, memory, 64);
    run(cdb);
}

#define CACHING(byte)                                                                    \
    "00000000"                                                                           \
    "0812" byte "00000000000000000000000000000000"                                       \
    "00"

static void test_mode_select(void)
{
    begin(FALSE);
    select_page(CACHING("00"), "1510000018");
    assert_good(24);
    g_assert_false(disk.write_cache);
    select_page(CACHING("04"), "1510000018");
    assert_good(24);
    g_assert_true(disk.write_cache);
    select_page(CACHING("01"), "1510000018"); /* cannot change */
    assert_sense(SCSI_SENSE_PARAMETER);
    select_page(CACHING("00"), "1500000018"); /* no page format */
    assert_sense(SCSI_SENSE_FIELD);
    select_page(CACHING("00"), "1511000018"); /* save */
    assert_sense(SCSI_SENSE_FIELD);
    select_page(CACHING("00"), "1510000017"); /* cut off */
    assert_sense(SCSI_SENSE_PARAMETER_LENGTH);
    select_page("00000004", "1510000018"); /* of a descriptor */
    assert_sense(SCSI_SENSE_PARAMETER);
    select_page("000000ff", "1510000018");
    assert_sense(SCSI_SENSE_PARAMETER_LENGTH);
    select_page("000000003f00", "1510000006");
    assert_sense(SCSI_SENSE_PARAMETER);
    select_page("0000000000000000"
                "0812"
                "00",
                "551000000000000001c00000");
    assert_sense(SCSI_SENSE_PARAMETER_LENGTH); /* longer than any list */
    g_assert_true(disk.write_cache);
    select_page("0000000000000000"
                "0812"
                "00",
                "55100000000000001c00");
    assert_good(28);
    g_assert_false(disk.write_cache);
    finish();
}

static void test_attention(void)
{
    begin(FALSE);
    disk.attention = SCSI_SENSE_CAPACITY;
    run("1200000024"); /* neither tells of it, nor forgets it */
    assert_good(36);
    run("ff");
    assert_sense(SCSI_SENSE_CAPACITY);
    run("00");
    assert_good(0);
    disk.attention = SCSI_SENSE_RESET;
    run("0300000012");
    assert_good(18);
    g_assert_cmphex(memory[2], ==, 6);
    g_assert_cmphex(memory[12], ==, 0x29);
    run("00");
    assert_good(0);
    disk.removable = TRUE;
    run("1e00000001");
    assert_good(0);
    g_assert_true(disk.prevented);
    run("1e00000000");
    g_assert_false(disk.prevented);
    run("1b00000002");
    assert_sense(SCSI_SENSE_FIELD);
    finish();
}

static void test_failures(void)
{
    begin(FALSE);
    test_node("m fail read 2560 512 EIO 1");
    run("280000000005000001");
    assert_sense(SCSI_SENSE_IO);
    assert_medium(5, 5);
    test_node("m fail write 2560 512 ENOSPC 1");
    run("2a0000000005000001");
    assert_sense(SCSI_SENSE_SPACE);
    test_node("m fail flush 0 65536 EIO 1");
    run("35");
    assert_sense(SCSI_SENSE_IO);
    disk.werror = BLOCK_ON_ERROR_IGNORE;
    test_node("m fail write 2560 512 EIO 1");
    run("2a0000000005000001");
    assert_good(512);
    disk.werror = BLOCK_ON_ERROR_REPORT;
    memset(memory, 0x77, 512); /* a pattern */
    test_node("m fail write 5120 512 EIO 1");
    run("41000000000a00000100");
    assert_sense(SCSI_SENSE_IO);
    finish();
}

/* The guest hears nothing of it; the same command is run once more when the VM goes on.
 */
static void test_stop(void)
{
    begin(FALSE);
    disk.werror = disk.rerror = BLOCK_ON_ERROR_STOP;
    test_node("m fail read 2560 512 EIO 1");
    run("280000000005000001");
    g_assert_true(cmd.again);
    assert_medium(5, 5);
    memset(memory, 0x77, 512);
    test_node("m fail write 5120 512 EIO 1");
    run("41000000000a00000300");
    g_assert_true(cmd.again);
    run("41000000000a00000300");
    assert_good(512);
    assert_medium(12, 0x77);
    put_entry(0, 8, 1);
    put_entry(1, 16, 1);
    test_node("m fail discard 8192 512 ENOSPC 1");
    unmap(38, 32, "42000000000000002800");
    g_assert_true(cmd.again);
    unmap(38, 32, "42000000000000002800");
    assert_good(40);
    assert_medium(8, 0);
    assert_medium(16, 0);
    finish();
}

/* Any bytes, of every opcode: it ends, and what it says it has moved it can have. */
static void test_any(void)
{
    begin(FALSE);
    for (guint i = 0; i < 256 * 16; i++) {
        memset(&cmd, 0, sizeof(cmd));
        for (guint k = 1; k < sizeof(cmd.cdb); k++) {
            cmd.cdb[k] = g_test_rand_int_range(0, 3) ? 0 : (guint8)g_test_rand_int();
        }
        for (guint k = 0; k < 64; k++) {
            memory[k] = g_test_rand_int_range(0, 3) ? 0 : (guint8)g_test_rand_int();
        }
        cmd.cdb[0] = (guint8)i;
        scsi_disk_parse(&disk, &cmd);
        if (cmd.xfer <= MEMORY) {
            give();
            scsi_disk_run(&disk, &cmd);
            wait_end();
        }
        scsi_target_parse(&cmd);
        if (cmd.xfer <= MEMORY) {
            give();
            scsi_target_run(&cmd, NULL, 0, (guint16)(i & 1));
            g_assert_true(ended);
        }
    }
    finish();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    block_testing_enable();
    no_board_make();
    path = g_strdup_printf("%s/scsi-disk-test.%d", g_get_tmp_dir(), (int)getpid());
    g_test_add_func("/scsi-disk/plain", test_plain);
    g_test_add_func("/scsi-disk/full", test_full);
    g_test_add_func("/scsi-disk/write", test_write);
    g_test_add_func("/scsi-disk/write-same", test_write_same);
    g_test_add_func("/scsi-disk/unmap", test_unmap);
    g_test_add_func("/scsi-disk/read-only", test_read_only);
    g_test_add_func("/scsi-disk/mode-select", test_mode_select);
    g_test_add_func("/scsi-disk/attention", test_attention);
    g_test_add_func("/scsi-disk/failures", test_failures);
    g_test_add_func("/scsi-disk/stop", test_stop);
    g_test_add_func("/scsi-disk/any", test_any);
    int rc = g_test_run();
    unlink(path);
    g_free(path);
    return rc;
}
