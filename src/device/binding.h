/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binding - "this identity was on this flow from then to then, and that is why": what the device tracker
 * finds, the segment index keeps, and find --device and devices ask for.
 */
#pragma once

#include "base/bytes.h"
#include "protocol/flow.h"

enum {
    IDENTITY_LIMIT_BYTES = 1024, /* longer ones are not tracked, and counted */
    CID_LIMIT_BYTES = 254,       /* RFC 9146 section 3 allows 255 with its length byte */
};

/* Stored in segment indexes and the device table: numbers stay as they are. */
enum identity_scheme {
    IDENTITY_NONE = 0,           /* a session nobody named */
    IDENTITY_DTLS_PSK = 1,       /* PSK identity of a ClientKeyExchange, DTLS or TLS; RFC 4279 section 2 */
    IDENTITY_EXTERNAL_PSK = 2,   /* that of a (D)TLS 1.3 ClientHello; RFC 8446 section 4.2.11 */
    IDENTITY_CERT_CN = 3,        /* of the client's Certificate, up to (D)TLS 1.2 */
    IDENTITY_CERT_SAN = 4,       /* likewise, one for each name */
    IDENTITY_TLS_SNI = 5,        /* server_name of a ClientHello, (D)TLS and QUIC; RFC 6066 section 3 */
    IDENTITY_LWM2M_ENDPOINT = 6, /* "ep" of a registration */
    IDENTITY_MQTT_CLIENT_ID = 7, /* of CONNECT, or assigned by a CONNACK of version 5 */
    IDENTITY_MQTT_USER = 8,      /* user name of CONNECT */
    IDENTITY_MQTTSN_CLIENT_ID = 9,
    IDENTITY_OSCORE_KID = 10,     /* with its context in front when there is one; RFC 8613 section 6.1 */
    IDENTITY_DHCP_HOST_NAME = 11, /* option 12 */
    IDENTITY_DHCP_CLIENT_ID = 12, /* option 61 */
    IDENTITY_MAC = 13,            /* six bytes: the hardware address of a DHCP client */
};

/* What a name of that scheme can tell. Only names of devices join sessions into one device. */
enum identity_class {
    IDENTITY_OF_NOBODY,
    IDENTITY_OF_DEVICE,
    IDENTITY_OF_SERVICE, /* whom it spoke to: tls.sni */
    IDENTITY_OF_GROUP,   /* many devices may share it: mqtt.user */
    IDENTITY_OF_ADDRESS, /* of an interface in its network: mac */
};

/* Stored: numbers stay. */
enum binding_reason {
    BINDING_HANDSHAKE = 1,    /* a full handshake that both ends finished */
    BINDING_RESUMED = 2,      /* an abbreviated one, tied by its session id or ticket */
    BINDING_CID = 3,          /* the session's connection id came from here */
    BINDING_ATTEMPT = 4,      /* named, but never finished, or refused */
    BINDING_REGISTRATION = 5, /* LwM2M: registered and answered with 2.01 */
    BINDING_LOCATION = 6,     /* LwM2M: came with the location path of a registration */
    BINDING_CONNECT = 7,      /* MQTT, MQTT-SN: CONNECT, and accepted by CONNACK */
    BINDING_REQUEST = 8,      /* the message itself names its sender: OSCORE, MQTT-SN's PINGREQ */
    BINDING_LEASE = 9,        /* DHCP: the server acknowledged this address */
};

/* How sure it is that every packet of the span is the device's. Stored: numbers stay. */
enum binding_confidence {
    CONFIDENCE_GUESS = 1,    /* same address only: never made by the tracker */
    CONFIDENCE_WEAK = 2,     /* a name in plain text some minutes old; an attempt */
    CONFIDENCE_PROBABLE = 3, /* connection id, location path, ticket, session id */
    CONFIDENCE_STRONG = 4,   /* handshake, CONNECT or registration seen complete */
    CONFIDENCE_CERTAIN = 5,  /* a tag was verified: needs keys, none yet */
};

/*
 * A session that bears several names is reported once for each, with the same session number; one that nobody
 * named, once with IDENTITY_NONE and no bytes. A packet that names its sender, and says nothing of what else
 * goes on between the same ends (DHCP), is a span of one moment.
 *
 * A span may be of an address and not of a flow: of every packet from or to it, whoever the other end is
 * (BINDING_LEASE). Its key has the address as its low end and zeroes for all else: flow_key_of_address.
 */
struct binding {
    enum identity_scheme scheme;
    enum binding_reason reason;
    enum binding_confidence confidence;
    bool is_client_low; /* the flow's low end is the device */
    bool is_continued;  /* the last checkpoint cut it off: nobody else was on the flow since */
    struct flow_key flow;
    int64_t from_ns, to_ns;     /* first and last packet, both included */
    uint64_t n_packets;         /* both directions */
    uint64_t n_bytes;           /* len of those */
    uint64_t session;           /* same number: same session, within one recorder run; 0 unknown */
    struct bytes identity;      /* as on the wire */
    struct bytes cid_to_server; /* empty: none negotiated */
    struct bytes cid_to_client;
    /* What a later contact would offer; empty: none. The digest of a session id, of a ticket or of an LwM2M
     * location: 8 bytes, which two of a million sessions share once in millions of archives. */
    struct bytes session_id;
};

/* The key of a span of an address, and whether one is that. */
static inline struct flow_key flow_key_of_address(const struct ip_address *address)
{
    struct flow_key key;

    memset(&key, 0, sizeof key);
    key.low = *address;
    return key;
}

static inline bool flow_key_is_address(const struct flow_key *key)
{
    return key->low.family != 0 && key->high.family == 0 && key->any_port == 0;
}

/* "dtls.psk"; NULL when there is none. */
const char *identity_scheme_name(enum identity_scheme scheme);
enum identity_class identity_scheme_class(enum identity_scheme scheme);
const char *binding_confidence_name(enum binding_confidence confidence); /* "strong" */
const char *binding_reason_name(enum binding_reason reason);

/* How sure a binding is for that reason, while nothing speaks against it. */
enum binding_confidence binding_reason_confidence(enum binding_reason reason);

/*
 * True when what a user typed names the identity: the same text, or the same bytes in hex with separators as
 * Wireshark writes them (44:3a:37…), or either behind "dtls.psk=".
 */
bool identity_is_named(enum identity_scheme scheme, struct bytes identity, const char *text);
