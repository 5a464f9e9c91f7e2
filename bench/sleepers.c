/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sleepers - writes two captures of N DTLS devices with connection ids: their handshakes (PSK identities
 * "sleeper-0000001", ...), and later one record of each from a new address, in another order, among records
 * of strangers with connection ids nobody has. For bench/README.md, "A million sleeping devices".
 *
 *     sleepers N handshakes.pcap awake.pcap
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CID_BYTES = 8, FRAME_BYTES = 512, SECOND_PACKETS = 20000, LATER_SECONDS = 3 * 86400 };

struct frame {
    uint8_t data[FRAME_BYTES];
    size_t len;
};

static void put(struct frame *frame, const void *data, size_t len)
{
    memcpy(frame->data + frame->len, data, len);
    frame->len += len;
}

static void put_number(struct frame *frame, uint64_t number, unsigned n_bytes)
{
    for (unsigned i = n_bytes; i-- > 0;)
        frame->data[frame->len++] = (uint8_t)(number >> 8 * i);
}

static void number_at(struct frame *frame, size_t at, uint64_t number, unsigned n_bytes)
{
    size_t len = frame->len;

    frame->len = at;
    put_number(frame, number, n_bytes);
    frame->len = len;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Ethernet, IPv4, UDP without checksums: what a mirror delivers. */
static void begin_frame(struct frame *frame, uint32_t source, uint16_t source_port, uint32_t destination,
                        uint16_t destination_port)
{
    static const uint8_t ethernet[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };

    frame->len = 0;
    put(frame, ethernet, sizeof ethernet);
    put(frame, "\x45\0\0\0\0\0\x40\0\x40\x11\0\0", 12);
    put_number(frame, source, 4);
    put_number(frame, destination, 4);
    put_number(frame, source_port, 2);
    put_number(frame, destination_port, 2);
    put_number(frame, 0, 4);
}

static void write_frame(FILE *out, struct frame *frame, uint64_t ts_us)
{
    uint32_t head[4] = { (uint32_t)(ts_us / 1000000), (uint32_t)(ts_us % 1000000), (uint32_t)frame->len,
                         (uint32_t)frame->len };

    number_at(frame, 16, frame->len - 14, 2);
    number_at(frame, 38, frame->len - 34, 2);
    fwrite(head, sizeof head, 1, out);
    fwrite(frame->data, frame->len, 1, out);
}

static size_t begin_record(struct frame *frame, uint8_t type, uint16_t epoch, uint64_t sequence)
{
    put_number(frame, type, 1);
    put_number(frame, 0xfefd, 2);
    put_number(frame, epoch, 2);
    put_number(frame, sequence, 6);
    put_number(frame, 0, 2);
    return frame->len;
}

static void end_record(struct frame *frame, size_t at)
{
    number_at(frame, at - 2, frame->len - at, 2);
}

static size_t begin_message(struct frame *frame, uint8_t type, uint16_t message)
{
    put_number(frame, type, 1);
    put_number(frame, 0, 3);
    put_number(frame, message, 2);
    put_number(frame, 0, 3);
    put_number(frame, 0, 3);
    return frame->len;
}

static void end_message(struct frame *frame, size_t at)
{
    number_at(frame, at - 11, frame->len - at, 3);
    number_at(frame, at - 3, frame->len - at, 3);
}

static void put_random(struct frame *frame, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++)
        put_number(frame, mix(seed * 4 + i + 1), 8);
}

/* RFC 9146 section 3: the connection id that the sender wants to receive. */
static void put_cid_extension(struct frame *frame, uint64_t cid, unsigned n_bytes)
{
    put_number(frame, 5 + n_bytes, 2); /* of all extensions */
    put_number(frame, 54, 2);
    put_number(frame, 1 + n_bytes, 2);
    put_number(frame, n_bytes, 1);
    if (n_bytes)
        put_number(frame, cid, n_bytes);
}

static void put_hello(struct frame *frame, bool is_client, uint64_t device)
{
    size_t record = begin_record(frame, 22, 0, 0), message = begin_message(frame, is_client ? 1 : 2, 0);

    put_number(frame, 0xfefd, 2);
    put_random(frame, device * 2 + is_client);
    put_number(frame, 0, 1); /* no session id */
    if (is_client)
        put_number(frame, 0, 1); /* no cookie */
    if (is_client)
        put_number(frame, 2, 2);
    put_number(frame, 0xc0a8, 2); /* PSK with AES-128-CCM-8 */
    if (is_client)
        put_number(frame, 1, 1);
    put_number(frame, 0, 1);
    put_cid_extension(frame, mix(device), is_client ? 0 : CID_BYTES);
    end_message(frame, message);
    end_record(frame, record);
}

static void put_change(struct frame *frame, uint64_t sequence)
{
    size_t record = begin_record(frame, 20, 0, sequence);

    put_number(frame, 1, 1);
    end_record(frame, record);
}

static void put_identity(struct frame *frame, uint64_t device)
{
    size_t record = begin_record(frame, 22, 0, 1), message = begin_message(frame, 16, 1);
    char identity[32];
    int len = snprintf(identity, sizeof identity, "sleeper-%07llu", (unsigned long long)device);

    put_number(frame, (uint64_t)len, 2);
    put(frame, identity, (size_t)len);
    end_message(frame, message);
    end_record(frame, record);
}

static void put_cid_record(struct frame *frame, uint64_t cid, uint64_t sequence)
{
    put_number(frame, 25, 1);
    put_number(frame, 0xfefd, 2);
    put_number(frame, 1, 2);
    put_number(frame, sequence, 6);
    put_number(frame, cid, CID_BYTES);
    put_number(frame, 32, 2);
    put_random(frame, cid);
}

enum { SERVER = 0x0a140a0a, SERVER_PORT = 5684, FIRST_SECOND = 1725000000 };

static FILE *begin_capture(const char *path)
{
    static const uint32_t head[6] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 65535, 1 };
    FILE *out = fopen(path, "wb");

    if (out == NULL) {
        perror(path);
        exit(2);
    }
    fwrite(head, sizeof head, 1, out);
    return out;
}

static void write_handshakes(const char *path, uint64_t n)
{
    FILE *out = begin_capture(path);
    struct frame frame;

    for (uint64_t i = 0; i < n; i++) {
        uint64_t ts_us = FIRST_SECOND * UINT64_C(1000000) + i * 4 * 1000000 / SECOND_PACKETS;
        uint32_t client = 0x64400000 + (uint32_t)(i / 4);
        uint16_t port = (uint16_t)(20000 + i % 4);

        begin_frame(&frame, client, port, SERVER, SERVER_PORT);
        put_hello(&frame, true, i);
        write_frame(out, &frame, ts_us);
        begin_frame(&frame, SERVER, SERVER_PORT, client, port);
        put_hello(&frame, false, i);
        write_frame(out, &frame, ts_us + 10);
        begin_frame(&frame, client, port, SERVER, SERVER_PORT);
        put_identity(&frame, i);
        put_change(&frame, 2);
        write_frame(out, &frame, ts_us + 20);
        begin_frame(&frame, SERVER, SERVER_PORT, client, port);
        put_change(&frame, 1);
        write_frame(out, &frame, ts_us + 30);
    }
    fclose(out);
}

static void write_awake(const char *path, uint64_t n)
{
    FILE *out = begin_capture(path);
    struct frame frame;

    for (uint64_t i = 0; i < n; i++) {
        uint64_t device = n % 7919 ? i * 7919 % n : i;
        uint64_t ts_us =
            (FIRST_SECOND + LATER_SECONDS) * UINT64_C(1000000) + i * 2 * 1000000 / SECOND_PACKETS;

        begin_frame(&frame, 0xc6120000 + (uint32_t)(device / 8), (uint16_t)(30000 + device % 8), SERVER,
                    SERVER_PORT);
        put_cid_record(&frame, mix(device), 1);
        write_frame(out, &frame, ts_us);
        begin_frame(&frame, 0xcb007100 + (uint32_t)(i & 255), (uint16_t)(i >> 8), SERVER, SERVER_PORT);
        put_cid_record(&frame, mix(i + (UINT64_C(1) << 40)), 1); /* a stranger's */
        write_frame(out, &frame, ts_us + 10);
    }
    fclose(out);
}

int main(int argc, char **argv)
{
    uint64_t n = argc == 4 ? strtoull(argv[1], NULL, 10) : 0;

    if (n == 0) {
        fprintf(stderr, "usage: sleepers N HANDSHAKES.pcap AWAKE.pcap\n");
        return 2;
    }
    write_handshakes(argv[2], n);
    write_awake(argv[3], n);
    return 0;
}
