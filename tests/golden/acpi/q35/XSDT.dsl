Signature : "XSDT"    [Extended System Description Table]
Table Length : 0000004C
Revision : 01
Checksum : 2B
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 00000000000E0BB0
ACPI Table Address   1 : 00000000000E0CD0
ACPI Table Address   2 : 00000000000E0D30
ACPI Table Address   3 : 00000000000E0D70
ACPI Table Address   4 : 00000000000E0DB0
