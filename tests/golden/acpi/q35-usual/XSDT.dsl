Signature : "XSDT"    [Extended System Description Table]
Table Length : 0000004C
Revision : 01
Checksum : DF
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 00000000000E17A0
ACPI Table Address   1 : 00000000000E18C0
ACPI Table Address   2 : 00000000000E1940
ACPI Table Address   3 : 00000000000E1980
ACPI Table Address   4 : 00000000000E19C0
