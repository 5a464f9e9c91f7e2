/* SPDX-License-Identifier: Apache-2.0 */
#include "live/session_joins.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timestamp.h"
#include "live/session_view.h"

enum { SENT_REMEMBERED = 1024 };

enum joins_field {
    COAP_TYPE,
    COAP_CODE,
    COAP_MID,
    COAP_TOKEN,
    MQTT_TYPE,
    MQTT_ID,
    MQTT_QOS,
    DTLS_TYPE,
    DTLS_SEQUENCE,
    DTLS_CONTENT,
    TLS_TYPE,
    TCP_SYN,
    TCP_ACK,
    TCP_SEQUENCE,
    TCP_LEN,
    TCP_AGAIN,
    DNS_ID,
    DNS_RESPONSE,
    JOINS_FIELDS
};

static const char *const names[JOINS_FIELDS] = {
    [COAP_TYPE] = "coap.type",
    [COAP_CODE] = "coap.code",
    [COAP_MID] = "coap.mid",
    [COAP_TOKEN] = "coap.token",
    [MQTT_TYPE] = "mqtt.msgtype",
    [MQTT_ID] = "mqtt.msgid",
    [MQTT_QOS] = "mqtt.qos",
    [DTLS_TYPE] = "dtls.handshake.type",
    [DTLS_SEQUENCE] = "dtls.handshake.message_seq",
    [DTLS_CONTENT] = "dtls.record.content_type",
    [TLS_TYPE] = "tls.handshake.type",
    [TCP_SYN] = "tcp.flags.syn",
    [TCP_ACK] = "tcp.flags.ack",
    [TCP_SEQUENCE] = "tcp.seq_raw",
    [TCP_LEN] = "tcp.len",
    [TCP_AGAIN] = "tcp.analysis.retransmission",
    [DNS_ID] = "dns.id",
    [DNS_RESPONSE] = "dns.flags.response",
};

struct sent { /* what would be the same if it were sent again */
    uint64_t number;
    uint64_t key;
    bool is_from_device;
};

struct session_joins {
    uint16_t ids[JOINS_FIELDS];
    struct session_join *list;
    uint32_t n, cap;
    struct session_silence silences[SESSION_SILENCES_LIMIT];
    uint32_t n_silences;
    struct sent sent[SENT_REMEMBERED];
    uint32_t n_sent; /* in all: a ring */
    uint64_t last_number;
    int64_t last_ns;
    /* the packet at hand */
    const struct dissection *d;
    bool is_from_device;
    uint64_t repeats;
};

struct session_joins *session_joins_new(void)
{
    struct session_joins *joins = calloc(1, sizeof *joins);

    for (unsigned i = 0; joins && i < JOINS_FIELDS; i++)
        joins->ids[i] = field_find(names[i], strlen(names[i]));
    return joins;
}

void session_joins_free(struct session_joins *joins)
{
    if (joins)
        free(joins->list);
    free(joins);
}

void session_joins_demand(struct demand *demand)
{
    for (unsigned i = 0; i < JOINS_FIELDS; i++) {
        uint16_t id = field_find(names[i], strlen(names[i]));

        if (id != FIELD_ID_NONE)
            demand_add_field(demand, id);
    }
}

/* ---- values ---- */

struct nth {
    uint32_t wanted, at;
    struct value value;
    bool is_found;
};

static bool take_nth(void *context, const struct value *value)
{
    struct nth *nth = context;

    if (nth->at++ < nth->wanted)
        return true;
    nth->value = *value;
    nth->is_found = true;
    return false;
}

static bool value_of(const struct session_joins *joins, enum joins_field field, uint32_t n,
                     struct value *value)
{
    struct nth nth = { .wanted = n };

    if (joins->ids[field] == FIELD_ID_NONE)
        return false;
    dissection_values(joins->d, joins->ids[field], take_nth, &nth);
    *value = nth.value;
    return nth.is_found;
}

static bool number_of(const struct session_joins *joins, enum joins_field field, uint32_t n, uint64_t *number)
{
    struct value value;

    if (!value_of(joins, field, n, &value))
        return false;
    *number = value.number;
    return true;
}

static bool is_set(const struct session_joins *joins, enum joins_field field)
{
    uint64_t number;

    return number_of(joins, field, 0, &number) && number != 0;
}

static uint64_t key_of_bytes(struct bytes bytes)
{
    uint64_t key = 14695981039346656037U;

    for (size_t i = 0; i < bytes.len; i++)
        key = (key ^ bytes.data[i]) * 1099511628211U;
    return key ^ bytes.len << 56;
}

/* ---- joining ---- */

static void ask(struct session_joins *joins, const char *by, uint64_t key, const char *label)
{
    const struct packet *packet = joins->d->packet;

    for (uint32_t i = joins->n; i-- > 0 && joins->n - i < 256;) { /* sent again: one request */
        struct session_join *join = &joins->list[i];

        if (join->by == by && join->key == key && join->is_from_device == joins->is_from_device &&
            join->answer == 0 && packet->ts_ns - join->request_ns < 247 * NS_PER_SECOND) {
            join->n_attempts++;
            if (joins->repeats == 0)
                joins->repeats = join->request;
            return;
        }
    }
    if (joins->n == SESSION_JOINS_LIMIT)
        return;
    if (joins->n == joins->cap) {
        uint32_t cap = joins->cap ? 2 * joins->cap : 64;
        struct session_join *list = realloc(joins->list, cap * sizeof *list);

        if (list == NULL)
            return;
        joins->list = list;
        joins->cap = cap;
    }
    joins->list[joins->n] = (struct session_join) { .request = packet->packet_id,
                                                    .request_ns = packet->ts_ns,
                                                    .by = by,
                                                    .n_attempts = 1,
                                                    .is_from_device = joins->is_from_device,
                                                    .key = key };
    snprintf(joins->list[joins->n].label, SESSION_LABEL_BYTES, "%s", label);
    joins->n++;
}

/* The last one that waits for it, asked by the other end. True: it was that. */
static bool answer(struct session_joins *joins, const char *by, uint64_t key)
{
    for (uint32_t i = joins->n; i-- > 0;) {
        struct session_join *join = &joins->list[i];

        if (join->by != by || join->key != key || join->is_from_device == joins->is_from_device ||
            join->answer)
            continue;
        join->answer = joins->d->packet->packet_id;
        join->answer_ns = joins->d->packet->ts_ns;
        return true;
    }
    return false;
}

static void note_sent(struct session_joins *joins, uint64_t key)
{
    uint32_t n = joins->n_sent < SENT_REMEMBERED ? joins->n_sent : SENT_REMEMBERED;

    for (uint32_t i = 0; i < n; i++) {
        const struct sent *sent = &joins->sent[i];

        if (sent->key == key && sent->is_from_device == joins->is_from_device) {
            joins->repeats = sent->number;
            return;
        }
    }
    joins->sent[joins->n_sent++ % SENT_REMEMBERED] =
        (struct sent) { joins->d->packet->packet_id, key, joins->is_from_device };
}

static const char by_token[] = "coap.token", by_mid[] = "coap.mid", by_mqtt[] = "mqtt.msgid",
                  by_connect[] = "mqtt.connect", by_ping[] = "mqtt.ping", by_dtls[] = "dtls.flight",
                  by_tls[] = "tls.flight", by_tcp[] = "tcp.handshake", by_dns[] = "dns.id";

enum { COAP_CON, COAP_NON, COAP_ACK, COAP_RST };

static void look_at_coap(struct session_joins *joins)
{
    uint64_t type, code, mid;

    for (uint32_t n = 0; n < 8 && number_of(joins, COAP_TYPE, n, &type) &&
                         number_of(joins, COAP_CODE, n, &code) && number_of(joins, COAP_MID, n, &mid);
         n++) {
        struct value token = { .type = FIELD_NONE };
        char label[SESSION_LABEL_BYTES];
        uint64_t key = 0;
        size_t len = 0;

        if (value_of(joins, COAP_TOKEN, n, &token)) {
            key = key_of_bytes(token.bytes);
            len = (size_t)snprintf(label, sizeof label, "token ");
            for (size_t i = 0; i < token.bytes.len && len + 3 < sizeof label; i++)
                len += (size_t)snprintf(label + len, sizeof label - len, "%02x", token.bytes.data[i]);
        } else {
            snprintf(label, sizeof label, "no token");
        }
        if (code >= 1 && code <= 31)
            ask(joins, by_token, key, label);
        else if (code >= 64)
            answer(joins, by_token, key);
        snprintf(label, sizeof label, "message %llu", (unsigned long long)mid);
        if (type == COAP_CON && !(code >= 1 && code <= 31))
            ask(joins, by_mid, mid, label);
        else if (type == COAP_ACK || type == COAP_RST)
            answer(joins, by_mid, mid);
        if (type == COAP_CON || type == COAP_NON)
            note_sent(joins, mid << 8 | 1);
    }
}

static void look_at_mqtt(struct session_joins *joins)
{
    uint64_t type, id;
    uint32_t n_ids = 0;

    for (uint32_t n = 0; n < 16 && number_of(joins, MQTT_TYPE, n, &type); n++) {
        static const uint8_t answers[16] = { [4] = 3, [5] = 3, [9] = 8, [11] = 10, [7] = 6 };
        char label[SESSION_LABEL_BYTES];
        uint64_t qos = 0;
        bool has_id = type == 4 || type == 5 || type == 6 || type == 7 || (type >= 8 && type <= 11) ||
                      (type == 3 && number_of(joins, MQTT_QOS, 0, &qos) && qos > 0);

        if (type == 1)
            ask(joins, by_connect, 0, "CONNECT");
        else if (type == 2)
            answer(joins, by_connect, 0);
        else if (type == 12)
            ask(joins, by_ping, 0, "PINGREQ");
        else if (type == 13)
            answer(joins, by_ping, 0);
        if (!has_id || !number_of(joins, MQTT_ID, n_ids++, &id))
            continue;
        snprintf(label, sizeof label, "packet id %llu", (unsigned long long)id);
        if (type < 16 && answers[type])
            answer(joins, by_mqtt, (uint64_t)answers[type] << 32 | id);
        else
            ask(joins, by_mqtt, type << 32 | id, label);
    }
}

/* Hello to hello, and the client's keys to the server's change of ciphers. */
static void look_at_handshake(struct session_joins *joins, enum joins_field field, const char *by)
{
    uint64_t type, sequence, content;

    for (uint32_t n = 0; n < 8 && number_of(joins, field, n, &type); n++) {
        if (type == 1)
            ask(joins, by, 1, "Client Hello");
        else if (type == 2 || type == 3)
            answer(joins, by, 1);
        else if (type == 14)
            ask(joins, by, 14, "Server Hello Done");
        else if (type == 16) {
            answer(joins, by, 14);
            ask(joins, by, 16, "Client Key Exchange");
        }
        if (field == DTLS_TYPE && number_of(joins, DTLS_SEQUENCE, n, &sequence))
            note_sent(joins, sequence << 16 | type << 8 | 2);
    }
    for (uint32_t n = 0; field == DTLS_TYPE && n < 8 && number_of(joins, DTLS_CONTENT, n, &content); n++)
        if (content == 20)
            answer(joins, by, 16);
}

static void look_at_tcp(struct session_joins *joins)
{
    uint64_t sequence, len;

    if (is_set(joins, TCP_SYN) && !is_set(joins, TCP_ACK))
        ask(joins, by_tcp, 0, "SYN");
    else if (is_set(joins, TCP_SYN))
        answer(joins, by_tcp, 0);
    if (number_of(joins, TCP_SEQUENCE, 0, &sequence) && number_of(joins, TCP_LEN, 0, &len) && len > 0)
        note_sent(joins, sequence << 24 | len << 8 | 3);
}

static void look_at_dns(struct session_joins *joins)
{
    char label[SESSION_LABEL_BYTES];
    uint64_t id;

    if (!number_of(joins, DNS_ID, 0, &id))
        return;
    snprintf(label, sizeof label, "id 0x%04llx", (unsigned long long)id);
    if (is_set(joins, DNS_RESPONSE))
        answer(joins, by_dns, id);
    else
        ask(joins, by_dns, id, label);
}

uint64_t session_joins_packet(struct session_joins *joins, const struct dissection *d, bool is_from_device)
{
    const struct packet *packet = d->packet;

    joins->d = d;
    joins->is_from_device = is_from_device;
    joins->repeats = 0;
    if (joins->last_number && packet->ts_ns - joins->last_ns > SESSION_SILENCE_S * NS_PER_SECOND &&
        joins->n_silences < SESSION_SILENCES_LIMIT)
        joins->silences[joins->n_silences++] =
            (struct session_silence) { joins->last_number, joins->last_ns, packet->ts_ns };
    joins->last_number = packet->packet_id;
    joins->last_ns = packet->ts_ns;
    look_at_coap(joins);
    look_at_mqtt(joins);
    look_at_handshake(joins, DTLS_TYPE, by_dtls);
    look_at_handshake(joins, TLS_TYPE, by_tls);
    look_at_tcp(joins);
    look_at_dns(joins);
    return joins->repeats;
}

const struct session_join *session_joins_list(const struct session_joins *joins, uint32_t *n)
{
    *n = joins->n;
    return joins->list;
}

const struct session_silence *session_joins_silences(const struct session_joins *joins, uint32_t *n)
{
    *n = joins->n_silences;
    return joins->silences;
}
