/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_quic_parameters - the transport parameters of a QUIC end in its hello: RFC 9000 section 18, in two
 * forms: lengths of two bytes before draft 27, QUIC's own since.
 */
#include "protocol/quic.h"
#include "protocol/tls_handshake.h"

enum { PARAMETERS_LIMIT = 128, PREFERRED_ADDRESS = 0x0d, VERSION_INFORMATION = 0x11 };

enum form { FORM_NUMBER, FORM_BYTES };

static const struct {
    uint64_t type;
    enum form form;
    enum tls_shared_field field;
} parameters[] = {
    { 0x00, FORM_BYTES, SHARED_QUIC_PARAMETER_ORIGINAL_DESTINATION_CONNECTION_ID },
    { 0x01, FORM_NUMBER, SHARED_QUIC_PARAMETER_MAX_IDLE_TIMEOUT },
    { 0x02, FORM_BYTES, SHARED_QUIC_PARAMETER_STATELESS_RESET_TOKEN },
    { 0x03, FORM_NUMBER, SHARED_QUIC_PARAMETER_MAX_UDP_PAYLOAD_SIZE },
    { 0x04, FORM_NUMBER, SHARED_QUIC_PARAMETER_INITIAL_MAX_DATA },
    { 0x05, FORM_NUMBER, SHARED_QUIC_PARAMETER_INITIAL_MAX_STREAM_DATA_BIDI_LOCAL },
    { 0x06, FORM_NUMBER, SHARED_QUIC_PARAMETER_INITIAL_MAX_STREAM_DATA_BIDI_REMOTE },
    { 0x07, FORM_NUMBER, SHARED_QUIC_PARAMETER_INITIAL_MAX_STREAM_DATA_UNI },
    { 0x08, FORM_NUMBER, SHARED_QUIC_PARAMETER_INITIAL_MAX_STREAMS_BIDI },
    { 0x09, FORM_NUMBER, SHARED_QUIC_PARAMETER_INITIAL_MAX_STREAMS_UNI },
    { 0x0a, FORM_NUMBER, SHARED_QUIC_PARAMETER_ACK_DELAY_EXPONENT },
    { 0x0b, FORM_NUMBER, SHARED_QUIC_PARAMETER_MAX_ACK_DELAY },
    { 0x0e, FORM_NUMBER, SHARED_QUIC_PARAMETER_ACTIVE_CONNECTION_ID_LIMIT },
    { 0x0f, FORM_BYTES, SHARED_QUIC_PARAMETER_INITIAL_SOURCE_CONNECTION_ID },
    { 0x10, FORM_BYTES, SHARED_QUIC_PARAMETER_RETRY_SOURCE_CONNECTION_ID },
    { 0x20, FORM_NUMBER, SHARED_QUIC_PARAMETER_MAX_DATAGRAM_FRAME_SIZE },
    { 0x1057, FORM_NUMBER, SHARED_QUIC_PARAMETER_LOSS_BITS },
    { 0x7158, FORM_NUMBER, SHARED_QUIC_PARAMETER_ENABLE_TIME_STAMP_V2 },
    { 0xde1a, FORM_NUMBER, SHARED_QUIC_PARAMETER_MIN_ACK_DELAY },
    { 0xff03de1a, FORM_NUMBER, SHARED_QUIC_PARAMETER_MIN_ACK_DELAY },
};

/* RFC 9000 section 18.2, figure 22 */
static void preferred_address(struct tls_message *h, struct reader *r)
{
    struct bytes address, token;
    struct reader cid;

    if (!reader_bytes(r, 4, &address))
        return;
    handshake_bytes(h, SHARED_QUIC_PARAMETER_PREFERRED_ADDRESS_IPV4ADDRESS, address);
    if (!handshake_take(h, r, 2, SHARED_QUIC_PARAMETER_PREFERRED_ADDRESS_IPV4PORT, NULL) ||
        !reader_bytes(r, 16, &address))
        return;
    handshake_bytes(h, SHARED_QUIC_PARAMETER_PREFERRED_ADDRESS_IPV6ADDRESS, address);
    if (!handshake_take(h, r, 2, SHARED_QUIC_PARAMETER_PREFERRED_ADDRESS_IPV6PORT, NULL) ||
        !handshake_vector(h, r, 1, SHARED_QUIC_PARAMETER_PREFERRED_ADDRESS_CONNECTIONID_LENGTH, &cid))
        return;
    handshake_bytes(h, SHARED_QUIC_PARAMETER_PREFERRED_ADDRESS_CONNECTIONID, reader_rest(&cid));
    if (reader_bytes(r, 16, &token))
        handshake_bytes(h, SHARED_QUIC_PARAMETER_PREFERRED_ADDRESS_STATELESSRESETTOKEN, token);
}

static void version_information(struct tls_message *h, struct reader *r)
{
    if (!handshake_take(h, r, 4, SHARED_QUIC_PARAMETER_VI_CHOSEN_VERSION, NULL))
        return;
    while (reader_left(r) >= 4 && handshake_take(h, r, 4, SHARED_QUIC_PARAMETER_VI_OTHER_VERSION, NULL))
        ;
}

static void parameter(struct tls_message *h, uint64_t type, struct reader *r)
{
    uint64_t number;

    if (type == PREFERRED_ADDRESS)
        preferred_address(h, r);
    else if (type == VERSION_INFORMATION)
        version_information(h, r);
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        if (parameters[i].type != type)
            continue;
        if (parameters[i].form == FORM_BYTES)
            handshake_bytes(h, parameters[i].field, reader_rest(r));
        else if (quic_varint(r, &number))
            handshake_number(h, parameters[i].field, number);
        return;
    }
}

/* Before draft 27 a total length stands first. */
static bool is_old_form(const struct reader *r)
{
    struct reader peek = *r;
    size_t left = reader_left(r);
    uint16_t total, type, length;

    return reader_u16(&peek, &total) && reader_u16(&peek, &type) && reader_u16(&peek, &length) &&
           total + (size_t)2 == left && length + (size_t)6 <= left;
}

void tls_quic_parameters(struct tls_message *h, struct reader *r)
{
    bool is_old = is_old_form(r);
    struct reader list = *r;

    if (is_old && !handshake_vector(h, r, 2, SHARED_QUIC_LEN, &list))
        return;
    for (unsigned n = 0; reader_left(&list) > 0 && n < PARAMETERS_LIMIT; n++) {
        struct reader value;
        uint64_t type, length;

        if (is_old) {
            uint32_t old_type;

            if (!handshake_take(h, &list, 2, SHARED_QUIC_PARAMETER_TYPE, &old_type) ||
                !handshake_vector(h, &list, 2, SHARED_QUIC_PARAMETER_LENGT_OLD, &value))
                return;
            type = old_type;
        } else {
            if (!quic_varint(&list, &type))
                return;
            handshake_number(h, SHARED_QUIC_PARAMETER_TYPE, type);
            if (!quic_varint(&list, &length))
                return;
            handshake_number(h, SHARED_QUIC_PARAMETER_LENGTH, length);
            if (!reader_sub(&list, length, &value))
                return;
        }
        handshake_bytes(h, SHARED_QUIC_PARAMETER_VALUE, reader_rest(&value));
        parameter(h, type, &value);
    }
}
