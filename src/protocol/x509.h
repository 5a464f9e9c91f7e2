/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x509 - RFC 5280: names and extensions of the certificates that TLS and DTLS carry. Called by who reads a
 * certificate message; the values belong to its layer.
 */
#pragma once

#include "protocol/dissection.h"

#define X509_PROTOCOLS \
    (PROTOCOL_BIT(PROTOCOL_X509SAT) | PROTOCOL_BIT(PROTOCOL_X509CE) | PROTOCOL_BIT(PROTOCOL_X509AF))

/* Who reads on what lies in a certificate but is none of its business; timestamps: NULL where nobody asks. */
struct x509_reader {
    void (*timestamps)(void *context, struct reader *list); /* RFC 6962 section 3.3 */
    void *context;
};

/* A certificate in DER. What is broken ends the reading, and is the certificate's business alone. */
void x509_certificate(struct dissection *d, const struct x509_reader *who, struct bytes der);

/* A distinguished name in DER. */
void x509_name(struct dissection *d, struct bytes der);

/* What an OCSP response (RFC 6960) has of names, algorithms and certificates. */
void x509_ocsp_response(struct dissection *d, const struct x509_reader *who, struct bytes der);
