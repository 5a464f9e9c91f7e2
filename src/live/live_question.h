/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_question - a question (live/scope.h) made ready to be held against packets as they come: filters of
 * scope and asker, devices by all their names, time. What is past is asked of the archive in other ways; this
 * knows no more than the packet at hand and what the tracker says of it.
 */
#pragma once

#include "live/live_devices.h"
#include "live/scope.h"

struct live_question;

/*
 * archive: directory with the device table that knows a device's other names; may be NULL. NULL with *error
 * set: a filter's fault, with its place.
 */
struct live_question *live_question_new(const struct question *question, const char *archive,
                                        struct error *error);
void live_question_free(struct live_question *question);

/* Both ask the same, and may see the same. */
bool live_question_equals(const struct live_question *question, const struct question *other);

/* What a dissection must be asked for; to be merged. */
void live_question_demand(const struct live_question *question, struct demand *demand);

enum live_answer {
    LIVE_OUTSIDE, /* of the scope: whoever asks is not told that there was such a packet */
    LIVE_INSIDE,  /* of the scope, and not what is asked for */
    LIVE_MATCH,
};

/* Thread-safe: the question is not changed. */
enum live_answer live_question_judge(const struct live_question *question, const struct dissection *d,
                                     const struct packet_owner *owner);
