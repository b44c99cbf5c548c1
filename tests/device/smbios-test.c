/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMBIOS of a q35, as a kernel that was started directly looks for it: at each boot, and
 * not when guest memory comes from elsewhere. What dmidecode reads in it: tests/golden.
 */
#include "config.h"

#include <string.h>

#include "tests/device/board.h"

#define AREA_BASE  0xf0000u
#define AREA_SIZE  0x10000u
#define ENTRY_SIZE 24

typedef struct Smbios {
    guint8 area[AREA_SIZE];
    guint entry; /* in the area */
    guint start, length;
} Smbios;

static guint64 number(const guint8 *p, unsigned n)
{
    guint64 value = 0;
    memcpy(&value, p, n);
    return GUINT64_FROM_LE(value);
}

/* As kernels do: the anchor on a boundary of 16 bytes, then the checksum. */
static gboolean find(QTest *q, Smbios *s)
{
    qtest_memread(q, AREA_BASE, s->area, AREA_SIZE);
    for (s->entry = 0; s->entry < AREA_SIZE; s->entry += 16) {
        const guint8 *p = s->area + s->entry;
        guint8 sum = 0;
        if (memcmp(p, "_SM3_", 5) != 0) {
            continue;
        }
        for (guint i = 0; i < p[6]; i++) {
            sum += p[i];
        }
        g_assert_cmpuint(sum, ==, 0);
        g_assert_cmpuint(p[6], ==, ENTRY_SIZE);
        guint64 address = number(p + 16, 8);
        s->length = (guint)number(p + 12, 4);
        g_assert_cmphex(address, >=, AREA_BASE);
        s->start = (guint)(address - AREA_BASE);
        g_assert_cmphex(s->start + s->length, <=, AREA_SIZE);
        return TRUE;
    }
    return FALSE;
}

static guint next(const Smbios *s, guint p)
{
    guint end = p + s->area[p + 1];
    while (number(s->area + end, 2)) {
        end++;
        g_assert_cmpuint(end + 2, <=, s->start + s->length);
    }
    return end + 2;
}

/* How many of this type; the last of them. */
static guint count(const Smbios *s, guint8 type, const guint8 **last)
{
    guint n = 0;
    for (guint p = s->start; p < s->start + s->length; p = next(s, p)) {
        if (s->area[p] == type) {
            *last = s->area + p;
            n++;
        }
    }
    return n;
}

/* As on QEMU's q35: one each, but for sockets, and RAM that is in two parts. */
static void check_types(QTest *q, guint sockets, guint mapped)
{
    static const guint8 once[] = { 0, 1, 3, 16, 17, 32, 127 };
    g_autofree Smbios *s = g_new(Smbios, 1);
    const guint8 *p;
    g_assert_true(find(q, s));
    for (guint i = 0; i < G_N_ELEMENTS(once); i++) {
        g_assert_cmpuint(count(s, once[i], &p), ==, 1);
    }
    g_assert_cmpuint(count(s, 4, &p), ==, sockets);
    g_assert_cmpuint(count(s, 19, &p), ==, mapped);
    g_assert_cmpuint(count(s, 2, &p), ==, 0);
}

static void test_types(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    check_types(q, 1, 1);
    qtest_stop(q);
    q = qtest_start("-M q35,acpi=off -m 4G -smp 4,sockets=2");
    check_types(q, 2, 2);
    qtest_stop(q);
}

/* As many sockets and pieces of memory as there can be. */
static void test_most(void)
{
    QTest *q = qtest_start("-M q35 -m 4T -smp 254,sockets=254");
    g_autofree Smbios *s = g_new(Smbios, 1);
    const guint8 *p;
    g_assert_true(find(q, s));
    g_assert_cmpuint(count(s, 4, &p), ==, 254);
    g_assert_cmpuint(count(s, 17, &p), ==, 256);
    g_assert_cmpuint(count(s, 127, &p), ==, 1);
    qtest_stop(q);
}

static void check_uuid(QTest *q, const guint8 uuid[16])
{
    g_autofree Smbios *s = g_new(Smbios, 1);
    const guint8 *p = NULL;
    g_assert_true(find(q, s));
    g_assert_cmpuint(count(s, 1, &p), ==, 1);
    g_assert_cmpmem(p + 8, 16, uuid, 16);
}

/* The first three groups are numbers. */
static const guint8 uuid[16] = { 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
                                 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
#define UUID "-uuid 00112233-4455-6677-8899-aabbccddeeff "

static void test_uuid(void)
{
    static const guint8 none[16];
    QTest *q = qtest_start("-M q35 -m 64 " UUID);
    check_uuid(q, uuid);
    qtest_stop(q);
    q = qtest_start("-M q35 -m 64");
    check_uuid(q, none);
    qtest_stop(q);
}

static void spoil(QTest *q)
{
    g_autofree Smbios *s = g_new(Smbios, 1);
    qtest_memset(q, AREA_BASE, 0x55, 0x400);
    g_assert_false(find(q, s));
}

static void test_reset(void)
{
    QTest *q = qtest_start("-M q35 -m 64 " UUID);
    g_autofree Smbios *before = g_new(Smbios, 1);
    g_assert_true(find(q, before));
    spoil(q);
    qtest_outl(q, 0xcf8, 0x80000090); /* PAM: no RAM to be seen there */
    qtest_outl(q, 0xcfc, 0);
    qtest_outl(q, 0xcf8, 0x80000094);
    qtest_outl(q, 0xcfc, 0);
    board_reset(q);
    g_autofree Smbios *after = g_new(Smbios, 1);
    g_assert_true(find(q, after));
    g_assert_cmpmem(after->area + after->start, after->length,
                    before->area + before->start, before->length);
    g_assert_cmphex(after->entry, ==, before->entry);
    check_uuid(q, uuid);
    qtest_stop(q);
}

/* What the guest has made of that memory comes along; a boot there begins anew. */
static void test_migrate(void)
{
    QTest *from = qtest_start("-M q35 -m 64 " UUID);
    g_autofree char *path = g_build_filename(qtest_dir(from), "stream", NULL);
    QTest *to = qtest_start("-M q35 -m 64 " UUID "-incoming unix:%s", path);
    spoil(from);
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}", path));
    qtest_wait_migrated(from);
    board_wait(to, "RESUME");
    g_assert_cmphex(qtest_readl(to, AREA_BASE), ==, 0x55555555);
    g_autofree Smbios *s = g_new(Smbios, 1);
    g_assert_false(find(to, s));
    board_reset(to);
    check_uuid(to, uuid);
    qtest_stop(from);
    qtest_stop(to);
}

/* What -smbios says of the UUID is what QMP tells of, too. */
static void test_uuid_option(void)
{
    QTest *q = qtest_start(
        "-M q35 -m 64 -smbios type=1,uuid=00112233-4455-6677-8899-aabbccddeeff");
    check_uuid(q, uuid);
    g_autoptr(JsonNode) reply = qtest_qmp_ok(q, "{\"execute\": \"query-uuid\"}");
    g_assert_cmpstr(json_object_get_string_member(json_node_get_object(reply), "UUID"),
                    ==, "00112233-4455-6677-8899-aabbccddeeff");
    qtest_stop(q);
}

/* A kernel is told of a BIOS by the user, or by the board. */
static void check_bios(const char *option, const char *strings, gsize len)
{
    QTest *q = qtest_start("-M q35 -m 64 %s", option);
    g_autofree Smbios *s = g_new(Smbios, 1);
    const guint8 *p = NULL;
    g_assert_true(find(q, s));
    g_assert_cmpuint(count(s, 0, &p), ==, 1);
    g_assert_cmpmem(p + p[1], len, strings, len);
    qtest_stop(q);
}

static void test_bios(void)
{
    check_bios("",
               "vireo\0"
               "1.0\0"
               "04/01/2014\0",
               22);
    check_bios("-smbios type=0", "\0", 2);
    check_bios("-smbios type=0,version=x", "x\0", 3);
}

/* The others are there beside it. */
static void test_options(void)
{
    QTest *q = qtest_start("-M q35 -m 64 -device pci-testdev,id=dev,addr=7.2 -smbios "
                           "type=2 -smbios type=8 -smbios type=11,value=a,value=b "
                           "-smbios type=41,pcidev=dev -smbios type=41");
    static const guint8 once[] = { 0, 1, 2, 3, 4, 8, 11, 16, 17, 19, 32, 127 };
    g_autofree Smbios *s = g_new(Smbios, 1);
    const guint8 *p = NULL;
    g_assert_true(find(q, s));
    for (guint i = 0; i < G_N_ELEMENTS(once); i++) {
        g_assert_cmpuint(count(s, once[i], &p), ==, 1);
    }
    g_assert_cmpuint(count(s, 11, &p), ==, 1);
    g_assert_cmpmem(p + 4, 6, "\2a\0b\0", 6);
    g_assert_cmpuint(count(s, 41, &p), ==, 2);
    qtest_stop(q);
}

static void test_refused(void)
{
    static const char *const rows[][2] = {
        { "-M q35 -uuid 00112233", "-uuid 00112233: not a UUID" },
        { "-M q35 -smbios type=1,uuid=001", "-smbios type=1,uuid=001: Invalid UUID" },
        { "-M q35 -smbios type=5", "-smbios type=5: Don't know how to build fields for "
                                   "SMBIOS type 5" },
        { "-M microvm -smbios type=1",
          "-smbios: machine 'microvm-vireo-1.0' has no SMBIOS tables" },
        { "-M none -smbios type=1", "-smbios: machine 'none' has no SMBIOS tables" },
        { "-M q35 -smbios type=41,pcidev=nix",
          "-smbios type=41,pcidev=nix: No PCI device nix for SMBIOS type 41 entry" },
        { "-M q35 -object iothread,id=nix -smbios type=41,designation=x,pcidev=nix",
          "-smbios type=41,pcidev=nix: No PCI device nix for SMBIOS type 41 entry x" },
        { "-M q35 -device isa-debugcon,id=isa,chardev=n -chardev null,id=n "
          "-smbios type=41,pcidev=isa",
          "-smbios type=41,pcidev=isa: No PCI device isa for SMBIOS type 41 entry" },
        { "-M q35 -device pcie-root-port,id=port -device pci-testdev,bus=port,id=dev "
          "-smbios type=41,pcidev=dev",
          "-smbios type=41,pcidev=dev: Cannot create type 41 entry for PCI device dev: "
          "not attached to the root bus" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *said = NULL;
        g_autofree char *line = g_strconcat("-accel qtest ", rows[i][0], NULL);
        g_assert_cmpint(qtest_run(line, &said), ==, 1);
        if (!strstr(said, rows[i][1])) {
            g_error("%s: %s", line, said);
        }
    }
}

static void test_too_much(void)
{
    g_autofree char *serial = g_strnfill(300, 's');
    g_autofree char *line = g_strdup_printf(
        "-accel qtest -M q35 -smp 254,sockets=254 -smbios type=4,serial=%s", serial);
    g_autofree char *said = NULL;
    g_assert_cmpint(qtest_run(line, &said), ==, 1);
    g_assert_nonnull(strstr(said, " bytes do not fit into 65536 bytes"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smbios/types", test_types);
    g_test_add_func("/smbios/most", test_most);
    g_test_add_func("/smbios/uuid", test_uuid);
    g_test_add_func("/smbios/reset", test_reset);
    g_test_add_func("/smbios/migrate", test_migrate);
    g_test_add_func("/smbios/uuid-option", test_uuid_option);
    g_test_add_func("/smbios/bios", test_bios);
    g_test_add_func("/smbios/options", test_options);
    g_test_add_func("/smbios/refused", test_refused);
    g_test_add_func("/smbios/too-much", test_too_much);
    return g_test_run();
}
