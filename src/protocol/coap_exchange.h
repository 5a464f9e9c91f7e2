/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coap_exchange - which response belongs to which request (RFC 7252 section 5.3.2), what was sent before
 * (section 4.5), and the path a response answers to.
 *
 * A response carries the request's token, and comes from where the request went. A token is the client's to
 * use again: what it stood for before is forgotten with the next request, unlike Wireshark, where the first
 * path stays for ever. Message ids come around too: two with the same one are copies only within the time
 * that section 4.8.2 gives them. An empty token is not followed, as in Wireshark.
 */
#pragma once

#include "base/lru_table.h"
#include "protocol/coap_option.h"
#include "protocol/flow.h"

enum {
    COAP_EXCHANGES = 1 << 13, /* tokens in use */
    COAP_EXCHANGE_IDS = 8,    /* message ids remembered of each */
    COAP_TOKEN_INLINE = 16,   /* of longer ones the beginning and a hash are kept */
    COAP_URI_INLINE = 64,     /* longer paths lie on the heap, with the exchange */
    COAP_KEYS_BYTES = 16,     /* of a kid or kid context; 13 - 6 are allowed with AES-CCM */
};

struct coap_exchanges;

struct coap_exchanges *coap_exchanges_new(uint64_t hash_seed); /* NULL without memory */
void coap_exchanges_free(struct coap_exchanges *exchanges);
uint64_t coap_exchanges_forgotten(const struct coap_exchanges *exchanges);

struct coap_message { /* what is told by it, and asked of it */
    const struct conversation_ends *ends;
    const struct coap_options *options;
    struct bytes token;
    int64_t ts_ns;
    uint32_t frame;
    uint16_t message_id;
    uint8_t code;
    bool has_message_id; /* in datagrams; streams neither lose nor repeat */
};

struct coap_keys { /* of a request's OSCORE option */
    uint8_t kid_len, kid_context_len, piv_len;
    uint8_t kid[COAP_KEYS_BYTES], kid_context[COAP_KEYS_BYTES], piv[8];
};

struct coap_match {
    bool is_known;           /* a request with this token was seen, this one or an earlier one */
    uint32_t request_frame;  /* response: of the request with the same message id; 0 for none */
    uint32_t response_frame; /* request sent before: of the response to it; 0 for none */
    int64_t request_ts_ns;
    uint32_t first_frame;         /* of the same message, sent before; 0 for none */
    struct bytes uri;             /* response: of the request; borrowed until the next call */
    const struct coap_keys *keys; /* of the request; likewise */
};

/* Looks a message up and remembers it. */
void coap_exchange_look(struct coap_exchanges *exchanges, const struct coap_message *message,
                        struct coap_match *match);
