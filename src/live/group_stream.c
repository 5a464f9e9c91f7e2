/* SPDX-License-Identifier: Apache-2.0 */
#include "live/group_stream.h"

#include <stdlib.h>

enum {
    RATE_SLOTS = 11, /* tenths: the last second's, and the one under way */
    TAIL_TEXT_BYTES = 2048 + 768,
};

#define RATE_SLOT_NS INT64_C(100000000)

struct kept_row { /* a row that may still be pushed out by newer ones */
    struct row row;
    char text[TAIL_TEXT_BYTES];
};

struct group_stream {
    struct live_question *question;
    struct group_outlet outlet;
    uint64_t from;
    bool wants_rows, has_news;
    struct hub_count count;
    int64_t told_count_ns;
    /* rows under way */
    struct row_frame *frame;
    uint64_t frame_first, frame_last;
    int64_t frame_began_ns;
    /* the tail */
    struct kept_row *tail; /* TAIL_ROWS of them, made when first needed */
    uint32_t n_tail, next_tail;
    int64_t told_tail_ns;
    struct hub_gap let_go;     /* frames for which there was no room */
    uint32_t rate[RATE_SLOTS]; /* matched in each */
    int64_t rate_slot;
    uint32_t n_recent; /* in nine whole ones, and the one under way */
    /* bars that wait */
    struct bar {
        int64_t second;
        const char *protocol;
        uint32_t n;
    } bars[GROUP_BARS];
    uint32_t n_bars, last_bar;
};

struct group_stream *group_stream_new(struct live_question *question, const struct group_outlet *outlet)
{
    struct group_stream *stream = calloc(1, sizeof *stream);

    if (stream == NULL) {
        live_question_free(question);
        return NULL;
    }
    stream->question = question;
    stream->outlet = *outlet;
    stream->frame = row_frame_new();
    if (stream->frame == NULL) {
        group_stream_free(stream);
        return NULL;
    }
    return stream;
}

void group_stream_free(struct group_stream *stream)
{
    if (stream == NULL)
        return;
    live_question_free(stream->question);
    row_frame_free(stream->frame);
    free(stream->tail);
    free(stream);
}

const struct live_question *group_stream_question(const struct group_stream *stream)
{
    return stream->question;
}

void group_stream_begin(struct group_stream *stream, uint64_t number)
{
    stream->from = number;
}

/* ---- frames ---- */

static void let_go(struct group_stream *stream, uint64_t first, uint64_t last, uint32_t n)
{
    struct hub_gap *gap = &stream->let_go;

    if (gap->n == 0)
        *gap = (struct hub_gap) { .cause = HUB_GAP_VIEWER, .first = first };
    gap->last = last;
    gap->n += n;
    stream->count.n_tail += n;
}

static void tell_let_go(struct group_stream *stream)
{
    if (stream->let_go.n > 0)
        stream->outlet.gap(stream->outlet.context, &stream->let_go);
    stream->let_go.n = 0;
}

static void tell_frame(struct group_stream *stream, uint32_t flags)
{
    uint32_t n = row_frame_rows(stream->frame);
    struct shared_bytes *bytes;

    if (n == 0)
        return;
    bytes = row_frame_end(stream->frame, flags);
    if (bytes &&
        stream->outlet.frame(stream->outlet.context, bytes, n, stream->frame_first, stream->frame_last))
        stream->count.n_framed += n;
    else
        let_go(stream, stream->frame_first, stream->frame_last, n);
}

static void put_row(struct group_stream *stream, const struct row *row, uint32_t flags, int64_t now_ns)
{
    if (!row_frame_add(stream->frame, row)) {
        tell_frame(stream, flags);
        if (!row_frame_add(stream->frame, row)) { /* no memory */
            let_go(stream, row->number, row->number, 1);
            return;
        }
    }
    if (row_frame_rows(stream->frame) == 1) {
        stream->frame_first = row->number;
        stream->frame_began_ns = now_ns;
    }
    stream->frame_last = row->number;
    if (row_frame_rows(stream->frame) == ROW_FRAME_ROWS)
        tell_frame(stream, flags);
}

/* ---- the tail ---- */

static struct bytes keep(struct kept_row *kept, size_t *at, struct bytes text)
{
    size_t len = text.len < sizeof kept->text - *at ? text.len : sizeof kept->text - *at;
    char *copy = kept->text + *at;

    if (len)
        memcpy(copy, text.data, len);
    *at += len;
    return bytes_of(copy, len);
}

static void keep_row(struct group_stream *stream, const struct row *row)
{
    struct kept_row *kept;
    size_t at = 0;

    if (stream->tail == NULL && (stream->tail = calloc(TAIL_ROWS, sizeof *stream->tail)) == NULL) {
        stream->count.n_tail++;
        return;
    }
    kept = &stream->tail[stream->next_tail];
    kept->row = *row;
    kept->row.source = keep(kept, &at, row->source);
    kept->row.destination = keep(kept, &at, row->destination);
    kept->row.protocol = keep(kept, &at, row->protocol);
    kept->row.info = keep(kept, &at, row->info);
    kept->row.device = keep(kept, &at, row->device);
    stream->next_tail = (stream->next_tail + 1) % TAIL_ROWS;
    if (stream->n_tail < TAIL_ROWS)
        stream->n_tail++;
    else
        stream->count.n_tail++; /* the one it took the place of */
}

static void tell_tail(struct group_stream *stream, int64_t now_ns)
{
    stream->told_tail_ns = now_ns;
    for (uint32_t i = 0; i < stream->n_tail; i++)
        put_row(stream, &stream->tail[(stream->next_tail + TAIL_ROWS - stream->n_tail + i) % TAIL_ROWS].row,
                ROW_FRAME_TAIL, now_ns);
    stream->n_tail = 0;
    tell_frame(stream, ROW_FRAME_TAIL);
}

/* ---- the rate ---- */

static uint32_t *rate_slot(struct group_stream *stream, int64_t slot)
{
    return &stream->rate[slot % RATE_SLOTS];
}

static void turn_rate(struct group_stream *stream, int64_t now_ns)
{
    int64_t slot = now_ns / RATE_SLOT_NS;
    uint32_t sum = 0;

    if (slot == stream->rate_slot)
        return;
    for (int64_t i = stream->rate_slot + 1; i <= slot && i <= stream->rate_slot + RATE_SLOTS; i++)
        *rate_slot(stream, i) = 0;
    stream->rate_slot = slot;
    for (unsigned i = 0; i < RATE_SLOTS; i++)
        sum += stream->rate[i];
    stream->count.per_second = sum;
    stream->n_recent = sum - *rate_slot(stream, slot + 1); /* the oldest */
    if (!stream->count.is_tail || sum >= TAIL_LEAVE_PER_SECOND)
        return;
    tell_tail(stream, now_ns);
    stream->count.is_tail = false;
}

static void count_rate(struct group_stream *stream, int64_t now_ns)
{
    turn_rate(stream, now_ns);
    ++*rate_slot(stream, stream->rate_slot);
    if (++stream->n_recent <= TAIL_ENTER_PER_SECOND || stream->count.is_tail)
        return;
    tell_frame(stream, 0); /* what came before it is not of the tail */
    stream->count.is_tail = true;
    stream->told_tail_ns = now_ns;
}

/* ---- bars ---- */

static void tell_bars(struct group_stream *stream)
{
    struct hub_bar bars[GROUP_BARS];

    for (uint32_t i = 0; i < stream->n_bars; i++) {
        size_t len = strnlen(stream->bars[i].protocol, HUB_BAR_NAME_BYTES - 1);

        bars[i] = (struct hub_bar) { .second = stream->bars[i].second, .n = stream->bars[i].n };
        memcpy(bars[i].protocol, stream->bars[i].protocol, len);
    }
    if (stream->n_bars > 0)
        stream->outlet.bars(stream->outlet.context, bars, stream->n_bars);
    stream->n_bars = stream->last_bar = 0;
}

static int64_t second_of(int64_t ts_ns)
{
    int64_t second = ts_ns / INT64_C(1000000000);

    return ts_ns < 0 && ts_ns % INT64_C(1000000000) ? second - 1 : second;
}

static void count_bar(struct group_stream *stream, int64_t ts_ns, const char *protocol)
{
    int64_t second = second_of(ts_ns);

    for (uint32_t i = 0; i < stream->n_bars; i++) {
        struct bar *bar = &stream->bars[(stream->last_bar + i) % stream->n_bars]; /* the last one is likely */

        if (bar->second == second && bar->protocol == protocol) {
            bar->n++;
            stream->last_bar = (uint32_t)(bar - stream->bars);
            return;
        }
    }
    if (stream->n_bars == GROUP_BARS)
        tell_bars(stream);
    stream->last_bar = stream->n_bars;
    stream->bars[stream->n_bars++] = (struct bar) { second, protocol, 1 };
}

/* ---- packets ---- */

bool group_stream_has_begun(const struct group_stream *stream, uint64_t number)
{
    return number >= stream->from;
}

void group_stream_saw(struct group_stream *stream, uint64_t number, int64_t ts_ns)
{
    stream->count.through = number;
    stream->count.n_seen++;
    stream->count.last_ts_ns = ts_ns;
    stream->has_news = true;
}

void group_stream_matched(struct group_stream *stream, const struct row *row, const char *protocol,
                          int64_t now_ns)
{
    stream->count.n_matched++;
    count_rate(stream, now_ns);
    count_bar(stream, row->ts_ns, protocol);
    if (!stream->wants_rows)
        stream->count.n_tail++;
    else if (stream->count.is_tail)
        keep_row(stream, row);
    else
        put_row(stream, row, 0, now_ns);
}

static void tell_rows(struct group_stream *stream, int64_t now_ns)
{
    if (stream->count.is_tail)
        tell_tail(stream, now_ns);
    else
        tell_frame(stream, 0);
}

void group_stream_want_rows(struct group_stream *stream, bool wants_rows)
{
    if (stream->wants_rows && !wants_rows) { /* nobody is there to be told */
        stream->count.n_tail += stream->n_tail + row_frame_rows(stream->frame);
        stream->n_tail = 0;
        shared_bytes_release(row_frame_end(stream->frame, 0));
    }
    stream->wants_rows = wants_rows;
}

void group_stream_tick(struct group_stream *stream, int64_t now_ns)
{
    turn_rate(stream, now_ns);
    if (stream->count.is_tail
            ? stream->n_tail > 0 && now_ns - stream->told_tail_ns >= TAIL_EVERY_NS
            : row_frame_rows(stream->frame) > 0 && now_ns - stream->frame_began_ns >= FRAME_AGE_NS)
        tell_rows(stream, now_ns);
    if (!stream->has_news || now_ns - stream->told_count_ns < COUNT_EVERY_NS)
        return;
    tell_rows(stream, now_ns); /* so that what is counted as matched was told, or is counted as left out */
    tell_let_go(stream);
    stream->outlet.count(stream->outlet.context, &stream->count);
    tell_bars(stream);
    stream->told_count_ns = now_ns;
    /* The rate is told once more when it has gone down. */
    stream->has_news = stream->count.per_second > 0;
}
