/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sieve_road - what a filter comes to for packets of each shape: made once by sieve_prepare.c, asked by
 * sieve.c for every packet.
 */
#pragma once

#include "filter/program.h"
#include "filter/sieve.h"
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

/* Behind a stream's headers stands TCP at least. */
static inline uint64_t follows_foreign(const struct road *road)
{
    return road->is_udp ? 0 : PROTOCOL_BIT(PROTOCOL_TCP);
}

/*
 * May the filter match? data: the headers, NULL where no test looks at them; follows: mask of what may lie
 * behind them; idle: the bit of what does, if it is of no interest.
 */
bool sieve_may_match(const struct sieve *sieve, const struct test *tests, const uint8_t *data,
                     uint64_t follows, uint64_t idle);

/* struct packet_sieve's, of a struct sieve. */
uint64_t sieve_keep(const void *context, uint16_t linktype, const struct packet_glance *glances, uint32_t n);
