/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIREO_TESTS_PVH_KERNEL_H
#define VIREO_TESTS_PVH_KERNEL_H

#include <elf.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#define PVH_KERNEL_AT 0x100000u

/* A file with the least that is a PVH kernel, and halts; its path is the caller's. */
static inline char *pvh_kernel(void)
{
    struct {
        Elf64_Ehdr ehdr;
        Elf64_Phdr phdr[2];
        Elf64_Nhdr note;
        char name[4];
        guint64 entry;
        guint8 code[16];
    } elf = { .ehdr = { .e_phoff = sizeof(Elf64_Ehdr),
                        .e_phentsize = sizeof(Elf64_Phdr),
                        .e_phnum = 2 } };
    char *path = NULL;
    int fd = g_file_open_tmp("vireo-kernel-XXXXXX", &path, NULL);

    memcpy(elf.ehdr.e_ident, ELFMAG "\2\1\1", 7);
    elf.phdr[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
                                .p_offset = (guint8 *)elf.code - (guint8 *)&elf,
                                .p_paddr = PVH_KERNEL_AT,
                                .p_filesz = 16,
                                .p_memsz = 32 };
    elf.phdr[1] = (Elf64_Phdr){ .p_type = PT_NOTE,
                                .p_offset = (guint8 *)&elf.note - (guint8 *)&elf,
                                .p_filesz = 24 };
    elf.note = (Elf64_Nhdr){ 4, 8, 18 };
    memcpy(elf.name, "Xen", 4);
    elf.entry = PVH_KERNEL_AT;
    memset(elf.code, 0xf4, sizeof(elf.code));
    g_assert_cmpint(write(fd, &elf, sizeof(elf)), ==, sizeof(elf));
    close(fd);
    return path;
}

#endif
