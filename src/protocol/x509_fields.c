/* SPDX-License-Identifier: Apache-2.0 */
/* x509_fields - the tables, and the three protocols that they belong to. */
#include "protocol/x509_fields.h"

#include "protocol/x509.h"

static const struct value_name directory_string_names[] = {
    { 0, "teletexString" }, { 1, "printableString" }, { 2, "universalString" },
    { 3, "bmpString" },     { 4, "uTF8String" },      { 0, NULL },
};

static const struct field sat_fields[] = {
    [SAT_DIRECTORY_STRING] = { "x509sat.DirectoryString", FIELD_UINT, .title = "DirectoryString",
                               .ft_bits = 32, .names = directory_string_names },
    [SAT_TELETEX_STRING] = { "x509sat.teletexString", FIELD_STRING, .title = "teletexString" },
    [SAT_PRINTABLE_STRING] = { "x509sat.printableString", FIELD_STRING, .title = "printableString" },
    [SAT_UNIVERSAL_STRING] = { "x509sat.universalString", FIELD_STRING, .title = "universalString" },
    [SAT_BMP_STRING] = { "x509sat.bmpString", FIELD_STRING, .title = "bmpString" },
    [SAT_UTF8_STRING] = { "x509sat.uTF8String", FIELD_STRING, .title = "uTF8String" },
    [SAT_COUNTRY_NAME] = { "x509sat.CountryName", FIELD_STRING, .title = "CountryName" },
    [SAT_SYNTAX_PRINTABLE_STRING] = { "x509sat.PrintableString", FIELD_STRING, .title = "PrintableString" },
    [SAT_SYNTAX_IA5_STRING] = { "x509sat.IA5String", FIELD_STRING, .title = "IA5String" },
    [SAT_TELEPHONE_NUMBER] = { "x509sat.TelephoneNumber", FIELD_STRING, .title = "TelephoneNumber" },
};

static const struct value_name general_name_names[] = {
    { 0, "otherName" },
    { 1, "rfc822Name" },
    { 2, "dNSName" },
    { 3, "x400Address" },
    { 4, "directoryName" },
    { 5, "ediPartyName" },
    { 6, "uniformResourceIdentifier" },
    { 7, "iPAddress" },
    { 8, "registeredID" },
    { 0, NULL },
};
static const struct value_name name_names[] = { { 0, "rdnSequence" }, { 0, NULL } };
static const struct value_name point_names[] = { { 0, "fullName" },
                                                 { 1, "nameRelativeToCRLIssuer" },
                                                 { 0, NULL } };

#define CE_BIT(text)                                         \
    {                                                        \
        "x509ce.KeyUsage." text, FIELD_BOOL, .title = (text) \
    }
#define CE_LIST(text)                                              \
    {                                                              \
        "x509ce." text, FIELD_UINT, .title = (text), .ft_bits = 32 \
    }

static const struct field ce_fields[] = {
    [CE_SUBJECT_KEY_IDENTIFIER] = { "x509ce.SubjectKeyIdentifier", FIELD_BYTES,
                                    .title = "SubjectKeyIdentifier" },
    [CE_KEY_USAGE] = { "x509ce.KeyUsage", FIELD_BYTES, .title = "KeyUsage" },
    [CE_DIGITAL_SIGNATURE] = CE_BIT("digitalSignature"),
    [CE_CONTENT_COMMITMENT] = CE_BIT("contentCommitment"),
    [CE_KEY_ENCIPHERMENT] = CE_BIT("keyEncipherment"),
    [CE_DATA_ENCIPHERMENT] = CE_BIT("dataEncipherment"),
    [CE_KEY_AGREEMENT] = CE_BIT("keyAgreement"),
    [CE_KEY_CERT_SIGN] = CE_BIT("keyCertSign"),
    [CE_CRL_SIGN] = CE_BIT("cRLSign"),
    [CE_ENCIPHER_ONLY] = CE_BIT("encipherOnly"),
    [CE_DECIPHER_ONLY] = CE_BIT("decipherOnly"),
    [CE_KEY_PURPOSE_IDS] = CE_LIST("KeyPurposeIDs"),
    [CE_KEY_PURPOSE_ID] = { "x509ce.KeyPurposeId", FIELD_STRING, .title = "KeyPurposeId" },
    [CE_GENERAL_NAMES] = CE_LIST("GeneralNames"),
    [CE_GENERAL_NAME] = { "x509ce.GeneralName", FIELD_UINT, .title = "GeneralName", .ft_bits = 32,
                          .names = general_name_names },
    [CE_OTHER_NAME] = { "x509ce.otherName_element", FIELD_NONE, .title = "otherName" },
    [CE_RFC822_NAME] = { "x509ce.rfc822Name", FIELD_STRING, .title = "rfc822Name" },
    [CE_DNS_NAME] = { "x509ce.dNSName", FIELD_STRING, .title = "dNSName" },
    [CE_DIRECTORY_NAME] = { "x509ce.directoryName", FIELD_UINT, .title = "directoryName", .ft_bits = 32,
                            .names = name_names },
    [CE_URI] = { "x509ce.uniformResourceIdentifier", FIELD_STRING, .title = "uniformResourceIdentifier" },
    [CE_IP_ADDRESS] = { "x509ce.iPAddress", FIELD_BYTES, .title = "iPAddress" },
    [CE_IP_ADDRESS_IPV4] = { "x509ce.IPAddress.ipv4", FIELD_IPV4, .title = "iPAddress" },
    [CE_IP_ADDRESS_IPV6] = { "x509ce.IPAddress.ipv6", FIELD_IPV6, .title = "iPAddress" },
    [CE_REGISTERED_ID] = { "x509ce.registeredID", FIELD_STRING, .title = "registeredID" },
    [CE_BASIC_CONSTRAINTS] = { "x509ce.BasicConstraintsSyntax_element", FIELD_NONE,
                               .title = "BasicConstraintsSyntax" },
    [CE_CA] = { "x509ce.cA", FIELD_BOOL, .title = "cA" },
    [CE_PATH_LEN] = { "x509ce.pathLenConstraint", FIELD_UINT, .title = "pathLenConstraint", .ft_bits = 64 },
    [CE_AUTHORITY_KEY_IDENTIFIER] = { "x509ce.AuthorityKeyIdentifier_element", FIELD_NONE,
                                      .title = "AuthorityKeyIdentifier" },
    [CE_KEY_IDENTIFIER] = { "x509ce.keyIdentifier", FIELD_BYTES, .title = "keyIdentifier" },
    [CE_AUTHORITY_CERT_ISSUER] = CE_LIST("authorityCertIssuer"),
    [CE_AUTHORITY_CERT_SERIAL] = { "x509ce.authorityCertSerialNumber", FIELD_BYTES,
                                   .title = "authorityCertSerialNumber" },
    [CE_POLICIES] = CE_LIST("CertificatePoliciesSyntax"),
    [CE_POLICY] = { "x509ce.PolicyInformation_element", FIELD_NONE, .title = "PolicyInformation" },
    [CE_POLICY_IDENTIFIER] = { "x509ce.policyIdentifier", FIELD_STRING, .title = "policyIdentifier" },
    [CE_CRL_DIST_POINTS] = CE_LIST("CRLDistPointsSyntax"),
    [CE_DISTRIBUTION_POINT] = { "x509ce.DistributionPoint_element", FIELD_NONE,
                                .title = "DistributionPoint" },
    [CE_DISTRIBUTION_POINT_NAME] = { "x509ce.distributionPoint", FIELD_UINT, .title = "distributionPoint",
                                     .ft_bits = 32, .names = point_names },
    [CE_FULL_NAME] = CE_LIST("fullName"),
};

static const struct value_name version_names[] = { { 0, "v1" }, { 1, "v2" }, { 2, "v3" }, { 0, NULL } };
static const struct value_name time_names[] = { { 0, "utcTime" }, { 1, "generalizedTime" }, { 0, NULL } };

#define AF_NONE(text)                                          \
    {                                                          \
        "x509af." text "_element", FIELD_NONE, .title = (text) \
    }

static const struct field af_fields[] = {
    [AF_SIGNED_CERTIFICATE] = AF_NONE("signedCertificate"),
    [AF_VERSION] = { "x509af.version", FIELD_INT, .title = "version", .ft_bits = 32, .names = version_names },
    [AF_SERIAL_NUMBER] = { "x509af.serialNumber", FIELD_BYTES, .title = "serialNumber" },
    [AF_SIGNATURE] = AF_NONE("signature"),
    [AF_ALGORITHM_ID] = { "x509af.algorithm.id", FIELD_STRING, .title = "Algorithm Id" },
    [AF_ISSUER] = { "x509af.issuer", FIELD_UINT, .title = "issuer", .ft_bits = 32, .names = name_names },
    [AF_VALIDITY] = AF_NONE("validity"),
    [AF_NOT_BEFORE] = { "x509af.notBefore", FIELD_UINT, .title = "notBefore", .ft_bits = 32,
                        .names = time_names },
    [AF_NOT_AFTER] = { "x509af.notAfter", FIELD_UINT, .title = "notAfter", .ft_bits = 32,
                       .names = time_names },
    [AF_UTC_TIME] = { "x509af.utcTime", FIELD_STRING, .title = "utcTime" },
    [AF_GENERALIZED_TIME] = { "x509af.generalizedTime", FIELD_TIME, .title = "generalizedTime" },
    [AF_SUBJECT] = { "x509af.subject", FIELD_UINT, .title = "subject", .ft_bits = 32, .names = name_names },
    [AF_RDN_SEQUENCE] = { "x509af.rdnSequence", FIELD_UINT, .title = "rdnSequence", .ft_bits = 32 },
    [AF_SUBJECT_PUBLIC_KEY_INFO] = AF_NONE("subjectPublicKeyInfo"),
    [AF_ALGORITHM] = AF_NONE("algorithm"),
    [AF_SUBJECT_PUBLIC_KEY] = { "x509af.subjectPublicKey", FIELD_BYTES, .title = "subjectPublicKey" },
    [AF_EXTENSIONS] = { "x509af.extensions", FIELD_UINT, .title = "extensions", .ft_bits = 32 },
    [AF_EXTENSION] = AF_NONE("Extension"),
    [AF_EXTENSION_ID] = { "x509af.extension.id", FIELD_STRING, .title = "Extension Id" },
    [AF_CRITICAL] = { "x509af.critical", FIELD_BOOL, .title = "critical" },
    [AF_ALGORITHM_IDENTIFIER] = AF_NONE("algorithmIdentifier"),
    [AF_ENCRYPTED] = { "x509af.encrypted", FIELD_BYTES, .title = "encrypted" },
};

static enum dissect_result x509_dissect(struct dissection *d, struct reader *r)
{
    (void)d;
    (void)r;
    return DISSECT_REFUSED; /* entered from a certificate, never by the chain */
}

#define X509_CARRIERS (PROTOCOL_BIT(PROTOCOL_TLS) | PROTOCOL_BIT(PROTOCOL_DTLS))

const struct protocol protocol_x509sat = {
    .name = "x509sat",
    .title = "X.509 Selected Attribute Types",
    .fields = sat_fields,
    .n_fields = sizeof sat_fields / sizeof sat_fields[0],
    .lends_to = X509_CARRIERS,
    .dissect = x509_dissect,
};

const struct protocol protocol_x509ce = {
    .name = "x509ce",
    .title = "X.509 Certificate Extensions",
    .fields = ce_fields,
    .n_fields = sizeof ce_fields / sizeof ce_fields[0],
    .lends_to = X509_CARRIERS,
    .dissect = x509_dissect,
};

const struct protocol protocol_x509af = {
    .name = "x509af",
    .title = "X.509 Authentication Framework",
    .fields = af_fields,
    .n_fields = sizeof af_fields / sizeof af_fields[0],
    .lends_to = X509_CARRIERS,
    .dissect = x509_dissect,
};
