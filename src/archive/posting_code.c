/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canonical prefix codes (as of RFC 1951 section 3.2.2) of at most ten bits, the least significant bit of a
 * byte first. A gap is a symbol and the bits that the symbol leaves open: symbols stand for quarters of
 * powers of two.
 */
#include "archive/posting_code.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALL_SYMBOLS = 3, /* gaps 0, 1 and 2 */
    CODE_SLOTS = 1 << POSTING_CODE_BITS,
    CODE_NONE = UINT16_MAX,
};

/* ---- gaps ---- */

struct gap_token {
    unsigned symbol, n_raw;
    uint32_t raw;
};

static inline unsigned bit_length(uint64_t number)
{
    return number ? 64 - (unsigned)__builtin_clzll(number) : 0;
}

static inline struct gap_token token_of(uint32_t gap)
{
    uint64_t number = (uint64_t)gap + 1;
    unsigned power = bit_length(number) - 1;

    if (power < 2)
        return (struct gap_token) { .symbol = gap };
    return (struct gap_token) { SMALL_SYMBOLS + (power - 2) * 4 + (unsigned)(number >> (power - 2) & 3),
                                power - 2, (uint32_t)(number & ((UINT64_C(1) << (power - 2)) - 1)) };
}

static inline unsigned raw_bits_of(unsigned symbol)
{
    return symbol < SMALL_SYMBOLS ? 0 : (symbol - SMALL_SYMBOLS) / 4;
}

static inline uint64_t gap_of(unsigned symbol, uint64_t raw)
{
    unsigned n_raw = raw_bits_of(symbol);

    if (symbol < SMALL_SYMBOLS)
        return symbol;
    return ((UINT64_C(4) | ((symbol - SMALL_SYMBOLS) & 3)) << n_raw | raw) - 1;
}

/* Where a list's contexts begin: that of its first gap, whose rhythm nobody knows. */
static inline unsigned density_of(uint32_t n, uint32_t n_blocks)
{
    unsigned density = bit_length((n_blocks - n) / n);

    return (density < POSTING_DENSITIES ? density : POSTING_DENSITIES - 1) * POSTING_RHYTHMS;
}

/*
 * What is known of a list's rhythm. The first gap is none between blocks; from the second on `mean` is four
 * times the mean of the gaps so far, of which the last counts for a fourth.
 */
struct rhythm {
    unsigned n; /* gaps met, at most two */
    uint64_t mean;
};

static inline unsigned rhythm_context(const struct rhythm *rhythm)
{
    unsigned len;

    if (rhythm->n < 2)
        return rhythm->n;
    len = bit_length(rhythm->mean / 4);
    return 2 + (len < POSTING_RHYTHMS - 2 ? len : POSTING_RHYTHMS - 3);
}

static inline void rhythm_add(struct rhythm *rhythm, uint64_t gap)
{
    if (rhythm->n == 2)
        rhythm->mean = rhythm->mean - rhythm->mean / 4 + gap;
    else if (++rhythm->n == 2)
        rhythm->mean = gap * 4;
}

/* Of none, and of all blocks, the number says everything. */
static inline bool is_written(uint32_t n, uint32_t n_blocks)
{
    return n != 0 && n != n_blocks;
}

/* ---- codes ---- */

/* Turns lengths into codes, the first bit the least significant one. */
static void make_codes(const uint8_t *lens, uint16_t *codes)
{
    unsigned next = 0;

    for (unsigned len = 1; len <= POSTING_CODE_BITS; len++) {
        next <<= 1;
        for (unsigned symbol = 0; symbol < POSTING_SYMBOLS; symbol++) {
            unsigned turned = 0;

            if (lens[symbol] != len)
                continue;
            for (unsigned bit = 0; bit < len; bit++)
                turned |= (next >> bit & 1) << (len - 1 - bit);
            codes[symbol] = (uint16_t)turned;
            next++;
        }
    }
}

/* How much of all codes of POSTING_CODE_BITS bits those lengths take. */
static unsigned room_taken(const uint8_t *lens)
{
    unsigned taken = 0;

    for (unsigned symbol = 0; symbol < POSTING_SYMBOLS; symbol++)
        taken += lens[symbol] ? CODE_SLOTS >> lens[symbol] : 0;
    return taken;
}

/* Huffman's lengths; what would be longer than allowed is cut, and others made longer to make room for it. */
static void make_lens(const uint32_t *counts, uint8_t *lens)
{
    uint64_t weight[2 * POSTING_SYMBOLS];
    unsigned above[2 * POSTING_SYMBOLS] = { 0 }, open[POSTING_SYMBOLS], n_open = 0, n = POSTING_SYMBOLS;

    memset(lens, 0, POSTING_SYMBOLS);
    for (unsigned symbol = 0; symbol < POSTING_SYMBOLS; symbol++) {
        weight[symbol] = counts[symbol];
        if (counts[symbol])
            open[n_open++] = symbol;
    }
    if (n_open == 1)
        lens[open[0]] = 1;
    while (n_open > 1) {
        for (unsigned turn = 0; turn < 2; turn++) { /* the two lightest go to the end */
            unsigned last = n_open - 1 - turn, lightest = last;

            for (unsigned i = 0; i < last; i++) {
                if (weight[open[i]] < weight[open[lightest]])
                    lightest = i;
            }
            unsigned node = open[lightest];

            open[lightest] = open[last];
            open[last] = node;
            above[node] = n;
        }
        weight[n] = weight[open[n_open - 1]] + weight[open[n_open - 2]];
        n_open--;
        open[n_open - 1] = n++;
    }
    for (unsigned symbol = 0; symbol < POSTING_SYMBOLS; symbol++) {
        unsigned len = 0;

        for (unsigned node = above[symbol]; node; node = above[node])
            len++;
        if (len)
            lens[symbol] = (uint8_t)(len < POSTING_CODE_BITS ? len : POSTING_CODE_BITS);
    }
    while (room_taken(lens) > CODE_SLOTS) {
        unsigned longest = 0, at = 0;

        for (unsigned symbol = 0; symbol < POSTING_SYMBOLS; symbol++) {
            if (lens[symbol] < POSTING_CODE_BITS && lens[symbol] > longest) {
                longest = lens[symbol];
                at = symbol;
            }
        }
        lens[at]++;
    }
}

/* ---- writing ---- */

struct posting_writer {
    uint32_t n_blocks, n_lists;
    uint32_t n_counted, n_put;
    uint64_t *counts; /* blocks of each list */
    uint64_t *chunks; /* bits of each chunk */
    uint32_t symbols[POSTING_CONTEXTS][POSTING_SYMBOLS];
    uint8_t lens[POSTING_CONTEXTS][POSTING_SYMBOLS];
    uint16_t codes[POSTING_CONTEXTS][POSTING_SYMBOLS];
    struct buffer out;
    uint64_t held;
    unsigned n_held;
    uint64_t n_bits;
};

static size_t chunks_of(uint32_t n_lists)
{
    return ((size_t)n_lists + POSTING_CHUNK_LISTS - 1) / POSTING_CHUNK_LISTS;
}

struct posting_writer *posting_writer_new(uint32_t n_lists, uint32_t n_blocks)
{
    struct posting_writer *writer = calloc(1, sizeof *writer);

    if (writer == NULL)
        return NULL;
    writer->n_lists = n_lists;
    writer->n_blocks = n_blocks;
    buffer_init(&writer->out, UINT32_MAX);
    writer->counts = calloc((size_t)n_lists + 1, sizeof *writer->counts);
    writer->chunks = calloc(chunks_of(n_lists) + 1, sizeof *writer->chunks);
    if (writer->counts && writer->chunks)
        return writer;
    posting_writer_free(writer);
    return NULL;
}

void posting_writer_free(struct posting_writer *writer)
{
    if (writer == NULL)
        return;
    buffer_clear(&writer->out);
    free(writer->counts);
    free(writer->chunks);
    free(writer);
}

void posting_writer_count(struct posting_writer *writer, const uint64_t *bits)
{
    uint32_t n = posting_count(bits, writer->n_blocks), next = 0;
    struct rhythm rhythm = { 0 };
    unsigned density;

    assert(writer->n_counted < writer->n_lists);
    writer->counts[writer->n_counted++] = n;
    if (!is_written(n, writer->n_blocks))
        return;
    density = density_of(n, writer->n_blocks);
    for (size_t word = 0; word < posting_words(writer->n_blocks); word++) {
        for (uint64_t rest = bits[word]; rest; rest &= rest - 1) {
            uint32_t block = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(rest), gap = block - next;

            writer->symbols[density + rhythm_context(&rhythm)][token_of(gap).symbol]++;
            rhythm_add(&rhythm, gap);
            next = block + 1;
        }
    }
}

/* n: at most 32 */
static void put_bits(struct posting_writer *writer, uint64_t bits, unsigned n)
{
    writer->held |= bits << writer->n_held;
    writer->n_held += n;
    writer->n_bits += n;
    while (writer->n_held >= 8) {
        buffer_put_u8(&writer->out, (uint8_t)writer->held);
        writer->held >>= 8;
        writer->n_held -= 8;
    }
}

static void settle_codes(struct posting_writer *writer)
{
    for (unsigned context = 0; context < POSTING_CONTEXTS; context++) {
        make_lens(writer->symbols[context], writer->lens[context]);
        make_codes(writer->lens[context], writer->codes[context]);
    }
}

void posting_writer_put(struct posting_writer *writer, const uint64_t *bits)
{
    uint32_t n, next = 0, list = writer->n_put++;
    uint64_t before = writer->n_bits;
    struct rhythm rhythm = { 0 };
    unsigned density;

    assert(writer->n_counted == writer->n_lists && list < writer->n_lists);
    if (list == 0)
        settle_codes(writer);
    n = (uint32_t)writer->counts[list];
    if (!is_written(n, writer->n_blocks))
        return;
    density = density_of(n, writer->n_blocks);
    for (size_t word = 0; word < posting_words(writer->n_blocks); word++) {
        for (uint64_t rest = bits[word]; rest; rest &= rest - 1) {
            uint32_t block = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(rest), gap = block - next;
            struct gap_token token = token_of(gap);
            unsigned context = density + rhythm_context(&rhythm), len = writer->lens[context][token.symbol];

            put_bits(writer, writer->codes[context][token.symbol] | (uint64_t)token.raw << len,
                     len + token.n_raw);
            rhythm_add(&rhythm, gap);
            next = block + 1;
        }
    }
    writer->chunks[list / POSTING_CHUNK_LISTS] += writer->n_bits - before;
}

/* For each context how many lengths, and these in half bytes. */
static void put_lens(const struct posting_writer *writer, struct buffer *to)
{
    for (unsigned context = 0; context < POSTING_CONTEXTS; context++) {
        const uint8_t *lens = writer->lens[context];
        unsigned n = POSTING_SYMBOLS;

        while (n && lens[n - 1] == 0)
            n--;
        buffer_put_u8(to, (uint8_t)n);
        for (unsigned symbol = 0; symbol < n; symbol += 2)
            buffer_put_u8(to, (uint8_t)(lens[symbol] | (symbol + 1 < n ? lens[symbol + 1] : 0) << 4));
    }
}

bool posting_writer_end(struct posting_writer *writer, struct column_writer *columns)
{
    struct buffer lens;
    bool ok;

    assert(writer->n_put == writer->n_lists);
    if (writer->n_held)
        buffer_put_u8(&writer->out, (uint8_t)writer->held);
    buffer_init(&lens, POSTING_CONTEXTS * (POSTING_SYMBOLS + 1));
    put_lens(writer, &lens);
    buffer_put_u32le(columns->to, writer->n_lists);
    ok = column_put_numbers(columns, writer->counts, writer->n_lists) &&
         column_put_numbers(columns, writer->chunks, (uint32_t)chunks_of(writer->n_lists)) && !lens.is_full &&
         column_put_bytes(columns, buffer_bytes(&lens)) && !writer->out.is_full &&
         buffer_put(columns->to, writer->out.data, writer->out.len);
    buffer_clear(&lens);
    return ok;
}

/* ---- reading ---- */

struct posting_table {
    uint32_t n_blocks, n_lists;
    struct column_reader columns;
    struct column_numbers counts;
    uint64_t *starts; /* bit that each chunk begins at, and where the last ends */
    struct bytes bits;
    uint8_t lens[POSTING_CONTEXTS][POSTING_SYMBOLS];
    uint16_t *slots[POSTING_CONTEXTS]; /* symbol << 4 | bits of its code; made when first asked for */
    uint32_t next_list;                /* where the last look ended */
    uint64_t next_bit;
    uint64_t *places; /* bit that each list begins at, once looked for */
};

static bool take_lens(struct bytes bytes, struct posting_table *table)
{
    struct reader r = reader_over(bytes);

    for (unsigned context = 0; context < POSTING_CONTEXTS; context++) {
        uint8_t *lens = table->lens[context], n, pair;

        if (!reader_u8(&r, &n) || n > POSTING_SYMBOLS)
            return false;
        for (unsigned symbol = 0; symbol < n; symbol += 2) {
            if (!reader_u8(&r, &pair) || (pair & 15) > POSTING_CODE_BITS || pair >> 4 > POSTING_CODE_BITS)
                return false;
            lens[symbol] = pair & 15;
            if (symbol + 1 < n)
                lens[symbol + 1] = pair >> 4;
        }
        if (room_taken(lens) > CODE_SLOTS)
            return false;
    }
    return reader_left(&r) == 0;
}

static bool take_chunks(struct posting_table *table)
{
    uint32_t n_chunks = (uint32_t)chunks_of(table->n_lists);
    struct column_numbers chunks;
    uint64_t at = 0;

    if (!column_take_numbers(&table->columns, n_chunks, &chunks))
        return false;
    table->starts = calloc((size_t)n_chunks + 1, sizeof *table->starts);
    if (table->starts == NULL)
        return false;
    for (uint32_t i = 0; i < n_chunks; i++) {
        uint64_t len = column_number(&chunks, i);

        table->starts[i] = at;
        if (len > UINT64_MAX / 2 || at > UINT64_MAX / 2)
            return false;
        at += len;
    }
    table->starts[n_chunks] = at;
    return true;
}

struct posting_table *posting_table_new(struct bytes section, uint32_t n_blocks)
{
    struct posting_table *table = calloc(1, sizeof *table);
    uint32_t n_chunks;
    struct bytes lens;

    if (table == NULL)
        return NULL;
    table->n_blocks = n_blocks;
    column_reader_init(&table->columns, section);
    if (!reader_u32le(&table->columns.rest, &table->n_lists) || table->n_lists > POSTING_LISTS_LIMIT ||
        !column_take_numbers(&table->columns, table->n_lists, &table->counts) || !take_chunks(table) ||
        !column_take_bytes(&table->columns, &lens) || !take_lens(lens, table)) {
        posting_table_free(table);
        return NULL;
    }
    table->bits = reader_rest(&table->columns.rest);
    n_chunks = (uint32_t)chunks_of(table->n_lists);
    if (table->starts[n_chunks] <= (uint64_t)table->bits.len * 8)
        return table;
    posting_table_free(table);
    return NULL;
}

void posting_table_free(struct posting_table *table)
{
    if (table == NULL)
        return;
    for (unsigned context = 0; context < POSTING_CONTEXTS; context++)
        free(table->slots[context]);
    column_reader_clear(&table->columns);
    free(table->starts);
    free(table->places);
    free(table);
}

uint32_t posting_table_lists(const struct posting_table *table)
{
    return table->n_lists;
}

/* What each ten bits begin with. */
static const uint16_t *slots_of(struct posting_table *table, unsigned context)
{
    uint16_t codes[POSTING_SYMBOLS] = { 0 };
    uint16_t *slots = table->slots[context];

    if (slots)
        return slots;
    slots = malloc(CODE_SLOTS * sizeof *slots);
    if (slots == NULL)
        return NULL;
    memset(slots, 0xff, CODE_SLOTS * sizeof *slots);
    make_codes(table->lens[context], codes);
    for (unsigned symbol = 0; symbol < POSTING_SYMBOLS; symbol++) {
        unsigned len = table->lens[context][symbol];

        if (len == 0)
            continue;
        for (unsigned slot = codes[symbol]; slot < CODE_SLOTS; slot += 1u << len)
            slots[slot] = (uint16_t)(symbol << 4 | len);
    }
    return table->slots[context] = slots;
}

/* The 57 bits or more from there on; zeros behind the end. */
static inline uint64_t bits_at(struct bytes bytes, uint64_t bit)
{
    struct reader r = reader_over(bytes);
    uint64_t word = 0;
    uint8_t byte;

    if (!reader_skip(&r, (size_t)(bit / 8)))
        return 0;
    if (!reader_u64le(&r, &word)) {
        for (unsigned i = 0; reader_u8(&r, &byte); i++)
            word |= (uint64_t)byte << 8 * i;
    }
    return word >> bit % 8;
}

/* One list of n blocks at *bit, which moves on behind it. bits may be NULL: then it is passed over. */
static bool take_list(struct posting_table *table, uint32_t n, uint64_t *bit, uint64_t end, uint64_t *bits)
{
    uint64_t at = *bit, next = 0;
    struct rhythm rhythm = { 0 };
    unsigned density;

    if (n > table->n_blocks)
        return false;
    if (!is_written(n, table->n_blocks)) {
        if (n && bits)
            posting_set_all(bits, n);
        return true;
    }
    density = density_of(n, table->n_blocks);
    for (; n; n--) {
        const uint16_t *slots = slots_of(table, density + rhythm_context(&rhythm));
        uint64_t word = bits_at(table->bits, at), gap;
        unsigned slot, len, n_raw;

        if (slots == NULL || at >= end)
            return false;
        slot = slots[word & (CODE_SLOTS - 1)];
        if (slot == CODE_NONE)
            return false;
        len = slot & 15;
        n_raw = raw_bits_of(slot >> 4);
        gap = gap_of(slot >> 4, word >> len & ((UINT64_C(1) << n_raw) - 1));
        at += len + n_raw;
        if (gap >= table->n_blocks || next + gap >= table->n_blocks)
            return false;
        if (bits)
            posting_set_bit(bits, (uint32_t)(next + gap));
        next += gap + 1;
        rhythm_add(&rhythm, gap);
    }
    *bit = at;
    return at <= end;
}

bool posting_table_add(struct posting_table *table, uint32_t list, uint64_t *bits)
{
    uint32_t chunk = list / POSTING_CHUNK_LISTS;
    uint64_t bit, end;
    uint32_t at;

    if (list >= table->n_lists)
        return false;
    if (table->places) {
        bit = table->places[list];
        return take_list(table, (uint32_t)column_number(&table->counts, list), &bit, table->starts[chunk + 1],
                         bits);
    }
    at = chunk * POSTING_CHUNK_LISTS;
    bit = table->starts[chunk];
    end = table->starts[chunk + 1];
    if (table->next_list > at && table->next_list <= list) {
        at = table->next_list;
        bit = table->next_bit;
    }
    for (; at <= list; at++) {
        if (!take_list(table, (uint32_t)column_number(&table->counts, at), &bit, end,
                       at == list ? bits : NULL))
            return false;
    }
    table->next_list = at;
    table->next_bit = bit;
    return true;
}

void posting_table_locate(struct posting_table *table)
{
    uint64_t *places;

    if (table->places || (places = calloc((size_t)table->n_lists + 1, sizeof *places)) == NULL)
        return;
    for (uint32_t list = 0; list < table->n_lists; list++) {
        uint32_t chunk = list / POSTING_CHUNK_LISTS;
        uint64_t bit = list % POSTING_CHUNK_LISTS ? table->next_bit : table->starts[chunk];

        places[list] = bit;
        if (!take_list(table, (uint32_t)column_number(&table->counts, list), &bit, table->starts[chunk + 1],
                       NULL))
            bit = table->starts[chunk + 1]; /* damaged: whoever asks for what follows is told */
        table->next_bit = bit;
    }
    table->next_list = 0; /* from now on not looked at */
    table->places = places;
}
