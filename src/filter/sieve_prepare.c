/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/sieve_road.h"

#include <stdlib.h>

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
        if (sieve_may_match(sieve, road->tests, NULL, sieve->may_follow[p], 0))
            road->match_behind |= PROTOCOL_BIT(p);
        if (sieve_may_match(sieve, road->tests, NULL, 0, PROTOCOL_BIT(p)))
            road->match_idle |= PROTOCOL_BIT(p);
    }
    road->match_foreign = sieve_may_match(sieve, road->tests, NULL, follows_foreign(road), 0);
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
