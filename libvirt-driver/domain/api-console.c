/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console of a domain: a stream to the pty of a serial port. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "domain/api.h"

/* The serial port that a client means: by alias, or the first one. */
static const DomainSerial *find_serial(const Domain *domain, const char *alias)
{
    for (guint i = 0; i < domain->serials->len; i++) {
        const DomainSerial *serial = domain->serials->pdata[i];

        /* "console0" is the first serial port under its other name. */
        if (!alias || g_strcmp0(serial->info.alias, alias) == 0 ||
            (i == 0 && strcmp(alias, "console0") == 0)) {
            return serial;
        }
    }
    return NULL;
}

static int open_serial(const VmDef *def, const char *alias, GError **errp)
{
    const DomainSerial *serial = find_serial(def->domain, alias);
    int fd;

    if (!serial) {
        rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "cannot find character device '%s'",
                      alias ? alias : "console");
        return -1;
    }
    if (serial->type != DOMAIN_CHARDEV_PTY || !serial->path) {
        rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                      "character device '%s' is not using a PTY", serial->info.alias);
        return -1;
    }
    fd = open(serial->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "cannot open '%s': %s", serial->path,
                      g_strerror(errno));
    }
    return fd;
}

static void on_closed(RpcStream *stream, gpointer opaque)
{
    Vm *vm = opaque;

    g_mutex_lock(&vm->lock);
    if (vm->console == stream) {
        g_clear_pointer(&vm->console, rpc_stream_unref);
    }
    g_mutex_unlock(&vm->lock);
}

/* Takes the console for stream: from nobody, or, with force, from whoever has it. */
static gboolean take_console(Vm *vm, RpcStream *stream, gboolean force, GError **errp)
{
    g_autoptr(RpcStream) old = NULL;
    g_autoptr(GError) why = NULL;
    gboolean ok;

    g_mutex_lock(&vm->lock);
    ok = !vm->console || force;
    if (ok) {
        old = vm->console;
        vm->console = rpc_stream_ref(stream);
    }
    g_mutex_unlock(&vm->lock);
    if (!ok) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_FAILED,
                             "Active console session exists for this domain");
    }
    if (old) {
        why = rpc_error_new(VIR_ERR_OPERATION_ABORTED,
                            "another client has taken the console");
        rpc_stream_abort(old, why);
    }
    return TRUE;
}

gboolean remote_domain_open_console(RpcCall *call,
                                    const RemoteDomainOpenConsoleArgs *args,
                                    GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(VmDef) def = NULL;
    g_autoptr(RpcStream) stream = NULL;
    gboolean active, force = (args->flags & VIR_DOMAIN_CONSOLE_FORCE) != 0;
    int fd;

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    active = vm_is_active_locked(vm);
    def = vm_get_def_locked(vm);
    g_mutex_unlock(&vm->lock);
    if (!active) {
        return vm_refuse_inactive(errp);
    }
    fd = open_serial(def, args->dev_name, errp);
    if (fd < 0) {
        return FALSE;
    }
    stream = rpc_call_open_stream(call);
    if (!take_console(vm, stream, force, errp)) {
        close(fd);
        return FALSE;
    }
    rpc_stream_set_closed(stream, on_closed, vm_ref(vm), (GDestroyNotify)vm_unref);
    rpc_stream_splice_fd(stream, fd);
    return TRUE;
}
