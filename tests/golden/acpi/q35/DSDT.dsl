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
                    0x08000000,
                    0xAFFFFFFF,
                    0x00000000,
                    0xA8000000,
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
                    0x0000000100000000,
                    0x00000008FFFFFFFF,
                    0x0000000000000000,
                    0x0000000800000000,
                    ,, , AddressRangeMemory, TypeStatic)
            })
            Name (PRTP, Package (0x08)
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
            Name (PRTA, Package (0x08)
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
    }
}
