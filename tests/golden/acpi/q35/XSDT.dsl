Signature : "XSDT"    [Extended System Description Table]
Table Length : 0000004C
Revision : 01
Checksum : 3B
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 00000000000E1500
ACPI Table Address   1 : 00000000000E1620
ACPI Table Address   2 : 00000000000E1690
ACPI Table Address   3 : 00000000000E16D0
ACPI Table Address   4 : 00000000000E1710
