DefinitionBlock ("", "DSDT", 2, "VIREO ", "VIREO1.0", 0x00000001)
{
    Name (\_S4, Package (0x04)
    {
        0x02,
        0x02,
        Zero,
        Zero
    })
    Name (\_S5, Package (0x04)
    {
        Zero,
        Zero,
        Zero,
        Zero
    })
    Name (\PICF, Zero)
    Method (\_PIC, 1, NotSerialized)
    {
        PICF = Arg0
    }

    Scope (\_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A08") )
            Name (_CID, EisaId ("PNP0A03") )
            Name (_UID, Zero)
            Method (_OSC, 4, Serialized)
            {
                CreateDWordField (Arg3, Zero, CDW1)
                If ((Arg0 == ToUUID ("33db4d5b-1ff7-401c-9657-7441c03dd766") ))
                {
                    CreateDWordField (Arg3, 0x08, CDW3)
                    Local0 = (CDW3 & 0x10)
                    If ((Arg1 != One))
                    {
                        CDW1 |= 0x08
                    }

                    If ((CDW3 != Local0))
                    {
                        CDW1 |= 0x10
                    }

                    CDW3 = Local0
                }
                Else
                {
                    CDW1 |= 0x04
                }

                Return (Arg3)
            }

            Name (_CRS, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    0x0000,
                    0x0000,
                    0x00FF,
                    0x0000,
                    0x0100,
                    ,, )
                IO (Decode16,
                    0x0CF8,
                    0x0CF8,
                    0x01,
                    0x08,
                    )
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0x0000,
                    0x0000,
                    0x0CF7,
                    0x0000,
                    0x0CF8,
                    ,, , TypeStatic, DenseTranslation)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0x0000,
                    0x0D00,
                    0xFFFF,
                    0x0000,
                    0xF300,
                    ,, , TypeStatic, DenseTranslation)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0x00000000,
                    0x000A0000,
                    0x000BFFFF,
                    0x00000000,
                    0x00020000,
                    ,, , AddressRangeMemory, TypeStatic)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0x00000000,
                    0x80000000,
                    0xAFFFFFFF,
                    0x00000000,
                    0x30000000,
                    ,, , AddressRangeMemory, TypeStatic)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0x00000000,
                    0xC0000000,
                    0xFEBFFFFF,
                    0x00000000,
                    0x3EC00000,
                    ,, , AddressRangeMemory, TypeStatic)
                QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0x0000000000000000,
                    0x0000000180000000,
                    0x000000097FFFFFFF,
                    0x0000000000000000,
                    0x0000000800000000,
                    ,, , AddressRangeMemory, TypeStatic)
            })
            Name (PRTP, Package (0x10)
            {
                Package (0x04)
                {
                    0xFFFF,
                    Zero,
                    LNKE,
                    Zero
                },

                Package (0x04)
                {
                    0xFFFF,
                    One,
                    LNKF,
                    Zero
                },

                Package (0x04)
                {
                    0xFFFF,
                    0x02,
                    LNKG,
                    Zero
                },

                Package (0x04)
                {
                    0xFFFF,
                    0x03,
                    LNKH,
                    Zero
                },

                Package (0x04)
                {
                    0x0001FFFF,
                    Zero,
                    LNKF,
                    Zero
                },

                Package (0x04)
                {
                    0x0001FFFF,
                    One,
                    LNKG,
                    Zero
                },

                Package (0x04)
                {
                    0x0001FFFF,
                    0x02,
                    LNKH,
                    Zero
                },

                Package (0x04)
                {
                    0x0001FFFF,
                    0x03,
                    LNKE,
                    Zero
                },

                Package (0x04)
                {
                    0x0002FFFF,
                    Zero,
                    LNKG,
                    Zero
                },

                Package (0x04)
                {
                    0x0002FFFF,
                    One,
                    LNKH,
                    Zero
                },

                Package (0x04)
                {
                    0x0002FFFF,
                    0x02,
                    LNKE,
                    Zero
                },

                Package (0x04)
                {
                    0x0002FFFF,
                    0x03,
                    LNKF,
                    Zero
                },

                Package (0x04)
                {
                    0x001FFFFF,
                    Zero,
                    LNKA,
                    Zero
                },

                Package (0x04)
                {
                    0x001FFFFF,
                    One,
                    LNKB,
                    Zero
                },

                Package (0x04)
                {
                    0x001FFFFF,
                    0x02,
                    LNKC,
                    Zero
                },

                Package (0x04)
                {
                    0x001FFFFF,
                    0x03,
                    LNKD,
                    Zero
                }
            })
            Name (PRTA, Package (0x10)
            {
                Package (0x04)
                {
                    0xFFFF,
                    Zero,
                    Zero,
                    0x14
                },

                Package (0x04)
                {
                    0xFFFF,
                    One,
                    Zero,
                    0x15
                },

                Package (0x04)
                {
                    0xFFFF,
                    0x02,
                    Zero,
                    0x16
                },

                Package (0x04)
                {
                    0xFFFF,
                    0x03,
                    Zero,
                    0x17
                },

                Package (0x04)
                {
                    0x0001FFFF,
                    Zero,
                    Zero,
                    0x15
                },

                Package (0x04)
                {
                    0x0001FFFF,
                    One,
                    Zero,
                    0x16
                },

                Package (0x04)
                {
                    0x0001FFFF,
                    0x02,
                    Zero,
                    0x17
                },

                Package (0x04)
                {
                    0x0001FFFF,
                    0x03,
                    Zero,
                    0x14
                },

                Package (0x04)
                {
                    0x0002FFFF,
                    Zero,
                    Zero,
                    0x16
                },

                Package (0x04)
                {
                    0x0002FFFF,
                    One,
                    Zero,
                    0x17
                },

                Package (0x04)
                {
                    0x0002FFFF,
                    0x02,
                    Zero,
                    0x14
                },

                Package (0x04)
                {
                    0x0002FFFF,
                    0x03,
                    Zero,
                    0x15
                },

                Package (0x04)
                {
                    0x001FFFFF,
                    Zero,
                    Zero,
                    0x10
                },

                Package (0x04)
                {
                    0x001FFFFF,
                    One,
                    Zero,
                    0x11
                },

                Package (0x04)
                {
                    0x001FFFFF,
                    0x02,
                    Zero,
                    0x12
                },

                Package (0x04)
                {
                    0x001FFFFF,
                    0x03,
                    Zero,
                    0x13
                }
            })
            Method (_PRT, 0, NotSerialized)
            {
                If (PICF)
                {
                    Return (PRTA)
                }

                Return (PRTP)
            }

            Device (ISA)
            {
                Name (_ADR, 0x001F0000)
                OperationRegion (PIRQ, PCI_Config, 0x60, 0x0C)
                Field (PIRQ, ByteAcc, NoLock, Preserve)
                {
                    PRQA,   8,
                    PRQB,   8,
                    PRQC,   8,
                    PRQD,   8,
                    Offset (0x08),
                    PRQE,   8,
                    PRQF,   8,
                    PRQG,   8,
                    PRQH,   8
                }

                Device (RTC)
                {
                    Name (_HID, EisaId ("PNP0B00") )
                    Name (_UID, Zero)
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16,
                            0x0070,
                            0x0070,
                            0x01,
                            0x02,
                            )
                        IRQNoFlags ()
                            {8}
                    })
                }

                Device (KBD)
                {
                    Name (_HID, EisaId ("PNP0303") )
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16,
                            0x0060,
                            0x0060,
                            0x01,
                            0x01,
                            )
                        IO (Decode16,
                            0x0064,
                            0x0064,
                            0x01,
                            0x01,
                            )
                        IRQNoFlags ()
                            {1}
                    })
                }

                Device (MOU)
                {
                    Name (_HID, EisaId ("PNP0F13") )
                    Name (_CRS, ResourceTemplate ()
                    {
                        IRQNoFlags ()
                            {12}
                    })
                }

                Device (COM1)
                {
                    Name (_HID, EisaId ("PNP0501") )
                    Name (_UID, One)
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16,
                            0x03F8,
                            0x03F8,
                            0x01,
                            0x08,
                            )
                        IRQNoFlags ()
                            {4}
                    })
                }
            }

            Device (FWCF)
            {
                Name (_HID, "QEMU0002")
                Name (_STA, 0x0B)
                Name (_CRS, ResourceTemplate ()
                {
                    IO (Decode16,
                        0x0510,
                        0x0510,
                        0x01,
                        0x0C,
                        )
                })
            }

            Method (PDSM, 4, NotSerialized)
            {
                Local0 = Buffer (One) {}
                If (((Arg0 == ToUUID ("e5c937d0-3553-4d7a-9117-ea4d19c3434d") ) && ((Arg1 > One) && Arg3)))
                {
                    If ((Arg2 == Zero))
                    {
                        Local0 [Zero] = 0x81
                    }

                    If ((Arg2 == 0x07))
                    {
                        Local0 = Package (0x02)
                            {
                                Zero,
                                ""
                            }
                        Local0 [Zero] = Arg3
                    }
                }

                Return (Local0)
            }

            OperationRegion (PCST, SystemIO, 0x0CC0, 0x18)
            Field (PCST, DWordAcc, NoLock, WriteAsZeros)
            {
                PCIU,   32,
                PCID,   32,
                B0EJ,   32,
                Offset (0x10),
                BNUM,   32,
                PIDX,   32
            }

            Mutex (BLCK, 0x00)
            Method (PCEJ, 2, NotSerialized)
            {
                Acquire (BLCK, 0xFFFF)
                BNUM = Arg0
                B0EJ = (One << Arg1)
                Release (BLCK)
            }

            Method (AIDX, 2, NotSerialized)
            {
                Acquire (BLCK, 0xFFFF)
                BNUM = Arg0
                PIDX = (One << Arg1)
                Local0 = PIDX
                Release (BLCK)
                Return (Local0)
            }

            OperationRegion (OSTR, SystemIO, 0x0CB0, 0x0C)
            Field (OSTR, DWordAcc, NoLock, WriteAsZeros)
            {
                OSTN,   32,
                OSTE,   32,
                OSTS,   32
            }

            Method (POST, 4, NotSerialized)
            {
                Acquire (BLCK, 0xFFFF)
                BNUM = Arg0
                OSTN = Arg1
                OSTE = Arg2
                OSTS = Arg3
                Release (BLCK)
            }

            Device (S08)
            {
                Name (_ADR, 0x00010000)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (Zero, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (Zero, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (Zero, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = Zero
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S09)
            {
                Name (_ADR, 0x00010001)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (One, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (One, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (One, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = One
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S0A)
            {
                Name (_ADR, 0x00010002)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x02, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x02, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x02, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x02
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S0B)
            {
                Name (_ADR, 0x00010003)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x03, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x03, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x03, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x03
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S0C)
            {
                Name (_ADR, 0x00010004)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x04, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x04, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x04, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x04
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S0D)
            {
                Name (_ADR, 0x00010005)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x05, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x05, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x05, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x05
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S0E)
            {
                Name (_ADR, 0x00010006)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x06, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x06, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x06, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x06
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S0F)
            {
                Name (_ADR, 0x00010007)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x07, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x07, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x07, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x07
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S10)
            {
                Name (_ADR, 0x00020000)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x08, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x08, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x08, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x08
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S11)
            {
                Name (_ADR, 0x00020001)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x09, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x09, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x09, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x09
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S12)
            {
                Name (_ADR, 0x00020002)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x0A, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x0A, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x0A, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x0A
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S13)
            {
                Name (_ADR, 0x00020003)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x0B, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x0B, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x0B, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x0B
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S14)
            {
                Name (_ADR, 0x00020004)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x0C, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x0C, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x0C, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x0C
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }

            Device (S15)
            {
                Name (_ADR, 0x00020005)
                Device (S00)
                {
                    Name (_ADR, Zero)
                    Name (_SUN, Zero)
                    Method (_EJ0, 1, NotSerialized)
                    {
                        PCEJ (0x0D, _SUN)
                    }

                    Method (_DSM, 4, NotSerialized)
                    {
                        Return (PDSM (Arg0, Arg1, Arg2, AIDX (0x0D, _SUN)))
                    }

                    Method (_OST, 3, NotSerialized)
                    {
                        POST (0x0D, _SUN, Arg0, Arg1)
                    }
                }

                Method (PCNT, 0, NotSerialized)
                {
                    BNUM = 0x0D
                    Local0 = PCIU
                    Local1 = PCID
                    If ((Local0 & One))
                    {
                        Notify (S00, One)
                    }

                    If ((Local1 & One))
                    {
                        Notify (S00, 0x03)
                    }
                }
            }
        }

        Method (IQCR, 1, Serialized)
        {
            Name (PRR0, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared, ,, _Y00)
                {
                    0x00000000,
                }
            })
            CreateDWordField (PRR0, \_SB.IQCR._Y00._INT, PRRI)
            If ((Arg0 < 0x80))
            {
                PRRI = Arg0
            }

            Return (PRR0)
        }

        Device (LNKA)
        {
            Name (_HID, EisaId ("PNP0C0F") )
            Name (_UID, Zero)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared, ,, )
                {
                    0x00000005,
                    0x0000000A,
                    0x0000000B,
                }
            })
            Method (_STA, 0, NotSerialized)
            {
                If (PICF)
                {
                    Return (Zero)
                }

                If ((\_SB.PCI0.ISA.PRQA & 0x80))
                {
                    Return (0x09)
                }

                Return (0x0B)
            }

            Method (_DIS, 0, NotSerialized)
            {
                \_SB.PCI0.ISA.PRQA |= 0x80
            }

            Method (_CRS, 0, NotSerialized)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQA))
            }

            Method (_SRS, 1, Serialized)
            {
                CreateDWordField (Arg0, 0x05, IRQW)
                \_SB.PCI0.ISA.PRQA = IRQW
            }
        }

        Device (LNKB)
        {
            Name (_HID, EisaId ("PNP0C0F") )
            Name (_UID, One)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared, ,, )
                {
                    0x00000005,
                    0x0000000A,
                    0x0000000B,
                }
            })
            Method (_STA, 0, NotSerialized)
            {
                If (PICF)
                {
                    Return (Zero)
                }

                If ((\_SB.PCI0.ISA.PRQB & 0x80))
                {
                    Return (0x09)
                }

                Return (0x0B)
            }

            Method (_DIS, 0, NotSerialized)
            {
                \_SB.PCI0.ISA.PRQB |= 0x80
            }

            Method (_CRS, 0, NotSerialized)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQB))
            }

            Method (_SRS, 1, Serialized)
            {
                CreateDWordField (Arg0, 0x05, IRQW)
                \_SB.PCI0.ISA.PRQB = IRQW
            }
        }

        Device (LNKC)
        {
            Name (_HID, EisaId ("PNP0C0F") )
            Name (_UID, 0x02)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared, ,, )
                {
                    0x00000005,
                    0x0000000A,
                    0x0000000B,
                }
            })
            Method (_STA, 0, NotSerialized)
            {
                If (PICF)
                {
                    Return (Zero)
                }

                If ((\_SB.PCI0.ISA.PRQC & 0x80))
                {
                    Return (0x09)
                }

                Return (0x0B)
            }

            Method (_DIS, 0, NotSerialized)
            {
                \_SB.PCI0.ISA.PRQC |= 0x80
            }

            Method (_CRS, 0, NotSerialized)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQC))
            }

            Method (_SRS, 1, Serialized)
            {
                CreateDWordField (Arg0, 0x05, IRQW)
                \_SB.PCI0.ISA.PRQC = IRQW
            }
        }

        Device (LNKD)
        {
            Name (_HID, EisaId ("PNP0C0F") )
            Name (_UID, 0x03)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared, ,, )
                {
                    0x00000005,
                    0x0000000A,
                    0x0000000B,
                }
            })
            Method (_STA, 0, NotSerialized)
            {
                If (PICF)
                {
                    Return (Zero)
                }

                If ((\_SB.PCI0.ISA.PRQD & 0x80))
                {
                    Return (0x09)
                }

                Return (0x0B)
            }

            Method (_DIS, 0, NotSerialized)
            {
                \_SB.PCI0.ISA.PRQD |= 0x80
            }

            Method (_CRS, 0, NotSerialized)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQD))
            }

            Method (_SRS, 1, Serialized)
            {
                CreateDWordField (Arg0, 0x05, IRQW)
                \_SB.PCI0.ISA.PRQD = IRQW
            }
        }

        Device (LNKE)
        {
            Name (_HID, EisaId ("PNP0C0F") )
            Name (_UID, 0x04)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared, ,, )
                {
                    0x00000005,
                    0x0000000A,
                    0x0000000B,
                }
            })
            Method (_STA, 0, NotSerialized)
            {
                If (PICF)
                {
                    Return (Zero)
                }

                If ((\_SB.PCI0.ISA.PRQE & 0x80))
                {
                    Return (0x09)
                }

                Return (0x0B)
            }

            Method (_DIS, 0, NotSerialized)
            {
                \_SB.PCI0.ISA.PRQE |= 0x80
            }

            Method (_CRS, 0, NotSerialized)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQE))
            }

            Method (_SRS, 1, Serialized)
            {
                CreateDWordField (Arg0, 0x05, IRQW)
                \_SB.PCI0.ISA.PRQE = IRQW
            }
        }

        Device (LNKF)
        {
            Name (_HID, EisaId ("PNP0C0F") )
            Name (_UID, 0x05)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared, ,, )
                {
                    0x00000005,
                    0x0000000A,
                    0x0000000B,
                }
            })
            Method (_STA, 0, NotSerialized)
            {
                If (PICF)
                {
                    Return (Zero)
                }

                If ((\_SB.PCI0.ISA.PRQF & 0x80))
                {
                    Return (0x09)
                }

                Return (0x0B)
            }

            Method (_DIS, 0, NotSerialized)
            {
                \_SB.PCI0.ISA.PRQF |= 0x80
            }

            Method (_CRS, 0, NotSerialized)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQF))
            }

            Method (_SRS, 1, Serialized)
            {
                CreateDWordField (Arg0, 0x05, IRQW)
                \_SB.PCI0.ISA.PRQF = IRQW
            }
        }

        Device (LNKG)
        {
            Name (_HID, EisaId ("PNP0C0F") )
            Name (_UID, 0x06)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared, ,, )
                {
                    0x00000005,
                    0x0000000A,
                    0x0000000B,
                }
            })
            Method (_STA, 0, NotSerialized)
            {
                If (PICF)
                {
                    Return (Zero)
                }

                If ((\_SB.PCI0.ISA.PRQG & 0x80))
                {
                    Return (0x09)
                }

                Return (0x0B)
            }

            Method (_DIS, 0, NotSerialized)
            {
                \_SB.PCI0.ISA.PRQG |= 0x80
            }

            Method (_CRS, 0, NotSerialized)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQG))
            }

            Method (_SRS, 1, Serialized)
            {
                CreateDWordField (Arg0, 0x05, IRQW)
                \_SB.PCI0.ISA.PRQG = IRQW
            }
        }

        Device (LNKH)
        {
            Name (_HID, EisaId ("PNP0C0F") )
            Name (_UID, 0x07)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared, ,, )
                {
                    0x00000005,
                    0x0000000A,
                    0x0000000B,
                }
            })
            Method (_STA, 0, NotSerialized)
            {
                If (PICF)
                {
                    Return (Zero)
                }

                If ((\_SB.PCI0.ISA.PRQH & 0x80))
                {
                    Return (0x09)
                }

                Return (0x0B)
            }

            Method (_DIS, 0, NotSerialized)
            {
                \_SB.PCI0.ISA.PRQH |= 0x80
            }

            Method (_CRS, 0, NotSerialized)
            {
                Return (IQCR (\_SB.PCI0.ISA.PRQH))
            }

            Method (_SRS, 1, Serialized)
            {
                CreateDWordField (Arg0, 0x05, IRQW)
                \_SB.PCI0.ISA.PRQH = IRQW
            }
        }

        Device (MRES)
        {
            Name (_HID, EisaId ("PNP0C02") )
            Name (_UID, Zero)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16,
                    0x0600,
                    0x0600,
                    0x01,
                    0x80,
                    )
                IO (Decode16,
                    0x0CC0,
                    0x0CC0,
                    0x01,
                    0x18,
                    )
                IO (Decode16,
                    0x0CB0,
                    0x0CB0,
                    0x01,
                    0x0C,
                    )
                IO (Decode16,
                    0x0CD8,
                    0x0CD8,
                    0x01,
                    0x20,
                    )
                Memory32Fixed (ReadWrite,
                    0xB0000000,
                    0x10000000,
                    )
            })
        }

        Device (HPET)
        {
            Name (_HID, EisaId ("PNP0103") )
            Name (_UID, Zero)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite,
                    0xFED00000,
                    0x00000400,
                    )
            })
        }

        Device (C000)
        {
            Name (_HID, "ACPI0007" )
            Name (_UID, Zero)
        }

        Device (C001)
        {
            Name (_HID, "ACPI0007" )
            Name (_UID, One)
        }

        Device (C002)
        {
            Name (_HID, "ACPI0007" )
            Name (_UID, 0x02)
        }

        Device (C003)
        {
            Name (_HID, "ACPI0007" )
            Name (_UID, 0x03)
        }
    }

    Scope (\_GPE)
    {
        Method (_E01, 0, NotSerialized)
        {
            Acquire (\_SB.PCI0.BLCK, 0xFFFF)
            \_SB.PCI0.S08.PCNT ()
            \_SB.PCI0.S09.PCNT ()
            \_SB.PCI0.S0A.PCNT ()
            \_SB.PCI0.S0B.PCNT ()
            \_SB.PCI0.S0C.PCNT ()
            \_SB.PCI0.S0D.PCNT ()
            \_SB.PCI0.S0E.PCNT ()
            \_SB.PCI0.S0F.PCNT ()
            \_SB.PCI0.S10.PCNT ()
            \_SB.PCI0.S11.PCNT ()
            \_SB.PCI0.S12.PCNT ()
            \_SB.PCI0.S13.PCNT ()
            \_SB.PCI0.S14.PCNT ()
            \_SB.PCI0.S15.PCNT ()
            Release (\_SB.PCI0.BLCK)
        }
    }
}
