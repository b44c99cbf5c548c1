/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml/controller.c: PCI controllers as they are written, ordered, refused and compared.
 */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/domain.h"

#define DOMAIN(devices)                                                                  \
    "<domain type='kvm'><name>d</name><memory>65536</memory><os><type>hvm</type></os>"   \
    "<devices>" devices "</devices></domain>"
#define PORT(attrs, more)                                                                \
    "<controller type='pci' model='pcie-root-port'" attrs ">" more "</controller>"
#define BRIDGE(model, more)                                                              \
    "<controller type='pci' index='9' model='" model "'>" more "</controller>"

static Domain *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

    g_assert_no_error(error);
    return domain;
}

/* What libvirt writes comes back as it was. */
static void test_written(void)
{
    static const char text[] =
        "    <controller type='usb' index='0' model='none'/>\n"
        "    <controller type='pci' index='0' model='pcie-root'/>\n"
        "    <controller type='pci' index='1' model='pcie-root-port'>\n"
        "      <model name='pcie-root-port'/>\n"
        "      <target chassis='1' port='0x8'/>\n"
        "      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0' "
        "multifunction='on'/>\n"
        "    </controller>\n"
        "    <controller type='pci' index='2' model='pcie-root-port'>\n"
        "      <model name='pcie-root-port'/>\n"
        "      <target chassis='40' port='0x1f' hotplug='off'/>\n"
        "      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' "
        "function='0x1'/>\n"
        "    </controller>\n"
        "    <controller type='pci' index='3' model='pcie-to-pci-bridge'>\n"
        "      <model name='pcie-pci-bridge'/>\n"
        "      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' "
        "function='0x0'/>\n"
        "    </controller>\n"
        "    <controller type='pci' index='4' model='pci-bridge'>\n"
        "      <model name='pci-bridge'/>\n"
        "      <target chassisNr='4'/>\n"
        "      <address type='pci' domain='0x0000' bus='0x03' slot='0x01' "
        "function='0x0'/>\n"
        "    </controller>\n"
        "    <controller type='pci' index='5' model='pcie-switch-upstream-port'>\n"
        "      <model name='x3130-upstream'/>\n"
        "    </controller>\n"
        "    <controller type='pci' index='6' model='pcie-switch-downstream-port'>\n"
        "      <model name='xio3130-downstream'/>\n"
        "      <target chassis='6' port='0x0'/>\n"
        "    </controller>\n";
    g_autofree char *document = g_strdup_printf(DOMAIN("%s"), text);
    g_autoptr(Domain) domain = parse(document);
    g_autoptr(Domain) copy = xml_domain_copy(domain);
    g_autofree char *out = xml_domain_format(copy, XML_FORMAT_INACTIVE);
    const DomainController *port = copy->controllers->pdata[3];

    g_assert_true(xml_domain_check(copy, NULL));
    g_assert_nonnull(strstr(out, text));
    g_assert_cmpuint(port->chassis, ==, 40);
    g_assert_cmpuint(port->port, ==, 0x1f);
    g_assert_cmpint(port->hotplug, ==, DOMAIN_TRISTATE_NO);
}

/* By type and number; what has none comes last, and says nothing of it. */
static void test_order(void)
{
    static const char text[] = DOMAIN(PORT("", "") PORT(" index='7'", "") PORT(
        " index='3'", "") "<controller type='pci' index='0' model='pcie-root'/>"
                          "<controller type='usb' model='none'/>");
    static const guint numbers[] = { DOMAIN_NUMBER_NONE, 0, 3, 7, DOMAIN_NUMBER_NONE };
    g_autoptr(Domain) domain = parse(text);
    DomainController *added;
    g_autofree char *out = NULL;

    g_assert_cmpuint(domain->controllers->len, ==, G_N_ELEMENTS(numbers));
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        const DomainController *controller = domain->controllers->pdata[i];

        g_assert_cmpuint(controller->index, ==, numbers[i]);
        g_assert_cmpuint(controller->chassis, ==, DOMAIN_NUMBER_NONE);
    }
    out = xml_domain_format(domain, XML_FORMAT_INACTIVE);
    g_assert_nonnull(strstr(out, "<controller type='usb' model='none'/>"));
    added = xml_domain_add_controller(domain, DOMAIN_CONTROLLER_PCI, 5,
                                      DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT);
    g_assert_true(domain->controllers->pdata[3] == added);
    g_assert_cmpuint(added->port, ==, DOMAIN_NUMBER_NONE);
    added->index = 1;
    xml_domain_sort_devices(domain, DOMAIN_DEVICE_CONTROLLER);
    g_assert_true(domain->controllers->pdata[2] == added);
}

static void test_refused(void)
{
    static const struct {
        const char *device;
        int code; /* CONFIG_UNSUPPORTED: kept, and refused by the check */
        const char *words;
    } rows[] = {
        { "<controller type='pci' index='0'/>", VIR_ERR_CONFIG_UNSUPPORTED,
          "type='pci'" },
        { "<controller type='pci' model='none'/>", VIR_ERR_CONFIG_UNSUPPORTED, "'none'" },
        { "<controller type='usb' model='pcie-root'/>", VIR_ERR_CONFIG_UNSUPPORTED,
          "'pcie-root'" },
        { "<controller type='usb' model='none'><target hotplug='off'/></controller>",
          VIR_ERR_CONFIG_UNSUPPORTED, "type='usb'" },
        { "<controller type='pci' index='1' model='pcie-root'/>", VIR_ERR_XML_ERROR,
          "'1'" },
        { PORT(" index='256'", ""), VIR_ERR_XML_ERROR, "'256'" },
        { PORT("", "<target chassis='256'/>"), VIR_ERR_XML_ERROR, "'256'" },
        { PORT("", "<target port='0x100'/>"), VIR_ERR_XML_ERROR, "'0x100'" },
        { PORT("", "<model name='ioh3420'/>"), VIR_ERR_CONFIG_UNSUPPORTED, "ioh3420" },
        { PORT("", "<target chassisNr='1'/>"), VIR_ERR_CONFIG_UNSUPPORTED, "type='pci'" },
        { BRIDGE("pci-bridge", "<target chassisNr='0'/>"), VIR_ERR_XML_ERROR, "'0'" },
        { BRIDGE("pci-bridge", "<target chassis='1'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
          "pci-bridge" },
        { BRIDGE("pci-bridge", "<model name='pcie-pci-bridge'/>"),
          VIR_ERR_CONFIG_UNSUPPORTED, "pci-bridge" },
        { BRIDGE("pcie-to-pci-bridge", "<target hotplug='off'/>"),
          VIR_ERR_CONFIG_UNSUPPORTED, "pcie-to-pci-bridge" },
        { BRIDGE("pcie-switch-upstream-port", "<target port='1'/>"),
          VIR_ERR_CONFIG_UNSUPPORTED, "pcie-switch-upstream-port" },
        { BRIDGE("pcie-expander-bus", ""), VIR_ERR_CONFIG_UNSUPPORTED,
          "pcie-expander-bus" },
        { BRIDGE("dmi-to-pci-bridge", ""), VIR_ERR_CONFIG_UNSUPPORTED,
          "dmi-to-pci-bridge" },
        { PORT("", "<target memReserve='4'/>"), VIR_ERR_CONFIG_UNSUPPORTED,
          "memReserve" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(DOMAIN("%s"), rows[i].device);
        g_autoptr(GError) error = NULL;
        g_autoptr(Domain) domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

        g_assert_true((domain != NULL) == (rows[i].code == VIR_ERR_CONFIG_UNSUPPORTED));
        g_assert_true(!domain || !xml_domain_check(domain, &error));
        g_assert_cmpint(error->code, ==, rows[i].code);
        if (!strstr(error->message, rows[i].words)) {
            g_error("'%s' is not in: %s", rows[i].words, error->message);
        }
    }
}

/* Numbers are of a type; a guest sees each part of a port. */
static void test_compared(void)
{
    static const char from[] = DOMAIN(
        "<controller type='usb' index='0' model='none'/>"
        "<controller type='pci' index='0' "
        "model='pcie-root'/>" PORT(" index='1'", "<target chassis='1' port='8'/>"));
    static const char *const edits[][2] = {
        { "index='1'", "index='2'" },
        { "chassis='1'", "chassis='2'" },
        { "port='8'", "port='9'" },
        { "port='8'", "port='8' hotplug='off'" },
    };
    g_autoptr(Domain) domain = parse(from);
    g_autoptr(GError) error = NULL;
    g_autoptr(DomainDevice) root = xml_device_parse(
        "<controller type='pci' index='0' model='pcie-root'/>", XML_PARSE_STATUS, &error);
    DomainDevice found;

    g_assert_no_error(error);
    g_assert_cmpint(xml_domain_find_device(domain, root, &found, &error), ==, 1);
    g_assert_cmpint(found.controller->type, ==, DOMAIN_CONTROLLER_PCI);
    for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
        g_auto(GStrv) parts = g_strsplit(from, edits[i][0], 2);
        g_autofree char *text = g_strjoinv(edits[i][1], parts);
        g_autoptr(Domain) to = parse(text);

        g_assert_false(xml_domain_check_abi_stable(domain, to, NULL));
    }
    g_assert_true(xml_domain_check_abi_stable(domain, domain, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    xml_init();
    g_test_add_func("/xml-controller/written", test_written);
    g_test_add_func("/xml-controller/order", test_order);
    g_test_add_func("/xml-controller/refused", test_refused);
    g_test_add_func("/xml-controller/compared", test_compared);
    return g_test_run();
}
