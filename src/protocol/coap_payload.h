/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coap_payload - who understands a payload: by its Content-Format, or what RFC 7252 section 5.5 says of one
 * without. Shared by what stands in the open and what OSCORE protects.
 */
#pragma once

#include "protocol/coap_option.h"

#define COAP_PAYLOAD_MASK                                                                            \
    (PROTOCOL_BIT(PROTOCOL_DATA) | PROTOCOL_BIT(PROTOCOL_TEXT_LINES) | PROTOCOL_BIT(PROTOCOL_JSON) | \
     PROTOCOL_BIT(PROTOCOL_CBOR) | PROTOCOL_BIT(PROTOCOL_LWM2MTLV) | PROTOCOL_BIT(PROTOCOL_OSCORE))

struct coap_payload {
    const struct coap_options *options;
    struct bytes bytes;
    struct bytes path; /* of the request: "/3/0" */
    uint32_t wire_len; /* what bytes has, or more where the capture ends before */
    uint8_t code;
    bool has_request_piv; /* the request brought a Partial IV */
};

/*
 * Adds the payload's fields to the top layer, one of protocol whose shared fields begin at first, and
 * dissects it. That what understood it gave up is noted.
 */
void coap_payload_dissect(struct dissection *d, enum protocol_id protocol, unsigned first,
                          const struct coap_payload *payload);
