Signature : "XSDT"    [Extended System Description Table]
Table Length : 0000004C
Revision : 01
Checksum : 70
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 00000000000E1750
ACPI Table Address   1 : 00000000000E1870
ACPI Table Address   2 : 00000000000E18F0
ACPI Table Address   3 : 00000000000E1930
ACPI Table Address   4 : 00000000000E1970
