/* SPDX-License-Identifier: Apache-2.0 */
/* The input as a certificate, a name and an OCSP response (all of it DER) in a packet of DTLS. */
#include "protocol/protocol_fuzz.h"

#include "protocol/x509.h"

static void nothing(void *context, struct reader *list)
{
    (void)context;
    (void)list;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct x509_reader who = { nothing, NULL };
    static struct dissection d;
    struct bytes der = bytes_of(data, size);
    struct packet packet;
    struct wire w, record = { 0 };

    dissection_init(&d, fuzz_demand(), NULL, NULL);
    wire_secret(&record, DTLS_APPLICATION_RECORD, 1, (struct bytes) { 0 });
    wire_udp(&w, (struct wire_end) { 0x0a000001, 40000 }, (struct wire_end) { 0x0a000002, 5684 },
             wire_bytes(&record));
    packet = wire_packet(&w, LINKTYPE_ETHERNET, 0);
    dissect(&d, &packet);
    x509_certificate(&d, &who, der);
    x509_name(&d, der);
    x509_ocsp_response(&d, &who, der);
    fuzz_read_all(&d);
    return 0;
}
