/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet_details - one packet, taken apart: its row, its layers and their fields with the bytes they stand
 * in, as our own dissection has them; and its bytes. Within a scope: what is outside is not there.
 */
#pragma once

#include "base/json_writer.h"
#include "live/archive_rows.h"

enum details_result {
    DETAILS_FOUND,
    DETAILS_NOT_HERE,
    DETAILS_FAULT,
};

struct packet_details {
    struct row row; /* texts in `texts` */
    struct buffer texts;
    struct buffer layers; /* JSON: an array, as openapi.json's Layer; [] when the level shows none */
    char interface[INTERFACE_TEXT_BYTES];
    uint16_t linktype;
    uint32_t caplen;
    struct buffer bytes; /* of the packet: for who takes it apart otherwise, and for BYTES_FULL */
    bool has_flow;
    struct flow_key flow; /* its conversation */
    char session[160];    /* id of its session (session_view.h); "" none */
};

/* question: scope alone counts. *details is cleared by the caller in any case. */
enum details_result packet_details_find(struct archive_reader *reader, struct archive_devices *devices,
                                        const struct scope *scope, uint64_t number, const atomic_bool *stop,
                                        struct packet_details *details, struct error *error);
void packet_details_clear(struct packet_details *details);

/*
 * The packet and what came before of its conversation, within the scope: a whole pcapng, *n_frames in it, of
 * which the last is the packet. For who takes it apart otherwise (sharkd).
 */
enum { CONTEXT_PACKETS = 64, CONTEXT_NUMBERS = 100000, CONTEXT_S = 120 };
bool packet_context_put(struct archive_reader *reader, struct archive_devices *devices,
                        const struct scope *scope, const struct packet_details *details,
                        const atomic_bool *stop, struct buffer *capture, uint32_t *n_frames,
                        struct error *error);
