/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row - one packet as a line of a table: what the live stream, rows on request and `find` print of it.
 * Borrowed views, until the next packet is dissected.
 */
#pragma once

#include "base/bytes.h"

enum { ROW_INFO_LIMIT_BYTES = 512 }; /* longer infos are cut between characters, and marked */

enum row_mark { /* as in docs/live-protocol.md */
                ROW_ERROR = 1,
                ROW_WARNING = 2,
                ROW_CUT = 4,
                ROW_FROM_DEVICE = 8,
                ROW_TO_DEVICE = 16,
                ROW_INFO_CUT = 32,
};

struct row {
    uint64_t number; /* packet_id */
    int64_t ts_ns;
    uint32_t len; /* on the wire */
    uint8_t marks;
    struct bytes source, destination; /* "10.1.2.3:40020", "[2001:db8::1]:5684", or a hardware address */
    struct bytes device;              /* empty: nobody known */
    struct bytes protocol;            /* innermost known one: "CoAP" */
    struct bytes info;                /* UTF-8, no control characters */
};
