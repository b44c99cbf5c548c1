/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of enumeration values in domain XML. "" stands for "not given"; so does
 * "default", which may also be written. */
#include "xml/domain.h"

const char *const xml_yes_no_names[] = { "", "yes", "no", NULL };
const char *const xml_on_off_names[] = { "", "on", "off", NULL };
const char *const xml_lifecycle_names[] = { "", "destroy", "restart", "preserve", NULL };
const char *const xml_timer_names[] = { "rtc", "pit", "hpet", "kvmclock", NULL };
const char *const xml_tick_policy_names[] = { "",      "delay",   "catchup",
                                              "merge", "discard", NULL };
const char *const xml_memory_source_names[] = { "", "anonymous", "file", "memfd", NULL };
const char *const xml_memory_access_names[] = { "", "shared", "private", NULL };
const char *const xml_boot_names[] = { "hd", "network", "cdrom", "fd", NULL };
const char *const xml_cpu_mode_names[] = { "", "host-passthrough", NULL };
const char *const xml_cpu_check_names[] = { "", "none", "partial", "full", NULL };
const char *const xml_disk_type_names[] = { "file", "block", NULL };
const char *const xml_disk_bus_names[] = { "virtio", NULL };
const char *const xml_disk_format_names[] = { "raw", NULL };
const char *const xml_disk_cache_names[] = { "default",   "none",       "writethrough",
                                             "writeback", "directsync", "unsafe",
                                             NULL };
const char *const xml_disk_io_names[] = { "default", "native", "threads", "io_uring",
                                          NULL };
const char *const xml_disk_discard_names[] = { "", "ignore", "unmap", NULL };
const char *const xml_interface_type_names[] = { "ethernet", "bridge", NULL };
const char *const xml_interface_model_names[] = { "", "virtio", NULL };
const char *const xml_chardev_type_names[] = { "pty", "unix", NULL };
