/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ntp_names - what the numbers in NTP messages are called: RFC 5905, RFC 9327 (mode 6), IANA's "Network Time
 * Protocol (NTP) Parameters" and, for mode 7, what xntpd calls its requests; in Wireshark's words. Each ends
 * with a NULL name.
 */
#pragma once

#include "protocol/protocol.h"

extern const struct value_name ntp_flags_li_names[];
extern const struct value_name ntp_flags_vn_names[];
extern const struct value_name ntp_flags_mode_names[];
extern const struct value_name ntp_stratum_names[];
extern const struct value_name ntp_key_type_names[];
extern const struct value_name ntp_ext_type_names[];
extern const struct value_name ntp_ctrl_flags2_r_names[];
extern const struct value_name ntp_ctrl_flags2_opcode_names[];
extern const struct value_name ntp_ctrl_err_status_names[];
extern const struct value_name ntp_ctrl_sys_status_clksrc_names[];
extern const struct value_name ntp_ctrl_sys_status_code_names[];
extern const struct value_name ntp_ctrl_peer_status_config_names[];
extern const struct value_name ntp_ctrl_peer_status_authenable_names[];
extern const struct value_name ntp_ctrl_peer_status_authentic_names[];
extern const struct value_name ntp_ctrl_peer_status_reach_names[];
extern const struct value_name ntp_ctrl_peer_status_bcast_names[];
extern const struct value_name ntp_ctrl_peer_status_selection_names[];
extern const struct value_name ntp_ctrl_peer_status_code_names[];
extern const struct value_name ntp_ctrl_clock_status_status_names[];
extern const struct value_name ntp_priv_impl_names[];
extern const struct value_name ntp_priv_reqcode_names[];
extern const struct value_name ntp_priv_err_names[];
