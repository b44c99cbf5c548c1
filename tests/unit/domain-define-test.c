/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A definition that is written for the first time, and what happens meanwhile. */
#include <glib/gstdio.h>
#include <string.h>

#include "domain/define.h"
#include "domain/registry.h"
#include "util/paths.h"

#define UNREAD "what the daemon could not read"

static const char xml[] =
    "<domain type='kvm'><name>one</name>"
    "<uuid>11111111-2222-3333-4444-555555555555</uuid><memory>65536</memory>"
    "<os><type arch='x86_64' machine='microvm-vireo-1.0'>hvm</type>"
    "<kernel>/k</kernel></os></domain>";

typedef struct Daemon {
    char *root, *file; /* the definition's */
    DriverPaths *paths;
    RpcServer *server;
    Driver *driver;
} Daemon;

static void daemon_open(Daemon *d)
{
    g_autoptr(GError) err = NULL;

    d->root = g_dir_make_tmp("vireo-define-XXXXXX", &err);
    g_assert_no_error(err);
    d->paths = driver_paths_new(d->root, "/usr/share");
    g_assert_true(driver_paths_create(d->paths, &err));
    d->file = g_build_filename(d->paths->config_dir, "one.xml", NULL);
    d->server = rpc_server_new();
    d->driver = driver_new(d->paths, d->server, "/nowhere/vireo");
}

static void daemon_close(Daemon *d)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", d->root);

    g_assert_true(driver_stop(d->driver, 30000));
    g_assert_true(rpc_server_stop(d->server, 30000));
    driver_free(d->driver);
    rpc_server_free(d->server);
    driver_paths_free(d->paths);
    g_assert_cmpint(system(command), ==, 0);
    g_free(d->root);
    g_free(d->file);
}

static Domain *domain_one(const char *title)
{
    g_autoptr(GError) err = NULL;
    Domain *domain = xml_domain_parse(xml, XML_PARSE_STORED, &err);

    g_assert_no_error(err);
    domain->title = g_strdup(title);
    return domain;
}

/* As vm_define() does first; the file follows. */
static Vm *begin(Daemon *d)
{
    g_autoptr(Domain) domain = domain_one("begun");
    g_autoptr(GError) err = NULL;
    gboolean added;
    Vm *vm = vm_find_or_add(d->driver, domain, VM_ADD_CONFIG, &added, &err);

    g_assert_true(vm && added);
    return vm;
}

static void assert_file(Daemon *d, const char *text)
{
    g_autofree char *got = NULL;

    g_assert_true(g_file_get_contents(d->file, &got, NULL, NULL));
    g_assert_nonnull(strstr(got, text));
}

/* Who is second does not take the first one's word for what is in the file. */
static void test_unread(void)
{
    g_autoptr(Vm) first = NULL, second = NULL, left = NULL;
    g_autoptr(GError) err = NULL;
    Daemon d;

    daemon_open(&d);
    g_assert_true(g_file_set_contents(d.file, UNREAD, -1, NULL));
    first = begin(&d);
    g_assert_false(vm_undefine(first, 0, &err));
    g_assert_error(err, RPC_ERROR, VIR_ERR_OPERATION_INVALID);
    g_clear_error(&err);
    second = vm_define(d.driver, domain_one("second"), NULL, &err);
    g_assert_null(second);
    g_assert_error(err, RPC_ERROR, VIR_ERR_OPERATION_FAILED);
    g_assert_nonnull(strstr(err->message, "could not be read"));
    assert_file(&d, UNREAD);
    left = registry_by_name(d.driver->registry, "one");
    g_assert_null(left);
    daemon_close(&d);
}

/* What the second one has written is known; the first one replaces it. */
static void test_both(void)
{
    g_autoptr(Vm) first = NULL, second = NULL, again = NULL;
    g_autoptr(GError) err = NULL;
    Daemon d;

    daemon_open(&d);
    first = begin(&d);
    second = vm_define(d.driver, domain_one("second"), NULL, &err);
    g_assert_no_error(err);
    g_assert_true(second == first);
    assert_file(&d, "second");
    again = vm_define(d.driver, domain_one("third"), NULL, &err);
    g_assert_true(again == first);
    assert_file(&d, "third");
    g_assert_true(vm_undefine(first, 0, &err));
    g_assert_false(g_file_test(d.file, G_FILE_TEST_EXISTS));
    daemon_close(&d);
}

/* A definition that is read at last is taken, unless there is one already. */
static void test_loaded(void)
{
    g_autoptr(Vm) first = NULL, later = NULL;
    g_autoptr(GError) err = NULL;
    Daemon d;

    daemon_open(&d);
    first = begin(&d);
    g_assert_true(vm_define_loaded(d.driver, domain_one("loaded"), &err));
    g_assert_cmpstr(first->config->domain->title, ==, "loaded");
    g_assert_true(vm_define_loaded(d.driver, domain_one("late"), &err));
    g_assert_cmpstr(first->config->domain->title, ==, "loaded");
    later = vm_define(d.driver, domain_one("later"), NULL, &err);
    g_assert_no_error(err);
    g_assert_true(later == first);
    assert_file(&d, "later");
    daemon_close(&d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain/define/unread", test_unread);
    g_test_add_func("/domain/define/both", test_both);
    g_test_add_func("/domain/define/loaded", test_loaded);
    return g_test_run();
}
