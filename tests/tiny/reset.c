/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resets that a further processor asks for, or that meet it in some state: one way at
 * each boot, all of them with the processor started anew. "tiny: boot N" is said when
 * it has come; after the last way, "tiny: all N". A register that a reset has left as it
 * was is "tiny: BAD".
 */
#include "tiny.h"

#define LAPIC          0xfee00000u
#define LAPIC_SPIV     (LAPIC + 0xf0)
#define LAPIC_ICR      (LAPIC + 0x300)
#define TRAMPOLINE     0x8000u
#define CR0_LIKE_RESET 0x60000011u /* caches off; but protected mode */

#define ICR_INIT_OTHERS 0x000c4500u /* all but self, INIT, assert */
#define ICR_SIPI_OTHERS 0x000c4600u /* all but self, start-up */

#define GED_RESET       0xfea00012u
#define GED_RESET_VALUE 0x42

#define MAGIC 0x76697265u

/* A reset leaves memory as it is; this is not part of the kernel's file. */
struct kept {
    uint32_t magic, boots;
    uint64_t mtrr, machine_check; /* as they were at the first boot */
};
#define KEPT ((volatile struct kept *)0x300000)

extern const uint8_t ap_trampoline[], ap_trampoline_end[];
extern volatile uint32_t ap_count;

static void (*volatile order)(void); /* what the other processor is to do */

static void copy(uint32_t to, const uint8_t *from, const uint8_t *end)
{
    for (uint32_t i = 0; from + i < end; i++) {
        *(volatile uint8_t *)(uintptr_t)(to + i) = from[i];
    }
}

static void ask_for_reset(void)
{
    *(volatile uint8_t *)(uintptr_t)GED_RESET = GED_RESET_VALUE;
}

/* Also those that come when this processor's reset has been asked for. */
static void send_inits(void)
{
    for (;;) {
        write32(LAPIC_ICR, ICR_INIT_OTHERS);
    }
}

static void start_other(uint32_t code)
{
    write32(LAPIC_ICR, ICR_INIT_OTHERS);
    write32(LAPIC_ICR, ICR_SIPI_OTHERS | code >> 12);
}

void tiny_ap_main(uint32_t index)
{
    (void)index;
    while (!order) {
        __asm__ volatile("pause");
    }
    order();
    tiny_halt();
}

static void by_register(void)
{
    order = ask_for_reset;
}

static void by_triple_fault(void)
{
    order = tiny_triple_fault;
}

/* As Linux leaves it before it goes to the BIOS: no paging, and caches off. */
static void triple_fault_uncached(void)
{
    __asm__ volatile("mov %0, %%cr0" : : "r"(CR0_LIKE_RESET));
    tiny_triple_fault();
}

static void by_uncached_fault(void)
{
    order = triple_fault_uncached;
}

/* One of them is still to be taken when this processor is reset. */
static void with_init_pending(void)
{
    order = send_inits;
    ask_for_reset();
}

static void (*const ways[])(void) = { by_register, by_triple_fault, by_uncached_fault,
                                      with_init_pending };
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* They are as KVM had made them; then they are not. */
static void check_registers(void)
{
    uint64_t mtrr = read_msr(MSR_MTRR_DEF_TYPE);
    uint64_t machine_check = read_msr(MSR_MC0_CTL);

    if (KEPT->magic != MAGIC) {
        KEPT->magic = MAGIC;
        KEPT->boots = 0;
        KEPT->mtrr = mtrr;
        KEPT->machine_check = machine_check;
    }
    if (mtrr != KEPT->mtrr || machine_check != KEPT->machine_check) {
        print("tiny: BAD registers\n");
    }
    write_msr(MSR_MTRR_DEF_TYPE, mtrr ^ 0xc06);
    write_msr(MSR_MC0_CTL, ~machine_check);
}

void tiny_main(const struct start_info *info)
{
    uint32_t rounds = parameter(info, "rounds", 3);
    check_registers();
    copy(TRAMPOLINE, ap_trampoline, ap_trampoline_end);
    write32(LAPIC_SPIV, 0x1ff);
    start_other(TRAMPOLINE);
    while (!ap_count) {
        __asm__ volatile("pause");
    }
    uint32_t boots = KEPT->boots++;
    print(boots == rounds * WAYS ? "tiny: all " : "tiny: boot ");
    print_number(boots);
    print("\n");
    if (boots < rounds * WAYS) {
        ways[boots % WAYS]();
    }
    for (;;) {
        __asm__ volatile("pause");
    }
}
