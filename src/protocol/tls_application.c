/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/tls_application.h"

#include "protocol/tls_handshake.h"

struct port_name {
    uint16_t port;
    const char *name;
};

static const struct port_name
    tls_ports[] = { /* as Wireshark 4.0 gives them */
                    { 443, "Hypertext Transfer Protocol" },
                    { 8883, "MQ Telemetry Transport Protocol" },
                    { 5684, "Constrained Application Protocol" },
                    { 324, "RPKI-Router Protocol" },
                    { 465, "Simple Mail Transfer Protocol" },
                    { 636, "Lightweight Directory Access Protocol" },
                    { 802, "Modbus/TCP" },
                    { 853, "Domain Name System" },
                    { 993, "Internet Message Access Protocol" },
                    { 995, "Post Office Protocol" },
                    { 1300, "Q.931" },
                    { 2221, "EtherNet/IP (Industrial Protocol)" },
                    { 2443, "Skinny Client Control Protocol" },
                    { 3249, "Intel Omni-Path FE Header - Omni-Path Fabric Executive Header" },
                    { 3250, "Intel Omni-Path FE Header - Omni-Path Fabric Executive Header" },
                    { 3251, "Intel Omni-Path FE Header - Omni-Path Fabric Executive Header" },
                    { 3252, "Intel Omni-Path FE Header - Omni-Path Fabric Executive Header" },
                    { 3389, "TPKT - ISO on TCP - RFC1006" },
                    { 3496, "DoIP (ISO13400) Protocol" },
                    { 5061, "Session Initiation Protocol" },
                    { 5671, "Advanced Message Queuing Protocol" },
                    { 5868, "Diameter Protocol" },
                    { 11207, "Couchbase Protocol" },
                    { 19999, "Distributed Network Protocol 3.0" },
                    { 27017, "Mongo Wire Protocol" }
    };

static const struct port_name dtls_ports[] = { { 5684, "Constrained Application Protocol" },
                                               { 5868, "Diameter Protocol" },
                                               { 2221, "Common Industrial Protocol, I/O" },
                                               { 853, "Domain Name System" } };

static const struct {
    const char *alpn;
    bool is_prefix, is_dtls;
    const char *name;
} chosen[] = {
    { "h2", false, false, "HyperText Transfer Protocol 2" },
    { "http/1.1", false, false, "Hypertext Transfer Protocol" },
    { "coap", false, false, "Constrained Application Protocol" },
    { "dot", false, false, "Domain Name System" },
    { "h2-", true, false, "HyperText Transfer Protocol 2" },
    { "spdy/", true, false, "SPDY" },
};

static const char *by_port(bool is_dtls, uint16_t port)
{
    const struct port_name *ports = is_dtls ? dtls_ports : tls_ports;
    size_t n = is_dtls ? sizeof dtls_ports / sizeof dtls_ports[0] : sizeof tls_ports / sizeof tls_ports[0];

    for (size_t i = 0; i < n; i++) {
        if (ports[i].port == port)
            return ports[i].name;
    }
    return NULL;
}

bool tls_application_has_port(bool is_dtls, uint16_t port)
{
    return by_port(is_dtls, port) != NULL;
}

void tls_session_choose_application(struct tls_session *session, struct bytes alpn, bool is_dtls)
{
    for (size_t i = 0; i < sizeof chosen / sizeof chosen[0]; i++) {
        size_t len = strlen(chosen[i].alpn);

        if (chosen[i].is_dtls == is_dtls && alpn.len >= len && (chosen[i].is_prefix || alpn.len == len) &&
            memcmp(alpn.data, chosen[i].alpn, len) == 0) {
            session->application = (uint8_t)(i + 1);
            return;
        }
    }
}

const char *tls_application_name(const struct tls_session *session, bool is_dtls, uint16_t source_port,
                                 uint16_t destination_port)
{
    const char *name;

    if (session->application)
        return chosen[session->application - 1].name;
    name = by_port(is_dtls, source_port);
    return name ? name : by_port(is_dtls, destination_port);
}
