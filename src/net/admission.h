/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admission - how many connections there may be, in all and from one source address; who is turned away is
 * counted. One loop's thread.
 *
 * An IPv6 source is its /64, because one host has as many addresses as it likes in there. Unix sockets count
 * in all only. The table has its size from the start: nothing is allocated for a connection.
 */
#pragma once

#include "base/error.h"
#include "base/ip_address.h"

struct admission_statistics {
    uint64_t n_admitted;
    uint64_t n_refused_full;   /* limit of all reached */
    uint64_t n_refused_source; /* limit of one source reached */
    uint64_t n_refused_fds;    /* the process had no descriptor left */
    size_t n_open;
};

struct admission;

/* limit: 1 to 2^20 connections in all; source_limit: from one address, 0 for no such limit. */
struct admission *admission_new(size_t limit, size_t source_limit, struct error *error);
void admission_free(struct admission *admission);

/* False when it is not to be served: counted. source with family 0: no address. */
bool admission_enter(struct admission *admission, const struct ip_address *source);

/* For each that entered, once. */
void admission_leave(struct admission *admission, const struct ip_address *source);

void admission_count_fd_refusal(struct admission *admission);
const struct admission_statistics *admission_statistics(const struct admission *admission);
