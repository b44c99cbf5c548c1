/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-balloon (virtio 1.2, section 5.5): the device and its configuration space.
 */
#include "virtio/virtio-balloon.h"

#include <linux/virtio_ids.h>
#include <string.h>

#include "config/node.h"
#include "event/vm-event.h"
#include "memory/ram.h"
#include "util/error.h"
#include "virtio/balloon.h"

#define PAGE_SHIFT     VIRTIO_BALLOON_PFN_SHIFT
#define QUEUE_SIZE     128
#define REPORTING_SIZE 32
#define FEATURE(bit)   (1ull << VIRTIO_BALLOON_F_##bit)

static VirtioBalloon *the_balloon; /* that is realized; NULL: none */

static guint64 balloon_features(VirtioDevice *dev)
{
    const VirtioBalloon *balloon = (const VirtioBalloon *)dev;

    return FEATURE(STATS_VQ) | (balloon->deflate_on_oom ? FEATURE(DEFLATE_ON_OOM) : 0) |
           (balloon->page_poison ? FEATURE(PAGE_POISON) : 0) |
           (balloon->reporting ? FEATURE(REPORTING) : 0);
}

static unsigned balloon_config(VirtioDevice *dev, guint8 *space)
{
    const VirtioBalloon *balloon = (const VirtioBalloon *)dev;
    struct virtio_balloon_config *config = (struct virtio_balloon_config *)space;

    config->num_pages = GUINT32_TO_LE(balloon->num_pages);
    config->actual = GUINT32_TO_LE(balloon->actual);
    config->poison_val = GUINT32_TO_LE(balloon->poison);
    return balloon->page_poison
               ? sizeof(*config)
               : offsetof(struct virtio_balloon_config, free_page_hint_cmd_id);
}

static void tell_change(void)
{
    ConfigNode *data = config_map_new();

    config_map_set(data, "actual", config_uint_new(balloon_guest_memory()));
    vm_event_emit("BALLOON_CHANGE", data);
}

/* Fields may be written in pieces. */
static void balloon_config_write(VirtioDevice *dev, unsigned offset, unsigned size,
                                 guint64 value)
{
    VirtioBalloon *balloon = (VirtioBalloon *)dev;
    struct virtio_balloon_config config = { 0 };
    guint64 bytes = GUINT64_TO_LE(value);
    guint32 had = balloon->actual;

    balloon_config(dev, (guint8 *)&config);
    if (offset > sizeof(config) || size > sizeof(config) - offset ||
        size > sizeof(bytes)) {
        return;
    }
    memcpy((guint8 *)&config + offset, &bytes, size);
    balloon->actual = GUINT32_FROM_LE(config.actual);
    if (virtio_device_has_feature(dev, VIRTIO_BALLOON_F_PAGE_POISON)) {
        balloon->poison = GUINT32_FROM_LE(config.poison_val);
    }
    if (balloon->actual != had) {
        tell_change();
    }
}

static void balloon_handle(VirtioDevice *dev, Virtqueue *vq)
{
    VirtioBalloon *balloon = (VirtioBalloon *)dev;

    switch (vq->index) {
    case BALLOON_STATS:
        balloon_take_stats(balloon, vq);
        break;
    case BALLOON_REPORTING:
        balloon_take_report(balloon, vq);
        break;
    default:
        balloon_take_pages(balloon, vq);
        break;
    }
}

static guint16 balloon_queue_size(VirtioDevice *dev, unsigned queue)
{
    return queue == BALLOON_REPORTING ? REPORTING_SIZE : QUEUE_SIZE;
}

static void balloon_start(VirtioDevice *dev, EventLoop *loop)
{
    VirtioBalloon *balloon = (VirtioBalloon *)dev;

    balloon->done[BALLOON_INFLATE] = balloon->done[BALLOON_DEFLATE] = 0;
    balloon_stats_start(balloon);
}

static void balloon_stop(VirtioDevice *dev, EventLoop *loop)
{
    balloon_stats_stop((VirtioBalloon *)dev);
}

static void balloon_reset(VirtioDevice *dev)
{
    VirtioBalloon *balloon = (VirtioBalloon *)dev;

    balloon->poison = 0;
    balloon_stats_init(balloon); /* of another system than the one to come */
    balloon->updated = 0;
}

gboolean balloon_exists(void)
{
    return the_balloon != NULL;
}

guint64 balloon_guest_memory(void)
{
    guint64 all = ram_guest_size(), out = 0;

    if (the_balloon) {
        out = (guint64)the_balloon->actual << PAGE_SHIFT;
    }
    return all - MIN(out, all);
}

void balloon_set_target(guint64 bytes)
{
    guint64 all = ram_guest_size();

    the_balloon->num_pages = (guint32)((all - MIN(bytes, all)) >> PAGE_SHIFT);
    virtio_device_config_changed(&the_balloon->dev);
}

static gboolean balloon_realize(Device *device, GError **errp)
{
    VirtioBalloon *balloon = (VirtioBalloon *)device;

    if (the_balloon) {
        return error_set(errp, "Only one balloon device is supported");
    }
    if (!virtio_device_get_loop(&balloon->dev, NULL, errp)) {
        return FALSE;
    }
    virtq_element_init(&balloon->elem);
    virtq_element_init(&balloon->questions[0]);
    virtq_element_init(&balloon->questions[1]);
    balloon_stats_init(balloon);
    balloon->dev.n_queues =
        balloon->reporting ? BALLOON_REPORTING + 1 : BALLOON_REPORTING;
    balloon->dev.queue_size = QUEUE_SIZE;
    the_balloon = balloon;
    return TRUE;
}

static void balloon_unrealize(Device *device)
{
    VirtioBalloon *balloon = (VirtioBalloon *)device;

    the_balloon = NULL;
    virtq_element_free(&balloon->elem);
    virtq_element_free(&balloon->questions[0]);
    virtq_element_free(&balloon->questions[1]);
    virtio_device_put_loop(&balloon->dev, NULL);
}

static const StateField fields[] = {
    STATE_FIELD("num-pages", STATE_U32, VirtioBalloon, num_pages),
    STATE_FIELD("actual", STATE_U32, VirtioBalloon, actual),
    STATE_FIELD("poison", STATE_U32, VirtioBalloon, poison),
    { NULL },
};

static const StateDesc balloon_state = {
    .name = "virtio-balloon-device",
    .version = 1,
    .fields = fields,
};

#define FIELD(name) offsetof(VirtioBalloon, name)
static const Property properties[] = {
    { "deflate-on-oom", PROP_BOOL, FIELD(deflate_on_oom), "off", .guest = TRUE,
      .help = "the guest may take pages back before it runs out of memory" },
    { "free-page-reporting", PROP_BOOL, FIELD(reporting), "off", .guest = TRUE,
      .help = "the guest tells of free pages, which are given back to the host" },
    { "page-poison", PROP_BOOL, FIELD(page_poison), "on", .guest = TRUE,
      .help = "the guest tells which pattern its free pages have" },
    { "free-page-hint", PROP_BOOL, .def = "off", .ignored = TRUE, .only = "off",
      .help = "not there" },
    { "qemu-4-0-config-size", PROP_BOOL, .def = "off", .ignored = TRUE, .only = "off",
      .help = "not there" },
    { "iothread", PROP_STRING, FIELD(iothread), .ignored = TRUE, .link = "link<iothread>",
      .help = "of free page hints, which are not there" },
    { NULL },
};

const VirtioDeviceClass virtio_balloon_class = {
    .device = {
        .name = "virtio-balloon-device",
        .alias = "virtio-balloon-mmio",
        .desc = "Virtio memory balloon",
        .parent = &virtio_device_class,
        .instance_size = sizeof(VirtioBalloon),
        .user_creatable = TRUE,
        .hotpluggable = TRUE,
        .properties = properties,
        .attributes = balloon_attributes,
        .state = &balloon_state,
        .realize = balloon_realize,
        .unrealize = balloon_unrealize,
    },
    .device_id = VIRTIO_ID_BALLOON,
    .features = balloon_features,
    .config = balloon_config,
    .config_write = balloon_config_write,
    .queue_size = balloon_queue_size,
    .reset = balloon_reset,
    .start = balloon_start,
    .handle = balloon_handle,
    .stop = balloon_stop,
};
