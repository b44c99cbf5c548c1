/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The emulator itself in the process of a fuzz target: its main() runs on a thread, and
 * is spoken to by qtest and QMP, as a process would be. It is started once, in an empty
 * directory that is the process's, and lives until the process ends.
 */
#ifndef VIREO_TESTS_FUZZ_VM_H
#define VIREO_TESTS_FUZZ_VM_H

#include <glib.h>

typedef struct FuzzVm FuzzVm;

/* Makes the directory and goes there, and off the network; once, before any thread. */
void fuzz_enter_directory(void);
/* A file of `size` bytes, all zero. */
void fuzz_make_file(const char *name, goffset size);

/*
 * Options of a network card "nic", which is this device; owned. Empty where the host lets
 * nobody have a tap.
 */
char *fuzz_card(const char *device);
/* Fails where a device that a command line can have, of PCI or not, is not in args. */
void fuzz_assert_all_devices(const char *args, gboolean pci);

/* args: what the command line has after the harness's own options. */
FuzzVm *fuzz_vm_start(const char *args);
/* Ends it, and waits for that. */
void fuzz_vm_stop(FuzzVm *vm);

/* Lines of qtest, each with its end; returns when all are answered. */
void fuzz_vm_qtest(FuzzVm *vm, const char *lines);
/* The same, of one that reads; its value. 0: it has failed. */
guint64 fuzz_vm_value(FuzzVm *vm, const char *line);
/* One command; the reply, owned. A VM that does not answer aborts the process. */
char *fuzz_vm_qmp(FuzzVm *vm, const char *command);
gboolean fuzz_is_error(const char *reply);
/* What a client says, whatever it is, on a connection of its own, until that ends. */
void fuzz_vm_qmp_raw(FuzzVm *vm, const char *text, gsize len);
/* getfd with that name; fd stays the caller's. */
void fuzz_vm_getfd(FuzzVm *vm, const char *name, int fd);
/* Back to a running VM after a reset, whatever has been done to it. */
void fuzz_vm_reset(FuzzVm *vm);
/* How often that or the guest has reset it, as far as QMP's replies have come. */
guint fuzz_vm_resets(const FuzzVm *vm);

/* The input, from its beginning; zeros after its end. */
typedef struct FuzzInput {
    const guint8 *data;
    gsize left;
} FuzzInput;

guint64 fuzz_take(FuzzInput *in, unsigned bytes);

/*
 * Writes all to the socket and reads what comes back until the other side closes it;
 * owned. Writing ends where the other side does not read any more.
 */
GByteArray *fuzz_talk(int fd, const guint8 *data, gsize len);

#endif
