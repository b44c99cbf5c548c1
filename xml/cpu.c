/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <cpu> */
#include <libvirt/virterror.h>

#include "xml/internal.h"

#define CPUS_MAX G_MAXUINT16

const char *const xml_cpu_mode_names[] = { "", "host-passthrough", NULL };
static const char *const check_names[] = { "", "none", "partial", "full", NULL };

#define TOPOLOGY(attr, member)                                                           \
    XML_UINT("cpu/topology@" attr, Domain, topology.member, .min = 1, .max = CPUS_MAX,   \
             .flags = XML_ABI, .what = "CPU topology " attr)

static const XmlField rows[] = {
    XML_ENUM("cpu@mode", Domain, cpu_mode, xml_cpu_mode_names,
             .text = "custom|host-model|maximum", .flags = XML_ABI, .what = "CPU mode"),
    XML_REFUSE_BUT("cpu@match", "exact"),
    XML_REFUSE("cpu@deprecated_features"),
    XML_ENUM("cpu@check", Domain, cpu_check, check_names),
    XML_ENUM("cpu@migratable", Domain, cpu_migratable, xml_on_off_names, .flags = XML_ABI,
             .what = "CPU migratable"),
    XML_REFUSE("cpu/model"),
    XML_REFUSE("cpu/vendor"),
    TOPOLOGY("sockets", sockets),
    TOPOLOGY("dies", dies),
    XML_REFUSE_BUT("cpu/topology@clusters", "1"),
    TOPOLOGY("cores", cores),
    TOPOLOGY("threads", threads),
    XML_REFUSE("cpu/cache"),
    XML_REFUSE("cpu/maxphysaddr"),
    XML_REFUSE("cpu/feature"),
    XML_REFUSE("cpu/numa"),
};

const XmlStruct xml_cpu = { XML_ROWS(rows) };

gboolean xml_cpu_finish(const xmlNode *root, Domain *domain, GError **errp)
{
    const xmlNode *cpu = xml_node_child(root, "cpu");
    const xmlNode *node = cpu ? xml_node_child(cpu, "topology") : NULL;
    DomainTopology *t = &domain->topology;

    if (!node) {
        return TRUE;
    }
    if (!t->sockets || !t->cores || !t->threads) {
        return xml_missing(node,
                           !t->sockets ? "attribute 'sockets'"
                           : !t->cores ? "attribute 'cores'"
                                       : "attribute 'threads'",
                           errp);
    }
    t->dies = MAX(t->dies, 1);
    return TRUE;
}

gboolean xml_cpu_check(const Domain *domain, GError **errp)
{
    const DomainTopology *t = &domain->topology;

    if (t->sockets &&
        (guint64)t->sockets * t->dies * t->cores * t->threads != domain->vcpus) {
        g_set_error(errp, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED,
                    "CPU topology doesn't match maximum vcpu count: element "
                    "<cpu/topology sockets='%u' dies='%u' cores='%u' threads='%u'> and "
                    "<vcpu>%u",
                    t->sockets, t->dies, t->cores, t->threads, domain->vcpus);
        return FALSE;
    }
    return TRUE;
}
