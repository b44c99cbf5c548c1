/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bzImage whose set-up code, which firmware starts in real mode, says its command line
 * and how its initrd begins, and resets the machine. The rest of it is never run.
 */
	.code16
	.text
	.globl _start
_start:
	.org 0x1f1
	.byte 4				/* sectors of set-up after the first */
	.org 0x1fe
	.word 0xaa55
	.byte 0xeb, begin - magic	/* a short jump */
magic:	.ascii "HdrS"
	.word 0x020c			/* version of the protocol */
	.org 0x211
	.byte 1				/* the kernel goes to 1 MiB */
	.org 0x218
initrd:	.long 0
	.org 0x22c
	.long 0x7fffffff		/* last byte of an initrd */
	.org 0x238
	.long 2047			/* of the command line */

	.org 0x268
begin:	cld
	movw $hello, %si
	call say
	pushw %ds
	movw $0x2000, %ax		/* the command line */
	movw %ax, %ds
	xorw %si, %si
	call say
	popw %ds
	movw $and, %si
	call say

	movl initrd, %eax		/* its first bytes, by the BIOS: they are high */
	movw %ax, source + 2
	shrl $16, %eax
	movb %al, source + 4
	movb %ah, source + 7
	pushw %ds
	popw %es
	movw $gdt, %si
	movw $4, %cx
	movb $0x87, %ah
	int $0x15
	movw $buffer, %si
	call say
	movw $end, %si
	call say

	movw $0xcf9, %dx
	movb $6, %al
	outb %al, %dx
1:	hlt
	jmp 1b

say:	lodsb
	testb %al, %al
	jz 1f
	movw $0x3f8, %dx
	outb %al, %dx
	jmp say
1:	ret

gdt:	.fill 16, 1, 0
source:	.word 0xffff, 0
	.byte 0, 0x93, 0, 0
	.word 0xffff, buffer		/* set-up is at 0x10000 */
	.byte 1, 0x93, 0, 0
	.fill 16, 1, 0
hello:	.asciz "tiny: kernel '"
and:	.asciz "', initrd '"
buffer:	.fill 9, 1, 0
end:	.asciz "'\n"

	.org 5 * 512
	.fill 4096, 1, 'K'
