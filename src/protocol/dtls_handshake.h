/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dtls_handshake - the messages inside DTLS handshake records of epoch 0 (RFC 6347 section 4.2.2), put
 * together from fragments.
 */
#pragma once

#include "base/ip_address.h"
#include "protocol/dissection.h"
#include "protocol/dtls.h"
#include "protocol/flow.h"

enum dissect_result dtls_handshake_messages(struct dissection *d, struct reader *r);

/* Where the datagram under dissection goes: the innermost IP layer's destination and its UDP port. */
bool dtls_destination(const struct dissection *d, struct ip_address *address, uint16_t *port);

/*
 * What is known of the association under dissection, and its ends as this datagram goes; *alone, zeroed, when
 * nothing is: what is learnt then is forgotten with the datagram.
 */
struct tls_session *dtls_session(const struct dissection *d, struct tls_session *alone,
                                 struct conversation_ends *ends);

/* Whether the server sends: the end that a ClientHello went to, else the one with a port of DTLS. */
bool dtls_is_server(const struct tls_session *session, const struct conversation_ends *ends);
