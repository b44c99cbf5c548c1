/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes memory on cpus= processors and watches that none of it is ever wrong, so
 * that a migration which loses or repeats a write is seen.
 *
 * From start= on, mib= MiB of pages with a pattern that stays; behind them hot=
 * pages for each processor, which it rewrites round by round after it has checked
 * what it wrote in the round before, and with it two of its registers. Every print=
 * rounds the first processor says "tiny: round N other M", M being a round of the last
 * processor; what is wrong is said as "tiny: BAD ...", and then nothing more.
 */
#include "tiny.h"

#define PAGE       4096
#define CPUS_MAX   4
#define COLD_STEPS 2 /* pages of the pattern that a round looks at */

#define LAPIC           0xfee00000u
#define LAPIC_SPIV      (LAPIC + 0xf0)
#define LAPIC_ICR       (LAPIC + 0x300)
#define TRAMPOLINE      0x8000u
#define ICR_INIT_OTHERS 0x000c4500u
#define ICR_SIPI_OTHERS 0x000c4600u

extern const uint8_t ap_trampoline[], ap_trampoline_end[];

static uint32_t start, cold, hot, every, cpus;
static volatile uint32_t rounds[CPUS_MAX];
static volatile uint32_t bad;

static uint32_t pattern(uint32_t page)
{
    return (page + 1) * 2654435761u;
}

static void compare(const char *what, uint32_t where, uint32_t got, uint32_t want,
                    uint32_t cpu)
{
    if (got != want && !bad) {
        bad = 1;
        print("tiny: BAD ");
        print(what);
        print(" ");
        print_number(where);
        print(" is ");
        print_number(got);
        print(" not ");
        print_number(want);
        print(" cpu ");
        print_number(cpu);
        print("\n");
    }
}

static void check(uint32_t address, uint32_t want, uint32_t cpu)
{
    compare("address", address, read32(address), want, cpu);
}

/* Of each processor's own: an MTRR's mask, and the control of a machine check bank. */
static uint32_t mtrr_mask(uint32_t cpu)
{
    return 0xfff00800u - (cpu << 20);
}

static void set_registers(uint32_t cpu)
{
    write_msr(MSR_MTRR_MASK0, mtrr_mask(cpu));
    write_msr(MSR_MC0_CTL, ~0ull);
}

static void check_registers(uint32_t cpu)
{
    compare("MSR", MSR_MTRR_MASK0, (uint32_t)read_msr(MSR_MTRR_MASK0), mtrr_mask(cpu),
            cpu);
    compare("MSR", MSR_MC0_CTL, (uint32_t)read_msr(MSR_MC0_CTL), ~0u, cpu);
}

static void run_round(uint32_t cpu, uint32_t round)
{
    uint32_t page = start + (cold + cpu * hot) * PAGE;

    for (uint32_t i = 0; i < hot; i++, page += PAGE) {
        check(page, round - 1, cpu);
        check(page + PAGE - 4, round - 1, cpu);
        write32(page, round);
        write32(page + PAGE - 4, round);
    }
    for (uint32_t i = 0; i < COLD_STEPS && cold; i++) {
        uint32_t n = (round * COLD_STEPS + i) % cold;

        check(start + n * PAGE + (n % 1000) * 4, pattern(n), cpu);
    }
    check_registers(cpu);
    rounds[cpu] = round;
}

static void run(uint32_t cpu)
{
    set_registers(cpu);
    for (uint32_t i = 0; i < hot; i++) { /* memory outlives a reset */
        uint32_t page = start + (cold + cpu * hot + i) * PAGE;

        write32(page, 0);
        write32(page + PAGE - 4, 0);
    }
    for (uint32_t round = 1; !bad; round++) {
        run_round(cpu, round);
        if (cpu == 0 && round % every == 0) {
            print("tiny: round ");
            print_number(round);
            print(" other ");
            print_number(rounds[cpus - 1]);
            print("\n");
        }
    }
    tiny_halt();
}

void tiny_ap_main(uint32_t index)
{
    run(index + 1);
}

void tiny_main(const struct start_info *info)
{
    start = parameter(info, "start", 16 << 20);
    cold = parameter(info, "mib", 16) << 8;
    hot = parameter(info, "hot", 16);
    every = parameter(info, "print", 1000);
    cpus = parameter(info, "cpus", 1);
    for (uint32_t i = 0; i < cold; i++) {
        write32(start + i * PAGE + (i % 1000) * 4, pattern(i));
    }
    print("tiny: filled\n");
    for (uint32_t i = 0; ap_trampoline + i < ap_trampoline_end; i++) {
        *(volatile uint8_t *)(uintptr_t)(TRAMPOLINE + i) = ap_trampoline[i];
    }
    if (cpus > 1) {
        write32(LAPIC_SPIV, 0x1ff);
        write32(LAPIC_ICR, ICR_INIT_OTHERS);
        write32(LAPIC_ICR, ICR_SIPI_OTHERS | TRAMPOLINE >> 12);
    }
    run(0);
}
