/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg over qtest: its ports, DMA by guests that mean no good, -fw_cfg, resets and
 * migrations. What the items say, against QEMU's: tests/golden/fw-cfg.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "tests/device/board.h"
#include "tests/device/turn.h"

#define PORT      0x510
#define DATA      0x511
#define DMA_HIGH  0x514
#define DMA_LOW   0x518
#define DIRECTORY 0x19
#define FIRST     0x20

#define ERROR  0x01
#define READ   0x02
#define SKIP   0x04
#define SELECT 0x08
#define WRITE  0x10

#define REQUEST 0x1000 /* where it is in memory, and where its bytes go */
#define BUFFER  0x2000

#define RAM  (64 * MIB)
#define LOW  MIB /* from here on there is nothing else */
#define MOST (RAM - LOW)

static void read_bytes(QTest *q, void *buf, gsize len)
{
    for (gsize i = 0; i < len; i++) {
        ((guint8 *)buf)[i] = qtest_inb(q, DATA);
    }
}

static guint32 read_be32(QTest *q)
{
    guint32 value;
    read_bytes(q, &value, sizeof(value));
    return GUINT32_FROM_BE(value);
}

static void select_key(QTest *q, guint16 key)
{
    qtest_outw(q, PORT, key);
}

typedef struct Entry {
    guint32 size;
    guint16 key;
    char name[57];
} Entry;

static Entry next_entry(QTest *q)
{
    Entry e = { .size = read_be32(q) };
    e.key = (guint16)(read_be32(q) >> 16);
    read_bytes(q, e.name, 56);
    return e;
}

/* Selects the file; FALSE: there is none. */
static gboolean find(QTest *q, const char *name, Entry *e)
{
    select_key(q, DIRECTORY);
    for (guint n = read_be32(q); n--;) {
        *e = next_entry(q);
        if (strcmp(e->name, name) == 0) {
            select_key(q, e->key);
            return TRUE;
        }
    }
    return FALSE;
}

static void check_file(QTest *q, const char *name, const char *text)
{
    g_autofree char *read = g_malloc0(strlen(text) + 1);
    Entry e;
    g_assert_true(find(q, name, &e));
    g_assert_cmpuint(e.size, ==, strlen(text));
    read_bytes(q, read, strlen(text));
    g_assert_cmpstr(read, ==, text);
    g_assert_cmphex(qtest_inb(q, DATA), ==, 0); /* behind the end */
}

static void test_ports(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    char signature[5] = { 0 };
    read_bytes(q, signature, 4); /* after a reset key 0 is selected */
    g_assert_cmpstr(signature, ==, "QEMU");
    g_assert_cmphex(qtest_inb(q, DATA), ==, 0);
    select_key(q, 1);
    g_assert_cmphex(qtest_inb(q, DATA), ==, 3);
    select_key(q, 0);
    g_assert_cmphex(qtest_inb(q, PORT), ==, 'Q'); /* both ports are the same */
    g_assert_cmphex(qtest_inw(q, PORT), ==, 0);   /* a word is none of the item's */
    qtest_outb(q, DATA, 0xff);                    /* nothing is written, nor selected */
    qtest_outb(q, PORT, 0x01);
    g_assert_cmphex(qtest_inb(q, DATA), ==, 'E');
    for (guint16 key = 0x40; key; key <<= 1) { /* where there is nothing, or QEMU's bit */
        select_key(q, key);
        g_assert_cmphex(qtest_inb(q, DATA), ==, key == 0x4000 ? 'Q' : 0);
    }
    qtest_stop(q);
}

static void test_directory(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -fw_cfg name=opt/z,string=zet "
                           "-fw_cfg opt/a,string=a,,b -fw_cfg name=opt/m,string=mm");
    char last[57] = "";
    select_key(q, DIRECTORY);
    guint n = read_be32(q);
    g_assert_cmpuint(n, >=, 8);
    for (guint i = 0; i < n; i++) { /* sorted, and numbered one after the other */
        Entry e = next_entry(q);
        g_assert_cmpuint(e.key, ==, FIRST + i);
        g_assert_cmpint(strcmp(e.name, last), >, 0);
        g_strlcpy(last, e.name, sizeof(last));
    }
    g_assert_cmphex(qtest_inb(q, DATA), ==, 0);
    check_file(q, "opt/a", "a,b");
    check_file(q, "opt/m", "mm");
    check_file(q, "opt/z", "zet");
    qtest_stop(q);
}

/* --- DMA --- */

static void put_request(QTest *q, guint64 at, guint32 control, guint32 length,
                        guint64 address)
{
    struct {
        guint32 control, length;
        guint64 address;
    } r = { GUINT32_TO_BE(control), GUINT32_TO_BE(length), GUINT64_TO_BE(address) };
    qtest_memwrite(q, at, &r, sizeof(r));
}

static guint32 dma(QTest *q, guint32 control, guint32 length, guint64 address)
{
    put_request(q, REQUEST, control, length, address);
    qtest_outl(q, DMA_HIGH, 0);
    qtest_outl(q, DMA_LOW, GUINT32_SWAP_LE_BE(REQUEST));
    return GUINT32_FROM_BE(qtest_readl(q, REQUEST));
}

static void check_buffer(QTest *q, const char *text)
{
    g_autofree char *got = g_malloc0(strlen(text) + 1);
    qtest_memread(q, BUFFER, got, strlen(text));
    g_assert_cmpstr(got, ==, text);
}

static void test_dma(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -fw_cfg name=opt/a,string=0123456789");
    Entry e;
    g_assert_cmphex(qtest_inl(q, DMA_HIGH), ==, GUINT32_SWAP_LE_BE(0x51454d55));
    g_assert_cmphex(qtest_inl(q, DMA_LOW), ==, GUINT32_SWAP_LE_BE(0x20434647));
    g_assert_cmphex(qtest_inb(q, DMA_HIGH), ==, 'Q');
    g_assert_cmphex(qtest_inb(q, DMA_LOW + 3), ==, 'G');
    g_assert_true(find(q, "opt/a", &e));
    g_assert_cmphex(dma(q, e.key << 16 | SELECT | READ, 4, BUFFER), ==, 0);
    check_buffer(q, "0123");
    g_assert_cmphex(dma(q, SKIP, 2, 0), ==, 0);
    g_assert_cmphex(dma(q, READ, 2, BUFFER), ==, 0);
    check_buffer(q, "6723");
    g_assert_cmphex(qtest_inb(q, DATA), ==, '8'); /* both ways have one place */
    qtest_memset(q, BUFFER, 'x', 16);
    g_assert_cmphex(dma(q, READ, 8, BUFFER), ==, 0); /* zeros behind the end */
    g_assert_cmphex(qtest_readq(q, BUFFER), ==, '9');
    g_assert_cmphex(qtest_readb(q, BUFFER + 8), ==, 'x');
    g_assert_cmphex(dma(q, SKIP, G_MAXUINT32, 0), ==, 0);
    g_assert_cmphex(dma(q, e.key << 16 | SELECT, 7, BUFFER), ==, 0); /* selects only */
    g_assert_cmphex(qtest_inb(q, DATA), ==, '0');
    g_assert_cmphex(dma(q, READ | SKIP | WRITE, 2, BUFFER), ==, 0); /* reading wins */
    check_buffer(q, "12");
    qtest_stop(q);
}

static void test_dma_refused(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    g_assert_cmphex(dma(q, SELECT | WRITE, 4, BUFFER), ==, ERROR); /* key 0 */
    g_assert_cmphex(dma(q, 0xffffu << 16 | SELECT | WRITE, 4, BUFFER), ==, ERROR);
    g_assert_cmphex(dma(q, SELECT | WRITE, 0, BUFFER), ==, 0);
    g_assert_cmphex(dma(q, SELECT | READ, 4, 0xfee00000), ==, ERROR); /* no RAM */
    g_assert_cmphex(dma(q, SELECT | READ, 8, RAM - 4), ==, ERROR);
    g_assert_cmphex(dma(q, SELECT | READ, 4, G_MAXUINT64 - 1), ==, ERROR);
    g_assert_cmphex(dma(q, SELECT | READ, G_MAXUINT32, G_MAXUINT64 - 0x7fff), ==, ERROR);
    qtest_outl(q, DMA_HIGH, G_MAXUINT32); /* the request itself is nowhere, or half */
    qtest_outl(q, DMA_LOW, G_MAXUINT32);
    put_request(q, RAM - 16, SELECT | READ, 4, BUFFER);
    qtest_outl(q, DMA_LOW, GUINT32_SWAP_LE_BE((guint32)RAM - 8));
    g_assert_cmphex(qtest_readl(q, RAM - 8), ==, GUINT32_SWAP_LE_BE(ERROR));
    g_assert_cmphex(qtest_readl(q, RAM - 4), ==, GUINT32_SWAP_LE_BE(BUFFER));
    put_request(q, RAM - 16, SELECT | READ, 4, BUFFER);
    qtest_outb(q, DMA_LOW, 0x10); /* too narrow, and in between */
    qtest_outw(q, DMA_LOW + 2, 0x10);
    g_assert_cmphex(qtest_readl(q, RAM - 16), ==, GUINT32_SWAP_LE_BE(SELECT | READ));
    qtest_outl(q, DMA_LOW, GUINT32_SWAP_LE_BE((guint32)RAM - 16)); /* the half has gone */
    g_assert_cmphex(qtest_readl(q, RAM - 16), ==, 0);
    qtest_stop(q);
}

/* The request is in what is read: it still ends. */
static void test_dma_over_itself(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    g_assert_cmphex(dma(q, SELECT | READ, 64, REQUEST), ==, 0);
    g_assert_cmphex(qtest_readl(q, REQUEST + 4), ==, 0);
    qtest_stop(q);
}

/*
 * A guest may ask for 4 GiB: others have their turn meanwhile, and the access ends when
 * the request does.
 */
static void test_dma_long(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    qtest_writeq(q, RAM - 8, G_MAXUINT64);
    put_request(q, REQUEST, SELECT | READ, MOST, LOW);
    qtest_begin(q, "outl 0x%x 0x%x", DMA_LOW, GUINT32_SWAP_LE_BE(REQUEST));
    board_qmp(q, "query-status");
    qtest_finish(q);
    g_assert_cmphex(qtest_readl(q, REQUEST), ==, 0);
    g_assert_cmphex(qtest_readq(q, LOW), ==, 0x554d4551); /* "QEMU" */
    g_assert_cmphex(qtest_readq(q, RAM - 8), ==, 0);
    turn_check(q, "fw-cfg-bytes", MOST - 2 * MIB, MIB);
    put_request(q, REQUEST, SELECT | READ, G_MAXUINT32, LOW); /* more than there is */
    qtest_begin(q, "outl 0x%x 0x%x", DMA_LOW, GUINT32_SWAP_LE_BE(REQUEST));
    qtest_finish(q);
    g_assert_cmphex(qtest_readl(q, REQUEST), ==, GUINT32_SWAP_LE_BE(ERROR));
    qtest_stop(q);
}

/* A reset, a stop and the end wait for the request, or end it. */
static void test_dma_long_ends(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    for (guint i = 0; i < 4; i++) {
        qtest_writeq(q, RAM - 8, G_MAXUINT64);
        put_request(q, REQUEST, SELECT | READ, MOST, LOW);
        qtest_begin(q, "outl 0x%x 0x%x", DMA_LOW, GUINT32_SWAP_LE_BE(REQUEST));
        board_qmp(q, i & 1 ? "stop" : "system_reset");
        qtest_finish(q);
        board_wait(q, i & 1 ? "STOP" : "RESET");
        g_assert_cmphex(qtest_readl(q, REQUEST), ==, 0);
        g_assert_cmphex(qtest_readq(q, RAM - 8), ==, 0);
        if (i & 1) {
            board_qmp(q, "cont");
            board_wait(q, "RESUME");
        }
    }
    qtest_stop(q);
}

static void test_no_dma(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -global fw_cfg_io.dma_enabled=off");
    select_key(q, 1);
    g_assert_cmphex(qtest_inb(q, DATA), ==, 1);
    g_assert_cmphex(qtest_inl(q, DMA_HIGH), ==, G_MAXUINT32);
    g_assert_cmphex(dma(q, SELECT | READ, 4, BUFFER), ==, SELECT | READ);
    qtest_stop(q);
}

/* --- resets, migrations --- */

static void test_reset(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -fw_cfg name=opt/a,string=abc");
    check_file(q, "opt/a", "abc");
    qtest_outl(q, DMA_HIGH, 0x12345678);
    board_reset(q);
    g_assert_cmphex(qtest_inb(q, DATA), ==, 'Q');
    check_file(q, "opt/a", "abc");
    put_request(q, REQUEST, SELECT | READ, 4, BUFFER);
    qtest_outl(q, DMA_LOW, GUINT32_SWAP_LE_BE(REQUEST));
    g_assert_cmphex(qtest_readl(q, REQUEST), ==, 0);
    qtest_stop(q);
}

static void migrate(QTest *from, QTest *to, const char *path)
{
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
    qtest_wait_migrated(from);
    board_wait(to, "RESUME");
}

/* In the middle of a file, and of an address. */
static void test_migrate(void)
{
    QTest *from = qtest_start("-M q35 -m 64 -fw_cfg name=opt/a,string=abcdef");
    g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
    QTest *to = qtest_start("-M q35 -m 64 -fw_cfg name=opt/a,string=abcdef "
                            "-incoming unix:%s",
                            path);
    guint8 there[64], here[64];
    Entry e;
    g_assert_true(find(from, "etc/acpi/tables", &e));
    read_bytes(from, there, 64);
    read_bytes(from, there, 64);
    select_key(from, e.key);
    read_bytes(from, here, 64);
    qtest_outl(from, DMA_HIGH, GUINT32_SWAP_LE_BE(1)); /* half of an address */
    migrate(from, to, path);
    read_bytes(to, here, 64);
    g_assert_cmpmem(here, 64, there, 64);
    put_request(to, REQUEST, SELECT | READ, 4, BUFFER);
    qtest_outl(to, DMA_LOW, GUINT32_SWAP_LE_BE(REQUEST)); /* above 4 GiB */
    g_assert_cmphex(qtest_readl(to, REQUEST), ==, GUINT32_SWAP_LE_BE(SELECT | READ));
    check_file(to, "opt/a", "abcdef");
    qtest_stop(from);
    qtest_stop(to);
}

/* The migration's end; why: what the source was told. */
static gboolean migrates(QTest *from, const char *path, char **why)
{
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
    for (;;) {
        g_autoptr(JsonNode) info = qtest_qmp_ok(from, "{\"execute\": \"query-migrate\"}");
        JsonObject *o = json_node_get_object(info);
        const char *status = json_object_has_member(o, "status")
                                 ? json_object_get_string_member(o, "status")
                                 : "none";
        if (strcmp(status, "failed") == 0) {
            *why = g_strdup(json_object_get_string_member(o, "error-desc"));
            return FALSE;
        }
        if (strcmp(status, "completed") == 0) {
            return TRUE;
        }
        g_usleep(1000);
    }
}

static void check_sets(const char *there, const char *here, const char *message)
{
    QTest *from = qtest_start("-M q35 -m 64 %s", there);
    g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
    QTest *to = qtest_start("-M q35 -m 64 %s -incoming unix:%s", here, path);
    g_autofree char *why = NULL;
    g_assert_true(migrates(from, path, &why) == !message);
    if (message && !strstr(why, message)) {
        g_error("'%s' does not say '%s'", why, message);
    }
    qtest_stop(from);
    qtest_stop(to);
}

#define A "-fw_cfg name=opt/a,string=a "
#define B "-fw_cfg name=opt/b,string=b "

/* Of the same names, whatever is in them. */
static void test_migrate_files(void)
{
    check_sets(A B, A, "only the source has file 'opt/b'");
    check_sets(A B, B, "only the source has file 'opt/a'");
    check_sets(A, A B, "the source does not have file 'opt/b'");
    check_sets(B, A B, "the source does not have file 'opt/a'");
    check_sets("", A, "the source does not have file 'opt/a'");
    check_sets(A, B, "only the source has file 'opt/a'");
    check_sets(B A, A "-fw_cfg name=opt/b,string=longer", NULL);
}

/* --- -fw_cfg --- */

static void test_option_file(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-fw-cfg-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "item", NULL);
    g_assert_true(g_file_set_contents(path, "a\0b\n", 4, NULL));
    QTest *q = qtest_start("-M q35 -m 64 -fw_cfg name=opt/f,file=%s "
                           "-fw_cfg name=opt/none,file=/dev/null",
                           path);
    char got[5] = { 0 };
    Entry e;
    g_assert_true(find(q, "opt/f", &e));
    g_assert_cmpuint(e.size, ==, 4);
    read_bytes(q, got, 4);
    g_assert_cmpmem(got, 4, "a\0b\n", 4);
    check_file(q, "opt/none", "");
    qtest_stop(q);
    g_assert_cmpint(unlink(path), ==, 0);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

#define LONG_NAME "opt/3456789012345678901234567890123456789012345678901234"

static void test_option_refused(void)
{
    static const char *const rows[][2] = {
        { "string=a", "-fw_cfg string=a: name, plus exactly one of file and string" },
        { "name=opt/a", "name, plus exactly one of file and string" },
        { "name=opt/a,string=", "name, plus exactly one of file and string" },
        { "name=opt/a,string=a,file=/dev/null", "name, plus exactly one" },
        { "name=opt/a,file=/nonexistent/x", "can't load /nonexistent/x: No such file" },
        { "name=opt/a,file=/", "can't load /: Is a directory" },
        { "name=opt/a,gen_id=x", "gen_id=x: there are no objects" },
        { "name=opt/a,string=a,bad=1", "Invalid parameter 'bad'" },
        { "name=" LONG_NAME ",string=a", "name too long (max. 55 char)" },
        { "name=etc/e820,string=a", "-fw_cfg name=etc/e820: duplicate fw_cfg file name" },
        { "opt/a,string=a -fw_cfg opt/a,string=b", "duplicate fw_cfg file name: opt/a" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *args = g_strdup_printf("-M q35 -m 64 -fw_cfg %s", rows[i][0]);
        board_refuses(args, rows[i][1]);
    }
    board_refuses("-M microvm -m 64 -fw_cfg opt/a,string=a",
                  "fw_cfg device not available on machine 'microvm-vireo-1.0'");
    board_refuses("-M none -fw_cfg opt/a,string=a", "fw_cfg device not available");
}

static char *many(guint n)
{
    GString *args = g_string_new(NULL);
    for (guint i = 0; i < n; i++) {
        g_string_append_printf(args, " -fw_cfg opt/%u,string=x", i);
    }
    return g_string_free(args, FALSE);
}

static void test_many(void)
{
    g_autofree char *all = many(33), *fit = many(60);
    g_autofree char *args = g_strconcat("-M q35 -m 64", all, NULL);
    board_refuses(args, "already, and no more fit");
    QTest *q = qtest_start("-M q35 -m 64 -global fw_cfg_io.x-file-slots=128 %s", fit);
    check_file(q, "opt/59", "x");
    qtest_stop(q);
}

static void test_warning(void)
{
    g_autofree char *said = NULL;
    qtest_run("-accel qtest -M q35 -m 64 -fw_cfg name=my/a,string=a "
              "-fw_cfg name=opt/a,file=/nonexistent",
              &said);
    g_assert_nonnull(strstr(said, "-fw_cfg name=my/a: externally provided fw_cfg item "
                                  "names should be prefixed with \"opt/\""));
    g_assert_null(strstr(said, "name=opt/a: externally"));
}

/* --- kernels that firmware starts --- */

#define SEABIOS "/usr/share/seabios/bios-256k.bin"
#define ROM     "/usr/share/qemu/linuxboot_dma.bin"

typedef struct Change {
    guint offset, n;
    guint32 value;
} Change;

/* As much of a bzImage as is looked at; a change makes it bad. */
static void put_kernel(const char *path, gsize size, const Change *change)
{
    static const Change good[] = {
        { 0x1f1, 1, 4 },      { 0x1fe, 2, 0xaa55 }, { 0x202, 4, 0x53726448 },
        { 0x206, 2, 0x020c }, { 0x211, 1, 1 },      { 0x22c, 4, 0x7fffffff },
        { 0x238, 4, 10 },
    };
    g_autofree guint8 *data = g_malloc0(MAX(size, 0x400));
    for (guint i = 0; i <= G_N_ELEMENTS(good); i++) {
        const Change *c = i < G_N_ELEMENTS(good) ? &good[i] : change;
        guint32 value = GUINT32_TO_LE(c->value);
        memcpy(data + c->offset, &value, c->n);
    }
    g_assert_true(g_file_set_contents(path, (char *)data, (gssize)size, NULL));
}

static void check_kernel_refused(const char *dir)
{
    static const struct {
        gsize size;
        Change change;
        const char *options, *message;
    } rows[] = {
        { 0x2000, { 0x202, 4, 0 }, "", "firmware takes a bzImage only" },
        { 0x200, { 0 }, "", "firmware takes a bzImage only" },
        { 0x2000, { 0x206, 2, 0x0205 }, "", "boot protocol 2.05, older than 2.06" },
        { 0x2000, { 0x211, 1, 0 }, "", "is a zImage" },
        { 0xa00, { 0 }, "", "is cut off or damaged" },
        { 0x2000, { 0x1f1, 1, 0xff }, "", "is cut off or damaged" },
        { 0x2000, { 0 }, "-append 0123456789a", "-append: 11 characters, more than" },
        { 0x2000,
          { 0 },
          "-initrd /nonexistent/x",
          "-initrd '/nonexistent/x': cannot open" },
        { 0x2000, { 0 }, "-initrd /dev/null", "not a regular file" },
        { 0x2000, { 0x22c, 4, 0x100000 }, "-initrd %s/small", "do not fit between" },
        { 0x2000, { 0x22c, 4, 100 }, "-initrd %s/small", "initrd is too large, cannot" },
        { 0x2000, { 0 }, "-initrd %s/large", "do not fit into memory" },
        { 0x2000,
          { 0 },
          "-global fw_cfg_io.dma_enabled=off",
          "which needs fw_cfg_io.dma_enabled=on" },
        { 0x2000,
          { 0 },
          "-blockdev driver=file,node-name=n,filename=%s/small "
          "-device virtio-blk-pci,drive=n,bootindex=0",
          "The bootindex 0 has already been used" },
    };
    g_autofree char *kernel = g_build_filename(dir, "kernel", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) parts = g_strsplit(rows[i].options, "%s", 2);
        g_autofree char *options = g_strjoinv(dir, parts);
        g_autofree char *args = g_strdup_printf(
            "-M q35 -m 64 -bios bios-256k.bin -kernel %s %s", kernel, options);
        put_kernel(kernel, rows[i].size, &rows[i].change);
        board_refuses(args, rows[i].message);
    }
}

static void test_kernel_refused(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-fw-cfg-XXXXXX", NULL);
    static const char *const names[] = { "small", "large", "kernel" };
    static const goffset sizes[] = { 1 << 12, 65 << 20, 0 };
    if (access(SEABIOS, R_OK) != 0 || access(ROM, R_OK) != 0) {
        g_test_skip("firmware is not installed");
        g_assert_cmpint(rmdir(dir), ==, 0);
        return;
    }
    for (guint i = 0; i < 2; i++) {
        g_autofree char *path = g_build_filename(dir, names[i], NULL);
        g_assert_true(g_file_set_contents(path, "", 0, NULL));
        g_assert_cmpint(truncate(path, sizes[i]), ==, 0);
    }
    check_kernel_refused(dir);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(dir, names[i], NULL);
        g_assert_cmpint(unlink(path), ==, 0);
    }
    g_assert_cmpint(rmdir(dir), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fw-cfg/ports", test_ports);
    g_test_add_func("/fw-cfg/directory", test_directory);
    g_test_add_func("/fw-cfg/dma", test_dma);
    g_test_add_func("/fw-cfg/dma-refused", test_dma_refused);
    g_test_add_func("/fw-cfg/dma-over-itself", test_dma_over_itself);
    g_test_add_func("/fw-cfg/dma-long", test_dma_long);
    g_test_add_func("/fw-cfg/dma-long-ends", test_dma_long_ends);
    g_test_add_func("/fw-cfg/no-dma", test_no_dma);
    g_test_add_func("/fw-cfg/reset", test_reset);
    g_test_add_func("/fw-cfg/migrate", test_migrate);
    g_test_add_func("/fw-cfg/migrate-files", test_migrate_files);
    g_test_add_func("/fw-cfg/option-file", test_option_file);
    g_test_add_func("/fw-cfg/option-refused", test_option_refused);
    g_test_add_func("/fw-cfg/many", test_many);
    g_test_add_func("/fw-cfg/warning", test_warning);
    g_test_add_func("/fw-cfg/kernel-refused", test_kernel_refused);
    return g_test_run();
}
