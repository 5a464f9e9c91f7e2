/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dns_names.h"

const struct value_name dns_flags_response_names[] = {
    { 1, "Message is a response" },
    { 0, "Message is a query" },
    { 0, NULL },
};

const struct value_name dns_flags_opcode_names[] = {
    { 0, "Standard query" },
    { 1, "Inverse query" },
    { 2, "Server status request" },
    { 4, "Zone change notification" },
    { 5, "Dynamic update" },
    { 6, "DNS Stateful operations (DSO)" },
    { 0, NULL },
};

const struct value_name dns_flags_authoritative_names[] = {
    { 1, "Server is an authority for domain" },
    { 0, "Server is not an authority for domain" },
    { 0, NULL },
};

const struct value_name dns_flags_conflict_names[] = {
    { 1, "The sender received multiple responses" },
    { 0, "None" },
    { 0, NULL },
};

const struct value_name dns_flags_truncated_names[] = {
    { 1, "Message is truncated" },
    { 0, "Message is not truncated" },
    { 0, NULL },
};

const struct value_name dns_flags_recdesired_names[] = {
    { 1, "Do query recursively" },
    { 0, "Don't do query recursively" },
    { 0, NULL },
};

const struct value_name dns_flags_tentative_names[] = {
    { 1, "Tentative" },
    { 0, "Not tentative" },
    { 0, NULL },
};

const struct value_name dns_flags_recavail_names[] = {
    { 1, "Server can do recursive queries" },
    { 0, "Server can't do recursive queries" },
    { 0, NULL },
};

const struct value_name dns_flags_z_names[] = {
    { 1, "reserved - incorrect!" },
    { 0, "reserved (0)" },
    { 0, NULL },
};

const struct value_name dns_flags_authenticated_names[] = {
    { 1, "Answer/authority portion was authenticated by the server" },
    { 0, "Answer/authority portion was not authenticated by the server" },
    { 0, NULL },
};

const struct value_name dns_flags_checkdisable_names[] = {
    { 1, "Acceptable" },
    { 0, "Unacceptable" },
    { 0, NULL },
};

const struct value_name dns_flags_rcode_names[] = {
    { 0, "No error" },
    { 1, "Format error" },
    { 2, "Server failure" },
    { 3, "No such name" },
    { 4, "Not implemented" },
    { 5, "Refused" },
    { 6, "Name exists" },
    { 7, "RRset exists" },
    { 8, "RRset does not exist" },
    { 9, "Not authoritative" },
    { 10, "Name out of zone" },
    { 11, "DSO-Type not implemented" },
    { 16, "Bad OPT Version or TSIG Signature Failure" },
    { 17, "Key not recognized" },
    { 18, "Signature out of time window" },
    { 19, "Bad TKEY Mode" },
    { 20, "Duplicate key name" },
    { 21, "Algorithm not supported" },
    { 22, "Bad Truncation" },
    { 23, "Bad/missing Server Cookie" },
    { 0, NULL },
};

const struct value_name dns_qry_type_names[] = {
    { 0, "Unused" },
    { 1, "A (Host Address)" },
    { 2, "NS (authoritative Name Server)" },
    { 3, "MD (Mail Destination)" },
    { 4, "MF (Mail Forwarder)" },
    { 5, "CNAME (Canonical NAME for an alias)" },
    { 6, "SOA (Start Of a zone of Authority)" },
    { 7, "MB (MailBox domain name)" },
    { 8, "MG (Mail Group member)" },
    { 9, "MR (Mail Rename domain)" },
    { 10, "NULL RR" },
    { 11, "WKS (Well Known Service)" },
    { 12, "PTR (domain name PoinTeR)" },
    { 13, "HINFO (host information)" },
    { 14, "MINFO (Mailbox or mail list information)" },
    { 15, "MX (Mail eXchange)" },
    { 16, "TXT (Text strings)" },
    { 17, "RP (Responsible Person)" },
    { 18, "AFSDB (AFS Data Base location)" },
    { 19, "X25 (XX.25 PSDN address)" },
    { 20, "ISDN (ISDN address)" },
    { 21, "RT (Route Through)" },
    { 22, "NSAP (NSAP address)" },
    { 23, "NSAP-PTR (NSAP domain name pointer)" },
    { 24, "SIG (security signature)" },
    { 25, "KEY (security key)" },
    { 26, "PX (X.400 mail mapping information)" },
    { 27, "GPOS (Geographical Position)" },
    { 28, "AAAA (IPv6 Address)" },
    { 29, "LOC (Location Information)" },
    { 30, "NXT (Next Domain)" },
    { 31, "EID (Endpoint Identifier)" },
    { 32, "NIMLOC (Nimrod Locator)" },
    { 33, "SRV (Server Selection)" },
    { 34, "ATMA (ATM Address)" },
    { 35, "NAPTR (Naming Authority Pointer)" },
    { 36, "KX (Key Exchanger)" },
    { 37, "CERT" },
    { 38, "A6 (OBSOLETE - use AAAA)" },
    { 39, "DNAME" },
    { 40, "SINK" },
    { 41, "OPT" },
    { 42, "APL" },
    { 43, "DS (Delegation Signer)" },
    { 44, "SSHFP (SSH Key Fingerprint)" },
    { 45, "IPSECKEY" },
    { 46, "RRSIG (Resource Record Signature)" },
    { 47, "NSEC (Next Secure)" },
    { 48, "DNSKEY (DNS Public Key)" },
    { 49, "DHCID" },
    { 50, "NSEC3" },
    { 51, "NSEC3PARAM" },
    { 52, "TLSA" },
    { 55, "HIP (Host Identity Protocol)" },
    { 57, "RKEY" },
    { 58, "TALINK (Trust Anchor LINK)" },
    { 59, "CDS (Child DS)" },
    { 60, "CDNSKEY (DNSKEY(s) the Child wants reflected in DS)" },
    { 61, "OPENPGPKEY (OpenPGP Key)" },
    { 62, "CSYNC (Child-to-Parent Synchronization)" },
    { 63, "ZONEMD" },
    { 64, "SVCB (General Purpose Service Endpoints)" },
    { 65, "HTTPS (HTTPS Specific Service Endpoints)" },
    { 99, "SPF" },
    { 100, "UINFO" },
    { 101, "UID" },
    { 102, "GID" },
    { 103, "UNSPEC" },
    { 104, "NID (NodeID)" },
    { 105, "L32 (Locator32)" },
    { 106, "L64 (Locator64)" },
    { 107, "LP (Locator FQDN)" },
    { 108, "EUI48" },
    { 109, "EUI64" },
    { 249, "TKEY (Transaction Key)" },
    { 250, "TSIG (Transaction Signature)" },
    { 251, "IXFR (incremental transfer)" },
    { 252, "AXFR (transfer of an entire zone)" },
    { 253, "MAILB (mailbox-related RRs)" },
    { 254, "MAILA (mail agent RRs)" },
    { 255, "* (A request for all records the server/cache has available)" },
    { 256, "URI" },
    { 257, "CAA (Certification Authority Restriction)" },
    { 32768, "TA (DNSSEC Trust Authorities)" },
    { 32769, "DLV (DNSSEC Lookaside Validation)" },
    { 65281, "WINS" },
    { 65282, "WINS-R" },
    { 65422, "XPF" },
    { 0, NULL },
};

const struct value_name dns_qry_class_names[] = {
    { 1, "IN" }, { 2, "CS" }, { 3, "CH" }, { 4, "HS" },     { 254, "NONE" }, { 255, "ANY" }, { 1, "IN" },
    { 2, "CS" }, { 3, "CH" }, { 4, "HS" }, { 254, "NONE" }, { 255, "ANY" },  { 0, NULL },
};

const struct value_name dns_resp_z_do_names[] = {
    { 1, "Accepts DNSSEC security RRs" },
    { 0, "Cannot handle DNSSEC security RRs" },
    { 0, NULL },
};

const struct value_name dns_zonemd_scheme_names[] = {
    { 0, "Reserved" },
    { 1, "SIMPLE" },
    { 255, "Reserved" },
    { 0, NULL },
};

const struct value_name dns_zonemd_hash_algo_names[] = {
    { 0, "Reserved" }, { 1, "SHA-384" }, { 2, "SHA-512" }, { 255, "Reserved" }, { 0, NULL },
};

const struct value_name dns_svcb_svcparam_key_names[] = {
    { 0, "mandatory" }, { 1, "alpn" },     { 2, "no-default-alpn" }, { 3, "port" },         { 4, "ipv4hint" },
    { 5, "echconfig" }, { 6, "ipv6hint" }, { 32769, "odohconfig" },  { 65535, "key65535" }, { 0, NULL },
};

const struct value_name dns_rrsig_algorithm_names[] = {
    { 1, "RSA/MD5" },
    { 2, "Diffie-Hellman" },
    { 3, "DSA" },
    { 4, "Elliptic curve crypto" },
    { 5, "RSA/SHA1" },
    { 6, "DSA + NSEC3/SHA1" },
    { 7, "RSA/SHA1 + NSEC3/SHA1" },
    { 8, "RSA/SHA-256" },
    { 10, "RSA/SHA-512" },
    { 12, "GOST R 34.10-2001" },
    { 13, "ECDSA Curve P-256 with SHA-256" },
    { 14, "ECDSA Curve P-386 with SHA-386" },
    { 15, "Ed25519" },
    { 16, "Ed448" },
    { 157, "HMAC/MD5" },
    { 252, "Indirect key" },
    { 253, "Private, domain name" },
    { 254, "Private, OID" },
    { 0, NULL },
};

const struct value_name dns_dnskey_flags_zone_key_names[] = {
    { 1, "This is the zone key for specified zone" },
    { 0, "This it not a zone key" },
    { 0, NULL },
};

const struct value_name dns_dnskey_flags_key_revoked_names[] = {
    { 1, "Yes" },
    { 0, "No" },
    { 0, NULL },
};

const struct value_name dns_key_flags_authentication_names[] = {
    { 1, "Not Allowed" },
    { 0, "Allowed" },
    { 0, NULL },
};

const struct value_name dns_key_flags_required_names[] = {
    { 1, "Experimental or optional" },
    { 0, "Required" },
    { 0, NULL },
};

const struct value_name dns_key_flags_ipsec_names[] = {
    { 1, "Valid" },
    { 0, "Invalid" },
    { 0, NULL },
};

const struct value_name dns_tkey_mode_names[] = {
    { 1, "Server assigned" },   { 2, "Diffie Hellman" }, { 3, "GSSAPI" },
    { 4, "Resolver assigned" }, { 5, "Delete" },         { 0, NULL },
};

const struct value_name dns_ipseckey_gateway_algorithm_names[] = {
    { 1, "DSA" },
    { 2, "RSA" },
    { 0, NULL },
};

const struct value_name dns_ipseckey_gateway_type_names[] = {
    { 0, "No Gateway" }, { 1, "IPv4 Gateway" }, { 2, "IPv6 Gateway" }, { 3, "DNS Gateway" }, { 0, NULL },
};

const struct value_name dns_xpf_ip_version_names[] = {
    { 0, "Reserved" }, { 4, "IPv4" }, { 5, "ST Datagram" }, { 6, "IPv6" },
    { 7, "TP/IX" },    { 8, "PIP" },  { 9, "TUBA" },        { 0, NULL },
};

const struct value_name dns_cert_type_names[] = {
    { 1, "PKIX" },           { 2, "SPKI" },           { 3, "PGP" },    { 4, "IPKIX" },
    { 5, "ISPKI" },          { 6, "IPGP" },           { 7, "ACPKIX" }, { 8, "IACPKIX" },
    { 253, "Private, URI" }, { 254, "Private, OID" }, { 0, NULL },
};

const struct value_name dns_opt_code_names[] = {
    { 0, "Reserved" },
    { 1, "LLQ - Long-lived query" },
    { 2, "UL - Update lease" },
    { 3, "NSID - Name Server Identifier" },
    { 4, "Owner (reserved)" },
    { 5, "DAU - DNSSEC Algorithm Understood (RFC6975)" },
    { 6, "DHU - DS Hash Understood (RFC6975)" },
    { 7, "N3U - NSEC3 Hash Understood (RFC6975)" },
    { 20730, "Experimental - CSUBNET - Client subnet" },
    { 8, "CSUBNET - Client subnet" },
    { 9, "EDNS EXPIRE (RFC7314)" },
    { 10, "COOKIE" },
    { 11, "EDNS TCP Keepalive" },
    { 12, "PADDING" },
    { 13, "CHAIN" },
    { 15, "Extended DNS Error" },
    { 0, NULL },
};

const struct value_name dns_opt_dhu_names[] = {
    { 0, "Reserved digest" }, { 1, "SHA-1" },   { 2, "SHA-256" },
    { 3, "GOST R 34.11-94" }, { 4, "SHA-384" }, { 0, NULL },
};

const struct value_name dns_opt_n3u_names[] = {
    { 0, "Reserved" },
    { 1, "SHA-1" },
    { 0, NULL },
};

const struct value_name dns_opt_client_family_names[] = {
    { 1, "IPv4" },
    { 2, "IPv6" },
    { 0, NULL },
};

const struct value_name dns_opt_ext_error_info_code_names[] = {
    { 0, "Other Error" },
    { 1, "Unsupported DNSKEY Algorithm" },
    { 2, "Unsupported DS Digest Type" },
    { 3, "Stale Answer" },
    { 4, "Forged Answer" },
    { 5, "DNSSEC Indeterminate" },
    { 6, "DNSSEC Bogus" },
    { 7, "Signature Expired" },
    { 8, "Signature Not Yet Valid" },
    { 9, "DNSKEY Missing" },
    { 10, "RRSIGs Missing" },
    { 11, "No Zone Key Bit Set" },
    { 12, "NSEC Missing" },
    { 13, "Cached Error" },
    { 14, "Not Ready" },
    { 15, "Blocked" },
    { 16, "Censored" },
    { 17, "Filtered" },
    { 18, "Prohibited" },
    { 19, "Stale NXDomain Answer" },
    { 20, "Not Authoritative" },
    { 21, "Not Supported" },
    { 22, "No Reachable Authority" },
    { 23, "Network Error" },
    { 24, "Invalid Data" },
    { 25, "Signature Expired before Valid" },
    { 26, "Too Early" },
    { 27, "Unsupported NSEC3 Iterations Value" },
    { 28, "Unable to conform to policy" },
    { 29, "Synthesized" },
    { 0, NULL },
};

const struct value_name dns_nsec3_flags_opt_out_names[] = {
    { 1, "Additional insecure delegations allowed" },
    { 0, "Additional insecure delegations forbidden" },
    { 0, NULL },
};

const struct value_name dns_tlsa_certificate_usage_names[] = {
    { 0, "CA constraint (PKIX-TA)" },
    { 1, "Service certificate constraint (PKIX-EE)" },
    { 2, "Trust anchor assertion (DANE-TA)" },
    { 3, "Domain-issued certificate (DANE-EE)" },
    { 0, NULL },
};

const struct value_name dns_tlsa_selector_names[] = {
    { 0, "Full certificate (Cert)" },
    { 1, "SubjectPublicKeyInfo (SPKI)" },
    { 0, NULL },
};

const struct value_name dns_tlsa_matching_type_names[] = {
    { 0, "No Hash Used (Full)" },
    { 1, "256 bit hash by SHA2 (SHA2-256)" },
    { 2, "512 bit hash by SHA2 (SHA2-512)" },
    { 0, NULL },
};

const struct value_name dns_sshfp_algorithm_names[] = {
    { 0, "Reserved" }, { 1, "RSA" },  { 2, "DSA" }, { 3, "ECDSA" },
    { 4, "Ed25519" },  { 5, "XMSS" }, { 0, NULL },
};

const struct value_name dns_sshfp_fingerprint_type_names[] = {
    { 0, "Reserved" },
    { 1, "SHA1" },
    { 2, "SHA256" },
    { 0, NULL },
};

const struct value_name dns_hip_hit_pk_algo_names[] = {
    { 1, "DSA" },
    { 2, "RSA" },
    { 0, "Reserved" },
    { 0, NULL },
};

const struct value_name dns_apl_negation_names[] = {
    { 1, "Yes (!)" },
    { 0, "No (0)" },
    { 0, NULL },
};

const struct value_name dns_caa_flags_issuer_critical_names[] = {
    { 1, "Critical" },
    { 0, "Not critical" },
    { 0, NULL },
};

const struct value_name dns_wins_local_flag_names[] = {
    { 1, "True" },
    { 0, "False" },
    { 0, NULL },
};

const struct value_name dns_dso_tlv_type_names[] = {
    { 0, "Reserved" },           { 1, "Keep Alive" }, { 2, "Retry Delay" },
    { 3, "Encryption Padding" }, { 64, "Subscribe" }, { 65, "Push" },
    { 66, "Unsubscribe" },       { 67, "Reconfirm" }, { 0, NULL },
};
