Signature : "RSDT"    [Root System Description Table]
Table Length : 00000038
Revision : 01
Checksum : 8A
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 000E1750
ACPI Table Address   1 : 000E1870
ACPI Table Address   2 : 000E18F0
ACPI Table Address   3 : 000E1930
ACPI Table Address   4 : 000E1970
