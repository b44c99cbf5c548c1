/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The consoles of a domain: streams to the terminals, or sockets, behind serial ports,
 * consoles and channels. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "command/chardev.h"
#include "domain/api.h"
#include "process/listen.h"

#define CONNECT_TIMEOUT_MS 5000 /* with a queue that is full */

/* What a client means: an alias, or the first console. */
static gboolean find_console(const Domain *domain, const char *alias,
                             DomainDevice *device)
{
    gboolean first = !alias || strcmp(alias, "console0") == 0;

    /* "console0" is the first serial port under its other name. */
    if (alias && xml_domain_find_alias(domain, alias, device)) {
        return TRUE;
    }
    if (first && domain->serials->len) {
        *device = (DomainDevice){ DOMAIN_DEVICE_SERIAL,
                                  { .serial = domain->serials->pdata[0] } };
        return TRUE;
    }
    if (!alias && domain->consoles->len) {
        *device = (DomainDevice){ DOMAIN_DEVICE_CONSOLE,
                                  { .console = domain->consoles->pdata[0] } };
        return TRUE;
    }
    return FALSE;
}

static int open_pty(const char *path, GError **errp)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        rpc_error_set(errp, VIR_ERR_SYSTEM_ERROR, "cannot open '%s': %s", path,
                      g_strerror(errno));
    }
    return fd;
}

/* *name gets the alias of what is opened, which is def's. */
static int open_console(const VmDef *def, const char *alias, const char **name,
                        GError **errp)
{
    DomainDevice device;
    CommandChardev of;

    if (!find_console(def->domain, alias, &device) || !command_chardev_of(&device, &of)) {
        rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "cannot find character device '%s'",
                      alias ? alias : "console");
        return -1;
    }
    *name = of.info->alias;
    if (of.chardev->type == DOMAIN_CHARDEV_PTY && of.chardev->path) {
        return open_pty(of.chardev->path, errp);
    }
    if (of.chardev->type == DOMAIN_CHARDEV_UNIX && of.chardev->path &&
        of.chardev->mode == DOMAIN_CHARDEV_MODE_BIND) {
        /* The emulator serves one client; others wait until that has gone. */
        return process_connect_unix(of.chardev->path, CONNECT_TIMEOUT_MS, errp);
    }
    rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                  "character device '%s' is not using a PTY, or a UNIX socket that "
                  "the domain listens on",
                  of.info->alias);
    return -1;
}

typedef struct Session {
    Vm *vm;
    char *alias;
} Session;

static Session *session_new(Vm *vm, const char *alias)
{
    Session *session = g_new(Session, 1);

    *session = (Session){ vm_ref(vm), g_strdup(alias) };
    return session;
}

static void session_free(gpointer opaque)
{
    Session *session = opaque;

    vm_unref(session->vm);
    g_free(session->alias);
    g_free(session);
}

static void on_closed(RpcStream *stream, gpointer opaque)
{
    const Session *session = opaque;
    Vm *vm = session->vm;

    g_mutex_lock(&vm->lock);
    if (g_hash_table_lookup(vm->consoles, session->alias) == stream) {
        g_hash_table_remove(vm->consoles, session->alias);
    }
    g_mutex_unlock(&vm->lock);
}

/* Takes the console for stream: from nobody, or, with force, from whoever has it. */
static gboolean take_console(Vm *vm, const char *alias, RpcStream *stream, gboolean force,
                             GError **errp)
{
    g_autoptr(RpcStream) old = NULL;
    g_autoptr(GError) why = NULL;
    RpcStream *now;
    gboolean ok;

    g_mutex_lock(&vm->lock);
    now = g_hash_table_lookup(vm->consoles, alias);
    ok = !now || force;
    if (ok) {
        old = now ? rpc_stream_ref(now) : NULL;
        g_hash_table_insert(vm->consoles, g_strdup(alias), rpc_stream_ref(stream));
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
    const char *alias = NULL;
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
    fd = open_console(def, args->dev_name, &alias, errp);
    if (fd < 0) {
        return FALSE;
    }
    stream = rpc_call_open_stream(call);
    if (!take_console(vm, alias, stream, force, errp)) {
        close(fd);
        return FALSE;
    }
    rpc_stream_set_closed(stream, on_closed, session_new(vm, alias), session_free);
    rpc_stream_splice_fd(stream, fd);
    return TRUE;
}
