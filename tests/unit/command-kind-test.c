/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/command/: what is done with all rows alike: places on buses, undoing. */
#include <string.h>

#include "command/kind.h"

#define MICROVM(more)                                                                    \
    "<domain type='kvm'><name>d</name><memory "                                          \
    "unit='MiB'>64</memory><os><type>hvm</type>"                                         \
    "<kernel>/k</kernel></os><features><acpi/></features><devices>" more                 \
    "</devices></domain>"

static Domain *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

    g_assert_no_error(error);
    return domain;
}

/* Ports that two have are told apart when they are defined, not by the emulator. */
static void test_ports(void)
{
    static const char unix_port[] =
        "<serial type='unix'><source mode='bind' path='/s%u'/><target "
        "port='%u'/></serial>"
        "<panic model='isa'><address type='isa' iobase='0x%x'/></panic>";
    static const struct {
        guint serial, iobase;
        const char *owner; /* NULL: it is free */
    } cases[] = {
        { 0, 0x3f8, "serial port 0" },
        { 0, 0x3ff, "serial port 0" },
        { 0, 0x3f7, NULL },
        { 0, 0x400, NULL },
        { 0, 0x2f8, NULL }, /* that of the second port, which there is not */
        { 1, 0x2f8, "serial port 1" },
        { 2, 0x3ef, "serial port 2" },
        { 3, 0x2e8, "serial port 3" },
        { 0, 0x70, "the machine's real-time clock" },
        { 0, 0x71, "the machine's real-time clock" },
        { 0, 0x72, NULL },
        { 0, 0xffff, NULL },
        { 0, 0x505, NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *devices =
            g_strdup_printf(unix_port, i, cases[i].serial, cases[i].iobase);
        g_autofree char *text = g_strdup_printf(MICROVM("%s"), devices);
        g_autofree char *words =
            g_strdup_printf("ISA port 0x%x of panic device isa is taken by %s",
                            cases[i].iobase, cases[i].owner);
        g_autoptr(Domain) domain = parse(text);
        g_autoptr(GError) error = NULL;
        gboolean ok = command_complete(domain, NULL, "/e", &error);

        g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].owner ? words : NULL);
        g_assert_true(ok == !cases[i].owner);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/command-kind/ports", test_ports);
    return g_test_run();
}
