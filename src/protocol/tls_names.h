/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_names - what the numbers of the TLS registries are called (IANA, "Transport Layer Security
 * Parameters"), as Wireshark spells them: filters compare with these texts.
 */
#pragma once

#include "protocol/protocol.h"

extern const struct value_name tls_content_types[];
extern const struct value_name tls_handshake_types[];
extern const struct value_name tls_versions[];
extern const struct value_name tls_cipher_suites[];
extern const struct value_name tls_extension_types[];
extern const struct value_name tls_groups[];
extern const struct value_name tls_signature_algorithms[];
extern const struct value_name tls_hash_algorithms[];
extern const struct value_name tls_signature_kinds[];
extern const struct value_name tls_alert_levels[];
extern const struct value_name tls_alert_descriptions[];
extern const struct value_name tls_point_formats[];
extern const struct value_name tls_curve_types[];
extern const struct value_name tls_psk_modes[];
extern const struct value_name tls_status_types[];
extern const struct value_name tls_certificate_compressions[];
extern const struct value_name tls_certificate_formats[];
extern const struct value_name tls_client_certificate_types[];
extern const struct value_name tls_heartbeat_modes[];
extern const struct value_name tls_heartbeat_types[];
extern const struct value_name tls_compression_methods[];
extern const struct value_name tls_max_fragment_lengths[];
extern const struct value_name tls_server_name_types[];
extern const struct value_name tls_key_update_requests[];

/* The name of a cipher suite; NULL when it is not known. By halving: asked for every key exchange. */
const char *tls_cipher_suite_name(uint16_t suite);
