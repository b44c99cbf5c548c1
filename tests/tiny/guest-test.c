/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole emulator with tiny guests on /dev/kvm: boot, SMP, reset, pause, and a
 * migration between two processes. Skipped where there is no /dev/kvm.
 */
#include "tests/device/qtest.h"

#include <string.h>
#include <unistd.h>

static const char *build_dir(void)
{
    const char *dir = g_getenv("builddir");
    return dir ? dir : ".";
}

static QTest *boot_on(const char *machine, const char *guest, const char *command_line,
                      const char *more)
{
    return qtest_start_kvm("-machine %s -m 64M -nodefaults -kernel "
                           "%s/tests/tiny/%s.elf -append '%s' %s",
                           machine, build_dir(), guest, command_line, more);
}

static QTest *boot(const char *guest, const char *command_line, const char *more)
{
    return boot_on("microvm", guest, command_line, more);
}

static void ok(QTest *q, const char *command)
{
    json_node_unref(qtest_qmp_ok(q, "{\"execute\": \"%s\"}", command));
}

static void test_hello(void)
{
    QTest *q = boot("hello", "", "");
    g_autofree char *said = qtest_serial(q, "tiny: hello\n");
    g_assert_cmpstr(said, ==, "tiny: hello\n");
    qtest_stop(q);
}

/* Who has no kvmclock is told the rate of the TSC, at each boot. */
static void test_tsc_told(void)
{
    QTest *q = boot("hello", "no-kvmclock", "");
    g_free(qtest_serial(q, "tiny: hello\ntiny: TSC told\n"));
    ok(q, "system_reset");
    g_autofree char *said =
        qtest_serial(q, "tiny: hello\ntiny: TSC told\ntiny: hello\ntiny: TSC told\n");
    g_assert_null(strstr(said, "BAD"));
    qtest_stop(q);

    q = boot("hello", "no-kvmclock fault=1", "-machine auto-kernel-cmdline=off");
    g_autofree char *twice = qtest_serial(q, "tiny: hello\ntiny: hello\n");
    g_assert_null(strstr(twice, "TSC"));
    qtest_stop(q);
}

/* Levels of the topology, of the host's CPU and of a model; who shares a model's cache.
 */
static void test_topology(void)
{
    static const struct {
        const char *cpu, *leaves;
    } rows[] = {
        { "host", "cpuid 0000000b 00000000 00000001 00000002 00000100 00000000\n"
                  "cpuid 0000000b 00000001 00000003 00000008 00000201 00000000\n"
                  "cpuid 0000000b 00000002 00000000 00000000 00000002 00000000\n" },
        { "host", "cpuid 0000001f 00000000 00000001 00000002 00000100 00000000\n"
                  "cpuid 0000001f 00000001 00000002 00000004 00000201 00000000\n"
                  "cpuid 0000001f 00000002 00000003 00000008 00000502 00000000\n"
                  "cpuid 0000001f 00000003 00000000 00000000 00000003 00000000\n" },
        { "Penryn,level=31", "cpuid 0000001f 00000002 00000003 00000008 00000502 "
                             "00000000\n" },
        { "Penryn,vendor=GenuineIntel",
          "cpuid 00000004 00000000 0c004121 01c0003f 0000003f 00000001\n"
          "cpuid 00000004 00000001 0c004122 01c0003f 0000003f 00000001\n"
          "cpuid 00000004 00000002 0c004143 03c0003f 00000fff 00000001\n"
          "cpuid 00000004 00000003 0c00c163 03c0003f 00003fff 00000006\n" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *more = g_strdup_printf(
            "-cpu %s,check=off -smp 16,sockets=2,dies=2,cores=2,threads=2", rows[i].cpu);
        QTest *q = boot("cpuid", "", more);
        g_autofree char *said = qtest_serial(q, "cpuid done\n");

        if (!strstr(said, rows[i].leaves)) {
            g_error("-cpu %s: %s is not in %s", rows[i].cpu, rows[i].leaves, said);
        }
        qtest_stop(q);
    }
}

static void test_paused_at_start(void)
{
    QTest *q = boot("hello", "", "-S");
    g_autofree char *silent = qtest_serial(q, NULL);
    g_assert_cmpstr(silent, ==, "");
    ok(q, "cont");
    g_free(qtest_serial(q, "tiny: hello\n"));
    qtest_stop(q);
}

static void test_smp(void)
{
    QTest *q = boot("smp", "cpus=3", "-smp 3");
    g_free(qtest_serial(q, "tiny: cpus 3\n"));
    g_autoptr(JsonNode) cpus = qtest_qmp_ok(q, "{\"execute\": \"query-cpus-fast\"}");
    g_assert_cmpuint(json_array_get_length(json_node_get_array(cpus)), ==, 3);
    qtest_stop(q);
}

/* A triple fault resets; with -no-reboot it ends the VM. */
static void test_triple_fault(void)
{
    QTest *q = boot("hello", "fault=1", "");
    g_free(qtest_serial(q, "tiny: hello\ntiny: hello\n"));
    json_object_unref(qtest_event_wait(q, "RESET"));
    qtest_stop(q);

    q = boot("hello", "fault=1", "-no-reboot -S"); /* it must not end before we listen */
    ok(q, "cont");
    g_autoptr(JsonObject) event = qtest_event_wait(q, "SHUTDOWN");
    JsonObject *data = json_object_get_object_member(event, "data");
    g_assert_true(json_object_get_boolean_member(data, "guest"));
    g_assert_cmpint(qtest_wait_exit(q), ==, 0);
}

static void test_reset(void)
{
    QTest *q = boot("smp", "cpus=2", "-smp 2");
    g_free(qtest_serial(q, "tiny: cpus 2\n"));
    ok(q, "system_reset");
    g_free(qtest_serial(q, "tiny: cpus 2\ntiny: cpus 2\n"));
    qtest_stop(q);
}

/*
 * The second processor asks for it by the reset register and by triple faults with
 * caches on and off, and is started anew; nor does an INIT on its way to the
 * first one reach it after the reset.
 */
static void test_reset_by_other(void)
{
    QTest *q = boot("reset", "rounds=3", "-smp 2");
    g_autofree char *said = qtest_serial(q, "tiny: all 12\n");
    g_assert_null(strstr(said, "BAD"));
    qtest_stop(q);
}

/* The number of the last complete "tiny: round N" line. */
static guint64 last_round(const char *text)
{
    guint64 round = 0;
    for (const char *p = text; (p = strstr(p, "round ")) && strchr(p, '\n'); p++) {
        round = g_ascii_strtoull(p + 6, NULL, 10);
    }
    return round;
}

static void test_pause(void)
{
    QTest *q = boot("dirty", "mib=1 hot=1 print=500", "");
    g_free(qtest_serial(q, "round 500\n"));
    for (int i = 0; i < 20; i++) {
        ok(q, "stop");
        ok(q, "cont");
    }
    ok(q, "stop");
    g_autofree char *before = qtest_serial(q, NULL);
    ok(q, "query-status");
    g_autofree char *after = qtest_serial(q, NULL);
    g_assert_cmpstr(before, ==, after);
    ok(q, "cont");
    g_autofree char *next =
        g_strdup_printf("round %" G_GUINT64_FORMAT "\n", last_round(after) + 500);
    g_free(qtest_serial(q, next));
    qtest_stop(q);
}

static void wait_migrated(QTest *q)
{
    for (;;) {
        g_autoptr(JsonNode) node = qtest_qmp_ok(q, "{\"execute\": \"query-migrate\"}");
        const char *status =
            json_object_get_string_member(json_node_get_object(node), "status");
        g_assert_cmpstr(status, !=, "failed");
        if (g_str_equal(status, "completed")) {
            return;
        }
        g_usleep(1000); /* as management layers do it */
    }
}

/* The counter goes on in the other process, where the first one left it. */
static void test_migrate(void)
{
    QTest *from = boot("dirty", "mib=8 hot=64 print=200", "-smp 2");
    g_free(qtest_serial(from, "round 200\n"));
    g_autofree char *socket = g_build_filename(qtest_dir(from), "migrate", NULL);
    g_autofree char *incoming = g_strdup_printf("-smp 2 -incoming unix:%s", socket);
    QTest *to = boot("dirty", "mib=8 hot=64 print=200", incoming);
    json_node_unref(qtest_qmp_ok(
        from, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:%s\"}}",
        socket));
    wait_migrated(from);
    g_autofree char *before = qtest_serial(from, NULL);
    /* The line in which it was stopped may be here with one half, there with the other.
     */
    g_autofree char *next =
        g_strdup_printf("round %" G_GUINT64_FORMAT "\n", last_round(before) + 400);
    g_autofree char *said = qtest_serial(to, next);
    g_assert_null(strstr(said, "filled")); /* it went on, it did not start again */
    /* And it can still be reset to its beginning. */
    ok(to, "system_reset");
    g_free(qtest_serial(to, "filled"));
    qtest_stop(from);
    qtest_stop(to);
}

/* An operator's NMI, on all vCPUs: one polls, others sleep; then while all are stopped.
 */
static void test_nmi(gconstpointer machine)
{
    QTest *q = boot_on(machine, "nmi", "cpus=3", "-smp 3");
    g_free(qtest_serial(q, "tiny: ready\n"));
    ok(q, "inject-nmi");
    g_free(qtest_serial(q, "tiny: ready\ntiny: nmi\n"));
    ok(q, "system_reset");
    g_free(qtest_serial(q, "tiny: nmi\ntiny: ready\n"));
    ok(q, "stop");
    ok(q, "inject-nmi");
    ok(q, "cont");
    g_free(qtest_serial(q, "tiny: ready\ntiny: nmi\ntiny: ready\ntiny: nmi\n"));
    qtest_stop(q);
}

/* The q35: start, all processors, resets of the host's and the guest's, power-off. */
static void test_q35(void)
{
    QTest *q = boot_on("q35", "smp", "cpus=3", "-smp 3");
    g_free(qtest_serial(q, "tiny: cpus 3\n"));
    ok(q, "system_reset");
    g_free(qtest_serial(q, "tiny: cpus 3\ntiny: cpus 3\n"));
    qtest_stop(q);

    q = boot_on("q35", "hello", "fault=1", "");
    g_free(qtest_serial(q, "tiny: hello\ntiny: hello\n"));
    json_object_unref(qtest_event_wait(q, "RESET"));
    qtest_stop(q);

    q = boot_on("q35", "hello", "sleep=1540",
                "-S"); /* it must not end before we listen */
    ok(q, "cont");
    g_autoptr(JsonObject) event = qtest_event_wait(q, "SHUTDOWN");
    JsonObject *data = json_object_get_object_member(event, "data");
    g_assert_true(json_object_get_boolean_member(data, "guest"));
    g_assert_cmpstr(json_object_get_string_member(data, "reason"), ==, "guest-shutdown");
    g_assert_cmpint(qtest_wait_exit(q), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (access("/dev/kvm", R_OK | W_OK) < 0) {
        g_printerr("skipped: no /dev/kvm\n");
        return 77;
    }
    g_test_add_func("/tiny/hello", test_hello);
    g_test_add_func("/tiny/tsc-told", test_tsc_told);
    g_test_add_func("/tiny/topology", test_topology);
    g_test_add_func("/tiny/paused-at-start", test_paused_at_start);
    g_test_add_func("/tiny/smp", test_smp);
    g_test_add_func("/tiny/triple-fault", test_triple_fault);
    g_test_add_func("/tiny/reset", test_reset);
    g_test_add_func("/tiny/reset-by-other", test_reset_by_other);
    g_test_add_func("/tiny/pause", test_pause);
    g_test_add_func("/tiny/migrate", test_migrate);
    g_test_add_data_func("/tiny/nmi/microvm", "microvm", test_nmi);
    g_test_add_data_func("/tiny/nmi/q35", "q35", test_nmi);
    g_test_add_func("/tiny/q35", test_q35);
    return g_test_run();
}
