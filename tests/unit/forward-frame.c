/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forward-frame.h"

#include <sys/socket.h>

#include "rpc/message.h"

static gboolean read_all(int fd, void *data, gsize len)
{
    guint8 *to = data;

    while (len > 0) {
        ssize_t n = recv(fd, to, len, 0);

        if (n <= 0) {
            return FALSE;
        }
        to += n;
        len -= (gsize)n;
    }
    return TRUE;
}

GByteArray *forward_next_frame(int fd)
{
    guint8 word[4];
    g_autoptr(GByteArray) frame = g_byte_array_new();

    if (!read_all(fd, word, sizeof(word))) {
        return NULL;
    }
    g_byte_array_append(frame, word, sizeof(word));
    g_byte_array_set_size(frame, xdr_peek_u32(word));
    return read_all(fd, frame->data + 4, frame->len - 4) ? g_steal_pointer(&frame) : NULL;
}
