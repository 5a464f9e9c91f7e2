/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_names - what the numbers in DNS messages are called: IANA's registries "Domain Name System (DNS)
 * Parameters" and "DNSSEC Algorithm Numbers", in Wireshark's words, so that dns.qry.class == "IN" works.
 * Each ends with a NULL name.
 */
#pragma once

#include "protocol/protocol.h"

extern const struct value_name dns_flags_response_names[];
extern const struct value_name dns_flags_opcode_names[];
extern const struct value_name dns_flags_authoritative_names[];
extern const struct value_name dns_flags_conflict_names[];
extern const struct value_name dns_flags_truncated_names[];
extern const struct value_name dns_flags_recdesired_names[];
extern const struct value_name dns_flags_tentative_names[];
extern const struct value_name dns_flags_recavail_names[];
extern const struct value_name dns_flags_z_names[];
extern const struct value_name dns_flags_authenticated_names[];
extern const struct value_name dns_flags_checkdisable_names[];
extern const struct value_name dns_flags_rcode_names[];
extern const struct value_name dns_qry_type_names[];
extern const struct value_name dns_qry_class_names[];
extern const struct value_name dns_resp_z_do_names[];
extern const struct value_name dns_zonemd_scheme_names[];
extern const struct value_name dns_zonemd_hash_algo_names[];
extern const struct value_name dns_svcb_svcparam_key_names[];
extern const struct value_name dns_rrsig_algorithm_names[];
extern const struct value_name dns_dnskey_flags_zone_key_names[];
extern const struct value_name dns_dnskey_flags_key_revoked_names[];
extern const struct value_name dns_key_flags_authentication_names[];
extern const struct value_name dns_key_flags_required_names[];
extern const struct value_name dns_key_flags_ipsec_names[];
extern const struct value_name dns_tkey_mode_names[];
extern const struct value_name dns_ipseckey_gateway_algorithm_names[];
extern const struct value_name dns_ipseckey_gateway_type_names[];
extern const struct value_name dns_xpf_ip_version_names[];
extern const struct value_name dns_cert_type_names[];
extern const struct value_name dns_opt_code_names[];
extern const struct value_name dns_opt_dhu_names[];
extern const struct value_name dns_opt_n3u_names[];
extern const struct value_name dns_opt_client_family_names[];
extern const struct value_name dns_opt_ext_error_info_code_names[];
extern const struct value_name dns_nsec3_flags_opt_out_names[];
extern const struct value_name dns_tlsa_certificate_usage_names[];
extern const struct value_name dns_tlsa_selector_names[];
extern const struct value_name dns_tlsa_matching_type_names[];
extern const struct value_name dns_sshfp_algorithm_names[];
extern const struct value_name dns_sshfp_fingerprint_type_names[];
extern const struct value_name dns_hip_hit_pk_algo_names[];
extern const struct value_name dns_apl_negation_names[];
extern const struct value_name dns_caa_flags_issuer_critical_names[];
extern const struct value_name dns_wins_local_flag_names[];
extern const struct value_name dns_dso_tlv_type_names[];
