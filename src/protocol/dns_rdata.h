/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_rdata - the data of resource records: a table of parts for nearly all types, code (dns_rdata_special.c)
 * for those whose parts depend on their own bytes.
 *
 * What a type says is read up to the end of the message, as Wireshark does it, even where the record's length
 * is too small for it: a wrong length then shows beside the data it should have covered. Functions answer
 * false where the message breaks off, or the data cannot be what it says.
 */
#pragma once

#include "protocol/dns_fields.h"
#include "protocol/dns_name.h"

/* A record's data under way. */
struct rdata {
    struct dns_message *message;
    struct reader r;   /* over the rest of the message */
    const uint8_t *at; /* where the data begins */
    uint32_t len;      /* as the record says; not 0 */
    bool is_mdns;
};

bool rdata_read(struct rdata *data, uint16_t type);

/* Bytes to the end of the data; negative where more was read than it says it has. */
int64_t rdata_left(const struct rdata *data);

/* ---- parts: each adds its field ---- */

bool rdata_number(struct rdata *data, unsigned n,
                  unsigned field); /* n bytes, and the bits in it that are fields */
bool rdata_bytes(struct rdata *data, size_t n, unsigned field);
bool rdata_text(struct rdata *data,
                unsigned field);      /* a length of one byte, with a field of its own, before it */
bool rdata_types(struct rdata *data); /* a type bit map, RFC 4034 section 4.1.2 */

/* The same for the parts of a message around its records: a number of n bytes (also in *number, if not NULL),
 * a name. */
bool dns_number(struct dns_message *message, struct reader *r, unsigned n, unsigned field, uint64_t *number);
bool dns_name_field(struct dns_message *message, struct reader *r, unsigned field);

/* The code for a type; NULL when the table has it, or nobody. */
typedef bool rdata_special(struct rdata *data);
rdata_special *rdata_special_find(uint16_t type);
