/* SPDX-License-Identifier: Apache-2.0 */
/* x509 - RFC 5280: names and extensions of the certificates that TLS and DTLS carry. Three of Wireshark's
 * protocols, for its fields have three prefixes. */
#include "protocol/dissection.h"

static enum dissect_result x509_dissect(struct dissection *d, struct reader *r)
{
    (void)d;
    (void)r;
    return DISSECT_REFUSED; /* entered from a certificate, never by the chain */
}

const struct protocol protocol_x509sat = {
    .name = "x509sat",
    .title = "X.509 Selected Attribute Types",
    .dissect = x509_dissect,
};

const struct protocol protocol_x509ce = {
    .name = "x509ce",
    .title = "X.509 Certificate Extensions",
    .dissect = x509_dissect,
};

const struct protocol protocol_x509af = {
    .name = "x509af",
    .title = "X.509 Authentication Framework",
    .dissect = x509_dissect,
};
