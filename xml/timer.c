/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <clock/timer> */
#include <libvirt/virterror.h>

#include "xml/internal.h"

static const char *const timer_names[] = { "rtc", "pit", "hpet", "kvmclock", NULL };
static const char *const policy_names[] = { "",      "delay",   "catchup",
                                            "merge", "discard", NULL };

/*
 * What may be asked of a timer: what is the case anyway, or what there is an option for;
 * whether there are a PIT and an HPET depends on the machine.
 */
static const struct {
    guint present; /* bits of DomainTristate */
    guint policy;  /* bits of DomainTickPolicy */
} accepted[] = {
    [DOMAIN_TIMER_RTC] = { XML_BIT(DOMAIN_TRISTATE_ABSENT) | XML_BIT(DOMAIN_TRISTATE_YES),
                           XML_BIT(DOMAIN_TICK_POLICY_DEFAULT) |
                               XML_BIT(DOMAIN_TICK_POLICY_DELAY) |
                               XML_BIT(DOMAIN_TICK_POLICY_CATCHUP) },
    [DOMAIN_TIMER_PIT] = { XML_BIT(DOMAIN_TRISTATE_ABSENT) |
                               XML_BIT(DOMAIN_TRISTATE_YES) | XML_BIT(DOMAIN_TRISTATE_NO),
                           XML_BIT(DOMAIN_TICK_POLICY_DEFAULT) |
                               XML_BIT(DOMAIN_TICK_POLICY_DELAY) |
                               XML_BIT(DOMAIN_TICK_POLICY_CATCHUP) |
                               XML_BIT(DOMAIN_TICK_POLICY_DISCARD) },
    [DOMAIN_TIMER_HPET] = { XML_BIT(DOMAIN_TRISTATE_ABSENT) |
                                XML_BIT(DOMAIN_TRISTATE_YES) |
                                XML_BIT(DOMAIN_TRISTATE_NO),
                            XML_BIT(DOMAIN_TICK_POLICY_DEFAULT) },
    [DOMAIN_TIMER_KVMCLOCK] = { XML_BIT(DOMAIN_TRISTATE_YES),
                                XML_BIT(DOMAIN_TICK_POLICY_DEFAULT) },
};

static const XmlField rows[] = {
    XML_ENUM("@name", DomainTimer, name, timer_names, .flags = XML_REQUIRED,
             .text = "platform|hypervclock|tsc|armvtimer"),
    XML_ENUM("@present", DomainTimer, present, xml_yes_no_names),
    XML_ENUM("@tickpolicy", DomainTimer, policy, policy_names),
    XML_REFUSE("@track"),
    XML_REFUSE("@frequency"),
    XML_REFUSE("@mode"),
    XML_REFUSE("catchup"),
};

static gboolean finish(const xmlNode *node, gpointer base, XmlParseFlags flags,
                       GError **errp)
{
    DomainTimer *timer = base;

    if (!timer->extras && (!(accepted[timer->name].present & XML_BIT(timer->present)) ||
                           !(accepted[timer->name].policy & XML_BIT(timer->policy)))) {
        xml_extra_refuse_node(&timer->extras, node);
    }
    return TRUE;
}

static int compare(gconstpointer a, gconstpointer b)
{
    return (int)((const DomainTimer *)a)->name - (int)((const DomainTimer *)b)->name;
}

const XmlStruct xml_timer = {
    .size = sizeof(DomainTimer), XML_ROWS(rows), .finish = finish, .compare = compare
};
