/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A board's real-time clock and serial ports. */
#include "config.h"

#include "hw/rtc.h"
#include "hw/serial.h"
#include "machine/board.h"

/* Of -rtc clock=, which is checked. */
static ClockType rtc_clock(const char *name)
{
    return g_str_equal(name, "vm")   ? CLOCK_TYPE_VIRTUAL
           : g_str_equal(name, "rt") ? CLOCK_TYPE_REALTIME
                                     : CLOCK_TYPE_HOST;
}

Device *board_create_rtc(Bus *isa, ConfigNode *config, GError **errp)
{
    const char *offset = "0", *clock = "host", *fix = NULL;
    ConfigNode *options;

    if (!config_get_node(config, "rtc", CONFIG_MAP, &options, errp) ||
        (options && (!config_get_string(options, "offset", "0", &offset, errp) ||
                     !config_get_string(options, "clock", "host", &clock, errp) ||
                     !config_get_string(options, "driftfix", NULL, &fix, errp)))) {
        return NULL;
    }
    g_autoptr(Device) rtc = device_new(&rtc_class);
    g_autoptr(ConfigNode) properties = config_map_new();
    device_set_name(rtc, "rtc");
    if (fix) {
        config_map_set_string(properties, "lost_tick_policy",
                              g_str_equal(fix, "slew") ? "slew" : "discard");
    }
    rtc_set_time(rtc, rtc_clock(clock), g_ascii_strtoll(offset, NULL, 10));
    if (!device_set_properties(rtc, properties, errp)) {
        return NULL;
    }
    return device_realize(rtc, isa, errp) ? g_steal_pointer(&rtc) : NULL;
}

static gboolean create_serial(Bus *isa, guint index, const char *chardev, GError **errp)
{
    g_autoptr(Device) dev = device_new(&serial_class);
    g_autoptr(ConfigNode) node = config_map_new();
    g_autofree char *name = g_strdup_printf("serial%u", index);

    config_map_set(node, "chardev", config_string_new(chardev));
    config_map_set(node, "index", config_int_new(index));
    device_set_name(dev, name);
    if (!device_set_properties(dev, node, errp) || !device_realize(dev, isa, errp)) {
        g_prefix_error(errp, "-serial: ");
        return FALSE;
    }
    return TRUE;
}

/* An entry without chardev is a port that is not there. */
gboolean board_create_serials(Bus *isa, ConfigNode *config, GError **errp)
{
    ConfigNode *list;

    if (!config_get_node(config, "serial", CONFIG_LIST, &list, errp)) {
        return FALSE;
    }
    for (guint i = 0; list && i < config_list_size(list); i++) {
        const char *chardev;

        if (!config_get_string(config_list_at(list, i), "chardev", NULL, &chardev,
                               errp) ||
            (chardev && !create_serial(isa, i, chardev, errp))) {
            return FALSE;
        }
    }
    return TRUE;
}
