/* SPDX-License-Identifier: Apache-2.0 */
/*
 * der - a bounded reader for ASN.1 values in DER (X.690), as far as certificates need it: definite lengths,
 * tags of one byte. Never descends by itself: who knows the structure asks for the parts.
 */
#pragma once

#include "base/reader.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_UTF8_STRING = 0x0c,
    DER_NUMERIC_STRING = 0x12,
    DER_PRINTABLE_STRING = 0x13,
    DER_TELETEX_STRING = 0x14,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_UNIVERSAL_STRING = 0x1c,
    DER_BMP_STRING = 0x1e,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT = 0x80,             /* + number */
    DER_CONTEXT_CONSTRUCTED = 0xa0, /* + number */
};

/* The next value: its tag, and a reader over its content; *r moves behind. */
bool der_next(struct reader *r, uint8_t *tag, struct reader *content);

/* The same when the next value has that tag; else *r stays. */
bool der_take(struct reader *r, uint8_t tag, struct reader *content);

/* How many values follow one another in r, up to limit. */
unsigned der_count(struct reader r, unsigned limit);

/* The dotted text of an object identifier, at most size - 1 characters; 0 when it is broken or too long. */
size_t der_oid_text(struct bytes oid, char *text, size_t size);
