/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_fields - the fields that TLS and DTLS have alike, each declared once: `tls.handshake.type` and
 * `dtls.handshake.type` are one row of this list, and one line of code reads both. Whoever makes a table of
 * it says what comes before the name.
 *
 * X(enumerator, name behind "tls." or "dtls.", type, base, title, bits, names)
 *
 * Left out, for a protocol has 256 fields at most: EC J-PAKE, ESNI, delegated credentials, certificate URLs,
 * OID filters, Google's and Facebook's QUIC parameters, and the texts of Wireshark's expert.
 */
#pragma once

/* clang-format off */
#define TLS_SHARED_RECORD_FIELDS(X) \
    X(APP_DATA, "app_data", BYTES, DEC, "Encrypted Application Data", 0, NULL) \
    X(APP_DATA_PROTO, "app_data_proto", STRING, DEC, "Application Data Protocol", 0, NULL) \
    X(ALERT_MESSAGE, "alert_message", NONE, DEC, "Alert Message", 0, NULL) \
    X(ALERT_LEVEL, "alert_message.level", UINT, DEC, "Level", 8, tls_alert_levels) \
    X(ALERT_DESC, "alert_message.desc", UINT, DEC, "Description", 8, tls_alert_descriptions) \
    X(HEARTBEAT_MESSAGE, "heartbeat_message", NONE, DEC, "Heartbeat Message", 0, NULL) \
    X(HEARTBEAT_MESSAGE_TYPE, "heartbeat_message.type", UINT, DEC, "Type", 8, tls_heartbeat_types) \
    X(HEARTBEAT_MESSAGE_PAYLOAD_LENGTH, "heartbeat_message.payload_length", UINT, DEC, "Payload Length", 16, NULL) \
    X(HEARTBEAT_MESSAGE_PAYLOAD, "heartbeat_message.payload", BYTES, DEC, "Payload Length", 0, NULL) \
    X(HEARTBEAT_MESSAGE_PADDING, "heartbeat_message.padding", BYTES, DEC, "Payload Length", 0, NULL) \
    X(CHANGE_CIPHER_SPEC, "change_cipher_spec", NONE, DEC, "Change Cipher Spec Message", 0, NULL) \
    X(RESUMED, "resumed", NONE, DEC, "This session reuses previously negotiated keys (Session resumption)", 0, NULL)

#define TLS_SHARED_HANDSHAKE_FIELDS(X) \
    X(HANDSHAKE, "handshake", NONE, DEC, "Handshake Protocol", 0, NULL) \
    X(HANDSHAKE_TYPE, "handshake.type", UINT, DEC, "Handshake Message Type", 8, tls_handshake_types) \
    X(HANDSHAKE_LENGTH, "handshake.length", UINT, DEC, "Length", 24, NULL) \
    X(VERSION, "handshake.version", UINT, HEX, "Version", 16, tls_versions) \
    X(RANDOM, "handshake.random", BYTES, DEC, "Random", 0, NULL) \
    X(SESSION_ID, "handshake.session_id", BYTES, DEC, "Session ID", 0, NULL) \
    X(CIPHERSUITE, "handshake.ciphersuite", UINT, HEX, "Cipher Suite", 16, tls_cipher_suites) \
    X(IDENTITY, "handshake.identity", BYTES, DEC, "Identity", 0, NULL) \
    X(HINT, "handshake.hint", BYTES, DEC, "Hint", 0, NULL) \
    X(EXTENSION_TYPE, "handshake.extension.type", UINT, DEC, "Type", 16, tls_extension_types) \
    X(SERVER_NAME, "handshake.extensions_server_name", STRING, DEC, "Server Name", 0, NULL) \
    X(CONNECTION_ID, "connection_id", BYTES, DEC, "Connection ID", 0, NULL) \
    X(CONNECTION_ID_LENGTH, "connection_id_length", UINT, DEC, "Connection ID length", 8, NULL) \
    X(CERTIFICATE, "handshake.certificate", BYTES, DEC, "Certificate", 0, NULL) \
    X(SESSION_ID_LENGTH, "handshake.session_id_length", UINT, DEC, "Session ID Length", 16, NULL) \
    X(CERT_TYPE, "handshake.cert_type", UINT, DEC, "Certificate Type", 8, tls_client_certificate_types) \
    X(EXTENSION_LENGTH, "handshake.extensions_length", UINT, DEC, "Extensions Length", 16, NULL) \
    X(EXTENSION_LEN, "handshake.extension.len", UINT, DEC, "Length", 16, NULL) \
    X(EXTENSION_DATA, "handshake.extension.data", BYTES, DEC, "Data", 0, NULL) \
    X(EXTENSION_SUPPORTED_GROUPS_LENGTH, "handshake.extensions_supported_groups_length", UINT, DEC, "Supported Groups List Length", 16, NULL) \
    X(EXTENSION_SUPPORTED_GROUPS, "handshake.extensions_supported_groups", NONE, DEC, "Supported Groups List", 0, NULL) \
    X(EXTENSION_SUPPORTED_GROUP, "handshake.extensions_supported_group", UINT, HEX, "Supported Group", 16, tls_groups) \
    X(EXTENSION_EC_POINT_FORMATS_LENGTH, "handshake.extensions_ec_point_formats_length", UINT, DEC, "EC point formats Length", 8, NULL) \
    X(EXTENSION_EC_POINT_FORMATS, "handshake.extensions_ec_point_formats", NONE, DEC, "EC point formats", 0, NULL) \
    X(EXTENSION_EC_POINT_FORMAT, "handshake.extensions_ec_point_format", UINT, DEC, "EC point format", 8, tls_point_formats) \
    X(EXTENSION_SRP_LEN, "handshake.extensions_srp_len", UINT, DEC, "SRP username length", 8, NULL) \
    X(EXTENSION_SRP_USERNAME, "handshake.extensions_srp_username", STRING, DEC, "SRP username", 0, NULL) \
    X(EXTENSION_ALPN_LEN, "handshake.extensions_alpn_len", UINT, DEC, "ALPN Extension Length", 16, NULL) \
    X(EXTENSION_ALPN_LIST, "handshake.extensions_alpn_list", NONE, DEC, "ALPN Protocol", 0, NULL) \
    X(EXTENSION_ALPN_STR_LEN, "handshake.extensions_alpn_str_len", UINT, DEC, "ALPN string length", 8, NULL) \
    X(ALPN, "handshake.extensions_alpn_str", STRING, DEC, "ALPN Next Protocol", 0, NULL) \
    X(EXTENSION_NPN_STR_LEN, "handshake.extensions_npn_str_len", UINT, DEC, "Protocol string length", 8, NULL) \
    X(EXTENSION_NPN, "handshake.extensions_npn", STRING, DEC, "Next Protocol", 0, NULL) \
    X(EXTENSION_RENEG_INFO_LEN, "handshake.extensions_reneg_info_len", UINT, DEC, "Renegotiation info extension length", 8, NULL) \
    X(EXTENSION_RENEG_INFO, "handshake.extensions_reneg_info", BYTES, DEC, "Renegotiation info", 0, NULL) \
    X(EXTENSION_KEY_SHARE_CLIENT_LENGTH, "handshake.extensions_key_share_client_length", UINT, DEC, "Client Key Share Length", 16, NULL) \
    X(EXTENSION_KEY_SHARE_GROUP, "handshake.extensions_key_share_group", UINT, DEC, "Group", 16, tls_groups) \
    X(EXTENSION_KEY_SHARE_KEY_EXCHANGE_LENGTH, "handshake.extensions_key_share_key_exchange_length", UINT, DEC, "Key Exchange Length", 16, NULL) \
    X(EXTENSION_KEY_SHARE_KEY_EXCHANGE, "handshake.extensions_key_share_key_exchange", BYTES, DEC, "Key Exchange", 0, NULL) \
    X(EXTENSION_KEY_SHARE_SELECTED_GROUP, "handshake.extensions_key_share_selected_group", UINT, DEC, "Selected Group", 16, tls_groups) \
    X(EXTENSION_PSK_IDENTITIES_LENGTH, "handshake.extensions.psk.identities.length", UINT, DEC, "Identities Length", 16, NULL) \
    X(EXTENSION_PSK_IDENTITY_IDENTITY_LENGTH, "handshake.extensions.psk.identity.identity_length", UINT, DEC, "Identity Length", 16, NULL) \
    X(EXTENSION_PSK_IDENTITY_IDENTITY, "handshake.extensions.psk.identity.identity", BYTES, DEC, "Identity", 0, NULL) \
    X(EXTENSION_PSK_IDENTITY_OBFUSCATED_TICKET_AGE, "handshake.extensions.psk.identity.obfuscated_ticket_age", UINT, DEC, "Obfuscated Ticket Age", 32, NULL) \
    X(EXTENSION_PSK_BINDERS_LEN, "handshake.extensions.psk.binders_len", UINT, DEC, "PSK Binders length", 16, NULL) \
    X(EXTENSION_PSK_BINDERS, "handshake.extensions.psk.binders", NONE, DEC, "PSK Binders", 0, NULL) \
    X(EXTENSION_PSK_IDENTITY_SELECTED, "handshake.extensions.psk.identity.selected", UINT, DEC, "Selected Identity", 16, NULL) \
    X(EXTENSION_SUPPORTED_VERSIONS_LEN, "handshake.extensions.supported_versions_len", UINT, DEC, "Supported Versions length", 8, NULL) \
    X(EXTENSION_SUPPORTED_VERSION, "handshake.extensions.supported_version", UINT, HEX, "Supported Version", 16, tls_versions) \
    X(EXTENSION_COOKIE_LEN, "handshake.extensions.cookie_len", UINT, DEC, "Cookie length", 16, NULL) \
    X(EXTENSION_COOKIE, "handshake.extensions.cookie", BYTES, DEC, "Cookie", 0, NULL) \
    X(EXTENSION_SERVER_NAME_LIST_LEN, "handshake.extensions_server_name_list_len", UINT, DEC, "Server Name list length", 16, NULL) \
    X(EXTENSION_SERVER_NAME_LEN, "handshake.extensions_server_name_len", UINT, DEC, "Server Name length", 16, NULL) \
    X(EXTENSION_SERVER_NAME_TYPE, "handshake.extensions_server_name_type", UINT, DEC, "Server Name Type", 8, tls_server_name_types) \
    X(MAX_FRAGMENT_LENGTH, "handshake.max_fragment_length", UINT, DEC, "Maximum Fragment Length", 8, tls_max_fragment_lengths) \
    X(EXTENSION_PADDING_DATA, "handshake.extensions_padding_data", BYTES, DEC, "Padding Data", 0, NULL) \
    X(CERT_TYPE_TYPE, "handshake.cert_type.type", UINT, HEX, "Certificate Type", 8, tls_certificate_formats) \
    X(CERT_TYPE_TYPES, "handshake.cert_type.types", NONE, DEC, "Certificate Type List", 0, NULL) \
    X(CERT_TYPE_TYPES_LEN, "handshake.cert_type.types_len", UINT, DEC, "Certificate Type List Length", 8, NULL) \
    X(EXTENSION_STATUS_REQUEST_TYPE, "handshake.extensions_status_request_type", UINT, DEC, "Certificate Status Type", 8, tls_status_types) \
    X(EXTENSION_STATUS_REQUEST_LEN, "handshake.extensions_status_request_len", UINT, DEC, "Certificate Status Length", 16, NULL) \
    X(EXTENSION_STATUS_REQUEST_RESPONDER_IDS_LEN, "handshake.extensions_status_request_responder_ids_len", UINT, DEC, "Responder ID list Length", 16, NULL) \
    X(EXTENSION_STATUS_REQUEST_EXTS_LEN, "handshake.extensions_status_request_exts_len", UINT, DEC, "Request Extensions Length", 16, NULL) \
    X(EXTENSION_STATUS_REQUEST_LIST_LEN, "handshake.extensions_status_request_list_len", UINT, DEC, "Certificate Status List Length", 16, NULL) \
    X(OCSP_RESPONSE_LIST_LEN, "handshake.ocsp_response_list_len", UINT, DEC, "OCSP Response List Length", 24, NULL) \
    X(OCSP_RESPONSE_LEN, "handshake.ocsp_response_len", UINT, DEC, "OCSP Response Length", 24, NULL) \
    X(SIG_HASH_ALG_LEN, "handshake.sig_hash_alg_len", UINT, DEC, "Signature Hash Algorithms Length", 16, NULL) \
    X(SIG_HASH_ALGS, "handshake.sig_hash_algs", NONE, DEC, "Signature Algorithms", 0, NULL) \
    X(SIG_HASH_ALG, "handshake.sig_hash_alg", UINT, HEX, "Signature Algorithm", 16, tls_signature_algorithms) \
    X(SIG_HASH_HASH, "handshake.sig_hash_hash", UINT, DEC, "Signature Hash Algorithm Hash", 8, tls_hash_algorithms) \
    X(SIG_HASH_SIG, "handshake.sig_hash_sig", UINT, DEC, "Signature Hash Algorithm Signature", 8, tls_signature_kinds) \
    X(EPMS_LEN, "handshake.epms_len", UINT, DEC, "Encrypted PreMaster length", 16, NULL) \
    X(EPMS, "handshake.epms", BYTES, DEC, "Encrypted PreMaster", 0, NULL) \
    X(MODULUS_LEN, "handshake.modulus_len", UINT, DEC, "Modulus Length", 16, NULL) \
    X(EXPONENT_LEN, "handshake.exponent_len", UINT, DEC, "Exponent Length", 16, NULL) \
    X(SIG_LEN, "handshake.sig_len", UINT, DEC, "Signature Length", 16, NULL) \
    X(P_LEN, "handshake.p_len", UINT, DEC, "p Length", 16, NULL) \
    X(G_LEN, "handshake.g_len", UINT, DEC, "g Length", 16, NULL) \
    X(YS_LEN, "handshake.ys_len", UINT, DEC, "Pubkey Length", 16, NULL) \
    X(YC_LEN, "handshake.yc_len", UINT, DEC, "Pubkey Length", 16, NULL) \
    X(CLIENT_POINT_LEN, "handshake.client_point_len", UINT, DEC, "Pubkey Length", 8, NULL) \
    X(SERVER_POINT_LEN, "handshake.server_point_len", UINT, DEC, "Pubkey Length", 8, NULL) \
    X(P, "handshake.p", BYTES, DEC, "p", 0, NULL) \
    X(G, "handshake.g", BYTES, DEC, "g", 0, NULL) \
    X(SERVER_CURVE_TYPE, "handshake.server_curve_type", UINT, HEX, "Curve Type", 8, tls_curve_types) \
    X(SERVER_NAMED_CURVE, "handshake.server_named_curve", UINT, HEX, "Named Curve", 16, tls_groups) \
    X(YS, "handshake.ys", BYTES, DEC, "Pubkey", 0, NULL) \
    X(YC, "handshake.yc", BYTES, DEC, "Pubkey", 0, NULL) \
    X(SERVER_POINT, "handshake.server_point", BYTES, DEC, "Pubkey", 0, NULL) \
    X(CLIENT_POINT, "handshake.client_point", BYTES, DEC, "Pubkey", 0, NULL) \
    X(MODULUS, "handshake.modulus", BYTES, DEC, "Modulus", 0, NULL) \
    X(EXPONENT, "handshake.exponent", BYTES, DEC, "Exponent", 0, NULL) \
    X(SIG, "handshake.sig", BYTES, DEC, "Signature", 0, NULL) \
    X(HINT_LEN, "handshake.hint_len", UINT, DEC, "Hint Length", 16, NULL) \
    X(IDENTITY_LEN, "handshake.identity_len", UINT, DEC, "Identity Length", 16, NULL) \
    X(EXTENSION_HEARTBEAT_MODE, "handshake.extension.heartbeat.mode", UINT, DEC, "Mode", 8, tls_heartbeat_modes) \
    X(CERTIFICATES_LENGTH, "handshake.certificates_length", UINT, DEC, "Certificates Length", 24, NULL) \
    X(CERTIFICATES, "handshake.certificates", NONE, DEC, "Certificates", 0, NULL) \
    X(CERTIFICATE_LENGTH, "handshake.certificate_length", UINT, DEC, "Certificate Length", 24, NULL) \
    X(CERT_TYPES_COUNT, "handshake.cert_types_count", UINT, DEC, "Certificate types count", 8, NULL) \
    X(CERT_TYPES, "handshake.cert_types", NONE, DEC, "Certificate types", 0, NULL) \
    X(DNAMES_LEN, "handshake.dnames_len", UINT, DEC, "Distinguished Names Length", 16, NULL) \
    X(DNAMES, "handshake.dnames", NONE, DEC, "Distinguished Names", 0, NULL) \
    X(DNAME_LEN, "handshake.dname_len", UINT, DEC, "Distinguished Name Length", 16, NULL) \
    X(DNAME, "handshake.dname", NONE, DEC, "Distinguished Name", 0, NULL) \
    X(RANDOM_TIME, "handshake.random_time", TIME, DEC, "GMT Unix Time", 0, NULL) \
    X(RANDOM_BYTES, "handshake.random_bytes", BYTES, DEC, "Random Bytes", 0, NULL) \
    X(CIPHER_SUITES_LENGTH, "handshake.cipher_suites_length", UINT, DEC, "Cipher Suites Length", 16, NULL) \
    X(CIPHERSUITES, "handshake.ciphersuites", NONE, DEC, "Cipher Suites", 0, NULL) \
    X(COMP_METHODS_LENGTH, "handshake.comp_methods_length", UINT, DEC, "Compression Methods Length", 8, NULL) \
    X(COMP_METHODS, "handshake.comp_methods", NONE, DEC, "Compression Methods", 0, NULL) \
    X(COMP_METHOD, "handshake.comp_method", UINT, DEC, "Compression Method", 8, tls_compression_methods) \
    X(SESSION_TICKET_LIFETIME_HINT, "handshake.session_ticket_lifetime_hint", UINT, DEC, "Session Ticket Lifetime Hint", 32, NULL) \
    X(SESSION_TICKET_AGE_ADD, "handshake.session_ticket_age_add", UINT, DEC, "Session Ticket Age Add", 32, NULL) \
    X(SESSION_TICKET_NONCE_LENGTH, "handshake.session_ticket_nonce_length", UINT, DEC, "Session Ticket Nonce Length", 8, NULL) \
    X(SESSION_TICKET_NONCE, "handshake.session_ticket_nonce", BYTES, DEC, "Session Ticket Nonce", 0, NULL) \
    X(SESSION_TICKET_LENGTH, "handshake.session_ticket_length", UINT, DEC, "Session Ticket Length", 16, NULL) \
    X(SESSION_TICKET, "handshake.session_ticket", BYTES, DEC, "Session Ticket", 0, NULL) \
    X(VERIFY_DATA, "handshake.verify_data", NONE, DEC, "Verify Data", 0, NULL) \
    X(CLIENT_CERT_VRFY_SIG_LEN, "handshake.client_cert_vrfy.sig_len", UINT, DEC, "Signature length", 16, NULL) \
    X(CLIENT_CERT_VRFY_SIG, "handshake.client_cert_vrfy.sig", BYTES, DEC, "Signature", 0, NULL) \
    X(JA3_FULL, "handshake.ja3_full", STRING, DEC, "JA3 Fullstring", 0, NULL) \
    X(JA3, "handshake.ja3", STRING, DEC, "JA3", 0, NULL) \
    X(JA3S_FULL, "handshake.ja3s_full", STRING, DEC, "JA3S Fullstring", 0, NULL) \
    X(JA3S, "handshake.ja3s", STRING, DEC, "JA3S", 0, NULL) \
    X(EXTENSION_PSK_KE_MODES_LENGTH, "extension.psk_ke_modes_length", UINT, DEC, "PSK Key Exchange Modes Length", 8, NULL) \
    X(EXTENSION_PSK_KE_MODE, "extension.psk_ke_mode", UINT, DEC, "PSK Key Exchange Mode", 8, tls_psk_modes) \
    X(CERTIFICATE_REQUEST_CONTEXT_LENGTH, "handshake.certificate_request_context_length", UINT, DEC, "Certificate Request Context Length", 8, NULL) \
    X(CERTIFICATE_REQUEST_CONTEXT, "handshake.certificate_request_context", BYTES, DEC, "Certificate Request Context", 0, NULL) \
    X(KEY_UPDATE_REQUEST_UPDATE, "handshake.key_update.request_update", UINT, DEC, "Key Update Request", 8, tls_key_update_requests) \
    X(EARLY_DATA_MAX_EARLY_DATA_SIZE, "early_data.max_early_data_size", UINT, DEC, "Maximum Early Data Size", 32, NULL) \
    X(COMPRESS_CERTIFICATE_ALGORITHMS_LENGTH, "compress_certificate.algorithms_length", UINT, DEC, "Algorithms Length", 8, NULL) \
    X(COMPRESS_CERTIFICATE_ALGORITHM, "compress_certificate.algorithm", UINT, DEC, "Algorithm", 16, tls_certificate_compressions) \
    X(COMPRESS_CERTIFICATE_UNCOMPRESSED_LENGTH, "compress_certificate.uncompressed_length", UINT, DEC, "Uncompressed Length", 24, NULL) \
    X(COMPRESS_CERTIFICATE_COMPRESSED_CERTIFICATE_MESSAGE_LENGTH, "compress_certificate.compressed_certificate_message.length", UINT, DEC, "Length", 24, NULL) \
    X(COMPRESS_CERTIFICATE_COMPRESSED_CERTIFICATE_MESSAGE, "compress_certificate.compressed_certificate_message", BYTES, DEC, "Compressed Certificate Message", 0, NULL) \
    X(RECORD_SIZE_LIMIT, "record_size_limit", UINT, DEC, "Record Size Limit", 16, NULL) \
    X(QUIC_LEN, "quic.len", UINT, DEC, "Parameters Length", 16, NULL) \
    X(QUIC_PARAMETER, "quic.parameter", NONE, DEC, "Parameter", 0, NULL) \
    X(QUIC_PARAMETER_TYPE, "quic.parameter.type", UINT, DEC, "Type", 64, NULL) \
    X(QUIC_PARAMETER_LENGTH, "quic.parameter.length", UINT, DEC, "Length", 64, NULL) \
    X(QUIC_PARAMETER_LENGT_OLD, "quic.parameter.lengt.old", UINT, DEC, "Length", 16, NULL) \
    X(QUIC_PARAMETER_VALUE, "quic.parameter.value", BYTES, DEC, "Value", 0, NULL) \
    X(QUIC_PARAMETER_ORIGINAL_DESTINATION_CONNECTION_ID, "quic.parameter.original_destination_connection_id", BYTES, DEC, "original_destination_connection_id", 0, NULL) \
    X(QUIC_PARAMETER_MAX_IDLE_TIMEOUT, "quic.parameter.max_idle_timeout", UINT, DEC, "max_idle_timeout", 64, NULL) \
    X(QUIC_PARAMETER_STATELESS_RESET_TOKEN, "quic.parameter.stateless_reset_token", BYTES, DEC, "stateless_reset_token", 0, NULL) \
    X(QUIC_PARAMETER_MAX_UDP_PAYLOAD_SIZE, "quic.parameter.max_udp_payload_size", UINT, DEC, "max_udp_payload_size", 64, NULL) \
    X(QUIC_PARAMETER_INITIAL_MAX_DATA, "quic.parameter.initial_max_data", UINT, DEC, "initial_max_data", 64, NULL) \
    X(QUIC_PARAMETER_INITIAL_MAX_STREAM_DATA_BIDI_LOCAL, "quic.parameter.initial_max_stream_data_bidi_local", UINT, DEC, "initial_max_stream_data_bidi_local", 64, NULL) \
    X(QUIC_PARAMETER_INITIAL_MAX_STREAM_DATA_BIDI_REMOTE, "quic.parameter.initial_max_stream_data_bidi_remote", UINT, DEC, "initial_max_stream_data_bidi_remote", 64, NULL) \
    X(QUIC_PARAMETER_INITIAL_MAX_STREAM_DATA_UNI, "quic.parameter.initial_max_stream_data_uni", UINT, DEC, "initial_max_stream_data_uni", 64, NULL) \
    X(QUIC_PARAMETER_INITIAL_MAX_STREAMS_BIDI, "quic.parameter.initial_max_streams_bidi", UINT, DEC, "initial_max_streams_bidi", 64, NULL) \
    X(QUIC_PARAMETER_INITIAL_MAX_STREAMS_UNI, "quic.parameter.initial_max_streams_uni", UINT, DEC, "initial_max_streams_uni", 64, NULL) \
    X(QUIC_PARAMETER_ACK_DELAY_EXPONENT, "quic.parameter.ack_delay_exponent", UINT, DEC, "ack_delay_exponent", 64, NULL) \
    X(QUIC_PARAMETER_MAX_ACK_DELAY, "quic.parameter.max_ack_delay", UINT, DEC, "max_ack_delay", 64, NULL) \
    X(QUIC_PARAMETER_PREFERRED_ADDRESS_IPV4ADDRESS, "quic.parameter.preferred_address.ipv4address", IPV4, DEC, "ipv4Address", 0, NULL) \
    X(QUIC_PARAMETER_PREFERRED_ADDRESS_IPV6ADDRESS, "quic.parameter.preferred_address.ipv6address", IPV6, DEC, "ipv6Address", 0, NULL) \
    X(QUIC_PARAMETER_PREFERRED_ADDRESS_IPV4PORT, "quic.parameter.preferred_address.ipv4port", UINT, DEC, "ipv4Port", 16, NULL) \
    X(QUIC_PARAMETER_PREFERRED_ADDRESS_IPV6PORT, "quic.parameter.preferred_address.ipv6port", UINT, DEC, "ipv6Port", 16, NULL) \
    X(QUIC_PARAMETER_PREFERRED_ADDRESS_CONNECTIONID_LENGTH, "quic.parameter.preferred_address.connectionid.length", UINT, DEC, "Length", 8, NULL) \
    X(QUIC_PARAMETER_PREFERRED_ADDRESS_CONNECTIONID, "quic.parameter.preferred_address.connectionid", BYTES, DEC, "connectionId", 0, NULL) \
    X(QUIC_PARAMETER_PREFERRED_ADDRESS_STATELESSRESETTOKEN, "quic.parameter.preferred_address.statelessresettoken", BYTES, DEC, "statelessResetToken", 0, NULL) \
    X(QUIC_PARAMETER_ACTIVE_CONNECTION_ID_LIMIT, "quic.parameter.active_connection_id_limit", UINT, DEC, "Active Connection ID Limit", 64, NULL) \
    X(QUIC_PARAMETER_INITIAL_SOURCE_CONNECTION_ID, "quic.parameter.initial_source_connection_id", BYTES, DEC, "Initial Source Connection ID", 0, NULL) \
    X(QUIC_PARAMETER_RETRY_SOURCE_CONNECTION_ID, "quic.parameter.retry_source_connection_id", BYTES, DEC, "Retry Source Connection ID", 0, NULL) \
    X(QUIC_PARAMETER_MAX_DATAGRAM_FRAME_SIZE, "quic.parameter.max_datagram_frame_size", UINT, DEC, "max_datagram_frame_size", 64, NULL) \
    X(QUIC_PARAMETER_LOSS_BITS, "quic.parameter.loss_bits", UINT, DEC, "loss_bits", 64, NULL) \
    X(QUIC_PARAMETER_ENABLE_TIME_STAMP_V2, "quic.parameter.enable_time_stamp_v2", UINT, DEC, "Enable TimestampV2", 64, NULL) \
    X(QUIC_PARAMETER_MIN_ACK_DELAY, "quic.parameter.min_ack_delay", UINT, DEC, "min_ack_delay", 64, NULL) \
    X(QUIC_PARAMETER_VI_CHOSEN_VERSION, "quic.parameter.vi.chosen_version", UINT, HEX, "Chosen Version", 32, NULL) \
    X(QUIC_PARAMETER_VI_OTHER_VERSION, "quic.parameter.vi.other_version", UINT, HEX, "Other Version", 32, NULL) \
    X(SCT_SCTS_LENGTH, "sct.scts_length", UINT, DEC, "Serialized SCT List Length", 16, NULL) \
    X(SCT_SCT_LENGTH, "sct.sct_length", UINT, DEC, "Serialized SCT Length", 16, NULL) \
    X(SCT_SCT_VERSION, "sct.sct_version", UINT, DEC, "SCT Version", 8, NULL) \
    X(SCT_SCT_LOGID, "sct.sct_logid", BYTES, DEC, "Log ID", 0, NULL) \
    X(SCT_SCT_TIMESTAMP, "sct.sct_timestamp", TIME, DEC, "Timestamp", 0, NULL) \
    X(SCT_SCT_EXTENSIONS_LENGTH, "sct.sct_extensions_length", UINT, DEC, "Extensions length", 16, NULL) \
    X(SCT_SCT_EXTENSIONS, "sct.sct_extensions", NONE, DEC, "Extensions", 0, NULL) \
    X(SCT_SCT_SIGNATURE_LENGTH, "sct.sct_signature_length", UINT, DEC, "Signature Length", 16, NULL) \
    X(SCT_SCT_SIGNATURE, "sct.sct_signature", BYTES, DEC, "Signature", 0, NULL) \
    X(EXTENSION_ALPS_LEN, "handshake.extensions_alps_len", UINT, DEC, "ALPS Extension Length", 16, NULL) \
    X(EXTENSION_ALPS_ALPN_LIST, "handshake.extensions_alps_alpn_list", NONE, DEC, "Supported ALPN List", 0, NULL) \
    X(EXTENSION_ALPS_ALPN_STR_LEN, "handshake.extensions_alps_alpn_str_len", UINT, DEC, "Supported ALPN Length", 8, NULL) \
    X(EXTENSION_ALPS_ALPN_STR, "handshake.extensions_alps_alpn_str", STRING, DEC, "Supported ALPN", 0, NULL)

#define TLS_ONLY_FIELDS(X) \
    X(RECORD_OPAQUE_TYPE, "record.opaque_type", UINT, DEC, "Opaque Type", 8, tls_content_types) \
    X(RECORD_IS_ESCAPE, "record.is_escape", BOOL, DEC, "Is Escape", 0, NULL) \
    X(RECORD_PADDING_LENGTH, "record.padding_length", UINT, DEC, "Padding Length", 8, NULL) \
    X(CIPHERSPEC, "handshake.cipherspec", UINT, HEX, "Cipher Spec", 24, tls_cipher_suites) \
    X(CHALLENGE, "handshake.challenge", NONE, DEC, "Challenge", 0, NULL) \
    X(CIPHER_SPEC_LEN, "handshake.cipher_spec_len", UINT, DEC, "Cipher Spec Length", 16, NULL) \
    X(CHALLENGE_LENGTH, "handshake.challenge_length", UINT, DEC, "Challenge Length", 16, NULL) \
    X(SEGMENT_COUNT, "segment.count", UINT, DEC, "Segment count", 32, NULL) \
    X(SEGMENT, "segment", FRAME, DEC, "TLS segment", 0, NULL) \
    X(SEGMENTS, "segments", NONE, DEC, "Reassembled TLS segments", 0, NULL) \
    X(REASSEMBLED_IN, "reassembled_in", FRAME, DEC, "Reassembled PDU in frame", 0, NULL) \
    X(REASSEMBLED_DATA, "reassembled.data", BYTES, DEC, "Reassembled PDU data", 0, NULL) \
    X(SEGMENT_DATA, "segment.data", BYTES, DEC, "TLS segment data", 0, NULL) \
    X(FRAGMENT_COUNT, "handshake.fragment.count", UINT, DEC, "Handshake Fragment count", 32, NULL) \
    X(FRAGMENT, "handshake.fragment", FRAME, DEC, "Handshake Fragment", 0, NULL) \
    X(FRAGMENTS, "handshake.fragments", NONE, DEC, "Reassembled Handshake Fragments", 0, NULL) \
    X(HANDSHAKE_REASSEMBLED_IN, "handshake.reassembled_in", FRAME, DEC, "Reassembled Handshake Message in frame", 0, NULL) \
    X(UNEXPECTED_MESSAGE, "unexpected_message", NONE, DEC, "Unexpected message", 0, NULL) \
    X(IGNORED_UNKNOWN_RECORD, "ignored_unknown_record", NONE, DEC, "Ignored Unknown Record", 0, NULL)
/* clang-format on */
