Signature : "RSDT"    [Root System Description Table]
Table Length : 00000038
Revision : 01
Checksum : 55
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 000E1500
ACPI Table Address   1 : 000E1620
ACPI Table Address   2 : 000E1690
ACPI Table Address   3 : 000E16D0
ACPI Table Address   4 : 000E1710
