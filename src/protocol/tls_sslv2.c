/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/tls_sslv2.h"

bool tls_is_sslv2_hello(const struct reader *r)
{
    return reader_left(r) >= 3 && r->at[0] == 0x80 && r->at[2] == 1;
}

enum dissect_result tls_sslv2_hello(struct tls_turn *turn, struct reader *r)
{
    struct dissection *d = turn->d;
    uint16_t length, version, suites_length, session_id_length, challenge_length;
    struct reader body, suites;
    struct bytes session_id;
    uint32_t suite;
    uint8_t type;

    if (!reader_u16(r, &length))
        return DISSECT_TRUNCATED;
    length &= 0x7fff;
    if (!reader_sub(r, length, &body)) {
        r->at = r->end;
        return DISSECT_OK;
    }
    dissection_add_number(d, TLS_ID(TLS_RECORD), 1);
    dissection_add_number(d, TLS_ID(TLS_RECORD_VERSION), SSL_2_0);
    dissection_add_number(d, TLS_ID(TLS_RECORD_LENGTH), length);
    if (!reader_u8(&body, &type))
        return DISSECT_MALFORMED;
    dissection_add_number(d, TLS_SHARED_ID(HANDSHAKE_TYPE), type);
    if (!reader_u16(&body, &version))
        return DISSECT_MALFORMED;
    if (!tls_is_version(version) && version != 2)
        return DISSECT_OK;
    if (turn->has_ends)
        turn->session->server = turn->ends.is_forward ? TLS_SERVER_HIGH : TLS_SERVER_LOW;
    dissection_add_number(d, TLS_SHARED_ID(VERSION), version);
    if (!reader_u16(&body, &suites_length) || !reader_u16(&body, &session_id_length) ||
        !reader_u16(&body, &challenge_length))
        return DISSECT_MALFORMED;
    dissection_add_number(d, TLS_ID(TLS_CIPHER_SPEC_LEN), suites_length);
    dissection_add_number(d, TLS_SHARED_ID(SESSION_ID_LENGTH), session_id_length);
    dissection_add_number(d, TLS_ID(TLS_CHALLENGE_LENGTH), challenge_length);
    dissection_add_number(d, TLS_SHARED_ID(CIPHERSUITES), 1);
    if (!reader_sub(&body, suites_length, &suites))
        return DISSECT_MALFORMED;
    while (reader_u24(&suites, &suite))
        dissection_add_number(d, TLS_ID(TLS_CIPHERSPEC), suite);
    if (!reader_bytes(&body, session_id_length, &session_id))
        return DISSECT_MALFORMED;
    if (session_id_length > 0)
        dissection_add_bytes(d, TLS_SHARED_ID(SESSION_ID), session_id);
    if (challenge_length > 0)
        dissection_add_number(d, TLS_ID(TLS_CHALLENGE), 1);
    return DISSECT_OK;
}
