/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_codec - one block of a segment packed and unpacked, with contexts that are made once. Internal to
 * this folder. docs/segment-format.md, "Blocks".
 */
#pragma once

#include "archive/segment_writer.h"
#include "base/buffer.h"

struct block_packer {
    enum codec codec;
    struct ZSTD_CCtx_s *zstd;
    struct libdeflate_compressor *gzip;
};

/* level 0: the codec's default. block_bytes: how large blocks usually are. */
bool block_packer_init(struct block_packer *packer, enum codec codec, int level, uint32_t block_bytes,
                       struct error *error);
void block_packer_clear(struct block_packer *packer);

/* Appends the whole block, packed in one call, to out. */
bool block_pack(struct block_packer *packer, struct bytes raw, struct buffer *out, struct error *error);

/*
 * Appends the next part of a block that is packed piece by piece; what was appended so far can be unpacked.
 * is_end: that was the last part, which may be empty. Not for gzip.
 */
bool block_pack_part(struct block_packer *packer, struct bytes part, bool is_end, struct buffer *out,
                     struct error *error);

struct block_unpacker {
    struct ZSTD_DCtx_s *zstd;
    struct libdeflate_decompressor *gzip;
};

void block_unpacker_clear(struct block_unpacker *unpacker);

/* Unpacks to exactly raw_bytes at raw. False with *error: it is damaged, or there was no memory. */
bool block_unpack(struct block_unpacker *unpacker, enum codec codec, struct bytes stored, uint8_t *raw,
                  size_t raw_bytes, struct error *error);
