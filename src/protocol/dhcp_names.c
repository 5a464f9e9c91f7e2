/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dhcp_names.h"

const struct value_name dhcp_type_names[] = {
    { 1, "Boot Request" },
    { 2, "Boot Reply" },
    { 0, NULL },
};

const struct value_name dhcp_flags_bc_names[] = {
    { 1, "Broadcast" },
    { 0, "Unicast" },
    { 0, NULL },
};

const struct value_name dhcp_fqdn_s_names[] = {
    { 1, "Server" },
    { 0, "Client" },
    { 0, NULL },
};

const struct value_name dhcp_fqdn_o_names[] = {
    { 1, "Override" },
    { 0, "No override" },
    { 0, NULL },
};

const struct value_name dhcp_fqdn_e_names[] = {
    { 1, "Binary encoding" },
    { 0, "ASCII encoding" },
    { 0, NULL },
};

const struct value_name dhcp_fqdn_n_names[] = {
    { 1, "No server updates" },
    { 0, "Some server updates" },
    { 0, NULL },
};

const struct value_name dhcp_client_id_duid_type_names[] = {
    { 1, "link-layer address plus time" },
    { 2, "assigned by vendor based on Enterprise number" },
    { 3, "link-layer address" },
    { 0, NULL },
};

const struct value_name dhcp_option_ip_forwarding_names[] = {
    { 1, "Enabled" },
    { 0, "Disabled" },
    { 0, NULL },
};

const struct value_name dhcp_option_all_subnets_are_local_names[] = {
    { 1, "Yes" },
    { 0, "No" },
    { 0, NULL },
};

const struct value_name dhcp_option_netbios_over_tcpip_node_type_names[] = {
    { 1, "B-node" }, { 2, "P-node" }, { 4, "M-node" }, { 8, "H-node" }, { 0, NULL },
};

const struct value_name dhcp_option_option_overload_names[] = {
    { 1, "Boot file name holds options" },
    { 2, "Server host name holds options" },
    { 3, "Boot file and server host names hold options" },
    { 0, NULL },
};

const struct value_name dhcp_option_dhcp_names[] = {
    { 1, "Discover" },
    { 2, "Offer" },
    { 3, "Request" },
    { 4, "Decline" },
    { 5, "ACK" },
    { 6, "NAK" },
    { 7, "Release" },
    { 8, "Inform" },
    { 9, "Force Renew" },
    { 10, "Lease query" },
    { 11, "Lease Unassigned" },
    { 12, "Lease Unknown" },
    { 13, "Lease Active" },
    { 14, "Bulk Lease Query" },
    { 15, "Lease Query Done" },
    { 16, "Active LeaseQuery" },
    { 17, "Lease Query Status" },
    { 18, "TLS" },
    { 0, NULL },
};

const struct value_name dhcp_option_slp_directory_agent_value_names[] = {
    { 0, "Dynamic Discovery" },
    { 1, "Static Discovery" },
    { 128, "Backwards compatibility" },
    { 0, NULL },
};

const struct value_name dhcp_option_slp_service_scope_value_names[] = {
    { 0, "Preferred Scope" },
    { 1, "Mandatory Scope" },
    { 0, NULL },
};

const struct value_name dhcp_option_agent_information_option_suboption_names[] = {
    { 0, "Padding" },
    { 1, "Agent Circuit ID" },
    { 2, "Agent Remote ID" },
    { 3, "Reserved" },
    { 4, "DOCSIS Device Class" },
    { 5, "Link selection" },
    { 6, "Subscriber ID" },
    { 7, "RADIUS Attributes" },
    { 8, "Authentication" },
    { 9, "Vendor-Specific Information" },
    { 10, "Flags" },
    { 11, "Server ID Override" },
    { 12, "Relay Agent Identifier" },
    { 13, "Access Technology Type" },
    { 14, "Access Network Name" },
    { 15, "Access Point Name" },
    { 16, "Access Point BSSID" },
    { 17, "Access Network Operator ID" },
    { 18, "Access Network Operator Realm" },
    { 19, "Source Port" },
    { 150, "Link selection (Cisco proprietary)" },
    { 151, "VRF name/VPN ID" },
    { 152, "Server ID Override (Cisco proprietary)" },
    { 0, NULL },
};

const struct value_name dhcp_option_dhcp_authentication_protocol_names[] = {
    { 0, "configuration token" },
    { 1, "delayed authentication" },
    { 0, NULL },
};

const struct value_name dhcp_option_dhcp_authentication_alg_delay_names[] = {
    { 1, "HMAC_MD5" },
    { 0, NULL },
};

const struct value_name dhcp_option_dhcp_authentication_rdm_names[] = {
    { 0, "Monotonically-increasing counter" },
    { 0, NULL },
};

const struct value_name dhcp_option_client_system_architecture_names[] = {
    { 0, "IA x86 PC" },
    { 1, "NEC/PC98" },
    { 2, "IA64 PC" },
    { 3, "DEC Alpha" },
    { 4, "ArcX86" },
    { 5, "Intel Lean Client" },
    { 6, "EFI IA32" },
    { 7, "EFI x64" },
    { 8, "EFI Xscale" },
    { 9, "EFI BC" },
    { 10, "ARM 32-bit UEFI" },
    { 11, "ARM 64-bit UEFI" },
    { 12, "PowerPC Open Firmware" },
    { 13, "PowerPC ePAPR" },
    { 14, "POWER OPAL v3" },
    { 15, "x86 UEFI HTTP" },
    { 16, "x64 UEFI HTTP" },
    { 17, "EBC UEFI HTTP" },
    { 18, "ARM 32-bit UEFI HTTP" },
    { 19, "ARM 64-bit UEFI HTTP" },
    { 20, "PC/AT HTTP" },
    { 21, "ARM 32-bit uboot" },
    { 22, "ARM 64-bit uboot" },
    { 23, "ARM 32-bit uboot HTTP" },
    { 24, "ARM 64-bit uboot HTTP" },
    { 25, "RISC-V 32-bit UEFI" },
    { 26, "RISC-V 32-bit UEFI HTTP" },
    { 27, "RISC-V 64-bit UEFI" },
    { 28, "RISC-V 64-bit UEFI HTTP" },
    { 29, "RISC-V 128-bit UEFI" },
    { 30, "RISC-V 128-bit UEFI HTTP" },
    { 31, "s390 Basic" },
    { 32, "s390 Extended" },
    { 0, NULL },
};

const struct value_name dhcp_option_civic_location_what_names[] = {
    { 0, "Location of the DHCP server" },
    { 1, "Location of the network element believed to be closest to the client" },
    { 2, "Location of the client" },
    { 0, NULL },
};

const struct value_name dhcp_option_civic_location_ca_type_names[] = {
    { 0, "Language" },
    { 1, "A1" },
    { 2, "A2" },
    { 3, "A3" },
    { 4, "A4" },
    { 5, "A5" },
    { 6, "A6" },
    { 16, "PRD (Leading street direction)" },
    { 17, "POD (Trailing street suffix)" },
    { 18, "STS (Street suffix)" },
    { 19, "HNO (House number)" },
    { 20, "HNS (House number suffix)" },
    { 21, "LMK (Landmark or vanity address)" },
    { 22, "LOC (Additional location information)" },
    { 23, "NAM" },
    { 24, "PC (Postal/ZIP code)" },
    { 25, "BLD (Building)" },
    { 26, "UNIT" },
    { 27, "FLR (Floor)" },
    { 28, "ROOM" },
    { 29, "PLC (Place-type)" },
    { 30, "PCN (Postal community name)" },
    { 31, "POBOX" },
    { 32, "ADDCODE (Additional Code)" },
    { 33, "SEAT" },
    { 34, "RD (Primary road or street)" },
    { 35, "RDSEC (Road section)" },
    { 36, "RDBR (Road branch)" },
    { 37, "RDSUBBR (Road sub-branch)" },
    { 38, "PRM (Road pre-modifier)" },
    { 39, "POM (Road post-modifier" },
    { 128, "Script" },
    { 0, NULL },
};

const struct value_name dhcp_option_dhcp_auto_configuration_names[] = {
    { 0, "DoNotAutoConfigure" },
    { 1, "AutoConfigure" },
    { 0, NULL },
};

const struct value_name dhcp_option_sip_server_encoding_names[] = {
    { 0, "Fully Qualified Domain Name" },
    { 1, "IPv4 Address" },
    { 0, NULL },
};

const struct value_name dhcp_option_vi_class_cl_address_mode_names[] = {
    { 1, "IPv4" },
    { 2, "IPv6" },
    { 0, NULL },
};

const struct value_name dhcp_option_forcerenew_nonce_algorithm_names[] = {
    { 1, "HMAC-MD5" },
    { 0, NULL },
};

const struct value_name dhcp_option_rdnss_preference_names[] = {
    { 0, "Medium" }, { 1, "High" }, { 2, "Reserved" }, { 3, "Low" }, { 0, NULL },
};

const struct value_name dhcp_option_bulk_lease_status_code_names[] = {
    { 0, "Success" },        { 1, "UpsecFail" },  { 2, "QueryTerminated" },
    { 3, "MalformedQuery" }, { 4, "NotAllowed" }, { 0, NULL },
};

const struct value_name dhcp_option_bulk_lease_dhcp_state_names[] = {
    { 1, "Available" }, { 2, "Active" }, { 3, "Expired" },       { 4, "Released" }, { 5, "Abandoned" },
    { 6, "Reset" },     { 7, "Remote" }, { 8, "Transitioning" }, { 0, NULL },
};

const struct value_name dhcp_option_bulk_lease_data_source_names[] = {
    { 1, "Remote" },
    { 0, "Local" },
    { 0, NULL },
};
