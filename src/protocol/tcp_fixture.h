/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_fixture - a TCP conversation for tests: segments told by direction, flags and offset in the stream, and
 * the values found in the latest of them, as text.
 */
#pragma once

#include <stdio.h>

#include "protocol/state.h"
#include "protocol/tcp_analysis.h"
#include "protocol/wire.h"

#include "protocol/dissection.h"

enum { FIXTURE_CLIENT = 0x0a000001, FIXTURE_SERVER = 0x0a000002, FIXTURE_TEXT = 4096 };

struct tcp_fixture {
    struct dissection d;
    struct demand demand;
    struct preferences preferences;
    struct dissect_state *state;
    struct wire frame;
    struct packet packet;
    uint64_t n_packets;
    uint16_t port; /* the server's */
    char text[FIXTURE_TEXT];
};

static inline void tcp_fixture_open(struct tcp_fixture *f, uint16_t port)
{
    static struct demand everything; /* settled once: a fuzz target comes here for each input */

    memset(f, 0, sizeof *f);
    if (!everything.is_whole) {
        demand_init(&everything);
        demand_add_everything(&everything);
        demand_settle(&everything);
    }
    f->demand = everything;
    f->preferences = preferences_default;
    f->port = port;
    f->state = dissect_state_new(1);
    dissection_init(&f->d, &f->demand, f->state, NULL);
    f->d.preferences = &f->preferences;
}

static inline void tcp_fixture_close(struct tcp_fixture *f)
{
    dissect_state_free(f->state);
}

struct told { /* a segment; what is not named is plain */
    bool is_back;
    uint16_t flags; /* 0: ACK */
    uint32_t seq, ack;
    uint16_t window; /* 0: 8192 */
    uint16_t client; /* port; 0: 40000 */
    bool has_no_window;
    const char *options; /* len options_len, a multiple of four */
    size_t options_len;
    struct bytes payload;
    int64_t ts_ns; /* 0: a second after the one before */
    uint32_t cut;  /* bytes of the payload and the options that the capture left out */
};

static inline void tcp_fixture_send(struct tcp_fixture *f, struct told told)
{
    uint16_t client = told.client ? told.client : 40000;
    struct wire tcp = { 0 };

    wire_number(&tcp, told.is_back ? f->port : client, 2);
    wire_number(&tcp, told.is_back ? client : f->port, 2);
    wire_number(&tcp, told.seq, 4);
    wire_number(&tcp, told.ack, 4);
    wire_number(&tcp, (5 + told.options_len / 4) << 12 | (told.flags ? told.flags : TCP_ACK_FLAG), 2);
    wire_number(&tcp, told.has_no_window ? 0 : told.window ? told.window : 8192, 2);
    wire_number(&tcp, 0, 4);
    wire_put(&tcp, bytes_of((const uint8_t *)told.options, told.options_len));
    wire_put(&tcp, told.payload);
    wire_ethernet(&f->frame, 0x0800);
    wire_ipv4(&f->frame, IP_PROTOCOL_TCP, told.is_back ? FIXTURE_SERVER : FIXTURE_CLIENT,
              told.is_back ? FIXTURE_CLIENT : FIXTURE_SERVER, 1, 0, wire_bytes(&tcp));
    f->n_packets++;
    f->packet = wire_packet(&f->frame, LINKTYPE_ETHERNET,
                            told.ts_ns ? told.ts_ns : INT64_C(1000000000) * (int64_t)f->n_packets);
    f->packet.number = f->n_packets;
    f->packet.caplen -= told.cut;
    dissect(&f->d, &f->packet);
}

static inline bool tcp_fixture_append(void *context, const struct value *value)
{
    char *text = context;
    size_t len = strlen(text);

    if (value->type == FIELD_BYTES || value->type == FIELD_STRING)
        snprintf(text + len, FIXTURE_TEXT - len, "%s%.*s", len ? "," : "", (int)value->bytes.len,
                 (const char *)value->bytes.data);
    else
        snprintf(text + len, FIXTURE_TEXT - len, "%s%lld", len ? "," : "", (long long)value->number);
    return true;
}

/* The values of a field in the latest segment, joined by commas. */
static inline const char *tcp_fixture_values(struct tcp_fixture *f, const char *name)
{
    f->text[0] = '\0';
    dissection_values(&f->d, field_find(name, strlen(name)), tcp_fixture_append, f->text);
    return f->text;
}
