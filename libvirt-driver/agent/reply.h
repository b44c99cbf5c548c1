/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What commands of the guest agent return, made into what libvirt's clients get. It is
 * the guest's word: each member may be missing, another type, or a lie. Errors are
 * RPC_ERROR with VIR_ERR_INTERNAL_ERROR, naming command and member.
 */
#pragma once
#include <glib.h>
#include <json-glib/json-glib.h>

#include "rpc/values.h"

G_BEGIN_DECLS

#define AGENT_LIST_MAX 2048 /* elements of one list: no reply to a client has more */

/* Where a disk of the guest's is; -1: not told. */
typedef struct AgentDisk {
    char *serial, *device; /* or NULL */
    char *bus_type;        /* "virtio", "sata", ... or NULL */
    gint64 bus, target, unit;
    gint64 pci_domain, pci_bus, pci_slot, pci_function;
} AgentDisk;

typedef struct AgentFilesystem {
    char *name, *mountpoint, *type;
    gint64 total_bytes, used_bytes; /* -1: not told */
    GPtrArray *disks;               /* of AgentDisk */
} AgentFilesystem;

/* What the domain calls a disk: "vda"; borrowed, NULL: it has none there. */
typedef const char *AgentDiskName(const AgentDisk *disk, gpointer opaque);

/* guest-get-fsinfo: of AgentFilesystem, or NULL. */
GPtrArray *agent_parse_filesystems(JsonNode *reply, GError **errp);
void agent_add_filesystems(const GPtrArray *filesystems, AgentDiskName *name,
                           gpointer opaque, RpcParams *params);

/* guest-network-get-interfaces */
typedef struct AgentAddress {
    int type; /* virIPAddrType */
    char *address;
    guint prefix;
} AgentAddress;

typedef struct AgentInterface {
    char *name, *hwaddr;  /* hwaddr: or NULL */
    GPtrArray *addresses; /* of AgentAddress */
} AgentInterface;

/* Of AgentInterface; those that have several names are one. Or NULL. */
GPtrArray *agent_parse_interfaces(JsonNode *reply, GError **errp);
void agent_add_interfaces(const GPtrArray *interfaces, RpcParams *params);

/* guest-get-vcpus */
typedef struct AgentVcpu {
    guint id;
    gboolean online, offlinable, changed;
} AgentVcpu;

/* Of AgentVcpu, or NULL. */
GArray *agent_parse_vcpus(JsonNode *reply, GError **errp);
void agent_add_vcpus(const GArray *vcpus, RpcParams *params);
/* The argument of guest-set-vcpus: those that are changed. */
JsonObject *agent_vcpus_argument(const GArray *vcpus);

/* "0-3,5": the set of numbers (GUINT_TO_POINTER), or NULL if it is no such text. */
GHashTable *agent_parse_cpu_map(const char *text);

/* The others of virDomainGetGuestInfo. */
gboolean agent_add_users(JsonNode *reply, RpcParams *params, GError **errp);
gboolean agent_add_os(JsonNode *reply, RpcParams *params, GError **errp);
gboolean agent_add_timezone(JsonNode *reply, RpcParams *params, GError **errp);
gboolean agent_add_hostname(JsonNode *reply, RpcParams *params, GError **errp);
gboolean agent_add_load(JsonNode *reply, RpcParams *params, GError **errp);
gboolean agent_add_disks(JsonNode *reply, AgentDiskName *name, gpointer opaque,
                         RpcParams *params, GError **errp);

/* Single values. */
char *agent_parse_hostname(JsonNode *reply, GError **errp);
gboolean agent_parse_number(JsonNode *reply, const char *command, gint64 *number,
                            GError **errp);
/* guest-ssh-get-authorized-keys: NULL-terminated, or NULL. */
char **agent_parse_keys(JsonNode *reply, GError **errp);

/* ---- for the files of agent/ ---- */

/* The list that a command returned, of at most AGENT_LIST_MAX objects; NULL with an
 * error.
 */
JsonArray *agent_reply_list(JsonNode *reply, const char *command, GError **errp);
/* Its element, which is an object. */
JsonObject *agent_list_object(JsonArray *list, guint i);
/* The object that a command returned. */
JsonObject *agent_reply_object(JsonNode *reply, const char *command, GError **errp);
gboolean agent_reply_wrong(const char *command, const char *what, GError **errp);

G_END_DECLS
