/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capabilities/: hosts made of files, and what is said of them. */
#include <glib/gstdio.h>
#include <string.h>

#include "capabilities/capabilities.h"

static void G_GNUC_PRINTF(3, 4)
    put(const char *root, const char *name, const char *format, ...)
{
    g_autofree char *path = g_build_filename(root, name, NULL);
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    g_remove(path);
}

static char *new_root(void)
{
    g_autoptr(GError) error = NULL;
    char *root = g_dir_make_tmp("vireo-host-XXXXXX", &error);

    g_assert_no_error(error);
    return root;
}

static void put_cpuinfo(const char *root, guint count)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < count; i++) {
        g_string_append_printf(text,
                               "processor\t: %u\nvendor_id\t: AuthenticAMD\n"
                               "cpu family\t: 25\nmodel\t\t: 1\nmodel name\t: EPYC : x\n"
                               "stepping\t: 2\nmicrocode\t: 0xa0011d5\n"
                               "cpu MHz\t\t: 2445.406\nphysical id\t: 0\n"
                               "core id\t\t: %u\nflags\t\t: fpu svm\n\n",
                               i, i);
    }
    put(root, "proc/cpuinfo", "%s", text->str);
    put(root, "proc/meminfo", "MemTotal:       16384000 kB\nMemFree:  1 kB\n");
}

/* 2 sockets x 2 cores x 2 threads; threads of a core are 4 apart; a cell per socket. */
static void put_numa(const char *root)
{
    for (guint i = 0; i < 8; i++) {
        g_autofree char *base =
            g_strdup_printf("sys/devices/system/cpu/cpu%u/topology/", i);
        g_autofree char *package = g_strconcat(base, "physical_package_id", NULL);
        g_autofree char *core = g_strconcat(base, "core_id", NULL);
        g_autofree char *siblings = g_strconcat(base, "thread_siblings_list", NULL);

        put(root, package, "%u\n", i % 4 / 2);
        put(root, core, "%u\n", i % 2);
        put(root, siblings, "%u,%u\n", i % 4, i % 4 + 4);
    }
    put(root, "sys/devices/system/node/online", "0-1\n");
    for (guint i = 0; i < 2; i++) {
        g_autofree char *base = g_strdup_printf("sys/devices/system/node/node%u/", i);
        g_autofree char *memory = g_strconcat(base, "meminfo", NULL);
        g_autofree char *cpus = g_strconcat(base, "cpulist", NULL);
        g_autofree char *distance = g_strconcat(base, "distance", NULL);
        g_autofree char *huge =
            g_strconcat(base, "hugepages/hugepages-2048kB/nr_hugepages", NULL);

        put(root, memory, "Node %u MemTotal:       8192000 kB\n", i);
        put(root, cpus, "%s\n", i ? "2-3,6-7" : "0,1,4-5");
        put(root, distance, "%s\n", i ? "21 10" : "10 21");
        put(root, huge, "%u\n", 100);
    }
}

static const CapabilitiesFeature features[] = { { "acpi", TRUE },
                                                { "apic", FALSE },
                                                { NULL, FALSE } };
static const CapabilitiesGuest guest = {
    .emulator = "/usr/bin/vi&reo",
    .machine = "microvm-vireo-1.0",
    .machine_alias = "microvm",
    .arch = "x86_64",
    .vcpus_max = 254,
    .device_boot = TRUE,
    .guest_features = features,
    .transport = "pigeon",
};

static const CapabilitiesMachine others[] = { { "large-1.0", "large", 288 },
                                              { NULL, NULL, 0 } };

static void has(const char *xml, const char *part)
{
    if (!strstr(xml, part)) {
        g_error("no '%s' in:\n%s", part, xml);
    }
}

static void test_numa(void)
{
    CapabilitiesGuest two = guest;
    g_autofree char *root = new_root();
    g_autoptr(GError) error = NULL;
    g_autoptr(CapabilitiesHost) host = NULL;
    g_autofree char *xml = NULL;
    CapabilitiesNodeInfo info;

    put_cpuinfo(root, 8);
    put_numa(root);
    put(root, "sys/class/dmi/id/product_uuid", "C3915BB8-A1AC-4847-9E92-4A40F5CE3750\n");
    host = capabilities_host_read(root, &error);
    remove_tree(root);
    g_assert_no_error(error);
    capabilities_node_info(host, &info);
    g_assert_cmpstr(info.model, ==, "x86_64");
    g_assert_cmpuint(info.memory, ==, 16384000);
    g_assert_cmpuint(info.cpus, ==, 8);
    g_assert_cmpuint(info.mhz, ==, 2445);
    g_assert_cmpuint(info.nodes, ==, 2);
    g_assert_cmpuint(info.sockets, ==, 1);
    g_assert_cmpuint(info.cores, ==, 2);
    g_assert_cmpuint(info.threads, ==, 2);
    two.others = others;
    xml = capabilities_format(host, &two);
    has(xml, "<machine canonical='large-1.0' maxCpus='288'>large</machine>");
    has(xml, "<uuid>c3915bb8-a1ac-4847-9e92-4a40f5ce3750</uuid>");
    has(xml, "<vendor>AMD</vendor>");
    has(xml, "<microcode version='167776725'/>");
    has(xml, "<signature family='25' model='1' stepping='2'/>");
    has(xml, "<topology sockets='1' dies='1' cores='2' threads='2'/>");
    has(xml, "<cells num='2'>");
    has(xml, "<pages unit='KiB' size='4'>1996800</pages>");
    has(xml, "<pages unit='KiB' size='2048'>100</pages>");
    has(xml, "<sibling id='1' value='21'/>");
    has(xml, "<cpus num='4'>");
    has(xml, "<cpu id='7' socket_id='1' die_id='0' core_id='1' siblings='3,7'/>");
    has(xml, "<emulator>/usr/bin/vi&amp;reo</emulator>");
    has(xml, "<machine canonical='microvm-vireo-1.0' maxCpus='254'>microvm</machine>");
    has(xml, "<uri_transport>pigeon</uri_transport>");
    has(xml, "    <features>\n"
             "      <acpi default='on' toggle='no'/>\n"
             "      <apic default='on' toggle='yes'/>\n"
             "      <deviceboot/>\n"
             "    </features>\n");
}

/* Without /sys there is one cell with all CPUs. */
static void test_plain(void)
{
    g_autofree char *root = new_root();
    g_autoptr(GError) error = NULL;
    g_autoptr(CapabilitiesHost) host = NULL;
    g_autofree char *xml = NULL;
    CapabilitiesNodeInfo info;

    put_cpuinfo(root, 3);
    put(root, "etc/machine-id", "c3915bb8a1ac48479e924a40f5ce3750\n");
    put(root, "sys/class/dmi/id/product_uuid", "00000000-0000-0000-0000-000000000000\n");
    host = capabilities_host_read(root, &error);
    remove_tree(root);
    g_assert_no_error(error);
    g_assert_cmpstr(host->uuid, ==, "c3915bb8-a1ac-4847-9e92-4a40f5ce3750");
    capabilities_node_info(host, &info);
    g_assert_cmpuint(info.nodes, ==, 1);
    g_assert_cmpuint(info.cores, ==, 3);
    xml = capabilities_format(host, &guest);
    has(xml, "<cells num='1'>");
    has(xml, "<memory unit='KiB'>16384000</memory>");
    has(xml, "<cpu id='2' socket_id='0' die_id='0' core_id='2' siblings='2'/>");
}

/* Cores of unequal size: the numbers still multiply to the CPUs that there are. */
static void test_uneven(void)
{
    g_autofree char *root = new_root();
    g_autoptr(GError) error = NULL;
    g_autoptr(CapabilitiesHost) host = NULL;
    CapabilitiesNodeInfo info;

    put_cpuinfo(root, 3);
    put(root, "sys/devices/system/cpu/cpu2/topology/core_id", "0\n");
    host = capabilities_host_read(root, &error);
    remove_tree(root);
    g_assert_no_error(error);
    capabilities_node_info(host, &info);
    g_assert_cmpuint(info.nodes * info.sockets * info.cores * info.threads, ==, 3);
}

static void test_missing(void)
{
    g_autofree char *root = new_root();
    g_autoptr(GError) error = NULL;

    g_assert_null(capabilities_host_read(root, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
    has(error->message, "meminfo");
    g_clear_error(&error);
    put(root, "proc/meminfo", "MemTotal: 1 kB\n");
    put(root, "proc/cpuinfo", "cpu MHz : 1\n : \n");
    g_assert_null(capabilities_host_read(root, &error));
    has(error->message, "cpuinfo");
    remove_tree(root);
}

static void test_domain(void)
{
    g_autofree char *xml = capabilities_format_domain(&guest), *other = NULL;
    CapabilitiesGuest rich = guest;

    has(xml, "<iothreads supported='no'/>");
    has(xml, "<loader supported='no'/>");
    rich.iothreads = rich.firmware = TRUE;
    other = capabilities_format_domain(&rich);
    has(other, "<iothreads supported='yes'/>");
    has(other, "<loader supported='yes'>");
    has(xml, "<path>/usr/bin/vi&amp;reo</path>");
    has(xml, "<machine>microvm-vireo-1.0</machine>");
    has(xml, "<vcpu max='254'/>");
    has(xml, "<arch>x86_64</arch>");
}

static void test_real(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CapabilitiesHost) host = capabilities_host_read("", &error);
    CapabilitiesNodeInfo info;

    g_assert_no_error(error);
    capabilities_node_info(host, &info);
    g_assert_cmpuint(info.cpus, >, 0);
    g_assert_cmpuint(info.nodes * info.sockets * info.cores * info.threads, ==,
                     info.cpus);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capabilities/numa", test_numa);
    g_test_add_func("/capabilities/plain", test_plain);
    g_test_add_func("/capabilities/uneven", test_uneven);
    g_test_add_func("/capabilities/missing", test_missing);
    g_test_add_func("/capabilities/domain", test_domain);
    g_test_add_func("/capabilities/real", test_real);
    return g_test_run();
}
