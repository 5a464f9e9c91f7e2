/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_dtls - DTLS 1.0 to 1.2 (RFC 6347) with connection ids (RFC 9146), and the hellos of 1.3 (RFC
 * 9147).
 *
 * The glance walks over the heads of records and tells those of a handshake, of epoch 0, from sealed ones. It
 * stops at the first with a connection id, whose length is not on the wire: the tracker knows the ids.
 */
#include "device/identity.h"
#include "protocol/dtls.h"

enum {
    RECORD_CID_AT = 11,    /* RFC 9146 section 4 */
    UNIFIED_HEADER = 0x20, /* RFC 9147 section 4 */
    UNIFIED_MASK = 0xe0,
    VERSION_MAJOR = 0xfe, /* of DTLS 1.0 and 1.2 */
};

/* Whether a handshake record may begin somewhere in what is left: where the one at hand ends is not known. */
static bool may_hold_handshake(struct reader r)
{
    while (reader_left(&r) > RECORD_CID_AT) {
        const uint8_t *at = memchr(r.at, DTLS_HANDSHAKE_RECORD, reader_left(&r) - 1);

        if (at == NULL)
            return false;
        if (at[1] == VERSION_MAJOR)
            return true;
        r.at = at + 1;
    }
    return false;
}

static void dtls_glance(struct glance *glance)
{
    struct reader r = reader_over(glance->payload);

    for (;;) {
        struct reader start = r;
        uint16_t epoch, length;
        uint64_t sequence;
        uint8_t type;

        if (!reader_u8(&r, &type))
            return;
        if ((type & UNIFIED_MASK) == UNIFIED_HEADER) {
            glance->has_sealed = true; /* its number is sealed too */
            return;
        }
        if (!reader_skip(&r, 2) || !reader_u16(&r, &epoch) || !reader_u48(&r, &sequence))
            return;
        if (epoch > 0) {
            glance->has_sealed = true;
            glance->has_sequence = true;
            glance->sequence = (uint64_t)epoch << 48 | sequence;
        } else {
            glance->has_epoch0 = true;
            glance->is_done |= type == DTLS_CHANGE_CIPHER_SPEC_RECORD;
            glance->is_news |= type == DTLS_HANDSHAKE_RECORD;
        }
        if (type == DTLS_CID_RECORD) {
            glance->has_cid = true;
            glance->cid_at = (uint32_t)(start.at - glance->payload.data) + RECORD_CID_AT;
            glance->is_news |= may_hold_handshake(r);
            return;
        }
        if (!reader_u16(&r, &length) || !reader_skip(&r, length))
            return;
    }
}

static void dtls_look(const struct look *look, struct sighting *seen)
{
    struct handshake_reading reading = { 0 };
    const struct value *value;
    unsigned field;

    for (uint32_t at = 0; look_next(look, &at, &field, &value);)
        handshake_take_value(&reading, seen, (enum handshake_field)field, value);
}

static const char *const fields[] = { HANDSHAKE_FIELD_NAMES("dtls."), NULL };

const struct identity_source identity_dtls = {
    .protocol = PROTOCOL_DTLS,
    .ip_protocol = 17,
    .fields = fields,
    .glance = dtls_glance,
    .look = dtls_look,
};
