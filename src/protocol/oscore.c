/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oscore - RFC 8613. A COSE object: ciphertext of a code, options and a payload, and a tag. Nobody gave keys,
 * so that it is there, and that it stays closed, is all there is to say; what its own fields are is declared,
 * for filters to name. Opened, it would be read by coap_options_read and coap_payload_dissect.
 */
#include "protocol/oscore.h"

#include "protocol/coap_option.h"
#include "protocol/coap_payload.h"

enum {
    OSCORE_TAG,
    OSCORE_PARTIAL_IV_NOT_FOUND,
    OSCORE_CONTEXT_NOT_SET,
    OSCORE_MESSAGE_TOO_SMALL,
    OSCORE_TRUNCATED,
    OSCORE_CBC_MAC_FAILED,
    OSCORE_TAG_CHECK_FAILED,
    OSCORE_DECRYPT_ERROR,
    OSCORE_INFO_FETCH_FAILED,
    OSCORE_PIV_LEN_INVALID,
    OSCORE_SHARED,
};

enum { OSCORE_BYTES_LEAST = 9 }; /* a code, and the shortest tag */

#define OSCORE_ID(index) FIELD_ID(PROTOCOL_OSCORE, index)

static const struct field oscore_fields[] = {
    [OSCORE_TAG] = { "oscore.tag", FIELD_BYTES, .title = "Decrypted Authentication Tag" },
    [OSCORE_PARTIAL_IV_NOT_FOUND] = { "oscore.partial_iv_not_found", FIELD_NONE,
                                      .title = "Partial IV not found - can't decrypt" },
    [OSCORE_CONTEXT_NOT_SET] = { "oscore.context_not_set", FIELD_NONE,
                                 .title = "Security context not set - can't decrypt" },
    [OSCORE_MESSAGE_TOO_SMALL] = { "oscore.message_too_small", FIELD_NONE, .title = "Message too small" },
    [OSCORE_TRUNCATED] = { "oscore.truncated", FIELD_NONE,
                           .title = "Message truncated, cannot verify authentication tag, but decryption is "
                                    "attempted" },
    [OSCORE_CBC_MAC_FAILED] = { "oscore.cbc_mac_failed", FIELD_NONE, .title = "Call to CBC-MAC failed" },
    [OSCORE_TAG_CHECK_FAILED] = { "oscore.tag_check_failed", FIELD_NONE,
                                  .title = "Authentication tag check failed" },
    [OSCORE_DECRYPT_ERROR] = { "oscore.decrypt_error", FIELD_NONE, .title = "Decryption error" },
    [OSCORE_INFO_FETCH_FAILED] = { "oscore.info_fetch_failed", FIELD_NONE,
                                   .title = "Failed to fetch info from the lower layer - OSCORE over HTTP is "
                                            "not supported" },
    [OSCORE_PIV_LEN_INVALID] = { "oscore.piv_len_invalid", FIELD_NONE,
                                 .title = "Partial IV length from the lower layer is invalid" },
    COAP_SHARED_FIELDS(OSCORE_SHARED, "oscore"),
};

enum dissect_result oscore_dissect_message(struct dissection *d, struct reader *r, bool has_piv)
{
    if (d->left_wire < OSCORE_BYTES_LEAST)
        return DISSECT_REFUSED;
    if (dissection_push(d, PROTOCOL_OSCORE, r, (uint32_t)reader_left(r)) == NULL)
        return DISSECT_OK;
    dissection_add_number(d, OSCORE_ID(has_piv ? OSCORE_CONTEXT_NOT_SET : OSCORE_PARTIAL_IV_NOT_FOUND), 0);
    return DISSECT_OK;
}

static enum dissect_result oscore_dissect(struct dissection *d, struct reader *r)
{
    return oscore_dissect_message(d, r, false);
}

const struct protocol protocol_oscore = {
    .name = "oscore",
    .title = "Object Security for Constrained RESTful Environments",
    .fields = oscore_fields,
    .n_fields = sizeof oscore_fields / sizeof oscore_fields[0],
    .dissect = oscore_dissect,
};
