Signature : "XSDT"    [Extended System Description Table]
Table Length : 0000004C
Revision : 01
Checksum : C0
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 00000000000E1740
ACPI Table Address   1 : 00000000000E1860
ACPI Table Address   2 : 00000000000E18E0
ACPI Table Address   3 : 00000000000E1920
ACPI Table Address   4 : 00000000000E1960
