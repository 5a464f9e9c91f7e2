/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary - what one packet is about, in a line: from where to where, the innermost protocol known here, and
 * a sentence, as tshark's Source, Destination, Protocol and Info columns have them. For people: `find` prints
 * it, the live rows carry it. What it says comes from a dissection that was asked for summarizer_demand.
 *
 * Ends have their ports with them, so a sentence begins with what happened. What a sentence must not do: grow
 * with what strangers send (texts and the whole are cut, and say so by "…"), or hand them a terminal's
 * control characters.
 *
 * One small file a protocol family makes the sentences (summary_*.c; contract: summary_sentence.h).
 */
#pragma once

#include "protocol/dissection.h"

enum {
    SUMMARY_END_BYTES = 64,    /* "[2001:db8::1]:5684", and its zero */
    SUMMARY_INFO_BYTES = 1024, /* of a sentence; longer ones are cut, and end with "…" */
    SUMMARY_FIELDS_LIMIT = 256,
};

/* What a row is tinted by; the greater one counts. */
enum summary_severity {
    SUMMARY_GOOD,
    SUMMARY_WARNING, /* sent again, out of order, cut by the capture, pieces missing, a warning alert */
    SUMMARY_ERROR, /* refused (CoAP 4.04, MQTT's reason codes), reset, unreachable, fatal alert, malformed */
};

struct packet_summary {
    enum summary_severity severity;
    const char *protocol;                /* "CoAP", "DTLSv1.2"; a constant */
    char source[SUMMARY_END_BYTES];      /* "192.0.2.1:40020", a hardware address, or "" */
    char destination[SUMMARY_END_BYTES]; /* likewise */
    size_t info_len;
    char info[SUMMARY_INFO_BYTES + 4]; /* UTF-8 without control characters; ends with a zero */
};

/* The fields that sentences are made from, found by their names once. */
struct summarizer {
    uint16_t ids[SUMMARY_FIELDS_LIMIT];
    uint16_t first[PROTOCOL_COUNT]; /* of each protocol's, in ids */
};

void summarizer_init(struct summarizer *summarizer);

/* What a dissection must be asked for; to be merged with others'. */
void summarizer_demand(const struct summarizer *summarizer, struct demand *demand);

/* Fills *summary. No allocation; the dissection is only read. Thread-safe. */
void summarize(const struct summarizer *summarizer, const struct dissection *d,
               struct packet_summary *summary);
