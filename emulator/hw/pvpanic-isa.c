/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pvpanic on the ISA bus: a port. Guests find it through ACPI (QEMU0001). */
#include "config.h"

#include "hw/pvpanic-isa.h"

#include "hw/isa.h"
#include "hw/pvpanic.h"

#define PVPANIC_PORT 0x505

typedef struct PvpanicIsa {
    Device dev;

    Region *region;
    guint32 port;
    guint32 events; /* that the guest may use */
} PvpanicIsa;

static gboolean pvpanic_realize(Device *dev, GError **errp)
{
    PvpanicIsa *s = (PvpanicIsa *)dev;

    s->region = pvpanic_region_new("pvpanic", 1, &s->events);
    return address_map_put(address_map_io(), &s->region, s->port, errp);
}

static void pvpanic_unrealize(Device *dev)
{
    PvpanicIsa *s = (PvpanicIsa *)dev;

    address_map_take(&s->region);
}

/* Guests use one. */
static gboolean is_first(const Device *dev)
{
    for (guint i = 0;; i++) {
        const Device *other = g_ptr_array_index(dev->bus->devices, i);
        if (other->klass == &pvpanic_isa_class) {
            return other == dev;
        }
    }
}

/* Linux's driver of the memory-mapped one knows this ID, and takes a port, too. */
static void pvpanic_aml(const Device *dev, Aml *scope)
{
    const PvpanicIsa *s = (const PvpanicIsa *)dev;
    if (!is_first(dev)) {
        return;
    }
    AmlResources *r = aml_resources_new();
    guint start = aml_begin(scope, "Device PEVT");
    aml_code(scope, "Name _HID 'QEMU0001' Name _STA 0x0f");
    aml_resource_io(r, s->port, 1);
    aml_resources_end(r, scope, "_CRS");
    aml_end(scope, start);
}

static const Property pvpanic_properties[] = {
    { .name = "ioport",
      .type = PROP_U32,
      .offset = offsetof(PvpanicIsa, port),
      .def = G_STRINGIFY(PVPANIC_PORT),
      .max = 0xffff,
      .guest = TRUE,
      .help = "I/O port" },
    { .name = "events",
      .type = PROP_U32,
      .offset = offsetof(PvpanicIsa, events),
      .def = "3",
      .max = PVPANIC_ALL,
      .guest = TRUE,
      .help = "what the guest may tell: 1: panic, 2: crash kernel" },
    { NULL },
};

const DeviceClass pvpanic_isa_class = {
    .name = "pvpanic",
    .bus = ISA_BUS_TYPE,
    .desc = "tells the host that the guest has panicked",
    .instance_size = sizeof(PvpanicIsa),
    .user_creatable = TRUE,
    .properties = pvpanic_properties,
    .realize = pvpanic_realize,
    .unrealize = pvpanic_unrealize,
    .aml = pvpanic_aml,
};
