/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ide-cd's trays and media, as its guest sees them; resets, and what migrates. */
#include "ide-cd.h"

static void test_guest_tray(void)
{
    IdeCd *cd;

    write_image(BLOCKS);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    assert_event(0, 2);
    good("1e0000000100", 0);
    g_assert_true(cd->removable.locked);
    good("5a002a00000000005000", 30);
    g_assert_cmphex(port.memory[8 + 6], ==, 0x2b);
    fails("1b0000000200", CD_ILLEGAL_REQUEST, CD_ASC_REMOVAL_PREVENTED);
    good("1b0000000300", 0);
    good("1b0000001200", 0); /* of power alone */
    g_assert_false(cd->removable.tray_open);
    good("1e0000000000", 0);
    good("1b0000000200", 0);
    g_assert_true(cd->removable.tray_open);
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    fails("28000000000500000100", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    assert_event(0, 1);
    good("bd000000000000000800", 8);
    g_assert_cmphex(port.memory[1], ==, 0x10);
    good("46000000000000000800", 8);
    g_assert_cmphex(port.memory[7], ==, 0);
    good("1b0000000300", 0);
    good("00", 0); /* it is the same one */
    assert_event(0, 2);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

/* What a guest hears of a medium that the host has changed; it asks for events or not. */
static void test_host_change(void)
{
    IdeCd *cd;

    write_image(BLOCKS);
    add_medium("m");
    cd = plug("{}");
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    removable_open_tray(&cd->removable, FALSE, NULL);
    assert_event(0, 1);
    insert(cd, "m");
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    removable_close_tray(&cd->removable);
    good("12000000080000", 8);
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    good("46000000000000000800", 8);
    run("28000000000500000100", 0);
    g_assert_cmphex(port.cmd.error, ==, CD_UNIT_ATTENTION << 4);
    run("00", 0); /* until it has been asked for */
    assert_sense(CD_UNIT_ATTENTION, CD_ASC_MEDIUM_CHANGED);
    run("0300000012", 0);
    g_assert_cmphex(port.memory[2], ==, CD_NO_SENSE);
    good("28000000000500000100", CD_BLOCK_SIZE);
    assert_event(2, 2);
    assert_event(0, 2);

    /* Locked: the guest is asked, and takes its time. */
    good("1e0000000100", 0);
    g_assert_false(removable_open_tray(&cd->removable, FALSE, NULL));
    assert_event(1, 2);
    assert_event(0, 2);
    good("1e0000000000", 0);
    good("1b0000000200", 0);
    g_assert_true(cd->removable.tray_open);

    /* The host changes it while it is open, the guest closes it. */
    take_out(cd);
    insert(cd, "m");
    good("1b0000000300", 0);
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    fails("00", CD_UNIT_ATTENTION, CD_ASC_MEDIUM_CHANGED);
    good("00", 0);
    good("1e0000000100", 0);
    g_assert_true(removable_open_tray(&cd->removable, TRUE, NULL));
    g_assert_false(cd->removable.locked);
    take_out(cd);
    removable_close_tray(&cd->removable);
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

/* A medium that is read when the host wants it: the read ends, and then it is out. */
static void test_taken_while_read(void)
{
    static const char *const reads[] = { "a80000000000000007000000",
                                         "be0000000005000009f80000" };
    Late late = { FALSE };
    IdeCd *cd;

    write_image(4096);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    for (guint i = 0; i < G_N_ELEMENTS(reads); i++) {
        testing("m hold");
        start(reads[i], DMA, LIMIT);
        g_assert_false(port.ended);
        removable_open_tray(&cd->removable, FALSE, NULL);
        removable_take_out_later(&cd->removable, late_done, &late);
        for (guint n = 0; n < 20; n++) {
            event_loop_iterate(event_loop_main(), FALSE);
        }
        g_assert_false(late.done);
        testing("m release");
        toy_port_wait(&port);
        g_assert_true(late_wait(&late, NULL));
        late = (Late){ FALSE };
        g_assert_cmpuint(port.cmd.moved, <=, 512 * CD_BLOCK_SIZE);
        assert_sense(CD_NOT_READY, CD_ASC_NO_MEDIUM);
        insert(cd, "m");
        removable_close_tray(&cd->removable);
        fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
        fails("00", CD_UNIT_ATTENTION, CD_ASC_MEDIUM_CHANGED);
    }
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

/* The machine pulls the tray in; a port that is reset only loses its hold. */
static void test_reset(void)
{
    IdeCd *cd = plug("{}");

    good("1e0000000100", 0);
    removable_open_tray(&cd->removable, TRUE, NULL);
    good("1e0000000100", 0);
    ide_cd_class.port_reset(&cd->drive, TRUE);
    g_assert_true(cd->removable.tray_open);
    g_assert_false(cd->removable.locked);
    ide_cd_class.device.reset(&cd->drive.device);
    g_assert_false(cd->removable.tray_open);
    assert_event(0, 0);
    unplug(cd);
}

static void save(IdeCd *cd, GByteArray *out)
{
    g_assert_true(state_save(out, ide_cd_class.device.state, cd, NULL));
}

static void test_state(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GByteArray) again = g_byte_array_new();
    IdeCd *cd;

    write_image(BLOCKS);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    good("1e0000000100", 0);
    g_assert_false(removable_open_tray(&cd->removable, FALSE, NULL));
    command(0xef, 3, 0x21);
    fails("ff", CD_ILLEGAL_REQUEST, CD_ASC_OPCODE);
    save(cd, out);
    unplug(cd);

    cd = plug("{\"drive\":\"m\"}");
    g_assert_true(state_load(out->data, out->len, ide_cd_class.device.state, cd, NULL));
    save(cd, again);
    g_assert_cmpmem(again->data, again->len, out->data, out->len);
    g_assert_true(cd->removable.locked);
    run("0300000012", 0);
    g_assert_cmphex(port.memory[2], ==, CD_ILLEGAL_REQUEST);
    good("00", 0);
    assert_event(1, 2);
    command(0xa1, 0, 0);
    g_assert_cmphex(word(63), ==, 0x0207);
    unplug(cd);
    g_assert_true(node_del("m", NULL));

    /* Another medium has been put in meanwhile: that shows when it is active. */
    block_set_start_inactive(TRUE);
    write_image(BLOCKS - 1);
    add_medium("m");
    cd = plug("{\"drive\":\"m\"}");
    g_assert_true(state_load(out->data, out->len, ide_cd_class.device.state, cd, NULL));
    g_assert_true(nodes_activate(NULL));
    fails("00", CD_NOT_READY, CD_ASC_NO_MEDIUM);
    fails("00", CD_UNIT_ATTENTION, CD_ASC_MEDIUM_CHANGED);
    good("00", 0);
    unplug(cd);
    g_assert_true(node_del("m", NULL));
}

int main(int argc, char **argv)
{
    begin_tests(&argc, &argv);
    g_test_add_func("/ide-cd/guest-tray", test_guest_tray);
    g_test_add_func("/ide-cd/host-change", test_host_change);
    g_test_add_func("/ide-cd/taken-while-read", test_taken_while_read);
    g_test_add_func("/ide-cd/reset", test_reset);
    g_test_add_func("/ide-cd/state", test_state);
    return run_tests();
}
