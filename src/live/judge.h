/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge - a question made ready to be held against packets: what the scope covers and the asker wants. The
 * one place where both become filters and spans of devices: what answers with packets, counts or names asks a
 * judge, so that none can forget the scope.
 *
 * Filters of scope and asker are compiled each by itself. (Rejected: their texts joined by &&; then a text
 * with an odd parenthesis would say more than its part.)
 */
#pragma once

#include "live/archive_devices.h"
#include "live/scope.h"
#include "filter/filter.h"

struct judge;

enum judge_result {
    JUDGE_READY,
    JUDGE_REFUSED, /* the asker's filter is wrong, or asks beyond his level: *error with its place */
    JUDGE_FAULT,   /* *error */
};

/* devices: asked where the device was, up to now; may be NULL when the question names none. The question's
 * texts are borrowed for the judge's life. */
enum judge_result judge_new(const struct question *question, struct archive_devices *devices,
                            struct judge **judge, struct error *error);
void judge_free(struct judge *judge);

/* Only packets of these spans, besides; settled, and taken. The question must not have named a device. */
void judge_narrow(struct judge *judge, struct device_match *match);

/* What a dissection must be asked for; not settled. */
const struct demand *judge_demand(const struct judge *judge);

/* Packets in the order of time, all that the hint leaves: for datagrams in pieces and streams. */
bool judge_packet(struct judge *judge, const struct dissection *d);

/* Time and numbers are all that is asked: every packet of both is one. */
bool judge_takes_all(const struct judge *judge);
const struct number_ranges *judge_numbers(const struct judge *judge);
const struct time_range *judge_range(const struct judge *judge);

/* The one filter that all depends on besides time; NULL: there is none, or not it alone. */
const struct filter *judge_filter(const struct judge *judge);

enum hint_memory judge_memory(const struct judge *judge);

/*
 * What an index may rule out, for packets of that time (within the judge's own range); and what came before
 * of the conversations (NULL unless the memory is that of conversations). Freed by hint_free.
 */
struct judge_hint {
    struct hint *hint, *past;
    void *room[6];
};
bool judge_hint_make(const struct judge *judge, const struct time_range *range, struct judge_hint *hint,
                     struct error *error);
void judge_hint_clear(struct judge_hint *hint);
