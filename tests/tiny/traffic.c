/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps a virtio device busy, as a driver does that sleeps until it is interrupted, and
 * says how long that took:
 *
 *   kind=2 (disk)  count= reads (write=1: writes) of size= bytes, depth= of them at once
 *   kind=1 (net)   count= echo requests with size= bytes behind their headers to the
 *                  host (10.9.9.1), which answers; depth= at once
 *   kind=3 (console)  count= times size= bytes from the host (write=1: to the host), in
 *                  depth= buffers of that size
 *
 * go=1: begins when a byte comes on the serial port. sleep=PORT: S5 at the end, by ACPI's
 * control register there.
 */
#include "virtio.h"

#define MAX_DEPTH  32
#define MAX_SIZE   65536
#define FRAME      2048
#define SERIAL_LSR (SERIAL + 5)
#define SLP_EN     0x2000
#define PATTERN    0x5a /* of what is written */

static uint32_t size, depth;

/* --- disk --- */

static struct queue disk;
static struct {
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header;
    uint8_t status;
} request[MAX_DEPTH];
static uint8_t data[MAX_DEPTH][MAX_SIZE] __attribute__((aligned(4096)));

static void ask(uint32_t slot, uint32_t write, uint32_t n)
{
    uint32_t head = 3 * slot, sectors = size / 512;
    request[slot].header.type = write;
    request[slot].header.sector = (uint64_t)(n * 7919u % 1024) * sectors;
    request[slot].status = 0xff;
    set_desc(&disk, head, &request[slot].header, 16, DESC_NEXT);
    set_desc(&disk, head + 1, data[slot], size, DESC_NEXT | (write ? 0 : DESC_WRITE));
    set_desc(&disk, head + 2, &request[slot].status, 1, DESC_WRITE);
    make_available(&disk, head);
}

static void drive_disk(uint32_t count, uint32_t write)
{
    uint32_t asked = 0, done = 0;
    while (asked < depth) {
        for (uint32_t i = 0; write && i < size; i++) {
            data[asked][i] = PATTERN;
        }
        ask(asked, write, asked);
        asked++;
    }
    kick(&disk);
    while (done < count) {
        int head = take_used(&disk);
        if (head < 0) {
            kick(&disk);
            wait_used(&disk);
            continue;
        }
        uint32_t slot = (uint32_t)head / 3;
        if (request[slot].status) {
            fail("a request failed");
        }
        done++;
        if (asked < count) {
            ask(slot, write, asked++);
        }
    }
}

/* --- network --- */

static struct queue receive, transmit;
static uint8_t received[RING][FRAME], sent[FRAME];

/* virtio_net_hdr, Ethernet, IPv4, ICMP */
static const uint8_t headers[12 + 14 + 20 + 8] = {
    0,    0,    0, 0,    0,    0,    0, 0, 0,  0, 0, 0, /* */
    0x52, 0x54, 0, 0x12, 0x34, 0x01,                    /* the host's end */
    0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 0,              /* ours */
    0x45, 0,    0, 0,    0,    0,    0, 0, 64, 1, 0, 0, 10, 9, 9, 2, 10, 9, 9, 1, /* */
    8,    0,    0, 0,    0,    0,    0, 0,
};

static void put_checksum(uint8_t *from, uint32_t length, uint8_t *at)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < length; i += 2) {
        sum += (uint32_t)from[i] << 8 | from[i + 1];
    }
    sum = (sum >> 16) + (sum & 0xffff);
    sum = ~(sum + (sum >> 16));
    at[0] = (uint8_t)(sum >> 8);
    at[1] = (uint8_t)sum;
}

static void make_frame(void)
{
    uint8_t *ip = sent + 12 + 14, *icmp = ip + 20;
    for (uint32_t i = 0; i < sizeof(headers); i++) {
        sent[i] = headers[i];
    }
    ip[2] = (uint8_t)((28 + size) >> 8);
    ip[3] = (uint8_t)(28 + size);
    put_checksum(ip, 20, ip + 10);
    put_checksum(icmp, 8 + size, icmp + 2);
}

/* Echo replies; what else the host says is not counted. */
static int is_reply(const uint8_t *frame)
{
    return frame[12 + 12] == 8 && frame[12 + 13] == 0 && frame[12 + 14 + 9] == 1 &&
           frame[12 + 14 + 20] == 0;
}

static void drive_net(uint32_t count)
{
    uint32_t asked = 0, done = 0;
    make_frame();
    transmit.avail.used_event = 0xffff; /* its interrupts are not needed */
    for (uint32_t i = 0; i < RING; i++) {
        set_desc(&receive, i, received[i], FRAME, DESC_WRITE);
        make_available(&receive, i);
        set_desc(&transmit, i, sent, sizeof(headers) + size, 0);
    }
    kick(&receive);
    while (done < count) {
        while (asked < count && asked - done < depth) {
            make_available(&transmit, asked++ % RING);
        }
        kick(&transmit);
        int head = take_used(&receive);
        for (; head >= 0; head = take_used(&receive)) {
            done += is_reply(received[head]);
            make_available(&receive, (uint32_t)head);
        }
        kick(&receive);
        while (take_used(&transmit) >= 0) {
        }
        transmit.avail.used_event = (uint16_t)(transmit.seen - 1);
        if (done < count && (asked == count || asked - done == depth)) {
            wait_used(&receive);
        }
    }
}

/* --- console: the first port, without the control queue --- */

/* Buffers that have been used are given again, until there have been count. */
static void drive_to_host(uint32_t count)
{
    uint32_t asked = 0, done = 0;
    for (; asked < depth; asked++) {
        set_desc(&transmit, asked, data[asked], size, 0);
        make_available(&transmit, asked);
    }
    kick(&transmit);
    while (done < count) {
        int head = take_used(&transmit);
        if (head < 0) {
            kick(&transmit);
            wait_used(&transmit);
            continue;
        }
        done++;
        if (asked < count) {
            make_available(&transmit, (uint32_t)head);
            asked++;
        }
    }
}

/* Buffers may come back half full: it is bytes that count. */
static void drive_from_host(uint32_t count)
{
    uint64_t left = (uint64_t)count * size;
    for (uint32_t i = 0; i < depth; i++) {
        set_desc(&receive, i, data[i], size, DESC_WRITE);
        make_available(&receive, i);
    }
    kick(&receive);
    while (left) {
        int head = take_used(&receive);
        if (head < 0) {
            kick(&receive);
            wait_used(&receive);
            continue;
        }
        uint32_t length = receive.used.ring[(uint16_t)(receive.seen - 1) % RING].len;
        left -= length < left ? length : left;
        make_available(&receive, (uint32_t)head);
    }
}

static void drive_console(uint32_t count, uint32_t write)
{
    if (write) {
        drive_to_host(count);
    } else {
        drive_from_host(count);
    }
}

static void wait_for_go(void)
{
    print("tiny: ready\n");
    while (!(inb(SERIAL_LSR) & 1)) {
        for (volatile uint32_t i = 0; i < 300; i++) {
        }
    }
}

void tiny_main(const struct start_info *info)
{
    uint32_t kind = parameter(info, "kind", 2), count = parameter(info, "count", 256);
    size = parameter(info, "size", 512);
    depth = parameter(info, "depth", 1);
    if (depth > MAX_DEPTH || size > (kind == 1 ? 1400 : MAX_SIZE) || count < depth) {
        fail("bad numbers");
    }
    if (!find_on_mmio(kind) && !find_on_pci(kind)) {
        fail("there is no device");
    }
    start_interrupts();
    if (!negotiate(FEATURE_EVENT_IDX)) {
        fail("no event index");
    }
    start_queue(kind == 2 ? &disk : &receive, 0);
    if (kind != 2) {
        start_queue(&transmit, 1);
    }
    set_status(15);
    if (parameter(info, "go", 0)) {
        wait_for_go();
    }
    if (kind == 1) {
        drive_net(count);
    } else if (kind == 3) {
        drive_console(count, parameter(info, "write", 0));
    } else {
        drive_disk(count, parameter(info, "write", 0));
    }
    print("tiny: done, ");
    print_number(interrupts);
    print(" interrupts\n");
    uint32_t port = parameter(info, "sleep", 0);
    if (port) {
        outw((uint16_t)port, SLP_EN);
    }
}
