/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quic_crypto - the keys of Initial packets, which anybody can make from the connection id of the first one
 * (RFC 9001 section 5.2), and what they open. Knows no secrets.
 */
#pragma once

#include "base/bytes.h"

enum { QUIC_KEY_BYTES = 16, QUIC_IV_BYTES = 12, QUIC_TAG_BYTES = 16, QUIC_SAMPLE_BYTES = 16 };

struct quic_keys {
    uint8_t key[QUIC_KEY_BYTES], iv[QUIC_IV_BYTES], header_key[QUIC_KEY_BYTES];
};

struct quic_ciphers; /* contexts of the library, made once */

struct quic_ciphers *quic_ciphers_new(void); /* NULL without memory */
void quic_ciphers_free(struct quic_ciphers *ciphers);

/* [0]: the client's. False: the version has none that are known. */
bool quic_initial_keys(uint32_t version, struct bytes dcid, struct quic_keys keys[2]);

/* The mask of RFC 9001 section 5.4.3 for a sample of 16 bytes: five bytes. */
bool quic_header_mask(struct quic_ciphers *ciphers, const struct quic_keys *keys, const uint8_t *sample,
                      uint8_t mask[QUIC_SAMPLE_BYTES]);

/* Opens sealed (with its tag) into opened, sealed.len - QUIC_TAG_BYTES bytes. False: the tag is wrong. */
bool quic_open(struct quic_ciphers *ciphers, const struct quic_keys *keys, uint64_t packet_number,
               struct bytes header, struct bytes sealed, uint8_t *opened);

/* The draft that a version is like; 34 for RFC 9000, 100 for RFC 9369, 0 for what is not known. */
unsigned quic_draft(uint32_t version);
