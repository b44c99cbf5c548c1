/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The AML builder: bytes as ACPI 6.5, chapter 20 and section 6.4 have them. */
#include "config.h"

#include <string.h>

#include "device/aml.h"

/* Takes and empties out. */
static void expect(Aml *out, const char *hex)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < out->len; i++) {
        g_string_append_printf(text, "%s%02x", i ? " " : "", out->data[i]);
    }
    g_assert_cmpstr(text->str, ==, hex);
    g_byte_array_set_size(out, 0);
}

static void test_data(void)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        { "0", "00" },
        { "1 2", "01 0a 02" },
        { "0xff 0x100", "0a ff 0b 00 01" },
        { "0xffff 0x10000", "0b ff ff 0c 00 00 01 00" },
        { "0xffffffff", "0c ff ff ff ff" },
        { "0x100000000", "0e 00 00 00 00 01 00 00 00" },
        { "18446744073709551615", "0e ff ff ff ff ff ff ff ff" },
        { "'ab c' ''", "0d 61 62 20 63 00 0d 00" },
        { "'ab' 1", "0d 61 62 00 01" },
        { "eisa:PNP0A08", "0c 41 d0 0a 08" },
        { "uuid:00112233-4455-6677-8899-aabbccddeeff",
          "11 13 0a 10 33 22 11 00 55 44 77 66 88 99 aa bb cc dd ee ff" },
        { "_", "00" },
        { "ABC", "41 42 43 5f" },
        { "\\ \\A ^^B", "5c 00 5c 41 5f 5f 5f 5e 5e 42 5f 5f 5f" },
        { "^_SB.C", "5e 2e 5f 53 42 5f 43 5f 5f 5f" },
        { "\\A.B.C", "5c 2f 03 41 5f 5f 5f 42 5f 5f 5f 43 5f 5f 5f" },
    };
    g_autoptr(GByteArray) out = g_byte_array_new();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        aml_code(out, "%s", cases[i].text);
        expect(out, cases[i].hex);
    }
}

static void test_terms(void)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        { "Store Arg3 Local2", "70 6b 62" },
        { "If LAnd X LNot Y { Return 0 }", "a0 0d 90 58 5f 5f 5f 92 59 5f 5f 5f a4 00" },
        { "If 1 { } Else { Notify D 3 }", "a0 02 01 a1 08 86 44 5f 5f 5f 0a 03" },
        { "Method M 7s { }", "14 06 4d 5f 5f 5f 0f" },
        { "Mutex L 0 Acquire L 0xffff Release L",
          "5b 01 4c 5f 5f 5f 00 5b 23 4c 5f 5f 5f ff ff 5b 27 4c 5f 5f 5f" },
        { "OperationRegion R SystemIO 0xcc0 8", "5b 80 52 5f 5f 5f 01 0b c0 0c 0a 08" },
        { "Field R DWordAccZeros { A:32 :63 B:64 }",
          "5b 81 13 52 5f 5f 5f 43 41 5f 5f 5f 20 00 3f 42 5f 5f 5f 40 04" },
        { "Name P Package 2 { 0 Package 1 { 'x' } }",
          "08 50 5f 5f 5f 12 09 02 00 12 05 01 0d 78 00" },
    };
    g_autoptr(GByteArray) out = g_byte_array_new();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        aml_code(out, "%s", cases[i].text);
        expect(out, cases[i].hex);
    }
}

/* The length counts its own 1 to 4 bytes. */
static void test_lengths(void)
{
    static const struct {
        guint content;
        const char *length;
    } cases[] = {
        { 62, "3f" },         { 63, "41 04" },         { 4093, "4f ff" },
        { 4094, "81 00 01" }, { 0xffffc, "8f ff ff" }, { 0xffffd, "c1 00 00 01" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) out = g_byte_array_new();
        guint start = aml_begin(out, "Else");
        for (guint n = 0; n < cases[i].content; n++) {
            g_byte_array_append(out, (const guint8 *)"\xa3", 1);
        }
        aml_end(out, start);
        guint head = 1 + (strlen(cases[i].length) + 1) / 3;
        g_assert_cmpuint(out->len, ==, head + cases[i].content);
        g_byte_array_set_size(out, head);
        g_autofree char *hex = g_strdup_printf("a1 %s", cases[i].length);
        expect(out, hex);
    }
}

static AmlResources *interrupts(AmlTrigger trigger, const guint32 *gsis, guint8 n)
{
    AmlResources *r = aml_resources_new();
    aml_resource_gsi(r, trigger, gsis, n);
    return r;
}

static AmlResources *isa(void)
{
    AmlResources *r = aml_resources_new();
    aml_resource_io(r, 0x3f8, 8);
    aml_resource_irq(r, 12);
    return r;
}

static AmlResources *memory(void)
{
    AmlResources *r = aml_resources_new();
    aml_resource_memory(r, 0xfed00000, 0x400);
    aml_resource_memory_window(r, 0xc0000000, 0xfebfffff);
    return r;
}

static AmlResources *bridge(void)
{
    AmlResources *r = aml_resources_new();
    aml_resource_buses(r, 0, 255);
    aml_resource_io_window(r, 0xd00, 0xffff);
    aml_resource_memory_window(r, 0x8000000000, 0xffffffffff);
    return r;
}

static void expect_resources(AmlResources *r, const char *hex)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    aml_resources_end(r, out, "_CRS");
    expect(out, hex);
}

static void test_resources(void)
{
    expect_resources(interrupts(AML_EDGE_HIGH, (guint32[]){ 9 }, 1),
                     "08 5f 43 52 53 11 0e 0a 0b 89 06 00 03 01 09 00 00 00 79 00");
    expect_resources(interrupts(AML_LEVEL_HIGH_SHARED, (guint32[]){ 5, 0x110 }, 2),
                     "08 5f 43 52 53 11 12 0a 0f 89 0a 00 09 02 05 00 00 00 10 01 00 00 "
                     "79 00");
    expect_resources(isa(), "08 5f 43 52 53 11 10 0a 0d 47 01 f8 03 f8 03 01 08 22 00 10 "
                            "79 00");
    expect_resources(memory(),
                     "08 5f 43 52 53 11 2b 0a 28 86 09 00 01 00 00 d0 fe 00 04 00 00 "
                     "87 17 00 00 0c 01 00 00 00 00 00 00 00 c0 ff ff bf fe 00 00 00 00 "
                     "00 00 c0 3e 79 00");
    expect_resources(bridge(),
                     "08 5f 43 52 53 11 44 05 0a 50 88 0d 00 02 0c 00 00 00 00 00 ff 00 "
                     "00 00 00 01 88 0d 00 01 0c 03 00 00 00 0d ff ff 00 00 00 f3 8a 2b "
                     "00 00 0c 01 00 00 00 00 00 00 00 00 00 00 00 00 80 00 00 00 ff ff "
                     "ff ff ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 80 00 00 00 "
                     "79 00");
}

static void toy_aml(const Device *dev, Aml *scope)
{
    aml_code(scope, "Device TOY%u { }", (unsigned)strlen(dev->klass->name));
}

/* A class says it, or the one that it is derived from; or there is nothing to say. */
static void test_devices(void)
{
    static const DeviceClass base = { .name = "b", .aml = toy_aml };
    static const DeviceClass derived = { .name = "de", .parent = &base };
    static const DeviceClass silent = { .name = "s" };
    Device devices[] = { { .klass = &derived },
                         { .klass = &silent },
                         { .klass = &base } };
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    g_autoptr(GByteArray) out = g_byte_array_new();
    Bus bus = { .devices = list };
    for (guint i = 0; i < G_N_ELEMENTS(devices); i++) {
        g_ptr_array_add(list, &devices[i]);
    }
    bus_add_aml(&bus, out);
    expect(out, "5b 82 05 54 4f 59 32 5b 82 05 54 4f 59 31");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/aml/data", test_data);
    g_test_add_func("/aml/terms", test_terms);
    g_test_add_func("/aml/lengths", test_lengths);
    g_test_add_func("/aml/resources", test_resources);
    g_test_add_func("/aml/devices", test_devices);
    return g_test_run();
}
