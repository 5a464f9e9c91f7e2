/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/ntp_names.h"

const struct value_name ntp_flags_li_names[] = {
    { 0, "no warning" },
    { 1, "last minute of the day has 61 seconds" },
    { 2, "last minute of the day has 59 seconds" },
    { 3, "unknown (clock unsynchronized)" },
    { 0, NULL },
};

const struct value_name ntp_flags_vn_names[] = {
    { 0, "reserved" },      { 1, "NTP Version 1" }, { 2, "NTP Version 2" },
    { 3, "NTP Version 3" }, { 4, "NTP Version 4" }, { 5, "reserved" },
    { 6, "reserved" },      { 7, "reserved" },      { 0, NULL },
};

const struct value_name ntp_flags_mode_names[] = {
    { 0, "reserved" },
    { 1, "symmetric active" },
    { 2, "symmetric passive" },
    { 3, "client" },
    { 4, "server" },
    { 5, "broadcast" },
    { 6, "reserved for NTP control message" },
    { 7, "reserved for private use" },
    { 0, NULL },
};

const struct value_name ntp_stratum_names[] = {
    { 0, "unspecified or invalid" },
    { 1, "primary reference" },
    { 16, "unsynchronized" },
    { 0, NULL },
};

const struct value_name ntp_key_type_names[] = {
    { 0, "MD5" },
    { 1, "SHA" },
    { 0, NULL },
};

const struct value_name ntp_ext_type_names[] = {
    { 2, "No-Operation Request" },
    { 258, "Association Message Request" },
    { 260, "Unique Identifier" },
    { 514, "Certificate Message Request" },
    { 516, "NTS Cookie" },
    { 770, "Cookie Message Request" },
    { 772, "NTS Cookie Placeholder" },
    { 1026, "Autokey Message Request" },
    { 1028, "NTS Authenticator and Encrypted Extension Fields" },
    { 1282, "Leapseconds Message Request" },
    { 1538, "Sign Message Request" },
    { 1794, "IFF Identity Message Request" },
    { 2050, "GQ Identity Message Request" },
    { 2306, "MV Identity Message Request" },
    { 8197, "Checksum Complement" },
    { 32770, "No-Operation Response" },
    { 33026, "Association Message Response" },
    { 33282, "Certificate Message Response" },
    { 33538, "Cookie Message Response" },
    { 33794, "Autokey Message Response" },
    { 34050, "Leapseconds Message Response" },
    { 34306, "Sign Message Response" },
    { 34562, "IFF Identity Message Response" },
    { 34818, "GQ Identity Message Response" },
    { 35074, "MV Identity Message Response" },
    { 49154, "No-Operation Error Response" },
    { 49410, "Association Message Error Response" },
    { 49666, "Certificate Message Error Response" },
    { 49922, "Cookie Message Error Response" },
    { 50178, "Autokey Message Error Response" },
    { 50434, "Leapseconds Message Error Response" },
    { 50690, "Sign Message Error Response" },
    { 50946, "IFF Identity Message Error Response" },
    { 51202, "GQ Identity Message Error Response" },
    { 51458, "MV Identity Message Error Response" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_flags2_r_names[] = {
    { 0, "Request" },
    { 1, "Response" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_flags2_opcode_names[] = {
    { 0, "reserved" },
    { 1, "read status" },
    { 2, "read variables" },
    { 3, "write variables" },
    { 4, "read clock variables" },
    { 5, "write clock variables" },
    { 6, "set trap address/port" },
    { 7, "asynchronous message" },
    { 8, "runtime configuration" },
    { 9, "save config to file" },
    { 10, "retrieve MRU (mrulist)" },
    { 11, "retrieve ordered list" },
    { 12, "request a client nonce" },
    { 31, "unset trap address/port" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_err_status_names[] = {
    { 0, "unspecified" },
    { 1, "authentication failure" },
    { 2, "invalid message length or format" },
    { 3, "invalid opcode" },
    { 4, "unknown association identifier" },
    { 5, "unknown variable name" },
    { 6, "invalid variable value" },
    { 7, "administratively prohibited" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_sys_status_clksrc_names[] = {
    { 0, "unspecified or unknown" },
    { 1, "Calibrated atomic clock (e.g. HP 5061)" },
    { 2, "VLF (band 4) or LF (band 5) radio (e.g. OMEGA, WWVB)" },
    { 3, "HF (band 7) radio (e.g. CHU, MSF, WWV/H)" },
    { 4, "UHF (band 9) satellite (e.g. GOES, GPS)" },
    { 5, "local net (e.g. DCN, TSP, DTS)" },
    { 6, "UDP/NTP" },
    { 7, "UDP/TIME" },
    { 8, "eyeball-and-wristwatch" },
    { 9, "telephone modem (e.g. NIST)" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_sys_status_code_names[] = {
    { 0, "unspecified" },
    { 1, "frequency correction (drift) file not available" },
    { 2, "frequency correction started (frequency stepped)" },
    { 3, "spike detected and ignored, starting stepout timer" },
    { 4, "frequency training started" },
    { 5, "clock synchronized" },
    { 6, "system restart" },
    { 7, "panic stop (required step greater than panic threshold)" },
    { 8, "no system peer" },
    { 9, "leap second insertion/deletion armed" },
    { 10, "leap second disarmed" },
    { 11, "leap second inserted or deleted" },
    { 12, "clock stepped (stepout timer expired)" },
    { 13, "kernel loop discipline status changed" },
    { 14, "leapseconds table loaded from file" },
    { 15, "leapseconds table outdated, updated file needed" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_peer_status_config_names[] = {
    { 1, "configured (peer.config)" },
    { 0, "not configured (peer.config)" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_peer_status_authenable_names[] = {
    { 1, "authentication enabled (peer.authenable)" },
    { 0, "authentication disabled (peer.authenable)" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_peer_status_authentic_names[] = {
    { 1, "authentication okay (peer.authentic)" },
    { 0, "authentication not okay (peer.authentic)" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_peer_status_reach_names[] = {
    { 1, "reachability okay (peer.reach != 0)" },
    { 0, "reachability not okay (peer.reach != 0)" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_peer_status_bcast_names[] = {
    { 1, "Set" },
    { 0, "Not set" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_peer_status_selection_names[] = {
    { 0, "rejected" },
    { 1, "passed sanity checks (tests 1 through 8 in Section 3.4.3)" },
    { 2, "passed correctness checks (intersection algorithm in Section 4.2.1)" },
    { 3, "passed candidate checks (if limit check implemented)" },
    { 4, "passed outlier checks (clustering algorithm in Section 4.2.2)" },
    { 5, "current synchronization source; max distance exceeded (if limit check implemented)" },
    { 6, "current synchronization source; max distance okay" },
    { 7, "reserved" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_peer_status_code_names[] = {
    { 0, "unspecified" },
    { 1, "association mobilized" },
    { 2, "association demobilized" },
    { 3, "peer unreachable (peer.reach was nonzero now zero)" },
    { 4, "peer reachable (peer.reach was zero now nonzero)" },
    { 5, "association restarted or timed out" },
    { 6, "no server found (ntpdate mode)" },
    { 7, "rate exceeded (kiss code RATE)" },
    { 8, "access denied (kiss code DENY)" },
    { 9, "leap armed from server LI code" },
    { 10, "become system peer" },
    { 11, "reference clock event (see clock status word)" },
    { 12, "authentication failure" },
    { 13, "popcorn spike suppressor" },
    { 14, "entering interleave mode" },
    { 15, "interleave error (recovered)" },
    { 16, "leapsecond values update from server" },
    { 0, NULL },
};

const struct value_name ntp_ctrl_clock_status_status_names[] = {
    { 0, "clock operating within nominals" },
    { 1, "reply timeout" },
    { 2, "bad reply format" },
    { 3, "hardware or software fault" },
    { 4, "propagation failure" },
    { 5, "bad date format or value" },
    { 6, "bad time format or value" },
    { 0, NULL },
};

const struct value_name ntp_priv_impl_names[] = {
    { 0, "UNIV" },
    { 2, "XNTPD_OLD (pre-IPv6)" },
    { 3, "XNTPD" },
    { 0, NULL },
};

const struct value_name ntp_priv_reqcode_names[] = {
    { 0, "PEER_LIST" },         { 1, "PEER_LIST_SUM" },
    { 2, "PEER_INFO" },         { 3, "PEER_STATS" },
    { 4, "SYS_INFO" },          { 5, "SYS_STATS" },
    { 6, "IO_STATS" },          { 7, "MEM_STATS" },
    { 8, "LOOP_INFO" },         { 9, "TIMER_STATS" },
    { 10, "CONFIG" },           { 11, "UNCONFIG" },
    { 12, "SET_SYS_FLAG" },     { 13, "CLR_SYS_FLAG" },
    { 14, "MONITOR" },          { 15, "NOMONITOR" },
    { 16, "GET_RESTRICT" },     { 17, "RESADDFLAGS" },
    { 18, "RESSUBFLAGS" },      { 19, "UNRESTRICT" },
    { 20, "MON_GETLIST" },      { 21, "RESET_STATS" },
    { 22, "RESET_PEER" },       { 23, "REREAD_KEYS" },
    { 24, "DO_DIRTY_HACK" },    { 25, "DONT_DIRTY_HACK" },
    { 26, "TRUSTKEY" },         { 27, "UNTRUSTKEY" },
    { 28, "AUTHINFO" },         { 29, "TRAPS" },
    { 30, "ADD_TRAP" },         { 31, "CLR_TRAP" },
    { 32, "REQUEST_KEY" },      { 33, "CONTROL_KEY" },
    { 34, "GET_CTLSTATS" },     { 35, "GET_LEAPINFO" },
    { 36, "GET_CLOCKINFO" },    { 37, "SET_CLKFUDGE" },
    { 38, "GET_KERNEL" },       { 39, "GET_CLKBUGINFO" },
    { 41, "SET_PRECISION" },    { 42, "MON_GETLIST_1" },
    { 43, "HOSTNAME_ASSOCID" }, { 44, "IF_STATS" },
    { 45, "IF_RELOAD" },        { 0, NULL },
};

const struct value_name ntp_priv_err_names[] = {
    { 0, "No error" },
    { 1, "incompatible implementation number" },
    { 2, "unimplemented request code" },
    { 3, "format error" },
    { 4, "no data available" },
    { 5, "unknown" },
    { 6, "unknown" },
    { 7, "authentication failure" },
    { 0, NULL },
};
