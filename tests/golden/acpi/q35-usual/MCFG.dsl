Signature : "MCFG"    [Memory Mapped Configuration table]
Table Length : 0000003C
Revision : 01
Checksum : 06
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

Reserved : 0000000000000000

Base Address : 00000000B0000000
Segment Group Number : 0000
Start Bus Number : 00
End Bus Number : FF
Reserved : 00000000
