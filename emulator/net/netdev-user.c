/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -netdev user: a network of the VM's own behind this process, without privileges. */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "net/backend.h"
#include "net/user-stack.h"
#include "util/error.h"
#include "util/fd.h"

#define HOSTNAME_MAX   32 /* what libslirp's DHCP has room for */
#define DOMAINNAME_MAX 255

typedef struct UserOptions {
    OnOffAuto ipv4, ipv6;
    gboolean restricted;
    char *net, *host, *dhcpstart, *dns;
    char *prefix6, *host6, *dns6;
    gint32 prefix6_len;
    char *hostname, *domainname;
    char **dnssearch, **hostfwd;
} UserOptions;

#define FIELD(name) offsetof(UserOptions, name)
#define NO_FILES    "there is no TFTP or SMB server"

/* What would make this process serve the host's files or run its programs. */
#define REFUSED(name_, type_, why_)                                                      \
    {                                                                                    \
        .name = name_, .type = type_, .only = "", .why = why_, .ignored = TRUE,          \
        .hidden = TRUE                                                                   \
    }

static const Property user_rows[] = {
    { "hostfwd", PROP_STRINGS, FIELD(hostfwd),
      .help = "Forwards a port of the host to the guest, "
              "[tcp|udp]:[HOST]:PORT-[GUEST]:PORT; may come several times" },
    { "restrict", PROP_BOOL, FIELD(restricted), "off",
      .help = "The guest reaches nothing: only forwarded ports work" },
    { "ipv4", PROP_MAYBE, FIELD(ipv4), .help = "IPv4 (default: on)" },
    { "net", PROP_STRING, FIELD(net),
      .help = "The network, ADDRESS[/MASK] (10.0.2.0/24)" },
    { "host", PROP_STRING, FIELD(host), .help = "The host's address in it (.2 of it)" },
    { "dhcpstart", PROP_STRING, FIELD(dhcpstart),
      .help = "The first address that DHCP gives to guests (.15 of it)" },
    { "dns", PROP_STRING, FIELD(dns), .help = "The name server's address (.3 of it)" },
    { "ipv6", PROP_MAYBE, FIELD(ipv6), .help = "IPv6 (default: on)" },
    { "ipv6-prefix", PROP_STRING, FIELD(prefix6), .help = "The network (fec0::)" },
    { "ipv6-prefixlen", PROP_S32, FIELD(prefix6_len), "-1", .help = "Its length (64)" },
    { "ipv6-host", PROP_STRING, FIELD(host6), .help = "The host's address in it (::2)" },
    { "ipv6-dns", PROP_STRING, FIELD(dns6), .help = "The name server's address (::3)" },
    { "hostname", PROP_STRING, FIELD(hostname), .help = "The guest's name, by DHCP" },
    { "domainname", PROP_STRING, FIELD(domainname), .help = "Its domain, by DHCP" },
    { "dnssearch", PROP_STRINGS, FIELD(dnssearch),
      .help = "Domains to look names up in, by DHCP; may come several times" },
    REFUSED("guestfwd", PROP_STRINGS, "nothing is run or connected for the guest"),
    REFUSED("tftp", PROP_STRING, NO_FILES),
    REFUSED("tftp-server-name", PROP_STRING, NO_FILES),
    REFUSED("bootfile", PROP_STRING, NO_FILES),
    REFUSED("smb", PROP_STRING, NO_FILES),
    REFUSED("smbserver", PROP_STRING, NO_FILES),
    { NULL },
};

static char *denied;
static gboolean started; /* what comes later would be without its thread */

void net_deny(const char *why)
{
    g_free(denied);
    denied = g_strdup(why);
}

static gboolean check_names(const UserOptions *o, GError **errp)
{
    if (o->hostname && strlen(o->hostname) > HOSTNAME_MAX) {
        return error_set(errp, "'hostname' parameter cannot exceed %d bytes",
                         HOSTNAME_MAX);
    }
    if (o->domainname && strlen(o->domainname) > DOMAINNAME_MAX) {
        return error_set(errp, "'domainname' parameter cannot exceed %d bytes",
                         DOMAINNAME_MAX);
    }
    for (guint i = 0; o->dnssearch && o->dnssearch[i]; i++) {
        if (strlen(o->dnssearch[i]) > DOMAINNAME_MAX) {
            return error_set(errp, "'dnssearch' parameter cannot exceed %d bytes",
                             DOMAINNAME_MAX);
        }
    }
    return TRUE;
}

static gboolean forward(UserStack *stack, const char *rule, GError **errp)
{
    UserForward f;

    if (!user_forward_parse(rule, &f, errp)) {
        return FALSE;
    }
    if (!user_stack_forward(stack, &f, errp)) {
        g_prefix_error(errp, "Could not set up host forwarding rule '%s': ", rule);
        return FALSE;
    }
    return TRUE;
}

static gboolean open_stack(const UserOptions *o, const UserConfig *config, int *cable,
                           GError **errp)
{
    UserStack *stack = user_stack_new(config, cable, errp);

    if (!stack) {
        return FALSE;
    }
    for (guint i = 0; o->hostfwd && o->hostfwd[i]; i++) {
        if (!forward(stack, o->hostfwd[i], errp)) {
            fd_clear(cable);
            user_stack_abandon(stack);
            return FALSE;
        }
    }
    return TRUE;
}

static char *describe(const UserConfig *config)
{
    char net[INET_ADDRSTRLEN] = "";

    inet_ntop(AF_INET, &config->addresses.net, net, sizeof(net));
    return g_strdup_printf("net=%s,restrict=%s", net, config->restricted ? "on" : "off");
}

static gboolean open_user(NetBackend *net, const void *options, GError **errp)
{
    const UserOptions *o = options;
    const UserTexts texts = { o->net,   o->host, o->dhcpstart,   o->dns,  o->prefix6,
                              o->host6, o->dns6, o->prefix6_len, o->ipv4, o->ipv6 };
    UserConfig config = { .restricted = o->restricted,
                          .hostname = o->hostname,
                          .domainname = o->domainname,
                          .dnssearch = o->dnssearch };
    int cable;

    if (started) {
        return error_set(errp, "netdev type 'user' cannot be added at run time");
    }
    if (denied) {
        return error_set(errp, "netdev user makes sockets, which %s does not let it",
                         denied);
    }
    if (!user_addresses(&texts, &config.addresses, errp) || !check_names(o, errp) ||
        !open_stack(o, &config, &cable, errp)) {
        return FALSE;
    }
    net->pairs = 1;
    net->fds = g_new(int, 1);
    net->fds[0] = cable;
    net->info = describe(&config);
    return TRUE;
}

static gboolean start(GError **errp)
{
    started = TRUE;
    return user_stacks_start(errp);
}

static void stop(void)
{
    user_stacks_stop();
    started = FALSE;
}

static void free_user(NetBackend *net)
{
    fd_clear(&net->fds[0]);
    g_free(net->fds);
}

static const NetBackendOps user_ops = { .free = free_user };

const NetDriver net_driver_user = {
    /* QMP's schema has it: there clients look for what the command line takes. */
    .type = { "user", "a network of its own behind this process; not by netdev_add",
              user_rows, sizeof(UserOptions) },
    .ops = &user_ops,
    .open = open_user,
    .start = start,
    .stop = stop,
};
