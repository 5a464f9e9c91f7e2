/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipv4 - the fields of protocol_ipv4, and its options, which have a file of their own.
 */
#pragma once

#include "protocol/dissection.h"

enum {
    IPV4_VERSION,
    IPV4_HDR_LEN,
    IPV4_DSFIELD,
    IPV4_DSCP,
    IPV4_ECN,
    IPV4_LEN,
    IPV4_ID,
    IPV4_FLAGS,
    IPV4_FLAGS_RB,
    IPV4_FLAGS_DF,
    IPV4_FLAGS_MF,
    IPV4_FRAG_OFFSET,
    IPV4_TTL,
    IPV4_PROTO,
    IPV4_CHECKSUM,
    IPV4_CHECKSUM_CALCULATED,
    IPV4_CHECKSUM_STATUS,
    IPV4_CHECKSUM_BAD,
    IPV4_SRC,
    IPV4_DST,
    IPV4_ADDR,
    IPV4_SRC_HOST,
    IPV4_DST_HOST,
    IPV4_HOST,
    IPV4_FRAGMENTS,
    IPV4_FRAGMENT,
    IPV4_FRAGMENT_COUNT,
    IPV4_REASSEMBLED_IN,
    IPV4_REASSEMBLED_LENGTH,
    IPV4_REASSEMBLED_DATA,
    IPV4_BOGUS_VERSION,
    IPV4_BOGUS_HEADER_LENGTH,
    IPV4_BOGUS_LENGTH,
    IPV4_OPT_TYPE,
    IPV4_OPT_TYPE_COPY,
    IPV4_OPT_TYPE_CLASS,
    IPV4_OPT_TYPE_NUMBER,
    IPV4_OPT_LEN,
    IPV4_OPT_PTR,
    IPV4_OPT_SID,
    IPV4_OPT_MTU,
    IPV4_OPT_ID_NUMBER,
    IPV4_OPT_OHC,
    IPV4_OPT_RHC,
    IPV4_OPT_ORIGINATOR,
    IPV4_OPT_RA,
    IPV4_OPT_ADDR,
    IPV4_OPT_PADDING,
    IPV4_OPT_OVERFLOW,
    IPV4_OPT_FLAG,
    IPV4_OPT_TIME_STAMP,
    IPV4_OPT_TIME_STAMP_ADDR,
    IPV4_OPT_LEN_INVALID,
    IPV4_OPT_PTR_BEFORE_ADDRESS,
    IPV4_OPT_PTR_MIDDLE_ADDRESS,
    IPV4_REC_RT,
    IPV4_REC_RT_HOST,
    IPV4_EMPTY_RT,
    IPV4_EMPTY_RT_HOST,
    IPV4_OPTIONS_EOL,
    IPV4_OPTIONS_NOP,
    IPV4_OPTIONS_SECURITY,
    IPV4_OPTIONS_ROUTE,
    IPV4_OPTIONS_TIMESTAMP,
    IPV4_OPTIONS_EXT_SECURITY,
    IPV4_OPTIONS_RECORD_ROUTE,
    IPV4_OPTIONS_SID,
    IPV4_OPTIONS_SOURCE_ROUTE,
    IPV4_OPTIONS_MTU_PROBE,
    IPV4_OPTIONS_MTU_REPLY,
    IPV4_OPTIONS_TRACEROUTE,
    IPV4_OPTIONS_ROUTERALERT,
    IPV4_OPTIONS_SDB,
    IPV4_OPTIONS_QS,
};

#define IPV4_ID_OF(index) FIELD_ID(PROTOCOL_IPV4, index)

/* The options, all of them captured. False: one has no room for its members. */
bool ipv4_add_options(struct dissection *d, struct bytes options);

/* An address of four bytes as text, of the packet's scratch. */
void ipv4_add_host(struct dissection *d, unsigned field, struct bytes address);
