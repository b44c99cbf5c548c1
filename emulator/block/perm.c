/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the users of a node do with it, and let others do: from the top of the graph down
 * to the images, whose locks (lock.c) follow from it. The names are QEMU's.
 */
#include "block/node.h"
#include "util/error.h"

static const char *const perm_names[] = {
    "consistent read",
    "write",
    "write unchanged",
    "resize",
};

const char *block_perm_name(unsigned bit)
{
    return perm_names[bit];
}

void block_user_perms(const BlockUser *user, guint *perm, guint *shared)
{
    *perm = BLOCK_PERM_CONSISTENT_READ | (user->read_only ? 0 : BLOCK_PERM_WRITE);
    *shared = BLOCK_PERM_ALL & ~(user->share_rw ? 0u : BLOCK_PERM_WRITE);
}

void block_node_perms(const BlockNode *node, guint *perm, guint *shared)
{
    *perm = 0;
    *shared = BLOCK_PERM_ALL;
    for (const BlockChild *c = node->parents; c; c = c->next_parent) {
        if (c->hold != BLOCK_HOLD_GIVEN) { /* who goes keeps others out to the end */
            *perm |= c->perm;
            *shared &= c->shared;
        }
    }
}

/* What a node needs of its child, when it is used so. */
static void child_perms(const BlockNode *node, BlockRole role, guint *perm, guint *shared)
{
    switch (role) {
    case BLOCK_ROLE_USER:
    case BLOCK_ROLE_FILTERED:
        break;
    case BLOCK_ROLE_FILE: /* with the format's own data, which nobody else may touch */
        *perm = BLOCK_PERM_CONSISTENT_READ;
        *perm |= node->read_only ? 0 : BLOCK_PERM_WRITE | BLOCK_PERM_RESIZE;
        *shared = BLOCK_PERM_CONSISTENT_READ | BLOCK_PERM_WRITE_UNCHANGED;
        break;
    case BLOCK_ROLE_DATA_FILE:
        *perm |= *perm & BLOCK_PERM_WRITE ? BLOCK_PERM_RESIZE : 0;
        *shared &= ~(guint)BLOCK_PERM_RESIZE;
        break;
    case BLOCK_ROLE_BACKING: /* is read; what is above may stand that it changes */
        *perm &= BLOCK_PERM_CONSISTENT_READ;
        *shared = *shared & BLOCK_PERM_WRITE
                      ? BLOCK_PERM_ALL
                      : BLOCK_PERM_CONSISTENT_READ | BLOCK_PERM_WRITE_UNCHANGED;
        break;
    }
}

static char *describe(const BlockChild *c)
{
    if (c->parent) {
        return g_strdup_printf("node '%s'", c->parent->name);
    }
    return c->user.name ? g_strdup_printf("device '%s'", c->user.name)
                        : g_strdup("another device");
}

static char *names_of(guint perms)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(perm_names); i++) {
        if (perms & (1u << i)) {
            g_string_append_printf(text, "%s%s", text->len ? ", " : "", perm_names[i]);
        }
    }
    return g_string_free(text, FALSE);
}

/* FALSE: what a needs b does not share. */
static gboolean check_pair(const BlockNode *node, const BlockChild *a,
                           const BlockChild *b, GError **errp)
{
    guint bad = a->perm & ~b->shared;

    if (!bad || a == b) {
        return TRUE;
    }
    g_autofree char *first = describe(a), *second = describe(b), *names = names_of(bad);
    return error_set(errp,
                     "Permission conflict on node '%s': permissions '%s' are both "
                     "required by %s and unshared by %s",
                     node->name, names, first, second);
}

static gboolean check_all(const BlockNode *node, GError **errp)
{
    for (const BlockChild *a = node->parents; a; a = a->next_parent) {
        for (const BlockChild *b = node->parents; b; b = b->next_parent) {
            if (!check_pair(node, a, b, errp)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

gboolean block_perms_refresh(BlockNode *node, GError **errp)
{
    guint perm, shared;
    gboolean ok = check_all(node, errp);

    block_node_perms(node, &perm, &shared);
    for (BlockChild *c = node->children; c; c = c->next_child) {
        c->perm = node->wanted ? perm : 0;
        c->shared = node->wanted ? shared : BLOCK_PERM_ALL;
        if (node->wanted) {
            child_perms(node, c->role, &c->perm, &c->shared);
        }
        /* All the way down also after an error: all are as those above them are. */
        ok = block_perms_refresh(c->node, ok ? errp : NULL) && ok;
    }
    return ok;
}
