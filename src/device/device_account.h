/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_account - the spans of one device put together for people: its names, the addresses it was at, its
 * sessions and handshakes. A stay at an address that goes on under the same session, or after a short
 * silence, is one. Knows no files.
 *
 * A session with several names is told once for each: its packets count once.
 */
#pragma once

#include "device/binding.h"

enum {
    ACCOUNT_SPANS_LIMIT = 1 << 20
}; /* of one device (a name that very many share); further ones only count */

struct device_stay { /* one address for a while */
    struct ip_address address;
    uint16_t port;
    enum binding_reason reason;
    enum binding_confidence confidence;
    int64_t from_ns, to_ns;
    uint64_t n_packets, n_bytes;
    uint64_t session;
    uint32_t name; /* under which it was counted */
};

struct device_name {
    enum identity_scheme scheme;
    struct bytes identity;
    int64_t first_ns, last_ns;
};

struct device_account {
    const struct device_name *names; /* the one with the most packets first */
    uint32_t n_names;
    int64_t first_ns, last_ns;
    uint64_t n_packets, n_bytes;
    uint64_t n_sessions;   /* told apart by their numbers */
    uint64_t n_handshakes; /* of those, begun by a handshake, CONNECT or registration that was seen */
    uint64_t n_failed;     /* attempts */
    uint64_t n_left_out;   /* spans past the limit */
    const struct device_stay *stays; /* by time */
    uint32_t n_stays;
};

struct device_accountant;

struct device_accountant *device_accountant_new(void); /* NULL without memory */
void device_accountant_free(struct device_accountant *accountant);

/* Spans by time; copied. False without memory. */
bool device_accountant_add(struct device_accountant *accountant, const struct binding *binding);

/* What was added since the last call; lives until the next add. NULL without memory. */
const struct device_account *device_accountant_finish(struct device_accountant *accountant);
