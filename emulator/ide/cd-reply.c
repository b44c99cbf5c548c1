/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the CD drive tells of itself and of its medium: INQUIRY (SPC-3, 6.4), and of MMC-6
 * and SFF-8020i mode pages, profiles, events, table of contents, structures of a DVD. The
 * contents are those of QEMU's drive. A medium has one session with one track of data.
 */
#include <string.h>

#include "ide/cd.h"

#define DEVICE_TYPE     0x05 /* CD/DVD */
#define TRACK_DATA      0x14 /* position in the Q channel, a data track */
#define TRACK_LEAD_OUT  0xaa
#define PREGAP          150u /* frames before block 0 */
#define FRAMES          75u
#define DVD_STRUCT_SIZE 2052u

static void put_text(guint8 *p, guint len, const char *text)
{
    gsize given = strlen(text);

    for (guint i = 0; i < len; i++) {
        p[i] = i < given ? (guint8)text[i] : ' ';
    }
}

static void bad_field(IdeCommand *cmd)
{
    cd_check(cmd, CD_ILLEGAL_REQUEST, CD_ASC_FIELD);
}

/* --- INQUIRY --- */

#define SERIAL_SIZE 20u
static void inquiry_page(IdeCd *cd, IdeCommand *cmd, guint8 page, guint32 max)
{
    guint8 reply[48] = { DEVICE_TYPE, page };
    guint len = 4;

    if (page == 0x00) { /* those that there are */
        reply[len++] = 0x00;
        reply[len++] = 0x83;
    } else if (page == 0x83) { /* the serial number; the World Wide Name */
        reply[len] = 0x02;
        reply[len + 3] = SERIAL_SIZE;
        put_text(reply + len + 4, SERIAL_SIZE, cd->drive.serial);
        len += 4 + SERIAL_SIZE;
        if (cd->drive.wwn) {
            reply[len] = 0x01;
            reply[len + 1] = 0x03;
            reply[len + 3] = 8;
            cd_put32(reply + len + 4, (guint32)(cd->drive.wwn >> 32));
            cd_put32(reply + len + 8, (guint32)cd->drive.wwn);
            len += 12;
        }
    } else {
        bad_field(cmd);
        return;
    }
    cd_put16(reply + 2, len - 4);
    cd_reply(cmd, reply, len, max);
}

void cd_inquiry(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    /* removable; ATAPI; what follows */
    guint8 reply[36] = { DEVICE_TYPE, 0x80, 0x00, 0x21, sizeof(reply) - 5 };
    guint32 max = cd_get16(packet + 3);

    if (packet[1] & 0x01) {
        inquiry_page(cd, cmd, packet[2], max);
        return;
    }
    put_text(reply + 8, 8, "QEMU");
    put_text(reply + 16, 16, "QEMU DVD-ROM");
    put_text(reply + 32, 4, cd->drive.ver);
    cd_reply(cmd, reply, sizeof(reply), max);
}

/* --- MODE SENSE --- */

/* Behind the header; the drive's present values. */
static const struct {
    guint8 code, size;
    guint8 bytes[22];
} mode_pages[] = {
    { 0x01, 8, { 0x01, 0x06, 0x00, 0x05 } }, /* errors: five attempts */
    { 0x0e, 16, { 0x0e, 0x0e } },            /* audio */
    { 0x2a,
      22, /* abilities: all of CD and DVD can be read, nothing written; speeds, buffer */
      { 0x2a, 0x14, 0x3b, 0x00, 0x71, 0x60, 0x29, 0x00, 0x02, 0xc0, 0x00, 0x02, 0x02,
        0x00, 0x02, 0xc0 } },
};
#define MODE_LOCKED_BYTE 6 /* of page 0x2a */
#define MODE_LOCKED      0x02

void cd_mode_sense(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    guint8 reply[8 + sizeof(mode_pages[0].bytes)] = { 0 };
    guint8 which = packet[2] >> 6, code = packet[2] & 0x3f;

    if (which == 3) {
        cd_check(cmd, CD_ILLEGAL_REQUEST, CD_ASC_SAVING);
        return;
    }
    for (guint i = 0; which == 0 && i < G_N_ELEMENTS(mode_pages); i++) {
        guint len = 8u + mode_pages[i].size;

        if (mode_pages[i].code != code) {
            continue;
        }
        cd_put16(reply, len - 2);
        reply[2] = 0x70; /* SFF-8020i: what medium it is, is not said */
        memcpy(reply + 8, mode_pages[i].bytes, mode_pages[i].size);
        if (code == 0x2a && cd->removable.locked) {
            reply[8 + MODE_LOCKED_BYTE] |= MODE_LOCKED;
        }
        cd_reply(cmd, reply, len, cd_get16(packet + 7));
        return;
    }
    bad_field(cmd);
}

/* --- the medium --- */

void cd_read_capacity(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    guint8 reply[8];

    cd_put32(reply, cd_blocks(cd) - 1);
    cd_put32(reply + 4, CD_BLOCK_SIZE);
    cd_reply(cmd, reply, sizeof(reply), sizeof(reply));
}

static gboolean is_dvd(const IdeCd *cd)
{
    return cd_blocks(cd) > CD_BLOCKS_MAX;
}

/* A feature of the list of profiles, and nothing more. */
void cd_get_configuration(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    enum { PROFILE_CD = 0x0008, PROFILE_DVD = 0x0010 };
    guint32 now = !cd_blocks(cd) ? 0 : is_dvd(cd) ? PROFILE_DVD : PROFILE_CD;
    guint8 reply[20] = { 0 };

    if (packet[2] || packet[3]) { /* of a feature that there is not */
        bad_field(cmd);
        return;
    }
    cd_put32(reply, sizeof(reply) - 4);
    cd_put16(reply + 6, now);
    reply[10] = 0x03; /* persistent, current */
    reply[11] = 8;
    cd_put16(reply + 12, PROFILE_DVD);
    reply[14] = now == PROFILE_DVD;
    cd_put16(reply + 16, PROFILE_CD);
    reply[18] = now == PROFILE_CD;
    cd_reply(cmd, reply, sizeof(reply), cd_get16(packet + 7));
}

/* The next event, which is then over. */
static guint8 media_event(IdeCd *cd)
{
    enum { NO_CHANGE, EJECT_REQUEST, NEW_MEDIUM };

    if (cd->removable.tray_open) {
        return NO_CHANGE;
    }
    if (cd->new_medium) {
        cd->new_medium = FALSE;
        return NEW_MEDIUM;
    }
    if (cd->eject_request) {
        cd->eject_request = FALSE;
        return EJECT_REQUEST;
    }
    return NO_CHANGE;
}

void cd_get_event(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    enum { CLASS_MEDIA = 4, MASK_MEDIA = 1 << CLASS_MEDIA, NONE = 0x80 };
    enum { TRAY_OPEN = 0x01, MEDIUM_PRESENT = 0x02 };
    guint8 reply[8] = { 0, 0, NONE, MASK_MEDIA };
    guint len = 4;

    if (!(packet[1] & 0x01)) { /* that it calls when there is one, it cannot */
        bad_field(cmd);
        return;
    }
    if (packet[4] & MASK_MEDIA) {
        len = 8;
        reply[1] = 4;
        reply[2] = CLASS_MEDIA;
        reply[4] = media_event(cd);
        reply[5] = cd->removable.tray_open ? TRAY_OPEN
                   : cd->removable.medium  ? MEDIUM_PRESENT
                                           : 0;
    }
    cd_reply(cmd, reply, len, cd_get16(packet + 7));
}

void cd_mechanism_status(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    guint8 reply[8] = { [5] = 1 }; /* there are no slots for media: one drive */

    reply[1] = cd->removable.tray_open ? 0x10 : 0;
    cd_reply(cmd, reply, sizeof(reply), cd_get16(packet + 8));
}

void cd_read_disc_information(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    /* complete; the first track, one session, tracks 1 to 1; no fields are valid but: */
    guint8 reply[34] = { 0, sizeof(reply) - 2, 0x0e, 1, 1, 1, 1, 0x20 };

    if (packet[1] & 0x07) {
        bad_field(cmd);
        return;
    }
    cd_reply(cmd, reply, sizeof(reply), cd_get16(packet + 7));
}

/* --- READ TOC --- */

/* A block's address: its number, or minute, second and frame. */
static void put_address(guint8 *p, guint32 block, gboolean msf)
{
    guint64 frame = (guint64)block + PREGAP;

    if (!msf) {
        cd_put32(p, block);
        return;
    }
    p[0] = 0;
    p[1] = (guint8)(frame / FRAMES / 60);
    p[2] = (guint8)(frame / FRAMES % 60);
    p[3] = (guint8)(frame % FRAMES);
}

/* The track, and the lead-out. */
static guint toc_tracks(const IdeCd *cd, guint8 *p, guint8 from, gboolean msf)
{
    guint len = 4;

    if (from != TRACK_LEAD_OUT) {
        p[len + 1] = TRACK_DATA;
        p[len + 2] = 1;
        put_address(p + len + 4, 0, msf);
        len += 8;
    }
    p[len + 1] = 0x16;
    p[len + 2] = TRACK_LEAD_OUT;
    put_address(p + len + 4, cd_blocks(cd), msf);
    return len + 8;
}

/* Entries of the lead-in: first and last track, lead-out, the track. */
static guint toc_raw(const IdeCd *cd, guint8 *p, gboolean msf)
{
    static const guint8 points[] = { 0xa0, 0xa1, 0xa2, 1 };
    guint len = 4;

    for (guint i = 0; i < G_N_ELEMENTS(points); i++, len += 11) {
        p[len] = 1;
        p[len + 1] = TRACK_DATA;
        p[len + 3] = points[i];
        if (points[i] == 0xa2) {
            put_address(p + len + 7, cd_blocks(cd), msf);
        } else if (points[i] == 1) {
            put_address(p + len + 7, 0, msf);
        } else {
            p[len + 8] = 1;
        }
    }
    return len;
}

/* The format as SFF-8020i has it, in the last byte. */
void cd_read_toc(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    guint8 reply[48] = { 0, 0, 1, 1 };
    gboolean msf = packet[1] & 0x02;
    guint8 from = packet[6];
    guint len = 12; /* of the sessions: the last one begins at track 0 */

    switch (packet[9] >> 6) {
    case 0:
        if (from > 1 && from != TRACK_LEAD_OUT) {
            bad_field(cmd);
            return;
        }
        len = toc_tracks(cd, reply, from, msf);
        break;
    case 1:
        break;
    case 2:
        len = toc_raw(cd, reply, msf);
        break;
    default:
        bad_field(cmd);
        return;
    }
    cd_put16(reply, len - 2);
    cd_reply(cmd, reply, len, cd_get16(packet + 7));
}

/* --- READ DVD STRUCTURE --- */

enum {
    DVD_PHYSICAL = 0x00,
    DVD_COPYRIGHT = 0x01,
    DVD_MANUFACTURER = 0x04,
    DVD_LIST = 0xff
};

static const struct {
    guint8 format;
    guint16 size;
} dvd_structures[] = {
    { DVD_PHYSICAL, DVD_STRUCT_SIZE },
    { DVD_COPYRIGHT, 8 }, /* there is no protection */
    { 0x03, 192 },        /* burst cutting area: told of, but there is none */
    { DVD_MANUFACTURER, DVD_STRUCT_SIZE },
};

static guint dvd_list(guint8 *p)
{
    guint len = 4;

    for (guint i = 0; i < G_N_ELEMENTS(dvd_structures); i++, len += 4) {
        p[len] = dvd_structures[i].format;
        p[len + 1] = 0x40; /* can be read */
        cd_put16(p + len + 2, dvd_structures[i].size);
    }
    return len;
}

/* One layer of a DVD-ROM; its first and last block. */
static void dvd_physical(const IdeCd *cd, guint8 *p)
{
    p[4] = 0x01;
    p[5] = 0x0f; /* 120 mm, the rate is not said */
    p[6] = 0x01;
    cd_put32(p + 12, cd_blocks(cd) - 1);
    cd_put32(p + 16, cd_blocks(cd) - 1);
}

/* The length; 0: there is no such structure. */
static guint dvd_structure(const IdeCd *cd, guint8 format, guint8 *p)
{
    switch (format) {
    case DVD_LIST:
        return dvd_list(p);
    case DVD_PHYSICAL:
        dvd_physical(cd, p);
        return DVD_STRUCT_SIZE;
    case DVD_COPYRIGHT:
        return 8;
    case DVD_MANUFACTURER:
        return DVD_STRUCT_SIZE;
    default:
        return 0;
    }
}

void cd_read_dvd_structure(IdeCd *cd, IdeCommand *cmd, const guint8 *packet)
{
    guint8 reply[DVD_STRUCT_SIZE] = { 0 }, format = packet[7];
    guint len;

    if (format != DVD_LIST && !is_dvd(cd)) {
        cd_check(cmd, CD_ILLEGAL_REQUEST, CD_ASC_INCOMPATIBLE);
        return;
    }
    len = packet[1] & 0x0f ? 0 : dvd_structure(cd, format, reply);
    if (!len) {
        bad_field(cmd);
        return;
    }
    cd_put16(reply, len - 2);
    cd_reply(cmd, reply, len, cd_get16(packet + 8));
}
