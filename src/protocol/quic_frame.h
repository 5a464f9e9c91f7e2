/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quic_frame - the fields of QUIC, and the frames in opened packets (RFC 9000 section 19).
 */
#pragma once

#include "protocol/dissection.h"
#include "protocol/quic_connection.h"

enum quic_field {
    QUIC_CONNECTION_NUMBER,
    QUIC_PACKET_LENGTH,
    QUIC_HEADER_FORM,
    QUIC_LONG_PACKET_TYPE,
    QUIC_LONG_PACKET_TYPE_V2,
    QUIC_LONG_RESERVED,
    QUIC_PACKET_NUMBER_LENGTH,
    QUIC_DCID,
    QUIC_SCID,
    QUIC_DCIL,
    QUIC_SCIL,
    QUIC_TOKEN_LENGTH,
    QUIC_TOKEN,
    QUIC_LENGTH,
    QUIC_PACKET_NUMBER,
    QUIC_VERSION,
    QUIC_SUPPORTED_VERSION,
    QUIC_VN_UNUSED,
    QUIC_SHORT_HEADER,
    QUIC_FIXED_BIT,
    QUIC_SPIN_BIT,
    QUIC_PAYLOAD,
    QUIC_REMAINING_PAYLOAD,
    QUIC_ODCIL,
    QUIC_ODCID,
    QUIC_RETRY_TOKEN,
    QUIC_RETRY_INTEGRITY_TAG,
    QUIC_FRAME,
    QUIC_FRAME_TYPE,
    QUIC_PADDING_LENGTH,
    QUIC_ACK_LARGEST_ACKNOWLEDGED,
    QUIC_ACK_ACK_DELAY,
    QUIC_ACK_ACK_RANGE_COUNT,
    QUIC_ACK_FIRST_ACK_RANGE,
    QUIC_ACK_GAP,
    QUIC_ACK_ACK_RANGE,
    QUIC_ACK_ECT0_COUNT,
    QUIC_ACK_ECT1_COUNT,
    QUIC_ACK_ECN_CE_COUNT,
    QUIC_CRYPTO_OFFSET,
    QUIC_CRYPTO_LENGTH,
    QUIC_CRYPTO_DATA,
    QUIC_CC_ERROR_CODE,
    QUIC_CC_ERROR_CODE_APP,
    QUIC_CC_TLS_ALERT,
    QUIC_CC_FRAME_TYPE,
    QUIC_CC_REASON_PHRASE_LENGTH,
    QUIC_CC_REASON_PHRASE,
    QUIC_COUNT,
};

#define QUIC_ID(index) FIELD_ID(PROTOCOL_QUIC, index)

/* The frames of an Initial packet. False: malformed. */
bool quic_frames(struct dissection *d, struct quic_connection *connection, bool is_server, struct reader *r);
