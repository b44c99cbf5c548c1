Signature : "XSDT"    [Extended System Description Table]
Table Length : 0000003C
Revision : 01
Checksum : A5
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 00000000000E0A00
ACPI Table Address   1 : 00000000000E0B20
ACPI Table Address   2 : 00000000000E0B80
