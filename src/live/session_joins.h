/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_joins - which packet answers which: CoAP requests by token and message id (RFC 7252
 * sections 4.2, 5.3.1), MQTT's packet ids, CONNECT and PINGREQ, flights of a (D)TLS handshake, TCP's SYN, DNS
 * ids. And what was sent again, and silences. Fed with one session's packets in their order.
 *
 * What a packet says is looked at by its fields' values; several messages in a packet are each joined.
 * Bounded: SESSION_JOINS_LIMIT; further requests are not listed.
 */
#pragma once

#include "protocol/dissection.h"

enum { SESSION_JOINS_LIMIT = 4096, SESSION_LABEL_BYTES = 48, SESSION_SILENCES_LIMIT = 512 };

struct session_join {
    uint64_t request, answer; /* numbers; answer 0: none came */
    int64_t request_ns, answer_ns;
    const char *by; /* "coap.token" */
    char label[SESSION_LABEL_BYTES];
    uint32_t n_attempts;
    /* how it is found again */
    bool is_from_device;
    uint64_t key;
};

struct session_silence {
    uint64_t after;
    int64_t from_ns, to_ns;
};

struct session_joins;

struct session_joins *session_joins_new(void); /* NULL without memory */
void session_joins_free(struct session_joins *joins);

/* What a dissection must be asked for; added to *demand. */
void session_joins_demand(struct demand *demand);

/* The next packet. Answers the number of the packet it is a retransmission of; 0: it is none. */
uint64_t session_joins_packet(struct session_joins *joins, const struct dissection *d, bool is_from_device);

const struct session_join *session_joins_list(const struct session_joins *joins, uint32_t *n);
const struct session_silence *session_joins_silences(const struct session_joins *joins, uint32_t *n);
