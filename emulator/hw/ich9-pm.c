/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PM timer is the virtual clock; a timer of ours runs only while its overflow is to
 * interrupt and has not yet. There is no system management mode: nothing raises an SMI,
 * its enables are kept, and APMC_EN says to firmware that this has been seen to. What
 * SMM's code would do for the APM port's ACPI_ENABLE is done here.
 */
#include "config.h"

#include "hw/ich9-pm.h"

#include <string.h>

#include "accel/run-state.h"
#include "event/clock.h"
#include "event/vm-event.h"
#include "hw/ich9-tco.h"
#include "hw/reg-row.h"
#include "hw/tick.h"
#include "memory/address-map.h"

#define PM1_EVENTS     (ICH9_PM1_TMROF | ICH9_PM1_GBL | ICH9_PM1_PWRBTN | ICH9_PM1_RTC)
#define SLP_TYP_MASK   7
#define SLP_EN_BYTE    (ICH9_PM1_CNT + 1)
#define SMI_EN_APMC_EN 0x20
#define OVERFLOW_SHIFT (ICH9_PM_TMR_BITS - 1) /* its highest bit changes */

enum { PM1_STS, PM1_EN, PM1_CNT, GPE_STS, GPE_EN, SMI_EN, SMI_STS, REGS };

static const RegRow regs[REGS] = {
    [PM1_STS] = { ICH9_PM1_STS, 2, .clears = 0xcd31 },
    [PM1_EN] = { ICH9_PM1_EN, 2, .writable = 0x4521 },
    [PM1_CNT] = { ICH9_PM1_CNT, 4, .writable = 0x1c03 },
    [GPE_STS] = { ICH9_PM_GPE0_STS, 8, .clears = G_MAXUINT64 },
    [GPE_EN] = { ICH9_PM_GPE0_EN, 8, .writable = G_MAXUINT64 },
    [SMI_EN] = { ICH9_PM_SMI_EN, 4, .writable = G_MAXUINT32 & ~SMI_EN_APMC_EN },
    [SMI_STS] = { ICH9_PM_SMI_STS, 4, .clears = G_MAXUINT32 },
};

typedef struct Ich9Pm {
    Device dev;
    unsigned s4_type; /* SLP_TYP; 0, which is S5's: there is no S4 */

    Region *region, *apm;
    IrqSource sci;
    Timer *timer;

    guint64 value[REGS];
    guint64 seen; /* overflows of the PM timer that have been worked out */
    guint8 apm_cnt, apm_sts;
    Ich9Tco tco;
} Ich9Pm;

static guint64 timer_ticks(void)
{
    return tick_from_ns(clock_now(CLOCK_TYPE_VIRTUAL), ICH9_PM_TMR_HZ);
}

static void work_out_overflow(Ich9Pm *s)
{
    guint64 overflows = timer_ticks() >> OVERFLOW_SHIFT;

    if (overflows != s->seen) {
        s->value[PM1_STS] |= ICH9_PM1_TMROF;
        s->seen = overflows;
    }
}

static void arm_timer(Ich9Pm *s)
{
    if (s->value[PM1_EN] & ~s->value[PM1_STS] & ICH9_PM1_TMROF) {
        timer_arm(s->timer, tick_to_ns((s->seen + 1) << OVERFLOW_SHIFT, ICH9_PM_TMR_HZ));
    } else {
        timer_disarm(s->timer);
    }
}

static void update(Ich9Pm *s)
{
    gboolean event = (s->value[PM1_STS] & s->value[PM1_EN] & PM1_EVENTS) ||
                     (s->value[GPE_STS] & s->value[GPE_EN]);

    arm_timer(s);
    irq_source_set(&s->sci, event && (s->value[PM1_CNT] & ICH9_PM1_SCI_EN));
}

static void timer_fired(void *opaque)
{
    Ich9Pm *s = opaque;

    work_out_overflow(s);
    update(s);
}

/* What is not announced does nothing. */
static void enter_sleep(const Ich9Pm *s)
{
    unsigned type = s->value[PM1_CNT] >> ICH9_PM1_SLP_TYP & SLP_TYP_MASK;

    if (type == ICH9_PM_SLP_S5) {
        vm_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN);
    } else if (type == s->s4_type) {
        vm_event_emit("SUSPEND_DISK", NULL);
        vm_request_shutdown(SHUTDOWN_GUEST_SHUTDOWN);
    }
}

/* now and ticks: of the whole access. */
static guint8 read_byte(const Ich9Pm *s, guint64 offset, gint64 now, guint64 ticks)
{
    if (offset >= ICH9_TCO_OFFSET && offset < ICH9_TCO_OFFSET + ICH9_TCO_SIZE) {
        return ich9_tco_read(&s->tco, offset - ICH9_TCO_OFFSET, now);
    }
    if (offset / 4 == ICH9_PM1_TMR / 4) {
        ticks &= (1u << ICH9_PM_TMR_BITS) - 1;
        return (guint8)(ticks >> 8 * (offset & 3));
    }
    return reg_row_read(regs, REGS, s->value, offset);
}

static guint64 pm_read(void *opaque, guint64 offset, unsigned size)
{
    Ich9Pm *s = opaque;
    gint64 now = clock_now(CLOCK_TYPE_VIRTUAL);
    guint64 ticks = tick_from_ns(now, ICH9_PM_TMR_HZ), value = 0;

    work_out_overflow(s);
    for (unsigned i = 0; i < size; i++) {
        value |= (guint64)read_byte(s, offset + i, now, ticks) << (8 * i);
    }
    return value;
}

static void write_byte(Ich9Pm *s, guint64 offset, guint8 byte)
{
    if (offset >= ICH9_TCO_OFFSET && offset < ICH9_TCO_OFFSET + ICH9_TCO_SIZE) {
        ich9_tco_write(&s->tco, offset - ICH9_TCO_OFFSET, byte);
    } else {
        reg_row_write(regs, REGS, s->value, offset, byte);
    }
}

static void pm_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Ich9Pm *s = opaque;
    gboolean sleeps = FALSE;

    work_out_overflow(s);
    for (unsigned i = 0; i < size; i++) {
        guint8 byte = (guint8)(value >> (8 * i));

        write_byte(s, offset + i, byte);
        sleeps |= offset + i == SLP_EN_BYTE && (byte & ICH9_PM1_SLP_EN >> 8);
    }
    update(s);
    if (sleeps) {
        enter_sleep(s);
    }
}

static guint64 apm_read(void *opaque, guint64 offset, unsigned size)
{
    const Ich9Pm *s = opaque;

    return offset == 0 ? s->apm_cnt : s->apm_sts;
}

static void apm_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    Ich9Pm *s = opaque;

    if (offset != 0) {
        s->apm_sts = value;
        return;
    }
    s->apm_cnt = value;
    if (value == ICH9_APM_ACPI_ENABLE) {
        s->value[PM1_CNT] |= ICH9_PM1_SCI_EN;
    } else if (value == ICH9_APM_ACPI_DISABLE) {
        s->value[PM1_CNT] &= ~(guint64)ICH9_PM1_SCI_EN;
    }
    update(s);
}

static const RegionOps pm_ops = {
    .read = pm_read,
    .write = pm_write,
    .min_size = 1,
    .max_size = 4,
    .split = TRUE,
};

static const RegionOps apm_ops = {
    .read = apm_read,
    .write = apm_write,
    .min_size = 1,
    .max_size = 1,
    .split = TRUE,
};

Region *ich9_pm_region(Device *dev)
{
    return ((Ich9Pm *)dev)->region;
}

void ich9_pm_set_sci(Device *dev, IrqLine *line)
{
    irq_source_connect(&((Ich9Pm *)dev)->sci, line);
}

void ich9_pm_press_power_button(Device *dev)
{
    Ich9Pm *s = (Ich9Pm *)dev;

    s->value[PM1_STS] |= ICH9_PM1_PWRBTN;
    update(s);
}

void ich9_pm_raise_gpe(Device *dev, unsigned event)
{
    Ich9Pm *s = (Ich9Pm *)dev;

    g_assert(event < 8 * regs[GPE_STS].size);
    s->value[GPE_STS] |= 1ull << event;
    update(s);
}

void ich9_pm_set_s4(Device *dev, unsigned slp_typ)
{
    ((Ich9Pm *)dev)->s4_type = slp_typ;
}

unsigned ich9_pm_s4(const Device *dev)
{
    return ((const Ich9Pm *)dev)->s4_type;
}

void ich9_pm_set_watchdog(Device *dev, void (*expired)(void *opaque), void *opaque)
{
    Ich9Pm *s = (Ich9Pm *)dev;

    s->tco.expired = expired;
    s->tco.opaque = opaque;
}

static void pm_init(Device *dev)
{
    Ich9Pm *s = (Ich9Pm *)dev;

    s->region = region_new_io("ich9-pm", ICH9_PM_SIZE, &pm_ops, s);
}

static void pm_finalize(Device *dev)
{
    region_free(((Ich9Pm *)dev)->region);
}

static void pm_reset(Device *dev)
{
    Ich9Pm *s = (Ich9Pm *)dev;

    memset(s->value, 0, sizeof(s->value));
    s->value[SMI_EN] = SMI_EN_APMC_EN;
    s->apm_cnt = s->apm_sts = 0;
    s->seen = timer_ticks() >> OVERFLOW_SHIFT;
    ich9_tco_reset(&s->tco);
    update(s);
}

static gboolean pm_realize(Device *dev, GError **errp)
{
    Ich9Pm *s = (Ich9Pm *)dev;

    s->apm = region_new_io("apm", 2, &apm_ops, s);
    if (!address_map_put(address_map_io(), &s->apm, ICH9_APM_CNT, errp)) {
        return FALSE;
    }
    s->timer = timer_new(event_loop_main(), CLOCK_TYPE_VIRTUAL, timer_fired, s);
    ich9_tco_realize(&s->tco);
    return TRUE;
}

static void pm_unrealize(Device *dev)
{
    Ich9Pm *s = (Ich9Pm *)dev;

    address_map_remove(s->region);
    irq_source_disconnect(&s->sci);
    g_clear_pointer(&s->timer, timer_free);
    ich9_tco_unrealize(&s->tco);
    address_map_take(&s->apm);
}

static gboolean pm_pre_save(void *opaque, GError **errp)
{
    work_out_overflow(opaque);
    return TRUE;
}

static gboolean pm_post_load(void *opaque, guint32 version, GError **errp)
{
    Ich9Pm *s = opaque;

    reg_row_mask(regs, REGS, s->value);
    s->value[SMI_EN] |= SMI_EN_APMC_EN;
    s->seen = MIN(s->seen, timer_ticks() >> OVERFLOW_SHIFT);
    work_out_overflow(s);
    update(s);
    return TRUE;
}

#define PM_REG(name_, reg_) STATE_FIELD(name_, STATE_U64, Ich9Pm, value[reg_])

static const StateField pm_fields[] = {
    PM_REG("pm1-sts", PM1_STS),
    PM_REG("pm1-en", PM1_EN),
    PM_REG("pm1-cnt", PM1_CNT),
    PM_REG("gpe0-sts", GPE_STS),
    PM_REG("gpe0-en", GPE_EN),
    PM_REG("smi-en", SMI_EN),
    PM_REG("smi-sts", SMI_STS),
    STATE_FIELD("overflows", STATE_U64, Ich9Pm, seen),
    STATE_FIELD("apm-cnt", STATE_U8, Ich9Pm, apm_cnt),
    STATE_FIELD("apm-sts", STATE_U8, Ich9Pm, apm_sts),
    STATE_FIELD("tco", STATE_STRUCT, Ich9Pm, tco, .nested = &ich9_tco_state),
    { NULL },
};

static const StateDesc pm_state = {
    .name = "ich9-pm",
    .version = 1,
    .fields = pm_fields,
    .pre_save = pm_pre_save,
    .post_load = pm_post_load,
};

const DeviceClass ich9_pm_class = {
    .name = "ich9-pm",
    .desc = "power management of the ICH9",
    .instance_size = sizeof(Ich9Pm),
    .state = &pm_state,
    .init = pm_init,
    .realize = pm_realize,
    .reset = pm_reset,
    .unrealize = pm_unrealize,
    .finalize = pm_finalize,
};
