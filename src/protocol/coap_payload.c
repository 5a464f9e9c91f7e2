/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/coap_payload.h"

#include <stdio.h>

#include "protocol/lwm2mtlv.h"
#include "protocol/oscore.h"
#include "protocol/payload_text.h"

enum { PAYLOAD_TEXT_BYTES = 79 }; /* Wireshark's own limit for the description */

static bool is_diagnostic(const struct coap_payload *payload) /* RFC 7252 section 5.5.2 */
{
    unsigned class = coap_class_of(payload->code);

    return !payload->options->has_content_format &&
           (class == COAP_CLASS_CLIENT_ERROR || class == COAP_CLASS_SERVER_ERROR);
}

static enum protocol_id protocol_of(const struct coap_payload *payload)
{
    if (!payload->options->has_content_format)
        return is_diagnostic(payload) ? PROTOCOL_TEXT_LINES : PROTOCOL_DATA;
    switch (payload->options->content_format) {
    case 0: /* text/plain */
        return PROTOCOL_TEXT_LINES;
    case 42: /* application/octet-stream */
        return PROTOCOL_DATA;
    case 50:  /* application/json */
    case 51:  /* application/json-patch+json */
    case 52:  /* application/merge-patch+json */
    case 110: /* application/senml+json */
    case 111: /* application/sensml+json */
    case 1543:
    case 11543: /* application/vnd.oma.lwm2m+json */
        return PROTOCOL_JSON;
    case 60:  /* application/cbor */
    case 112: /* application/senml+cbor */
    case 113: /* application/sensml+cbor */
        return PROTOCOL_CBOR;
    case 1542:
    case 11542: /* application/vnd.oma.lwm2m+tlv */
        return PROTOCOL_LWM2MTLV;
    default:
        return PROTOCOL_NONE;
    }
}

static void describe(struct dissection *d, uint16_t first_id, const struct coap_payload *payload)
{
    const struct coap_options *options = payload->options;
    uint32_t format = options->content_format;
    const char *name = options->has_content_format ? coap_content_format_name(format)
                       : is_diagnostic(payload)    ? coap_content_format_name(0)
                                                   : coap_content_format_name(42);
    char unknown[32], text[128];
    struct bytes part;

    if (name == NULL) {
        snprintf(unknown, sizeof unknown, "Unknown Type %u", (unsigned)format);
        name = unknown;
    }
    snprintf(text, sizeof text, "Payload Content-Format: %s%s, Length: %u", name,
             options->has_content_format ? "" : " (no Content-Format)", (unsigned)payload->wire_len);
    part = bytes_text(text);
    part.len = part.len < PAYLOAD_TEXT_BYTES ? part.len : PAYLOAD_TEXT_BYTES;
    dissection_add_bytes(d, (uint16_t)(first_id + COAP_SHARED_PAYLOAD), payload_text_join(d, &part, 1));
    part = bytes_text(name);
    dissection_add_bytes(d, (uint16_t)(first_id + COAP_SHARED_PAYLOAD_DESC), payload_text_join(d, &part, 1));
}

static enum dissect_result note(struct dissection *d, enum dissect_result result)
{
    if (result == DISSECT_OK || result == DISSECT_REFUSED)
        return DISSECT_OK;
    d->top->result = (uint8_t)result;
    if (result == DISSECT_MALFORMED) {
        d->counters.n_malformed++;
        d->present |= PROTOCOL_BIT(PROTOCOL_MALFORMED);
    }
    return result;
}

/* What understands the payload, and what it names as following. */
static enum dissect_result run(struct dissection *d, enum protocol_id next,
                               const struct coap_payload *payload)
{
    struct reader r = reader_over(payload->bytes);
    enum dissect_result result = DISSECT_OK;

    d->left_wire = payload->wire_len;
    while (next != PROTOCOL_NONE && d->demand->passable >> next & 1 && result == DISSECT_OK) {
        d->next = PROTOCOL_NONE;
        if (next == PROTOCOL_LWM2MTLV)
            result = lwm2mtlv_dissect_path(d, &r, payload->path);
        else if (next == PROTOCOL_OSCORE)
            result = oscore_dissect_message(d, &r, payload->options->has_piv || payload->has_request_piv);
        else
            result = protocols[next]->dissect(d, &r);
        result = note(d, result);
        next = (enum protocol_id)d->next;
    }
    d->next = PROTOCOL_NONE;
    return result;
}

void coap_payload_dissect(struct dissection *d, enum protocol_id protocol, unsigned first,
                          const struct coap_payload *payload)
{
    uint16_t first_id = FIELD_ID(protocol, first);
    enum dissect_result result;

    if (dissection_wants(d, protocol, first + COAP_SHARED_PAYLOAD) ||
        dissection_wants(d, protocol, first + COAP_SHARED_PAYLOAD_DESC))
        describe(d, first_id, payload);
    dissection_add_number(d, (uint16_t)(first_id + COAP_SHARED_PAYLOAD_LENGTH), payload->wire_len);
    result = run(d, protocol_of(payload), payload);
    if (result == DISSECT_OK && protocol == PROTOCOL_COAP && payload->options->is_protected)
        run(d, PROTOCOL_OSCORE, payload);
}
