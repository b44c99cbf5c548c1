/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of the human monitor as rows: what parses, helps and documents them. */
#ifndef VIREO_MONITOR_HMP_COMMAND_H
#define VIREO_MONITOR_HMP_COMMAND_H

#include "monitor/hmp.h"

typedef enum HmpArgKind {
    HMP_FLAG,     /* "-d": name is its letter's, `flag` the letter */
    HMP_WORD,     /* up to the next space, or in quotation marks */
    HMP_FILENAME, /* the same, with other words in errors */
    HMP_DEVICE,
    HMP_INT,
    HMP_MIB,     /* a number, of MiB; in bytes */
    HMP_ON_OFF,  /* a bool */
    HMP_REST,    /* of the line, optional */
    HMP_OPTIONS, /* the rest: key=value,..., whose members are the arguments; name is the
                    key that may be left out */
} HmpArgKind;

typedef struct HmpArg {
    const char *name; /* as QMP's argument */
    HmpArgKind kind;
    gboolean optional;
    char flag;
} HmpArg;

typedef struct HmpCommand {
    const char *name;                            /* "stop|s": all that it may be called */
    const char *params;                          /* for its help, or "" */
    const char *help;                            /* the same, without full stop */
    const HmpArg *args;                          /* ends with a NULL name; NULL: none */
    const char *command;                         /* QMP's; or: */
    void (*say)(ConfigNode *args, GString *out); /* without one */
    /* What QMP wants instead. FALSE: out says why not. NULL: the same. */
    gboolean (*adapt)(ConfigNode *args, GString *out);
    gboolean for_print; /* the arguments are for that alone */
    /* What it has returned; NULL: nothing is said. */
    void (*print)(const ConfigNode *ret, const ConfigNode *args, GString *out);
    /* When it has succeeded: ended() follows, now or later. NULL: at once. */
    void (*wait)(const ConfigNode *args, gboolean waits, GString *out,
                 void (*ended)(void *opaque), void *opaque);
} HmpCommand;

/* Sorted by name; end with a NULL name. */
extern const HmpCommand hmp_commands[], hmp_info_commands[];

/* Of the words "help ARGS": of all without any. */
void hmp_help(const char *words, GString *out);

/* hmp-line.c */
/* The next word from *p on, owned; NULL: there is none (out says nothing), or out says
 * what is wrong. */
char *hmp_next_word(const char **p, GString *out);
/* The row of a name of length len; NULL: none. */
const HmpCommand *hmp_find(const HmpCommand *table, const char *name, gsize len);

/* hmp-print.c: of QMP's commands with these names. */
typedef void HmpPrint(const ConfigNode *ret, const ConfigNode *args, GString *out);
HmpPrint hmp_print_balloon, hmp_print_block, hmp_print_blockstats, hmp_print_capabilities,
    hmp_print_chardev, hmp_print_cpus, hmp_print_iothreads, hmp_print_kvm,
    hmp_print_migrate, hmp_print_name, hmp_print_parameters, hmp_print_pci,
    hmp_print_status, hmp_print_uuid, hmp_print_version, hmp_print_vm_generation_id,
    hmp_print_qom_list, hmp_print_qom_value;

#endif
