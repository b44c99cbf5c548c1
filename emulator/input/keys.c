/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/keys.h"

#include <linux/input-event-codes.h>
#include <string.h>

/* name, Linux's code, number */
#define KEYS                                                                             \
    X("shift", KEY_LEFTSHIFT, 0x2a)                                                      \
    X("shift_r", KEY_RIGHTSHIFT, 0x36)                                                   \
    X("alt", KEY_LEFTALT, 0x38)                                                          \
    X("alt_r", KEY_RIGHTALT, 0xb8)                                                       \
    X("ctrl", KEY_LEFTCTRL, 0x1d)                                                        \
    X("ctrl_r", KEY_RIGHTCTRL, 0x9d)                                                     \
    X("menu", KEY_MENU, 0x9e)                                                            \
    X("esc", KEY_ESC, 0x01)                                                              \
    X("1", KEY_1, 0x02)                                                                  \
    X("2", KEY_2, 0x03)                                                                  \
    X("3", KEY_3, 0x04)                                                                  \
    X("4", KEY_4, 0x05)                                                                  \
    X("5", KEY_5, 0x06)                                                                  \
    X("6", KEY_6, 0x07)                                                                  \
    X("7", KEY_7, 0x08)                                                                  \
    X("8", KEY_8, 0x09)                                                                  \
    X("9", KEY_9, 0x0a)                                                                  \
    X("0", KEY_0, 0x0b)                                                                  \
    X("minus", KEY_MINUS, 0x0c)                                                          \
    X("equal", KEY_EQUAL, 0x0d)                                                          \
    X("backspace", KEY_BACKSPACE, 0x0e)                                                  \
    X("tab", KEY_TAB, 0x0f)                                                              \
    X("q", KEY_Q, 0x10)                                                                  \
    X("w", KEY_W, 0x11)                                                                  \
    X("e", KEY_E, 0x12)                                                                  \
    X("r", KEY_R, 0x13)                                                                  \
    X("t", KEY_T, 0x14)                                                                  \
    X("y", KEY_Y, 0x15)                                                                  \
    X("u", KEY_U, 0x16)                                                                  \
    X("i", KEY_I, 0x17)                                                                  \
    X("o", KEY_O, 0x18)                                                                  \
    X("p", KEY_P, 0x19)                                                                  \
    X("bracket_left", KEY_LEFTBRACE, 0x1a)                                               \
    X("bracket_right", KEY_RIGHTBRACE, 0x1b)                                             \
    X("ret", KEY_ENTER, 0x1c)                                                            \
    X("a", KEY_A, 0x1e)                                                                  \
    X("s", KEY_S, 0x1f)                                                                  \
    X("d", KEY_D, 0x20)                                                                  \
    X("f", KEY_F, 0x21)                                                                  \
    X("g", KEY_G, 0x22)                                                                  \
    X("h", KEY_H, 0x23)                                                                  \
    X("j", KEY_J, 0x24)                                                                  \
    X("k", KEY_K, 0x25)                                                                  \
    X("l", KEY_L, 0x26)                                                                  \
    X("semicolon", KEY_SEMICOLON, 0x27)                                                  \
    X("apostrophe", KEY_APOSTROPHE, 0x28)                                                \
    X("grave_accent", KEY_GRAVE, 0x29)                                                   \
    X("backslash", KEY_BACKSLASH, 0x2b)                                                  \
    X("z", KEY_Z, 0x2c)                                                                  \
    X("x", KEY_X, 0x2d)                                                                  \
    X("c", KEY_C, 0x2e)                                                                  \
    X("v", KEY_V, 0x2f)                                                                  \
    X("b", KEY_B, 0x30)                                                                  \
    X("n", KEY_N, 0x31)                                                                  \
    X("m", KEY_M, 0x32)                                                                  \
    X("comma", KEY_COMMA, 0x33)                                                          \
    X("dot", KEY_DOT, 0x34)                                                              \
    X("slash", KEY_SLASH, 0x35)                                                          \
    X("asterisk", KEY_KPASTERISK, 0x37)                                                  \
    X("spc", KEY_SPACE, 0x39)                                                            \
    X("caps_lock", KEY_CAPSLOCK, 0x3a)                                                   \
    X("f1", KEY_F1, 0x3b)                                                                \
    X("f2", KEY_F2, 0x3c)                                                                \
    X("f3", KEY_F3, 0x3d)                                                                \
    X("f4", KEY_F4, 0x3e)                                                                \
    X("f5", KEY_F5, 0x3f)                                                                \
    X("f6", KEY_F6, 0x40)                                                                \
    X("f7", KEY_F7, 0x41)                                                                \
    X("f8", KEY_F8, 0x42)                                                                \
    X("f9", KEY_F9, 0x43)                                                                \
    X("f10", KEY_F10, 0x44)                                                              \
    X("num_lock", KEY_NUMLOCK, 0x45)                                                     \
    X("scroll_lock", KEY_SCROLLLOCK, 0x46)                                               \
    X("kp_divide", KEY_KPSLASH, 0xb5)                                                    \
    X("kp_multiply", KEY_KPASTERISK, 0x37)                                               \
    X("kp_subtract", KEY_KPMINUS, 0x4a)                                                  \
    X("kp_add", KEY_KPPLUS, 0x4e)                                                        \
    X("kp_enter", KEY_KPENTER, 0x9c)                                                     \
    X("kp_decimal", KEY_KPDOT, 0x53)                                                     \
    X("sysrq", KEY_SYSRQ, 0x54)                                                          \
    X("kp_0", KEY_KP0, 0x52)                                                             \
    X("kp_1", KEY_KP1, 0x4f)                                                             \
    X("kp_2", KEY_KP2, 0x50)                                                             \
    X("kp_3", KEY_KP3, 0x51)                                                             \
    X("kp_4", KEY_KP4, 0x4b)                                                             \
    X("kp_5", KEY_KP5, 0x4c)                                                             \
    X("kp_6", KEY_KP6, 0x4d)                                                             \
    X("kp_7", KEY_KP7, 0x47)                                                             \
    X("kp_8", KEY_KP8, 0x48)                                                             \
    X("kp_9", KEY_KP9, 0x49)                                                             \
    X("less", KEY_102ND, 0x56)                                                           \
    X("f11", KEY_F11, 0x57)                                                              \
    X("f12", KEY_F12, 0x58)                                                              \
    X("print", KEY_SYSRQ, 0x54)                                                          \
    X("home", KEY_HOME, 0xc7)                                                            \
    X("pgup", KEY_PAGEUP, 0xc9)                                                          \
    X("pgdn", KEY_PAGEDOWN, 0xd1)                                                        \
    X("end", KEY_END, 0xcf)                                                              \
    X("left", KEY_LEFT, 0xcb)                                                            \
    X("up", KEY_UP, 0xc8)                                                                \
    X("down", KEY_DOWN, 0xd0)                                                            \
    X("right", KEY_RIGHT, 0xcd)                                                          \
    X("insert", KEY_INSERT, 0xd2)                                                        \
    X("delete", KEY_DELETE, 0xd3)                                                        \
    X("stop", KEY_STOP, 0xe8)                                                            \
    X("again", KEY_AGAIN, 0x85)                                                          \
    X("props", KEY_PROPS, 0x86)                                                          \
    X("undo", KEY_UNDO, 0x87)                                                            \
    X("front", KEY_FRONT, 0x8c)                                                          \
    X("copy", KEY_COPY, 0xf8)                                                            \
    X("open", KEY_OPEN, 0x64)                                                            \
    X("paste", KEY_PASTE, 0x65)                                                          \
    X("find", KEY_FIND, 0xc1)                                                            \
    X("cut", KEY_CUT, 0xbc)                                                              \
    X("lf", KEY_LINEFEED, 0x5b)                                                          \
    X("help", KEY_HELP, 0xf5)                                                            \
    X("meta_l", KEY_LEFTMETA, 0xdb)                                                      \
    X("meta_r", KEY_RIGHTMETA, 0xdc)                                                     \
    X("compose", KEY_COMPOSE, 0xdd)                                                      \
    X("pause", KEY_PAUSE, 0xc6)                                                          \
    X("ro", KEY_RO, 0x73)                                                                \
    X("hiragana", KEY_HIRAGANA, 0x77)                                                    \
    X("henkan", KEY_HENKAN, 0x79)                                                        \
    X("yen", KEY_YEN, 0x7d)                                                              \
    X("muhenkan", KEY_MUHENKAN, 0x7b)                                                    \
    X("katakanahiragana", KEY_KATAKANAHIRAGANA, 0x70)                                    \
    X("kp_comma", KEY_KPCOMMA, 0x7e)                                                     \
    X("kp_equals", KEY_KPEQUAL, 0x59)                                                    \
    X("power", KEY_POWER, 0xde)                                                          \
    X("sleep", KEY_SLEEP, 0xdf)                                                          \
    X("wake", KEY_WAKEUP, 0xe3)                                                          \
    X("audionext", KEY_NEXTSONG, 0x99)                                                   \
    X("audioprev", KEY_PREVIOUSSONG, 0x90)                                               \
    X("audiostop", KEY_STOPCD, 0xa4)                                                     \
    X("audioplay", KEY_PLAYPAUSE, 0xa2)                                                  \
    X("audiomute", KEY_MUTE, 0xa0)                                                       \
    X("volumeup", KEY_VOLUMEUP, 0xb0)                                                    \
    X("volumedown", KEY_VOLUMEDOWN, 0xae)                                                \
    X("mediaselect", KEY_MEDIA, 0xed)                                                    \
    X("mail", KEY_MAIL, 0xec)                                                            \
    X("calculator", KEY_CALC, 0xa1)                                                      \
    X("computer", KEY_COMPUTER, 0xeb)                                                    \
    X("ac_home", KEY_HOMEPAGE, 0xb2)                                                     \
    X("ac_back", KEY_BACK, 0xea)                                                         \
    X("ac_forward", KEY_FORWARD, 0xe9)                                                   \
    X("ac_refresh", KEY_REFRESH, 0xe7)                                                   \
    X("ac_bookmarks", KEY_BOOKMARKS, 0xe6)                                               \
    X("lang1", KEY_HANGEUL, 0x72)                                                        \
    X("lang2", KEY_HANJA, 0x71)
#define X(name, code, number) name,
const char *const input_key_names[] = { KEYS NULL };
#undef X

static const struct Key {
    guint8 code, number;
} keys[] = {
#define X(name, code, number) { code, number },
    KEYS
#undef X
};

guint input_key_code(guint position)
{
    return position < G_N_ELEMENTS(keys) ? keys[position].code : 0;
}

guint input_key_of_name(const char *name)
{
    for (guint i = 0; input_key_names[i]; i++) {
        if (strcmp(input_key_names[i], name) == 0) {
            return keys[i].code;
        }
    }
    return 0;
}

guint input_key_of_number(gint64 number)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].number == number) {
            return keys[i].code;
        }
    }
    return 0;
}
