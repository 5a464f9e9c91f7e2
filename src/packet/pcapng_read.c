/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   block     type u32 | total length u32 | body, padded to 4 | total length u32
 *   options   code u16 | length u16 | value, padded to 4 | ... | opt_endofopt
 *
 * Strict where the format is broken (lengths that disagree, an interface nobody described, options that run
 * over): what follows could only be guessed. A length that is no multiple of 4 is rounded up, as Wireshark
 * does, since some programs write such.
 */
#include "packet/pcapng_read.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/reader.h"
#include "base/timestamp.h"
#include "packet/pcapng_extra.h"
#include "packet/pcapng_option.h"

enum { BYTE_ORDER_MAGIC = 0x1a2b3c4d };
enum { STATISTICS_IFDROP = 5, STATISTICS_OSDROP = 7 };
enum { BLOCK_HEADER_BYTES = 8, BLOCK_LEAST_BYTES = 12 };
enum { OPTIONS_LIMIT_BYTES = 65532 }; /* what packet.options_len can say, in whole words */
enum { SWAPPED_LIMIT_BYTES = 4 * (OPTIONS_LIMIT_BYTES + 4) };

struct section_interface {
    uint32_t number; /* in the stream's table */
    uint32_t snaplen;
    uint32_t packet_limit_bytes;
    uint16_t linktype;
    uint8_t tsresol;    /* as in if_tsresol: 10^-n, or 2^-n with the top bit set */
    bool is_ns;         /* tsresol 9, no offset: nothing to reckon */
    int64_t tsoffset_s; /* added to every time */
    uint64_t n_dropped; /* by its newest statistics, which count from the capture's start */
};

struct pcapng_reader {
    struct interface_table *table;
    struct section_interface *interfaces;
    uint32_t n_interfaces, cap_interfaces;
    struct interface_twins twins;
    bool is_in_section;
    bool is_big_endian;
    bool is_described; /* the interfaces of this section were told by the caller */
    uint8_t *swapped;  /* options of a big-endian section, turned, until the next call */
    size_t swapped_len;
    struct buffer extra; /* secrets and names */
    struct pcapng_reader_counts counts;
};

struct pcapng_reader *pcapng_reader_new(struct interface_table *interfaces)
{
    struct pcapng_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL)
        return NULL;
    reader->table = interfaces;
    buffer_init(&reader->extra, PCAPNG_EXTRA_LIMIT_BYTES);
    return reader;
}

void pcapng_reader_free(struct pcapng_reader *reader)
{
    if (reader == NULL)
        return;
    free(reader->interfaces);
    interface_twins_clear(&reader->twins);
    free(reader->swapped);
    buffer_clear(&reader->extra);
    free(reader);
}

struct bytes pcapng_reader_extra_blocks(const struct pcapng_reader *reader)
{
    return buffer_bytes(&reader->extra);
}

const struct pcapng_reader_counts *pcapng_reader_counts(const struct pcapng_reader *reader)
{
    return &reader->counts;
}

bool pcapng_is_magic(struct bytes bytes)
{
    struct reader r = reader_over(bytes);
    uint32_t type = 0;

    return reader_u32le(&r, &type) && type == BLOCK_SECTION; /* the same in both byte orders */
}

/* As in pcap_read.c: lines some packets ahead, for lengths are followed faster than memory brings them. */
static inline void prefetch(const uint8_t *at)
{
    enum { AHEAD_BYTES = 2048, LINE_BYTES = 64, N_LINES = 4 };

    for (unsigned i = 0; i < N_LINES; i++)
        __builtin_prefetch((const void *)((uintptr_t)at + AHEAD_BYTES + i * LINE_BYTES));
}

/* Options. */

/* Lends the options of a little-endian packet as they lie; leaves out what would be too much. */
static bool borrow_options(struct pcapng_reader *reader, struct reader r, struct packet *packet)
{
    const uint8_t *start = r.at;
    struct option_view option;
    enum pcapng_option_result result;
    size_t len = 0;

    while ((result = next_option(&r, false, &option)) == OPTION_NEXT) {
        if ((size_t)(r.at - start) <= OPTIONS_LIMIT_BYTES)
            len = (size_t)(r.at - start);
        else
            reader->counts.n_options_dropped++;
    }
    packet->options = len ? start : NULL;
    packet->options_len = (uint16_t)len;
    return result == OPTION_END;
}

/* The same for a big-endian one: turned into memory of ours, where room for all of them is left. */
static bool turn_options(struct pcapng_reader *reader, struct reader r, struct packet *packet)
{
    uint8_t *start = reader->swapped + reader->swapped_len, *at = start;
    struct option_view option;
    enum pcapng_option_result result;

    while ((result = next_option(&r, true, &option)) == OPTION_NEXT) {
        if ((size_t)(at - start) + option_bytes(&option) <= OPTIONS_LIMIT_BYTES)
            at = pcapng_store_option(at, BLOCK_PACKET, &option);
        else
            reader->counts.n_options_dropped++;
    }
    packet->options = at > start ? start : NULL;
    packet->options_len = (uint16_t)(at - start);
    reader->swapped_len += packet->options_len;
    return result == OPTION_END;
}

/* Times. */

static int64_t clamp_ns(__int128 ns)
{
    return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

/* units: as an enhanced packet has them. Only times of years before 2554 fit in 64 bit at nanoseconds. */
static int64_t units_to_ns(const struct section_interface *interface, uint64_t units)
{
    unsigned exponent = interface->tsresol & 0x7f;
    unsigned __int128 ns = units;

    if (interface->tsresol & 0x80) {
        ns = ns * (uint64_t)NS_PER_SECOND >> exponent;
    } else {
        for (; exponent < 9; exponent++)
            ns *= 10;
        for (; exponent > 9 && ns != 0; exponent--)
            ns /= 10;
    }
    return clamp_ns((__int128)ns + (__int128)interface->tsoffset_s * NS_PER_SECOND);
}

/*
 * With plain nanoseconds the 64 bits are taken as signed, as pcapng_put_packet writes them: so a time before
 * 1970, which the format cannot say, survives our own files.
 */
static inline int64_t packet_time(const struct section_interface *interface, uint32_t high, uint32_t low)
{
    uint64_t units = (uint64_t)high << 32 | low;

    return interface->is_ns ? (int64_t)units : units_to_ns(interface, units);
}

/* Sections and interfaces. */

static bool make_room_for_interface(struct pcapng_reader *reader)
{
    uint32_t cap = reader->cap_interfaces ? reader->cap_interfaces * 2 : 4;
    struct section_interface *interfaces;

    if (reader->n_interfaces < reader->cap_interfaces)
        return true;
    interfaces = realloc(reader->interfaces, cap * sizeof *interfaces);
    if (interfaces == NULL)
        return false;
    reader->interfaces = interfaces;
    reader->cap_interfaces = cap;
    return true;
}

static void begin_section(struct pcapng_reader *reader, bool is_big_endian)
{
    reader->is_in_section = true;
    reader->is_big_endian = is_big_endian;
    reader->is_described = false;
    reader->n_interfaces = 0;
    interface_twins_restart(&reader->twins);
}

bool pcapng_reader_begin_section(struct pcapng_reader *reader, const uint32_t *numbers, uint32_t n)
{
    begin_section(reader, false);
    reader->is_described = true;
    for (uint32_t i = 0; i < n; i++) {
        const struct interface *interface = &reader->table->items[numbers[i]];

        if (!make_room_for_interface(reader))
            return false;
        reader->interfaces[reader->n_interfaces++] = (struct section_interface) {
            .number = numbers[i],
            .snaplen = interface->snaplen,
            .packet_limit_bytes = pcap_packet_limit(interface->linktype),
            .linktype = interface->linktype,
            .tsresol = 9,
            .is_ns = true,
        };
    }
    return true;
}

static bool read_section(struct pcapng_reader *reader, struct reader body, bool is_big, struct error *error)
{
    uint16_t major, minor;
    struct option_view option;
    enum pcapng_option_result result;

    if (!reader_skip(&body, 4) || !read_u16(&body, is_big, &major) || !read_u16(&body, is_big, &minor) ||
        !reader_skip(&body, 8))
        return error_set(error, ERROR_DAMAGED, "section header is too short");
    if (major != 1 || (minor != 0 && minor != 2))
        return error_set(error, ERROR_UNSUPPORTED,
                         "section is of pcapng version %u.%u: only 1.0 is understood", major, minor);
    while ((result = next_option(&body, is_big, &option)) == OPTION_NEXT)
        ;
    if (result == OPTION_BAD)
        return error_set(error, ERROR_DAMAGED, "an option of the section header runs over its end");
    begin_section(reader, is_big);
    return true;
}

static void take_text(char text[static INTERFACE_TEXT_BYTES], struct bytes value)
{
    size_t len = value.len < INTERFACE_TEXT_BYTES ? value.len : INTERFACE_TEXT_BYTES - 1;

    memset(text, 0, INTERFACE_TEXT_BYTES);
    if (len)
        memcpy(text, value.data, strnlen((const char *)value.data, len));
}

static void take_interface_option(const struct option_view *option, bool is_big, struct interface *interface,
                                  int64_t *tsoffset_s)
{
    enum { IF_NAME = 2, IF_DESCRIPTION = 3, IF_TSRESOL = 9, IF_FILTER = 11, IF_OS = 12, IF_TSOFFSET = 14 };
    struct reader value = reader_over(option->value);
    uint64_t offset;
    uint8_t kind;

    switch (option->code) {
    case IF_NAME:
        take_text(interface->name, option->value);
        break;
    case IF_DESCRIPTION:
        take_text(interface->description, option->value);
        break;
    case IF_OS:
        take_text(interface->os, option->value);
        break;
    case IF_FILTER:
        if (reader_u8(&value, &kind) && kind == 0) /* other kinds: not text */
            take_text(interface->filter, reader_rest(&value));
        break;
    case IF_TSRESOL:
        if (reader_u8(&value, &kind))
            interface->tsresol = kind;
        break;
    case IF_TSOFFSET:
        if (read_u64(&value, is_big, &offset))
            *tsoffset_s = (int64_t)offset;
        break;
    default:
        break;
    }
}

/* The number in the stream's table; equal descriptions of one section stay apart. */
static bool number_interface(struct pcapng_reader *reader, const struct interface *interface,
                             uint32_t *number, struct error *error)
{
    *number = interface_table_enter(reader->table, &reader->twins, interface, error);
    return *number != UINT32_MAX;
}

static bool read_interface(struct pcapng_reader *reader, struct reader body, bool is_big, struct error *error)
{
    struct interface interface = { .tsresol = 6 };
    struct section_interface section_interface;
    enum pcapng_option_result result;
    struct option_view option;
    int64_t tsoffset_s = 0;
    uint32_t number = UINT32_MAX;

    if (reader->is_described)
        return true;
    if (!read_u16(&body, is_big, &interface.linktype) || !reader_skip(&body, 2) ||
        !read_u32(&body, is_big, &interface.snaplen))
        return error_set(error, ERROR_DAMAGED, "interface description is too short");
    while ((result = next_option(&body, is_big, &option)) == OPTION_NEXT)
        take_interface_option(&option, is_big, &interface, &tsoffset_s);
    if (result == OPTION_BAD)
        return error_set(error, ERROR_DAMAGED, "an option of the interface description runs over its end");
    if (!make_room_for_interface(reader))
        return error_set(error, ERROR_SYSTEM, "no memory for interface %u", reader->n_interfaces);
    if (!number_interface(reader, &interface, &number, error))
        return false;
    section_interface = (struct section_interface) {
        .number = number,
        .snaplen = interface.snaplen,
        .packet_limit_bytes = pcap_packet_limit(interface.linktype),
        .linktype = interface.linktype,
        .tsresol = interface.tsresol,
        .is_ns = interface.tsresol == 9 && tsoffset_s == 0,
        .tsoffset_s = tsoffset_s,
    };
    reader->interfaces[reader->n_interfaces++] = section_interface;
    return true;
}

/* Packets. */

static const struct section_interface *find_interface(const struct pcapng_reader *reader, uint32_t number,
                                                      struct error *error)
{
    if (number < reader->n_interfaces)
        return &reader->interfaces[number];
    error_set(error, ERROR_DAMAGED, "packet of interface %u, but the section describes only %u before it",
              number, reader->n_interfaces);
    return NULL;
}

static inline bool fill_packet(struct pcapng_reader *reader, struct reader *body, bool is_big,
                               uint32_t interface_number, struct packet *packet, struct error *error)
{
    const struct section_interface *interface = find_interface(reader, interface_number, error);
    uint32_t high, low, caplen, len;
    struct bytes data;

    if (interface == NULL)
        return false;
    if (!read_u32(body, is_big, &high) || !read_u32(body, is_big, &low) || !read_u32(body, is_big, &caplen) ||
        !read_u32(body, is_big, &len))
        return error_set(error, ERROR_DAMAGED, "packet block is too short");
    if (caplen > interface->packet_limit_bytes)
        return error_set(error, ERROR_DAMAGED,
                         "packet block says its packet is %u bytes; more than %u is damage", caplen,
                         interface->packet_limit_bytes);
    if (!reader_bytes(body, caplen, &data))
        return error_set(error, ERROR_DAMAGED, "packet block is too short for its packet of %u bytes",
                         caplen);
    *packet = (struct packet) {
        .ts_ns = packet_time(interface, high, low),
        .data = data.data,
        .caplen = caplen,
        .len = len < caplen ? caplen : len,
        .linktype = interface->linktype,
        .interface = interface->number,
    };
    if (reader_left(body) < 4) /* padding at most */
        return true;
    if (!reader_skip(body, -(size_t)caplen & 3) ||
        !(is_big ? turn_options(reader, *body, packet) : borrow_options(reader, *body, packet)))
        return error_set(error, ERROR_DAMAGED, "an option of a packet runs over the end of its block");
    return true;
}

static inline bool read_packet(struct pcapng_reader *reader, struct reader body, bool is_big,
                               struct packet *packet, struct error *error)
{
    uint32_t number;

    if (!read_u32(&body, is_big, &number))
        return error_set(error, ERROR_DAMAGED, "packet block is too short");
    return fill_packet(reader, &body, is_big, number, packet, error);
}

static bool read_old_packet(struct pcapng_reader *reader, struct reader body, bool is_big,
                            struct packet *packet, struct error *error)
{
    uint16_t number, n_dropped;

    if (!read_u16(&body, is_big, &number) || !read_u16(&body, is_big, &n_dropped))
        return error_set(error, ERROR_DAMAGED, "packet block is too short");
    return fill_packet(reader, &body, is_big, number, packet, error);
}

/* Holds the length on the wire only: what was kept is the least of that, the snaplen and the block. */
static bool read_simple_packet(struct pcapng_reader *reader, struct reader body, bool is_big,
                               struct packet *packet, struct error *error)
{
    const struct section_interface *interface = find_interface(reader, 0, error);
    struct bytes data;
    uint32_t len;
    size_t caplen;

    if (interface == NULL)
        return false;
    if (!read_u32(&body, is_big, &len))
        return error_set(error, ERROR_DAMAGED, "simple packet block is too short");
    caplen = interface->snaplen && len > interface->snaplen ? interface->snaplen : len;
    if (caplen > interface->packet_limit_bytes || !reader_bytes(&body, caplen, &data))
        return error_set(error, ERROR_DAMAGED, "simple packet block is too short for its packet of %zu bytes",
                         caplen);
    *packet = (struct packet) {
        .data = data.data,
        .caplen = (uint32_t)caplen,
        .len = len,
        .linktype = interface->linktype,
        .interface = interface->number,
    };
    return true;
}

/* Blocks. */

struct block {
    uint32_t type;
    bool is_big;
    size_t total; /* with padding */
    struct reader body;
};

/* A section header tells its byte order behind its length. */
static bool find_byte_order(struct reader r, bool *is_big, struct error *error)
{
    uint32_t magic;

    if (!reader_skip(&r, BLOCK_HEADER_BYTES) || !reader_u32le(&r, &magic))
        return error_set(error, ERROR_DAMAGED, "section header is too short");
    *is_big = magic != BYTE_ORDER_MAGIC;
    if (*is_big && __builtin_bswap32(magic) != BYTE_ORDER_MAGIC)
        return error_set(error, ERROR_DAMAGED, "section header has a byte-order magic of 0x%08x", magic);
    return true;
}

static inline enum pcap_result next_block(const struct pcapng_reader *reader, struct reader *r,
                                          struct block *block, size_t *needed, struct error *error)
{
    struct reader header = *r;
    uint32_t length, trailer;

    *needed = BLOCK_LEAST_BYTES;
    if (reader_left(r) < BLOCK_LEAST_BYTES)
        return PCAP_SHORT;
    block->is_big = reader->is_big_endian;
    if (!read_u32(&header, block->is_big, &block->type))
        return PCAP_SHORT;
    if (block->type == BLOCK_SECTION) {
        if (!find_byte_order(*r, &block->is_big, error))
            return PCAP_DAMAGED;
    } else if (!reader->is_in_section) {
        error_set(error, ERROR_DAMAGED, "block of type 0x%08x before any section header", block->type);
        return PCAP_DAMAGED;
    }
    if (!read_u32(&header, block->is_big, &length))
        return PCAP_SHORT;
    if (length < BLOCK_LEAST_BYTES) {
        error_set(error, ERROR_DAMAGED, "block says it is %u bytes long, less than its own frame", length);
        return PCAP_DAMAGED;
    }
    if (length > PCAPNG_BLOCK_LIMIT_BYTES) {
        error_set(error, ERROR_LIMIT, "block says it is %u bytes long; more than %d are not taken", length,
                  PCAPNG_BLOCK_LIMIT_BYTES);
        return PCAP_DAMAGED;
    }
    block->total = round_up_to_word(length);
    *needed = block->total;
    if (!reader_sub(&header, block->total - BLOCK_LEAST_BYTES, &block->body) ||
        !read_u32(&header, block->is_big, &trailer))
        return PCAP_SHORT;
    if (trailer != length && trailer != block->total) {
        error_set(error, ERROR_DAMAGED, "block says it is %u bytes long, but %u at its end", length, trailer);
        return PCAP_DAMAGED;
    }
    *r = header;
    return PCAP_READ;
}

/* What is wrong with it hides no packet, and is passed over. */
static void read_statistics(struct pcapng_reader *reader, struct reader body, bool is_big)
{
    struct option_view option;
    uint64_t n_dropped = 0, n;
    uint32_t number;

    if (!read_u32(&body, is_big, &number) || number >= reader->n_interfaces || !reader_skip(&body, 8))
        return;
    while (next_option(&body, is_big, &option) == OPTION_NEXT) {
        struct reader value = reader_over(option.value);

        if ((option.code == STATISTICS_IFDROP || option.code == STATISTICS_OSDROP) &&
            read_u64(&value, is_big, &n) && n <= UINT64_MAX - n_dropped)
            n_dropped += n;
    }
    if (n_dropped <= reader->interfaces[number].n_dropped)
        return;
    reader->counts.n_dropped += n_dropped - reader->interfaces[number].n_dropped;
    reader->interfaces[number].n_dropped = n_dropped;
}

/* Takes one block; *is_packet when it filled one. */
static inline bool take_block(struct pcapng_reader *reader, const struct block *block, struct packet *packet,
                              bool *is_packet, struct error *error)
{
    *is_packet = false;
    switch (block->type) {
    case BLOCK_PACKET:
        *is_packet = true;
        return read_packet(reader, block->body, block->is_big, packet, error);
    case BLOCK_SIMPLE_PACKET:
        *is_packet = true;
        return read_simple_packet(reader, block->body, block->is_big, packet, error);
    case BLOCK_OLD_PACKET:
        *is_packet = true;
        return read_old_packet(reader, block->body, block->is_big, packet, error);
    case BLOCK_SECTION:
        return read_section(reader, block->body, block->is_big, error);
    case BLOCK_INTERFACE:
        return read_interface(reader, block->body, block->is_big, error);
    case BLOCK_NAMES:
    case BLOCK_SECRETS:
        return pcapng_extra_keep(&reader->extra, block->type, block->body, block->is_big,
                                 &reader->counts.n_extra_dropped, error);
    case BLOCK_STATISTICS:
        read_statistics(reader, block->body, block->is_big);
        return true;
    default:
        reader->counts.n_blocks_skipped++;
        return true;
    }
}

/* Big-endian options need memory of ours; when it might not do for another packet, the call ends early. */
static bool make_room_to_turn(struct pcapng_reader *reader, struct error *error)
{
    if (reader->swapped == NULL)
        reader->swapped = malloc(SWAPPED_LIMIT_BYTES);
    return reader->swapped || error_set(error, ERROR_SYSTEM, "no memory to turn big-endian options");
}

enum pcap_result pcapng_read_packets(struct pcapng_reader *reader, struct bytes bytes, uint64_t offset,
                                     struct packet *packets, uint32_t max, uint32_t *n, size_t *used,
                                     size_t *needed, struct error *error)
{
    enum pcap_result result = PCAP_READ;
    struct reader r = reader_over(bytes);
    uint32_t i = 0;

    *needed = 0;
    reader->swapped_len = 0;
    while (i < max && reader_left(&r) > 0) {
        struct reader start = r;
        struct block block;
        bool is_packet;

        result = next_block(reader, &r, &block, needed, error);
        if (result != PCAP_READ)
            break;
        if (block.is_big) {
            if (reader->swapped_len + OPTIONS_LIMIT_BYTES > SWAPPED_LIMIT_BYTES) {
                r = start;
                break;
            }
            if (!make_room_to_turn(reader, error)) {
                r = start;
                result = PCAP_DAMAGED;
                break;
            }
        }
        prefetch(r.at);
        if (!take_block(reader, &block, &packets[i], &is_packet, error)) {
            r = start;
            result = PCAP_DAMAGED;
            break;
        }
        i += is_packet;
    }
    *n = i;
    *used = bytes.len - reader_left(&r);
    if (result == PCAP_DAMAGED)
        error_context(error, "block at offset %llu", (unsigned long long)(offset + *used));
    return result;
}
