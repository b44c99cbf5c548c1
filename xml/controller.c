/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <controller>: PCI Express' root, its ports and bridges, SATA's, virtio-serial, and
 * USB's (which may say that there is none) */
#include "xml/internal.h"

#define NUMBER_MAX       255  /* of a bus, a chassis, a port: eight bits each */
#define SERIAL_PORTS_MAX 511  /* of a virtio-serial: two queues each */
#define VECTORS_MAX      2048 /* of MSI-X */
#define USB_PORTS_MAX    15   /* of each speed */
#define SERIAL_BIT       XML_BIT(DOMAIN_CONTROLLER_VIRTIO_SERIAL)
#define OF_SERIAL        XML_WHEN(DomainController, type, SERIAL_BIT)

const char *const xml_controller_type_names[] = { "usb", "sata", "pci", "virtio-serial",
                                                  NULL };
static const char *const model_names[] = { "",
                                           "none",
                                           "qemu-xhci",
                                           "pcie-root",
                                           "pcie-root-port",
                                           "pcie-to-pci-bridge",
                                           "pci-bridge",
                                           "pcie-switch-upstream-port",
                                           "pcie-switch-downstream-port",
                                           NULL };
static const char *const port_names[] = {
    "",           "pcie-root-port", "pcie-pci-bridge",
    "pci-bridge", "x3130-upstream", "xio3130-downstream",
    NULL
};

/* The one type that each model is of. */
static const DomainControllerType type_of_model[] = {
    [DOMAIN_CONTROLLER_MODEL_NONE] = DOMAIN_CONTROLLER_USB,
    [DOMAIN_CONTROLLER_MODEL_QEMU_XHCI] = DOMAIN_CONTROLLER_USB,
    [DOMAIN_CONTROLLER_MODEL_PCIE_ROOT] = DOMAIN_CONTROLLER_PCI,
    [DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT] = DOMAIN_CONTROLLER_PCI,
    [DOMAIN_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE] = DOMAIN_CONTROLLER_PCI,
    [DOMAIN_CONTROLLER_MODEL_PCI_BRIDGE] = DOMAIN_CONTROLLER_PCI,
    [DOMAIN_CONTROLLER_MODEL_PCIE_UPSTREAM_PORT] = DOMAIN_CONTROLLER_PCI,
    [DOMAIN_CONTROLLER_MODEL_PCIE_DOWNSTREAM_PORT] = DOMAIN_CONTROLLER_PCI,
};

#define PORT_NUMBER(p, m, ...)                                                           \
    XML_UINT(p, DomainController, m, .max = NUMBER_MAX, .fallback = DOMAIN_NUMBER_NONE,  \
             __VA_ARGS__)

static const XmlField rows[] = {
    XML_ENUM("@type", DomainController, type, xml_controller_type_names, .text = "*",
             .flags = XML_DETAIL | XML_ABI, .what = "controller type"),
    PORT_NUMBER("@index", index, .flags = XML_KEY | XML_ABI, .what = "controller index"),
    XML_ENUM("@model", DomainController, model, model_names, .text = "*",
             .flags = XML_ABI, .what = "controller model"),
    XML_UINT("@ports", DomainController, ports, .min = 1, .max = SERIAL_PORTS_MAX,
             .fallback = DOMAIN_NUMBER_NONE, .flags = XML_ABI, .what = "controller ports",
             OF_SERIAL),
    XML_UINT("@vectors", DomainController, vectors, .max = VECTORS_MAX,
             .fallback = DOMAIN_NUMBER_NONE, .flags = XML_ABI,
             .what = "controller vectors", OF_SERIAL),
    XML_UINT("@ports", DomainController, ports, .min = 1, .max = USB_PORTS_MAX,
             .fallback = DOMAIN_NUMBER_NONE, .flags = XML_ABI | XML_AGAIN,
             .what = "USB controller ports",
             XML_WHEN(DomainController, type, XML_BIT(DOMAIN_CONTROLLER_USB))),
    { .path = "@ports",
      .type = XML_FIELD_REFUSED,
      XML_WHEN(DomainController, type, ~(SERIAL_BIT | XML_BIT(DOMAIN_CONTROLLER_USB))) },
    { .path = "@vectors",
      .type = XML_FIELD_REFUSED,
      XML_WHEN(DomainController, type, ~SERIAL_BIT) },
    XML_REFUSE("@maxGrantFrames"),
    XML_REFUSE("@maxEventChannels"),
    XML_REFUSE("driver"),
    XML_REFUSE("master"),
    XML_ENUM("model@name", DomainController, name, port_names, .text = "*",
             .flags = XML_ABI, .what = "PCI controller model name"),
    PORT_NUMBER("target@chassisNr", chassis_nr, .min = 1, .flags = XML_ABI,
                .what = "PCI controller chassisNr"),
    PORT_NUMBER("target@chassis", chassis, .flags = XML_ABI,
                .what = "PCI controller chassis"),
    PORT_NUMBER("target@port", port, .flags = XML_HEX | XML_ABI,
                .what = "PCI controller port"),
    XML_REFUSE("target@busNr"),
    XML_REFUSE("target@index"),
    XML_ENUM("target@hotplug", DomainController, hotplug, xml_on_off_names,
             .flags = XML_ABI, .what = "PCI controller hotplug"),
    XML_REFUSE("target@memReserve"),
    XML_REFUSE("target/node"),
    XML_REFUSE("pcihole64"),
    XML_REFUSE("serial"),
    XML_INFO(DomainController, xml_plain_info),
};

/* The one name that a bridge's model has, and what only some can have. */
static gboolean fits_model(const DomainController *device)
{
    guint model = device->model;
    DomainPortName name =
        DOMAIN_CONTROLLER_IS_BRIDGE(model)
            ? DOMAIN_PORT_GENERIC + (model - DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT)
            : DOMAIN_PORT_DEFAULT;

    return (device->name == DOMAIN_PORT_DEFAULT || device->name == name) &&
           (DOMAIN_CONTROLLER_IS_PORT(model) ||
            (device->chassis == DOMAIN_NUMBER_NONE &&
             device->port == DOMAIN_NUMBER_NONE &&
             device->hotplug == DOMAIN_TRISTATE_ABSENT)) &&
           (model == DOMAIN_CONTROLLER_MODEL_PCI_BRIDGE ||
            device->chassis_nr == DOMAIN_NUMBER_NONE);
}

static gboolean may_have_address(const DomainController *device)
{
    return DOMAIN_CONTROLLER_IS_BRIDGE(device->model) ||
           device->type == DOMAIN_CONTROLLER_SATA ||
           device->type == DOMAIN_CONTROLLER_VIRTIO_SERIAL ||
           (device->type == DOMAIN_CONTROLLER_USB &&
            device->model != DOMAIN_CONTROLLER_MODEL_NONE);
}

/* SATA's have no models, and others none that need be said. */
static gboolean is_of_type(const DomainController *device)
{
    return device->model == DOMAIN_CONTROLLER_MODEL_DEFAULT
               ? device->type != DOMAIN_CONTROLLER_PCI
               : type_of_model[device->model] == device->type;
}

static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainController *device = base;

    if (device->extras || (flags & XML_PARSE_MATCH)) {
        return TRUE;
    }
    if (!is_of_type(device) || !fits_model(device) ||
        (!may_have_address(device) && device->info.address.type != DOMAIN_ADDRESS_NONE)) {
        xml_extra_refuse_node(&device->extras, node);
        return TRUE;
    }
    if (device->model == DOMAIN_CONTROLLER_MODEL_PCIE_ROOT && device->index != 0 &&
        device->index != DOMAIN_NUMBER_NONE) {
        g_autofree char *index = g_strdup_printf("%u", device->index);
        return xml_node_invalid(node, "index", index, "the root bus is number 0", errp);
    }
    return TRUE;
}

/* By type and number; those without a number as written, after the others. */
static int compare(gconstpointer a, gconstpointer b)
{
    const DomainController *left = a, *right = b;

    return left->type != right->type
               ? (int)left->type - (int)right->type
               : (left->index > right->index) - (left->index < right->index);
}

const XmlKind xml_kind_controller = {
    .name = "controller",
    .label = "controller",
    XML_KIND(DomainController, controllers, rows),
    .type.finish = finish,
    .type.compare = compare,
};

DomainController *xml_domain_add_controller(Domain *domain, DomainControllerType type,
                                            guint index, DomainControllerModel model)
{
    const XmlStruct *of = &xml_kind_controller.type;
    DomainController *added = xml_struct_new(of);

    added->type = type;
    added->index = index;
    added->model = model;
    xml_list_insert(domain->controllers, of, added);
    return added;
}
