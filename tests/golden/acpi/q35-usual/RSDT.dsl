Signature : "RSDT"    [Root System Description Table]
Table Length : 00000038
Revision : 01
Checksum : F9
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 000E17A0
ACPI Table Address   1 : 000E18C0
ACPI Table Address   2 : 000E1940
ACPI Table Address   3 : 000E1980
ACPI Table Address   4 : 000E19C0
