/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dissected - for the tests of protocols above UDP: a payload is wrapped, dissected with everything in
 * demand, and the values of a field are told as one text. Packets of one test belong to one state, so that
 * later ones know earlier ones.
 */
#pragma once

#include <inttypes.h>
#include <stdio.h>

#include "protocol/state.h"
#include "protocol/wire.h"

#include "protocol/dissection.h"

struct dissected {
    struct demand demand;
    struct dissect_state *state;
    struct dissection d;
    struct packet packet;
    struct wire wire;
};

static inline void dissected_init(struct dissected *dissected)
{
    demand_init(&dissected->demand);
    demand_add_everything(&dissected->demand);
    demand_settle(&dissected->demand);
    dissected->state = dissect_state_new(1);
    dissected->packet = (struct packet) { 0 };
    dissection_init(&dissected->d, &dissected->demand, dissected->state, NULL);
}

static inline void dissected_clear(struct dissected *dissected)
{
    dissect_state_free(dissected->state);
}

/* From the client, 10.0.0.1 with the port given, to the server, or back; cut: bytes that the capture left
 * out. */
static inline void dissected_udp(struct dissected *dissected, bool is_back, uint16_t client, uint16_t server,
                                 struct bytes payload, int64_t ts_ns, uint32_t cut)
{
    struct wire_end ends[2] = { { 0x0a000001, client }, { 0x0a000002, server } };
    uint64_t number = dissected->packet.number + 1;

    wire_udp(&dissected->wire, ends[is_back], ends[!is_back], payload);
    dissected->packet = wire_packet(&dissected->wire, LINKTYPE_ETHERNET, ts_ns);
    dissected->packet.number = number;
    dissected->packet.caplen -= cut;
    dissect(&dissected->d, &dissected->packet);
}

struct dissected_text {
    size_t len;
    char text[4096];
};

static inline bool dissected_append(void *context, const struct value *value)
{
    struct dissected_text *t = context;
    const char *separator = t->len ? "," : "";

    t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%s", separator);
    switch ((enum field_type)value->type) {
    case FIELD_IPV4:
    case FIELD_IPV6:
    case FIELD_ETHER:
    case FIELD_BYTES:
        for (size_t i = 0; i < value->bytes.len; i++)
            t->len +=
                (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%02x", value->bytes.data[i]);
        break;
    case FIELD_STRING:
        t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%.*s", (int)value->bytes.len,
                                   (const char *)value->bytes.data);
        break;
    default:
        t->len +=
            (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%" PRId64, (int64_t)value->number);
    }
    assert(t->len < sizeof t->text);
    return true;
}

/* All values of a field, joined by commas: numbers in decimal, addresses and bytes in hex; "" for none. */
static inline const char *dissected_values(const struct dissected *dissected, const char *field)
{
    static struct dissected_text t;
    uint16_t id = field_find(field, strlen(field));

    t.len = 0;
    t.text[0] = 0;
    assert(id != FIELD_ID_NONE);
    dissection_values(&dissected->d, id, dissected_append, &t);
    return t.text;
}
