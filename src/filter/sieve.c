/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/sieve_road.h"

static inline uint64_t load(const uint8_t *data, const struct test *test, unsigned i)
{
    uint64_t word;

    memcpy(&word, data + test->at[i], sizeof word);
    return __builtin_bswap64(word) >> test->shift[i] & test->load_mask[i];
}

static inline bool has_prefix(const uint8_t *data, const struct test *test, unsigned i)
{
    uint64_t word;

    memcpy(&word, data + test->at[i], sizeof word);
    return (word & test->prefix_mask[i]) == test->prefix[i];
}

static inline wide load_wide(const uint8_t *data, const struct test *test, unsigned i)
{
    uint64_t high, low;

    memcpy(&high, data + test->at[i], 8);
    memcpy(&low, data + test->at[i] + 8, 8);
    return (wide)__builtin_bswap64(high) << 64 | __builtin_bswap64(low);
}

/* As ask() does, with always as many loads, so that there is no branch. */
static inline bool ask_prefix(const struct test *test, const uint8_t *data)
{
    uint32_t n_agree = 0;

#pragma GCC unroll 4
    for (unsigned i = 0; i < TEST_LOADS; i++)
        n_agree += has_prefix(data, test, i);
    if (test->is_negated)
        n_agree = TEST_LOADS - n_agree;
    return n_agree >= (test->is_all ? TEST_LOADS : 1);
}

/* True when any value agrees, or with is_all every one (and there is one). */
static inline enum verdict ask(const struct test *test, const uint8_t *data)
{
    uint32_t n_agree = 0;

    switch ((enum test_kind)test->kind) {
    case TEST_KNOWN:
        return (enum verdict)test->verdict;
    case TEST_PREFIX:
        return ask_prefix(test, data) ? VERDICT_TRUE : VERDICT_FALSE;
    case TEST_RANGE:
        for (unsigned i = 0; i < test->n_loads; i++)
            n_agree += (load(data, test, i) - test->low <= test->span) != test->is_negated;
        break;
    case TEST_NUMBERS:
        for (unsigned i = 0; i < test->n_loads; i++)
            n_agree += program_has_number(test->instruction, load(data, test, i)) != test->is_negated;
        break;
    case TEST_WIDES:
        for (unsigned i = 0; i < test->n_loads; i++)
            n_agree += program_has_wide(test->instruction, load_wide(data, test, i)) != test->is_negated;
        break;
    }
    return n_agree > 0 && (!test->is_all || n_agree == test->n_loads) ? VERDICT_TRUE : VERDICT_FALSE;
}

/* sieve_may_match, inlined on the road of every packet. */
static inline bool may_match(const struct sieve *sieve, const struct test *tests, const uint8_t *data,
                             uint64_t follows, uint64_t idle)
{
    uint32_t at = sieve->program->entry;

    while (at < PROGRAM_FALSE) {
        const struct test *test = &tests[at];
        enum verdict verdict;

        if (test->mask & follows)
            verdict = VERDICT_UNKNOWN;
        else if (test->mask & idle)
            verdict = (enum verdict)test->on_idle;
        else
            verdict = ask(test, data);
        at = test->go_to[verdict];
    }
    return at == PROGRAM_TRUE;
}

bool sieve_may_match(const struct sieve *sieve, const struct test *tests, const uint8_t *data,
                     uint64_t follows, uint64_t idle)
{
    return may_match(sieve, tests, data, follows, idle);
}

/* Each 16-bit lane of a word. */
#define LANES UINT64_C(0x0001000100010001)

/* A bit for each lane that is zero, and perhaps for some above it. */
static inline uint64_t zero_lanes(uint64_t lanes)
{
    return (lanes - LANES) & ~lanes & (LANES << 15);
}

/* Either port of a UDP header against all that matter at once. */
static inline bool has_port(const struct sieve *sieve, const uint8_t *udp)
{
    return zero_lanes(sieve->ports ^ shape_u16(udp) * LANES) |
           zero_lanes(sieve->ports ^ shape_u16(udp + 2) * LANES);
}

static inline bool has_bit(const uint64_t *words, uint32_t at)
{
    return words[at / 64] >> at % 64 & 1;
}

/* What is in this stream is told by a port, whichever is the server's, and nobody asks for it. */
static inline bool is_foreign_stream(const struct sieve *sieve, const struct shape *shape,
                                     const struct packet_glance *glance)
{
    const uint8_t *tcp = glance->data + shape->header_bytes;
    uint32_t source, destination;

    if (!sieve->is_by_tcp_ports || glance->caplen < shape->header_bytes + 4)
        return false;
    source = shape_u16(tcp);
    destination = shape_u16(tcp + 2);
    return (has_bit(sieve->tcp_ports, source) || has_bit(sieve->tcp_ports, destination)) &&
           !has_bit(sieve->tcp_wanted, source) && !has_bit(sieve->tcp_wanted, destination);
}

/* What follows the headers is of no interest, whatever it is. */
static inline bool keeps_foreign(const struct sieve *sieve, const struct road *road, const uint8_t *data)
{
    return road->is_settled ? road->match_foreign
                            : may_match(sieve, road->tests, data, follows_foreign(road), 0);
}

/* What follows the headers when it is not TCP, and not known by its ports to be without interest. */
static __attribute__((noinline)) bool keeps_datagram(const struct sieve *sieve, const struct shape *shape,
                                                     const struct packet_glance *glance)
{
    const struct road *road = &sieve->roads[shape - sieve->shapes];
    const uint8_t *udp = glance->data + shape->header_bytes - UDP_BYTES;
    enum protocol_id next;
    struct reader payload;
    uint32_t wire_len;
    uint64_t bit;

    shape_payload(shape, glance, &payload, &wire_len);
    next = udp_next(sieve->any, (uint16_t)shape_u16(udp), (uint16_t)shape_u16(udp + 2), &payload, wire_len);
    bit = PROTOCOL_BIT(next);
    if (sieve->is_foreign & bit)
        return keeps_foreign(sieve, road, glance->data);
    if (sieve->has_idle & bit &&
        protocols[next]->is_idle(next == sieve->needle_in ? &sieve->idle_of_needle : &sieve->idle, &payload,
                                 wire_len))
        return road->is_settled ? road->match_idle & bit
                                : may_match(sieve, road->tests, glance->data, 0, bit);
    if (sieve->is_kept & bit)
        return true;
    if (road->is_settled)
        return road->match_behind & bit;
    return may_match(sieve, road->tests, glance->data, sieve->may_follow[next], 0);
}

/* What follows the headers when it is TCP. Not inline, nor the one above: the others stay short. */
static __attribute__((noinline)) bool keeps_segment(const struct sieve *sieve, const struct shape *shape,
                                                    const struct packet_glance *glance)
{
    const struct road *road = &sieve->roads[shape - sieve->shapes];

    if (road->is_settled && !(road->match_behind & PROTOCOL_BIT(PROTOCOL_TCP)))
        return false; /* nor may it match where less may follow */
    if (is_foreign_stream(sieve, shape, glance))
        return keeps_foreign(sieve, road, glance->data);
    if (road->is_settled)
        return true;
    return road->is_kept || may_match(sieve, road->tests, glance->data, road->follows, 0);
}

/* A shape behind VXLAN takes the port for it; a decode rule may say otherwise. */
static __attribute__((noinline)) bool is_redirected(const struct sieve *sieve, const struct shape *shape,
                                                    const struct packet_glance *glance)
{
    for (uint32_t i = 0; i + 1 < shape->n_layers; i++) {
        const uint8_t *udp = glance->data + shape->layers[i].at;

        if (shape->layers[i].protocol == PROTOCOL_UDP &&
            udp_decoded(sieve->any, (uint16_t)shape_u16(udp), (uint16_t)shape_u16(udp + 2)) != PROTOCOL_NONE)
            return true;
    }
    return false;
}

static inline __attribute__((always_inline)) bool keeps(const struct sieve *sieve, const struct shape *shape,
                                                        const struct packet_glance *glance)
{
    const struct road *road = &sieve->roads[shape - sieve->shapes];
    const uint8_t *udp = glance->data + shape->header_bytes - UDP_BYTES;

    if (__builtin_expect(sieve->any->preferences->n_rules > 0, 0) && is_redirected(sieve, shape, glance))
        return true;
    if (road->is_udp & (!sieve->is_by_ports | has_port(sieve, udp)))
        return keeps_datagram(sieve, shape, glance);
    if (road->only)
        return road->only->go_to[ask_prefix(road->only, glance->data)] == PROGRAM_TRUE;
    if (!road->is_udp)
        return keeps_segment(sieve, shape, glance);
    if (road->is_settled)
        return road->match_behind & PROTOCOL_BIT(PROTOCOL_NONE);
    return may_match(sieve, road->tests, glance->data, 0, 0);
}

uint64_t sieve_keep(const void *context, uint16_t linktype, const struct packet_glance *glances, uint32_t n)
{
    const struct sieve *sieve = context;
    uint64_t kept = 0;

    if (linktype != LINKTYPE_ETHERNET)
        return UINT64_MAX;
    for (uint32_t i = 0; i < n; i++) {
        const struct shape *shape = shape_of(sieve->shapes, &glances[i]);
        bool is_kept = shape == NULL || keeps(sieve, shape, &glances[i]);

        kept |= (uint64_t)is_kept << i;
    }
    return kept;
}

bool sieve_keeps(const struct sieve *sieve, const struct packet *packet)
{
    struct packet_glance glance = { packet->data, packet->caplen, packet->len };

    return sieve_keep(sieve, packet->linktype, &glance, 1) & 1;
}

const struct packet_sieve *sieve_of_packets(const struct sieve *sieve)
{
    return &sieve->face;
}
