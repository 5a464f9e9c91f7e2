/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/coap_exchange.h"

#include <stdlib.h>

/* RFC 7252 section 4.8.2: EXCHANGE_LIFETIME. The 145 s of non-confirmable messages are within. */
static const int64_t lifetime_ns = INT64_C(247000000000);

struct key {                                /* hashed and compared whole */
    struct ip_address requester, responder; /* responder: none when the request went to many */
    uint16_t requester_port, responder_port;
    uint16_t token_len;
    uint8_t token[COAP_TOKEN_INLINE];
    uint64_t token_hash; /* of a longer one */
};

static_assert(sizeof(struct key) == 64, "hashed and compared whole: no hidden padding");

struct pair { /* a request and its response by one message id */
    int64_t request_ts_ns, first_ts_ns;
    uint32_t request_frame, response_frame; /* 0: not seen */
    uint16_t message_id;
};

struct exchange {
    uint8_t code;
    uint8_t n_pairs, next_pair;
    bool is_answerable; /* a request was seen: always, but for memory that ran out */
    struct pair pairs[COAP_EXCHANGE_IDS];
    struct coap_keys keys;
    uint32_t uri_len, uri_cap;
    uint8_t *uri_heap; /* uri_cap bytes; NULL: it fits uri */
    uint8_t uri[COAP_URI_INLINE];
};

struct coap_exchanges {
    struct lru_table *table;
};

static void let_go(void *context, const void *key, void *value)
{
    (void)context;
    (void)key;
    free(((struct exchange *)value)->uri_heap);
}

struct coap_exchanges *coap_exchanges_new(uint64_t hash_seed)
{
    const struct lru_table_options options = { .key_bytes = sizeof(struct key),
                                               .value_bytes = sizeof(struct exchange),
                                               .limit = COAP_EXCHANGES,
                                               .hash_seed = hash_seed,
                                               .let_go = let_go };
    struct coap_exchanges *exchanges = calloc(1, sizeof *exchanges);

    if (exchanges)
        exchanges->table = lru_table_new(&options);
    if (exchanges && exchanges->table == NULL) {
        free(exchanges);
        exchanges = NULL;
    }
    return exchanges;
}

void coap_exchanges_free(struct coap_exchanges *exchanges)
{
    if (exchanges)
        lru_table_free(exchanges->table);
    free(exchanges);
}

uint64_t coap_exchanges_forgotten(const struct coap_exchanges *exchanges)
{
    return lru_table_forgotten(exchanges->table);
}

static bool is_multicast(const struct ip_address *address)
{
    static const uint8_t broadcast[4] = { 255, 255, 255, 255 };

    if (address->family == 4)
        return address->bytes[0] >> 4 == 14 || memcmp(address->bytes, broadcast, sizeof broadcast) == 0;
    return address->family == 6 && address->bytes[0] == 0xff;
}

static uint64_t hash_rest(struct bytes token)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a; the table hashes it again, with its seed */

    for (size_t i = COAP_TOKEN_INLINE; i < token.len; i++)
        hash = (hash ^ token.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static struct key key_of(const struct coap_message *message)
{
    const struct conversation_ends *ends = message->ends;
    bool is_request = coap_class_of(message->code) == COAP_CLASS_REQUEST;
    struct key key = { 0 };

    key.requester = is_request ? ends->source : ends->destination;
    key.requester_port = is_request ? ends->source_port : ends->destination_port;
    key.responder = is_request ? ends->destination : ends->source;
    key.responder_port = is_request ? ends->destination_port : ends->source_port;
    if (is_multicast(&key.responder)) { /* section 8: whoever answers does so from an address of its own */
        memset(&key.responder, 0, sizeof key.responder);
        key.responder_port = 0;
    }
    key.token_len = (uint16_t)(message->token.len < UINT16_MAX ? message->token.len : UINT16_MAX);
    if (message->token.len)
        memcpy(key.token, message->token.data,
               message->token.len < sizeof key.token ? message->token.len : sizeof key.token);
    if (message->token.len > sizeof key.token)
        key.token_hash = hash_rest(message->token);
    return key;
}

static struct exchange *find_response(struct coap_exchanges *exchanges, struct key *key)
{
    struct exchange *exchange = lru_table_find(exchanges->table, key);

    if (exchange == NULL) {
        memset(&key->responder, 0, sizeof key->responder);
        key->responder_port = 0;
        exchange = lru_table_find(exchanges->table, key);
    }
    return exchange;
}

static struct bytes uri_of(const struct exchange *exchange)
{
    return bytes_of(exchange->uri_heap ? exchange->uri_heap : exchange->uri, exchange->uri_len);
}

static void uri_keep(struct exchange *exchange, struct bytes uri)
{
    uint8_t *room = exchange->uri;

    if (uri.len > COAP_URI_INLINE && uri.len > exchange->uri_cap) {
        uint8_t *larger = realloc(exchange->uri_heap, uri.len);

        if (larger == NULL)
            uri.len = COAP_URI_INLINE; /* cut, rather than the wrong one */
        exchange->uri_cap = larger ? (uint32_t)uri.len : exchange->uri_cap;
        exchange->uri_heap = larger ? larger : exchange->uri_heap;
    }
    if (exchange->uri_heap)
        room = exchange->uri_heap;
    if (uri.len)
        memcpy(room, uri.data, uri.len);
    exchange->uri_len = (uint32_t)uri.len;
}

/* Longer than any key id in use: none, rather than a part of it. */
static uint8_t keep_key(uint8_t *to, size_t cap, struct bytes key)
{
    if (key.len > cap || key.len == 0)
        return 0;
    memcpy(to, key.data, key.len);
    return (uint8_t)key.len;
}

static struct pair *find_pair(struct exchange *exchange, const struct coap_message *message)
{
    for (unsigned i = 0; i < exchange->n_pairs; i++) {
        struct pair *pair = &exchange->pairs[i];
        int64_t age = message->ts_ns - pair->first_ts_ns;

        if (pair->message_id == message->message_id && age < lifetime_ns && age > -lifetime_ns)
            return pair;
    }
    return NULL;
}

static struct pair *new_pair(struct exchange *exchange, const struct coap_message *message)
{
    struct pair *pair = &exchange->pairs[exchange->next_pair];

    exchange->next_pair = (uint8_t)((exchange->next_pair + 1u) % COAP_EXCHANGE_IDS);
    if (exchange->n_pairs < COAP_EXCHANGE_IDS)
        exchange->n_pairs++;
    *pair = (struct pair) { .first_ts_ns = message->ts_ns, .message_id = message->message_id };
    return pair;
}

static void look_at_request(struct exchange *exchange, const struct coap_message *message, bool is_new,
                            struct coap_match *match)
{
    struct bytes uri = bytes_of(message->options->uri, message->options->uri_len);
    bool is_same = !is_new && exchange->code == message->code && bytes_equal(uri, uri_of(exchange));
    struct pair *pair = is_same && message->has_message_id ? find_pair(exchange, message) : NULL;

    if (pair && pair->request_frame) {
        match->first_frame = pair->request_frame;
        match->response_frame = pair->response_frame;
        return;
    }
    if (!is_same) { /* the token begins anew */
        exchange->n_pairs = 0;
        exchange->next_pair = 0;
        exchange->code = message->code;
        uri_keep(exchange, uri);
    }
    exchange->is_answerable = true;
    exchange->keys.kid_len = keep_key(exchange->keys.kid, COAP_KEYS_BYTES, message->options->kid);
    exchange->keys.kid_context_len =
        keep_key(exchange->keys.kid_context, COAP_KEYS_BYTES, message->options->kid_context);
    exchange->keys.piv_len = keep_key(exchange->keys.piv, sizeof exchange->keys.piv, message->options->piv);
    pair = new_pair(exchange, message);
    pair->request_frame = message->frame;
    pair->request_ts_ns = message->ts_ns;
}

static void look_at_response(struct exchange *exchange, const struct coap_message *message,
                             struct coap_match *match)
{
    struct pair *pair = NULL;

    if (message->has_message_id)
        pair = find_pair(exchange, message);
    else if (exchange->n_pairs) /* in a stream the newest request is the one that is answered */
        pair = &exchange->pairs[(exchange->next_pair + COAP_EXCHANGE_IDS - 1u) % COAP_EXCHANGE_IDS];
    if (pair == NULL) /* a separate response, or a notification */
        pair = new_pair(exchange, message);
    match->request_frame = pair->request_frame;
    match->request_ts_ns = pair->request_ts_ns;
    if (pair->response_frame && message->has_message_id)
        match->first_frame = pair->response_frame;
    else
        pair->response_frame = message->frame;
    match->uri = uri_of(exchange);
    match->keys = &exchange->keys;
}

void coap_exchange_look(struct coap_exchanges *exchanges, const struct coap_message *message,
                        struct coap_match *match)
{
    struct key key = key_of(message);
    struct exchange *exchange;
    bool is_new = false;

    *match = (struct coap_match) { 0 };
    if (message->token.len == 0 || message->code == COAP_CODE_EMPTY)
        return;
    if (coap_class_of(message->code) == COAP_CLASS_REQUEST) {
        exchange = lru_table_put(exchanges->table, &key, &is_new);
        if (exchange == NULL)
            return;
        match->is_known = true;
        look_at_request(exchange, message, is_new, match);
    } else if (coap_is_response(message->code)) {
        exchange = find_response(exchanges, &key);
        if (exchange == NULL)
            return;
        match->is_known = true;
        look_at_response(exchange, message, match);
    }
}
