/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ide-cd: between the drive (cd.c), its packet commands (cd-packet.c), and reads. */
#ifndef VIREO_IDE_CD_H
#define VIREO_IDE_CD_H

#include "block/removable.h"
#include "ide/ide.h"

#define CD_BLOCK_SIZE  2048u
#define CD_RAW_SIZE    2352u /* with synchronisation, header, and what corrects errors */
#define CD_BLOCKS_MAX  (80u * 60 * 75) /* of 80 minutes; with more it is a DVD */
#define CD_PACKET_SIZE 12u

/* SPC-3, 4.5.6 and 4.5.2.1: sense keys, and additional sense codes (code, qualifier). */
enum {
    CD_NO_SENSE = 0x0,
    CD_NOT_READY = 0x2,
    CD_MEDIUM_ERROR = 0x3,
    CD_ILLEGAL_REQUEST = 0x5,
    CD_UNIT_ATTENTION = 0x6,
};
enum {
    CD_ASC_NONE = 0x0000,
    CD_ASC_READ_ERROR = 0x1100,
    CD_ASC_OPCODE = 0x2000,
    CD_ASC_OUT_OF_RANGE = 0x2100,
    CD_ASC_FIELD = 0x2400,
    CD_ASC_MEDIUM_CHANGED = 0x2800,
    CD_ASC_INCOMPATIBLE = 0x3000,
    CD_ASC_SAVING = 0x3900,
    CD_ASC_NO_MEDIUM = 0x3a00,
    CD_ASC_REMOVAL_PREVENTED = 0x5302,
};

/*
 * What a guest is told that does not ask for events: of a new medium first that there is
 * none, then that there is another one.
 */
typedef enum CdChange { CD_SETTLED, CD_SAY_EMPTY, CD_SAY_CHANGED } CdChange;

typedef struct IdeCd {
    IdeDrive drive;
    Removable removable;

    /* State, with the tray and its lock. */
    guint8 sense_key;
    guint16 sense_code;                    /* code and qualifier */
    guint8 change;                         /* CdChange */
    gboolean swapped;                      /* the medium, while the tray was open */
    gboolean new_medium;                   /* events for GET EVENT STATUS NOTIFICATION */
    gboolean eject_request;                /* the host wants the tray to open */
    guint64 blocks;                        /* of the medium that the guest knows of */
    guint8 single_word, multi_word, ultra; /* transfer modes: IDENTIFY's selected bits */

    /* Of the read under way: its medium, and what is read to be made a raw sector of. */
    BlockNode *medium;
    guint8 sector[CD_RAW_SIZE];
    struct iovec iov;
} IdeCd;

/* Blocks of the medium that can be read now; 0: none is in, or the tray is open. */
guint32 cd_blocks(const IdeCd *cd);
/* The guest opens or closes the tray. */
void cd_move_tray(IdeCd *cd, gboolean open);

/* --- cd-packet.c --- */

/* PACKET; ends the command, now or later. */
void cd_packet(IdeCd *cd, IdeCommand *cmd);
/* The ends: all is well; CHECK CONDITION, with this sense; or no packet command at all.
 */
void cd_good(IdeCommand *cmd);
void cd_check(IdeCommand *cmd, guint8 key, guint16 code);
void cd_abort(IdeCommand *cmd);
/* How data will go to the guest: so many bytes in all. */
void cd_begin_data(IdeCommand *cmd, guint64 bytes);
/* The first max bytes of a reply, at most; ends the command. */
void cd_reply(IdeCommand *cmd, const guint8 *reply, guint32 bytes, guint32 max);

/* --- cd-reply.c: what commands without a use of the medium's data tell --- */

typedef void (*CdHandler)(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_inquiry(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_mode_sense(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_read_capacity(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_get_configuration(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_get_event(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_mechanism_status(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_read_disc_information(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_read_toc(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_read_dvd_structure(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);

/* --- cd-read.c --- */

void cd_read_10(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_read_12(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_read_cd(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);
void cd_seek(IdeCd *cd, IdeCommand *cmd, const guint8 *packet);

/* Numbers in packets and replies are big-endian. */
static inline guint32 cd_get16(const guint8 *p)
{
    return (guint32)p[0] << 8 | p[1];
}
static inline guint32 cd_get32(const guint8 *p)
{
    return cd_get16(p) << 16 | cd_get16(p + 2);
}
static inline void cd_put16(guint8 *p, guint32 value)
{
    p[0] = (guint8)(value >> 8);
    p[1] = (guint8)value;
}
static inline void cd_put32(guint8 *p, guint32 value)
{
    cd_put16(p, value >> 16);
    cd_put16(p + 2, value);
}

#endif
