/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appsync_event - one packet as the JSON event that pages of the packet capture example for AppSync Events
 * read: capturedAt, protocol, sourceIp, sourcePort, lengthBytes, note, layers [{name, summary, fields
 * [{label, value, subFields}]}], the last layer "Data" with "Hex Dump" and "Text View" of at most 256 bytes.
 * Members of ours beside those: number, destinationIp, destinationPort, device, info. Such pages pass over
 * what they do not know.
 *
 * capturedAt is the packet's own time, not that of its parsing.
 */
#pragma once

#include "base/buffer.h"
#include "protocol/summary.h"

enum { APPSYNC_EVENT_DATA_BYTES = 256 }; /* as there: of more, "… (N more bytes)" is said */

struct appsync_event_parts {
    const struct dissection *d;           /* with everything in demand */
    const struct packet_summary *summary; /* of the same */
    struct bytes device;                  /* empty: nobody known */
    bool has_fields; /* layers with their fields; without: their names and the summary's sentence */
    bool has_data;   /* the "Data" layer */
};

/* Appends it. False when out is full. */
bool appsync_event_put(struct buffer *out, const struct appsync_event_parts *parts);
