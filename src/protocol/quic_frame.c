/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quic_frame - only what Initial packets may hold (RFC 9000 section 12.4): the others are never opened. A
 * frame of another type ends the reading.
 */
#include "protocol/quic_frame.h"

#include "protocol/quic.h"
#include "protocol/tls.h"

enum {
    PADDING = 0x00,
    PING = 0x01,
    ACK = 0x02,
    ACK_ECN = 0x03,
    CRYPTO = 0x06,
    CONNECTION_CLOSE = 0x1c,
    CONNECTION_CLOSE_APPLICATION = 0x1d,
};

static bool take(struct dissection *d, struct reader *r, enum quic_field field, uint64_t *number)
{
    uint64_t value;

    if (!quic_varint(r, &value))
        return false;
    dissection_add_number(d, QUIC_ID(field), value);
    if (number)
        *number = value;
    return true;
}

static void padding(struct dissection *d, struct reader *r)
{
    uint64_t n = 1;

    while (reader_left(r) > 0 && r->at[0] == 0 && reader_skip(r, 1))
        n++;
    dissection_add_number(d, QUIC_ID(QUIC_PADDING_LENGTH), n);
}

static bool ack(struct dissection *d, struct reader *r, bool has_counts)
{
    uint64_t n;

    if (!take(d, r, QUIC_ACK_LARGEST_ACKNOWLEDGED, NULL) || !take(d, r, QUIC_ACK_ACK_DELAY, NULL) ||
        !take(d, r, QUIC_ACK_ACK_RANGE_COUNT, &n) || !take(d, r, QUIC_ACK_FIRST_ACK_RANGE, NULL))
        return false;
    for (; n > 0; n--) { /* ends with the bytes at the latest */
        if (!take(d, r, QUIC_ACK_GAP, NULL) || !take(d, r, QUIC_ACK_ACK_RANGE, NULL))
            return false;
    }
    return !has_counts || (take(d, r, QUIC_ACK_ECT0_COUNT, NULL) && take(d, r, QUIC_ACK_ECT1_COUNT, NULL) &&
                           take(d, r, QUIC_ACK_ECN_CE_COUNT, NULL));
}

static bool crypto(struct dissection *d, struct quic_connection *connection, bool is_server, struct reader *r)
{
    uint64_t offset, length;
    struct bytes piece, stream;

    if (!take(d, r, QUIC_CRYPTO_OFFSET, &offset) || !take(d, r, QUIC_CRYPTO_LENGTH, &length) ||
        !reader_bytes(r, length, &piece))
        return false;
    dissection_add_number(d, QUIC_ID(QUIC_CRYPTO_DATA), 1);
    stream = quic_stream_add(&connection->streams[is_server], offset, piece);
    if (stream.len > 0)
        tls_crypto_stream(d, stream, is_server);
    return true;
}

static bool connection_close(struct dissection *d, struct reader *r, bool is_application)
{
    enum { CRYPTO_ERROR_FIRST = 0x100, CRYPTO_ERROR_LAST = 0x1ff };
    struct bytes phrase;
    uint64_t code, length;

    if (!take(d, r, is_application ? QUIC_CC_ERROR_CODE_APP : QUIC_CC_ERROR_CODE, &code))
        return false;
    if (!is_application) {
        if (code >= CRYPTO_ERROR_FIRST && code <= CRYPTO_ERROR_LAST)
            dissection_add_number(d, QUIC_ID(QUIC_CC_TLS_ALERT), code & 0xff);
        if (!take(d, r, QUIC_CC_FRAME_TYPE, NULL))
            return false;
    }
    if (!take(d, r, QUIC_CC_REASON_PHRASE_LENGTH, &length) || !reader_bytes(r, length, &phrase))
        return false;
    dissection_add_bytes(d, QUIC_ID(QUIC_CC_REASON_PHRASE), phrase);
    return true;
}

bool quic_frames(struct dissection *d, struct quic_connection *connection, bool is_server, struct reader *r)
{
    while (reader_left(r) > 0) {
        uint64_t type;
        bool is_good = true;

        dissection_add_number(d, QUIC_ID(QUIC_FRAME), 1);
        if (!take(d, r, QUIC_FRAME_TYPE, &type))
            return false;
        switch (type) {
        case PADDING:
            padding(d, r);
            break;
        case PING:
            break;
        case ACK:
        case ACK_ECN:
            is_good = ack(d, r, type == ACK_ECN);
            break;
        case CRYPTO:
            is_good = crypto(d, connection, is_server, r);
            break;
        case CONNECTION_CLOSE:
        case CONNECTION_CLOSE_APPLICATION:
            is_good = connection_close(d, r, type == CONNECTION_CLOSE_APPLICATION);
            break;
        default:
            return true;
        }
        if (!is_good)
            return false;
    }
    return true;
}
