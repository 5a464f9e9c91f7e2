/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two layers, each with an input buffer, a format found by its first bytes, and that format's state. A layer
 * reads from the one below it, the lowest from the caller. gzip goes through zlib, not libdeflate: libdeflate
 * wants a whole member in memory, and a member may be a capture of any size.
 */
#include "source/unpack.h"

#include <lz4frame.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    N_LAYERS = 2,
    INPUT_BYTES = 128 << 10,
    MAGIC_BYTES = 6,
    ZSTD_WINDOW_LOG_MAX = 26, /* 64 MiB: what zstd packs without --long or --ultra needs at most 8 */
};

struct layer;

/*
 * One step: takes from *in, makes *out smaller by what it wrote. is_inside says whether a member or frame is
 * open afterwards. False with *error: damage.
 */
struct format {
    const char *name;
    bool (*start)(struct layer *layer, struct error *error);
    bool (*step)(struct layer *layer, struct bytes *in, uint8_t *out, size_t cap, size_t *len,
                 struct error *error);
    void (*stop)(struct layer *layer);
};

struct layer {
    struct layer *below; /* NULL: the lowest */
    unpack_input *input;
    void *context;
    const struct format *format; /* NULL: bytes pass through */
    bool is_known;               /* format was looked for */
    bool is_inside;              /* of a member or frame */
    bool is_input_ended;
    bool is_padding;    /* gzip: only zeroes may follow */
    bool may_hold_more; /* the codec filled all room it was given: it may go on without input */
    struct bytes in;    /* what is left in data */
    uint64_t taken;     /* bytes that came before in: an offset into the packed stream */
    uint8_t *data;
    union {
        z_stream gzip;
        ZSTD_DCtx *zstd;
        LZ4F_dctx *lz4;
    };
};

struct unpack {
    struct layer layers[N_LAYERS];
};

static unsigned long long offset_of(const struct layer *layer, const struct bytes *in)
{
    return (unsigned long long)(layer->taken + (layer->in.len - in->len));
}

/* gzip (RFC 1952) */

static bool gzip_start(struct layer *layer, struct error *error)
{
    if (inflateInit2(&layer->gzip, 15 + 16) != Z_OK)
        return error_set(error, ERROR_SYSTEM, "no memory to unpack gzip");
    return true;
}

/* Some tapes and tools fill up with zeroes behind the last member. */
static bool gzip_between_members(struct layer *layer, struct bytes *in, struct error *error)
{
    while (in->len > 0 && in->data[0] == 0) {
        layer->is_padding = true;
        *in = (struct bytes) { in->data + 1, in->len - 1 };
    }
    if (in->len > 0 && (layer->is_padding || in->data[0] != 0x1f))
        return error_set(error, ERROR_DAMAGED, "bytes at offset %llu, behind the gzip data, are no gzip",
                         offset_of(layer, in));
    return true;
}

static bool gzip_step(struct layer *layer, struct bytes *in, uint8_t *out, size_t cap, size_t *len,
                      struct error *error)
{
    z_stream *z = &layer->gzip;
    int result;

    if (!layer->is_inside) {
        if (!gzip_between_members(layer, in, error))
            return false;
        if (in->len == 0)
            return true;
        inflateReset(z);
        layer->is_inside = true;
    }
    z->next_in = (uint8_t *)(uintptr_t)in->data; /* zlib only reads it */
    z->avail_in = (uInt)in->len;
    z->next_out = out;
    z->avail_out = cap < UINT32_MAX ? (uInt)cap : UINT32_MAX;
    result = inflate(z, Z_NO_FLUSH);
    *len = (size_t)(z->next_out - out);
    *in = (struct bytes) { in->data + (in->len - z->avail_in), z->avail_in };
    layer->is_inside = result != Z_STREAM_END;
    if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR)
        return true;
    return error_set(error, result == Z_MEM_ERROR ? ERROR_SYSTEM : ERROR_DAMAGED,
                     "gzip data are damaged near offset %llu: %s", offset_of(layer, in),
                     z->msg ? z->msg : zError(result));
}

static void gzip_stop(struct layer *layer)
{
    inflateEnd(&layer->gzip);
}

/* zstd (RFC 8878) */

static bool zstd_start(struct layer *layer, struct error *error)
{
    layer->zstd = ZSTD_createDCtx();
    if (layer->zstd == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory to unpack zstd");
    ZSTD_DCtx_setParameter(layer->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
    return true;
}

static bool zstd_step(struct layer *layer, struct bytes *in, uint8_t *out, size_t cap, size_t *len,
                      struct error *error)
{
    ZSTD_inBuffer input = { in->data, in->len, 0 };
    ZSTD_outBuffer output = { out, cap, 0 };
    size_t result = ZSTD_decompressStream(layer->zstd, &output, &input);

    *len = output.pos;
    *in = (struct bytes) { in->data + input.pos, in->len - input.pos };
    if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge)
        return error_set(
            error, ERROR_LIMIT,
            "the zstd frame at offset %llu wants a window of over %d MiB of memory; unpack it first "
            "(zstd -d --long=31)",
            offset_of(layer, in), (1 << ZSTD_WINDOW_LOG_MAX) >> 20);
    if (ZSTD_isError(result))
        return error_set(error, ERROR_DAMAGED, "zstd data are damaged near offset %llu: %s",
                         offset_of(layer, in), ZSTD_getErrorName(result));
    layer->is_inside = result != 0;
    return true;
}

static void zstd_stop(struct layer *layer)
{
    ZSTD_freeDCtx(layer->zstd);
}

/* lz4 frames */

static bool lz4_start(struct layer *layer, struct error *error)
{
    if (LZ4F_isError(LZ4F_createDecompressionContext(&layer->lz4, LZ4F_VERSION)))
        return error_set(error, ERROR_SYSTEM, "no memory to unpack lz4");
    return true;
}

static bool lz4_step(struct layer *layer, struct bytes *in, uint8_t *out, size_t cap, size_t *len,
                     struct error *error)
{
    size_t n_in = in->len, result;

    *len = cap;
    result = LZ4F_decompress(layer->lz4, out, len, in->data, &n_in, NULL);
    *in = (struct bytes) { in->data + n_in, in->len - n_in };
    if (LZ4F_isError(result))
        return error_set(error, ERROR_DAMAGED, "lz4 data are damaged near offset %llu: %s",
                         offset_of(layer, in), LZ4F_getErrorName(result));
    layer->is_inside = result != 0;
    return true;
}

static void lz4_stop(struct layer *layer)
{
    LZ4F_freeDecompressionContext(layer->lz4);
}

static const struct format gzip = { "gzip", gzip_start, gzip_step, gzip_stop };
static const struct format zstd = { "zstd", zstd_start, zstd_step, zstd_stop };
static const struct format lz4 = { "lz4", lz4_start, lz4_step, lz4_stop };

static const struct magic {
    uint8_t bytes[MAGIC_BYTES];
    uint8_t len;
    uint8_t mask; /* of the first byte */
    const struct format *format;
    const char *unknown; /* without format: what it is, and who unpacks it */
} magics[] = {
    { { 0x1f, 0x8b, 8 }, 3, 0xff, &gzip, NULL },
    { { 0x28, 0xb5, 0x2f, 0xfd }, 4, 0xff, &zstd, NULL },
    { { 0x50, 0x2a, 0x4d, 0x18 }, 4, 0xf0, &zstd, NULL }, /* a skippable frame */
    { { 0x04, 0x22, 0x4d, 0x18 }, 4, 0xff, &lz4, NULL },
    { { 0x02, 0x21, 0x4c, 0x18 }, 4, 0xff, NULL, "legacy lz4: lz4 -dc" },
    { { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, 0xff, NULL, "xz: xz -dc" },
    { { 'B', 'Z', 'h' }, 3, 0xff, NULL, "bzip2: bzip2 -dc" },
    { { 'P', 'K', 3, 4 }, 4, 0xff, NULL, "zip: unzip -p" },
};

static const struct magic *find_magic(struct bytes bytes)
{
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        const struct magic *magic = &magics[i];

        if (bytes.len >= magic->len && (bytes.data[0] & magic->mask) == magic->bytes[0] &&
            memcmp(bytes.data + 1, magic->bytes + 1, magic->len - 1u) == 0)
            return magic;
    }
    return NULL;
}

struct unpack *unpack_new(unpack_input *input, void *context, struct error *error)
{
    struct unpack *unpack = calloc(1, sizeof *unpack);
    bool is_whole = unpack != NULL;

    for (int i = 0; is_whole && i < N_LAYERS; i++) {
        struct layer *layer = &unpack->layers[i];

        layer->below = i ? &unpack->layers[i - 1] : NULL;
        layer->input = input;
        layer->context = context;
        layer->data = malloc(INPUT_BYTES);
        is_whole = layer->data != NULL;
    }
    if (!is_whole) {
        unpack_free(unpack);
        error_set(error, ERROR_SYSTEM, "no memory to read a stream");
        return NULL;
    }
    return unpack;
}

void unpack_free(struct unpack *unpack)
{
    if (unpack == NULL)
        return;
    for (int i = 0; i < N_LAYERS; i++) {
        if (unpack->layers[i].format)
            unpack->layers[i].format->stop(&unpack->layers[i]);
        free(unpack->layers[i].data);
    }
    free(unpack);
}

bool unpack_is_packed(const struct unpack *unpack)
{
    return unpack->layers[0].format != NULL;
}

static enum unpack_result read_layer(struct layer *layer, uint8_t *out, size_t cap, size_t *len,
                                     struct error *error);

static enum unpack_result read_below(struct layer *layer, uint8_t *data, size_t cap, size_t *len,
                                     struct error *error)
{
    enum unpack_result result = layer->below ? read_layer(layer->below, data, cap, len, error)
                                             : layer->input(layer->context, data, cap, len, error);

    if (result == UNPACK_END)
        layer->is_input_ended = true;
    return result;
}

/* Adds to what is in the buffer. */
static enum unpack_result fill(struct layer *layer, struct error *error)
{
    enum unpack_result result;
    size_t len = 0;

    if (layer->in.len)
        memmove(layer->data, layer->in.data, layer->in.len);
    layer->in.data = layer->data;
    result = read_below(layer, layer->data + layer->in.len, INPUT_BYTES - layer->in.len, &len, error);
    if (result == UNPACK_BYTES)
        layer->in.len += len;
    return result;
}

static enum unpack_result find_format(struct layer *layer, struct error *error)
{
    const struct magic *magic;

    while (layer->in.len < MAGIC_BYTES && !layer->is_input_ended) {
        enum unpack_result result = fill(layer, error);

        if (result == UNPACK_IDLE || result == UNPACK_FAULT)
            return result;
    }
    magic = find_magic(layer->in);
    if (magic && magic->format == NULL) {
        error_set(error, ERROR_UNSUPPORTED, "is packed by a program not known here; unpack it first (%s)",
                  magic->unknown);
        return UNPACK_FAULT;
    }
    if (magic && !magic->format->start(layer, error))
        return UNPACK_FAULT;
    layer->format = magic ? magic->format : NULL;
    layer->is_known = true;
    return UNPACK_BYTES;
}

static enum unpack_result pass_through(struct layer *layer, uint8_t *out, size_t cap, size_t *len,
                                       struct error *error)
{
    if (layer->in.len == 0)
        return layer->is_input_ended ? UNPACK_END : read_below(layer, out, cap, len, error);
    *len = layer->in.len < cap ? layer->in.len : cap;
    memcpy(out, layer->in.data, *len);
    layer->in = (struct bytes) { layer->in.data + *len, layer->in.len - *len };
    return UNPACK_BYTES;
}

static enum unpack_result end_of_input(const struct layer *layer, struct error *error)
{
    if (!layer->is_inside)
        return UNPACK_END;
    error_set(error, ERROR_DAMAGED, "the %s data end too early, at offset %llu: the file was cut",
              layer->format->name, (unsigned long long)layer->taken);
    return UNPACK_FAULT;
}

static enum unpack_result read_layer(struct layer *layer, uint8_t *out, size_t cap, size_t *len,
                                     struct error *error)
{
    *len = 0;
    if (!layer->is_known) {
        enum unpack_result result = find_format(layer, error);

        if (result != UNPACK_BYTES)
            return result;
    }
    if (layer->format == NULL)
        return pass_through(layer, out, cap, len, error);
    for (;;) {
        struct bytes in = layer->in;
        bool is_sound;

        if (in.len == 0 && !layer->may_hold_more) {
            enum unpack_result result = layer->is_input_ended ? UNPACK_END : fill(layer, error);

            if (result == UNPACK_END)
                return end_of_input(layer, error);
            if (result != UNPACK_BYTES)
                return result;
            in = layer->in;
        }
        is_sound = layer->format->step(layer, &in, out, cap, len, error);
        layer->taken += layer->in.len - in.len;
        layer->in = in;
        layer->may_hold_more = *len == cap && layer->is_inside;
        if (!is_sound)
            return UNPACK_FAULT;
        if (*len > 0)
            return UNPACK_BYTES;
    }
}

enum unpack_result unpack_read(struct unpack *unpack, uint8_t *data, size_t cap, size_t *len,
                               struct error *error)
{
    return read_layer(&unpack->layers[N_LAYERS - 1], data, cap, len, error);
}
