/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices: where the bytes of a serial port or a monitor go.
 *
 * A chardev (the back end) is known by its id; a front end (serial port, virtio port,
 * monitor) holds it by a ChardevFront, which stays valid, and the same, whatever
 * chardev-change puts behind it. Main loop or a vCPU in a register access, under the
 * machine lock; callbacks come on the main loop, except where one says otherwise.
 */
#ifndef VIREO_CHARDEV_CHARDEV_H
#define VIREO_CHARDEV_CHARDEV_H

#include "config/kind.h"

typedef struct Chardev Chardev;
typedef struct ChardevFront ChardevFront;

typedef enum ChardevEvent {
    CHARDEV_OPENED,  /* a peer has come; chardev_connected() is TRUE */
    CHARDEV_CLOSED,  /* it has gone; what it has not taken is nobody's */
    CHARDEV_BREAK,   /* a break condition on the line */
    CHARDEV_MUX_IN,  /* of several front ends it is this one that gets the input */
    CHARDEV_MUX_OUT, /* it is another one now */
} ChardevEvent;

/*
 * A front end's callbacks; each may be NULL. All but can_receive() may call whatever is
 * below for their own front; receive() and writable() chardev_detach() too. OPENED and
 * CLOSED alternate, OPENED first: it comes out of chardev_attach() where a peer is there
 * already.
 */
typedef struct ChardevUser {
    /*
     * How many bytes may arrive now; 0 pauses reading until chardev_resume(). What the
     * peer sends waits with the peer meanwhile.
     */
    size_t (*can_receive)(void *opaque);
    /* 1 to can_receive() bytes. */
    void (*receive)(void *opaque, const guint8 *buf, size_t len);
    void (*event)(void *opaque, ChardevEvent event);
    /*
     * Once after a write that took less than it was given: more may be taken now. When
     * the peer goes before that, CHARDEV_CLOSED comes instead.
     */
    void (*writable)(void *opaque);
    /* It ends with its peer's session: chardev-change is refused. */
    gboolean unchangeable;
    /*
     * query-chardev's frontend-open is what chardev_set_open() says, FALSE at first; of
     * others it is TRUE while they are attached.
     */
    gboolean opens_itself;
} ChardevUser;

extern const Kind chardev_kind;

/* `-chardev BACKEND,id=ID,...` */
Chardev *chardev_new(ConfigNode *node, GError **errp);
Chardev *chardev_find(const char *id);
/* Of one that no front end has; with mux=on also what was made with it. */
gboolean chardev_delete(const char *id, GError **errp);
/* CHARDEV_BREAK to whoever has it. */
gboolean chardev_send_break(const char *id, GError **errp);
ConfigNode *chardev_query(void); /* QMP query-chardev */
void chardev_cleanup(void);
/* `-echr N`: the character before the letters of a mux, 1 (Control-A) at first. */
void chardev_set_mux_key(guint8 key);

/*
 * At run time, beside the main loop: a new one, or what takes the place of the one with
 * its id, whose front end then has it. done: now or later; error is the callee's.
 */
typedef void (*ChardevDone)(void *opaque, GError *error);
void chardev_add_later(ConfigNode *node, ChardevDone done, void *opaque);
void chardev_change_later(ConfigNode *node, ChardevDone done, void *opaque);
/* Of a pty the terminal's name, owned; NULL: it is none. */
char *chardev_pty_path(const Chardev *chr);

/* Of a chardev ringbuf. NULL, FALSE: it is none. */
gboolean chardev_ringbuf_write(const char *id, const guint8 *buf, size_t len,
                               GError **errp);
GByteArray *chardev_ringbuf_read(const char *id, size_t len, GError **errp);

/*
 * Sets *front before the first event. Fails when the chardev has no place for one more,
 * which all but multiplexed ones have for one.
 */
gboolean chardev_attach(Chardev *chr, const ChardevUser *user, void *opaque,
                        ChardevFront **front, GError **errp);
/* The same for the property "chardev" of a device of class `owner`, which says id. */
gboolean chardev_attach_property(const char *owner, const char *id,
                                 const ChardevUser *user, void *opaque,
                                 ChardevFront **front, GError **errp);
/* Sets *front to NULL, which it may be already. No callback comes any more. */
void chardev_detach(ChardevFront **front);
/*
 * Returns how many bytes (0..len) need not be offered again, without blocking: all when
 * no peer is connected, since nobody will ask for them. After fewer than len writable()
 * is called. From any thread that holds the machine lock.
 */
size_t chardev_write(ChardevFront *front, const guint8 *buf, size_t len);
gboolean chardev_connected(const ChardevFront *front);
/* can_receive() has more to say than when it said 0. */
void chardev_resume(ChardevFront *front);
/* For those that opens_itself: whether somebody in the guest listens. */
void chardev_set_open(ChardevFront *front, gboolean open);
/* Takes a file descriptor that came with the last data (SCM_RIGHTS), or -1. */
int chardev_take_fd(ChardevFront *front);
/* Socket: ends the current connection. */
void chardev_disconnect(ChardevFront *front);

#endif
