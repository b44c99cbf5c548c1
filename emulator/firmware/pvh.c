/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PVH: an ELF file whose note XEN_ELFNOTE_PHYS32_ENTRY says where to enter in
 * 32-bit protected mode without paging, ebx pointing to the start info (Xen's
 * hvm_start_info, version 1).
 */
#include "config.h"

#include <elf.h>
#include <string.h>

#include "firmware/kernel-internal.h"
#include "util/error.h"

#define PHYS32_ENTRY 18
#define NOTES_MAX    65536
#define PHDRS_MAX    64

#define START_MAGIC 0x336ec578

typedef struct StartInfo {
    guint32 magic, version, flags, modules;
    guint64 module_list, cmdline, rsdp, memory_map;
    guint32 memory_entries, reserved;
} StartInfo;

typedef struct StartModule {
    guint64 address, size, cmdline, reserved;
} StartModule;

typedef struct StartMemory {
    guint64 address, size;
    guint32 type, reserved;
} StartMemory;

G_STATIC_ASSERT(sizeof(StartInfo) == 56);
G_STATIC_ASSERT(sizeof(StartModule) == 32);
G_STATIC_ASSERT(sizeof(StartMemory) == 24);

gboolean pvh_probe(const guint8 *head, gsize len)
{
    return len >= EI_NIDENT && memcmp(head, ELFMAG, SELFMAG) == 0;
}

static gboolean damaged(const Kernel *kernel, const char *what, GError **errp)
{
    return error_set(errp, "-kernel '%s': %s", kernel->path, what);
}

/* The program headers of either class as those of ELF64. */
static GArray *read_phdrs(const Kernel *kernel, const guint8 *head, GError **errp)
{
    gboolean is64 = head[EI_CLASS] == ELFCLASS64;
    g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(Elf64_Phdr));
    g_autofree guint8 *raw = NULL;
    Elf64_Ehdr e64;
    Elf32_Ehdr e32;
    guint64 offset;
    gsize count, size = is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), entry;

    memcpy(&e64, head, sizeof(e64));
    memcpy(&e32, head, sizeof(e32));
    offset = is64 ? e64.e_phoff : e32.e_phoff;
    count = is64 ? e64.e_phnum : e32.e_phnum;
    entry = is64 ? e64.e_phentsize : e32.e_phentsize;
    if (entry != size || count == 0 || count > PHDRS_MAX || offset > G_MAXINT64) {
        damaged(kernel, "the ELF header is damaged", errp);
        return NULL;
    }
    raw = g_malloc(count * size);
    if (!kernel_pread(kernel, raw, count * size, offset, errp)) {
        return NULL;
    }
    g_array_set_size(list, count);
    for (gsize i = 0; i < count; i++) {
        Elf64_Phdr *p = &g_array_index(list, Elf64_Phdr, i);
        Elf32_Phdr p32;

        if (is64) {
            memcpy(p, raw + i * size, size);
            continue;
        }
        memcpy(&p32, raw + i * size, size);
        p->p_type = p32.p_type;
        p->p_offset = p32.p_offset;
        p->p_paddr = p32.p_paddr;
        p->p_filesz = p32.p_filesz;
        p->p_memsz = p32.p_memsz;
    }
    return g_steal_pointer(&list);
}

static gsize align4(gsize n)
{
    return (n + 3) & ~(gsize)3;
}

/* Looks for the entry note; *entry stays 0 when it is not among these. */
static gboolean scan_notes(const Kernel *kernel, const Elf64_Phdr *p, guint64 *entry,
                           GError **errp)
{
    g_autofree guint8 *notes = NULL;
    gsize left = p->p_filesz, at = 0;
    Elf64_Nhdr n; /* the same in both classes */

    if (left > NOTES_MAX || p->p_offset > G_MAXINT64) {
        return damaged(kernel, "the ELF notes are damaged", errp);
    }
    notes = g_malloc(left ? left : 1);
    if (!kernel_pread(kernel, notes, left, p->p_offset, errp)) {
        return FALSE;
    }
    while (left - at >= sizeof(n)) {
        const guint8 *name = notes + at + sizeof(n);

        memcpy(&n, notes + at, sizeof(n));
        at += sizeof(n);
        if (align4(n.n_namesz) > left - at ||
            align4(n.n_descsz) > left - at - align4(n.n_namesz)) {
            break;
        }
        if (n.n_type == PHYS32_ENTRY && n.n_namesz == 4 && memcmp(name, "Xen", 4) == 0 &&
            (n.n_descsz == 4 || n.n_descsz == 8)) {
            memcpy(entry, name + 4, n.n_descsz);
            *entry = GUINT64_FROM_LE(*entry);
        }
        at += align4(n.n_namesz) + align4(n.n_descsz);
    }
    return TRUE;
}

/* The entry must be in what was loaded. */
static gboolean entry_loaded(const Kernel *kernel)
{
    for (guint i = 0; i < kernel->segments->len; i++) {
        const Segment *s = &g_array_index(kernel->segments, Segment, i);

        if (kernel->entry >= s->address && kernel->entry - s->address < s->memory_size) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean pvh_open(Kernel *kernel, const guint8 *head, gsize len, GError **errp)
{
    g_autoptr(GArray) phdrs = NULL;

    if (len < sizeof(Elf64_Ehdr) || head[EI_DATA] != ELFDATA2LSB ||
        (head[EI_CLASS] != ELFCLASS32 && head[EI_CLASS] != ELFCLASS64)) {
        return damaged(kernel, "not an ELF file for x86", errp);
    }
    phdrs = read_phdrs(kernel, head, errp);
    if (!phdrs) {
        return FALSE;
    }
    for (guint i = 0; i < phdrs->len; i++) {
        const Elf64_Phdr *p = &g_array_index(phdrs, Elf64_Phdr, i);
        Segment s = { p->p_offset, p->p_filesz, p->p_paddr, p->p_memsz };

        if (p->p_type == PT_LOAD && p->p_memsz) {
            guint64 end;

            if (__builtin_add_overflow(s.address, s.memory_size, &end)) {
                return damaged(kernel, "a segment wraps around", errp);
            }
            kernel->end = MAX(kernel->end, end);
            g_array_append_val(kernel->segments, s);
        } else if (p->p_type == PT_NOTE && !scan_notes(kernel, p, &kernel->entry, errp)) {
            return FALSE;
        }
    }
    if (!kernel->entry) {
        return damaged(kernel, "has no PVH entry point (note XEN_ELFNOTE_PHYS32_ENTRY)",
                       errp);
    }
    if (!entry_loaded(kernel)) {
        return damaged(kernel, "the PVH entry point is in no segment", errp);
    }
    return TRUE;
}

gboolean pvh_start(const Kernel *kernel, BootState *boot, GError **errp)
{
    struct {
        StartInfo info;
        StartModule module;
        StartMemory memory[E820_MAX];
    } data = { 0 };
    E820Entry map[E820_MAX];
    unsigned n = e820_build(&kernel->memory, map);

    G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);
    data.info.magic = START_MAGIC;
    data.info.version = 1;
    data.info.cmdline = BOOT_CMDLINE;
    data.info.rsdp = kernel->memory.rsdp;
    if (kernel->initrd_addr) {
        data.info.modules = 1;
        data.info.module_list = BOOT_START_INFO + sizeof(StartInfo);
        data.module.address = kernel->initrd_addr;
        data.module.size = kernel->initrd_size;
    }
    data.info.memory_map = BOOT_START_INFO + sizeof(StartInfo) + sizeof(StartModule);
    data.info.memory_entries = n;
    for (unsigned i = 0; i < n; i++) {
        data.memory[i] = (StartMemory){ map[i].address, map[i].size, map[i].type, 0 };
    }
    if (!kernel_write(BOOT_START_INFO, &data, sizeof(data), errp)) {
        return FALSE;
    }
    boot->rbx = BOOT_START_INFO;
    return TRUE;
}
