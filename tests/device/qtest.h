/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client of `vireo -accel qtest`: starts the emulator of this build, drives its
 * devices over the qtest socket and its control plane over QMP. Every wait has a
 * limit; what goes wrong fails the test with the emulator's messages.
 */
#ifndef VIREO_TESTS_QTEST_H
#define VIREO_TESTS_QTEST_H

#include <json-glib/json-glib.h>

typedef struct QTest QTest;

/*
 * Starts $builddir/vireo with -accel qtest, a QMP monitor and the arguments (split
 * as a shell does). The VM is running when it returns.
 */
QTest *qtest_start(const char *format, ...) G_GNUC_PRINTF(1, 2);
/*
 * The same with -accel kvm and without the qtest socket: for tiny guests. serial: what
 * the first serial port says goes to qtest_serial().
 */
QTest *qtest_start_kvm(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* The text of the serial port so far; waits until it contains `text` (NULL: does not). */
char *qtest_serial(QTest *q, const char *text);
/* The same without starting a VM: exit status, and what it said on stderr. */
int qtest_run(const char *args, char **messages);
/* Quits by QMP; fails the test unless the emulator exits with 0. */
void qtest_stop(QTest *q);
/* It ends by itself (a shutdown): waits; returns its exit status. Frees q. */
int qtest_wait_exit(QTest *q);
/* A directory for the test's files; goes with q. */
const char *qtest_dir(QTest *q);
int qtest_pid(const QTest *q);

/* Ports and memory. */
void qtest_outb(QTest *q, guint16 port, guint8 value);
void qtest_outw(QTest *q, guint16 port, guint16 value);
void qtest_outl(QTest *q, guint16 port, guint32 value);
/* Bytes to one port, sent together. */
void qtest_outs(QTest *q, guint16 port, const void *buf, gsize len);
guint8 qtest_inb(QTest *q, guint16 port);
guint16 qtest_inw(QTest *q, guint16 port);
guint32 qtest_inl(QTest *q, guint16 port);
void qtest_writeb(QTest *q, guint64 addr, guint8 value);
void qtest_writew(QTest *q, guint64 addr, guint16 value);
void qtest_writel(QTest *q, guint64 addr, guint32 value);
void qtest_writeq(QTest *q, guint64 addr, guint64 value);
guint8 qtest_readb(QTest *q, guint64 addr);
guint16 qtest_readw(QTest *q, guint64 addr);
guint32 qtest_readl(QTest *q, guint64 addr);
guint64 qtest_readq(QTest *q, guint64 addr);
void qtest_memwrite(QTest *q, guint64 addr, const void *buf, gsize len);
void qtest_memread(QTest *q, guint64 addr, void *buf, gsize len);
void qtest_memset(QTest *q, guint64 addr, guint8 value, gsize len);

/* The virtual clock, in nanoseconds: return the time after the step. */
gint64 qtest_clock_step(QTest *q, gint64 ns);
gint64 qtest_clock_step_next(QTest *q); /* to the next timer */
gint64 qtest_clock_set(QTest *q, gint64 now);

/* Interrupt lines of a device ("ioapic"); first ask for them. */
void qtest_irq_intercept_in(QTest *q, const char *device);
gboolean qtest_get_irq(QTest *q, unsigned n);   /* its level, as last reported */
guint64 qtest_irq_raised(QTest *q, unsigned n); /* how often it has gone up */
/* Waits until line n has gone up at least `times` times in all. */
void qtest_wait_irq(QTest *q, unsigned n, guint64 times);

/* A raw command line; returns the reply's line, without interrupts. */
char *qtest_command_line(QTest *q, const char *line);
/*
 * A command whose access is held, as a vCPU waits: it is answered by qtest_finish(). In
 * between there are the command "block", which is answered, and QMP.
 */
void qtest_begin(QTest *q, const char *format, ...) G_GNUC_PRINTF(2, 3);
void qtest_finish(QTest *q);

/*
 * QMP: a command as JSON text, printf-like. qtest_qmp() returns the whole reply,
 * qtest_qmp_ok() its "return" and fails on an error, qtest_qmp_fails() the text of
 * the error and fails without one.
 */
JsonObject *qtest_qmp(QTest *q, const char *format, ...) G_GNUC_PRINTF(2, 3);
JsonNode *qtest_qmp_ok(QTest *q, const char *format, ...) G_GNUC_PRINTF(2, 3);
char *qtest_qmp_fails(QTest *q, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Returns when a migration, there or here, has completed; one that fails is a failure. */
void qtest_wait_migrated(QTest *q);
/* Waits for an event (also one that came during a command); returns its object. */
JsonObject *qtest_event_wait(QTest *q, const char *name);
/* An event of that name has come and was not waited for yet. */
gboolean qtest_event_seen(QTest *q, const char *name);

#endif
