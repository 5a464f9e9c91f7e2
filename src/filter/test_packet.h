/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_packet - hand-made packets for the filter's tests: built from the inside out, each call putting a
 * header before what is there.
 */
#pragma once

#include "packet/packet.h"

enum { TEST_PACKET_BYTES = 1024 };

struct test_packet {
    uint8_t data[TEST_PACKET_BYTES];
    size_t at; /* the packet is data[at..TEST_PACKET_BYTES) */
};

static inline void test_packet_init(struct test_packet *t, const void *payload, size_t len)
{
    t->at = TEST_PACKET_BYTES - len;
    memcpy(t->data + t->at, payload, len);
}

static inline size_t test_packet_len(const struct test_packet *t)
{
    return TEST_PACKET_BYTES - t->at;
}

static inline uint8_t *test_packet_put(struct test_packet *t, size_t len)
{
    t->at -= len;
    memset(t->data + t->at, 0, len);
    return t->data + t->at;
}

static inline void test_u16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void test_u32(uint8_t *at, uint32_t value)
{
    test_u16(at, value >> 16);
    test_u16(at + 2, value & 0xffff);
}

static inline void test_udp(struct test_packet *t, uint16_t source, uint16_t destination)
{
    size_t len = test_packet_len(t);
    uint8_t *at = test_packet_put(t, 8);

    test_u16(at, source);
    test_u16(at + 2, destination);
    test_u16(at + 4, len + 8);
}

static inline void test_tcp(struct test_packet *t, uint16_t source, uint16_t destination)
{
    uint8_t *at = test_packet_put(t, 20);

    test_u16(at, source);
    test_u16(at + 2, destination);
    at[12] = 5 << 4;
    at[13] = 2; /* SYN */
}

static inline void test_ipv4(struct test_packet *t, uint8_t protocol, uint32_t source, uint32_t destination)
{
    size_t len = test_packet_len(t);
    uint8_t *at = test_packet_put(t, 20);

    at[0] = 0x45;
    test_u16(at + 2, len + 20);
    test_u16(at + 4, 0x1234);
    at[8] = 64;
    at[9] = protocol;
    test_u32(at + 12, source);
    test_u32(at + 16, destination);
}

/* 2001:db8::source to 2001:db8::destination */
static inline void test_ipv6(struct test_packet *t, uint8_t protocol, uint32_t source, uint32_t destination)
{
    size_t len = test_packet_len(t);
    uint8_t *at = test_packet_put(t, 40);

    at[0] = 0x60;
    test_u16(at + 4, len);
    at[6] = protocol;
    at[7] = 64;
    test_u32(at + 8, 0x20010db8);
    test_u32(at + 20, source);
    test_u32(at + 24, 0x20010db8);
    test_u32(at + 36, destination);
}

static inline void test_ethernet(struct test_packet *t, uint16_t type)
{
    static const uint8_t addresses[] = { 2, 0, 0x5e, 0, 1, 1, 2, 0, 0x5e, 0, 1, 2 };
    uint8_t *at = test_packet_put(t, 14);

    memcpy(at, addresses, sizeof addresses);
    test_u16(at + 12, type);
}

static inline void test_vlan(struct test_packet *t, uint16_t id, uint16_t type)
{
    uint8_t *at = test_packet_put(t, 4);

    test_u16(at, id);
    test_u16(at + 2, type);
}

static inline void test_vxlan(struct test_packet *t, uint32_t vni)
{
    uint8_t *at = test_packet_put(t, 8);

    at[0] = 8;
    test_u32(at + 4, vni << 8);
}

static inline struct packet test_packet_view(const struct test_packet *t)
{
    uint32_t len = (uint32_t)test_packet_len(t);

    return (struct packet) { .ts_ns = INT64_C(1700000000500000000),
                             .data = t->data + t->at,
                             .caplen = len,
                             .len = len,
                             .linktype = LINKTYPE_ETHERNET,
                             .number = 7 };
}
