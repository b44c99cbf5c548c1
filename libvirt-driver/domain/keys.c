/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/keys.h"

#include <libvirt/libvirt.h>
#include <linux/input-event-codes.h>

/* Linux's code, the number that the emulator knows the key by, the usage on USB's
 * keyboard page; 0: it has none. */
static const struct {
    guint16 code;
    guint8 number, usage;
} keys[] = {
    { KEY_LEFTSHIFT, 0x2a, 0xe1 },  { KEY_RIGHTSHIFT, 0x36, 0xe5 },
    { KEY_LEFTALT, 0x38, 0xe2 },    { KEY_RIGHTALT, 0xb8, 0xe6 },
    { KEY_LEFTCTRL, 0x1d, 0xe0 },   { KEY_RIGHTCTRL, 0x9d, 0xe4 },
    { KEY_MENU, 0x9e, 0x76 },       { KEY_ESC, 0x01, 0x29 },
    { KEY_1, 0x02, 0x1e },          { KEY_2, 0x03, 0x1f },
    { KEY_3, 0x04, 0x20 },          { KEY_4, 0x05, 0x21 },
    { KEY_5, 0x06, 0x22 },          { KEY_6, 0x07, 0x23 },
    { KEY_7, 0x08, 0x24 },          { KEY_8, 0x09, 0x25 },
    { KEY_9, 0x0a, 0x26 },          { KEY_0, 0x0b, 0x27 },
    { KEY_MINUS, 0x0c, 0x2d },      { KEY_EQUAL, 0x0d, 0x2e },
    { KEY_BACKSPACE, 0x0e, 0x2a },  { KEY_TAB, 0x0f, 0x2b },
    { KEY_Q, 0x10, 0x14 },          { KEY_W, 0x11, 0x1a },
    { KEY_E, 0x12, 0x08 },          { KEY_R, 0x13, 0x15 },
    { KEY_T, 0x14, 0x17 },          { KEY_Y, 0x15, 0x1c },
    { KEY_U, 0x16, 0x18 },          { KEY_I, 0x17, 0x0c },
    { KEY_O, 0x18, 0x12 },          { KEY_P, 0x19, 0x13 },
    { KEY_LEFTBRACE, 0x1a, 0x2f },  { KEY_RIGHTBRACE, 0x1b, 0x30 },
    { KEY_ENTER, 0x1c, 0x28 },      { KEY_A, 0x1e, 0x04 },
    { KEY_S, 0x1f, 0x16 },          { KEY_D, 0x20, 0x07 },
    { KEY_F, 0x21, 0x09 },          { KEY_G, 0x22, 0x0a },
    { KEY_H, 0x23, 0x0b },          { KEY_J, 0x24, 0x0d },
    { KEY_K, 0x25, 0x0e },          { KEY_L, 0x26, 0x0f },
    { KEY_SEMICOLON, 0x27, 0x33 },  { KEY_APOSTROPHE, 0x28, 0x34 },
    { KEY_GRAVE, 0x29, 0x35 },      { KEY_BACKSLASH, 0x2b, 0x31 },
    { KEY_Z, 0x2c, 0x1d },          { KEY_X, 0x2d, 0x1b },
    { KEY_C, 0x2e, 0x06 },          { KEY_V, 0x2f, 0x19 },
    { KEY_B, 0x30, 0x05 },          { KEY_N, 0x31, 0x11 },
    { KEY_M, 0x32, 0x10 },          { KEY_COMMA, 0x33, 0x36 },
    { KEY_DOT, 0x34, 0x37 },        { KEY_SLASH, 0x35, 0x38 },
    { KEY_KPASTERISK, 0x37, 0x55 }, { KEY_SPACE, 0x39, 0x2c },
    { KEY_CAPSLOCK, 0x3a, 0x39 },   { KEY_F1, 0x3b, 0x3a },
    { KEY_F2, 0x3c, 0x3b },         { KEY_F3, 0x3d, 0x3c },
    { KEY_F4, 0x3e, 0x3d },         { KEY_F5, 0x3f, 0x3e },
    { KEY_F6, 0x40, 0x3f },         { KEY_F7, 0x41, 0x40 },
    { KEY_F8, 0x42, 0x41 },         { KEY_F9, 0x43, 0x42 },
    { KEY_F10, 0x44, 0x43 },        { KEY_NUMLOCK, 0x45, 0x53 },
    { KEY_SCROLLLOCK, 0x46, 0x47 }, { KEY_KPSLASH, 0xb5, 0x54 },
    { KEY_KPMINUS, 0x4a, 0x56 },    { KEY_KPPLUS, 0x4e, 0x57 },
    { KEY_KPENTER, 0x9c, 0x58 },    { KEY_KPDOT, 0x53, 0x63 },
    { KEY_SYSRQ, 0x54, 0x46 },      { KEY_KP0, 0x52, 0x62 },
    { KEY_KP1, 0x4f, 0x59 },        { KEY_KP2, 0x50, 0x5a },
    { KEY_KP3, 0x51, 0x5b },        { KEY_KP4, 0x4b, 0x5c },
    { KEY_KP5, 0x4c, 0x5d },        { KEY_KP6, 0x4d, 0x5e },
    { KEY_KP7, 0x47, 0x5f },        { KEY_KP8, 0x48, 0x60 },
    { KEY_KP9, 0x49, 0x61 },        { KEY_102ND, 0x56, 0x64 },
    { KEY_F11, 0x57, 0x44 },        { KEY_F12, 0x58, 0x45 },
    { KEY_HOME, 0xc7, 0x4a },       { KEY_PAGEUP, 0xc9, 0x4b },
    { KEY_PAGEDOWN, 0xd1, 0x4e },   { KEY_END, 0xcf, 0x4d },
    { KEY_LEFT, 0xcb, 0x50 },       { KEY_UP, 0xc8, 0x52 },
    { KEY_DOWN, 0xd0, 0x51 },       { KEY_RIGHT, 0xcd, 0x4f },
    { KEY_INSERT, 0xd2, 0x49 },     { KEY_DELETE, 0xd3, 0x4c },
    { KEY_STOP, 0xe8, 0x78 },       { KEY_AGAIN, 0x85, 0x79 },
    { KEY_PROPS, 0x86, 0 },         { KEY_UNDO, 0x87, 0x7a },
    { KEY_FRONT, 0x8c, 0x77 },      { KEY_COPY, 0xf8, 0x7c },
    { KEY_OPEN, 0x64, 0x74 },       { KEY_PASTE, 0x65, 0x7d },
    { KEY_FIND, 0xc1, 0x7e },       { KEY_CUT, 0xbc, 0x7b },
    { KEY_LINEFEED, 0x5b, 0 },      { KEY_HELP, 0xf5, 0x75 },
    { KEY_LEFTMETA, 0xdb, 0xe3 },   { KEY_RIGHTMETA, 0xdc, 0xe7 },
    { KEY_COMPOSE, 0xdd, 0x65 },    { KEY_PAUSE, 0xc6, 0x48 },
    { KEY_RO, 0x73, 0x87 },         { KEY_HIRAGANA, 0x77, 0x93 },
    { KEY_HENKAN, 0x79, 0x8a },     { KEY_YEN, 0x7d, 0x89 },
    { KEY_MUHENKAN, 0x7b, 0x8b },   { KEY_KATAKANAHIRAGANA, 0x70, 0x88 },
    { KEY_KPCOMMA, 0x7e, 0x85 },    { KEY_KPEQUAL, 0x59, 0x67 },
    { KEY_POWER, 0xde, 0x66 },      { KEY_SLEEP, 0xdf, 0 },
    { KEY_WAKEUP, 0xe3, 0 },        { KEY_NEXTSONG, 0x99, 0 },
    { KEY_PREVIOUSSONG, 0x90, 0 },  { KEY_STOPCD, 0xa4, 0 },
    { KEY_PLAYPAUSE, 0xa2, 0 },     { KEY_MUTE, 0xa0, 0x7f },
    { KEY_VOLUMEUP, 0xb0, 0x80 },   { KEY_VOLUMEDOWN, 0xae, 0x81 },
    { KEY_MEDIA, 0xed, 0 },         { KEY_MAIL, 0xec, 0 },
    { KEY_CALC, 0xa1, 0 },          { KEY_COMPUTER, 0xeb, 0 },
    { KEY_HOMEPAGE, 0xb2, 0 },      { KEY_BACK, 0xea, 0 },
    { KEY_FORWARD, 0xe9, 0 },       { KEY_REFRESH, 0xe7, 0 },
    { KEY_BOOKMARKS, 0xe6, 0 },     { KEY_HANGEUL, 0x72, 0x90 },
    { KEY_HANJA, 0x71, 0x91 },
};

/* The scan code of the PC's first set: that of an extended key follows 0xe0. */
static guint scan_code(guint number)
{
    return number & 0x80 ? 0xe000 | (number & 0x7f) : number;
}

static guint code_in(guint set, guint i)
{
    switch (set) {
    case VIR_KEYCODE_SET_LINUX:
        return keys[i].code;
    case VIR_KEYCODE_SET_USB:
        return keys[i].usage;
    case VIR_KEYCODE_SET_XT:
    case VIR_KEYCODE_SET_ATSET1:
        return scan_code(keys[i].number);
    default:
        return keys[i].number;
    }
}

static const char *const names[] = {
    [VIR_KEYCODE_SET_LINUX] = "linux",   [VIR_KEYCODE_SET_XT] = "xt",
    [VIR_KEYCODE_SET_ATSET1] = "atset1", [VIR_KEYCODE_SET_ATSET2] = "atset2",
    [VIR_KEYCODE_SET_ATSET3] = "atset3", [VIR_KEYCODE_SET_OSX] = "os_x",
    [VIR_KEYCODE_SET_XT_KBD] = "xt_kbd", [VIR_KEYCODE_SET_USB] = "usb",
    [VIR_KEYCODE_SET_WIN32] = "win32",   [VIR_KEYCODE_SET_QNUM] = "qnum",
};

#define KNOWN                                                                            \
    (1u << VIR_KEYCODE_SET_LINUX | 1u << VIR_KEYCODE_SET_XT |                            \
     1u << VIR_KEYCODE_SET_ATSET1 | 1u << VIR_KEYCODE_SET_USB |                          \
     1u << VIR_KEYCODE_SET_QNUM)

const char *keys_set_name(guint set)
{
    return set < G_N_ELEMENTS(names) ? names[set] : NULL;
}

gboolean keys_set_is_known(guint set)
{
    return set < 32 && (KNOWN & (1u << set));
}

guint keys_number(guint set, guint code)
{
    if (set == VIR_KEYCODE_SET_QNUM) {
        return code <= G_MAXUINT8 ? code : 0;
    }
    for (guint i = 0; code && i < G_N_ELEMENTS(keys); i++) {
        if (code_in(set, i) == code) {
            return keys[i].number;
        }
    }
    return 0;
}
