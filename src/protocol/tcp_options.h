/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_options - the options of a TCP header: RFC 9293 section 3.1, RFC 7323 (window scale, timestamps), RFC
 * 2018 and 2883 (selective acknowledgments), RFC 5925 (authentication), RFC 7413 (fast open), RFC 8684
 * (multipath, by its subtype only). One table of what each option has; adds values to the top layer.
 */
#pragma once

#include "protocol/dissection.h"

struct tcp_options_context {
    uint32_t len; /* of all options in the header: more than there are when the capture cut them */
    uint16_t flags;
    uint32_t ack;        /* relative, as tcp.ack shows it */
    uint32_t other_base; /* what selective acknowledgments are shown relative to */
};

struct tcp_options_found { /* what the connection wants to know */
    int8_t scale;          /* TCP_SCALE_UNKNOWN: no such option */
    bool is_cut;           /* there may be others that were not captured */
    bool has_sack;
    bool has_fast_open;
    uint32_t sacked; /* bytes in all blocks */
};

void tcp_options_dissect(struct dissection *d, struct bytes options,
                         const struct tcp_options_context *context, struct tcp_options_found *found);
