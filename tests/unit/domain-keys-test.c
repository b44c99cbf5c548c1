/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/domain/keys.c: the same key in each set of codes. */
#include <libvirt/libvirt.h>
#include <linux/input-event-codes.h>

#include "domain/keys.h"

static void test_keys(void)
{
    static const struct {
        guint set, code, number;
    } rows[] = {
        { VIR_KEYCODE_SET_LINUX, KEY_LEFTCTRL, 29 },
        { VIR_KEYCODE_SET_LINUX, KEY_C, 46 },
        { VIR_KEYCODE_SET_LINUX, KEY_DELETE, 0xd3 },
        { VIR_KEYCODE_SET_LINUX, 4711, 0 },
        { VIR_KEYCODE_SET_LINUX, 0, 0 },
        { VIR_KEYCODE_SET_XT, 0xe053, 0xd3 },
        { VIR_KEYCODE_SET_XT, 0x1e, 0x1e },
        { VIR_KEYCODE_SET_XT, 0xd3, 0 },
        { VIR_KEYCODE_SET_ATSET1, 0xe01d, 0x9d },
        { VIR_KEYCODE_SET_USB, 0x04, 0x1e },
        { VIR_KEYCODE_SET_USB, 0x4c, 0xd3 },
        { VIR_KEYCODE_SET_USB, 0, 0 },
        { VIR_KEYCODE_SET_QNUM, 0xd3, 0xd3 },
        { VIR_KEYCODE_SET_QNUM, 0x1d3, 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpuint(keys_number(rows[i].set, rows[i].code), ==, rows[i].number);
    }
}

static void test_sets(void)
{
    for (guint set = 0; set <= VIR_KEYCODE_SET_QNUM; set++) {
        g_assert_nonnull(keys_set_name(set));
    }
    g_assert_null(keys_set_name(VIR_KEYCODE_SET_QNUM + 1));
    g_assert_false(keys_set_is_known(G_MAXUINT));
    g_assert_false(keys_set_is_known(VIR_KEYCODE_SET_WIN32));
    g_assert_true(keys_set_is_known(VIR_KEYCODE_SET_USB));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain/keys/codes", test_keys);
    g_test_add_func("/domain/keys/sets", test_sets);
    return g_test_run();
}
