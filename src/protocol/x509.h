/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x509 - RFC 5280: names and extensions of the certificates that TLS and DTLS carry. Called by who reads a
 * certificate message; the values belong to its layer.
 */
#pragma once

#include "protocol/dissection.h"

#define X509_PROTOCOLS \
    (PROTOCOL_BIT(PROTOCOL_X509SAT) | PROTOCOL_BIT(PROTOCOL_X509CE) | PROTOCOL_BIT(PROTOCOL_X509AF))

/* A certificate in DER. What is broken ends the reading, and is the certificate's business alone. */
void x509_certificate(struct dissection *d, struct bytes der);

/* A distinguished name in DER. */
void x509_name(struct dissection *d, struct bytes der);
