/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhcp_names - what the numbers in DHCP messages are called: IANA's "Dynamic Host Configuration Protocol
 * (DHCP) and Bootstrap Protocol (BOOTP) Parameters" and "Hardware Types", in Wireshark's words. Each ends
 * with a NULL name.
 */
#pragma once

#include "protocol/protocol.h"

extern const struct value_name dhcp_type_names[];
extern const struct value_name dhcp_flags_bc_names[];
extern const struct value_name dhcp_fqdn_s_names[];
extern const struct value_name dhcp_fqdn_o_names[];
extern const struct value_name dhcp_fqdn_e_names[];
extern const struct value_name dhcp_fqdn_n_names[];
extern const struct value_name dhcp_client_id_duid_type_names[];
extern const struct value_name dhcp_option_ip_forwarding_names[];
extern const struct value_name dhcp_option_all_subnets_are_local_names[];
extern const struct value_name dhcp_option_netbios_over_tcpip_node_type_names[];
extern const struct value_name dhcp_option_option_overload_names[];
extern const struct value_name dhcp_option_dhcp_names[];
extern const struct value_name dhcp_option_slp_directory_agent_value_names[];
extern const struct value_name dhcp_option_slp_service_scope_value_names[];
extern const struct value_name dhcp_option_agent_information_option_suboption_names[];
extern const struct value_name dhcp_option_dhcp_authentication_protocol_names[];
extern const struct value_name dhcp_option_dhcp_authentication_alg_delay_names[];
extern const struct value_name dhcp_option_dhcp_authentication_rdm_names[];
extern const struct value_name dhcp_option_client_system_architecture_names[];
extern const struct value_name dhcp_option_civic_location_what_names[];
extern const struct value_name dhcp_option_civic_location_ca_type_names[];
extern const struct value_name dhcp_option_dhcp_auto_configuration_names[];
extern const struct value_name dhcp_option_sip_server_encoding_names[];
extern const struct value_name dhcp_option_vi_class_cl_address_mode_names[];
extern const struct value_name dhcp_option_forcerenew_nonce_algorithm_names[];
extern const struct value_name dhcp_option_rdnss_preference_names[];
extern const struct value_name dhcp_option_bulk_lease_status_code_names[];
extern const struct value_name dhcp_option_bulk_lease_dhcp_state_names[];
extern const struct value_name dhcp_option_bulk_lease_data_source_names[];
