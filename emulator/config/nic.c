/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -nic and -net: the back end that -netdev would have made, and the card that -device
 * would have. What -net makes is joined by a hub in QEMU; here such a hub has two ends,
 * one back end and one card, which is a cable.
 *
 * Cards are QEMU's on-board ones: they come before those of -device, and so get the first
 * free slots. Which driver a card has depends on the board, so they wait in tree["nic"].
 */
#include "config.h"

#include <string.h>

#include "config/internal.h"
#include "config/keyval.h"
#include "util/error.h"
#include "util/log.h"

#define CABLE "hub0-netdev" /* the back end of -net, where it has no name */

static gboolean is_type(ConfigNode *map, const char *type)
{
    return g_strcmp0(config_map_string(map, "type"), type) == 0;
}

/* All other keys have been taken away. */
static gboolean check_rest(const ConfigNode *map, GError **errp)
{
    for (guint i = 0; i < config_map_size(map); i++) {
        if (!g_str_equal(config_map_key(map, i), "type")) {
            return error_set(errp, "Invalid parameter '%s'", config_map_key(map, i));
        }
    }
    return TRUE;
}

/* model=help: of what -net nic,help would say only the models. */
static gboolean asks_models(ConfigNode *tree, ConfigNode *map)
{
    const char *model = config_map_string(map, "model");

    if (g_strcmp0(model, "help") != 0 && g_strcmp0(model, "?") != 0) {
        return FALSE;
    }
    ConfigNode *entry = config_map_new();
    config_map_set_string(entry, "topic", "nic");
    config_map_set_string(entry, "of", "model");
    config_list_add(config_tree_list(tree, "help"), entry);
    return TRUE;
}

static gboolean check_kind(ConfigNode *map, GError **errp)
{
    const char *type = config_map_string(map, "type");

    return !(g_str_equal(type, "hubport") || g_str_equal(type, "nic")) ||
           error_set(errp, "Parameter 'type' does not accept value '%s'", type);
}

/* Moves a key's value, which may have another name there. */
static void move(ConfigNode *from, const char *key, ConfigNode *to, const char *name)
{
    ConfigNode *value = config_map_peek(from, key);

    if (value) {
        config_map_set(to, name, config_node_ref(value));
        config_map_remove(from, key);
    }
}

static void add_card(ConfigNode *tree, ConfigNode *card, const char *origin)
{
    config_node_set_origin(card, origin);
    config_list_add(config_tree_list(tree, "nic"), card);
}

static void add_backend(ConfigNode *tree, ConfigNode *backend, const char *origin)
{
    config_node_set_origin(backend, origin);
    config_list_add(config_tree_list(tree, "netdev"), config_node_ref(backend));
}

gboolean config_add_nic(ConfigNode *tree, const char *arg, GError **errp)
{
    g_autoptr(ConfigNode) map =
        keyval_parse_again(arg, "type", config_netdev_lists, errp);
    g_autofree char *origin = g_strdup_printf("-nic %s", arg);
    ConfigNode *cards = config_map_peek(tree, "nic");

    if (!map) {
        return FALSE;
    }
    if (asks_models(tree, map)) {
        return TRUE;
    }
    if (is_type(map, "none")) {
        return check_rest(map, errp);
    }
    if (!config_map_has(map, "type")) {
        config_map_set_string(map, "type", "user");
    }
    if (!config_map_has(map, "id")) {
        g_autofree char *id =
            g_strdup_printf("nic%u-netdev", cards ? config_list_size(cards) : 0);
        config_map_set_string(map, "id", id);
    }
    if (!config_map_string(map, "type") || !config_map_string(map, "id")) {
        return error_set(errp, "Parameters 'type' and 'id' expect strings");
    }
    ConfigNode *card = config_map_new();
    move(map, "model", card, "model");
    move(map, "mac", card, "mac");
    config_map_set_string(card, "netdev", config_map_string(map, "id"));
    add_card(tree, card, origin);
    if (!check_kind(map, errp)) {
        return FALSE;
    }
    add_backend(tree, map, origin);
    return TRUE;
}

/* -net nic: a card on the cable, or with netdev= at a back end of its own. */
static gboolean add_net_card(ConfigNode *tree, ConfigNode *map, const char *origin,
                             GError **errp)
{
    static const char *const keys[][2] = {
        { "model", "model" }, { "macaddr", "mac" },     { "netdev", "netdev" },
        { "addr", "addr" },   { "vectors", "vectors" }, { "id", "id" },
        { "name", "id" },
    };
    ConfigNode *cable = config_tree_map(tree, "cable");
    g_autoptr(ConfigNode) card = config_map_new();

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        move(map, keys[i][0], card, keys[i][1]);
    }
    if (!check_rest(map, errp)) {
        return FALSE;
    }
    if (!config_map_has(card, "netdev")) {
        if (config_map_has(cable, "card")) {
            return error_set(errp, "a hub with more than one network card is not "
                                   "supported (-netdev and -device join the others)");
        }
        config_map_set(cable, "card", config_node_ref(card));
    }
    add_card(tree, g_steal_pointer(&card), origin);
    return TRUE;
}

static gboolean add_net_backend(ConfigNode *tree, ConfigNode *map, const char *origin,
                                GError **errp)
{
    ConfigNode *cable = config_tree_map(tree, "cable");

    if (!check_kind(map, errp)) {
        return FALSE;
    }
    if (config_map_has(cable, "netdev")) {
        return error_set(errp, "a hub with more than one back end is not supported "
                               "(-netdev and -device join the others)");
    }
    if (config_map_has(map, "name") && !config_map_has(map, "id")) {
        move(map, "name", map, "id");
    }
    if (!config_map_has(map, "id")) {
        config_map_set_string(map, "id", CABLE);
    }
    if (!config_map_string(map, "id")) {
        return error_set(errp, "Parameter 'id' expects a string");
    }
    config_map_set_string(cable, "netdev", config_map_string(map, "id"));
    add_backend(tree, map, origin);
    return TRUE;
}

gboolean config_add_net(ConfigNode *tree, const char *arg, GError **errp)
{
    g_autoptr(ConfigNode) map =
        keyval_parse_again(arg, "type", config_netdev_lists, errp);
    g_autofree char *origin = g_strdup_printf("-net %s", arg);
    const char *type;

    if (!map || !config_require_string(map, "type", &type, errp)) {
        return FALSE;
    }
    if (asks_models(tree, map)) {
        return TRUE;
    }
    if (g_str_equal(type, "none")) {
        return check_rest(map, errp);
    }
    return g_str_equal(type, "nic") ? add_net_card(tree, map, origin, errp)
                                    : add_net_backend(tree, map, origin, errp);
}

/* The board's own card without model=: of QEMU's e1000e it is the older relative. */
static const char *driver(const ConfigNode *tree, const ConfigNode *card)
{
    const char *model = config_map_string(card, "model");
    const char *board = config_map_string(config_map_peek(tree, "machine"), "type");
    gboolean pci = !board || !strstr(board, "microvm");

    if (!model) {
        return pci ? "e1000" : "virtio-net-device";
    }
    if (g_str_equal(model, "virtio")) {
        return pci ? "virtio-net-pci" : "virtio-net-device";
    }
    return model;
}

/* Cards of -device may have such an address, as in QEMU. */
static gboolean check_address(const ConfigNode *card, GError **errp)
{
    const char *mac = config_map_string(card, "mac");

    if (mac && g_ascii_isxdigit(mac[0]) && g_ascii_isxdigit(mac[1]) &&
        (g_ascii_xdigit_value(mac[1]) & 1)) {
        return error_set(
            errp, "NIC cannot have multicast MAC address (odd 1st byte): '%s'", mac);
    }
    return TRUE;
}

static gboolean complete_card(ConfigNode *tree, ConfigNode *card, ConfigNode *devices,
                              GError **errp)
{
    const char *backend = config_map_string(config_tree_map(tree, "cable"), "netdev");
    const char *model;

    if (!config_get_string(card, "model", "", &model, errp) ||
        !check_address(card, errp)) {
        return FALSE;
    }
    if (!config_map_has(card, "netdev")) {
        if (!backend) {
            return error_set(errp, "the hub has no back end (-net user or -net tap)");
        }
        config_map_set_string(card, "netdev", backend);
    }
    config_map_set_string(card, "driver", driver(tree, card));
    config_map_remove(card, "model");
    config_list_add(devices, config_node_ref(card));
    return TRUE;
}

gboolean config_complete_nics(ConfigNode *tree, GError **errp)
{
    ConfigNode *cards = config_map_peek(tree, "nic");
    ConfigNode *others = config_map_peek(tree, "device");
    ConfigNode *cable = config_map_peek(tree, "cable");
    g_autoptr(ConfigNode) devices = config_list_new();

    for (guint i = 0; cards && i < config_list_size(cards); i++) {
        ConfigNode *card = config_list_at(cards, i);
        if (!complete_card(tree, card, devices, errp)) {
            config_prefix_origin(card, "-nic", errp);
            return FALSE;
        }
    }
    if (cable && config_map_has(cable, "netdev") && !config_map_has(cable, "card")) {
        log_warn("hub 0 with no nics (-net nic makes one)");
    }
    config_map_remove(tree, "nic");
    config_map_remove(tree, "cable");
    if (config_list_size(devices) == 0) {
        return TRUE;
    }
    for (guint i = 0; others && i < config_list_size(others); i++) {
        config_list_add(devices, config_node_ref(config_list_at(others, i)));
    }
    config_map_set(tree, "device", g_steal_pointer(&devices));
    return TRUE;
}
