/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_view - the exchange of one session: its packets in both directions, requests joined to their
 * answers, what was sent again, what was never answered, and where nothing went for long. What a ladder is
 * drawn from.
 *
 * A session's id says all that is needed to find it again, so none is stored:
 *
 *     n-<number>-<ns of its first span>-<address>_<port>   of a device: the tracker's session (device table)
 *     f-<ip protocol>-<ns of a packet>-<address>_<port>-<address>_<port>   a conversation that nobody is
 * known of
 */
#pragma once

#include "base/json_writer.h"
#include "live/archive_rows.h"

enum {
    SESSION_ID_BYTES = 160,
    SESSION_PACKETS_LIMIT = 2000,
    SESSION_SPANS_LIMIT = 4096,
    SESSION_TIME_MS = 2000,
    SESSION_BESIDE_S = 3600, /* so far beside its packet a conversation without a device is looked for */
    SESSION_SILENCE_S = 30,  /* longer is told */
    SESSION_WAITING_S = 30,  /* an answer may come so long */
};

/* The id of a binding's session, first_ns being the beginning of its first span at that end. */
void session_id_of_binding(const struct binding *binding, char *id, size_t room);

/* The id of the session that a dissected packet is of; "" when it is of no conversation. */
void session_id_of_packet(struct archive_devices *devices, const struct dissection *d, char *id, size_t room);

struct session_question {
    struct scope scope;
    const char *id;
    uint64_t from; /* number to go on from; 0: the first */
    uint32_t n;
    const atomic_bool *stop;
};

enum session_result { SESSION_FOUND, SESSION_NOT_HERE, SESSION_FAULT };

/* Writes the answer, as openapi.json's Session. */
enum session_result session_view_put(struct archive_reader *reader, struct archive_devices *devices,
                                     const struct session_question *question, struct json_writer *json,
                                     struct error *error);
