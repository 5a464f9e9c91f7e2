/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - hand-made packets for tests: bytes put one behind the other, lengths filled in by whoever wraps
 * them.
 */
#pragma once

#include <assert.h>

#include "packet/packet.h"
#include "protocol/dispatch.h"
#include "protocol/dtls.h"

enum { WIRE_BYTES = 8192 };

struct wire {
    size_t len;
    uint8_t data[WIRE_BYTES];
};

static inline struct bytes wire_bytes(const struct wire *w)
{
    return bytes_of(w->data, w->len);
}

static inline void wire_put(struct wire *w, struct bytes bytes)
{
    assert(bytes.len <= sizeof w->data - w->len);
    if (bytes.len)
        memcpy(w->data + w->len, bytes.data, bytes.len);
    w->len += bytes.len;
}

/* The last n bytes of a number, in network order. */
static inline void wire_number(struct wire *w, uint64_t number, unsigned n)
{
    for (unsigned i = n; i-- > 0;) {
        uint8_t byte = (uint8_t)(number >> 8 * i);

        wire_put(w, bytes_of(&byte, 1));
    }
}

static inline void wire_fill(struct wire *w, uint8_t byte, size_t n)
{
    while (n-- > 0)
        wire_put(w, bytes_of(&byte, 1));
}

/* ---- what goes around a payload; *w is emptied first, and may not hold the payload ---- */

struct wire_end {
    uint32_t address; /* IPv4, or the last word of 2001:db8:: */
    uint16_t port;
};

static inline void wire_ethernet(struct wire *w, uint16_t type)
{
    w->len = 0;
    wire_put(w, bytes_of((const uint8_t *)"\2\0\x5e\0\0\2\2\0\x5e\0\0\1", 12));
    wire_number(w, type, 2);
}

/* fragment: the word with the flags and the offset */
static inline void wire_ipv4(struct wire *w, uint8_t protocol, uint32_t from, uint32_t to, uint16_t id,
                             uint16_t fragment, struct bytes payload)
{
    wire_number(w, 0x4500, 2);
    wire_number(w, 20 + payload.len, 2);
    wire_number(w, id, 2);
    wire_number(w, fragment, 2);
    wire_number(w, 64, 1);
    wire_number(w, protocol, 1);
    wire_number(w, 0, 2);
    wire_number(w, from, 4);
    wire_number(w, to, 4);
    wire_put(w, payload);
}

static inline void wire_ipv6(struct wire *w, uint8_t next, uint32_t from, uint32_t to, struct bytes payload)
{
    wire_number(w, 0x60000000, 4);
    wire_number(w, payload.len, 2);
    wire_number(w, next, 1);
    wire_number(w, 64, 1);
    wire_number(w, UINT64_C(0x20010db800000000), 8);
    wire_number(w, from, 8);
    wire_number(w, UINT64_C(0x20010db800000000), 8);
    wire_number(w, to, 8);
    wire_put(w, payload);
}

static inline void wire_udp_header(struct wire *w, uint16_t from, uint16_t to, size_t payload_len)
{
    wire_number(w, from, 2);
    wire_number(w, to, 2);
    wire_number(w, 8 + payload_len, 2);
    wire_number(w, 0, 2);
}

/* A whole Ethernet frame with IPv4 and UDP. */
static inline void wire_udp(struct wire *w, struct wire_end from, struct wire_end to, struct bytes payload)
{
    struct wire udp = { 0 };

    wire_udp_header(&udp, from.port, to.port, payload.len);
    wire_put(&udp, payload);
    wire_ethernet(w, 0x0800);
    wire_ipv4(w, IP_PROTOCOL_UDP, from.address, to.address, 1, 0, wire_bytes(&udp));
}

static inline struct packet wire_packet(const struct wire *w, uint16_t linktype, int64_t ts_ns)
{
    return (struct packet) { .ts_ns = ts_ns,
                             .data = w->data,
                             .caplen = (uint32_t)w->len,
                             .len = (uint32_t)w->len,
                             .linktype = linktype,
                             .number = 1 };
}

/* ---- DTLS: put behind what is there ---- */

static inline void wire_record(struct wire *w, uint8_t type, uint16_t epoch, uint64_t sequence,
                               struct bytes cid, struct bytes body)
{
    wire_number(w, type, 1);
    wire_number(w, 0xfefd, 2);
    wire_number(w, epoch, 2);
    wire_number(w, sequence, 6);
    wire_put(w, cid);
    wire_number(w, body.len, 2);
    wire_put(w, body);
}

/* A handshake message's fragment in a record of its own, of epoch 0. */
static inline void wire_fragment(struct wire *w, uint8_t type, uint16_t message_seq, struct bytes whole,
                                 size_t offset, size_t len)
{
    struct wire message = { 0 };

    wire_number(&message, type, 1);
    wire_number(&message, whole.len, 3);
    wire_number(&message, message_seq, 2);
    wire_number(&message, offset, 3);
    wire_number(&message, len, 3);
    wire_put(&message, bytes_of(whole.data + offset, len));
    wire_record(w, DTLS_HANDSHAKE_RECORD, 0, message_seq, (struct bytes) { 0 }, wire_bytes(&message));
}

static inline void wire_message(struct wire *w, uint8_t type, uint16_t message_seq, const struct wire *body)
{
    wire_fragment(w, type, message_seq, wire_bytes(body), 0, body->len);
}

struct wire_hello {
    uint8_t random; /* 32 times */
    struct bytes session_id;
    struct bytes cookie;
    bool has_cid; /* the extension, which may hold an empty id */
    struct bytes cid;
};

static inline void wire_short_string(struct wire *w, struct bytes bytes)
{
    wire_number(w, bytes.len, 1);
    wire_put(w, bytes);
}

static inline void wire_extensions(struct wire *w, const struct wire_hello *hello)
{
    if (!hello->has_cid)
        return;
    wire_number(w, hello->cid.len + 5, 2);
    wire_number(w, 54, 2);
    wire_number(w, hello->cid.len + 1, 2);
    wire_short_string(w, hello->cid);
}

static inline void wire_client_hello(struct wire *w, uint16_t message_seq, struct wire_hello hello)
{
    struct wire body = { 0 };

    wire_number(&body, 0xfefd, 2);
    wire_fill(&body, hello.random, 32);
    wire_short_string(&body, hello.session_id);
    wire_short_string(&body, hello.cookie);
    wire_number(&body, 0x0002c0a8, 4);
    wire_number(&body, 0x0100, 2);
    wire_extensions(&body, &hello);
    wire_message(w, DTLS_CLIENT_HELLO, message_seq, &body);
}

static inline void wire_server_hello(struct wire *w, uint16_t message_seq, uint16_t suite,
                                     struct wire_hello hello)
{
    struct wire body = { 0 };

    wire_number(&body, 0xfefd, 2);
    wire_fill(&body, hello.random, 32);
    wire_short_string(&body, hello.session_id);
    wire_number(&body, suite, 2);
    wire_number(&body, 0, 1);
    wire_extensions(&body, &hello);
    wire_message(w, DTLS_SERVER_HELLO, message_seq, &body);
}

static inline void wire_identity(struct wire *body, const char *identity)
{
    wire_number(body, strlen(identity), 2);
    wire_put(body, bytes_text(identity));
}

static inline void wire_client_key_exchange(struct wire *w, uint16_t message_seq, const char *identity)
{
    struct wire body = { 0 };

    wire_identity(&body, identity);
    wire_message(w, DTLS_CLIENT_KEY_EXCHANGE, message_seq, &body);
}

static inline void wire_cipher_change(struct wire *w)
{
    wire_record(w, DTLS_CHANGE_CIPHER_SPEC_RECORD, 0, 9, (struct bytes) { 0 },
                bytes_of((const uint8_t *)"\1", 1));
}

/* Ciphertext: of type 25 where there is a connection id. */
static inline void wire_secret(struct wire *w, uint8_t type, uint64_t sequence, struct bytes cid)
{
    wire_record(w, cid.len ? DTLS_CID_RECORD : type, 1, sequence, cid,
                bytes_of((const uint8_t *)"sixteen bytes of", 16));
}
