/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a BIOS starts, from a disk or a CD: says from which drive (DL) and what follows its
 * code, and resets the machine.
 */
	.code16
	.text
	.globl _start
_start:	ljmp $0, $begin
begin:	cld
	xorw %ax, %ax
	movw %ax, %ds
	movw $hello, %si
	call say
	movb %dl, %bl
	movb %bl, %al
	shrb $4, %al
	call digit
	movb %bl, %al
	andb $15, %al
	call digit
	movw $name, %si
	call say
	movw $0xcf9, %dx
	movb $6, %al
	outb %al, %dx
1:	hlt
	jmp 1b

digit:	addb $'0', %al
	cmpb $'9', %al
	jbe put
	addb $('a' - '9' - 1), %al
put:	pushw %dx
	movw $0x3f8, %dx
	outb %al, %dx
	popw %dx
	ret

say:	lodsb
	testb %al, %al
	jz 1f
	call put
	jmp say
1:	ret

hello:	.asciz "tiny: booted from "
	.org 256
name:	.fill 16, 1, 0			/* " NAME\n", of whoever makes the image */
	.org 510
	.word 0xaa55
