/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/sieve.h"

#include <stdlib.h>

#include "filter/program.h"
#include "protocol/dispatch.h"
#include "protocol/shape.h"
#include "protocol/udp.h"

enum {
    TEST_LOADS = 4, /* two members of a field, in two layers of a shape */
    UDP_BYTES = 8,
    PORT_WORDS = 65536 / 64,
    PORTS = 4, /* those behind which something asked for may be found: they fit one word */
    INSTRUCTIONS_LIMIT = 1024,
};

enum verdict { VERDICT_FALSE, VERDICT_TRUE, VERDICT_UNKNOWN };

enum test_kind {
    TEST_KNOWN,   /* the same in every packet of the shape: verdict */
    TEST_PREFIX,  /* a value of the headers begins with some bits, or is one number */
    TEST_RANGE,   /* it lies in one range */
    TEST_NUMBERS, /* in several */
    TEST_WIDES,   /* IPv6 addresses */
};

/* One instruction of the program, in packets of one shape. */
struct test {
    uint64_t mask;   /* protocols: where one of these may follow nobody can tell; */
    uint8_t on_idle; /* and where one follows, but says it is of no interest: enum verdict */
    uint8_t kind;    /* else: enum test_kind */
    uint8_t verdict;
    uint8_t n_loads;
    bool is_all, is_negated;
    uint32_t go_to[3]; /* by enum verdict */
    uint64_t low, span;
    uint32_t at[TEST_LOADS];
    uint64_t load_mask[TEST_LOADS];
    uint8_t shift[TEST_LOADS];
    uint64_t prefix_mask[TEST_LOADS], prefix[TEST_LOADS]; /* as they lie in memory */
    const struct instruction *instruction;
};

/* What to do with packets of one shape, but for datagrams that have to be looked into. */
struct road {
    bool is_udp, is_kept;
    uint64_t follows; /* mask of what may follow TCP; of UDP nothing that matters */
    const struct test *tests;
    bool is_settled;       /* the headers have no say: by the protocol that follows, it may match */
    uint64_t match_behind; /* (mask), and where it is of no interest */
    uint64_t match_idle;
    bool match_foreign;
    const struct test *only; /* the filter is this one, of kind TEST_PREFIX; else NULL */
};

struct sieve {
    struct packet_sieve face;
    struct road roads[SHAPES];
    const struct program *program;
    struct shape shapes[SHAPES];
    struct test *tests;                  /* SHAPES rows of program->n */
    uint64_t may_follow[PROTOCOL_COUNT]; /* for a protocol that follows: it, and all that may lie in it */
    uint64_t is_kept;                    /* mask: it leaves something behind, or what lies in it may */
    uint64_t has_idle;                   /* mask: it can say that a datagram is of no interest */
    uint64_t is_foreign;                 /* mask: nothing that may lie in it is asked for, nor it */
    bool is_by_tcp_ports; /* TCP is asked nothing that it remembers: of a stream it matters what is in it */
    uint64_t tcp_ports[PORT_WORDS];  /* a bit a port: it says what is in a stream, */
    uint64_t tcp_wanted[PORT_WORDS]; /* and that is something not foreign */
    bool is_by_ports;                /* what may follow UDP and matters is found by port alone: by these */
    uint64_t ports;                  /* in lanes of 16 bits */
    const struct demand *asked;      /* by the filter */
    struct idle_question idle, idle_of_needle; /* the second to needle_in, in which it must be found */
    enum protocol_id needle_in;
    struct dissection *any; /* for udp_next: preferences, demand, no packet */
};

/* ---- asking ---- */

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

/*
 * May the filter match? follows: mask of what may lie behind the shape's headers; idle: the bit of what does,
 * if it is of no interest.
 */
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

/* Behind a stream's headers stands TCP at least. */
static inline uint64_t follows_foreign(const struct road *road)
{
    return road->is_udp ? 0 : PROTOCOL_BIT(PROTOCOL_TCP);
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

static uint64_t sieve_keep(const void *context, uint16_t linktype, const struct packet_glance *glances,
                           uint32_t n)
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

/* ---- preparing ---- */

/* Fields that depend on the packet before, whatever it was. */
static bool needs_neighbours(const struct demand *demand)
{
    static const char *const names[] = { "frame.time_delta", "frame.time_delta_displayed",
                                         "frame.offset_shift" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint16_t id = field_find(names[i], strlen(names[i]));

        if (id != FIELD_ID_NONE && demand_has_field(demand, FIELD_PROTOCOL(id), FIELD_INDEX(id)))
            return true;
    }
    return false;
}

/* Is something in demand of a protocol in the shapes that is counted from packet to packet (udp.stream)? */
static bool counts_packets(const struct demand *demand, uint64_t present)
{
    for (unsigned p = PROTOCOL_FRAME + 1; p < PROTOCOL_COUNT; p++)
        for (unsigned f = 0; present >> p & 1 && f < protocols[p]->n_fields; f++)
            if (demand_has_field(demand, (enum protocol_id)p, f) && protocols[p]->fields[f].counts_packets)
                return true;
    return false;
}

/* A protocol and all that may lie in it, as far as anybody would look. */
static uint64_t closure(enum protocol_id first, uint64_t passable, const struct preferences *preferences)
{
    uint64_t reached = PROTOCOL_BIT(first) & passable, before;

    do {
        before = reached;
        for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
            uint64_t inside = protocols[p]->may_carry;

            if (preferences->n_rules == 0)
                inside &= ~protocols[p]->only_by_rule;
            if (reached >> p & 1)
                reached |= inside & passable;
        }
    } while (reached != before);
    return reached;
}

/* Those that remember something of a packet for later ones, or may: fragments are only in IP. */
static uint64_t remembering(void)
{
    uint64_t mask = PROTOCOL_BIT(PROTOCOL_IPV4) | PROTOCOL_BIT(PROTOCOL_IPV6);

    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        if (protocols[p]->state_new || protocols[p]->needs_flow || protocols[p]->pdu_length)
            mask |= PROTOCOL_BIT(p);
    return mask;
}

/* Can the program end in "true" though these of its tests fail? */
static bool may_be_true(const struct program *program, const bool fails[INSTRUCTIONS_LIMIT])
{
    bool is_reached[INSTRUCTIONS_LIMIT] = { false };
    uint32_t waiting[INSTRUCTIONS_LIMIT], n = 0;

    if (program->entry >= program->n)
        return program->entry == PROGRAM_TRUE;
    waiting[n++] = program->entry;
    is_reached[program->entry] = true;
    while (n > 0) {
        uint32_t at = waiting[--n];
        const struct instruction *test = &program->instructions[at];
        uint32_t next[] = { test->on_false, fails[at] ? test->on_false : test->on_true };

        for (unsigned i = 0; i < 2; i++) {
            if (next[i] == PROGRAM_TRUE)
                return true;
            if (next[i] >= program->n || is_reached[next[i]])
                continue;
            is_reached[next[i]] = true;
            waiting[n++] = next[i];
        }
    }
    return false;
}

/*
 * Can a packet match in which this protocol is? What can be there beside it: what it may lie in, and what may
 * lie in it; and where it lies in one that lays several things side by side, these. Whatever carries IP's
 * protocols carries one.
 */
static bool may_be_in_match(const struct sieve *sieve, enum protocol_id protocol)
{
    const uint64_t transports = PROTOCOL_BIT(PROTOCOL_UDP) | PROTOCOL_BIT(PROTOCOL_TCP);
    const struct preferences *preferences = sieve->any->preferences;
    uint64_t beside = closure(protocol, UINT64_MAX, preferences) | PROTOCOL_BIT(PROTOCOL_FRAME) |
                      PROTOCOL_BIT(PROTOCOL_MALFORMED);
    bool fails[INSTRUCTIONS_LIMIT] = { false };

    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        uint64_t inside = closure((enum protocol_id)p, UINT64_MAX, preferences);

        if (inside >> protocol & 1)
            beside |= inside & transports ? PROTOCOL_BIT(p) : inside;
    }
    for (uint32_t i = 0; i < sieve->program->n; i++) {
        const struct instruction *test = &sieve->program->instructions[i];

        fails[i] = test->op != OP_EXTERNAL && test->mask && !(test->mask & beside);
    }
    return may_be_true(sieve->program, fails);
}

static void prepare_followers(struct sieve *sieve, const struct demand *demand)
{
    uint64_t remembers = remembering();

    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++) {
        uint64_t inside = closure((enum protocol_id)p, demand->passable, sieve->any->preferences);

        sieve->may_follow[p] = closure((enum protocol_id)p, sieve->asked->passable, sieve->any->preferences);
        if (inside & remembers && inside & demand->protocols && may_be_in_match(sieve, (enum protocol_id)p))
            sieve->is_kept |= PROTOCOL_BIT(p);
        if (!(inside & demand->protocols))
            sieve->is_foreign |= PROTOCOL_BIT(p);
        if (protocols[p]->is_idle)
            sieve->has_idle |= PROTOCOL_BIT(p);
    }
    /* A later datagram of a QUIC connection looks like nothing: its ends tell, whom only the whole road
     * knows. */
    if (demand->passable & demand->protocols & PROTOCOL_BIT(PROTOCOL_QUIC)) {
        sieve->is_kept |= PROTOCOL_BIT(PROTOCOL_DATA);
        sieve->is_foreign &= ~PROTOCOL_BIT(PROTOCOL_DATA);
    }
}

/* Is a field of TCP in demand that does not stand in the header: found out from segments before, or may be?
 */
static bool wants_tcp_state(const struct demand *demand)
{
    const struct protocol *tcp = protocols[PROTOCOL_TCP];

    for (unsigned f = 0; f < tcp->n_fields; f++)
        if (demand_has_field(demand, PROTOCOL_TCP, f) && tcp->fields[f].n_bits == 0 &&
            tcp->fields[f].any_of[0] == tcp->fields[f].any_of[1])
            return true;
    return false;
}

static void prepare_streams(struct sieve *sieve, const struct demand *demand)
{
    if (sieve->any->preferences->n_rules > 0 || wants_tcp_state(demand))
        return;
    for (uint32_t port = 1; port <= UINT16_MAX; port++) {
        enum protocol_id protocol = dispatch_tcp_port((uint16_t)port);
        uint64_t bit = UINT64_C(1) << port % 64;

        if (protocol == PROTOCOL_NONE)
            continue;
        sieve->tcp_ports[port / 64] |= bit;
        if (!(sieve->is_foreign >> protocol & 1))
            sieve->tcp_wanted[port / 64] |= bit;
    }
    sieve->is_by_tcp_ports = true;
}

/* When nothing that matters is found by its looks, and all that does has few ports, these decide. */
static void prepare_ports(struct sieve *sieve, const struct demand *demand)
{
    uint64_t matters = demand->passable & DISPATCH_UDP_MASK;
    uint32_t n = 0;

    if (sieve->any->preferences->n_rules > 0 || matters & UDP_BY_LOOKS_MASK)
        return;
    for (uint32_t port = 1; port <= UINT16_MAX; port++) {
        enum protocol_id protocol = dispatch_udp_port((uint16_t)port);

        if (protocol == PROTOCOL_NONE || !(matters >> protocol & 1))
            continue;
        if (n == PORTS)
            return;
        sieve->ports |= (uint64_t)port << 16 * n++;
    }
    sieve->is_by_ports = true;
}

static bool may_match_without(const struct program *program, uint32_t test)
{
    bool fails[INSTRUCTIONS_LIMIT] = { false };

    fails[test] = true;
    return may_be_true(program, fails);
}

/* Bytes that every match must show. Shorter ones are found everywhere. */
static void prepare_questions(struct sieve *sieve, const struct demand *demand)
{
    enum { NEEDLE_LEAST = 4 };

    sieve->idle = (struct idle_question) { .asked = sieve->asked, .demand = demand };
    sieve->idle_of_needle = sieve->idle;
    for (uint32_t i = 0; i < sieve->program->n; i++) {
        const struct instruction *test = &sieve->program->instructions[i];

        if (test->op == OP_BYTES_SET && test->relation == RELATION_EQ && !test->is_negated &&
            test->n_set == 1 && test->texts[0].len >= NEEDLE_LEAST && !may_match_without(sieve->program, i)) {
            sieve->idle_of_needle.needle = test->texts[0];
            sieve->needle_in = (enum protocol_id)test->protocol;
        }
    }
}

/* The loads of an instruction in a shape's layers; false when there are too many. */
static bool place_loads(struct test *test, const struct shape *shape)
{
    const struct instruction *instruction = test->instruction;

    for (uint32_t i = 0; i < shape->n_layers; i++) {
        const struct shape_layer *layer = &shape->layers[i];

        if (layer->protocol != instruction->protocol)
            continue;
        for (unsigned p = 0; p < instruction->n_places; p++) {
            const struct field *field = field_of(instruction->fields[p]);
            const struct place *place = &instruction->places[p];
            const bool is_wide = test->kind == TEST_WIDES;

            if ((is_wide ? field->at_bit / 8u + 16 : place->end_byte) > layer->header_bytes)
                continue;
            if (test->n_loads == TEST_LOADS)
                return false;
            test->at[test->n_loads] = layer->at + (is_wide ? field->at_bit / 8u : place->load_at);
            test->load_mask[test->n_loads] = place->mask;
            test->shift[test->n_loads++] = place->shift;
        }
    }
    return true;
}

static void prepare_test(struct test *test, const struct shape *shape, const struct instruction *instruction)
{
    const bool is_there = instruction->mask & shape->present;

    *test = (struct test) { .instruction = instruction,
                            .mask = instruction->mask,
                            .on_idle = VERDICT_UNKNOWN,
                            .kind = TEST_KNOWN,
                            .verdict = is_there ? VERDICT_UNKNOWN : VERDICT_FALSE,
                            .is_all = instruction->is_all,
                            .is_negated = instruction->is_negated,
                            .low = instruction->low,
                            .span = instruction->span };
    test->go_to[VERDICT_TRUE] = instruction->on_true;
    test->go_to[VERDICT_FALSE] = instruction->on_false;
    test->go_to[VERDICT_UNKNOWN] = instruction->is_denied ? instruction->on_false : instruction->on_true;
    switch ((enum op)instruction->op) {
    case OP_PRESENT:
        if (is_there)
            test->verdict = VERDICT_TRUE;
        test->on_idle = VERDICT_TRUE;
        return;
    case OP_BITS_RANGE:
        test->kind = TEST_RANGE;
        break;
    case OP_BITS_SET:
        test->kind = TEST_NUMBERS;
        break;
    case OP_WIDE_SET:
        test->kind = TEST_WIDES;
        break;
    case OP_NUMBER_SET: /* values that a dissect function adds: the idle have none */
    case OP_BYTES_SET:
    case OP_EXISTS:
        if (!instruction->has_fixed && !is_there)
            test->on_idle = VERDICT_FALSE;
        return;
    case OP_GENERAL:
        if (instruction->mask == 0)
            test->verdict = VERDICT_UNKNOWN;
        return;
    case OP_EXTERNAL: /* sieve_new makes none of such a filter */
        test->verdict = VERDICT_UNKNOWN;
        return;
    case OP_BITS_EXISTS:
        return;
    }
    if (!is_there || !place_loads(test, shape) || test->n_loads == 0) {
        if (is_there && test->n_loads == 0)
            test->verdict = VERDICT_FALSE;
        test->kind = TEST_KNOWN;
        test->n_loads = 0;
    } else if (test->kind == TEST_RANGE && (test->span & (test->span + 1)) == 0 &&
               (test->low & test->span) == 0) {
        test->kind = TEST_PREFIX;
        for (unsigned i = test->n_loads; i < TEST_LOADS; i++) { /* to say one twice changes nothing */
            test->at[i] = test->at[0];
            test->load_mask[i] = test->load_mask[0];
            test->shift[i] = test->shift[0];
        }
        test->n_loads = TEST_LOADS;
        for (unsigned i = 0; i < TEST_LOADS; i++) {
            test->prefix_mask[i] = __builtin_bswap64((test->load_mask[i] & ~test->span) << test->shift[i]);
            test->prefix[i] = __builtin_bswap64(test->low << test->shift[i]);
        }
    }
}

/* When no test looks at the headers, the answers are known beforehand. */
static void settle(const struct sieve *sieve, struct road *road)
{
    for (uint32_t i = 0; i < sieve->program->n; i++)
        if (road->tests[i].kind != TEST_KNOWN)
            return;
    road->is_settled = true;
    for (unsigned p = PROTOCOL_NONE; p < PROTOCOL_COUNT; p++) {
        if (may_match(sieve, road->tests, NULL, sieve->may_follow[p], 0))
            road->match_behind |= PROTOCOL_BIT(p);
        if (may_match(sieve, road->tests, NULL, 0, PROTOCOL_BIT(p)))
            road->match_idle |= PROTOCOL_BIT(p);
    }
    road->match_foreign = may_match(sieve, road->tests, NULL, follows_foreign(road), 0);
    if (road->is_kept)
        road->match_behind |= PROTOCOL_BIT(PROTOCOL_TCP);
}

static void prepare_roads(struct sieve *sieve)
{
    for (unsigned s = 0; s < SHAPES; s++) {
        struct road *road = &sieve->roads[s];

        road->is_udp = sieve->shapes[s].innermost_udp > 0;
        road->is_kept = !road->is_udp && sieve->is_kept >> PROTOCOL_TCP & 1;
        road->follows = road->is_udp ? 0 : sieve->may_follow[PROTOCOL_TCP];
        road->tests = &sieve->tests[s * sieve->program->n];
        if (sieve->program->n == 1 && road->tests->kind == TEST_PREFIX && !road->is_kept &&
            !(road->tests->mask & road->follows))
            road->only = road->tests;
        settle(sieve, road);
    }
}

struct sieve *sieve_new(const struct filter *filter, const struct demand *demand,
                        const struct preferences *preferences)
{
    const struct program *program = filter_program(filter);
    struct sieve *sieve;
    uint64_t present = 0;

    if (needs_neighbours(demand) || program->n > INSTRUCTIONS_LIMIT || program->is_mixed ||
        filter_demand(filter)->is_whole)
        return NULL;
    sieve = calloc(1, sizeof *sieve);
    if (sieve == NULL)
        return NULL;
    shapes_make(sieve->shapes);
    sieve->program = program;
    sieve->asked = filter_demand(filter);
    sieve->tests = calloc((size_t)SHAPES * program->n, sizeof *sieve->tests);
    sieve->any = calloc(1, sizeof *sieve->any);
    if (sieve->tests == NULL || sieve->any == NULL) {
        sieve_free(sieve);
        return NULL;
    }
    dissection_init(sieve->any, demand, NULL, NULL);
    sieve->any->preferences = preferences;
    prepare_followers(sieve, demand);
    prepare_ports(sieve, demand);
    prepare_streams(sieve, demand);
    prepare_questions(sieve, demand);
    for (unsigned s = 0; s < SHAPES; s++) {
        present |= sieve->shapes[s].present;
        for (uint32_t i = 0; i < program->n; i++)
            prepare_test(&sieve->tests[s * program->n + i], &sieve->shapes[s], &program->instructions[i]);
    }
    prepare_roads(sieve);
    if (counts_packets(demand, present)) {
        sieve_free(sieve);
        return NULL;
    }
    sieve->face = (struct packet_sieve) { .keep = sieve_keep, .context = sieve };
    return sieve;
}

void sieve_free(struct sieve *sieve)
{
    if (sieve == NULL)
        return;
    free(sieve->tests);
    free(sieve->any);
    free(sieve);
}
