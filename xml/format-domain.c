/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Domain into XML, in libvirt's order of elements. */
#include "xml/internal.h"

static void write_general(XmlWriter *w, const Domain *domain)
{
    char uuid[DOMAIN_UUID_STR_LEN];

    xml_uuid_format(domain->uuid, uuid);
    xml_write_text(w, "name", domain->name);
    xml_write_text(w, "uuid", uuid);
    xml_write_text(w, "title", domain->title);
    xml_write_text(w, "description", domain->description);
    if (domain->metadata) {
        xml_write_verbatim(w, domain->metadata);
    }
}

static void write_kib(XmlWriter *w, const char *name, guint64 kib)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, kib);

    xml_write_begin(w, name);
    xml_write_attr(w, "unit", "KiB");
    xml_write_end_text(w, name, text);
}

/* <element attr='value'/>; nothing without a value. */
static void write_one(XmlWriter *w, const char *element, const char *attr,
                      const char *value)
{
    if (value && *value) {
        xml_write_begin(w, element);
        xml_write_attr(w, attr, value);
        xml_write_end_empty(w);
    }
}

static void write_resources(XmlWriter *w, const Domain *domain)
{
    g_autofree char *vcpus = g_strdup_printf("%u", domain->vcpus);
    g_autofree char *iothreads =
        domain->iothreads ? g_strdup_printf("%u", domain->iothreads) : NULL;

    write_kib(w, "memory", domain->memory);
    write_kib(w, "currentMemory", domain->current_memory);
    if (domain->memory_source || domain->memory_access) {
        xml_write_begin(w, "memoryBacking");
        xml_write_end_open(w);
        write_one(w, "source", "type", xml_memory_source_names[domain->memory_source]);
        write_one(w, "access", "mode", xml_memory_access_names[domain->memory_access]);
        xml_write_close(w, "memoryBacking");
    }
    xml_write_begin(w, "vcpu");
    xml_write_attr(w, "placement", "static");
    xml_write_end_text(w, "vcpu", vcpus);
    xml_write_text(w, "iothreads", iothreads);
    if (domain->partition) {
        xml_write_begin(w, "resource");
        xml_write_end_open(w);
        xml_write_text(w, "partition", domain->partition);
        xml_write_close(w, "resource");
    }
}

static void write_os(XmlWriter *w, const Domain *domain)
{
    xml_write_begin(w, "os");
    xml_write_end_open(w);
    xml_write_begin(w, "type");
    xml_write_attr(w, "arch", "x86_64");
    xml_write_attr(w, "machine", domain->machine);
    xml_write_end_text(w, "type", "hvm");
    xml_write_text(w, "kernel", domain->kernel);
    xml_write_text(w, "initrd", domain->initrd);
    xml_write_text(w, "cmdline", domain->cmdline);
    for (guint i = 0; i < domain->boot_count; i++) {
        write_one(w, "boot", "dev", xml_boot_names[domain->boot[i]]);
    }
    xml_write_close(w, "os");
    if (domain->acpi || domain->apic || domain->pae) {
        xml_write_begin(w, "features");
        xml_write_end_open(w);
        if (domain->acpi) {
            xml_write_empty(w, "acpi");
        }
        if (domain->apic) {
            xml_write_empty(w, "apic");
        }
        if (domain->pae) {
            xml_write_empty(w, "pae");
        }
        xml_write_close(w, "features");
    }
    if (domain->cpu_mode) {
        xml_write_begin(w, "cpu");
        xml_write_attr(w, "mode", xml_cpu_mode_names[domain->cpu_mode]);
        xml_write_attr(w, "check", xml_cpu_check_names[domain->cpu_check]);
        xml_write_attr(w, "migratable", xml_on_off_names[domain->cpu_migratable]);
        xml_write_end_empty(w);
    }
}

static void write_timer(XmlWriter *w, const char *name, const DomainTimer *timer)
{
    xml_write_begin(w, "timer");
    xml_write_attr(w, "name", name);
    if (timer->present) {
        xml_write_attr(w, "present", xml_yes_no_names[timer->present]);
    }
    if (timer->policy) {
        xml_write_attr(w, "tickpolicy", xml_tick_policy_names[timer->policy]);
    }
    xml_write_end_empty(w);
}

static void write_clock(XmlWriter *w, const Domain *domain)
{
    gboolean any = FALSE;

    for (guint i = 0; i < DOMAIN_TIMER_COUNT; i++) {
        any |= domain->timers[i].given;
    }
    xml_write_begin(w, "clock");
    xml_write_attr(w, "offset", "utc");
    if (!any) {
        xml_write_end_empty(w);
        return;
    }
    xml_write_end_open(w);
    for (guint i = 0; i < DOMAIN_TIMER_COUNT; i++) {
        if (domain->timers[i].given) {
            write_timer(w, xml_timer_names[i], &domain->timers[i]);
        }
    }
    xml_write_close(w, "clock");
}

static void write_lifecycle(XmlWriter *w, const Domain *domain)
{
    xml_write_text(w, "on_poweroff", xml_lifecycle_names[domain->on_poweroff]);
    xml_write_text(w, "on_reboot", xml_lifecycle_names[domain->on_reboot]);
    xml_write_text(w, "on_crash", xml_lifecycle_names[domain->on_crash]);
    if (domain->suspend_to_mem || domain->suspend_to_disk) {
        xml_write_begin(w, "pm");
        xml_write_end_open(w);
        write_one(w, "suspend-to-mem", "enabled",
                  xml_yes_no_names[domain->suspend_to_mem]);
        write_one(w, "suspend-to-disk", "enabled",
                  xml_yes_no_names[domain->suspend_to_disk]);
        xml_write_close(w, "pm");
    }
}

static void write_array(XmlWriter *w, const Domain *domain, DomainDeviceType type)
{
    GPtrArray *array = xml_domain_devices(domain, type);

    for (guint i = 0; i < array->len; i++) {
        DomainDevice device = { .type = type, .any = array->pdata[i] };
        xml_device_write(w, &device);
    }
}

static void write_devices(XmlWriter *w, const Domain *domain)
{
    xml_write_begin(w, "devices");
    xml_write_end_open(w);
    xml_write_text(w, "emulator", domain->emulator);
    write_array(w, domain, DOMAIN_DEVICE_DISK);
    if (domain->usb_none) {
        xml_write_begin(w, "controller");
        xml_write_attr(w, "type", "usb");
        xml_write_attr_uint(w, "index", 0);
        xml_write_attr(w, "model", "none");
        xml_write_end_empty(w);
    }
    write_array(w, domain, DOMAIN_DEVICE_INTERFACE);
    write_array(w, domain, DOMAIN_DEVICE_SERIAL);
    if (domain->serials->len) {
        xml_console_write(w, domain->serials->pdata[0]);
    }
    if (domain->video_none) {
        xml_write_begin(w, "video");
        xml_write_end_open(w);
        write_one(w, "model", "type", "none");
        xml_write_close(w, "video");
    }
    write_one(w, "memballoon", "model", domain->balloon_none ? "none" : NULL);
    write_array(w, domain, DOMAIN_DEVICE_RNG);
    xml_write_close(w, "devices");
}

char *xml_domain_format(const Domain *domain, XmlFormatFlags flags)
{
    XmlWriter w = { .text = g_string_new(NULL), .flags = flags };

    if (domain->id < 0) { /* nothing of it is live */
        w.flags |= XML_FORMAT_INACTIVE;
    }
    xml_write_begin(&w, "domain");
    xml_write_attr(&w, "type", "kvm");
    if (domain->id >= 0 &&
        (!(flags & XML_FORMAT_INACTIVE) || flags & XML_FORMAT_STATUS)) {
        xml_write_attr_uint(&w, "id", domain->id);
    }
    xml_write_end_open(&w);
    write_general(&w, domain);
    write_resources(&w, domain);
    write_os(&w, domain);
    write_clock(&w, domain);
    write_lifecycle(&w, domain);
    write_devices(&w, domain);
    if (domain->seclabel_none) {
        xml_write_begin(&w, "seclabel");
        xml_write_attr(&w, "type", "none");
        xml_write_attr(&w, "model", domain->seclabel_model);
        xml_write_end_empty(&w);
    }
    xml_write_close(&w, "domain");
    return g_string_free(w.text, FALSE);
}
