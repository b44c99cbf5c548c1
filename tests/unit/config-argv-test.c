/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines: what they become, and how bad ones are refused. */
#include "config.h"

#include "config/argv.h"
#include "config/boot.h"
#include "config/dialect.h"
#include "config/internal.h"

#include <string.h>

#define MAX_ARGS 64

/* Arguments are separated by blanks (none of ours contains one). */
static ConfigNode *parse_as(const char *program, const char *line, GError **errp)
{
    g_autofree char *text = g_strdup_printf("%s %s", program, line);
    g_auto(GStrv) argv = g_strsplit(g_strstrip(text), " ", MAX_ARGS);

    return config_parse_argv(g_strv_length(argv), argv, errp);
}

static ConfigNode *parse(const char *line)
{
    g_autoptr(GError) error = NULL;
    ConfigNode *tree = parse_as("vireo", line, &error);

    g_assert_no_error(error);
    return tree;
}

/* The value at a path: "device.0.driver". */
static char *at(ConfigNode *tree, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, ".", -1);
    ConfigNode *node = tree;

    for (guint i = 0; parts[i] && node; i++) {
        if (config_node_type(node) == CONFIG_LIST) {
            guint n = strtoul(parts[i], NULL, 10);

            node = n < config_list_size(node) ? config_list_at(node, n) : NULL;
        } else if (config_node_type(node) == CONFIG_MAP) {
            node = config_map_peek(node, parts[i]);
        } else {
            node = NULL;
        }
    }
    return node ? config_node_describe(node) : g_strdup("(none)");
}

static void test_good(void)
{
    static const struct {
        const char *line, *path, *value;
    } rows[] = {
        { "", "memory.size", "134217728" },
        { "", "machine.type", "q35" },
        { "-no-reboot", "action.reboot", "shutdown" },
        { "-nic user", "device.0.driver", "e1000" },
        { "-nic user", "device.0.netdev", "nic0-netdev" },
        { "-nic user", "netdev.0.id", "nic0-netdev" },
        { "-nic model=virtio,mac=52:54:00:00:00:01", "netdev.0.type", "user" },
        { "-nic model=virtio,mac=52:54:00:00:00:01", "device.0.mac",
          "52:54:00:00:00:01" },
        { "-nic model=virtio", "device.0.driver", "virtio-net-pci" },
        { "-nic model=virtio -M microvm", "device.0.driver", "virtio-net-device" },
        { "-nic tap,id=t,ifname=x -M microvm", "device.0.driver", "virtio-net-device" },
        { "-nic tap,id=t,ifname=x", "device.0.netdev", "t" },
        { "-nic user -nic user", "device.1.netdev", "nic1-netdev" },
        { "-nic user,hostfwd=a,hostfwd=b", "netdev.0.hostfwd.1", "b" },
        { "-nic user", "nic", "(none)" },
        { "-nic user", "cable", "(none)" },
        { "-device a -nic user -device b", "device.0.driver", "e1000" },
        { "-device a -nic user -device b", "device.2.driver", "b" },
        { "-net nic,model=e1000 -net user,host=10.0.2.10,hostfwd=x", "device.0.driver",
          "e1000" },
        { "-net nic -net user,host=10.0.2.10,hostfwd=x", "netdev.0.hostfwd.0", "x" },
        { "-net nic -net user", "device.0.netdev", "hub0-netdev" },
        { "-net user,name=n -net nic,macaddr=52:54:00:00:00:01,addr=5", "device.0.netdev",
          "n" },
        { "-net user -net nic,macaddr=52:54:00:00:00:01,name=c", "device.0.mac",
          "52:54:00:00:00:01" },
        { "-net user -net nic,name=c", "device.0.id", "c" },
        { "-net nic,netdev=x,model=y -net user -net nic", "device.0.netdev", "x" },
        { "-net nic,netdev=x,model=y -net user -net nic", "device.1.netdev",
          "hub0-netdev" },
        { "-netdev user,id=n,dnssearch=a,dnssearch=b", "netdev.0.dnssearch.1", "b" },
        { "-no-reboot -action reboot=reset", "action.reboot", "reset" },
        { "-action shutdown=poweroff -no-shutdown", "action.shutdown", "pause" },
        { "-watchdog-action pause", "action.watchdog", "pause" },
        { "", "cpu.model", "host" },
        { "", "accel.accel", "kvm" },
        { "-M none", "machine.type", "none" },
        { "-machine microvm,acpi=on", "machine.acpi", "on" },
        { "-machine none,accel=kvm:tcg", "accel.accel", "kvm" },
        { "-machine none,accel=kvm:tcg", "machine.accel", "(none)" },
        { "-machine accel=kvm -accel qtest", "accel.accel", "qtest" },
        { "-machine x -machine y", "machine.type", "y" },
        { "-accel kvm,x-without=KVM_CAP_IRQFD", "accel.x-without", "KVM_CAP_IRQFD" },
        { "-accel kvm,device=/dev/fdset/3", "accel.device", "/dev/fdset/3" },
        { "-sandbox on,files=deny", "sandbox.files", "deny" },
        { "-cpu host,migratable=on,+x2apic", "cpu.+x2apic", "on" },
        { "-enable-kvm", "accel.accel", "kvm" },
        { "-m 512", "memory.size", "536870912" },
        { "-m 1G", "memory.size", "1073741824" },
        { "-m size=524288k", "memory.size", "536870912" },
        { "-m size=1G,slots=2,maxmem=4G", "memory.maxmem", "4G" },
        { "-m 5k", "memory.size", "8192" },
        { "-smp 4", "smp.cores", "4" },
        { "-smp 4", "smp.maxcpus", "4" },
        { "-smp 2,sockets=2,cores=1,threads=1", "smp.sockets", "2" },
        { "-smp 2,maxcpus=8,cores=2", "smp.sockets", "4" },
        { "-smp 2,maxcpus=8,cores=2", "smp.cpus", "2" },
        { "-smp sockets=2,cores=3", "smp.cpus", "6" },
        { "-smp 2,sockets=1,dies=1,clusters=1,cores=2,threads=1", "smp.clusters", "1" },
        { "-kernel k --initrd i -append x=y,z", "append", "x=y,z" },
        { "--initrd i", "initrd", "i" },
        { "-object iothread,id=io1 -object {\"qom-type\":\"iothread\",\"id\":\"b\"}",
          "object.1.id", "b" },
        { "-device virtio-blk-device,drive=d,serial=a,,b", "device.0.serial", "a,b" },
        { "-device {\"driver\":\"x\",\"n\":3}", "device.0.n", "3" },
        { "-chardev pty,id=c", "chardev.0.backend", "pty" },
        { "-chardev socket,id=c,path=/s,server,nowait", "chardev.0.wait", "off" },
        { "-mon c,mode=control", "mon.0.chardev", "c" },
        { "-netdev tap,id=n,fd=3", "netdev.0.type", "tap" },
        { "-blockdev file,node-name=f,filename=x,cache.direct=on",
          "blockdev.0.cache.direct", "on" },
        { "-qmp unix:/s,server=on,wait=off", "chardev.0.path", "/s" },
        { "-qmp unix:/s,server=on,wait=off", "mon.0.chardev", "compat_monitor0" },
        { "-qmp-pretty stdio", "mon.0.pretty", "true" },
        { "-qmp tcp:[::1]:4444,server=on", "chardev.0.host", "::1" },
        { "-qmp tcp:localhost:4444,server=on", "chardev.0.port", "4444" },
        { "-serial stdio", "chardev.0.id", "serial0" },
        { "-echr 0x14", "echr", "20" },
        { "-serial mon:stdio", "chardev.0.mux", "true" },
        { "-serial mon:stdio", "chardev.0.signal", "false" },
        { "-serial mon:pipe:/p", "chardev.0.path", "/p" },
        { "-serial mon:stdio", "mon.0.chardev", "serial0" },
        { "-serial mon:stdio", "mon.0.mode", "readline" },
        { "-serial none", "serial.0.chardev", "(none)" },
        { "-serial none", "chardev", "(none)" },
        { "-serial chardev:c", "serial.0.chardev", "c" },
        { "-serial chardev:c", "chardev", "(none)" },
        { "-serial file:/x -serial pty", "chardev.1.id", "serial1" },
        { "-serial file,path=/x", "chardev.0.path", "/x" },
        { "-serial socket,path=/x,server,nowait", "chardev.0.backend", "socket" },
        { "-nographic", "chardev.0.backend", "stdio" },
        { "-nographic -nodefaults", "serial", "(none)" },
        { "-nographic -serial none", "chardev", "(none)" },
        { "-monitor none", "mon", "(none)" },
        { "-monitor stdio", "mon.0.mode", "readline" },
        { "-monitor unix:m,server,nowait", "chardev.0.path", "m" },
        { "-drive id=d,file=/f,readonly=on", "blockdev.0.node-name", "d" },
        { "-drive id=d,file=/f,readonly=on", "blockdev.0.read-only", "true" },
        { "-drive id=d,file=/f", "blockdev.0.cache.direct", "false" },
        { "-drive id=d,file=/f,cache=none", "blockdev.0.cache.direct", "true" },
        { "-drive id=d,file=/f,cache=unsafe", "blockdev.0.cache.no-flush", "true" },
        { "-drive id=d,file=/f,direct=on", "blockdev.0.cache.direct", "true" },
        { "-drive id=d,file=/f,discard=on", "blockdev.0.discard", "unmap" },
        { "-drive id=d,file=/f,discard=off", "blockdev.0.discard", "ignore" },
        { "-drive id=d,file=/f,discard=unmap", "blockdev.0.discard", "unmap" },
        { "-cdrom /a,b=c", "blockdev.0.file.filename", "/a,b=c" },
        { "-cdrom /f", "blockdev.0.node-name", "ide2-cd0" },
        { "-cdrom /f", "blockdev.0.read-only", "true" },
        { "-cdrom /f", "guessed-raw.0.node-name", "ide2-cd0" },
        { "-cdrom /f", "named-drive.0.name", "ide2-cd0" },
        { "-cdrom /f", "device.0.driver", "ide-cd" },
        { "-cdrom /f", "device.0.bus", "ide.2" },
        { "-drive media=cdrom,readonly=off,file=/f", "blockdev.0.read-only", "true" },
        { "-drive media=cdrom,id=x", "named-drive.0.name", "x" },
        { "-drive media=cdrom,id=x,if=none", "named-drive.0.name", "x" },
        { "-hda /f -drive if=ide,file=/g,format=raw", "device.1.bus", "ide.1" },
        { "-hda /f", "blockdev.0.node-name", "ide0-hd0" },
        { "-drive index=3,file=/f", "device.0.drive", "ide3-hd0" },
        { "-drive file=/f", "device.0.drive", "ide0-hd0" },
        { "-device a -drive file=/f -hdb /g -device b", "device.1.bus", "ide.1" },
        { "-device a -drive file=/f -hdb /g -device b", "device.3.driver", "b" },
        { "-drive id=d,file=/f -device a -M microvm", "device.0.driver", "a" },
        { "-pflash /f -pflash /g", "pflash.1.node", "pflash1" },
        { "-drive if=ide,bus=5,id=d,file=/f", "device.0.drive", "d" },
        { "-drive id=d,file=/f,if=none,format=raw,aio=io_uring", "blockdev.0.file.aio",
          "io_uring" },
        { "-drive if=pflash,file=/f,readonly=on", "pflash.0.node", "pflash0" },
        { "-drive if=pflash,file=/f,readonly=on", "blockdev.0.node-name", "pflash0" },
        { "-drive if=pflash,index=0,file=/f -drive if=pflash,id=v,file=/g",
          "pflash.1.node", "v" },
        { "-bios f -L /a -L /b", "data-dir.1", "/b" },
        { "-name x,debug-threads=on", "name.guest", "x" },
        { "-sandbox on,obsolete=deny", "sandbox.enable", "on" },
        { "-D -S", "log", "" },
        { "-D /log -S", "log", "/log" },
        { "-D /log -S", "S", "true" },
        { "-no-acpi", "machine.acpi", "off" },
        { "-no-hpet", "machine.hpet", "off" },
        { "-global ICH9-LPC.disable_s3=1", "global.0.driver", "ICH9-LPC" },
        { "-global ICH9-LPC.disable_s3=1", "global.0.property", "disable_s3" },
        { "-global a.b.c=d=e", "global.0.property", "b.c" },
        { "-global a.b.c=d=e", "global.0.value", "d=e" },
        { "-global driver=cfi.pflash01,property=secure,value=on", "global.0.driver",
          "cfi.pflash01" },
        { "-global virtio-mmio.force-legacy=off", "global", "(none)" },
        { "-global driver=virtio-mmio,property=force-legacy,value=false", "global",
          "(none)" },
        { "-uuid c3915bb8-a1ac-4847-9e92-4a40f5ce3750", "uuid",
          "c3915bb8-a1ac-4847-9e92-4a40f5ce3750" },
        { "-incoming defer -pidfile p -daemonize -no-shutdown", "daemonize", "true" },
        { "-device help", "help.0.topic", "device" },
        { "-nic help", "help.0.topic", "nic" },
        { "-nic model=help", "help.0.of", "model" },
        { "-net nic,model=?", "help.0.of", "model" },
        { "-net nic,help", "help.0.of", "nic" },
        { "-boot help", "help.0.topic", "boot" },
        { "-device virtio-blk-device,help", "help.0.of", "virtio-blk-device" },
        { "-machine ?", "help.0.topic", "machine" },
        { "-version", "version", "true" },
        { "--help", "usage", "true" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(ConfigNode) tree = parse(rows[i].line);
        g_autofree char *value = at(tree, rows[i].path);

        g_test_message("%s", rows[i].line);
        g_assert_cmpstr(value, ==, rows[i].value);
    }
}

static void test_bad(void)
{
    static const struct {
        const char *line, *message;
    } rows[] = {
        { "-foo bar", "-foo bar: invalid option" },
        { "--foo -S", "--foo: invalid option" },
        { "disk.img", "disk.img: unexpected argument" },
        { "-kernel", "-kernel: requires an argument" },
        { "-m 12q", "-m 12q: Parameter 'size' expects a size in bytes (suffixes k, M, G, "
                    "T, P, E), not '12q'" },
        { "-m 0", "-m 0: invalid size '0'" },
        { "-m 128M,foo", "-m 128M,foo: Invalid parameter 'foo'" },
        { "-m 1,slots=x", "-m 1,slots=x: Parameter 'slots' expects a number, not 'x'" },
        { "-name a,foo=b", "-name a,foo=b: Invalid parameter 'foo'" },
        { "-name a,debug-threads=foo", "-name a,debug-threads=foo: Parameter "
                                       "'debug-threads' expects 'on' or 'off', not "
                                       "'foo'" },
        { "-cpu migratable=on", "-cpu migratable=on: Parameter 'model' is missing" },
        { "-accel kvm,foo=1", "-accel kvm,foo=1: Invalid parameter 'foo'" },
        { "-accel qtest,x-without=a", "-accel qtest,x-without=a: Invalid parameter "
                                      "'x-without'" },
        { "-m size.x=1", "-m size.x=1: Parameter 'size' expects a string, not '{...}'" },
        { "-m 17592186044416", "-m 17592186044416: invalid size '17592186044416'" },
        { "-smp two", "-smp two: Parameter 'cpus' expects a number, not 'two'" },
        { "-smp 0", "-smp 0: Parameter 'cpus' expects a number from 1 to 4096, not '0'" },
        { "-smp 2,books=2", "-smp 2,books=2: Invalid parameter 'books'" },
        { "-smp 4,sockets=3,cores=1,threads=1",
          "-smp 4,sockets=3,cores=1,threads=1: Invalid CPU topology: product of the "
          "hierarchy must match maxcpus: sockets (3) * dies (1) * clusters (1) * cores "
          "(1) * threads (1) != maxcpus (4)" },
        { "-smp 4,maxcpus=2", "-smp 4,maxcpus=2: Invalid CPU topology: maxcpus (2) must "
                              "be equal to or greater than cpus (4)" },
        { "-accel tcg", "-accel tcg: invalid accelerator tcg (kvm, qtest)" },
        { "-machine none,accel=tcg",
          "-machine none,accel=tcg: invalid accelerator tcg (kvm, qtest)" },
        { "-machine q35,usb=on",
          "-machine q35,usb=on: usb=on is not supported (only off)" },
        { "-rtc clock=sun", "-rtc clock=sun: invalid option value 'sun': clock is one of "
                            "host, rt, vm" },
        { "-boot order=z", "-boot order=z: Parameter 'order': Invalid boot device 'z'" },
        { "-boot menu=1",
          "-boot menu=1: Parameter 'menu' expects 'on' or 'off', not '1'" },
        { "-overcommit cpu-pm=on",
          "-overcommit cpu-pm=on: cpu-pm=on is not supported (only off)" },
        { "-display gtk", "-display gtk: type=gtk is not supported (only none)" },
        { "-vnc :0", "-vnc :0: vnc=:0 is not supported (only none)" },
        { "-usb -m 64", "-usb: invalid option (of QEMU, not supported here)" },
        { "-audiodev alsa,id=a",
          "-audiodev alsa,id=a: driver=alsa is not supported (only none)" },
        { "-global virtio-mmio.force-legacy=on",
          "-global virtio-mmio.force-legacy=on: virtio-mmio.force-legacy=on is not "
          "supported (only off)" },
        { "-global a.b", "-global a.b: expected DRIVER.PROPERTY=VALUE" },
        { "-monitor mon:stdio",
          "-monitor mon:stdio: 'mon' is not supported here, only for -serial" },
        { "-serial mon:chardev:c",
          "-serial mon:chardev:c: 'mon:chardev:c' is not supported: 'mon:' is for a new "
          "device" },
        { "-echr 256", "-echr 256: not the number of a character (0 to 255)" },
        { "-echr t", "-echr t: not the number of a character (0 to 255)" },
        { "-qmp mon:stdio",
          "-qmp mon:stdio: 'mon' is not supported here, only for -serial" },
        { "-serial udp::1@:2", "-serial udp::1@:2: 'udp' is not supported" },
        { "-serial telnet::1,server",
          "-serial telnet::1,server: 'telnet' is not supported" },
        { "-qmp tcp:4444", "-qmp tcp:4444: expected HOST:PORT, not '4444'" },
        { "-qmp tcp:h:", "-qmp tcp:h:: expected HOST:PORT, not 'h:'" },
        { "-device {\"driver\":", "-device {\"driver\":: JSON parse error, premature end "
                                  "of input" },
        { "-chardev a=1,a.b=2",
          "-chardev a=1,a.b=2: Both a value and nested keys for parameter 'a'" },
        { "-uuid 1", "-uuid 1: not a UUID" },
        { "-dialect xen", "-dialect xen: unknown dialect (qemu, stratovirt)" },
        { "-drive file=/x,if=none", "-drive file=/x,if=none: Parameter 'id' is missing" },
        { "-drive file=/x -M microvm", "-drive file=/x: Parameter 'id' is missing" },
        { "-drive id=a", "-drive id=a: Must specify either driver or file" },
        { "-drive id=a,file=/x,if=virtio",
          "-drive id=a,file=/x,if=virtio: if=virtio is not supported (only "
          "none|ide|pflash)" },
        { "-drive id=a,file=/x,media=tape", "-drive id=a,file=/x,media=tape: media=tape "
                                            "is not supported (only disk|cdrom)" },
        { "-drive if=ide", "-drive if=ide: Must specify either driver or file" },
        { "-drive help", "-drive help: Must specify either driver or file" },
        { "-drive if=ide,file=/x,index=6",
          "-drive if=ide,file=/x,index=6: machine type does not support "
          "if=ide,bus=6,unit=0" },
        { "-drive media=cdrom,bus=1,unit=1",
          "-drive media=cdrom,bus=1,unit=1: machine type does not support "
          "if=ide,bus=1,unit=1" },
        { "-drive media=cdrom,bus=1,index=1",
          "-drive media=cdrom,bus=1,index=1: index cannot be used with bus and unit" },
        { "-cdrom /x -hdc /y", "-hdc /y: drive with bus=2, unit=0 exists" },
        { "-drive if=none,media=cdrom",
          "-drive if=none,media=cdrom: Parameter 'id' is missing" },
        { "-drive id=a,file=/x,format=vmdk", "-drive id=a,file=/x,format=vmdk: "
                                             "format=vmdk is not supported (only "
                                             "raw|qcow2)" },
        { "-drive id=a,file=/x,cache=fast",
          "-drive id=a,file=/x,cache=fast: cache=fast is not supported (writeback, none, "
          "unsafe)" },
        { "-drive id=a,file=/x,cyls=1",
          "-drive id=a,file=/x,cyls=1: Invalid parameter 'cyls'" },
        { "-daemonize -serial stdio",
          "-serial stdio: stdio cannot be used with -daemonize" },
        { "-run-with chroot=/x", "-run-with chroot=/x: Invalid parameter 'chroot' (it "
                                 "takes only async-teardown=on|off)" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(ConfigNode) tree = parse_as("vireo", rows[i].line, &error);

        g_test_message("%s", rows[i].line);
        g_assert_null(tree);
        g_assert_cmpstr(error->message, ==, rows[i].message);
    }
}

/* What there is is not said to be QEMU's alone. */
static void test_qemu_options(void)
{
    for (const Option *option = config_options; option->name; option++) {
        g_test_message("%s", option->name);
        g_assert_false(g_strv_contains(config_qemu_options, option->name));
    }
}

static void test_boot(void)
{
    g_autoptr(ConfigNode) tree =
        parse("-boot dca,once=n -boot menu=off,strict=on,reboot-timeout=-1,menu=on "
              "-boot splash-time=65535,order=c");
    g_autoptr(ConfigNode) none = parse("");
    BootOptions boot;

    g_assert_true(config_get_boot(tree, &boot, NULL));
    g_assert_cmpstr(boot.order, ==, "c");
    g_assert_cmpstr(boot.once, ==, "n");
    g_assert_true(boot.menu && boot.strict);
    g_assert_cmpint(boot.splash_time, ==, 65535);
    g_assert_cmpint(boot.reboot_timeout, ==, -1);

    g_assert_true(config_get_boot(none, &boot, NULL));
    g_assert_null(boot.order);
    g_assert_null(boot.once);
    g_assert_false(boot.menu || boot.strict);
    g_assert_cmpint(boot.splash_time, ==, -1);
    g_assert_cmpint(boot.reboot_timeout, ==, -1);
}

/* Options that cannot matter leave no trace in the tree. */
static void test_noop(void)
{
    static const char *const lines[] = {
        "-no-user-config",
        "-machine usb=off,vmport=auto,kernel_irqchip=on",
        "-rtc base=utc",
        "-accel kernel_irqchip=on,dirty-ring-size=0",
        "-realtime mlock=off",
        "-display none",
        "-vnc none",
        "-vga none",
        "-net none",
        "-nic none",
        "-parallel none",
        "-audiodev {\"id\":\"audio1\",\"driver\":\"none\"}",
        "-audiodev none,id=a",
        "-msg timestamp=on",
        "-run-with async-teardown=on",
    };
    g_autoptr(ConfigNode) empty = parse("");

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(ConfigNode) tree = parse(lines[i]);

        g_test_message("%s", lines[i]);
        g_assert_cmpuint(config_map_size(tree), ==, config_map_size(empty));
        g_assert_cmpuint(config_map_size(config_map_peek(tree, "machine")), ==, 1);
    }
}

static void test_dialect(void)
{
    g_autoptr(ConfigNode) tree = NULL;
    g_autofree char *direct = NULL;
    g_autofree char *memory = NULL;
    g_autofree char *sockets = NULL;

    tree = parse_as("/usr/bin/stratovirt-1", "-smp 2 -drive id=a,file=/x", NULL);
    g_assert_cmpstr(dialect_get()->name, ==, "stratovirt");
    g_assert_cmpstr(dialect_get()->default_machine, ==, "microvm");
    direct = at(tree, "blockdev.0.cache.direct");
    memory = at(tree, "memory.size");
    sockets = at(tree, "smp.sockets");
    g_assert_cmpstr(direct, ==, "true");
    g_assert_cmpstr(memory, ==, "268435456");
    g_assert_cmpstr(sockets, ==, "2");
    g_clear_pointer(&tree, config_node_unref);
    g_clear_pointer(&direct, g_free);

    tree = parse_as("vireo", "-drive id=a,file=/x -dialect stratovirt", NULL);
    direct = at(tree, "blockdev.0.cache.direct");
    g_assert_cmpstr(direct, ==, "true");
    g_clear_pointer(&tree, config_node_unref);

    tree = parse("");
    g_assert_cmpstr(dialect_get()->name, ==, "qemu");
}

/* What libvirt 11.3 passes for a microvm. */
static void test_libvirt(void)
{
    g_autoptr(ConfigNode) tree = parse(
        "-name guest=m,debug-threads=on -S -object "
        "{\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"format\":\"raw\",\"file\":\"/"
        "k\"} "
        "-machine microvm,usb=off,dump-guest-core=off,memory-backend=microvm.ram,acpi=on "
        "-accel kvm -cpu host,migratable=on -m size=524288k -object "
        "{\"qom-type\":\"memory-backend-ram\",\"id\":\"microvm.ram\",\"size\":536870912} "
        "-overcommit mem-lock=off -smp 2,sockets=2,cores=1,threads=1 "
        "-uuid c3915bb8-a1ac-4847-9e92-4a40f5ce3750 -display none -no-user-config "
        "-nodefaults -chardev socket,id=charmonitor,fd=31,server=on,wait=off "
        "-mon chardev=charmonitor,id=monitor,mode=control -rtc base=utc -no-shutdown "
        "-boot strict=on -kernel k -initrd i -append console=ttyS0 "
        "-chardev pty,id=charserial0 -device "
        "{\"driver\":\"isa-serial\",\"chardev\":\"charserial0\",\"id\":\"serial0\","
        "\"index\":0} "
        "-audiodev {\"id\":\"audio1\",\"driver\":\"none\"} "
        "-sandbox "
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny "
        "-msg timestamp=on");
    g_autofree char *machine = at(tree, "machine.memory-backend");
    ConfigNode *device = config_list_at(config_map_peek(tree, "device"), 0);

    g_assert_true(g_str_has_prefix(config_node_origin(device),
                                   "-device {\"driver\":\"isa-serial\""));
    g_assert_cmpstr(machine, ==, "microvm.ram");
    g_clear_pointer(&tree, config_node_unref);
    tree = parse("-cpu max,sse4.1=on"); /* a dot in a name, no nesting */
    g_assert_true(config_map_has(config_map_peek(tree, "cpu"), "sse4.1"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config/argv/good", test_good);
    g_test_add_func("/config/argv/bad", test_bad);
    g_test_add_func("/config/argv/qemu-options", test_qemu_options);
    g_test_add_func("/config/argv/boot", test_boot);
    g_test_add_func("/config/argv/noop", test_noop);
    g_test_add_func("/config/argv/dialect", test_dialect);
    g_test_add_func("/config/argv/libvirt", test_libvirt);
    return g_test_run();
}
