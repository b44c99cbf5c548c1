Signature : "XSDT"    [Extended System Description Table]
Table Length : 00000034
Revision : 01
Checksum : 24
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 00000000000E0B90
ACPI Table Address   1 : 00000000000E0CB0
