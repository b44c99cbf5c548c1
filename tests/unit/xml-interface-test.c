/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml/interface.c: what a definition keeps of an interface, and what only a run has. */
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/domain.h"
#include "xml/node.h"

#define MAC  "<mac address='52:54:00:00:00:01'/>"
#define UUID "c3915bb8-a1ac-4847-9e92-4a40f5ce3750"

static DomainDevice *parse(const char *text, XmlParseFlags flags)
{
    g_autoptr(GError) error = NULL;
    DomainDevice *device = xml_device_parse(text, flags, &error);

    g_assert_no_error(error);
    return device;
}

/* Without the spaces between elements. */
static char *format(const DomainDevice *device, XmlFormatFlags flags)
{
    g_autofree char *text = xml_device_format(device, flags);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i]; i++) {
        g_strstrip(lines[i]);
    }
    return g_strjoinv("", lines);
}

/* Each as it is stored while it runs. */
static void test_forms(void)
{
    static const struct {
        const char *status;
        const char *live, *inactive; /* between <mac/> and the end */
        DomainInterfaceType actual;
    } rows[] = {
        { "<interface type='network'>" MAC
          "<source network='n' portgroup='g' portid='" UUID
          "' bridge='br0'/><target dev='vnet0'/></interface>",
          "<source network='n' portgroup='g' portid='" UUID "' bridge='br0'/>"
          "<target dev='vnet0'/>",
          "<source network='n' portgroup='g'/>", DOMAIN_INTERFACE_BRIDGE },
        { "<interface type='network'>" MAC "<source network='n' portid='" UUID
          "' bridge='br0' macTableManager='libvirt'/><target dev='vnet0'/></interface>",
          "<source network='n' portid='" UUID
          "' bridge='br0' macTableManager='libvirt'/><target dev='vnet0'/>",
          "<source network='n'/>", DOMAIN_INTERFACE_BRIDGE },
        { "<interface type='network'>" MAC "<source network='n' portid='" UUID
          "' dev='eth0' mode='private'/><target dev='macvtap0' made='yes'/></interface>",
          "<source network='n' portid='" UUID "' dev='eth0' mode='private'/>"
          "<target dev='macvtap0'/>",
          "<source network='n'/>", DOMAIN_INTERFACE_DIRECT },
        { "<interface type='direct'>" MAC "<source dev='eth0' mode='vepa'/>"
          "<target dev='mine' made='yes'/></interface>",
          "<source dev='eth0' mode='vepa'/><target dev='mine'/>",
          "<source dev='eth0' mode='vepa'/><target dev='mine'/>",
          DOMAIN_INTERFACE_DIRECT },
        { "<interface type='user'>" MAC "<link state='down'/></interface>",
          "<link state='down'/>", "<link state='down'/>", DOMAIN_INTERFACE_USER },
        { "<interface type='bridge'>" MAC "<source bridge='br0'/><bandwidth><inbound "
          "average='1' peak='2' floor='3' burst='4'/><outbound average='5'/></bandwidth>"
          "<target dev='t'/><model type='virtio'/><driver name='vhost' queues='2' "
          "rx_queue_size='256' tx_queue_size='512'><host csum='off' mrg_rxbuf='on'/>"
          "<guest tso4='off'/></driver><link state='up'/><mtu size='1500'/></interface>",
          "<source bridge='br0'/><bandwidth><inbound "
          "average='1' peak='2' floor='3' burst='4'/><outbound average='5'/></bandwidth>"
          "<target dev='t'/><model type='virtio'/><driver name='vhost' queues='2' "
          "rx_queue_size='256' tx_queue_size='512'><host csum='off' mrg_rxbuf='on'/>"
          "<guest tso4='off'/></driver><link state='up'/><mtu size='1500'/>",
          "", DOMAIN_INTERFACE_BRIDGE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(DomainDevice) device = parse(rows[i].status, XML_PARSE_STATUS);
        g_autoptr(DomainDevice) copy = xml_device_copy(device), again = NULL;
        g_autofree char *live = format(copy, XML_FORMAT_LIVE);
        g_autofree char *inactive = format(copy, XML_FORMAT_INACTIVE);
        g_autofree char *status = format(copy, XML_FORMAT_STATUS), *twice = NULL;
        const char *definition = *rows[i].inactive ? rows[i].inactive : rows[i].live;
        g_autofree char *end_of_live =
            g_strconcat(MAC, rows[i].live, "</interface>", NULL);
        g_autofree char *end = g_strconcat(MAC, definition, "</interface>", NULL);

        g_assert_true(g_str_has_suffix(live, end_of_live));
        g_assert_true(g_str_has_suffix(inactive, end));
        again = parse(status, XML_PARSE_STATUS);
        twice = format(again, XML_FORMAT_STATUS);
        g_assert_cmpstr(status, ==, twice);
        g_assert_cmpint(xml_interface_actual(again->interface), ==, rows[i].actual);
        g_assert_true((strstr(status, "made='yes'") != NULL) ==
                      (again->interface->made == DOMAIN_TRISTATE_YES));
    }
}

/* A definition that somebody has taken from a domain that ran. */
static void test_dropped(void)
{
    g_autoptr(DomainDevice) device =
        parse("<interface type='network'>" MAC "<source network='n' portid='" UUID
              "' bridge='br0' macTableManager='libvirt'/><target dev='vnet0' "
              "made='yes'/><script path=''/></interface>",
              XML_PARSE_INACTIVE);
    const DomainInterface *interface = device->interface;

    g_assert_cmpstr(interface->network, ==, "n");
    g_assert_null(interface->portid);
    g_assert_null(interface->bridge);
    g_assert_cmpint(interface->mac_table, ==, DOMAIN_MAC_TABLE_DEFAULT);
    g_assert_null(interface->target);
    g_assert_cmpint(interface->made, ==, DOMAIN_TRISTATE_ABSENT);
    g_assert_true(xml_device_check(device, NULL));
}

/* What libvirt knows and we do not have: kept, and refused by element and value. */
static void test_refused(void)
{
    static const struct {
        const char *inside;  /* or, of the element itself, what stands in it */
        const char *said[2]; /* where, and what */
        gboolean itself;
    } rows[] = {
        { "trustGuestRxFilters='yes'", { "trustGuestRxFilters", "yes" }, TRUE },
        { "<port isolated='yes'/>", { "interface/port", "isolated='yes'" } },
        { "<backend type='passt' logFile='/l'/>", { "interface/backend", "passt" } },
        { "<backend tap='/dev/net/tun2'/>", { "interface/backend", "/dev/net/tun2" } },
        { "<backenddomain name='dom0'/>", { "interface/backenddomain", "dom0" } },
        { "<coalesce><rx><frames max='7'/></rx></coalesce>", { "interface/coalesce" } },
        { "<teaming type='persistent'/>", { "interface/teaming", "persistent" } },
        { "<driver rss='on'/>", { "interface/driver", "rss='on'" } },
        { "<driver rss_hash_report='on'/>",
          { "interface/driver", "rss_hash_report='on'" } },
        { "<driver txmode='timer'/>", { "interface/driver", "txmode='timer'" } },
        { "<driver packed='on'/>", { "interface/driver", "packed='on'" } },
        { "<driver iommu='on'/>", { "interface/driver", "iommu='on'" } },
        { "<driver page_per_vq='on'/>", { "interface/driver", "page_per_vq='on'" } },
        { "<driver ioeventfd='off'/>", { "interface/driver", "ioeventfd='off'" } },
        { "<driver event_idx='off'/>", { "interface/driver", "event_idx='off'" } },
        { "<vlan><tag id='42'/></vlan>", { "interface/vlan" } },
        { "<virtualport type='802.1Qbh'/>", { "interface/virtualport", "802.1Qbh" } },
        { "<filterref filter='no-spoof'/>", { "interface/filterref", "no-spoof" } },
        { "<tune><sndbuf>1600</sndbuf></tune>", { "interface/tune" } },
        { "<ip address='10.0.0.7' prefix='24'/>", { "interface/ip", "10.0.0.7" } },
        { "<route address='10.0.0.0' gateway='10.0.0.1'/>", { "interface/route" } },
        { "<guest dev='eth7'/>", { "interface/guest", "eth7" } },
        { "<script path='/etc/up'/>", { "interface/script", "/etc/up" } },
        { "<downscript path='/etc/down'/>", { "interface/downscript", "/etc/down" } },
        { "<portForward proto='tcp'/>", { "interface/portForward", "tcp" } },
        { "<bandwidth><inbound average='1'/><outbound average='1' "
          "floor='3'/></bandwidth>",
          { "outbound", "floor='3'" } },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(
            "<interface type='bridge' %s>" MAC "<source bridge='br0'/>%s</interface>",
            rows[i].itself ? rows[i].inside : "", rows[i].itself ? "" : rows[i].inside);
        g_autoptr(GError) error = NULL;
        g_autoptr(DomainDevice) device = parse(text, XML_PARSE_INACTIVE);
        g_autofree char *kept = format(device, XML_FORMAT_INACTIVE);

        if (xml_device_check(device, &error)) {
            g_error("%s: is not refused", rows[i].inside);
        }
        g_assert_cmpint(error->code, ==, VIR_ERR_CONFIG_UNSUPPORTED);
        for (guint k = 0; k < 2 && rows[i].said[k]; k++) {
            if (!strstr(error->message, rows[i].said[k])) {
                g_error("%s: '%s' does not say '%s'", rows[i].inside, error->message,
                        rows[i].said[k]);
            }
        }
        g_strdelimit(kept, "\"", '\'');
        if (!strstr(kept, rows[i].inside)) {
            g_error("%s: lost: %s", rows[i].inside, kept);
        }
    }
}

/* Of the address, whose element is ours. */
static void test_refused_address(void)
{
    static const char *const rows[] = { "type='static'", "check='no'" };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text =
            g_strdup_printf("<interface type='bridge'><mac address='52:54:00:00:00:01' "
                            "%s/><source bridge='br0'/></interface>",
                            rows[i]);
        g_autoptr(GError) error = NULL;
        g_autoptr(DomainDevice) device = parse(text, XML_PARSE_INACTIVE);

        g_assert_false(xml_device_check(device, &error));
        if (!strstr(error->message, "interface/mac") ||
            !strstr(error->message, rows[i])) {
            g_error("%s: %s", rows[i], error->message);
        }
    }
}

static void test_bandwidth(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(xmlDoc) doc = xml_document_parse(
        "<bandwidth><inbound average='7' floor='2' classID='3'/></bandwidth>", &error);
    DomainBandwidth *bandwidth = xml_bandwidth_parse(xmlDocGetRootElement(doc), &error);
    DomainBandwidth *copy = xml_bandwidth_copy(bandwidth);
    g_autofree char *text = xml_bandwidth_format(copy);

    g_assert_no_error(error);
    g_assert_cmpuint(bandwidth->inbound.average, ==, 7);
    g_assert_nonnull(strstr(text, "<inbound average='7' floor='2'/>"));
    g_assert_null(strstr(text, "classID"));
    g_assert_null(xml_bandwidth_copy(NULL));
    xml_bandwidth_free(copy);
    xml_bandwidth_free(bandwidth);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interface/forms", test_forms);
    g_test_add_func("/interface/dropped", test_dropped);
    g_test_add_func("/interface/refused", test_refused);
    g_test_add_func("/interface/refused-address", test_refused_address);
    g_test_add_func("/interface/bandwidth", test_bandwidth);
    return g_test_run();
}
