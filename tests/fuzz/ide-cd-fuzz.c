/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets and other commands for a CD drive, with as much memory for their data as the
 * input says, while the host moves the tray and changes media, and reads are held or
 * fail. Nothing is written behind what the guest has given; each command has one end; and
 * afterwards nobody uses a node.
 */
#include "fuzz/ide-cd-fuzz.h"

#include <string.h>
#include <unistd.h>

#include "block/testing.h"
#include "config/json.h"
#include "event/vm-event.h"
#include "ide/cd.h"
#include "unit/ide-port.h"
#include "unit/no-board.h"

#define BLOCKS 700u
#define GUARD  0x5a

IdeCdFuzzCounts ide_cd_fuzz_counts;

typedef struct Input {
    const uint8_t *data;
    size_t left;
} Input;

static const char *const nodes[] = { "m0", "m1" };
static char *path;
static ToyPort port;
static IdeCd *cd;
static guint pending; /* changes that have begun and not ended */

static guint8 take(Input *in)
{
    return in->left ? (in->left--, *in->data++) : 0;
}

static guint32 take32(Input *in)
{
    guint32 value = take(in);

    for (guint i = 0; i < 3; i++) {
        value = value << 8 | take(in);
    }
    return value;
}

/* --- the guest --- */

static void check_memory(void)
{
    for (guint i = 0; i < 64; i++) {
        g_assert_cmphex(port.memory[port.given + i], ==, GUARD);
    }
}

static void count_end(void)
{
    if (!port.ended) {
        return;
    }
    if (port.again) {
        ide_cd_fuzz_counts.again++;
    } else if (!(port.cmd.status & IDE_STATUS_ERR)) {
        ide_cd_fuzz_counts.good++;
    } else if (port.cmd.error & 0xf0) {
        ide_cd_fuzz_counts.failed++;
    } else {
        ide_cd_fuzz_counts.aborted++;
    }
    check_memory();
}

static void give(Input *in)
{
    static const guint32 sizes[] = {
        0, 7, 2048, 4000, 4096, 65536, 65536, TOY_MEMORY - 64
    };

    port.given = sizes[take(in) % G_N_ELEMENTS(sizes)];
    port.piece = 512u << (take(in) % 12);
    memset(port.memory + port.given, GUARD, 64);
}

/* Most of them ones that there are; where blocks are, numbers of the medium. */
static void packet(Input *in)
{
    static const guint8 opcodes[] = { 0x00, 0x03, 0x12, 0x1b, 0x1e, 0x25, 0x28,
                                      0x2b, 0x43, 0x46, 0x4a, 0x51, 0x5a, 0xa8,
                                      0xad, 0xbb, 0xbd, 0xbe, 0xbe, 0x28 };
    guint8 how = take(in), cdb[12];

    for (guint i = 0; i < sizeof(cdb); i++) {
        cdb[i] = take(in);
    }
    cdb[0] = how & 0x80 ? cdb[0] : opcodes[cdb[0] % G_N_ELEMENTS(opcodes)];
    if (how & 0x40) {
        cd_put32(cdb + 2, take32(in) % (BLOCKS + 4));
        cdb[6] = cdb[7] = 0;
        cdb[8] %= 8;
    }
    give(in);
    toy_port_start(&port, 0xa0, how & 1, how & 2 ? 0xffff : take(in),
                   take32(in) & 0xffffff, (how & 0x3c) == 0x3c ? NULL : cdb);
}

static void other(Input *in)
{
    static const guint8 codes[] = { 0x08, 0x90, 0xa1, 0xe7, 0xec, 0xef };
    guint8 how = take(in);

    give(in);
    toy_port_start(&port, how & 0x80 ? how : codes[how % G_N_ELEMENTS(codes)],
                   how & 0x40 ? 3 : take(in), take(in), take32(in), NULL);
}

static void guest(Input *in, void (*fn)(Input *in))
{
    if (port.ended) {
        fn(in);
        count_end();
    }
}

/* --- the host --- */

static void changed(void *opaque, GError *error)
{
    pending--;
    ide_cd_fuzz_counts.changes += !error;
    ide_cd_fuzz_counts.refusals += error != NULL;
    g_clear_error(&error);
}

static void heard(const char *name, ConfigNode *data, void *opaque)
{
    ide_cd_fuzz_counts.moves += strcmp(name, "DEVICE_TRAY_MOVED") == 0;
}

static void host(Input *in)
{
    Removable *r = &cd->removable;
    guint8 how = take(in);
    RemovableImage image = { .filename = path,
                             .format = how & 0x40 ? NULL : "raw",
                             .mode = (RemovableMode)(how % 3),
                             .force = (how & 0x80) != 0 };

    switch (how >> 2 & 7) {
    case 0:
    case 1:
        removable_open_tray(r, how & 1, NULL);
        break;
    case 2:
        removable_close_tray(r);
        break;
    case 3:
    case 4:
        pending++;
        removable_take_out_later(r, changed, NULL);
        break;
    case 5:
    case 6:
        pending++;
        removable_insert_later(r, nodes[how & 1], changed, NULL);
        break;
    default:
        pending++;
        removable_change_later(r, &image, changed, NULL);
    }
}

static void testing(const char *command)
{
    g_auto(GStrv) args = g_strsplit(command, " ", -1);

    g_free(block_testing_command(args));
}

static void hold(Input *in)
{
    static const char *const commands[] = {
        "m0 hold",
        "m1 hold",
        "m0 release",
        "m1 release",
        "m0 release 1",
        "m0 fail read 0 1433600 EIO 1",
        "m1 fail any 0 1433600 ENOSPC 1",
    };

    testing(commands[take(in) % G_N_ELEMENTS(commands)]);
}

static void turn(guint times)
{
    gboolean before = port.ended;

    for (guint i = 0; i < times; i++) {
        event_loop_iterate(event_loop_main(), FALSE);
    }
    if (!before) {
        count_end();
    }
}

static void step(Input *in)
{
    guint8 what = take(in);

    switch (what & 15) {
    case 0:
        host(in);
        break;
    case 1:
        hold(in);
        break;
    case 2:
        turn(1u + (what >> 4));
        break;
    case 3:
        port.cmd.stopping = !port.ended;
        break;
    case 4:
        if (port.ended) {
            ide_cd_class.port_reset(&cd->drive, what & 0x80);
        }
        break;
    case 5:
        guest(in, other);
        break;
    default:
        guest(in, packet);
    }
}

/* --- set up --- */

static void add_node(const char *name)
{
    g_autofree char *json = g_strdup_printf(
        "{\"driver\":\"x-test\",\"node-name\":\"%s\",\"file\":{\"driver\":\"file\","
        "\"filename\":\"%s\",\"read-only\":true}}",
        name, path);
    g_autoptr(ConfigNode) config = config_parse_json(json, NULL);

    g_assert_nonnull(block_node_add(config, NULL));
}

static void clean_up(void)
{
    unlink(path);
}

static void set_up(void)
{
    if (path) {
        return;
    }
    no_board_make();
    block_testing_enable();
    vm_event_subscribe(heard, NULL);
    path = g_strdup_printf("%s/vireo-cd-fuzz-%d", g_get_tmp_dir(), getpid());
    g_autofree guint8 *data = g_malloc0((gsize)BLOCKS * CD_BLOCK_SIZE);
    g_assert_true(
        g_file_set_contents(path, (char *)data, (gssize)BLOCKS * CD_BLOCK_SIZE, NULL));
    atexit(clean_up);
    add_node(nodes[0]);
    add_node(nodes[1]);
    toy_port_init(&port);
}

static void save_and_load(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    g_assert_true(state_save(out, ide_cd_class.device.state, cd, NULL));
    g_assert_true(state_load(out->data, out->len, ide_cd_class.device.state, cd, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    Input in = { data, len };

    set_up();
    cd = (IdeCd *)toy_port_plug(&port, &ide_cd_class,
                                take(&in) & 1 ? "{\"drive\":\"m0\",\"rerror\":\"stop\"}"
                                              : "{\"serial\":\"S\",\"wwn\":1}",
                                NULL);
    g_assert_nonnull(cd);
    while (in.left) {
        step(&in);
    }
    testing("m0 release");
    testing("m1 release");
    testing("m0 clear");
    testing("m1 clear");
    while (!port.ended || pending) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
    save_and_load();
    toy_port_unplug(&cd->drive.device);
    for (guint i = 0; i < G_N_ELEMENTS(nodes); i++) {
        BlockUser user = { .loop = event_loop_main(), .read_only = TRUE };
        BlockChild *child = block_node_attach(block_node_find(nodes[i]), &user, NULL);
        g_assert_nonnull(child);
        block_node_detach(child);
    }
    return 0;
}
