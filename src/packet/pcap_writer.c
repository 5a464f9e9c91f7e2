/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets are laid into one buffer; when it is full it is packed and written as a piece. gzip output is a
 * row of members of 1 MiB by libdeflate (every gzip reader takes them as one stream, Wireshark 4.0 too; zlib
 * would make one member at less than half the speed). zstd output is a single frame, since Wireshark 4.0
 * cannot read a second one.
 *
 * Interfaces keep the stream's numbers up to 256, those without a packet here too, so that frame.interface_id
 * is the same before and after. Above that only those with packets are described, in the order they come: an
 * export of ten packets must not carry sixty thousand descriptions.
 */
#include "packet/pcap_writer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/buffer.h"
#include "base/timestamp.h"
#include "packet/pcapng_encode.h"

enum {
    PIECE_BYTES = 256 << 10, /* stays in the cache between the copy in and the copy out */
    GZIP_PIECE_BYTES = 1 << 20,
    BUFFER_LIMIT_BYTES = 64 << 20, /* a piece and the largest block */
    GZIP_LEVEL = 6,
    ZSTD_LEVEL = 3,
    INTERFACES_KEPT_IN_PLACE = 256,
};

struct pcap_writer {
    const struct interface_table *interfaces;
    enum pcap_format format;
    enum pcap_packing packing;
    char name[256];
    int fd;
    struct buffer buffer; /* not yet packed */
    size_t piece_bytes;
    struct buffer packed;
    struct libdeflate_compressor *gzip;
    ZSTD_CCtx *zstd;
    uint32_t *section_numbers; /* by number in the table: number in the section plus 1; 0: not described */
    uint32_t n_section_numbers;
    uint32_t n_described;
    bool is_in_place;  /* so far both numbers are the same */
    bool has_linktype; /* classic: the file header is written */
    uint16_t linktype;
    uint64_t n_packets;
    int64_t last_ts_ns; /* of the newest packet */
    struct error fault; /* ERROR_NONE: none yet; else every later call gives it again */
};

static bool ends_with(const char *path, size_t len, const char *end)
{
    size_t end_len = strlen(end);

    return len >= end_len && memcmp(path + len - end_len, end, end_len) == 0;
}

void pcap_writer_formats_of(const char *path, enum pcap_format *format, enum pcap_packing *packing)
{
    size_t len = strlen(path);

    *packing = PCAP_PACKING_NONE;
    if (ends_with(path, len, ".gz")) {
        *packing = PCAP_PACKING_GZIP;
        len -= 3;
    } else if (ends_with(path, len, ".zst")) {
        *packing = PCAP_PACKING_ZSTD;
        len -= 4;
    }
    *format = ends_with(path, len, ".pcap") ? PCAP_FORMAT_PCAP : PCAP_FORMAT_PCAPNG;
}

/* Keeps the fault for every later call. */
static bool keep_fault(struct pcap_writer *writer, struct error *error)
{
    error_context(error, "%s", writer->name);
    writer->fault = *error;
    return false;
}

static bool has_no_fault(const struct pcap_writer *writer, struct error *error)
{
    if (writer->fault.kind == ERROR_NONE)
        return true;
    *error = writer->fault;
    return false;
}

static bool write_bytes(struct pcap_writer *writer, struct bytes bytes, struct error *error)
{
    while (bytes.len > 0) {
        ssize_t n = write(writer->fd, bytes.data, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            error_system(error, "cannot be written after %llu packets",
                         (unsigned long long)writer->n_packets);
            return keep_fault(writer, error);
        }
        bytes = (struct bytes) { bytes.data + n, bytes.len - (size_t)n };
    }
    return true;
}

static bool write_gzip(struct pcap_writer *writer, struct bytes bytes, struct error *error)
{
    size_t bound = libdeflate_gzip_compress_bound(writer->gzip, bytes.len);
    uint8_t *room;

    if (bytes.len == 0)
        return true;
    buffer_empty(&writer->packed);
    room = buffer_room(&writer->packed, bound);
    if (room == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory to pack %zu bytes by gzip", bytes.len);
        return keep_fault(writer, error);
    }
    writer->packed.len = libdeflate_gzip_compress(writer->gzip, bytes.data, bytes.len, room, bound);
    return write_bytes(writer, buffer_bytes(&writer->packed), error);
}

static bool write_zstd(struct pcap_writer *writer, struct bytes bytes, ZSTD_EndDirective end,
                       struct error *error)
{
    ZSTD_inBuffer in = { bytes.data, bytes.len, 0 };
    size_t left;

    do {
        size_t cap = ZSTD_CStreamOutSize();
        ZSTD_outBuffer out = { NULL, cap, 0 };

        buffer_empty(&writer->packed);
        out.dst = buffer_room(&writer->packed, cap);
        left = out.dst ? ZSTD_compressStream2(writer->zstd, &out, &in, end) : 0;
        if (out.dst == NULL || ZSTD_isError(left)) {
            error_set(error, ERROR_SYSTEM, "zstd cannot pack %zu bytes: %s", bytes.len,
                      out.dst ? ZSTD_getErrorName(left) : "no memory");
            return keep_fault(writer, error);
        }
        if (!write_bytes(writer, bytes_of(out.dst, out.pos), error))
            return false;
    } while (end == ZSTD_e_continue ? in.pos < in.size : left > 0);
    return true;
}

/* Packs and writes what the buffer holds. */
static bool write_piece(struct pcap_writer *writer, ZSTD_EndDirective end, struct error *error)
{
    struct bytes bytes = buffer_bytes(&writer->buffer);
    bool ok = false;

    switch (writer->packing) {
    case PCAP_PACKING_NONE:
        ok = write_bytes(writer, bytes, error);
        break;
    case PCAP_PACKING_GZIP:
        ok = write_gzip(writer, bytes, error);
        break;
    case PCAP_PACKING_ZSTD:
        ok = write_zstd(writer, bytes, end, error);
        break;
    }
    buffer_empty(&writer->buffer);
    return ok;
}

static bool fault_no_room(struct pcap_writer *writer, struct error *error)
{
    error_set(error, ERROR_SYSTEM, "no memory for packet %llu", (unsigned long long)writer->n_packets + 1);
    return keep_fault(writer, error);
}

/* pcapng */

static bool grow_section_numbers(struct pcap_writer *writer, uint32_t number)
{
    uint32_t n = writer->n_section_numbers ? writer->n_section_numbers : 16;
    uint32_t *numbers;

    if (number < writer->n_section_numbers)
        return true;
    while (n <= number)
        n *= 2;
    numbers = realloc(writer->section_numbers, n * sizeof *numbers);
    if (numbers == NULL)
        return false;
    memset(numbers + writer->n_section_numbers, 0, (n - writer->n_section_numbers) * sizeof *numbers);
    writer->section_numbers = numbers;
    writer->n_section_numbers = n;
    return true;
}

static bool describe(struct pcap_writer *writer, uint32_t number, struct error *error)
{
    if (number >= writer->interfaces->n || !grow_section_numbers(writer, number) ||
        !pcapng_put_interface(&writer->buffer, &writer->interfaces->items[number]))
        return fault_no_room(writer, error);
    writer->section_numbers[number] = ++writer->n_described;
    return true;
}

static bool describe_up_to(struct pcap_writer *writer, uint32_t number, struct error *error)
{
    if (number >= INTERFACES_KEPT_IN_PLACE)
        writer->is_in_place = false;
    if (!writer->is_in_place)
        return describe(writer, number, error);
    while (writer->n_described <= number) {
        if (!describe(writer, writer->n_described, error))
            return false;
    }
    return true;
}

static bool add_pcapng(struct pcap_writer *writer, const struct packet *packet, struct error *error)
{
    uint32_t number = packet->interface;

    if ((number >= writer->n_section_numbers || writer->section_numbers[number] == 0) &&
        !describe_up_to(writer, number, error))
        return false;
    if (!pcapng_put_packet(&writer->buffer, packet, writer->section_numbers[number] - 1))
        return fault_no_room(writer, error);
    return true;
}

/* Classic pcap */

static bool put_classic_header(struct pcap_writer *writer, uint16_t linktype)
{
    struct buffer *buffer = &writer->buffer;

    writer->has_linktype = true;
    writer->linktype = linktype;
    return buffer_put_u32le(buffer, writer->format == PCAP_FORMAT_PCAP_NANO ? 0xa1b23c4d : 0xa1b2c3d4) &&
           buffer_put_u16le(buffer, 2) && buffer_put_u16le(buffer, 4) && buffer_put_u64le(buffer, 0) &&
           buffer_put_u32le(buffer, SNAPLEN_MAX) && buffer_put_u32le(buffer, linktype);
}

static bool add_classic(struct pcap_writer *writer, const struct packet *packet, struct error *error)
{
    int64_t seconds = packet->ts_ns / NS_PER_SECOND, fraction_ns = packet->ts_ns % NS_PER_SECOND;
    struct buffer *buffer = &writer->buffer;

    if (!writer->has_linktype && !put_classic_header(writer, packet->linktype))
        return fault_no_room(writer, error);
    if (packet->linktype != writer->linktype) {
        error_set(
            error, ERROR_UNSUPPORTED,
            "packet %llu is of link type %u, those before it of %u: a pcap file holds one; write pcapng",
            (unsigned long long)writer->n_packets + 1, packet->linktype, writer->linktype);
        return keep_fault(writer, error);
    }
    if (packet->ts_ns < 0 || seconds > UINT32_MAX) {
        error_set(error, ERROR_UNSUPPORTED,
                  "packet %llu is from before 1970 or after 2106: a pcap file cannot say so; write pcapng",
                  (unsigned long long)writer->n_packets + 1);
        return keep_fault(writer, error);
    }
    if (writer->format == PCAP_FORMAT_PCAP)
        fraction_ns /= 1000;
    if (buffer_room(buffer, 16 + (size_t)packet->caplen) == NULL)
        return fault_no_room(writer, error);
    buffer_put_u32le(buffer, (uint32_t)seconds);
    buffer_put_u32le(buffer, (uint32_t)fraction_ns);
    buffer_put_u32le(buffer, packet->caplen);
    buffer_put_u32le(buffer, packet->len);
    buffer_put(buffer, packet->data, packet->caplen);
    return true;
}

static bool start_packing(struct pcap_writer *writer)
{
    writer->piece_bytes = PIECE_BYTES;
    if (writer->packing == PCAP_PACKING_GZIP) {
        writer->piece_bytes = GZIP_PIECE_BYTES;
        writer->gzip = libdeflate_alloc_compressor(GZIP_LEVEL);
        return writer->gzip != NULL;
    }
    if (writer->packing == PCAP_PACKING_ZSTD) {
        writer->zstd = ZSTD_createCCtx();
        return writer->zstd &&
               !ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)) &&
               !ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1));
    }
    return true;
}

static void writer_free(struct pcap_writer *writer)
{
    if (writer->fd > STDERR_FILENO)
        close(writer->fd);
    buffer_clear(&writer->buffer);
    buffer_clear(&writer->packed);
    libdeflate_free_compressor(writer->gzip);
    ZSTD_freeCCtx(writer->zstd);
    free(writer->section_numbers);
    free(writer);
}

struct pcap_writer *pcap_writer_open(const char *path, enum pcap_format format, enum pcap_packing packing,
                                     const struct interface_table *interfaces, struct error *error)
{
    struct pcap_writer *writer = calloc(1, sizeof *writer);
    bool is_stdout = strcmp(path, "-") == 0;

    if (writer == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory to write %s", path);
        return NULL;
    }
    *writer = (struct pcap_writer) {
        .interfaces = interfaces,
        .format = format,
        .packing = packing,
        .fd = -1,
        .is_in_place = true,
    };
    snprintf(writer->name, sizeof writer->name, "%s", is_stdout ? "standard output" : path);
    buffer_init(&writer->buffer, BUFFER_LIMIT_BYTES);
    buffer_init(&writer->packed, 2 * (size_t)BUFFER_LIMIT_BYTES);
    if (!start_packing(writer) || (format == PCAP_FORMAT_PCAPNG &&
                                   !pcapng_put_section(&writer->buffer, "tapdeck " TAPDECK_VERSION, ""))) {
        error_set(error, ERROR_SYSTEM, "no memory to write %s", path);
        writer_free(writer);
        return NULL;
    }
    writer->fd = is_stdout ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (writer->fd < 0) {
        error_system(error, "%s: cannot be created", path);
        writer_free(writer);
        return NULL;
    }
    return writer;
}

bool pcap_writer_comment(struct pcap_writer *writer, const char *comment, struct error *error)
{
    if (!has_no_fault(writer, error))
        return false;
    if (writer->format != PCAP_FORMAT_PCAPNG)
        return true;
    assert(writer->n_packets == 0);
    buffer_empty(&writer->buffer); /* of a header without comment, not yet written */
    return pcapng_put_section(&writer->buffer, "tapdeck " TAPDECK_VERSION, comment) ||
           fault_no_room(writer, error);
}

bool pcap_writer_remark(struct pcap_writer *writer, const char *comment, struct error *error)
{
    struct pcapng_statistics statistics = { .interface = 0, .comment = comment, .is_comment_only = true };

    if (!has_no_fault(writer, error))
        return false;
    if (writer->format != PCAP_FORMAT_PCAPNG || writer->interfaces->n == 0)
        return true;
    if (writer->n_described == 0 && !describe(writer, 0, error))
        return false;
    statistics.ts_ns = writer->last_ts_ns;
    return pcapng_put_statistics(&writer->buffer, &statistics) || fault_no_room(writer, error);
}

bool pcap_writer_blocks(struct pcap_writer *writer, struct bytes blocks, struct error *error)
{
    if (!has_no_fault(writer, error))
        return false;
    if (writer->format != PCAP_FORMAT_PCAPNG)
        return true;
    if (!buffer_put(&writer->buffer, blocks.data, blocks.len))
        return fault_no_room(writer, error);
    return true;
}

bool pcap_writer_add(struct pcap_writer *writer, const struct packet *packet, struct error *error)
{
    if (!has_no_fault(writer, error))
        return false;
    if (!(writer->format == PCAP_FORMAT_PCAPNG ? add_pcapng(writer, packet, error)
                                               : add_classic(writer, packet, error)))
        return false;
    writer->n_packets++;
    writer->last_ts_ns = packet->ts_ns;
    return writer->buffer.len < writer->piece_bytes || write_piece(writer, ZSTD_e_continue, error);
}

/* A classic file without a packet still says what it would have held. */
static bool put_missing_header(struct pcap_writer *writer, struct error *error)
{
    uint16_t linktype = writer->interfaces->n ? writer->interfaces->items[0].linktype : LINKTYPE_ETHERNET;

    if (writer->format == PCAP_FORMAT_PCAPNG || writer->has_linktype)
        return true;
    return put_classic_header(writer, linktype) || fault_no_room(writer, error);
}

static bool write_end(struct pcap_writer *writer, struct error *error)
{
    if (!has_no_fault(writer, error) || !put_missing_header(writer, error) ||
        !write_piece(writer, ZSTD_e_end, error))
        return false;
    if (writer->fd > STDERR_FILENO) {
        int fd = writer->fd;

        writer->fd = -1;
        if (close(fd) < 0) { /* some file systems tell only now that the disk is full */
            error_system(error, "%s: cannot be written", writer->name);
            return false;
        }
    }
    return true;
}

bool pcap_writer_close(struct pcap_writer *writer, struct error *error)
{
    bool ok;

    if (writer == NULL)
        return true;
    ok = write_end(writer, error);
    writer_free(writer);
    return ok;
}
