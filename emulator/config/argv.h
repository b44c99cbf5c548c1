/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line as one tree.
 *
 * Keys of the tree (those of options that were not given are missing, except
 * where a default is named):
 *
 *   machine{type, ...}      without the options that cannot matter (noop.c)
 *   accel{accel, ...}       default "kvm"
 *   cpu{model, ...}         default "host"
 *   memory{size, ...}       size: bytes, always there
 *   smp{cpus, maxcpus, sockets, dies, clusters, cores, threads}   always there,
 *                           complete and consistent numbers
 *   object[{qom-type, id, ...}], chardev[{backend, id, ...}], blockdev[], netdev[],
 *   device[{driver, ...}]   in the order given; -drive adds to blockdev[],
                           -nic and -net to netdev[], and to the head of device[]
 *   pflash{0{node}, 1{node}}          -drive if=pflash, which adds to blockdev[]
 *   drive-node[{node-name}]           those of blockdev[] that -drive has made
 *   data-dir[]              -L
 *   mon[{chardev, mode, pretty}]      -mon, -monitor and -qmp (which add to chardev[]),
 *                           and -serial mon:DEV
 *   echr                    a number up to 255
 *   serial[{chardev}]       -serial (adds to chardev[] unless chardev:ID); an entry
 *                           without chardev is `none`
 *   bios, kernel, initrd, append, incoming, uuid, pidfile, qtest, qtest-log   strings
 *   log                     -D: file name, or "" for stderr
 *   name{guest, process, debug-threads}, sandbox{enable, ...},
 *   action{reboot, shutdown, panic, watchdog} (config/action.h),
 *   boot{order, once, menu, strict, splash-time, reboot-timeout}   checked
 *                           (config/boot.h)
 *   daemonize, S, nodefaults, nographic, disable-seccomp   true when given
 *   help[{topic, of}], version, usage: what to print instead of running
 *
 * Lists' entries carry their origin ("-device virtio-rng-device"). Messages begin
 * with option and value: "-m 12q: Parameter 'size' expects ...".
 */
#ifndef VIREO_CONFIG_ARGV_H
#define VIREO_CONFIG_ARGV_H

#include <stdio.h>

#include "config/node.h"

/* Sets the dialect, too. A new tree or NULL. */
ConfigNode *config_parse_argv(int argc, char **argv, GError **errp);
/* The options one after the other, NULL behind the last; "" is one that does nothing here. */
const char *config_option_at(guint i);
void config_print_usage(FILE *out, const char *program);

#endif
