/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appsync_channel - names of channels as AWS AppSync Events has them: one to five segments of letters, digits
 * and "-", such as /packets/capture; the first is the namespace. A subscription may end in "*", which takes
 * everything below, at any depth, and not the name before it.
 */
#pragma once

#include "base/buffer.h"

enum {
    APPSYNC_SEGMENTS = 5,
    APPSYNC_SEGMENT_BYTES = 50,
    APPSYNC_CHANNEL_BYTES = APPSYNC_SEGMENTS * (APPSYNC_SEGMENT_BYTES + 1),
};

struct appsync_channel {
    char text[APPSYNC_CHANNEL_BYTES + 1]; /* "/packets/capture": with the leading slash, without a last one */
    uint16_t len;
    bool is_wild; /* text then ends before the "/" of its "*": "/packets" of "/packets/…" */
};

/* False when it is no channel's name, or ends in "*" and may not. Upper and lower case differ. */
bool appsync_channel_parse(struct bytes text, bool may_be_wild, struct appsync_channel *channel);

/* What is published there reaches who asked for that. */
bool appsync_channel_matches(const struct appsync_channel *asked, const struct appsync_channel *published);

/* All that inner takes, outer takes too. */
bool appsync_channel_covers(const struct appsync_channel *outer, const struct appsync_channel *inner);

/*
 * The channel /packets/NAME of a device. What a segment cannot hold becomes "-"; a name that lost something
 * by that bears eight hexadecimal digits of its hash, so that two devices never share one by accident.
 */
void appsync_channel_of_device(struct bytes name, struct appsync_channel *channel);
