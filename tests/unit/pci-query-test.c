/* SPDX-License-Identifier: GPL-2.0-or-later */
/* query-pci, as the type of its answer says, and with what the guest has set. */
#include "config/node.h"
#include "monitor/commands.h"
#include "pci-board.h"

static ConfigNode *query(void)
{
    g_autoptr(GError) err = NULL;
    const QmpCommand *c = qmp_pci_commands;
    ConfigNode *reply = c->run(NULL, &err);
    g_assert_no_error(err);
    qmp_type_check(c->ret, reply, &err);
    g_assert_no_error(err);
    return reply;
}

static gint64 number(ConfigNode *map, const char *key)
{
    return config_node_int(config_map_get(map, key));
}

/* The device in a list that is in this slot. */
static ConfigNode *find(ConfigNode *list, gint64 slot)
{
    for (guint i = 0; i < config_list_size(list); i++) {
        if (number(config_list_at(list, i), "slot") == slot) {
            return config_list_at(list, i);
        }
    }
    return NULL;
}

static ConfigNode *devices(ConfigNode *reply)
{
    g_assert_cmpuint(config_list_size(reply), ==, 1);
    return config_map_get(config_list_at(reply, 0), "devices");
}

static void test_query(void)
{
    pci_board_make();
    TestFunction *f = test_function_new("3");
    f->pci.device.id = g_strdup("fun");
    f->want[0].size = 1ull << 33;
    f->want[0].flags = PCI_BAR_64 | PCI_BAR_PREFETCH;
    test_function_plug(f, root);
    PciBridge *b = test_bridge_make("4", root);
    test_function_plug(test_function_new("7"), b->bus);
    cfg_write(&b->pci, PCI_PRIMARY_BUS, 4, 0x010100);
    g_autoptr(ConfigNode) off = query();
    ConfigNode *o = find(devices(off), 3);
    ConfigNode *bar = config_list_at(config_map_get(o, "regions"), 0);
    g_assert_cmpstr(config_map_string(o, "qdev_id"), ==, "fun");
    g_assert_cmpint(number(bar, "address"), ==, -1);
    g_assert_cmpint(number(bar, "size"), ==, 1ll << 33);
    g_assert_cmpint(number(config_map_get(o, "id"), "vendor"), ==, 0x1234);
    g_assert_cmpint(number(config_map_get(o, "class_info"), "class"), ==, 0x0200);
    cfg_write(&f->pci, PCI_BASE_ADDRESS_1, 4, 0x20);
    cfg_write(&f->pci, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    g_autoptr(ConfigNode) on = query();
    bar = config_list_at(config_map_get(find(devices(on), 3), "regions"), 0);
    g_assert_cmpint(number(bar, "address"), ==, 0x2000000000ll);
    ConfigNode *bridge = config_map_get(find(devices(on), 4), "pci_bridge");
    g_assert_cmpint(number(config_map_get(bridge, "bus"), "secondary"), ==, 1);
    ConfigNode *behind = find(config_map_get(bridge, "devices"), 7);
    g_assert_cmpint(number(behind, "bus"), ==, 1);
    g_assert_nonnull(find(devices(on), 0));
    pci_board_free();
}

/* A board without PCI. */
static void test_none(void)
{
    g_autoptr(ConfigNode) reply = query();
    g_assert_cmpuint(config_list_size(reply), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/query/query", test_query);
    g_test_add_func("/pci/query/none", test_none);
    return g_test_run();
}
