Signature : "RSDT"    [Root System Description Table]
Table Length : 00000030
Revision : 01
Checksum : B7
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

ACPI Table Address   0 : 000E0A00
ACPI Table Address   1 : 000E0B20
ACPI Table Address   2 : 000E0B80
