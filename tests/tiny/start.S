/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PVH entry: 32-bit flat protected mode, ebx = start info; and the code of APs. */
	.section .note.Xen, "a", @note
	.align 4
	.long 4, 4, 18		/* name size, size, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long _start

	.equ AP_STACKS, 3

	.text
	.globl _start
_start:
	cli
	cld
	lgdt gdt_pointer
	ljmp $8, $1f
1:	mov $16, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $stack_top, %esp
	push %ebx
	call tiny_main
	call tiny_stop

	.globl gdt_pointer
	.align 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff	/* 8: flat code */
	.quad 0x00cf93000000ffff	/* 16: flat data */
gdt_pointer:
	.word . - gdt - 1
	.long gdt

/* Copied below 1 MiB, page aligned; real mode, then straight to ap_entry. */
	.globl ap_trampoline, ap_trampoline_end
	.code16
ap_trampoline:
	cli
	mov %cs, %ax
	mov %ax, %ds
	lgdtl (ap_gdt_pointer - ap_trampoline)
	mov $1, %eax
	mov %eax, %cr0
	ljmpl $8, $ap_entry
ap_gdt_pointer:
	.word 23
	.long gdt
ap_trampoline_end:

	.code32
ap_entry:
	mov $16, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $1, %eax
	lock xaddl %eax, ap_count	/* the how many-th AP, from 0 */
	.weak tiny_ap_main		/* void (uint32_t index), where a guest has it */
	mov $tiny_ap_main, %ecx
	jecxz 1f
	cmp $AP_STACKS, %eax
	jae 1f
	mov %eax, %edx
	inc %edx
	shl $12, %edx
	lea ap_stacks(%edx), %esp
	push %eax
	call *%ecx
1:	hlt
	jmp 1b

	.bss
	.globl ap_count
	.align 16
ap_count:
	.long 0
	.align 16
	.skip 16384
stack_top:
ap_stacks:
	.skip 4096 * AP_STACKS

	.section .note.GNU-stack, "", @progbits
