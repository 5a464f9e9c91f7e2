/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/tls_names.h"
#include "protocol/tls_turn.h"

const struct field tls_fields[TLS_COUNT] = {
    [TLS_RECORD] = { "tls.record", FIELD_NONE, .title = "Record Layer" },
    [TLS_RECORD_CONTENT_TYPE] = { "tls.record.content_type", FIELD_UINT, .title = "Content Type",
                                  .ft_bits = 8, .names = tls_content_types },
    [TLS_RECORD_VERSION] = { "tls.record.version", FIELD_UINT, FIELD_BASE_HEX, "Version", .ft_bits = 16,
                             .names = tls_versions },
    [TLS_RECORD_LENGTH] = { "tls.record.length", FIELD_UINT, .title = "Length", .ft_bits = 16 },
    [TLS_REASSEMBLED_LENGTH] = { "tls.reassembled.length", FIELD_UINT, .title = "Reassembled PDU length",
                                 .ft_bits = 32 },
#define X(id, suffix, kind, shown, text, bits, texts)                                              \
    [TLS_##id] = {                                                                                 \
        "tls." suffix, FIELD_##kind, FIELD_BASE_##shown, text, .ft_bits = (bits), .names = (texts) \
    },
    TLS_ONLY_FIELDS(X)
#undef X
#define X(id, suffix, kind, shown, text, bits, texts)                                    \
    [TLS_SHARED + SHARED_##id] = { "tls." suffix, FIELD_##kind,      FIELD_BASE_##shown, \
                                   text,          .ft_bits = (bits), .names = (texts) },
        TLS_SHARED_RECORD_FIELDS(X) TLS_SHARED_HANDSHAKE_FIELDS(X)
#undef X
};
