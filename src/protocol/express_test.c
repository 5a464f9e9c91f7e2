/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "protocol/dissection.h"
#include "protocol/state.h"

/*
 * The express walk against the protocols' own functions, over frames of the common shape in which any byte
 * may be wrong and any end cut off: layers, presence and what is left must be the same.
 */

static const uint8_t frame[] = {
    /* Ethernet, IPv4, UDP to 4789, VXLAN */
    0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00,                    /* 0 */
    0x45, 0, 0, 0x72, 0, 1, 0, 0, 64, 17, 0, 0, 10, 20, 1, 10, 10, 20, 9, 9, /* 14 */
    0xc0, 0x00, 0x12, 0xb5, 0, 0x5e, 0, 0,                                   /* 34 */
    0x08, 0, 0, 0, 0, 0, 42, 0,                                              /* 42 */
    /* Ethernet, IPv4, UDP to 5684 */
    0x02, 0, 0, 0, 0, 3, 0x02, 0, 0, 0, 0, 4, 0x08, 0x00,                     /* 50 */
    0x45, 0, 0, 0x40, 0, 2, 0, 0, 64, 17, 0, 0, 100, 64, 1, 2, 10, 20, 1, 10, /* 64 */
    0x9c, 0x40, 0x16, 0x34, 0, 0x2c, 0, 0,                                    /* 84 */
    /* an application record of 23 bytes */
    23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 7, 0, 23, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
    18, 19, 20, 21, 22, 23, /* 92 */
    0, 0, 0, 0,             /* padding */
};

static const uint8_t frame6[] = {
    0x02, 0,  0,    0,    0, 1,    0x02, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, 0,  0,    0,    0,
    0x14, 17, 64,   0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0,    0,    0,    0,  0,    0,    1,
    0x20, 1,  0x0d, 0xb8, 0, 0,    0,    0, 0, 0, 0, 0, 0,    0,    0,    2,  0x9c, 0x40, 0x9c,
    0x41, 0,  0x14, 0,    0, 1,    2,    3, 4, 5, 6, 7, 8,    9,    10,   11, 12,
};

/* The value-adding fields of every protocol make the express walk stop at once: the same layers the slow way.
 */
static void demand_slow(struct demand *demand)
{
    demand_add_everything(demand);
    demand_settle(demand);
    assert_int_equal(demand->express & (PROTOCOL_BIT(PROTOCOL_ETHERNET) | PROTOCOL_BIT(PROTOCOL_IPV4) |
                                        PROTOCOL_BIT(PROTOCOL_UDP)),
                     0);
}

static void demand_fast(struct demand *demand)
{
    for (unsigned p = PROTOCOL_NONE + 1; p < PROTOCOL_COUNT; p++)
        if (p != PROTOCOL_MALFORMED) /* it asks for the values that make a packet so */
            demand_add_protocol(demand, (enum protocol_id)p);
    demand->is_whole = true;
    demand_settle(demand);
    assert_true(demand->express & PROTOCOL_BIT(PROTOCOL_ETHERNET));
}

static void assert_same(const uint8_t *data, uint32_t caplen, uint32_t len)
{
    struct packet packet = { .data = data, .caplen = caplen, .len = len, .linktype = LINKTYPE_ETHERNET };
    static struct dissection fast, slow;
    struct demand quick, whole;

    demand_init(&quick);
    demand_init(&whole);
    demand_fast(&quick);
    demand_slow(&whole);
    dissection_init(&fast, &quick, NULL, NULL);
    dissection_init(&slow, &whole, NULL, NULL);
    dissect(&fast, &packet);
    dissect(&slow, &packet);
    /* Presence alone does not walk the records of DTLS, and finds no fault in them. */
    assert_int_equal(fast.present & ~PROTOCOL_BIT(PROTOCOL_MALFORMED),
                     slow.present & ~PROTOCOL_BIT(PROTOCOL_MALFORMED));
    assert_int_equal(fast.n_layers, slow.n_layers);
    for (uint32_t i = 0; i < fast.n_layers; i++) {
        const struct layer *a = &fast.layers[i], *b = &slow.layers[i];

        assert_ptr_equal(a->data, b->data);
        assert_int_equal(a->protocol, b->protocol);
        assert_int_equal(a->header_len, b->header_len);
        assert_int_equal(a->payload_caplen, b->payload_caplen);
        assert_int_equal(a->payload_len, b->payload_len);
        assert_int_equal(a->carries, b->carries);
        assert_int_equal(a->fragment, b->fragment);
        if (a->protocol != PROTOCOL_DTLS) /* presence alone does not walk the records */
            assert_int_equal(a->result, b->result);
    }
}

static void express_walk_agrees_with_the_protocols_wherever_a_frame_is_cut(void **state)
{
    (void)state;
    for (uint32_t cut = 0; cut <= sizeof frame; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1); /* so that the sanitizer sees a step too far */

        memcpy(exact, frame, cut);
        assert_same(exact, cut, sizeof frame);
        assert_same(exact, cut, cut);
        free(exact);
    }
    for (uint32_t cut = 0; cut <= sizeof frame6; cut++)
        assert_same(frame6, cut, sizeof frame6);
}

static void express_walk_agrees_with_the_protocols_whichever_byte_is_wrong(void **state)
{
    uint8_t copy[sizeof frame];

    (void)state;
    for (uint32_t at = 0; at < sizeof frame; at++) {
        for (unsigned value = 0; value < 256; value++) {
            memcpy(copy, frame, sizeof frame);
            copy[at] = (uint8_t)value;
            assert_same(copy, sizeof copy, sizeof copy);
            assert_same(copy, sizeof copy - 30, sizeof copy);
        }
    }
    for (uint32_t at = 0; at < sizeof frame6; at++) {
        for (unsigned value = 0; value < 256; value++) {
            memcpy(copy, frame6, sizeof frame6);
            copy[at] = (uint8_t)value;
            assert_same(copy, sizeof frame6, sizeof frame6);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(express_walk_agrees_with_the_protocols_wherever_a_frame_is_cut),
        cmocka_unit_test(express_walk_agrees_with_the_protocols_whichever_byte_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
