/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/tcp_options.h"

#include "protocol/tcp.h"
#include "protocol/tcp_analysis.h"

enum {
    KIND_EOL = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_WSCALE = 3,
    KIND_SACK_PERM = 4,
    KIND_SACK = 5,
    KIND_ECHO = 6,
    KIND_ECHO_REPLY = 7,
    KIND_TIMESTAMP = 8,
    KIND_CC = 11,
    KIND_CC_NEW = 12,
    KIND_CC_ECHO = 13,
    KIND_MD5 = 19,
    KIND_QS = 27,
    KIND_USER_TO = 28,
    KIND_AO = 29,
    KIND_MPTCP = 30,
    KIND_TFO = 34,
    KIND_EXPERIMENT_1 = 253,
    KIND_EXPERIMENT_2 = 254,
};

enum {
    SCALE_MAX = 14,               /* RFC 7323 section 2.3 */
    SACK_BLOCKS = 4,              /* those taken off the bytes in flight: more do not fit in 40 bytes */
    EXID_FAST_OPEN = 0xf989,      /* RFC 7413 section 5 */
    EXID_ACCURATE_ECN_0 = 0xacc0, /* of drafts before RFC 9768: three counters, which have no fields here */
    EXID_ACCURATE_ECN_1 = 0xacc1,
};

/* A part of an option that is a number, or the bytes from there on (n_bits 0). */
struct part {
    uint8_t field;
    uint8_t at_bit; /* from the option's first byte */
    uint8_t n_bits;
};

struct option {
    uint8_t kind;
    uint8_t field;
    uint8_t len; /* the only length it may have; 0: any */
    struct part parts[3];
};

static const struct option options_known[] = {
    { KIND_MSS, TCP_OPT_MSS, 4, { { TCP_MSS_VAL, 16, 16 } } },
    { KIND_WSCALE, TCP_OPT_WSCALE, 3, { { TCP_WSCALE_SHIFT, 16, 8 } } },
    { KIND_SACK_PERM, TCP_OPT_SACK_PERM, 2, { { 0 } } },
    { KIND_SACK, TCP_OPT_SACK, 0, { { 0 } } },
    { KIND_ECHO, TCP_OPT_ECHO, 6, { { TCP_ECHO_VALUE, 16, 32 } } },
    { KIND_ECHO_REPLY, TCP_OPT_ECHO_REPLY, 6, { { TCP_ECHO_VALUE, 16, 32 } } },
    { KIND_TIMESTAMP, TCP_OPT_TIMESTAMP, 10, { { TCP_TSVAL, 16, 32 }, { TCP_TSECR, 48, 32 } } },
    { KIND_CC, TCP_OPT_CC, 6, { { TCP_CC_VALUE, 16, 32 } } },
    { KIND_CC_NEW, TCP_OPT_CCNEW, 6, { { TCP_CC_VALUE, 16, 32 } } },
    { KIND_CC_ECHO, TCP_OPT_CCECHO, 6, { { TCP_CC_VALUE, 16, 32 } } },
    { KIND_MD5, TCP_OPT_MD5, 18, { { TCP_MD5_DIGEST, 16, 0 } } },
    { KIND_QS, TCP_OPT_QS, 8, { { TCP_QS_RATE, 20, 4 }, { TCP_QS_TTL_DIFF, 24, 8 } } },
    { KIND_USER_TO, TCP_OPT_USER_TO, 4, { { TCP_USER_TO_GRANULARITY, 16, 1 }, { TCP_USER_TO_VAL, 17, 15 } } },
    { KIND_AO,
      TCP_OPT_AO,
      0,
      { { TCP_AO_KEYID, 16, 8 }, { TCP_AO_RNEXTKEYID, 24, 8 }, { TCP_AO_MAC, 32, 0 } } },
    { KIND_MPTCP, TCP_MPTCP_SUBTYPE, 0, { { TCP_MPTCP_SUBTYPE, 16, 4 } } },
    { KIND_TFO, TCP_OPT_TFO, 0, { { 0 } } },
    { KIND_EXPERIMENT_1, TCP_OPT_EXPERIMENTAL, 0, { { TCP_EXPERIMENTAL_EXID, 16, 16 } } },
    { KIND_EXPERIMENT_2, TCP_OPT_EXPERIMENTAL, 0, { { TCP_EXPERIMENTAL_EXID, 16, 16 } } },
};

static const struct option option_unknown = { 0, TCP_OPT_UNKNOWN, 0, { { TCP_UNKNOWN_PAYLOAD, 16, 0 } } };

static const struct option *option_of(uint8_t kind)
{
    for (size_t i = 0; i < sizeof options_known / sizeof options_known[0]; i++) {
        if (options_known[i].kind == kind)
            return &options_known[i];
    }
    return &option_unknown;
}

static void add_part(struct dissection *d, struct bytes option, const struct part *part)
{
    size_t first = part->at_bit / 8, last;
    uint64_t number = 0;

    if (part->n_bits == 0) {
        if (first < option.len)
            dissection_add_bytes(d, TCP_ID(part->field), bytes_of(option.data + first, option.len - first));
        return;
    }
    last = (part->at_bit + part->n_bits - 1u) / 8;
    if (last >= option.len)
        return;
    for (size_t i = first; i <= last; i++)
        number = number << 8 | option.data[i];
    number >>= (last + 1) * 8 - part->at_bit - part->n_bits;
    dissection_add_number(d, TCP_ID(part->field), number & ((UINT64_C(1) << part->n_bits) - 1));
}

static bool is_at_most(uint32_t a, uint32_t b)
{
    return !tcp_seq_less(b, a);
}

static void add_sack(struct dissection *d, struct reader r, const struct tcp_options_context *context,
                     struct tcp_options_found *found)
{
    uint32_t left[SACK_BLOCKS] = { 0 }, right[SACK_BLOCKS] = { 0 };
    uint32_t n = 0, at_left, at_right;

    found->has_sack = true;
    found->sacked = 0;
    while (reader_left(&r) > 0) {
        if (!reader_u32(&r, &at_left)) {
            dissection_add_number(d, TCP_ID(TCP_SUBOPTION_MALFORMED), 0);
            break;
        }
        at_left -= context->other_base;
        dissection_add_number(d, TCP_ID(TCP_SACK_LE), at_left);
        if (!reader_u32(&r, &at_right)) {
            dissection_add_number(d, TCP_ID(TCP_SUBOPTION_MALFORMED), 0);
            break;
        }
        at_right -= context->other_base;
        dissection_add_number(d, TCP_ID(TCP_SACK_RE), at_right);
        if (n < SACK_BLOCKS) {
            left[n] = at_left;
            right[n] = at_right;
        }
        n++;
        if (n < SACK_BLOCKS)
            found->sacked += at_right - at_left;
    }
    dissection_add_number(d, TCP_ID(TCP_SACK_COUNT), n);
    /* RFC 2883 section 4: the first block tells of what came twice */
    if (is_at_most(right[0], context->ack) ||
        (n > 1 && tcp_seq_less(left[1], right[0]) && is_at_most(right[0], right[1]))) {
        dissection_add_number(d, TCP_ID(TCP_DSACK_LE), left[0]);
        dissection_add_number(d, TCP_ID(TCP_DSACK_RE), right[0]);
        dissection_add_number(d, TCP_ID(TCP_DSACK), 0);
    }
}

static void add_fast_open(struct dissection *d, struct bytes cookie,
                          const struct tcp_options_context *context, struct tcp_options_found *found)
{
    if (cookie.len == 0) {
        dissection_add_number(d, TCP_ID(TCP_TFO_REQUEST), 0);
        return;
    }
    dissection_add_bytes(d, TCP_ID(TCP_TFO_COOKIE), cookie);
    if ((context->flags & (TCP_SYN | TCP_ACK_FLAG)) == TCP_SYN) {
        found->has_fast_open = true;
        dissection_add_number(d, TCP_ID(TCP_ANALYSIS_TFO_SYN), 0);
    }
}

static void add_experiment(struct dissection *d, struct bytes option,
                           const struct tcp_options_context *context, struct tcp_options_found *found)
{
    struct reader r = reader_over(option);
    uint16_t head, exid;

    if (!reader_u16(&r, &head) || !reader_u16(&r, &exid))
        return;
    if (exid == EXID_FAST_OPEN)
        add_fast_open(d, reader_rest(&r), context, found);
    else if (reader_left(&r) > 0 && exid != EXID_ACCURATE_ECN_0 && exid != EXID_ACCURATE_ECN_1)
        dissection_add_bytes(d, TCP_ID(TCP_EXPERIMENTAL_DATA), reader_rest(&r));
}

/* An option with a length; option.len is 2 or more. */
static void add_option(struct dissection *d, struct bytes bytes, const struct tcp_options_context *context,
                       struct tcp_options_found *found)
{
    const struct option *option = option_of(bytes.data[0]);
    struct reader body = { bytes.data + 2, bytes.data + bytes.len };
    uint8_t shift;

    if (option->kind != KIND_MPTCP)
        dissection_add_bytes(d, TCP_ID(option->field), bytes);
    if (option->kind == KIND_MSS && !(context->flags & TCP_SYN))
        dissection_add_number(d, TCP_ID(TCP_MSS_PRESENT), 0);
    dissection_add_number(d, TCP_ID(TCP_OPTION_KIND), bytes.data[0]);
    dissection_add_number(d, TCP_ID(TCP_OPTION_LEN), bytes.len);
    if (option->len && bytes.len != option->len) {
        dissection_add_number(d, TCP_ID(TCP_OPTION_LEN_INVALID), 0);
        return;
    }
    for (size_t i = 0; i < sizeof option->parts / sizeof option->parts[0] && option->parts[i].field; i++)
        add_part(d, bytes, &option->parts[i]);
    switch (option->kind) {
    case KIND_WSCALE:
        shift = bytes.data[2];
        if (shift > SCALE_MAX) {
            shift = SCALE_MAX;
            dissection_add_number(d, TCP_ID(TCP_WSCALE_SHIFT_INVALID), 0);
        }
        dissection_add_number(d, TCP_ID(TCP_WSCALE_MULTIPLIER), UINT64_C(1) << shift);
        found->scale = (int8_t)shift;
        break;
    case KIND_SACK:
        add_sack(d, body, context, found);
        break;
    case KIND_TFO:
        add_fast_open(d, reader_rest(&body), context, found);
        break;
    case KIND_EXPERIMENT_1:
    case KIND_EXPERIMENT_2:
        add_experiment(d, bytes, context, found);
        break;
    default:
        break;
    }
}

/* An option that the capture cut: what is there of it. */
static void add_cut_option(struct dissection *d, struct bytes bytes)
{
    const struct option *option = option_of(bytes.data[0]);

    dissection_add_number(d, TCP_ID(TCP_OPTION_KIND), bytes.data[0]);
    dissection_add_number(d, TCP_ID(TCP_OPTION_LEN), bytes.data[1]);
    for (size_t i = 0; i < sizeof option->parts / sizeof option->parts[0]; i++)
        if (option->parts[i].n_bits > 0)
            add_part(d, bytes, &option->parts[i]);
}

void tcp_options_dissect(struct dissection *d, struct bytes options,
                         const struct tcp_options_context *context, struct tcp_options_found *found)
{
    struct reader r = reader_over(options);
    bool has_mss = false, has_ended = false;
    unsigned n_nops = 0;
    struct bytes option;
    uint8_t kind, len;

    found->is_cut = options.len < context->len;
    while (reader_left(&r) > 0) {
        struct reader start = r;

        if (!reader_u8(&r, &kind))
            return;
        if (has_ended && kind != KIND_EOL) {
            dissection_add_number(d, TCP_ID(TCP_NON_ZERO_AFTER_EOL), 0);
            return;
        }
        if (kind == KIND_EOL || kind == KIND_NOP) {
            size_t at = (size_t)(start.at - options.data);

            has_ended |= kind == KIND_EOL;
            n_nops = kind == KIND_NOP && (n_nops == 0 || at % 4) ? n_nops + 1 : kind == KIND_NOP ? 0 : n_nops;
            if (kind == KIND_NOP && n_nops == 4)
                dissection_add_number(d, TCP_ID(TCP_FOUR_NOPS), 0);
            dissection_add_bytes(d, TCP_ID(kind == KIND_EOL ? TCP_OPT_EOL : TCP_OPT_NOP),
                                 bytes_of(start.at, 1));
            dissection_add_number(d, TCP_ID(TCP_OPTION_KIND), kind);
            continue;
        }
        if (!reader_u8(&r, &len)) {
            if (!found->is_cut)
                dissection_add_number(d, TCP_ID(TCP_OPTION_LEN_INVALID), 0);
            return;
        }
        if (found->is_cut && len > reader_left(&start) &&
            len <= reader_left(&start) + context->len - options.len) {
            add_cut_option(d, reader_rest(&start));
            return;
        }
        if (len < 2 || !reader_bytes(&start, len, &option)) {
            dissection_add_number(d, TCP_ID(TCP_OPTION_LEN_INVALID), 0);
            return;
        }
        r = start;
        has_mss |= kind == KIND_MSS;
        add_option(d, option, context, found);
    }
    if (context->flags & TCP_SYN && !has_mss && !found->is_cut)
        dissection_add_number(d, TCP_ID(TCP_MSS_ABSENT), 0);
}
