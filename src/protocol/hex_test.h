/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hex_test - for tests of dissectors: datagrams written in hex, and all values of a field as one text, by the
 * field's name.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "protocol/state.h"
#include "protocol/wire.h"

#include "protocol/dissection.h"

static struct dissection hex_d;

/* Blanks between the digits are for the reader. */
static inline void hex_put(struct wire *w, const char *hex)
{
    unsigned byte;
    int n;

    while (sscanf(hex, " %2x%n", &byte, &n) == 1) {
        wire_number(w, byte, 1);
        hex += n;
    }
}

/* Dissects a datagram with everything in demand; cut: bytes at its end that were not captured. */
static inline void hex_show_cut(struct dissect_state *state, uint32_t number, int64_t ts_ns,
                                struct wire_end from, struct wire_end to, const char *hex, uint32_t cut)
{
    static struct demand demand;
    static struct wire frame;
    static struct packet packet;
    struct wire payload = { 0 };

    hex_put(&payload, hex);
    wire_udp(&frame, from, to, wire_bytes(&payload));
    packet = wire_packet(&frame, LINKTYPE_ETHERNET, ts_ns);
    packet.number = number;
    packet.caplen -= cut;
    demand_init(&demand);
    demand_add_everything(&demand);
    demand_settle(&demand);
    dissection_init(&hex_d, &demand, state, NULL);
    dissect(&hex_d, &packet);
}

static inline bool hex_append(void *context, const struct value *value)
{
    enum { ROOM = 2048 };
    char *text = context;
    size_t len = strlen(text);

    if (len)
        len += (size_t)snprintf(text + len, ROOM - len, ",");
    switch ((enum field_type)value->type) {
    case FIELD_STRING:
        snprintf(text + len, ROOM - len, "%.*s", (int)value->bytes.len, (const char *)value->bytes.data);
        break;
    case FIELD_BYTES:
        snprintf(text + len, ROOM - len, "<");
        for (size_t i = 0; i < value->bytes.len; i++)
            snprintf(text + strlen(text), ROOM - strlen(text), "%02x", value->bytes.data[i]);
        snprintf(text + strlen(text), ROOM - strlen(text), ">");
        break;
    case FIELD_DOUBLE:
        snprintf(text + len, ROOM - len, "%g", value->real);
        break;
    case FIELD_INT:
        snprintf(text + len, ROOM - len, "%lld", (long long)value->number);
        break;
    case FIELD_NONE:
        snprintf(text + len, ROOM - len, "+");
        break;
    default:
        snprintf(text + len, ROOM - len, "%llu", (unsigned long long)value->number);
    }
    return true;
}

/* "a,b": strings as they are, <bytes> in hex, "+" for presence alone; "" for none. */
static inline const char *hex_values(const char *field)
{
    static char text[2048];
    uint16_t id = field_find(field, strlen(field));

    if (id == FIELD_ID_NONE)
        return "no such field";
    text[0] = '\0';
    dissection_values(&hex_d, id, hex_append, text);
    return text;
}

struct hex_expected {
    const char *field, *values;
};

static inline void hex_check(const struct hex_expected *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(hex_values(expected[i].field), expected[i].values) != 0)
            fail_msg("%s: %s, not %s", expected[i].field, hex_values(expected[i].field), expected[i].values);
}

#define HEX_CHECK(...)                                             \
    do {                                                           \
        static const struct hex_expected rows[] = { __VA_ARGS__ }; \
        hex_check(rows, sizeof rows / sizeof rows[0]);             \
    } while (0)
