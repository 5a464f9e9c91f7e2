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
    char session[160];   /* id of its session (session_view.h); "" none */
};

/* question: scope alone counts. *details is cleared by the caller in any case. */
enum details_result packet_details_find(struct archive_reader *reader, struct archive_devices *devices,
                                        const struct scope *scope, uint64_t number, const atomic_bool *stop,
                                        struct packet_details *details, struct error *error);
void packet_details_clear(struct packet_details *details);
