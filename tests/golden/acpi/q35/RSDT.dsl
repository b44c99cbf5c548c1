Signature : "RSDT"    [Root System Description Table]
Table Length : 00000038
Revision : 01
Checksum : 45
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 000E0BB0
ACPI Table Address   1 : 000E0CD0
ACPI Table Address   2 : 000E0D30
ACPI Table Address   3 : 000E0D70
ACPI Table Address   4 : 000E0DB0
