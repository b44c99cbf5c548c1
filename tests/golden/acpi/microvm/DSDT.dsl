DefinitionBlock ("", "DSDT", 2, "VIREO ", "VIREO1.0", 0x00000001)
{
    Name (\_S5, Package (0x04)
    {
        0x05,
        Zero,
        Zero,
        Zero
    })
    Scope (\_SB)
    {
        Device (GED)
        {
            Name (_HID, "ACPI0013" )
            Name (_UID, Zero)
            Name (_CRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                {
                    0x00000009,
                }
            })
            OperationRegion (REGS, SystemMemory, 0xFEA00000, 0x08)
            Field (REGS, DWordAcc, NoLock, Preserve)
            {
                EVTS,   32,
                PRES,   32
            }

            Method (_EVT, 1, Serialized)
            {
                Local0 = EVTS
                If ((Local0 & One))
                {
                    Notify (\_SB.PWRB, 0x80)
                }

                If ((Local0 & 0x02))
                {
                    Notify (\_SB.VIO, Zero)
                }
            }
        }

        Device (PWRB)
        {
            Name (_HID, EisaId ("PNP0C0C") )
            Name (_UID, Zero)
        }

        Device (VIO)
        {
            Name (_HID, EisaId ("PNP0A06") )
            Name (_UID, "virtio-mmio")
            Device (V000)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, Zero)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB00000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000010,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & One))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V001)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, One)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB01000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000011,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x02))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V002)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x02)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB02000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000012,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x04))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V003)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x03)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB03000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000013,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x08))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V004)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x04)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB04000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000014,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x10))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V005)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x05)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB05000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000015,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x20))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V006)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x06)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB06000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000016,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x40))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V007)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x07)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB07000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000017,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x80))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V008)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x08)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB08000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000018,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x0100))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V009)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x09)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB09000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000019,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x0200))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V00A)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x0A)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB0A000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x0000001A,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x0400))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V00B)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x0B)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB0B000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x0000001B,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x0800))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V00C)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x0C)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB0C000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x0000001C,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x1000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V00D)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x0D)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB0D000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x0000001D,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x2000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V00E)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x0E)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB0E000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x0000001E,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x4000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V00F)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x0F)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB0F000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x0000001F,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x8000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V010)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x10)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB10000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000020,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x00010000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V011)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x11)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB11000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000021,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x00020000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V012)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x12)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB12000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000022,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x00040000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V013)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x13)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB13000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000023,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x00080000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V014)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x14)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB14000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000024,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x00100000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V015)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x15)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB15000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000025,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x00200000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V016)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x16)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB16000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000026,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x00400000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }

            Device (V017)
            {
                Name (_HID, "LNRO0005")
                Name (_UID, 0x17)
                Name (_CCA, One)
                Name (_CRS, ResourceTemplate ()
                {
                    Memory32Fixed (ReadWrite,
                        0xFEB17000,
                        0x00000200,
                        )
                    Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                    {
                        0x00000027,
                    }
                })
                Method (_STA, 0, NotSerialized)
                {
                    If ((\_SB.GED.PRES & 0x00800000))
                    {
                        Return (0x0F)
                    }

                    Return (Zero)
                }
            }
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
                Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                {
                    0x00000004,
                }
            })
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
                Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, ,, )
                {
                    0x00000008,
                }
            })
        }

        Device (PEVT)
        {
            Name (_HID, "QEMU0001")
            Name (_STA, 0x0F)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16,
                    0x0505,
                    0x0505,
                    0x01,
                    0x01,
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
    }
}
