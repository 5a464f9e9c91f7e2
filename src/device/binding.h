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
    SESSION_ID_LIMIT_BYTES = 32, /* RFC 5246 section 7.4.1.2 */
};

enum identity_scheme {                        /* stored in segment indexes: numbers stay as they are */
                       IDENTITY_NONE = 0,     /* a session nobody named */
                       IDENTITY_DTLS_PSK = 1, /* PSK identity of a ClientKeyExchange, RFC 4279 section 2 */
};

enum binding_reason {                        /* stored: numbers stay */
                      BINDING_HANDSHAKE = 1, /* a full handshake that both ends finished */
                      BINDING_RESUMED = 2,   /* an abbreviated one, tied by its session id */
                      BINDING_CID = 3,       /* the session's connection id came from here */
                      BINDING_ATTEMPT = 4,   /* named in a ClientKeyExchange, but never finished */
};

struct binding {
    enum identity_scheme scheme;
    enum binding_reason reason;
    bool is_client_low; /* the flow's low end is the device */
    struct flow_key flow;
    int64_t from_ns, to_ns;     /* first and last packet, both included */
    uint64_t n_packets;         /* both directions */
    uint64_t n_bytes;           /* len of those */
    uint64_t session;           /* same number: same session, within one recorder run; 0 unknown */
    struct bytes identity;      /* as on the wire */
    struct bytes cid_to_server; /* empty: none negotiated */
    struct bytes cid_to_client;
    struct bytes session_id; /* what a resumption would offer; empty: none */
};

/* "dtls.psk"; NULL when there is none. */
const char *identity_scheme_name(enum identity_scheme scheme);
const char *binding_reason_name(enum binding_reason reason);

/*
 * True when what a user typed names the identity: the same text, or the same bytes in hex with separators as
 * Wireshark writes them (44:3a:37…), or either behind "dtls.psk=".
 */
bool identity_is_named(enum identity_scheme scheme, struct bytes identity, const char *text);
