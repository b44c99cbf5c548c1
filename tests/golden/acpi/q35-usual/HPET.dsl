Signature : "HPET"    [High Precision Event Timer table]
Table Length : 00000038
Revision : 01
Checksum : F7
Oem ID : "VIREO "
Oem Table ID : "VIREO1.0"
Oem Revision : 00000001
Asl Compiler ID : "VIRE"
Asl Compiler Revision : 00000001

Hardware Block ID : 8086A201

Timer Block Register : [Generic Address Structure]
Space ID : 00 [SystemMemory]
Bit Width : 00
Bit Offset : 00
Encoded Access Width : 00 [Undefined/Legacy]
Address : 00000000FED00000

Sequence Number : 00
Minimum Clock Ticks : 2710
Flags (decoded below) : 00
                             4K Page Protect : 0
                            64K Page Protect : 0
