/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metadata: live, in the persistent definition, or both. */
#include "domain/api.h"
#include "domain/define.h"
#include "domain/event.h"
#include "domain/hotplug.h"
#include "domain/impact.h"
#include "xml/metadata.h"

/* A changed copy. What could not be read again after a restart is refused. */
static Domain *changed(const Domain *before, const RemoteDomainSetMetadataArgs *args,
                       XmlFormatFlags format, XmlParseFlags parse, GError **errp)
{
    g_autoptr(Domain) copy = xml_domain_copy(before), read = NULL;
    g_autofree char *text = NULL;

    if (!xml_domain_set_metadata(copy, args->type, args->metadata, args->key, args->uri,
                                 errp)) {
        return NULL;
    }
    text = xml_domain_format(copy, format | XML_FORMAT_SECURE);
    read = xml_domain_parse(text, parse, errp);
    return read ? g_steal_pointer(&copy) : NULL;
}

static void announce(Vm *vm, const RemoteDomainSetMetadataArgs *args)
{
    g_mutex_lock(&vm->lock);
    vm_event_metadata_change_locked(vm, args->type, args->uri);
    g_mutex_unlock(&vm->lock);
}

static void take_back(Vm *vm, guint64 run, const VmDef *before)
{
    g_autoptr(GError) err = NULL;

    if (!vm_publish_live(vm, run, xml_domain_copy(before->domain), &err)) {
        g_message("metadata of domain '%s': %s", vm->name, err->message);
    }
}

static gboolean set(Vm *vm, const RemoteDomainSetMetadataArgs *args, const Impact *impact,
                    GError **errp)
{
    g_autoptr(Domain) config = NULL, live = NULL;
    g_autoptr(VmDef) def = impact->live ? vm_get_def(vm) : NULL;
    gboolean ok, done;

    if ((impact->config && !(config = changed(impact->before->domain, args,
                                              XML_FORMAT_INACTIVE | XML_FORMAT_STORED,
                                              XML_PARSE_STORED, errp))) ||
        (impact->live && !(live = changed(def->domain, args, XML_FORMAT_STATUS,
                                          XML_PARSE_STATUS, errp)))) {
        return FALSE;
    }
    if (config && !vm_stage_config(vm, config, errp)) {
        return FALSE;
    }
    done = !live || vm_publish_live(vm, impact->run, g_steal_pointer(&live), errp);
    ok = vm_finish_impact(vm, impact, g_steal_pointer(&config), done, errp);
    if (ok) {
        announce(vm, args);
    } else if (done && def) {
        take_back(vm, impact->run, def);
    }
    return ok;
}

gboolean remote_domain_set_metadata(RpcCall *call,
                                    const RemoteDomainSetMetadataArgs *args,
                                    GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_auto(Impact) impact = { 0 };
    gboolean ok;

    if (!vm || !vm_begin_job(vm, JOB_MODIFY, "metadata", errp)) {
        return FALSE;
    }
    ok = vm_read_impact(vm, args->flags, &impact, errp) && set(vm, args, &impact, errp);
    vm_end_job(vm);
    return ok;
}

gboolean remote_domain_get_metadata(RpcCall *call,
                                    const RemoteDomainGetMetadataArgs *args,
                                    RemoteDomainGetMetadataRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(VmDef) def = vm ? vm_get_def_for(vm, args->flags, errp) : NULL;

    if (def) {
        ret->metadata = xml_domain_get_metadata(def->domain, args->type, args->uri, errp);
    }
    return ret->metadata != NULL;
}
