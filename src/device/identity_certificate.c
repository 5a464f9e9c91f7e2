/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_certificate - who a client's X.509 certificate says it is: the common names of its subject, and
 * its alternative names (RFC 5280 sections 4.1.2.6 and 4.2.1.6). Those of a server say nothing about a
 * device: the tracker takes names from clients only.
 *
 * Read here and not from the fields of the certificate: among these the issuer's names cannot be told from
 * the subject's.
 */
#include "device/identity.h"
#include "protocol/der.h"

enum { /* RFC 5280 section 4.2.1.6: GeneralName */
       NAME_RFC822 = DER_CONTEXT + 1,
       NAME_DNS = DER_CONTEXT + 2,
       NAME_URI = DER_CONTEXT + 6,
       NAME_ADDRESS = DER_CONTEXT + 7,
       ATTRIBUTES_LIMIT = 64, /* of a subject, and of a certificate's extensions */
};

static const uint8_t oid_common_name[] = { 0x55, 0x04, 0x03 };
static const uint8_t oid_alternative_name[] = { 0x55, 0x1d, 0x11 };

static bool is_oid(const struct reader *oid, const uint8_t *bytes, size_t len)
{
    return bytes_equal(reader_rest(oid), bytes_of(bytes, len));
}

static void take_subject(struct reader subject, struct sighting *seen)
{
    struct reader set, attribute, oid, value;
    uint8_t tag;

    for (unsigned n = 0; n < ATTRIBUTES_LIMIT && der_take(&subject, DER_SET, &set); n++) {
        if (der_take(&set, DER_SEQUENCE, &attribute) && der_take(&attribute, DER_OID, &oid) &&
            is_oid(&oid, oid_common_name, sizeof oid_common_name) && der_next(&attribute, &tag, &value) &&
            reader_left(&value) > 0)
            sighting_name(seen, IDENTITY_CERT_CN, reader_rest(&value));
    }
}

static void take_alternative_names(struct reader octets, struct sighting *seen)
{
    struct reader names, name;
    uint8_t tag;

    if (!der_take(&octets, DER_SEQUENCE, &names))
        return;
    for (unsigned n = 0; n < ATTRIBUTES_LIMIT && der_next(&names, &tag, &name); n++) {
        if ((tag == NAME_RFC822 || tag == NAME_DNS || tag == NAME_URI || tag == NAME_ADDRESS) &&
            reader_left(&name) > 0)
            sighting_name(seen, IDENTITY_CERT_SAN, reader_rest(&name));
    }
}

static void take_extensions(struct reader extensions, struct sighting *seen)
{
    struct reader extension, oid, skipped, octets;

    for (unsigned n = 0; n < ATTRIBUTES_LIMIT && der_take(&extensions, DER_SEQUENCE, &extension); n++) {
        if (!der_take(&extension, DER_OID, &oid) ||
            !is_oid(&oid, oid_alternative_name, sizeof oid_alternative_name))
            continue;
        (void)der_take(&extension, DER_BOOLEAN, &skipped); /* critical */
        if (der_take(&extension, DER_OCTET_STRING, &octets))
            take_alternative_names(octets, seen);
    }
}

void identity_certificate(struct bytes bytes, struct sighting *seen)
{
    struct reader r = reader_over(bytes), certificate, tbs, part, extensions;
    uint8_t tag;

    if (!der_take(&r, DER_SEQUENCE, &certificate) || !der_take(&certificate, DER_SEQUENCE, &tbs))
        return;
    (void)der_take(&tbs, DER_CONTEXT_CONSTRUCTED,
                   &part); /* version; then number, algorithm, issuer, validity */
    if (!der_take(&tbs, DER_INTEGER, &part) || !der_take(&tbs, DER_SEQUENCE, &part) ||
        !der_take(&tbs, DER_SEQUENCE, &part) || !der_take(&tbs, DER_SEQUENCE, &part) ||
        !der_take(&tbs, DER_SEQUENCE, &part))
        return;
    take_subject(part, seen);
    while (der_next(&tbs, &tag, &part)) {
        if (tag == DER_CONTEXT_CONSTRUCTED + 3 && der_take(&part, DER_SEQUENCE, &extensions))
            take_extensions(extensions, seen);
    }
}
