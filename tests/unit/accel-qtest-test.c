/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The qtest server and the run state, driven through a socket pair. */
#include "config/node.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/qtest.h"
#include "accel/run-state.h"
#include "event/clock.h"
#include "event/lock.h"
#include "event/loop.h"
#include "event/vm-event.h"
#include "memory/address-map.h"
#include "memory/guest.h"

static int peer;
static AccessHold *held;

/* The next line from the server, dispatching until it is there. */
static char *next_line(void)
{
    GString *line = g_string_new(NULL);
    for (char c = 0; c != '\n';) {
        ssize_t n = recv(peer, &c, 1, MSG_DONTWAIT);
        if (n == 1) {
            g_string_append_c(line, c);
        } else {
            event_loop_iterate(event_loop_main(), TRUE);
        }
    }
    g_string_truncate(line, line->len - 1);
    return g_string_free(line, FALSE);
}

static void say(const char *text)
{
    g_assert_cmpint(write(peer, text, strlen(text)), ==, (gssize)strlen(text));
}

static void expect(const char *text)
{
    g_autofree char *line = next_line();
    g_assert_cmpstr(line, ==, text);
}

static void ask(const char *command, const char *reply)
{
    g_autofree char *text = g_strconcat(command, "\n", NULL);
    say(text);
    expect(reply);
}

static guint64 reg_read(void *opaque, guint64 offset, unsigned size)
{
    qtest_irq_in("/machine/ioapic", (unsigned)offset, 0);
    return 0x40 + offset;
}

static void reg_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    if (value == 0xff) {
        held = access_hold();
        return;
    }
    qtest_irq_in("/machine/ioapic", (unsigned)offset, 1);
    qtest_irq_in("/machine/ioapic", (unsigned)offset, 1);
}

static const RegionOps ops = { reg_read, reg_write, 1, 4, FALSE };

static void test_commands(void)
{
    RamBlock *ram = ram_block_new("ram", 1 << 20, NULL);
    Region *region = region_new_ram("ram", ram, 0, 1 << 20, FALSE);
    g_assert_true(address_map_add(address_map_memory(), region, 0, NULL));

    ask("endianness", "OK little");
    ask("writel 0x1000 0x12345678", "OK");
    ask("readl 0x1000", "OK 0x0000000012345678");
    ask("readb 4099", "OK 0x0000000000000012");
    ask("readq 0x10000000", "OK 0xffffffffffffffff");
    ask("read 0x1000 0x4", "OK 0x78563412");
    ask("write 0x2000 3 0x616263", "OK");
    ask("b64read 0x2000 3", "OK YWJj");
    ask("b64write 0x2001 2 eHk=", "OK");
    ask("read 0x2000 4", "OK 0x61787900");
    ask("memset 0xfffff 2 0x5a", "OK"); /* the last byte and one beyond */
    ask("readb 0xfffff", "OK 0x000000000000005a");
    ask("inb 0x70", "OK 0x00ff");
    ask("frob 1", "FAIL Unknown command 'frob'");
    ask("readl", "FAIL 'readl' takes 1 arguments");
    ask("readl x", "FAIL 'x' is not a number");
    ask("read 0 0xffffffffff", "FAIL 0xffffffffff bytes are too many");

    MsiMessage msi = { 0x3000, 0x1234 };
    accel_get()->send_msi(&msi);
    ask("readl 0x3000", "OK 0x0000000000001234");

    address_map_remove(region);
    region_free(region);
    ram_block_unref(ram);
}

static void set_pin(void *opaque, unsigned n, int level)
{
    *(int *)opaque = (int)n * 10 + level;
}

static void test_irq_and_hold(void)
{
    int pin = 0;
    Region *region = region_new_io("regs", 16, &ops, NULL);
    g_assert_true(address_map_add(address_map_io(), region, 0x100, NULL));
    qtest_offer_irq_inputs("/machine/ioapic", 24, set_pin, &pin);

    ask("outb 0x103 1", "OK"); /* nobody has asked for interrupts */
    ask("irq_intercept_in none", "FAIL Unknown device 'none'");
    ask("irq_intercept_in ioapic", "OK");
    ask("outb 0x103 1", "IRQ raise 3");
    expect("OK");
    ask("inb 0x103", "IRQ lower 3");
    expect("OK 0x0043");
    ask("set_irq_in ioapic unnamed-gpio-in 7 1", "OK");
    ask("set_irq_in ioapic unnamed-gpio-in 24 1", "FAIL 'ioapic' has no input 24");
    ask("set_irq_in ioapic unnamed-gpio-in 0x100000007 1",
        "FAIL 'ioapic' has no input 0x100000007");
    g_assert_cmpint(pin, ==, 71);

    /* A held access: no reply and no further command until it is released. */
    say("outb 0x100 0xff\ninb 0x101\n");
    while (!held) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    for (int i = 0; i < 5; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    char c;
    g_assert_cmpint(recv(peer, &c, 1, MSG_DONTWAIT), ==, -1);
    access_release(held);
    expect("OK");
    expect("OK 0x0041");

    address_map_remove(region);
    region_free(region);
}

static void tick(void *opaque)
{
    (*(int *)opaque)++;
}

static void test_clock(void)
{
    int ticks = 0;
    Timer *timer = timer_new(event_loop_main(), CLOCK_TYPE_VIRTUAL, tick, &ticks);
    timer_arm(timer, 1000);
    ask("clock_step 999", "OK 999");
    g_assert_cmpint(ticks, ==, 0);
    ask("clock_step", "OK 1000");
    g_assert_cmpint(ticks, ==, 1);
    ask("clock_step", "OK 1000"); /* nothing is armed */
    ask("clock_set 5000", "OK 5000");
    ask("clock_step 0xffffffffffffffff", "FAIL the clock cannot go that far");
    timer_free(timer);
}

/* The run state: events in order, with their data. */
static GString *events;
static int resets;

static void on_event(const char *name, ConfigNode *data, void *opaque)
{
    g_string_append(events, name);
    if (data) {
        g_string_append_printf(events, "(%d,%s)",
                               config_node_bool(config_map_peek(data, "guest")),
                               config_map_string(data, "reason"));
    }
    g_string_append_printf(events, "[%s] ", run_state_name(run_state_get()));
}

static void on_reset(void *opaque)
{
    resets++;
    event_loop_post(event_loop_main(), (EventFn)vm_reset_done, NULL);
}

static void expect_events(const char *text)
{
    while (strlen(events->str) < strlen(text)) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    g_assert_cmpstr(events->str, ==, text);
    g_string_truncate(events, 0);
}

static void *asks_from_thread(void *opaque)
{
    vm_request_internal_error("test");
    return NULL;
}

static void test_run_state(void)
{
    events = g_string_new(NULL);
    vm_event_subscribe(on_event, NULL);
    vm_set_reset_handler(on_reset, NULL);
    vm_set_action(ACTION_SHUTDOWN, SHUTDOWN_ACTION_PAUSE);
    g_assert_cmpint(run_state_get(), ==, RUN_STATE_PRELAUNCH);
    vm_start();
    vm_start();
    expect_events("RESUME[running] ");
    vm_request_reset(SHUTDOWN_HOST_QMP_SYSTEM_RESET);
    vm_request_reset(SHUTDOWN_GUEST_RESET);
    expect_events("RESET(0,host-qmp-system-reset)[running] ");
    g_assert_cmpint(resets, ==, 1);
    vm_stop(RUN_STATE_PAUSED);
    vm_stop(RUN_STATE_PAUSED);
    expect_events("STOP[paused] ");
    vm_request_powerdown();
    expect_events("POWERDOWN[paused] ");
    vm_start();
    vm_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN);
    expect_events("RESUME[running] SHUTDOWN(1,guest-shutdown)[running] STOP[shutdown] ");
    g_assert_true(run_state_needs_reset());
    vm_request_reset(SHUTDOWN_HOST_QMP_SYSTEM_RESET);
    expect_events("RESET(0,host-qmp-system-reset)[shutdown] ");
    g_assert_cmpint(run_state_get(), ==, RUN_STATE_PRELAUNCH);
    vm_start();
    g_thread_join(thread_try_start("worker", "asks", asks_from_thread, NULL, NULL));
    expect_events("RESUME[running] STOP[internal-error] ");

    vm_set_action(ACTION_SHUTDOWN, SHUTDOWN_ACTION_POWEROFF);
    vm_set_action(ACTION_REBOOT, REBOOT_ACTION_SHUTDOWN);
    vm_start();
    vm_request_reset(SHUTDOWN_GUEST_RESET);
    event_loop_run(event_loop_main()); /* ends: -no-reboot */
    expect_events("RESUME[running] SHUTDOWN(1,guest-reset)[running] ");
    vm_event_unsubscribe(on_event, NULL);
    g_string_free(events, TRUE);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ConfigNode) node = config_map_new();
    int fds[2];
    g_test_init(&argc, &argv, NULL);
    event_init();
    config_map_set(node, "accel", config_string_new("qtest"));
    g_assert_false(
        qtest_server_start("fd:0", NULL, &error)); /* not with this accelerator */
    g_clear_error(&error);
    g_assert_true(accel_init(node, &error));
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_autofree char *address = g_strdup_printf("fd:%d", fds[1]);
    g_assert_true(qtest_server_start(address, NULL, &error));
    peer = fds[0];
    g_test_add_func("/accel/qtest/commands", test_commands);
    g_test_add_func("/accel/qtest/irq", test_irq_and_hold);
    g_test_add_func("/accel/qtest/clock", test_clock);
    g_test_add_func("/accel/run-state", test_run_state);
    int status = g_test_run();
    qtest_server_stop();
    close(peer);
    return status;
}
