/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port without a controller: hands one command at a time to a drive. */
#ifndef VIREO_TEST_IDE_PORT_H
#define VIREO_TEST_IDE_PORT_H

#include "ide/ide.h"

#define TOY_MEMORY (4u << 20)

typedef struct ToyPort {
    IdePort port;
    IdeCommand cmd;
    guint8 *memory; /* the guest's, for data; TOY_MEMORY bytes */
    guint64 given;  /* so much of it the guest gives to a command */
    guint64 piece;  /* so much of it a request can have at once */
    gboolean ended, again;
    unsigned mapped; /* pieces that are mapped and not unmapped */
} ToyPort;

/* On no controller's bus; the machine exists. */
void toy_port_init(ToyPort *port);
void toy_port_finalize(ToyPort *port);
/* A drive of this class with these properties (JSON), on the port. NULL: error is set. */
Device *toy_port_plug(ToyPort *port, const IdeDriveClass *klass, const char *json,
                      GError **errp);
/* Takes it off again, and waits for DEVICE_DELETED; nothing is in flight. */
void toy_port_unplug(Device *dev);

/* Hands over a command; does not wait for its end. A packet: 12 bytes, or NULL. */
void toy_port_start(ToyPort *port, guint8 command, guint16 features, guint16 count,
                    guint64 lba, const guint8 *packet);
void toy_port_wait(ToyPort *port);

#endif
