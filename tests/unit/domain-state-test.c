/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of VMs: registry, definitions on disk, status files, cookies, URIs. */
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/cookie.h"
#include "domain/migration-params.h"
#include "domain/migration.h"
#include "domain/registry.h"
#include "domain/status.h"
#include "domain/store.h"
#include "util/hostname.h"

static const char xml[] =
    "<domain type='kvm'><name>one</name>"
    "<uuid>11111111-2222-3333-4444-555555555555</uuid><memory>65536</memory>"
    "<os><type arch='x86_64' machine='microvm-vireo-1.0'>hvm</type>"
    "<kernel>/k</kernel></os><features><acpi/></features><devices>"
    "<disk type='file' device='disk'><source file='/d.img'/>"
    "<target dev='vda' bus='virtio'/></disk></devices></domain>";

static Vm *new_vm(const char *name, guint8 byte)
{
    guint8 uuid[16] = { byte };

    return vm_new(NULL, name, uuid);
}

/* ---- registry ---- */

static void test_registry(void)
{
    Registry *registry = registry_new();
    g_autoptr(Vm) one = new_vm("one", 1), two = new_vm("two", 2);
    g_autoptr(Vm) same = new_vm("one", 1), name_clash = new_vm("one", 3);
    g_autoptr(Vm) uuid_clash = new_vm("three", 1), got = NULL, none = NULL;
    g_autoptr(GPtrArray) list = NULL;
    g_autoptr(GError) err = NULL;
    gboolean added;
    int id;

    vm_unref(registry_add(registry, one, &added, &err));
    g_assert_true(added);
    vm_unref(registry_add(registry, two, &added, &err));
    g_assert_true(added);
    got = registry_add(registry, same, &added, &err);
    g_assert_false(added);
    g_assert_true(got == one);
    g_assert_null(registry_add(registry, name_clash, &added, &err));
    g_assert_error(err, RPC_ERROR, VIR_ERR_OPERATION_FAILED);
    g_clear_error(&err);
    g_assert_null(registry_add(registry, uuid_clash, &added, &err));
    g_assert_error(err, RPC_ERROR, VIR_ERR_OPERATION_FAILED);

    id = registry_take_id(registry, one);
    g_assert_cmpint(id, ==, 1);
    g_assert_false(registry_set_id(registry, two, 1));
    g_assert_true(registry_set_id(registry, two, 7));
    vm_unref(got);
    got = registry_by_id(registry, 7);
    g_assert_true(got == two);
    registry_drop_id(registry, 7);
    g_assert_null(registry_by_id(registry, 7));
    g_assert_cmpint(registry_take_id(registry, two), ==, 8); /* never given again soon */

    list = registry_list(registry);
    g_assert_cmpint(list->len, ==, 2);
    registry_remove(registry, one);
    none = registry_by_name(registry, "one");
    g_assert_null(none);
    registry_free(registry);
}

/* ---- files ---- */

static void collect_name(const char *path, const char *name, gpointer opaque)
{
    g_string_append_printf(opaque, "%s ", name);
}

static void test_store(void)
{
    g_autofree char *dir = g_dir_make_tmp("vireo-store-XXXXXX", NULL);
    g_autofree char *path = store_path(dir, "one", ".xml"), *text = NULL;
    g_autoptr(Domain) domain = NULL, again = NULL;
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GError) err = NULL;
    struct stat st;

    domain = xml_domain_parse(xml, XML_PARSE_INACTIVE, &err);
    g_assert_no_error(err);
    g_assert_true(store_save_config(dir, domain, &err));
    g_assert_true(store_save_config(dir, domain, &err)); /* replaces */
    g_assert_no_error(err);
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    again = xml_domain_parse(text, XML_PARSE_INACTIVE, &err);
    g_assert_no_error(err);
    g_assert_cmpstr(again->name, ==, "one");
    g_assert_true(store_foreach(dir, ".xml", collect_name, names, &err));
    g_assert_cmpstr(names->str, ==, "one ");
    g_assert_true(store_remove_config(dir, "one", &err));
    g_assert_true(store_remove_config(dir, "one", &err)); /* not there: no error */
    g_assert_cmpint(g_rmdir(dir), ==, 0);                 /* nothing else was left */
    g_assert_false(store_save_config("/nonexistent", domain, &err));
    g_assert_error(err, RPC_ERROR, VIR_ERR_SYSTEM_ERROR);
}

static gboolean answer(gpointer opaque, const char *command, JsonNode **reply,
                       GError **errp)
{
    g_autofree char *text = g_strdup_printf("[{\"name\": \"%s-b\"}, {\"name\": \"a\", "
                                            "\"alias\": \"c\"}, {\"name\": 7}, 8]",
                                            command);

    *reply = json_from_string(text, NULL);
    return strcmp(command, opaque) != 0;
}

/* What an emulator has, as it is kept with a VM. */
static void test_emulator(void)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(CommandEmulator) has = command_emulator_ask(answer, (gpointer) "", &err);
    g_autoptr(JsonObject) kept = command_emulator_format(has);
    g_autoptr(JsonObject) wrong = json_object_new();
    g_autoptr(CommandEmulator) got = command_emulator_parse(kept);

    g_assert_true(command_emulator_has(has, "query-commands-b"));
    g_assert_true(command_emulator_has(got, "query-commands-b"));
    g_assert_true(command_emulator_has(got, "a"));
    g_assert_false(command_emulator_has(got, "c")); /* a machine's name only */
    g_assert_false(command_emulator_has(got, "qom-list-types-b"));
    g_assert_true(command_emulator_has(NULL, "c"));
    g_assert_null(command_emulator_parse(NULL));
    g_assert_null(command_emulator_parse(wrong));
    json_array_add_int_element(json_object_get_array_member(kept, "types"), 1);
    g_assert_null(command_emulator_parse(kept));
}

static void test_status(void)
{
    g_autoptr(Domain) domain = xml_domain_parse(xml, XML_PARSE_INACTIVE, NULL);
    g_autoptr(CommandEmulator) has = command_emulator_ask(answer, (gpointer) "", NULL);
    VmStatus status = {
        .phase = VM_PHASE_RUNNING,
        .boot_id = (char *)"boot",
        .id = 5,
        .pid = 1234,
        .job = async_job_kind("migration out"),
        .job_phase = MIGRATION_OUT_DONE,
        .job_paused = TRUE,
        .suspended = TRUE,
        .reboot_wanted = TRUE,
        .agent_seconds = 9,
        .taints = VM_TAINT_AGENT,
        .dir = (char *)"/run/x",
        .monitor_path = (char *)"/run/x/monitor.sock",
        .pidfile_path = (char *)"/run/one.pid",
        .log_path = (char *)"/log",
        .emulator = (char *)"/vireo",
        .version = (char *)"8.2.0",
        .next_node = 7,
        .has = has,
        .domain = domain,
    };
    DomainDisk *disk = domain->disks->pdata[0];
    DomainDevice plugging = { .type = DOMAIN_DEVICE_DISK, .disk = disk };
    g_autofree char *text = NULL;
    g_autoptr(VmStatus) got = NULL;
    g_autoptr(GError) err = NULL;

    domain->id = 5;
    disk->info.alias = g_strdup("virtio-disk0");
    disk->info.address.type = DOMAIN_ADDRESS_VIRTIO_MMIO;
    disk->info.address.slot = 3;
    status.plugging = &plugging;
    text = vm_status_format(&status);
    got = vm_status_parse(text, &err);
    g_assert_no_error(err);
    g_assert_cmpint(got->phase, ==, VM_PHASE_RUNNING);
    g_assert_true(got->job == &async_job_migration_out);
    g_assert_cmpuint(got->job_phase, ==, MIGRATION_OUT_DONE);
    g_assert_cmpint(got->id, ==, 5);
    g_assert_cmpint(got->pid, ==, 1234);
    g_assert_cmpuint(got->next_node, ==, 7);
    g_assert_true(command_emulator_has(got->has, "a"));
    g_assert_false(command_emulator_has(got->has, "b"));
    g_assert_true(got->job_paused);
    g_assert_true(got->suspended);
    g_assert_true(got->reboot_wanted);
    g_assert_cmpint(got->agent_seconds, ==, 9);
    g_assert_cmpuint(got->taints, ==, VM_TAINT_AGENT);
    g_assert_false(got->autodestroy);
    g_assert_cmpstr(got->monitor_path, ==, "/run/x/monitor.sock");
    g_assert_null(got->cgroup);
    g_assert_cmpint(got->plugging->type, ==, DOMAIN_DEVICE_DISK);
    g_assert_cmpstr(got->plugging->disk->info.alias, ==, "virtio-disk0");
    g_assert_cmpint(got->plugging->disk->info.address.slot, ==, 3);
    disk = got->domain->disks->pdata[0];
    g_assert_cmpstr(disk->info.alias, ==, "virtio-disk0");
    g_assert_cmpint(disk->info.address.slot, ==, 3);

    /* A note on a plug that cannot be read is no reason to lose the VM. */
    g_autoptr(GString) broken = g_string_new(text);
    g_assert_cmpuint(
        g_string_replace(broken, "\"plugging\" : \"<disk", "\"plugging\" : \"<", 1), ==,
        1);
    g_clear_pointer(&got, vm_status_free);
    got = vm_status_parse(broken->str, &err);
    g_assert_no_error(err);
    g_assert_null(got->plugging);
    g_assert_cmpint(got->id, ==, 5);
}

/* What daemons have written that knew migrations as phases of the run. */
static void test_old_status(void)
{
    static const struct {
        const char *name, *job;
        VmPhase phase;
        guint job_phase;
    } rows[] = {
        { "starting", NULL, VM_PHASE_STARTING, 0 },
        { "running", NULL, VM_PHASE_RUNNING, 0 },
        { "out-begin", "migration out", VM_PHASE_RUNNING, MIGRATION_OUT_BEGIN },
        { "out-done", "migration out", VM_PHASE_RUNNING, MIGRATION_OUT_DONE },
        { "in-prepare", "migration in", VM_PHASE_STARTING, MIGRATION_IN_PREPARE },
        { "in-finish", "migration in", VM_PHASE_RUNNING, MIGRATION_IN_FINISH },
        { "stopping", NULL, VM_PHASE_STOPPING, 0 },
    };
    g_autofree char *quoted = g_strescape(xml, "");

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(
            "{\"status-version\": 1, \"phase\": \"%s\", \"id\": 1, \"pid\": 2, "
            "\"paused\": true, \"boot-id\": \"b\", \"monitor\": \"/m\", "
            "\"pidfile\": \"/p\", \"domain\": \"%s\"}",
            rows[i].name, quoted);
        g_autoptr(GError) err = NULL;
        g_autoptr(VmStatus) got = vm_status_parse(text, &err);

        g_assert_no_error(err);
        g_assert_cmpint(got->phase, ==, rows[i].phase);
        g_assert_cmpstr(got->job ? got->job->name : NULL, ==, rows[i].job);
        g_assert_cmpuint(got->job_phase, ==, rows[i].job_phase);
        g_assert_cmpint(got->job_paused, ==, rows[i].job != NULL);
    }
}

static void test_bad_status(gconstpointer text)
{
    g_autoptr(GError) err = NULL;

    g_assert_null(vm_status_parse(text, &err));
    g_assert_nonnull(err);
}

/* ---- migration ---- */

static void test_cookie(void)
{
    MigrationCookie cookie = { .name = (char *)"one", .token = (char *)"t" };
    g_autoptr(MigrationCookie) got = NULL;
    g_autoptr(GError) err = NULL;
    g_autofree guint8 *data = NULL;
    guint32 len;

    cookie.stats.valid = TRUE;
    cookie.stats.downtime_ms = 7;
    data = migration_cookie_format(&cookie, &len);
    got = migration_cookie_parse(data, len, &err);
    g_assert_no_error(err);
    g_assert_cmpstr(got->name, ==, "one");
    g_assert_cmpstr(got->token, ==, "t");
    g_assert_null(got->domain);
    g_assert_true(got->stats.valid);
    g_assert_cmpuint(got->stats.downtime_ms, ==, 7);
    for (guint32 n = 0; n < len; n++) { /* cut off anywhere: refused, not read beyond */
        g_autofree guint8 *part = g_memdup2(data, n);

        g_assert_null(migration_cookie_parse(part, n, NULL));
    }
    data[5] = '\0';
    g_assert_null(migration_cookie_parse(data, len, &err));
    g_assert_error(err, RPC_ERROR, VIR_ERR_INVALID_ARG);
}

static void test_uri(void)
{
    static const struct {
        const char *uri, *host;
        guint port;
    } rows[] = {
        { "tcp:b:49152", "b", 49152 },
        { "tcp://b", "b", 0 },
        { "tcp://b/", "b", 0 },
        { "tcp://[::1]:5", "::1", 5 },
        { "tcp:[fe80::1]", "fe80::1", 0 },
    };
    static const char *const bad[] = { "tcp:",         "tcp://",    "tcp:b:0",
                                       "tcp:b:65536",  "tcp:b:x",   "tcp:b:1/x",
                                       "tcp:[::1",     "tcp://b/x", "rdma://b",
                                       "unix:///sock", "" };
    g_autofree char *four = migration_uri_format("b", 1);
    g_autofree char *six = migration_uri_format("::1", 1);

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *host = NULL;
        guint port;

        g_assert_true(migration_uri_parse(rows[i].uri, &host, &port, NULL));
        g_assert_cmpstr(host, ==, rows[i].host);
        g_assert_cmpuint(port, ==, rows[i].port);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *host = NULL;
        guint port;

        g_assert_false(migration_uri_parse(bad[i], &host, &port, NULL));
    }
    g_assert_cmpstr(four, ==, "tcp:b:1");
    g_assert_cmpstr(six, ==, "tcp:[::1]:1");
}

static void test_flags(void)
{
    MigrationParams params;
    g_autoptr(GError) err = NULL;

    g_assert_true(migration_params_read(NULL, 0, VIR_MIGRATE_LIVE, &params, NULL));
    g_assert_false(migration_params_read(NULL, 0, VIR_MIGRATE_POSTCOPY, &params, &err));
    g_assert_error(err, RPC_ERROR, VIR_ERR_ARGUMENT_UNSUPPORTED);
    g_assert_nonnull(strstr(err->message, "post-copy"));
    g_clear_error(&err);
    g_assert_false(migration_params_read(NULL, 0, 1u << 30, &params, &err));
    g_assert_error(err, RPC_ERROR, VIR_ERR_INVALID_ARG);
}

static void test_hostname(void)
{
    static const struct {
        const char *name;
        gboolean ok;
    } rows[] = { { NULL, FALSE },          { "", FALSE },
                 { "localhost", FALSE },   { "localhost.localdomain", FALSE },
                 { "host", TRUE },         { "localhosts", TRUE },
                 { "h.example.org", TRUE } };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_cmpint(migration_check_hostname(rows[i].name, &err), ==, rows[i].ok);
        g_assert_cmpint(err != NULL, ==, !rows[i].ok);
        g_assert_true(rows[i].ok || strstr(err->message, "--migrateuri"));
        /* A host of that name, where the test may make one; no resolver is asked. */
        if (rows[i].name &&
            (strchr(rows[i].name, '.') || g_str_has_prefix(rows[i].name, "localhost")) &&
            unshare(CLONE_NEWUTS) == 0 &&
            sethostname(rows[i].name, strlen(rows[i].name)) == 0) {
            g_autofree char *name = driver_hostname();

            g_assert_cmpstr(name, ==, rows[i].name);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name, *text;
    } bad[] = {
        { "empty", "" },
        { "not-json", "<domain/>" },
        { "array", "[]" },
        { "version", "{\"status-version\": 99}" },
        { "no-domain", "{\"status-version\": 1, \"phase\": \"running\", \"id\": 1, "
                       "\"pid\": 2}" },
        { "types", "{\"status-version\": 1, \"phase\": 1, \"id\": \"1\", \"pid\": {}, "
                   "\"domain\": []}" },
        { "job", "{\"status-version\": 1, \"phase\": \"running\", \"id\": 1, \"pid\": "
                 "2, \"domain\": \"\", \"job\": {\"kind\": \"dance\"}}" },
        { "job-phase",
          "{\"status-version\": 1, \"phase\": \"running\", \"id\": 1, \"pid\": 2, "
          "\"domain\": \"\", \"job\": {\"kind\": \"migration in\", \"phase\": "
          "\"done\"}}" },
        { "job-type", "{\"status-version\": 1, \"phase\": \"running\", \"id\": 1, "
                      "\"pid\": 2, \"domain\": \"\", \"job\": 7}" },
        { "deep", "[[[[[[[[[[[[[[[[[[" },
    };

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain/registry", test_registry);
    g_test_add_func("/domain/store", test_store);
    g_test_add_func("/domain/status", test_status);
    g_test_add_func("/domain/emulator", test_emulator);
    g_test_add_func("/domain/old-status", test_old_status);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = g_strdup_printf("/domain/bad-status/%s", bad[i].name);

        g_test_add_data_func(path, bad[i].text, test_bad_status);
    }
    g_test_add_func("/domain/cookie", test_cookie);
    g_test_add_func("/domain/uri", test_uri);
    g_test_add_func("/domain/hostname", test_hostname);
    g_test_add_func("/domain/flags", test_flags);
    return g_test_run();
}
