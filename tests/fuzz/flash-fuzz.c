/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what a guest does to a q35's flash: commands right and wrong, accesses of
 * every size, also to what is seen of it below 1 MiB, while the VM is stopped and reset
 * and the medium fails now and then. In the end the array, as the guest sees it, is what
 * the image has, and the code, which is read-only, is as it was.
 */
#include "fuzz/flash-fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/guest.h"

#define STEPS 200

#define CODE      0xfffff000u
#define CODE_SIZE 0x1000u
#define VARS      0xffffd000u
#define VARS_SIZE 0x2000u
#define LOW       0xff000u /* the code once more */

struct FlashFuzzCounts flash_fuzz_counts;

static FuzzVm *vm;
static char *before; /* the image, as the last input has left it */

static void end(void)
{
    fuzz_vm_stop(vm);
    g_free(before);
}

static char *read_image(const char *name, gsize expected)
{
    char *content = NULL;
    gsize size = 0;

    if (!g_file_get_contents(name, &content, &size, NULL) || size != expected) {
        g_error("%s: %zu bytes", name, size);
    }
    return content;
}

static void set_up(void)
{
    fuzz_enter_directory();
    fuzz_make_file("code", CODE_SIZE);
    fuzz_make_file("vars", VARS_SIZE);
    vm = fuzz_vm_start("-machine q35,pflash0=c,pflash1=n -m 8M "
                       "-blockdev driver=file,node-name=c,filename=code,read-only=on "
                       "-blockdev driver=file,node-name=f,filename=vars "
                       "-blockdev driver=x-test,node-name=n,file=f");
    before = read_image("vars", VARS_SIZE);
    atexit(end);
}

/* Of few blocks, so that commands meet. */
static guint32 choose_address(FuzzInput *in)
{
    guint8 where = fuzz_take(in, 1);
    guint32 base = where & 7 ? VARS + (where >> 4 & 1) * 0x1000 : where & 8 ? CODE : LOW;

    return base + (where & 0x80 ? fuzz_take(in, 2) & 0xfff : fuzz_take(in, 1));
}

static void command(FuzzInput *in, GString *out)
{
    static const guint8 codes[] = { 0xff, 0x10, 0x40, 0x20, 0xd0, 0x50, 0x60, 0x01,
                                    0x70, 0x90, 0x98, 0xe8, 0x00, 0xf0, 0x28, 0x03 };

    g_string_append_printf(out, "writeb 0x%x 0x%x\n", choose_address(in),
                           codes[fuzz_take(in, 1) % G_N_ELEMENTS(codes)]);
}

/* All cycles of one, most often the right ones. */
static void whole(FuzzInput *in, GString *out)
{
    guint8 how = fuzz_take(in, 1), n = fuzz_take(in, 1);
    guint32 at = choose_address(in);

    switch (how % 4) {
    case 0:
        g_string_append_printf(out, "writeb 0x%x 0x20\nwriteb 0x%x 0xd0\n", at, at);
        break;
    case 1:
        g_string_append_printf(out, "writeb 0x%x 0x40\nwriteb 0x%x 0x%x\n", at, at, n);
        break;
    default:
        g_string_append_printf(out, "writeb 0x%x 0xe8\nwriteb 0x%x 0x%x\n", at, at, n);
        for (unsigned i = 0; i <= n; i++) {
            g_string_append_printf(out, "writeb 0x%x 0x%x\n",
                                   how & 0x80 ? at + i : (at & ~0xffu) + (at + i) % 0x100,
                                   i ^ how);
        }
        g_string_append_printf(out, "writeb 0x%x 0x%x\n", at, how & 4 ? 0xd0 : how);
    }
}

static void access_flash(FuzzInput *in, GString *out)
{
    fuzz_access_memory(in, out, choose_address(in));
}

/* The shadow memory below 1 MiB. */
static void change_pam(FuzzInput *in, GString *out)
{
    guint8 value = fuzz_take(in, 1);

    g_string_append_printf(out, "outl 0xcf8 0x80000090\noutl 0xcfc 0x%x\n",
                           value * 0x01010101u);
}

/* The next one that touches what it says. */
static void fail(FuzzInput *in, GString *out)
{
    guint8 how = fuzz_take(in, 1);

    g_string_append_printf(out, "block n fail %s %u %u %s 1\n", how & 1 ? "write" : "any",
                           (how >> 4 & 1u) << 12, VARS_SIZE / 2,
                           how & 2 ? "EIO" : "ENOSPC");
    flash_fuzz_counts.failed++;
}

static void flush(GString *out)
{
    fuzz_vm_qtest(vm, out->str);
    g_string_truncate(out, 0);
}

static void monitor(FuzzInput *in, GString *out)
{
    static const char *const commands[] = { "stop", "cont", "cont", "system_reset",
                                            "query-named-block-nodes" };
    guint8 which = fuzz_take(in, 1) % G_N_ELEMENTS(commands);
    g_autofree char *text = g_strdup_printf("{\"execute\":\"%s\"}", commands[which]);

    flush(out);
    g_free(fuzz_vm_qmp(vm, text));
}

static void step(FuzzInput *in, GString *out)
{
    static void (*const steps[])(FuzzInput *, GString *) = {
        command, command,      command,      command,      whole,      whole, whole,
        whole,   access_flash, access_flash, access_flash, change_pam, fail,  monitor,
    };

    steps[fuzz_take(in, 1) % G_N_ELEMENTS(steps)](in, out);
}

/* 8 bytes at a time. */
static void check_array(guint32 base, const char *content, guint32 size)
{
    for (guint32 at = 0; at < size; at += 8) {
        g_autofree char *line = g_strdup_printf("readq 0x%x\n", base + at);
        guint64 expected;

        memcpy(&expected, content + at, sizeof(expected));
        if (fuzz_vm_value(vm, line) != GUINT64_FROM_LE(expected)) {
            g_error("at 0x%x the array is not what the image has", base + at);
        }
    }
}

/* What could not be written comes with the next change. */
static void check(void)
{
    fuzz_vm_reset(vm);
    flash_fuzz_counts.inputs++;
    g_autofree char *mark = g_strdup_printf(
        "block n clear\nwriteb 0x%x 0x40\nwriteb 0x%x 0x%x\nwriteb 0x%x 0xff\n",
        VARS + VARS_SIZE - 1, VARS + VARS_SIZE - 1, flash_fuzz_counts.inputs & 0xff,
        VARS);
    fuzz_vm_qtest(vm, mark);
    g_autofree char *code = read_image("code", CODE_SIZE);
    g_autofree char *vars = read_image("vars", VARS_SIZE);
    for (gsize i = 0; i < CODE_SIZE; i++) {
        g_assert_cmpint(code[i], ==, 0);
    }
    if ((guint8)vars[VARS_SIZE - 1] != (flash_fuzz_counts.inputs & 0xff)) {
        g_error("the last byte is %02x", (guint8)vars[VARS_SIZE - 1]);
    }
    flash_fuzz_counts.changed += memcmp(before, vars, VARS_SIZE - 1) != 0;
    g_free(before);
    before = g_steal_pointer(&vars);
    check_array(CODE, code, CODE_SIZE);
    check_array(VARS, before, VARS_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    FuzzInput in = { data, len };
    g_autoptr(GString) out = g_string_new(NULL);

    if (!vm) {
        set_up();
    }
    for (unsigned i = 0; in.left && i < STEPS; i++) {
        step(&in, out);
    }
    flush(out);
    check();
    return 0;
}
