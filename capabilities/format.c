/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capabilities/capabilities.h"

static void G_GNUC_PRINTF(2, 3) add(GString *xml, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = g_markup_vprintf_escaped(format, args);
    va_end(args);
    g_string_append(xml, text);
    g_free(text);
}

static void add_host_cpu(GString *xml, const CapabilitiesHost *host)
{
    CapabilitiesNodeInfo info;
    const CapabilitiesCell *cell = host->cells->pdata[0];

    capabilities_node_info(host, &info);
    add(xml, "    <cpu>\n      <arch>%s</arch>\n", info.model);
    if (host->vendor) {
        add(xml, "      <vendor>%s</vendor>\n", host->vendor);
    }
    if (host->microcode) {
        add(xml, "      <microcode version='%u'/>\n", host->microcode);
    }
    if (host->family) {
        add(xml, "      <signature family='%u' model='%u' stepping='%u'/>\n",
            host->family, host->model, host->stepping);
    }
    add(xml, "      <topology sockets='%u' dies='1' cores='%u' threads='%u'/>\n",
        info.sockets, info.cores, info.threads);
    for (guint i = 0; i < cell->pages->len; i++) {
        add(xml, "      <pages unit='KiB' size='%" G_GUINT64_FORMAT "'/>\n",
            g_array_index(cell->pages, CapabilitiesPages, i).size);
    }
    add(xml, "    </cpu>\n");
}

static void add_cell_cpus(GString *xml, const CapabilitiesHost *host, guint cell)
{
    guint count = 0;

    for (guint i = 0; i < host->cpus->len; i++) {
        count += ((const CapabilitiesCpu *)host->cpus->pdata[i])->cell == cell;
    }
    add(xml, "          <cpus num='%u'>\n", count);
    for (guint i = 0; i < host->cpus->len; i++) {
        const CapabilitiesCpu *cpu = host->cpus->pdata[i];

        if (cpu->cell == cell) {
            add(xml,
                "            <cpu id='%u' socket_id='%u' die_id='%u' core_id='%u' "
                "siblings='%s'/>\n",
                cpu->id, cpu->socket, cpu->die, cpu->core, cpu->siblings);
        }
    }
    add(xml, "          </cpus>\n");
}

static void add_cell(GString *xml, const CapabilitiesHost *host,
                     const CapabilitiesCell *cell)
{
    add(xml, "        <cell id='%u'>\n", cell->id);
    add(xml, "          <memory unit='KiB'>%" G_GUINT64_FORMAT "</memory>\n",
        cell->memory);
    for (guint i = 0; i < cell->pages->len; i++) {
        const CapabilitiesPages *pages =
            &g_array_index(cell->pages, CapabilitiesPages, i);
        add(xml,
            "          <pages unit='KiB' size='%" G_GUINT64_FORMAT "'>%" G_GUINT64_FORMAT
            "</pages>\n",
            pages->size, pages->count);
    }
    if (cell->distances->len == host->cells->len) {
        add(xml, "          <distances>\n");
        for (guint i = 0; i < cell->distances->len; i++) {
            const CapabilitiesCell *other = host->cells->pdata[i];
            add(xml, "            <sibling id='%u' value='%u'/>\n", other->id,
                g_array_index(cell->distances, guint, i));
        }
        add(xml, "          </distances>\n");
    }
    add_cell_cpus(xml, host, cell->id);
    add(xml, "        </cell>\n");
}

static void add_machine(GString *xml, const char *name, const char *alias,
                        guint vcpus_max)
{
    add(xml,
        "      <machine maxCpus='%u'>%s</machine>\n"
        "      <machine canonical='%s' maxCpus='%u'>%s</machine>\n",
        vcpus_max, name, name, vcpus_max, alias);
}

static void add_guest(GString *xml, const CapabilitiesGuest *guest)
{
    add(xml,
        "  <guest>\n"
        "    <os_type>hvm</os_type>\n"
        "    <arch name='%s'>\n"
        "      <wordsize>64</wordsize>\n"
        "      <emulator>%s</emulator>\n",
        guest->arch, guest->emulator);
    add_machine(xml, guest->machine, guest->machine_alias, guest->vcpus_max);
    for (const CapabilitiesMachine *other = guest->others; other && other->name;
         other++) {
        add_machine(xml, other->name, other->alias, other->vcpus_max);
    }
    add(xml, "      <domain type='kvm'/>\n"
             "    </arch>\n"
             "    <features>\n");
    for (const CapabilitiesFeature *f = guest->guest_features; f && f->name; f++) {
        add(xml, "      <%s default='on' toggle='%s'/>\n", f->name,
            f->fixed ? "no" : "yes");
    }
    if (guest->device_boot) {
        add(xml, "      <deviceboot/>\n");
    }
    add(xml, "    </features>\n"
             "  </guest>\n");
}

char *capabilities_format(const CapabilitiesHost *host, const CapabilitiesGuest *guest)
{
    GString *xml = g_string_new("<capabilities>\n\n  <host>\n");

    if (host->uuid) {
        add(xml, "    <uuid>%s</uuid>\n", host->uuid);
    }
    add_host_cpu(xml, host);
    add(xml, "    <power_management/>\n"
             "    <iommu support='no'/>\n"
             "    <migration_features>\n"
             "      <live/>\n"
             "      <uri_transports>\n");
    add(xml, "        <uri_transport>%s</uri_transport>\n", guest->transport);
    add(xml, "      </uri_transports>\n"
             "    </migration_features>\n"
             "    <topology>\n");
    add(xml, "      <cells num='%u'>\n", host->cells->len);
    for (guint i = 0; i < host->cells->len; i++) {
        add_cell(xml, host, host->cells->pdata[i]);
    }
    add(xml, "      </cells>\n"
             "    </topology>\n"
             "    <secmodel>\n"
             "      <model>none</model>\n"
             "      <doi>0</doi>\n"
             "    </secmodel>\n"
             "  </host>\n\n");
    add_guest(xml, guest);
    add(xml, "\n</capabilities>\n");
    return g_string_free(xml, FALSE);
}

static void add_values(GString *xml, const CapabilitiesValues *row, const char *indent)
{
    add(xml, "%s  <enum name='%s'>\n", indent, row->name);
    for (guint i = 0; row->values[i]; i++) {
        add(xml, "%s    <value>%s</value>\n", indent, row->values[i]);
    }
    add(xml, "%s  </enum>\n", indent);
}

/* The first row after those of @row's element. */
static const CapabilitiesValues *skip_element(const CapabilitiesValues *row)
{
    const char *element = row->element;

    while (row->element && g_str_equal(row->element, element)) {
        row++;
    }
    return row;
}

/* One that has lost all values of one enumeration cannot be had at all. */
static void add_elements(GString *xml, const CapabilitiesValues *row, const char *indent)
{
    while (row && row->element) {
        const CapabilitiesValues *end = skip_element(row), *first = row;

        while (row < end && row->values) {
            row++;
        }
        if (row < end) {
            add(xml, "%s<%s supported='no'/>\n", indent, first->element);
            row = end;
            continue;
        }
        add(xml, "%s<%s supported='yes'>\n", indent, first->element);
        for (row = first; row < end; row++) {
            if (row->name) {
                add_values(xml, row, indent);
            }
        }
        add(xml, "%s</%s>\n", indent, first->element);
    }
}

static void add_modes(GString *xml, const CapabilitiesValues *row)
{
    for (; row && row->element; row++) {
        if (!row->values) {
            add(xml, "    <mode name='%s' supported='no'/>\n", row->element);
        } else if (!row->name) {
            add(xml, "    <mode name='%s' supported='yes'/>\n", row->element);
        } else {
            add(xml, "    <mode name='%s' supported='yes'>\n", row->element);
            add_values(xml, row, "    ");
            add(xml, "    </mode>\n");
        }
    }
}

static void add_choice(GString *xml, const char *name, const char *const *values,
                       const char *indent)
{
    const CapabilitiesValues row = { .name = name, .values = (char **)values };

    add_values(xml, &row, indent);
}

/* What may be said of firmware: secure is none, without System Management Mode. */
static void add_loader(GString *xml, const CapabilitiesGuest *guest)
{
    static const char *const firmwares[] = { "bios", "efi", NULL };
    static const char *const types[] = { "rom", "pflash", NULL };
    static const char *const readonly[] = { "yes", "no", NULL };
    static const char *const secure[] = { "no", NULL };
    const char *const bios[] = { firmwares[0], NULL }, *const rom[] = { types[0], NULL };

    if (!guest->firmware) {
        add(xml, "    <loader supported='no'/>\n");
        return;
    }
    add_choice(xml, "firmware", guest->efi ? firmwares : bios, "  ");
    add(xml, "    <loader supported='yes'>\n");
    for (guint i = 0; guest->loaders && guest->loaders[i]; i++) {
        add(xml, "      <value>%s</value>\n", guest->loaders[i]);
    }
    add_choice(xml, "type", guest->pflash ? types : rom, "    ");
    add_choice(xml, "readonly", readonly, "    ");
    add_choice(xml, "secure", secure, "    ");
    add(xml, "    </loader>\n");
}

char *capabilities_format_domain(const CapabilitiesGuest *guest)
{
    GString *xml = g_string_new("<domainCapabilities>\n");

    add(xml,
        "  <path>%s</path>\n"
        "  <domain>kvm</domain>\n"
        "  <machine>%s</machine>\n"
        "  <arch>%s</arch>\n"
        "  <vcpu max='%u'/>\n"
        "  <iothreads supported='%s'/>\n"
        "  <os supported='yes'>\n",
        guest->emulator, guest->machine, guest->arch, guest->vcpus_max,
        guest->iothreads ? "yes" : "no");
    add_loader(xml, guest);
    add(xml, "  </os>\n"
             "  <cpu>\n");
    add_modes(xml, guest->cpu);
    g_string_append(xml, "  </cpu>\n");
    add_elements(xml, guest->memory, "  ");
    g_string_append(xml, "  <devices>\n");
    add_elements(xml, guest->devices, "    ");
    g_string_append(xml, "  </devices>\n  <features>\n");
    add_elements(xml, guest->features, "    ");
    g_string_append(xml, "  </features>\n</domainCapabilities>\n");
    return g_string_free(xml, FALSE);
}
