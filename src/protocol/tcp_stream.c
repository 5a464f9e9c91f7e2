/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/tcp_stream.h"

#include <stdlib.h>

#include "protocol/state.h"
#include "protocol/tcp.h"
#include "protocol/tcp_pdu.h"

enum {
    UNTIL_END_SPAN = 0x40000000, /* where a PDU ends that has no end yet: further than any kept byte */
};

struct lent { /* what was handed over; freed with the next packet */
    struct lent *next;
    uint8_t *bytes;
};

struct tcp_streams {
    struct conversations *conversations;
    struct tcp_connection *newest, *oldest; /* of those that hold memory, by use */
    uint64_t held_bytes;
    uint64_t n_given_up;
    struct lent *lent;
    uint64_t lent_in;           /* the packet: dissect_state_packets */
    struct tcp_arrival arrival; /* the segment being handed over; its seq moves on */
};

/* ---- connections, and the memory they hold ---- */

static void holders_take_out(struct tcp_streams *streams, struct tcp_connection *connection)
{
    *(connection->newer ? &connection->newer->older : &streams->newest) = connection->older;
    *(connection->older ? &connection->older->newer : &streams->oldest) = connection->newer;
    connection->newer = NULL;
    connection->older = NULL;
}

static void holders_put_first(struct tcp_streams *streams, struct tcp_connection *connection)
{
    connection->newer = NULL;
    connection->older = streams->newest;
    *(streams->newest ? &streams->newest->newer : &streams->oldest) = connection;
    streams->newest = connection;
}

static uint32_t held_by(const struct tcp_connection *connection)
{
    size_t held = 0;

    for (unsigned i = 0; i < 2; i++) {
        const struct tcp_pdu *pdu = connection->pdus[i];

        held += connection->sides[i].unacked_cap * sizeof(struct tcp_unacked);
        if (pdu)
            held += sizeof *pdu + pdu->cap + pdu->early_bytes + pdu->frames_cap * sizeof *pdu->frames;
    }
    return (uint32_t)held;
}

static void free_memory(struct tcp_connection *connection)
{
    for (unsigned i = 0; i < 2; i++) {
        struct tcp_side *side = &connection->sides[i];

        while (connection->pdus[i] && connection->pdus[i]->early)
            tcp_pdu_drop_early(connection->pdus[i]);
        if (connection->pdus[i]) {
            free(connection->pdus[i]->bytes);
            free(connection->pdus[i]->frames);
            free(connection->pdus[i]);
            connection->pdus[i] = NULL;
        }
        free(side->unacked);
        side->unacked = NULL;
        side->n_unacked = 0;
        side->unacked_cap = 0;
    }
}

static void release_memory(struct tcp_streams *streams, struct tcp_connection *connection)
{
    if (connection->held_bytes == 0)
        return;
    free_memory(connection);
    streams->held_bytes -= connection->held_bytes;
    connection->held_bytes = 0;
    holders_take_out(streams, connection);
}

void tcp_streams_account(struct tcp_streams *streams, struct tcp_connection *connection)
{
    uint32_t held = held_by(connection);

    if (held == 0 && connection->held_bytes == 0)
        return;
    if (connection->held_bytes)
        holders_take_out(streams, connection);
    streams->held_bytes += held;
    streams->held_bytes -= connection->held_bytes;
    connection->held_bytes = held;
    holders_put_first(streams, connection);
    while (streams->held_bytes > TCP_STREAM_BYTES && streams->oldest != connection) {
        release_memory(streams, streams->oldest);
        streams->n_given_up++;
    }
}

static void connection_let_go(void *context, const void *key, void *value)
{
    (void)key;
    release_memory(context, value);
}

void *tcp_streams_new(uint64_t hash_seed)
{
    struct tcp_streams *streams = calloc(1, sizeof *streams);

    if (streams == NULL)
        return NULL;
    streams->conversations = conversations_new(sizeof(struct tcp_connection), TCP_CONNECTIONS, hash_seed,
                                               connection_let_go, streams);
    if (streams->conversations == NULL) {
        free(streams);
        return NULL;
    }
    return streams;
}

static void release_lent(struct tcp_streams *streams)
{
    while (streams->lent) {
        struct lent *next = streams->lent->next;

        free(streams->lent->bytes);
        free(streams->lent);
        streams->lent = next;
    }
}

/* What an earlier packet was handed is not needed any more. */
static void begin_packet(struct tcp_streams *streams, const struct dissection *d)
{
    if (streams->lent_in != dissect_state_packets(d->state))
        release_lent(streams);
    streams->lent_in = dissect_state_packets(d->state);
}

void tcp_streams_free(void *context)
{
    struct tcp_streams *streams = context;

    if (streams == NULL)
        return;
    conversations_free(streams->conversations);
    release_lent(streams);
    free(streams);
}

uint64_t tcp_streams_forgotten(const void *context)
{
    const struct tcp_streams *streams = context;

    return streams->n_given_up + conversations_forgotten(streams->conversations);
}

static void connection_init(struct tcp_connection *connection)
{
    tcp_side_init(&connection->sides[0]);
    tcp_side_init(&connection->sides[1]);
}

struct tcp_connection *tcp_streams_meet(struct tcp_streams *streams, const struct flow_key *flow,
                                        int64_t ts_ns, bool *is_new)
{
    struct tcp_connection *connection = conversations_meet(streams->conversations, flow, ts_ns, is_new);

    if (connection && *is_new)
        connection_init(connection);
    return connection;
}

void tcp_streams_renew(struct tcp_streams *streams, struct tcp_connection *connection, int64_t ts_ns)
{
    release_memory(streams, connection);
    *connection = (struct tcp_connection) { 0 };
    connection_init(connection);
    conversations_renew(streams->conversations, &connection->conversation, ts_ns);
}

/* What a stream's reader said of bytes that end in the middle of a PDU. */
struct need {
    uint32_t more; /* bytes; PDU_MORE: a segment; PDU_UNTIL_END; valid when is_open */
    bool is_open;
};

/* Takes over what a PDU that begins at seq has so far. False: too long to wait for, or no memory. */
static bool pdu_open(struct dissection *d, const struct tcp_arrival *arrival, uint32_t seq,
                     struct bytes start, const struct need *need)
{
    struct tcp_pdu **place = &arrival->connection->pdus[arrival->side];
    struct tcp_pdu *pdu = *place ? *place : (*place = calloc(1, sizeof *pdu));
    uint32_t end = seq + (uint32_t)start.len;

    if (pdu == NULL || start.len > TCP_PDU_BYTES ||
        (need->more != PDU_UNTIL_END && need->more > TCP_PDU_BYTES - start.len))
        return false;
    pdu->seq = seq;
    pdu->next = end + (need->more == PDU_MORE        ? 1
                       : need->more == PDU_UNTIL_END ? UNTIL_END_SPAN
                                                     : need->more);
    pdu->takes_segment = need->more == PDU_MORE;
    pdu->is_until_end = need->more == PDU_UNTIL_END;
    pdu->carries = (uint8_t)arrival->carries;
    pdu->first_frame = d->packet->number;
    pdu->n_ranges = 0;
    pdu->n_frames = 0;
    pdu->is_open = true;
    tcp_pdu_add(d, pdu, seq, start, d->packet->number);
    return true;
}

/* ---- handing over ---- */

static enum dissect_result deliver_later(struct dissection *d, struct reader *r);

static bool has_pdu_size(enum protocol_id protocol)
{
    return protocol != PROTOCOL_TLS && protocol != PROTOCOL_HTTP && protocol != PROTOCOL_COAP;
}

/* How many bytes are whole PDUs. */
static uint32_t measure(struct dissection *d, const struct tcp_arrival *arrival, struct bytes bytes,
                        struct need *need)
{
    uint32_t at = 0;

    *need = (struct need) { 0 };
    if (protocols[arrival->carries]->pdu_length == NULL) /* takes what comes */
        return (uint32_t)bytes.len;
    while (at < bytes.len) {
        struct bytes rest = bytes_of(bytes.data + at, bytes.len - at);
        uint32_t len = protocols[arrival->carries]->pdu_length(d, rest);

        if (len == PDU_UNTIL_END && arrival->flags & TCP_FIN)
            len = (uint32_t)rest.len;
        if (len == PDU_MORE || len > rest.len) {
            need->is_open = true;
            need->more = len == PDU_MORE || len == PDU_UNTIL_END ? len : len - (uint32_t)rest.len;
            break;
        }
        if (has_pdu_size(arrival->carries))
            dissection_add_number(d, TCP_ID(TCP_PDU_SIZE), len);
        at += len;
    }
    return at;
}

void tcp_stream_add_sizes(struct dissection *d, struct bytes bytes, enum protocol_id carries)
{
    if (carries == PROTOCOL_NONE || protocols[carries]->pdu_length == NULL || !has_pdu_size(carries) ||
        !dissection_wants(d, PROTOCOL_TCP, TCP_PDU_SIZE))
        return;
    while (bytes.len > 0) {
        uint32_t len = protocols[carries]->pdu_length(d, bytes);

        if (len == PDU_MORE || len == PDU_UNTIL_END)
            return;
        dissection_add_number(d, TCP_ID(TCP_PDU_SIZE), len);
        if (len >= bytes.len)
            return;
        bytes = bytes_of(bytes.data + len, bytes.len - len);
    }
}

/* *r goes on behind what is handed over: bytes of this segment, or (source > 0) put together. */
static void hand(struct dissection *d, struct reader *r, enum protocol_id protocol, struct bytes bytes,
                 bool is_put_together)
{
    if (reader_left(r) > 0)
        (void)dissection_later(d, deliver_later, r,
                               (uint32_t)reader_left(r)); /* counted when it is too much */
    *r = reader_over(bytes);
    d->left_wire = (uint32_t)bytes.len;
    d->next = (uint8_t)protocol;
    d->source = (uint8_t)(d->source + is_put_together);
}

/* The bytes of a PDU, which it gives away: they live until the next packet. */
static struct bytes lend(struct tcp_streams *streams, struct tcp_pdu *pdu, uint32_t len)
{
    struct lent *lent = malloc(sizeof *lent);
    struct bytes bytes = bytes_of(pdu->bytes, len);

    pdu->is_open = false;
    if (lent == NULL)
        return bytes_of(pdu->bytes, 0);
    *lent = (struct lent) { streams->lent, pdu->bytes };
    streams->lent = lent;
    pdu->bytes = NULL;
    pdu->cap = 0;
    return bytes;
}

static void add_segment_data(struct dissection *d, struct bytes bytes)
{
    if (bytes.len)
        dissection_add_bytes(d, TCP_ID(TCP_SEGMENT_DATA), bytes);
}

/* The PDU under way that the byte seq belongs to. */
static struct tcp_pdu *pdu_at(const struct tcp_arrival *arrival)
{
    struct tcp_pdu *pdu = arrival->connection->pdus[arrival->side];

    return pdu && pdu->is_open && !tcp_seq_less(arrival->seq, pdu->seq) &&
                   tcp_seq_less(arrival->seq, pdu->next)
               ? pdu
               : NULL;
}

/* The segment goes on with a PDU begun before. True: something was handed over. */
static bool deliver_more(struct dissection *d, struct tcp_streams *streams, struct tcp_pdu *pdu,
                         struct reader *r)
{
    struct tcp_arrival *arrival = &streams->arrival;
    uint32_t len = (uint32_t)reader_left(r), whole, total;
    struct bytes piece, bytes;
    struct need need;

    if (!pdu->takes_segment && pdu->next - arrival->seq < len)
        len = pdu->next - arrival->seq;
    if (!reader_bytes(r, len, &piece))
        return false;
    tcp_pdu_add(d, pdu, arrival->seq, piece, d->packet->number);
    add_segment_data(d, piece);
    arrival->seq += len;
    if (pdu->takes_segment && tcp_seq_less(pdu->next, arrival->seq))
        pdu->next = arrival->seq;
    total = pdu->next - pdu->seq;
    if (pdu->is_until_end || tcp_pdu_bytes_from_start(pdu) < total)
        return false;
    pdu->takes_segment = false;
    whole = measure(d, arrival, bytes_of(pdu->bytes, total), &need);
    if (need.is_open && whole == 0) {
        pdu->takes_segment = need.more == PDU_MORE;
        pdu->is_until_end = need.more == PDU_UNTIL_END;
        if (pdu->is_until_end)
            pdu->next = pdu->seq + UNTIL_END_SPAN;
        else if (total >= TCP_PDU_BYTES || need.more > TCP_PDU_BYTES - total)
            goto too_long;
        else
            pdu->next += need.more == PDU_MORE ? 1 : need.more;
        return false;
    }
    if (need.is_open) { /* its end came, and a part of another */
        uint32_t rest_seq = pdu->seq + whole;
        struct bytes rest;

        tcp_pdu_add_fields(d, pdu, bytes_of(pdu->bytes, whole));
        bytes = lend(streams, pdu, total);
        rest = bytes_of(bytes.data + whole, bytes.len - whole);
        if (bytes.len && !pdu_open(d, arrival, rest_seq, rest, &need))
            whole = total;
        hand(d, r, arrival->carries, bytes_of(bytes.data, bytes.len ? whole : 0), true);
        return true;
    }
    tcp_pdu_add_fields(d, pdu, bytes_of(pdu->bytes, total));
    bytes = lend(streams, pdu, total);
    hand(d, r, arrival->carries, bytes, true);
    return true;

too_long:
    streams->n_given_up++;
    bytes = lend(streams, pdu, total);
    hand(d, r, arrival->carries, bytes, true);
    return true;
}

/* The segment begins with something new. True: something was handed over. */
static bool deliver_new(struct dissection *d, struct tcp_streams *streams, struct reader *r)
{
    struct tcp_arrival *arrival = &streams->arrival;
    enum protocol_id carries = arrival->carries;
    struct bytes bytes = reader_rest(r);
    uint32_t whole;
    struct need need;

    r->at = r->end;
    arrival->seq += (uint32_t)bytes.len;
    if (arrival->findings & TCP_KEEP_ALIVE) { /* what it carries is no one's */
        hand(d, r, PROTOCOL_DATA, bytes, false);
        return true;
    }
    if (arrival->findings & (TCP_RETRANSMISSION | TCP_OUT_OF_ORDER) && !d->preferences->tcp_out_of_order)
        return false;
    whole = measure(d, arrival, bytes, &need);
    if (need.is_open) {
        struct bytes tail = bytes_of(bytes.data + whole, bytes.len - whole);

        if (pdu_open(d, arrival, arrival->seq - (uint32_t)tail.len, tail, &need)) {
            add_segment_data(d, tail);
        } else {
            streams->n_given_up++;
            whole = (uint32_t)bytes.len;
        }
    }
    if (whole == 0 && !protocols[carries]->shows_begun)
        return false;
    if (arrival->foreign) {
        d->foreign = arrival->foreign;
        carries = PROTOCOL_NONE;
    }
    hand(d, r, carries, bytes_of(bytes.data, whole > 0 ? whole : bytes.len), false);
    return true;
}

/* ---- tcp_out_of_order ---- */

static void keep_early(struct dissection *d, struct tcp_streams *streams, struct bytes bytes)
{
    const struct tcp_arrival *arrival = &streams->arrival;
    struct tcp_pdu **place = &arrival->connection->pdus[arrival->side];
    struct tcp_pdu *pdu = *place ? *place : (*place = calloc(1, sizeof *pdu));
    struct tcp_early **link, *early;

    if (pdu == NULL || pdu->n_early == TCP_EARLY_SEGMENTS) {
        streams->n_given_up++;
        return;
    }
    early = malloc(sizeof *early + bytes.len);
    if (early == NULL)
        return;
    for (link = &pdu->early; *link && tcp_seq_less((*link)->seq, arrival->seq); link = &(*link)->next)
        ;
    early->next = *link;
    early->seq = arrival->seq;
    early->len = (uint32_t)bytes.len;
    early->frame = d->packet->number;
    memcpy(early->bytes, bytes.data, bytes.len);
    *link = early;
    pdu->n_early++;
    pdu->early_bytes += (uint32_t)sizeof *early + early->len;
}

/* Moves max_next over what of the PDU under way follows without a gap. */
static void pass_pdu(const struct tcp_pdu *pdu, struct tcp_side *side)
{
    for (unsigned i = 0; pdu->is_open && i < pdu->n_ranges; i++) {
        uint32_t from = pdu->seq + pdu->ranges[i].from, to = pdu->seq + pdu->ranges[i].to;

        if (!tcp_seq_less(side->max_next, from) && tcp_seq_less(side->max_next, to))
            side->max_next = to;
    }
}

/* The segment fills a gap: what came early goes on from it, into the PDU under way, or one that begins here.
 */
static void take_early(struct dissection *d, struct tcp_streams *streams, struct tcp_pdu *pdu,
                       struct tcp_side *side)
{
    const struct need nothing = { .is_open = true, .more = 1 };

    pass_pdu(pdu, side);
    while (pdu->early && !tcp_seq_less(side->max_next, pdu->early->seq)) {
        const struct tcp_early *early = pdu->early;
        uint32_t end = early->seq + early->len;

        if (tcp_seq_less(side->max_next, end)) {
            side->max_next = end;
            if (!pdu->is_open &&
                !pdu_open(d, &streams->arrival, streams->arrival.seq, bytes_of(NULL, 0), &nothing))
                return;
            if (tcp_seq_less(pdu->next, end))
                pdu->next = end;
            tcp_pdu_add(d, pdu, early->seq, bytes_of(early->bytes, early->len), early->frame);
            pass_pdu(pdu, side);
        }
        tcp_pdu_drop_early(pdu);
    }
}

/* Passes over what was handed over before; keeps what comes early. False: nothing is left for now. */
static bool put_in_order(struct dissection *d, struct tcp_streams *streams, struct reader *r)
{
    struct tcp_arrival *arrival = &streams->arrival;
    struct tcp_side *side = &arrival->connection->sides[arrival->side];
    struct tcp_pdu *pdu = arrival->connection->pdus[arrival->side];
    uint32_t end = arrival->seq + (uint32_t)reader_left(r);
    struct bytes old;

    if (side->max_next && tcp_seq_less(arrival->seq, side->max_next) && !pdu_at(arrival)) {
        uint32_t until = tcp_seq_less(side->max_next, end) ? side->max_next : end;

        if (!reader_bytes(r, until - arrival->seq, &old))
            return false;
        add_segment_data(d, old);
        arrival->seq = until;
        if (reader_left(r) == 0)
            return false;
    }
    if (pdu && pdu->is_open && pdu->is_until_end)
        return true;
    if (side->max_next && tcp_seq_less(side->max_next, arrival->seq)) {
        if (pdu_at(arrival))
            return true;
        keep_early(d, streams, reader_rest(r));
        add_segment_data(d, reader_rest(r));
        return false;
    }
    side->max_next = end;
    if (pdu)
        take_early(d, streams, pdu, side);
    return true;
}

static enum dissect_result deliver(struct dissection *d, struct tcp_streams *streams, struct reader *r)
{
    bool is_handed = false;

    while (!is_handed && reader_left(r) > 0) {
        struct tcp_pdu *pdu = pdu_at(&streams->arrival);

        is_handed = pdu ? deliver_more(d, streams, pdu, r) : deliver_new(d, streams, r);
    }
    if (streams->arrival.connection->pdus[streams->arrival.side])
        tcp_streams_account(streams, streams->arrival.connection);
    return DISSECT_OK;
}

static enum dissect_result deliver_later(struct dissection *d, struct reader *r)
{
    struct tcp_streams *streams = dissect_state_of(d->state, PROTOCOL_TCP);

    return streams ? deliver(d, streams, r) : DISSECT_OK;
}

enum dissect_result tcp_stream_deliver(struct dissection *d, struct reader *r,
                                       const struct tcp_arrival *arrival)
{
    struct tcp_streams *streams = dissect_state_of(d->state, PROTOCOL_TCP);
    const struct tcp_pdu *pdu = arrival->connection->pdus[arrival->side];
    uint32_t end = arrival->seq + (uint32_t)reader_left(r);

    begin_packet(streams, d);
    streams->arrival = *arrival;
    if (d->preferences->tcp_out_of_order && d->preferences->tcp_analyze) {
        if (put_in_order(d, streams, r))
            return deliver(d, streams, r);
        tcp_streams_account(streams, arrival->connection);
        return DISSECT_OK;
    }
    if (pdu && pdu->seq == arrival->seq && !tcp_seq_less(pdu->next, end) &&
        pdu->last_frame != d->packet->number) { /* the start of the last PDU again */
        add_segment_data(d, reader_rest(r));
        return DISSECT_OK;
    }
    if (arrival->findings & TCP_FAST_RETRANSMISSION && pdu && !pdu->is_open &&
        !tcp_seq_less(arrival->seq, pdu->seq) && !tcp_seq_less(pdu->next, end))
        return DISSECT_OK; /* a later part of the last PDU again, which was not lost on its way here */
    if (arrival->findings & TCP_SPURIOUS_RETRANSMISSION)
        return DISSECT_OK;
    if (arrival->findings & TCP_RETRANSMISSION) {
        add_segment_data(d, reader_rest(r));
        return DISSECT_OK;
    }
    return deliver(d, streams, r);
}

uint32_t tcp_stream_number(struct dissect_state *state)
{
    const struct tcp_streams *streams = dissect_state_of(state, PROTOCOL_TCP);

    return streams && streams->arrival.connection ? streams->arrival.connection->conversation.stream : 0;
}

bool tcp_stream_finish(struct dissection *d, struct reader *r, const struct tcp_arrival *arrival)
{
    struct tcp_streams *streams = dissect_state_of(d->state, PROTOCOL_TCP);
    struct tcp_pdu *pdu = arrival->connection->pdus[arrival->side];
    struct bytes bytes = reader_rest(r);
    uint32_t total;

    if (pdu == NULL || !pdu->is_open || !pdu->is_until_end || !tcp_seq_less(pdu->seq, arrival->seq))
        return false;
    begin_packet(streams, d);
    streams->arrival = *arrival;
    tcp_pdu_add(d, pdu, arrival->seq, bytes, d->packet->number);
    if (bytes.len == 0)
        tcp_pdu_note_frame(d, pdu, arrival->seq - pdu->seq, arrival->seq - pdu->seq,
                           d->packet->number); /* it ends the PDU all the same */
    total = arrival->seq + (uint32_t)bytes.len - pdu->seq;
    if (total > TCP_PDU_BYTES)
        total = TCP_PDU_BYTES;
    if (tcp_pdu_bytes_from_start(pdu) < total)
        return false;
    pdu->next = arrival->seq + (uint32_t)bytes.len;
    tcp_pdu_add_fields(d, pdu, bytes_of(pdu->bytes, total));
    r->at = r->end;
    hand(d, r, (enum protocol_id)pdu->carries, lend(streams, pdu, total), true);
    tcp_streams_account(streams, arrival->connection);
    return true;
}
