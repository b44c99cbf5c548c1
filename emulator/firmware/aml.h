/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small builder of AML (ACPI 6.5, chapter 20). Everything is appended to a byte
 * array; packages (scopes, devices, methods ...) are opened by a function that
 * returns where their length goes, and closed by aml_end(). Names are four
 * characters a segment, "\\" and "." as in ASL.
 */
#ifndef VIREO_FIRMWARE_AML_H
#define VIREO_FIRMWARE_AML_H

#include <glib.h>

typedef GByteArray Aml;

enum {
    AML_LOCAL0 = 0x60,
    AML_ARG0 = 0x68,
    AML_STORE = 0x70,
    AML_AND = 0x7b,
    AML_NOTIFY = 0x86,
    AML_IF = 0xa0,
    AML_RETURN = 0xa4,
    AML_ELSE = 0xa1,
};

void aml_op(Aml *out, guint8 op);
void aml_int(Aml *out, guint64 value);
void aml_path(Aml *out, const char *path);
/* "PNP0A06" as the compressed number. */
void aml_eisa_id(Aml *out, const char *id);

/* Name (NAME, value). */
void aml_name_int(Aml *out, const char *name, guint64 value);
void aml_name_string(Aml *out, const char *name, const char *value);
void aml_name_eisa_id(Aml *out, const char *name, const char *id);

guint aml_scope(Aml *out, const char *path);
guint aml_device(Aml *out, const char *name);
guint aml_method(Aml *out, const char *name, unsigned args, gboolean serialized);
guint aml_if(Aml *out);
guint aml_else(Aml *out);
/* Name (NAME, Package (n) {...}): the elements follow. */
guint aml_name_package(Aml *out, const char *name, guint8 n);
void aml_end(Aml *out, guint start);

/* OperationRegion (NAME, SystemMemory, ...) and one Field of 32-bit registers. */
void aml_memory_region(Aml *out, const char *name, guint32 address, guint32 size);
void aml_field32(Aml *out, const char *region, const char *const names[], unsigned n);

/* Name (_CRS, ResourceTemplate () {...}). */
typedef struct AmlCrs {
    GByteArray *bytes;
} AmlCrs;
AmlCrs aml_crs_begin(void);
void aml_crs_io(AmlCrs *crs, guint16 port, guint8 ports);
void aml_crs_memory32(AmlCrs *crs, guint32 address, guint32 size);
/* Edge-triggered, active high, exclusive. */
void aml_crs_interrupt(AmlCrs *crs, guint32 gsi);
void aml_crs_end(Aml *out, AmlCrs *crs);

#endif
