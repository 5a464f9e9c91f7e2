/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls - RFC 5246, RFC 8446. What TCP and QUIC need of it.
 */
#pragma once

#include "base/reader.h"

struct dissection;

/*
 * True when what a TCP segment carries at *r may begin a TLS record (or an SSLv2 hello), whatever the port:
 * Wireshark's heuristic. A stream once found to be TLS stays it.
 */
bool tls_is_likely(const struct reader *r);

/*
 * Handshake messages without records, as QUIC carries them in CRYPTO frames in their order: a tls layer of
 * their own within the top one. is_server: who says it.
 */
void tls_crypto_stream(struct dissection *d, struct bytes stream, bool is_server);
