/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places on PCI Express, given as libvirt's QEMU driver gives them. A device that can be
 * plugged sits behind a root port of its own, whose bus has one slot; the ports share
 * slots of the root bus, eight to a slot. Ports that a definition lacks are added to it;
 * one that has none at all gets one more, for a device to be plugged. Bridges that are no
 * root ports are there only when the user wants them; each is on a bus with a lower
 * number than its own, and so made after it.
 */
#include "command/kind.h"

#define BUSES     256
#define SLOTS     32
#define FUNCTIONS 8

#define DEVICE      1u /* of kinds: what is no bridge */
#define KIND(model) (1u << (model))

/* What a bus of a bridge, or the root bus, is for. */
typedef struct PciBusKind {
    guint first, last; /* slots that there are */
    guint takes;       /* kinds */
} PciBusKind;

#define PORT_KIND                                                                        \
    {                                                                                    \
        .takes = DEVICE | KIND(DOMAIN_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE) |             \
                 KIND(DOMAIN_CONTROLLER_MODEL_PCIE_UPSTREAM_PORT)                        \
    }
#define CONVENTIONAL_KIND                                                                \
    {                                                                                    \
        1, SLOTS - 1, DEVICE | KIND(DOMAIN_CONTROLLER_MODEL_PCI_BRIDGE)                  \
    }

static const PciBusKind kinds[] = {
    [DOMAIN_CONTROLLER_MODEL_PCIE_ROOT] = { 1, SLOTS - 1,
                                            DEVICE |
                                                KIND(
                                                    DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT) },
    [DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT] = PORT_KIND,
    [DOMAIN_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE] = CONVENTIONAL_KIND,
    [DOMAIN_CONTROLLER_MODEL_PCI_BRIDGE] = CONVENTIONAL_KIND,
    [DOMAIN_CONTROLLER_MODEL_PCIE_UPSTREAM_PORT] = { 0, SLOTS - 1,
                                                     KIND(
                                                         DOMAIN_CONTROLLER_MODEL_PCIE_DOWNSTREAM_PORT) },
    [DOMAIN_CONTROLLER_MODEL_PCIE_DOWNSTREAM_PORT] = PORT_KIND,
};

typedef struct PciBus {
    gboolean open; /* devices are put there unasked */
    const PciBusKind *kind;
    guint8 used[SLOTS]; /* a bit a function */
    guint32 shared;     /* a bit a slot: it is of ports, and others may join */
} PciBus;

typedef struct Pci {
    Domain *domain;
    GArray *buses; /* of PciBus, by number */
    guint given;   /* number of those that the definition knows of */
    gboolean grow; /* there may be more of them */
    guint express; /* devices, see add_bridge() */
    GError **errp;
} Pci;

gboolean command_has_pci(const CommandMachine *machine)
{
    return machine->virtio == DOMAIN_ADDRESS_PCI;
}

static gboolean is_bridge(const DomainDevice *device)
{
    return device->type == DOMAIN_DEVICE_CONTROLLER &&
           DOMAIN_CONTROLLER_IS_BRIDGE(device->controller->model);
}

static gboolean is_root_port(const DomainDevice *device)
{
    return device->type == DOMAIN_DEVICE_CONTROLLER &&
           device->controller->model == DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT;
}

static guint kind_of(const DomainDevice *device)
{
    return is_bridge(device) ? KIND(device->controller->model) : DEVICE;
}

/* No bridge. */
static gboolean is_device(const DomainDevice *device)
{
    const CommandKind *kind = command_kind(device->type);

    return command_is_virtio(device) ||
           (kind && kind->on_pci && kind->on_pci(device->any));
}

/* It cannot be plugged: its place is on the root bus. */
static gboolean is_integrated(const DomainDevice *device)
{
    const CommandKind *kind = command_kind(device->type);

    return is_device(device) && kind->integrated && kind->integrated(device->any);
}

/* Its place is on a conventional bus, which is behind a bridge. */
static gboolean is_conventional(const DomainDevice *device)
{
    const CommandKind *kind = command_kind(device->type);

    return is_device(device) && kind->conventional && kind->conventional(device->any);
}

gboolean command_is_on_pci(const DomainDevice *device)
{
    return is_bridge(device) || is_device(device);
}

/* 0000:00:00.0 is the host's bridge: an address that has not been said. */
gboolean command_pci_is_placed(const DomainAddress *address)
{
    return address->type == DOMAIN_ADDRESS_PCI &&
           (address->pci.domain || address->pci.bus || address->pci.slot ||
            address->pci.function);
}

/* ---- buses ---- */

static PciBus *bus_at(const Pci *pci, guint number)
{
    return &g_array_index(pci->buses, PciBus, number);
}

static const PciBusKind *bus_kind(const DomainController *controller, guint number)
{
    if (number == 0) {
        return &kinds[DOMAIN_CONTROLLER_MODEL_PCIE_ROOT];
    }
    return &kinds[controller ? controller->model
                             : DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT];
}

/* Buses up to this number. */
static void add_buses(Pci *pci, guint number)
{
    while (pci->buses->len <= number) {
        guint next = pci->buses->len;
        const DomainController *controller = command_pci_controller(pci->domain, next);
        PciBus bus = { .open = next && command_pci_is_open(controller),
                       .kind = bus_kind(controller, next) };

        g_array_append_val(pci->buses, bus);
    }
}

static void take(PciBus *bus, guint slot, guint function, gboolean port)
{
    if (!bus->used[slot] && port) {
        bus->shared |= 1u << slot;
    }
    bus->used[slot] |= (guint8)(1u << function);
}

static void pci_init(Pci *pci, const CommandMachine *machine)
{
    guint number = 0;

    for (guint i = 0; i < pci->domain->controllers->len; i++) {
        const DomainController *controller = pci->domain->controllers->pdata[i];

        if (controller->type == DOMAIN_CONTROLLER_PCI) {
            number = MAX(number, controller->index);
        }
    }
    pci->buses = g_array_new(FALSE, TRUE, sizeof(PciBus));
    add_buses(pci, number);
    pci->given = pci->buses->len;
    for (const CommandFunction *own = machine->pci_own; own->name; own++) {
        take(bus_at(pci, 0), own->slot, own->function, FALSE);
    }
}

/* ---- places that devices have ---- */

static const char *check_place(const Pci *pci, const DomainDevice *device,
                               const DomainAddress *address)
{
    const PciBus *bus;

    if (address->pci.domain) {
        return "there is domain 0 only";
    }
    if (is_root_port(device) && address->pci.bus) {
        return "a root port is on bus 0";
    }
    if (address->pci.bus >= pci->buses->len) {
        return "there is no such bus";
    }
    bus = bus_at(pci, address->pci.bus);
    if (!(bus->kind->takes & kind_of(device))) {
        return "the controller with this index takes no such device";
    }
    if (is_bridge(device) && address->pci.bus >= device->controller->index) {
        return "the index of a bridge is larger than its bus";
    }
    if (address->pci.slot < bus->kind->first || address->pci.slot > bus->kind->last) {
        return "there is no such slot";
    }
    return bus->used[address->pci.slot] & (1u << address->pci.function)
               ? "it is in use already"
               : NULL;
}

static gboolean note(const DomainDevice *device, gpointer opaque)
{
    const DomainAddress *address = &xml_device_info(device)->address;
    const char *reason;
    Pci *pci = opaque;

    if (!command_is_on_pci(device) || !command_pci_is_placed(address)) {
        return TRUE;
    }
    if (pci->grow && address->pci.bus < BUSES) {
        add_buses(pci, address->pci.bus);
    }
    reason = check_place(pci, device, address);
    if (reason) {
        g_autofree char *label = xml_device_label(device);
        return rpc_error_set(pci->errp, VIR_ERR_XML_ERROR,
                             "PCI address %04x:%02x:%02x.%x of %s: %s",
                             address->pci.domain, address->pci.bus, address->pci.slot,
                             address->pci.function, label, reason);
    }
    take(bus_at(pci, address->pci.bus), address->pci.slot, address->pci.function,
         is_root_port(device));
    return TRUE;
}

/* ---- places for those that have none ---- */

static gboolean no_slot(const Pci *pci)
{
    return rpc_error_set(pci->errp, VIR_ERR_INTERNAL_ERROR,
                         "No more available PCI slots");
}

/* The first bus that has room for a device, or 0. */
static guint find_bus(Pci *pci)
{
    for (guint number = 1; number < pci->buses->len; number++) {
        if (bus_at(pci, number)->open && !bus_at(pci, number)->used[0]) {
            return number;
        }
    }
    if (!pci->grow || pci->buses->len == BUSES) {
        return 0;
    }
    add_buses(pci, pci->buses->len);
    return pci->buses->len - 1;
}

static void set_place(DomainAddress *address, guint bus, guint slot, guint function)
{
    DomainTristate multifunction = address->type == DOMAIN_ADDRESS_PCI
                                       ? address->pci.multifunction
                                       : DOMAIN_TRISTATE_ABSENT;

    address->type = DOMAIN_ADDRESS_PCI;
    address->pci.domain = 0;
    address->pci.bus = bus;
    address->pci.slot = slot;
    address->pci.function = function;
    address->pci.multifunction = multifunction;
}

static gboolean is_conventional_bus(const PciBus *bus)
{
    return bus->kind->takes & KIND(DOMAIN_CONTROLLER_MODEL_PCI_BRIDGE);
}

/* The first slot on such a bus that is free. */
static gboolean place_conventional(Pci *pci, DomainAddress *address)
{
    for (guint number = 1; number < pci->buses->len; number++) {
        PciBus *bus = bus_at(pci, number);

        for (guint slot = bus->kind->first;
             is_conventional_bus(bus) && slot <= bus->kind->last; slot++) {
            if (!bus->used[slot]) {
                set_place(address, number, slot, 0);
                take(bus, slot, 0, FALSE);
                return TRUE;
            }
        }
    }
    return no_slot(pci);
}

static gboolean place_express(Pci *pci, DomainAddress *address)
{
    guint number = find_bus(pci);

    if (!number) {
        return no_slot(pci);
    }
    set_place(address, number, 0, 0);
    take(bus_at(pci, number), 0, 0, FALSE);
    return TRUE;
}

/* Calls @func for each device that has no place, but for integrated ones, in libvirt's
 * order. FALSE as soon as that is. */
typedef gboolean (*PciFunc)(Pci *pci, const DomainDevice *device);

static gboolean foreach_of_type(Pci *pci, DomainDeviceType type, PciFunc func)
{
    GPtrArray *devices = xml_domain_devices(pci->domain, type);

    for (guint i = 0; i < devices->len; i++) {
        DomainDevice device = { .type = type, .any = devices->pdata[i] };

        if (is_device(&device) && !is_integrated(&device) &&
            !command_pci_is_placed(&xml_device_info(&device)->address) &&
            !func(pci, &device)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean foreach_unplaced(Pci *pci, PciFunc func)
{
    /* Others follow, in the order of the document. */
    static const DomainDeviceType first[] = {
        DOMAIN_DEVICE_INTERFACE, DOMAIN_DEVICE_CONTROLLER, DOMAIN_DEVICE_DISK,
        DOMAIN_DEVICE_BALLOON,   DOMAIN_DEVICE_RNG,        DOMAIN_DEVICE_WATCHDOG,
    };
    guint32 done = 0;
    gboolean ok = TRUE;

    G_STATIC_ASSERT(DOMAIN_DEVICE_COUNT <= 32);
    for (guint i = 0; ok && i < G_N_ELEMENTS(first); i++) {
        done |= 1u << first[i];
        ok = foreach_of_type(pci, first[i], func);
    }
    for (guint type = 0; ok && type < DOMAIN_DEVICE_COUNT; type++) {
        ok = (done & (1u << type)) || foreach_of_type(pci, type, func);
    }
    return ok;
}

static gboolean place(Pci *pci, const DomainDevice *device)
{
    DomainAddress *address = &xml_device_info(device)->address;

    return is_conventional(device) ? place_conventional(pci, address)
                                   : place_express(pci, address);
}

static gboolean place_integrated(const DomainDevice *device, gpointer opaque)
{
    DomainAddress *address = &xml_device_info(device)->address;
    Pci *pci = opaque;
    PciBus *root = bus_at(pci, 0);
    guint slot = root->kind->first;

    if (!is_integrated(device) || command_pci_is_placed(address)) {
        return TRUE;
    }
    while (slot <= root->kind->last && root->used[slot]) {
        slot++;
    }
    if (slot > root->kind->last) {
        return no_slot(pci);
    }
    set_place(address, 0, slot, 0);
    take(root, slot, 0, FALSE);
    return TRUE;
}

/* The first slot on a bus below `end` that takes such a bridge. */
static gboolean place_bridge(Pci *pci, DomainController *bridge, guint end)
{
    for (guint number = 1; number < end; number++) {
        PciBus *bus = bus_at(pci, number);

        if (!(bus->kind->takes & KIND(bridge->model))) {
            continue;
        }
        for (guint slot = bus->kind->first; slot <= bus->kind->last; slot++) {
            if (!bus->used[slot]) {
                set_place(&bridge->info.address, number, slot, 0);
                take(bus, slot, 0, FALSE);
                return TRUE;
            }
        }
    }
    return rpc_error_set(pci->errp, VIR_ERR_INTERNAL_ERROR,
                         "No more available PCI slots: none with a lower index than '%u' "
                         "takes the PCI controller with this index",
                         bridge->index);
}

/* But for root ports, which are placed when it is known how many there are. */
static gboolean place_bridges(Pci *pci)
{
    GPtrArray *controllers = pci->domain->controllers;

    for (guint i = 0; i < controllers->len; i++) {
        DomainController *bridge = controllers->pdata[i];

        if (DOMAIN_CONTROLLER_IS_BRIDGE(bridge->model) &&
            bridge->model != DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT &&
            !command_pci_is_placed(&bridge->info.address) &&
            !place_bridge(pci, bridge, bridge->index)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Counts those before the first that is conventional. */
static gboolean count_express(Pci *pci, const DomainDevice *device)
{
    pci->express += !is_conventional(device);
    return !is_conventional(device);
}

static gboolean has_conventional_bus(const Pci *pci)
{
    for (guint number = 1; number < pci->buses->len; number++) {
        if (is_conventional_bus(bus_at(pci, number))) {
            return TRUE;
        }
    }
    return FALSE;
}

static guint count_free(const Pci *pci)
{
    guint count = 0;

    for (guint number = 1; number < pci->buses->len; number++) {
        count += bus_at(pci, number)->open && !bus_at(pci, number)->used[0];
    }
    return count;
}

/* For the first conventional device there is a bridge. As libvirt numbers it: behind the
 * ports of devices before that one, and behind one more, which is the bridge's own. */
static gboolean add_bridge(Pci *pci)
{
    DomainController *bridge;
    guint index;

    pci->express = 0;
    if (!pci->grow || foreach_unplaced(pci, count_express) || has_conventional_bus(pci)) {
        return TRUE;
    }
    index = pci->buses->len + pci->express - MIN(pci->express, count_free(pci)) + 1;
    if (index >= BUSES) {
        return no_slot(pci);
    }
    bridge = xml_domain_add_controller(pci->domain, DOMAIN_CONTROLLER_PCI, index,
                                       DOMAIN_CONTROLLER_MODEL_PCIE_TO_PCI_BRIDGE);
    bridge->name = DOMAIN_PORT_PCIE_PCI_BRIDGE;
    add_buses(pci, index);
    return place_bridge(pci, bridge, index);
}

/* In libvirt's order: bridges first. */
static gboolean place_devices(Pci *pci)
{
    return place_bridges(pci) && add_bridge(pci) && foreach_unplaced(pci, place) &&
           xml_domain_foreach_device(pci->domain, place_integrated, pci);
}

static gboolean place_port(Pci *pci, DomainAddress *address)
{
    PciBus *root = bus_at(pci, 0);

    for (guint slot = root->kind->first; slot <= root->kind->last; slot++) {
        guint8 used = root->used[slot];
        guint function = 0;

        while (function < FUNCTIONS && (used & (1u << function))) {
            function++;
        }
        if (!used || (function < FUNCTIONS && (root->shared & (1u << slot)))) {
            set_place(address, 0, slot, function);
            take(root, slot, function, TRUE);
            return TRUE;
        }
    }
    return no_slot(pci);
}

static void add_controllers(Pci *pci)
{
    for (guint number = 0; number < pci->buses->len; number++) {
        if (!command_pci_controller(pci->domain, number)) {
            DomainController *added =
                xml_domain_add_controller(pci->domain, DOMAIN_CONTROLLER_PCI, number,
                                          number ? DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT
                                                 : DOMAIN_CONTROLLER_MODEL_PCIE_ROOT);

            added->name = number ? DOMAIN_PORT_GENERIC : DOMAIN_PORT_DEFAULT;
        }
    }
}

static void set_default(guint *number, guint value)
{
    if (*number == DOMAIN_NUMBER_NONE) {
        *number = value;
    }
}

/* Those that are not said follow from the index and the place. */
static void number_bridge(DomainController *bridge)
{
    const DomainAddress *address = &bridge->info.address;
    gboolean root_port = bridge->model == DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT;

    if (DOMAIN_CONTROLLER_IS_PORT(bridge->model)) {
        set_default(&bridge->chassis, bridge->index);
        set_default(&bridge->port,
                    root_port ? address->pci.slot * FUNCTIONS + address->pci.function
                              : address->pci.slot);
    } else if (bridge->model == DOMAIN_CONTROLLER_MODEL_PCI_BRIDGE) {
        set_default(&bridge->chassis_nr, bridge->index);
    }
}

static gboolean place_ports(Pci *pci)
{
    GPtrArray *controllers = pci->domain->controllers;

    for (guint i = 0; i < controllers->len; i++) {
        DomainController *port = controllers->pdata[i];
        DomainAddress *address = &port->info.address;

        if (port->model == DOMAIN_CONTROLLER_MODEL_PCIE_ROOT_PORT &&
            !command_pci_is_placed(address) && !place_port(pci, address)) {
            return FALSE;
        }
        number_bridge(port);
    }
    return TRUE;
}

/* The first of several functions says that there are others. */
static gboolean mark_first(const DomainDevice *device, gpointer opaque)
{
    DomainAddress *address = &xml_device_info(device)->address;
    const Pci *pci = opaque;

    if (command_is_on_pci(device) && address->pci.function == 0 &&
        address->pci.multifunction == DOMAIN_TRISTATE_ABSENT &&
        bus_at(pci, address->pci.bus)->used[address->pci.slot] != 1) {
        address->pci.multifunction = DOMAIN_TRISTATE_YES;
    }
    return TRUE;
}

/* A definition without ports leaves them to the driver: with room for one more device. */
static gboolean grow(Pci *pci)
{
    if (pci->given == 1 && pci->buses->len > 1) {
        find_bus(pci);
    }
    add_controllers(pci);
    return place_ports(pci) && xml_domain_foreach_device(pci->domain, mark_first, pci);
}

gboolean command_assign_pci(const CommandMachine *machine, Domain *domain, gboolean more,
                            GError **errp)
{
    Pci pci = { .domain = domain, .grow = more, .errp = errp };
    gboolean ok;

    pci_init(&pci, machine);
    ok = xml_domain_foreach_device(domain, note, &pci) && place_devices(&pci) &&
         (!more || grow(&pci));
    g_array_unref(pci.buses);
    return ok;
}
