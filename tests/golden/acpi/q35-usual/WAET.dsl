Signature : "WAET"    [Windows ACPI Emulated Devices Table]
Table Length : 00000028
Revision : 01
Checksum : B3
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

Flags (decoded below) : 00000002
                        RTC needs no INT ack : 0
                     PM timer, one read only : 1
