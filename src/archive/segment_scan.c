/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd and gzip are streamed, since a file that is still written, or was cut, ends within a frame. Plain
 * bytes have no frames: there a block is what whole pcapng blocks lie in some 256 KiB.
 */
#include "archive/segment_scan.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "archive/segment_file.h"
#include "archive/segment_format.h"
#include "base/buffer.h"
#include "base/reader.h"

enum { SCAN_READ_BYTES = 128 * 1024, SCAN_ROOM_BYTES = 64 * 1024, GZIP_WINDOW = 15 + 16 };

struct segment_scan {
    int fd;
    const char *path;
    enum codec codec;
    ZSTD_DCtx *zstd;
    z_stream gzip;
    uint64_t start;       /* of the block being unpacked */
    uint64_t read_offset; /* in the file, behind what is in `in` */
    size_t in_at, in_len;
    struct buffer raw; /* of that block */
    size_t n_shown;    /* of raw, by SCAN_PART */
    bool has_more;     /* unpacked already, for want of room in raw: comes without further input */
    bool is_over;      /* the block was given out whole: begin the next */
    bool is_damaged;
    struct error damage;
    uint8_t in[SCAN_READ_BYTES];
};

struct segment_scan *segment_scan_new(int fd, const char *path, enum codec codec)
{
    struct segment_scan *scan = calloc(1, sizeof *scan);

    if (scan == NULL)
        return NULL;
    scan->fd = fd;
    scan->path = path;
    scan->codec = codec;
    buffer_init(&scan->raw, SEGMENT_RAW_LIMIT_BYTES);
    if (codec == CODEC_ZSTD) {
        scan->zstd = ZSTD_createDCtx();
        if (scan->zstd == NULL) {
            free(scan);
            return NULL;
        }
    }
    if (codec == CODEC_GZIP && inflateInit2(&scan->gzip, GZIP_WINDOW) != Z_OK) {
        free(scan);
        return NULL;
    }
    return scan;
}

void segment_scan_free(struct segment_scan *scan)
{
    if (scan == NULL)
        return;
    ZSTD_freeDCtx(scan->zstd);
    if (scan->codec == CODEC_GZIP)
        inflateEnd(&scan->gzip);
    buffer_clear(&scan->raw);
    free(scan);
}

static uint64_t position(const struct segment_scan *scan)
{
    return scan->read_offset - (scan->in_len - scan->in_at);
}

static bool damage(struct segment_scan *scan, const char *what)
{
    scan->is_damaged = true;
    return error_set(&scan->damage, ERROR_DAMAGED, "%s: block at offset %llu, near %llu: %s", scan->path,
                     (unsigned long long)scan->start, (unsigned long long)position(scan), what);
}

/* What one step of unpacking came to. */
enum step { STEP_ON, STEP_FRAME_OVER, STEP_STUCK };

static enum step step_zstd(struct segment_scan *scan, uint8_t *room, size_t room_len)
{
    ZSTD_inBuffer in = { scan->in, scan->in_len, scan->in_at };
    ZSTD_outBuffer out = { room, room_len, 0 };
    size_t left = ZSTD_decompressStream(scan->zstd, &out, &in);

    scan->in_at = in.pos;
    if (ZSTD_isError(left)) {
        damage(scan, ZSTD_getErrorName(left));
        return STEP_STUCK;
    }
    scan->raw.len += out.pos;
    scan->has_more = left > 0 && out.pos == out.size;
    if (left == 0)
        return STEP_FRAME_OVER;
    return in.pos == in.size && out.pos < out.size ? STEP_STUCK : STEP_ON;
}

static enum step step_gzip(struct segment_scan *scan, uint8_t *room, size_t room_len)
{
    z_stream *z = &scan->gzip;
    int result;

    z->next_in = scan->in + scan->in_at;
    z->avail_in = (uInt)(scan->in_len - scan->in_at);
    z->next_out = room;
    z->avail_out = (uInt)room_len;
    result = inflate(z, Z_NO_FLUSH);
    scan->in_at = scan->in_len - z->avail_in;
    scan->raw.len += room_len - z->avail_out;
    scan->has_more = z->avail_out == 0;
    if (result == Z_STREAM_END) {
        inflateReset(z);
        return STEP_FRAME_OVER;
    }
    if (result != Z_OK && result != Z_BUF_ERROR) {
        damage(scan, z->msg ? z->msg : "the gzip member is damaged");
        return STEP_STUCK;
    }
    return z->avail_in == 0 && z->avail_out > 0 ? STEP_STUCK : STEP_ON;
}

/* Reads on in the file. False at its end, and at faults. */
static bool refill(struct segment_scan *scan)
{
    struct error error;
    ptrdiff_t n =
        segment_file_read(scan->fd, scan->path, scan->read_offset, scan->in, sizeof scan->in, &error);

    if (n < 0) {
        scan->is_damaged = true;
        scan->damage = error;
    }
    if (n <= 0)
        return false;
    scan->in_at = 0;
    scan->in_len = (size_t)n;
    scan->read_offset += (size_t)n;
    return true;
}

static enum scan_result give(struct segment_scan *scan, enum scan_result result, struct scan_block *block)
{
    *block = (struct scan_block) { .offset = scan->start, .raw = buffer_bytes(&scan->raw) };
    if (result == SCAN_BLOCK) {
        block->stored_bytes = position(scan) - scan->start;
        scan->is_over = true;
    }
    scan->n_shown = scan->raw.len;
    return result;
}

/* The bytes ended, or make no sense: shows what came of them, once. */
static enum scan_result stop(struct segment_scan *scan, struct scan_block *block, struct error *error)
{
    if (scan->raw.len > scan->n_shown)
        return give(scan, SCAN_PART, block);
    if (!scan->is_damaged)
        return SCAN_END;
    *error = scan->damage;
    return SCAN_DAMAGED;
}

static enum scan_result next_frame(struct segment_scan *scan, struct scan_block *block, struct error *error)
{
    for (;;) {
        uint8_t *room = scan->is_damaged ? NULL : buffer_room(&scan->raw, SCAN_ROOM_BYTES);
        enum step step;

        if (room == NULL) {
            if (!scan->is_damaged)
                damage(scan, "it unpacks to more than a block may hold");
            return stop(scan, block, error);
        }
        if (scan->in_at == scan->in_len && !scan->has_more && !refill(scan))
            return stop(scan, block, error);
        step = scan->codec == CODEC_ZSTD ? step_zstd(scan, room, scan->raw.cap - scan->raw.len)
                                         : step_gzip(scan, room, scan->raw.cap - scan->raw.len);
        if (step != STEP_FRAME_OVER)
            continue; /* stuck: for want of input, or damaged */
        if (scan->raw.len > 0)
            return give(scan, SCAN_BLOCK, block);
        scan->start = position(scan); /* a skippable frame, or an empty one */
    }
}

/* ---- plain bytes ---- */

/* How many bytes at the start of data are whole pcapng blocks; *needed for the one behind them, 0 unknown. */
static size_t whole_blocks(struct bytes data, size_t *needed, bool *is_wrong)
{
    struct reader r = reader_over(data);
    uint32_t type, len;

    *needed = 0;
    *is_wrong = false;
    for (;;) {
        struct reader start = r;

        if (!reader_u32le(&r, &type) || !reader_u32le(&r, &len))
            return (size_t)(start.at - data.data);
        if (len < PCAPNG_BLOCK_LEAST_BYTES || len % 4 || len > SEGMENT_PACKET_LIMIT_BYTES) {
            *is_wrong = true;
            return (size_t)(start.at - data.data);
        }
        if (!reader_skip(&r, len - 8)) {
            *needed = len;
            return (size_t)(start.at - data.data);
        }
    }
}

static enum scan_result next_plain(struct segment_scan *scan, struct scan_block *block, struct error *error)
{
    size_t wanted = SEGMENT_BLOCK_BYTES;

    while (!scan->is_damaged) {
        uint8_t *room = buffer_room(&scan->raw, wanted);
        size_t whole, needed;
        ptrdiff_t n;
        bool is_wrong;

        if (room == NULL) {
            damage(scan, "no memory for it");
            break;
        }
        n = segment_file_read(scan->fd, scan->path, scan->start, room, wanted, &scan->damage);
        if (n < 0) {
            scan->is_damaged = true;
            break;
        }
        whole = whole_blocks(bytes_of(room, (size_t)n), &needed, &is_wrong);
        if (whole > 0) {
            scan->raw.len = whole;
            scan->read_offset = scan->start + whole;
            return give(scan, SCAN_BLOCK, block);
        }
        if (is_wrong) {
            damage(scan, "no pcapng block begins here");
            break;
        }
        if (needed <= (size_t)n || (size_t)n < wanted)
            return SCAN_END;
        wanted = needed;
    }
    *error = scan->damage;
    return SCAN_DAMAGED;
}

enum scan_result segment_scan_next(struct segment_scan *scan, struct scan_block *block, struct error *error)
{
    if (scan->is_over) {
        scan->is_over = false;
        scan->start = position(scan);
        scan->n_shown = 0;
        buffer_empty(&scan->raw);
    }
    return scan->codec == CODEC_NONE ? next_plain(scan, block, error) : next_frame(scan, block, error);
}
