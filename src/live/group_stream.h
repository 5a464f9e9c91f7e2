/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_stream - what one question makes of the packets as they come: counts, bars of the timeline, and
 * frames of rows, each made once however many look at them. The hub's thread; knows no threads, no listeners.
 *
 * Above TAIL_ENTER_PER_SECOND matched rows a second only the newest TAIL_ROWS are framed, each TAIL_EVERY_NS;
 * counts and bars stay exact. What was matched is in a frame or left out, and both are counted.
 */
#pragma once

#include "live/hub.h"
#include "live/live_question.h"
#include "live/row_frame.h"

enum {
    TAIL_ENTER_PER_SECOND = 2000,
    TAIL_LEAVE_PER_SECOND = 1500,
    TAIL_ROWS = 60,
    GROUP_BARS = 128, /* seconds and protocols that wait to be told; full: told at once */
};

#define FRAME_AGE_NS INT64_C(50000000)
#define TAIL_EVERY_NS INT64_C(80000000)
#define COUNT_EVERY_NS INT64_C(250000000)

struct group_stream;

/* Whom the stream tells. False of frame: there is no room, its rows are as good as left out. */
struct group_outlet {
    void *context;
    /* Takes the reference. */
    bool (*frame)(void *context, struct shared_bytes *frame, uint32_t n_rows, uint64_t first, uint64_t last);
    /* All rows up to count->through that were to be told have been. */
    void (*count)(void *context, const struct hub_count *count);
    void (*bars)(void *context, const struct hub_bar *bars, uint32_t n);
    void (*gap)(void *context, const struct hub_gap *gap);
};

/* Takes the question, also on failure. NULL without memory. */
struct group_stream *group_stream_new(struct live_question *question, const struct group_outlet *outlet);
void group_stream_free(struct group_stream *stream);

const struct live_question *group_stream_question(const struct group_stream *stream);

/* Packets below that number are not looked at. */
void group_stream_begin(struct group_stream *stream, uint64_t number);

/* Whether rows are framed at all. */
void group_stream_want_rows(struct group_stream *stream, bool wants_rows);

bool group_stream_has_begun(const struct group_stream *stream, uint64_t number);

/* A packet of the question's scope. What is outside of it is not told by anything the stream tells. */
void group_stream_saw(struct group_stream *stream, uint64_t number, int64_t ts_ns);

/* It matches. row and its strings are copied; protocol is a constant. now_ns: of the monotonic clock. */
void group_stream_matched(struct group_stream *stream, const struct row *row, const char *protocol,
                          int64_t now_ns);

/* What is due is told: frames by age, tails, counts. Between batches, at least each 20 ms. */
void group_stream_tick(struct group_stream *stream, int64_t now_ns);
