/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short run of the fuzz target, the same each time: golden XML with bytes changed,
 * pieces removed and pieces of markup put in. */
#include <glib.h>
#include <string.h>

#include "tests/fuzz/xml-domain-fuzz.h"

#define ROUNDS 4000

static const char *const pieces[] = {
    "<",
    ">",
    "'",
    "&amp;",
    "&#10;",
    "&#x1;",
    "]]>",
    "<!--",
    "<![CDATA[",
    "<?x y?>",
    "<!DOCTYPE x>",
    "18446744073709551616",
    "-1",
    "0",
    "xmlns='urn:x'",
    "<address type='virtio-mmio' slot='3'/>",
    "<alias name='ua-x'/>",
    "\xff",
    "\r",
    "&apos;",
    "<disk><source file='/x'/><target dev='vdz'/></disk>",
    "<console/>",
    "<console><target type='virtio'/></console>",
    "<channel type='unix'><source mode='bind' path='/s'><reconnect enabled='yes' "
    "timeout='1'/></source><log file='/l' append='on'/><target type='virtio' name='n' "
    "state='connected'/><address type='virtio-serial' controller='0' bus='0' port='1'/>"
    "</channel>",
    "<controller type='virtio-serial' ports='16' vectors='4'/>",
    "</devices>",
    "unit='EiB'",
    "<x:y xmlns:x='urn:x'/>",
    "<entry name='vendor'>v</entry>",
    "<sysinfo type='fwcfg'/>",
    "firmware='efi'",
    "bus='sata'",
    "device='cdrom'",
};

static void mutate(GString *text, GRand *random)
{
    gsize at = g_rand_int_range(random, 0, text->len + 1);
    gsize length = g_rand_int_range(random, 0, 40);
    const char *piece = pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))];

    switch (g_rand_int_range(random, 0, 4)) {
    case 0:
        if (at < text->len) {
            text->str[at] = g_rand_int_range(random, 1, 256);
        }
        break;
    case 1:
        g_string_erase(text, at, MIN(text->len - at, length));
        break;
    case 2: { /* something again, at another place */
        gsize from = g_rand_int_range(random, 0, text->len + 1);
        g_autofree char *part = g_strndup(text->str + from, MIN(text->len - from, 120));
        g_string_insert(text, at, part);
        break;
    }
    default:
        g_string_insert(text, at, piece);
    }
}

static void test_mutations(gconstpointer name)
{
    g_autofree char *path =
        g_build_filename(g_getenv("srcdir"), "tests/golden/xml", name, NULL);
    g_autofree char *seed = NULL;
    GRand *random = g_rand_new_with_seed(1);

    g_assert_true(g_file_get_contents(path, &seed, NULL, NULL));
    for (int round = 0; round < ROUNDS; round++) {
        g_autoptr(GString) text = g_string_new(seed);

        for (int i = g_rand_int_range(random, 1, 4); i > 0; i--) {
            mutate(text, random);
        }
        LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
    }
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/xml/fuzz/full", "full.xml", test_mutations);
    g_test_add_data_func("/xml/fuzz/firmware", "../command/firmware.xml", test_mutations);
    g_test_add_data_func("/xml/fuzz/minimal", "minimal.out.xml", test_mutations);
    return g_test_run();
}
