/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol_fuzz - what the fuzz targets of protocols above UDP and TCP share: the input becomes a few
 * datagrams (or segments) of one conversation, each behind a length of two bytes whose top bit says the
 * direction, with everything in demand and the state kept from one to the next. Each value found is read to
 * its last byte.
 *
 *   int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
 *   {
 *       return fuzz_datagrams(data, size, PORT_TABLE_UDP, 5683);
 *   }
 */
#pragma once

#include "protocol/state.h"
#include "protocol/wire.h"

#include "protocol/dissection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline bool fuzz_read_value(void *context, const struct value *value)
{
    volatile uint8_t *sum = context;

    switch ((enum field_type)value->type) {
    case FIELD_IPV4:
    case FIELD_IPV6:
    case FIELD_ETHER:
    case FIELD_BYTES:
    case FIELD_STRING:
        for (size_t i = 0; i < value->bytes.len; i++)
            *sum = (uint8_t)(*sum + value->bytes.data[i]);
        break;
    default:
        *sum = (uint8_t)(*sum + value->number);
    }
    return true;
}

static inline void fuzz_read_all(const struct dissection *d)
{
    volatile uint8_t sum = 0;

    for (uint32_t i = 0; i < d->n_values; i++) /* those added: asked for field by field, they take longest */
        fuzz_read_value((void *)&sum, &d->values[i]);
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        for (unsigned i = 0; d->present >> p & 1 && i < protocols[p]->n_fields; i++) {
            const struct field *field = &protocols[p]->fields[i];

            if (field->n_bits > 0 || field->any_of[0] != field->any_of[1] || p == PROTOCOL_FRAME)
                dissection_values(d, FIELD_ID(p, i), fuzz_read_value, (void *)&sum);
        }
    }
    for (uint32_t i = 0; i < d->n_layers; i++)
        for (uint32_t at = 0; at < d->layers[i].header_len; at++)
            sum = (uint8_t)(sum + d->layers[i].data[at]);
}

/* A TCP segment with the stream's bytes from sequence on. */
static inline void fuzz_segment(struct wire *w, bool is_back, uint16_t port, uint32_t sequence, uint32_t ack,
                                struct bytes payload)
{
    struct wire tcp = { 0 };

    wire_number(&tcp, is_back ? port : 40000, 2);
    wire_number(&tcp, is_back ? 40000 : port, 2);
    wire_number(&tcp, sequence, 4);
    wire_number(&tcp, ack, 4);
    wire_number(&tcp, 0x5018, 2);
    wire_number(&tcp, 65535, 2);
    wire_number(&tcp, 0, 4);
    wire_put(&tcp, payload);
    wire_ethernet(w, 0x0800);
    wire_ipv4(w, IP_PROTOCOL_TCP, is_back ? 0x0a000002 : 0x0a000001, is_back ? 0x0a000001 : 0x0a000002, 1, 0,
              wire_bytes(&tcp));
}

/* Everything, settled once: it takes longer than a packet does. */
static inline const struct demand *fuzz_demand(void)
{
    static struct demand demand;

    if (!demand.is_whole) {
        demand_init(&demand);
        demand_add_everything(&demand);
        demand_settle(&demand);
    }
    return &demand;
}

/* preferences: for protocols without a port of their own, a rule that decodes the port as them. */
static inline int fuzz_datagrams_by(const uint8_t *data, size_t size, enum port_table table, uint16_t port,
                                    const struct preferences *preferences)
{
    static struct dissection d;
    struct reader r = reader_over(bytes_of(data, size));
    struct dissect_state *state = dissect_state_new(1);
    uint32_t sequence[2] = { 1, 1 };
    uint32_t number = 0;
    uint16_t head;

    dissection_init(&d, fuzz_demand(), state, NULL);
    d.preferences = preferences;
    while (state && number < 64 && reader_u16(&r, &head)) {
        bool is_back = head >> 15;
        size_t len = head & 0x7ff;
        struct bytes payload = { 0 };
        struct packet packet;
        struct wire w; /* not zeroed: w.len is set by what is put around the payload */

        if (!reader_bytes(&r, len < reader_left(&r) ? len : reader_left(&r), &payload))
            break;
        if (table == PORT_TABLE_TCP) {
            fuzz_segment(&w, is_back, port, sequence[is_back], sequence[!is_back], payload);
            sequence[is_back] += (uint32_t)payload.len;
        } else if (is_back) {
            wire_udp(&w, (struct wire_end) { 0x0a000002, port }, (struct wire_end) { 0x0a000001, 40000 },
                     payload);
        } else {
            wire_udp(&w, (struct wire_end) { 0x0a000001, 40000 }, (struct wire_end) { 0x0a000002, port },
                     payload);
        }
        packet = wire_packet(&w, LINKTYPE_ETHERNET, INT64_C(1000000) * number);
        packet.number = ++number;
        dissect(&d, &packet);
        fuzz_read_all(&d);
    }
    dissect_state_free(state);
    return 0;
}

static inline int fuzz_datagrams(const uint8_t *data, size_t size, enum port_table table, uint16_t port)
{
    return fuzz_datagrams_by(data, size, table, port, &preferences_default);
}
