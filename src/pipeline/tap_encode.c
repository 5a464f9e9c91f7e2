/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tap_encode.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "base/reader.h"
#include "packet/pcapng_encode.h"
#include "packet/pcapng_option.h"

enum { EPB_PACKETID = 5, ID_OPTION_BYTES = 12, OPTIONS_LIMIT_BYTES = 65532, OPTIONS_ON_STACK_BYTES = 512 };

size_t tap_packet_bytes(const struct packet *packet)
{
    return pcapng_packet_bytes(packet) + ID_OPTION_BYTES + 4;
}

static size_t put_id(uint8_t *at, uint64_t packet_id)
{
    const uint16_t head[2] = { htole16(EPB_PACKETID), htole16(8) };
    uint64_t little = htole64(packet_id);

    if (packet_id == 0)
        return 0;
    memcpy(at, head, sizeof head);
    memcpy(at + sizeof head, &little, sizeof little);
    return ID_OPTION_BYTES;
}

/* The packet's own options but an older number, as far as there is room. Answers how many bytes. */
static size_t put_others(uint8_t *at, size_t room, const struct packet *packet)
{
    struct reader r = reader_over(bytes_of(packet->options, packet->options_len));
    struct option_view option;
    size_t used = 0;

    for (const uint8_t *from = r.at; next_option(&r, false, &option) == OPTION_NEXT; from = r.at) {
        size_t bytes = (size_t)(r.at - from);

        if (option.code == EPB_PACKETID || bytes > room - used)
            continue;
        memcpy(at + used, from, bytes);
        used += bytes;
    }
    return used;
}

bool tap_put_packet(struct buffer *buffer, const struct packet *packet)
{
    uint8_t options[OPTIONS_ON_STACK_BYTES];
    struct packet numbered = *packet;
    size_t len = put_id(options, packet->packet_id);

    if (packet->options_len > sizeof options - len) {
        /* Long options are rare (comments): they lie behind the block while it is put together. */
        size_t room = (size_t)packet->options_len + ID_OPTION_BYTES;
        uint8_t *aside;

        if (room > OPTIONS_LIMIT_BYTES)
            room = OPTIONS_LIMIT_BYTES;
        if (buffer_room(buffer, tap_packet_bytes(packet) + room) == NULL)
            return false;
        aside = buffer->data + buffer->len + tap_packet_bytes(packet);
        memcpy(aside, options, len);
        numbered.options = aside;
        len += put_others(aside + len, room - len, packet);
    } else {
        if (packet->options_len)
            len += put_others(options + len, sizeof options - len, packet);
        numbered.options = len ? options : NULL;
    }
    numbered.options_len = (uint16_t)len;
    return pcapng_put_packet(buffer, &numbered, packet->interface);
}

static void put_one(struct buffer *buffer, const struct tap_statistics *row, uint64_t n_lost,
                    int64_t since_ns, int64_t now_ns)
{
    char comment[160];
    struct pcapng_statistics statistics = {
        .interface = row->interface,
        .ts_ns = now_ns,
        .start_ns = since_ns,
        .end_ns = now_ns,
        .n_received = row->n_received,
        .n_dropped = row->n_dropped,
        .n_dropped_os = row->n_dropped_disk + n_lost,
        .comment = n_lost ? comment : NULL,
    };

    snprintf(comment, sizeof comment,
             "tap: %llu packets are not in this stream, for its reader was slow; the recorder has them",
             (unsigned long long)n_lost);
    pcapng_put_statistics(buffer, &statistics);
}

void tap_put_statistics(struct buffer *buffer, const struct tap_statistics *rows, uint32_t n,
                        uint32_t n_interfaces, uint64_t n_lost, int64_t since_ns, int64_t now_ns)
{
    bool is_told = false;

    for (uint32_t i = 0; i < n; i++) {
        if (rows[i].interface >= n_interfaces)
            continue;
        put_one(buffer, &rows[i], rows[i].interface == 0 ? n_lost : 0, since_ns, now_ns);
        is_told |= rows[i].interface == 0;
    }
    if (!is_told && n_lost && n_interfaces)
        put_one(buffer, &(struct tap_statistics) { .interface = 0 }, n_lost, since_ns, now_ns);
}
