/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_turn - what the files that read TLS records share: the numbers of the fields of `tls`, and the state of
 * the direction at hand.
 */
#pragma once

#include "protocol/dissection.h"
#include "protocol/flow.h"
#include "protocol/tls_fields.h"
#include "protocol/tls_handshake.h"

enum {
    TLS_RECORD,
    TLS_RECORD_CONTENT_TYPE,
    TLS_RECORD_VERSION,
    TLS_RECORD_LENGTH,
#define X(id, name, type, base, title, bits, names) TLS_##id,
    TLS_ONLY_FIELDS(X)
#undef X
        TLS_REASSEMBLED_LENGTH,
    TLS_SHARED,
    TLS_COUNT = TLS_SHARED + SHARED_COUNT,
};

static_assert(TLS_COUNT <= 256, "a field's index has eight bits");

#define TLS_ID(index) FIELD_ID(PROTOCOL_TLS, index)
#define TLS_SHARED_ID(field) TLS_ID(TLS_SHARED + SHARED_##field)

extern const struct field tls_fields[TLS_COUNT];

/* One direction's turn: what dissect() knows of the connection. */
struct tls_turn {
    struct dissection *d;
    struct tls_session *session;
    bool is_server;
    bool has_ends;
    struct conversation_ends ends;
};

static inline bool tls_is_version(uint16_t version)
{
    return (version >= SSL_3_0 && version <= TLS_1_2) || version == 0x0101;
}
