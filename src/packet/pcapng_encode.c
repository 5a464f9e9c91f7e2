/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every block is  type u32 | total length u32 | body, padded to 4 | total length u32,  and options are
 * code u16 | length u16 | value, padded to 4, ended by opt_endofopt. The packet block is on the road of every
 * packet: one reservation, plain stores, two copies. The others are written once a section and go through
 * buffer_put, with the length filled in when it is known.
 */
#include "packet/pcapng_encode.h"

#include <endian.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "packet/pcapng_option.h"

enum {
    OPT_ENDOFOPT = 0,
    OPT_COMMENT = 1,
    SHB_HARDWARE = 2,
    SHB_OS = 3,
    SHB_USERAPPL = 4,
    IF_NAME = 2,
    IF_DESCRIPTION = 3,
    IF_TSRESOL = 9,
    IF_FILTER = 11,
    IF_OS = 12,
    ISB_STARTTIME = 2,
    ISB_ENDTIME = 3,
    ISB_IFRECV = 4,
    ISB_IFDROP = 5,
    ISB_OSDROP = 7,
};

enum { OPTION_LIMIT_BYTES = UINT16_MAX, TSRESOL_NANOSECONDS = 9 };

static const uint8_t zeroes[4];

static bool begin_block(struct buffer *buffer, uint32_t type, size_t *start)
{
    *start = buffer->len;
    return buffer_put_u32le(buffer, type) && buffer_put_u32le(buffer, 0);
}

/* Sets both length words; takes back a block that did not fit. */
static bool end_block(struct buffer *buffer, size_t start, bool is_whole)
{
    uint32_t length = htole32((uint32_t)(buffer->len - start + 4));

    if (!is_whole || !buffer_put(buffer, &length, sizeof length)) {
        buffer->len = start;
        return false;
    }
    memcpy(buffer->data + start + 4, &length, sizeof length);
    return true;
}

static bool put_padding(struct buffer *buffer, size_t len)
{
    return buffer_put(buffer, zeroes, -len & 3);
}

static bool put_option(struct buffer *buffer, uint16_t code, struct bytes value)
{
    size_t len = value.len < OPTION_LIMIT_BYTES ? value.len : OPTION_LIMIT_BYTES;

    return buffer_put_u16le(buffer, code) && buffer_put_u16le(buffer, (uint16_t)len) &&
           buffer_put(buffer, value.data, len) && put_padding(buffer, len);
}

static bool put_text_option(struct buffer *buffer, uint16_t code, struct bytes text)
{
    return text.len == 0 || put_option(buffer, code, text);
}

/* A text in an array of so many bytes, which need not end with a zero. */
static struct bytes text_in(const char *array, size_t array_bytes)
{
    return bytes_of(array, strnlen(array, array_bytes));
}

static bool put_u64_option(struct buffer *buffer, uint16_t code, uint64_t value)
{
    uint64_t little = htole64(value);

    return put_option(buffer, code, bytes_of(&little, sizeof little));
}

/* Times are two words, the high one first, whatever the byte order of the words. */
static uint64_t timestamp_words(int64_t ts_ns)
{
    return (uint64_t)ts_ns << 32 | (uint64_t)ts_ns >> 32;
}

static bool put_end_of_options(struct buffer *buffer)
{
    return buffer_put_u32le(buffer, OPT_ENDOFOPT);
}

bool pcapng_put_section(struct buffer *buffer, const char *application, const char *comment)
{
    struct utsname system;
    char os[2 * sizeof system.sysname + 2] = "";
    size_t start;
    bool ok;

    if (uname(&system) < 0)
        memset(&system, 0, sizeof system);
    snprintf(os, sizeof os, "%s %s", system.sysname, system.release);
    ok = begin_block(buffer, BLOCK_SECTION, &start) && buffer_put_u32le(buffer, 0x1a2b3c4d) &&
         buffer_put_u16le(buffer, 1) && buffer_put_u16le(buffer, 0) &&
         buffer_put_u64le(buffer, UINT64_MAX) && /* section length not known beforehand */
         put_text_option(buffer, OPT_COMMENT, bytes_text(comment)) &&
         put_text_option(buffer, SHB_HARDWARE, text_in(system.machine, sizeof system.machine)) &&
         put_text_option(buffer, SHB_OS, text_in(os, sizeof os)) &&
         put_text_option(buffer, SHB_USERAPPL, bytes_text(application)) && put_end_of_options(buffer);
    return end_block(buffer, start, ok);
}

/* if_filter's value begins with a byte that says of which kind it is; 0: text as libpcap takes it. */
static bool put_filter(struct buffer *buffer, const char text[static INTERFACE_TEXT_BYTES])
{
    uint8_t value[1 + INTERFACE_TEXT_BYTES] = { 0 };
    size_t len = strnlen(text, INTERFACE_TEXT_BYTES);

    memcpy(value + 1, text, len);
    return len == 0 || put_option(buffer, IF_FILTER, bytes_of(value, len + 1));
}

bool pcapng_put_interface(struct buffer *buffer, const struct interface *interface)
{
    const uint8_t tsresol = TSRESOL_NANOSECONDS;
    size_t start;
    bool ok =
        begin_block(buffer, BLOCK_INTERFACE, &start) && buffer_put_u16le(buffer, interface->linktype) &&
        buffer_put_u16le(buffer, 0) && buffer_put_u32le(buffer, interface->snaplen) &&
        put_text_option(buffer, IF_NAME, text_in(interface->name, INTERFACE_TEXT_BYTES)) &&
        put_text_option(buffer, IF_DESCRIPTION, text_in(interface->description, INTERFACE_TEXT_BYTES)) &&
        put_option(buffer, IF_TSRESOL, bytes_of(&tsresol, 1)) && put_filter(buffer, interface->filter) &&
        put_text_option(buffer, IF_OS, text_in(interface->os, INTERFACE_TEXT_BYTES)) &&
        put_end_of_options(buffer);

    return end_block(buffer, start, ok);
}

static uint8_t *store_u32(uint8_t *at, uint32_t value)
{
    uint32_t little = htole32(value);

    memcpy(at, &little, sizeof little);
    return at + sizeof little;
}

bool pcapng_put_packet(struct buffer *buffer, const struct packet *packet, uint32_t interface)
{
    size_t n = pcapng_packet_bytes(packet);
    uint8_t *at = n <= UINT32_MAX ? buffer_room(buffer, n) : NULL;

    if (at == NULL) {
        buffer->is_full = true;
        return false;
    }
    buffer->len += n;
    at = store_u32(at, BLOCK_PACKET);
    at = store_u32(at, (uint32_t)n);
    at = store_u32(at, interface);
    at = store_u32(at, (uint32_t)((uint64_t)packet->ts_ns >> 32));
    at = store_u32(at, (uint32_t)packet->ts_ns);
    at = store_u32(at, packet->caplen);
    at = store_u32(at, packet->len);
    if (packet->caplen) {
        memcpy(at, packet->data, packet->caplen);
        at += packet->caplen;
        memcpy(at, zeroes, -packet->caplen & 3);
        at += -packet->caplen & 3;
    }
    if (packet->options_len) {
        memcpy(at, packet->options, packet->options_len);
        at = store_u32(at + packet->options_len, OPT_ENDOFOPT);
    }
    store_u32(at, (uint32_t)n);
    return true;
}

static bool put_counters(struct buffer *buffer, const struct pcapng_statistics *statistics)
{
    return put_u64_option(buffer, ISB_STARTTIME, timestamp_words(statistics->start_ns)) &&
           put_u64_option(buffer, ISB_ENDTIME, timestamp_words(statistics->end_ns)) &&
           put_u64_option(buffer, ISB_IFRECV, statistics->n_received) &&
           put_u64_option(buffer, ISB_IFDROP, statistics->n_dropped) &&
           put_u64_option(buffer, ISB_OSDROP, statistics->n_dropped_os);
}

bool pcapng_put_statistics(struct buffer *buffer, const struct pcapng_statistics *statistics)
{
    size_t start;
    bool ok =
        begin_block(buffer, BLOCK_STATISTICS, &start) && buffer_put_u32le(buffer, statistics->interface) &&
        buffer_put_u64le(buffer, timestamp_words(statistics->ts_ns)) &&
        put_text_option(buffer, OPT_COMMENT, bytes_text(statistics->comment ? statistics->comment : "")) &&
        (statistics->is_comment_only || put_counters(buffer, statistics)) && put_end_of_options(buffer);

    return end_block(buffer, start, ok);
}
