/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posting_code - lists of blocks as they lie in an index, one behind the other in bits: the gaps between
 * blocks in prefix codes made for that index. docs/segment-format.md, section "postings". Internal to this
 * folder.
 *
 * Which code a gap has depends on how dense its list is and on the gaps before it: devices keep their rhythm.
 * Rejected: Rice codes (a fifth larger), bitmaps for dense lists (no smaller), an adaptive or arithmetic code
 * (a list could not be read by itself), roaring bitmaps (several times the size for lists this short).
 */
#pragma once

#include "archive/index_columns.h"
#include "archive/posting.h"

enum {
    POSTING_CHUNK_LISTS = 32, /* lists are found by the first of so many */
    POSTING_DENSITIES = 13,
    POSTING_RHYTHMS = 13,
    POSTING_CONTEXTS = POSTING_DENSITIES * POSTING_RHYTHMS,
    POSTING_SYMBOLS = 124,
    POSTING_CODE_BITS = 10, /* the longest code */
    POSTING_LISTS_LIMIT = 1 << 24,
};

/* ---- writing: every list is counted, then every list is put, in the same order ---- */

struct posting_writer;

struct posting_writer *posting_writer_new(uint32_t n_lists, uint32_t n_blocks); /* NULL without memory */
void posting_writer_free(struct posting_writer *writer);

void posting_writer_count(struct posting_writer *writer, const uint64_t *bits);
void posting_writer_put(struct posting_writer *writer, const uint64_t *bits);

/* The section. False as buffer_put. */
bool posting_writer_end(struct posting_writer *writer, struct column_writer *columns);

/* ---- reading ---- */

struct posting_table;

/* Of a section's bytes, which are borrowed; NULL when they make no sense, or without memory. */
struct posting_table *posting_table_new(struct bytes section, uint32_t n_blocks);
void posting_table_free(struct posting_table *table);

uint32_t posting_table_lists(const struct posting_table *table);

/* Adds a list to bits. False when it is damaged: some bits may have been set then. Quick in order of lists.
 */
bool posting_table_add(struct posting_table *table, uint32_t list, uint64_t *bits);

/* Looks where each list begins, for whoever asks for most of them in no order. Without memory: goes on
 * without. */
void posting_table_locate(struct posting_table *table);
