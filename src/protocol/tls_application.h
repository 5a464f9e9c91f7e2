/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_application - what TLS or DTLS carries, as tls.app_data_proto names it: by what ALPN chose, else by
 * port.
 */
#pragma once

#include "base/bytes.h"
#include "protocol/tls_session.h"

/* What lies inside, by Wireshark's long name; NULL when nothing says. */
const char *tls_application_name(const struct tls_session *session, bool is_dtls, uint16_t source_port,
                                 uint16_t destination_port);

/* Whether a port belongs to a protocol over TLS: the server's, when no hello was seen. */
bool tls_application_has_port(bool is_dtls, uint16_t port);
