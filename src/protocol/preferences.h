/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preferences - what a user may set about dissection, by tshark's names: -o NAME:VALUE and -d (decode as).
 */
#pragma once

#include "base/error.h"
#include "protocol/protocol.h"

enum { DECODE_RULES = 64 };

enum port_table { PORT_TABLE_UDP, PORT_TABLE_TCP, PORT_TABLE_DTLS, PORT_TABLE_TLS };

struct decode_rule { /* -d udp.port==5000-5009,coap */
    enum port_table table;
    uint16_t low, high;
    enum protocol_id protocol; /* PROTOCOL_DATA for tshark's "data"; never NONE */
};

struct preferences {
    bool ip_defragment;          /* ip.defragment */
    bool ipv6_defragment;        /* ipv6.defragment */
    bool ip_check_checksum;      /* ip.check_checksum */
    bool udp_check_checksum;     /* udp.check_checksum */
    bool tcp_check_checksum;     /* tcp.check_checksum */
    bool tcp_desegment;          /* tcp.desegment_tcp_streams */
    bool tcp_analyze;            /* tcp.analyze_sequence_numbers */
    bool tcp_relative;           /* tcp.relative_sequence_numbers */
    bool tcp_out_of_order;       /* tcp.reassemble_out_of_order */
    bool tls_desegment_records;  /* tls.desegment_ssl_records */
    bool tls_desegment_app_data; /* tls.desegment_ssl_application_data */
    uint8_t dtls_client_cid_length,
        dtls_server_cid_length;   /* dtls.client_cid_length, dtls.server_cid_length */
    uint8_t mqtt_default_version; /* mqtt.default_version: 0, 3, 4, 5 */
    uint16_t n_rules;
    struct decode_rule rules[DECODE_RULES];
};

extern const struct preferences preferences_default;

/*
 * text: "NAME:VALUE"; VALUE is TRUE or FALSE in any case, a decimal number, or one of the texts tshark lists.
 * False with *error set (ERROR_USAGE) when there is no such name or value.
 */
bool preferences_set(struct preferences *preferences, const char *text, struct error *error);

/*
 * text: "udp.port==5000,coap", "tcp.port==1884-1890,mqtt", "udp.port==5000:10,data" (ten ports),
 * "dtls.port==5684,coap". False likewise; ERROR_LIMIT when there are DECODE_RULES already.
 */
bool preferences_decode_as(struct preferences *preferences, const char *text, struct error *error);

/*
 * True when an index that was made without them may be asked all the same: they add nothing to a packet that
 * indexes tell of (PROTOCOLS_INDEXED, and conversations).
 */
bool preferences_agree_with_index(const struct preferences *preferences);

/* What a rule says about a port; PROTOCOL_NONE when none does. Later rules win. */
enum protocol_id preferences_decoded(const struct preferences *preferences, enum port_table table,
                                     uint16_t port);
