/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The migration stream (format version 2), little-endian.
 *
 *   hello:   "VIREOMIG", u32 format version, u32 channel index (0: the only one)
 *   records: u32 type, u32 aux, u64 length of what follows, payload
 *     CONFIG  first: machine, RAM blocks, what the guest sees (config-record.c)
 *     RAM     aux = number of the block in CONFIG; runs of pages, then their data (ram.h)
 *     DEVICE  aux = 0; name of the section, then its fields (device-state.c)
 *     END     everything has been sent; aux: MIG_END_HANDSHAKE or 0
 *   With the handshake (sockets) the destination answers END: u32 length, text;
 *   empty: all is loaded. Then
 *     GO      the source has let go; only now may the destination run
 *   which the destination answers, too: empty: the VM is its own now. Without the
 *   handshake it may run after END. A break before GO leaves the VM with the source, one
 *   after it leaves it stopped there: never do both run. The source has completed when
 *   it knows that the destination has the VM.
 *
 * The reader takes every byte as hostile: an error names record and field.
 *
 * Releases understand each other as long as no VM uses what one of them does not know:
 *   - what a guest sees is fixed by the machine's version, and told where it is not the
 *     default of that version (device.h: PropertyDefault);
 *   - fields and sections that a VM does not need are left out (util/state.h), and a
 *     description has the version that what is left needs;
 *   - what a reader does not know is refused by name, unless the writer has marked it as
 *     something that may be lost.
 */
#ifndef VIREO_MIGRATION_STREAM_H
#define VIREO_MIGRATION_STREAM_H

#include "migration/channel.h"

typedef enum MigRecordType {
    MIG_RECORD_CONFIG = 1,
    MIG_RECORD_RAM = 2,
    MIG_RECORD_DEVICE = 3,
    MIG_RECORD_END = 4,
    MIG_RECORD_GO = 5,
} MigRecordType;

#define MIG_MAGIC         "VIREOMIG"
#define MIG_END_HANDSHAKE 1u

#define MIG_RECORD_SIZE 16
#define MIG_PAYLOAD_MAX (16u << 20) /* CONFIG and DEVICE */

typedef struct MigRecord {
    guint32 type, aux;
    guint64 length;
} MigRecord;

void mig_record_pack(guint8 out[MIG_RECORD_SIZE], MigRecordType type, guint32 aux,
                     guint64 length);
gboolean mig_stream_send_hello(MigChannel *ch, GError **errp);
/* magic_read: the magic has been seen to, what follows it is still to be read. */
gboolean mig_stream_read_hello(MigChannel *ch, gboolean magic_read, GError **errp);
gboolean mig_stream_send(MigChannel *ch, MigRecordType type, guint32 aux, GBytes *payload,
                         GError **errp);
gboolean mig_stream_read_record(MigChannel *ch, MigRecord *record, GError **errp);
/* The whole payload of a CONFIG or DEVICE record. */
GBytes *mig_stream_read_payload(MigChannel *ch, const MigRecord *record, GError **errp);
/*
 * The destination's answer, error NULL for success. What it says that is no answer (too
 * long) is not a refusal: the reader's error is MIGRATION_ERROR_FAILED then.
 */
#define MIG_ANSWER_MAX 4096
gboolean mig_stream_send_answer(MigChannel *ch, const char *error, GError **errp);
gboolean mig_stream_read_answer(MigChannel *ch, GError **errp);

/*
 * CONFIG: what must be equal on both sides (config-record.c). Made and checked under the
 * machine lock; the check names the first thing that differs. What the reader would
 * refuse is not made: NULL.
 */
GBytes *mig_config_save(GError **errp);
/* The blocks in the order of their numbers in RAM records, a reference each; or NULL. */
GPtrArray *mig_config_check(GBytes *payload, GError **errp);

/*
 * cpu-record.c: the rows of CONFIG about CPUID. add is called with key and value of each;
 * the check is that of one row of the sender's, *known: whether it is one about CPUID.
 */
void mig_cpu_foreach_row(void (*add)(const char *key, const char *value, void *opaque),
                         void *opaque);
gboolean mig_cpu_check_row(const char *key, const char *value, gboolean *known,
                           GError **errp);

#endif
