/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter's text up to the first zero byte, then packets with what is remembered between them: each begins
 * with its length in two bytes. Names that begin with x are known elsewhere: what can be told without their
 * answers must hold whatever these are.
 */
#include "filter/external.h"
#include "filter/filter.h"
#include "protocol/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool begins_with_x(void *context, const char *name)
{
    (void)context;
    return *name == 'x';
}

static void look_at(struct filter *filter, struct dissection *d, const struct external_answers *answers)
{
    enum filter_verdict verdict = filter_judge(filter, d);
    bool unanswered, answered;

    filter_set_answers(filter, NULL);
    unanswered = filter_match(filter, d);
    filter_set_answers(filter, answers);
    answered = filter_match(filter, d);
    assert(verdict == FILTER_DEPENDS || (unanswered == (verdict == FILTER_ALWAYS) && answered == unanswered));
}

static void no_suspect(void *context, const char *text)
{
    (void)context;
    assert(*text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dissection d;
    const uint8_t *zero = memchr(data, 0, size);
    struct filter_outside outside = { .knows = begins_with_x };
    struct packet packet = { .linktype = LINKTYPE_ETHERNET, .ts_ns = 1700000000 };
    struct external_answers *answers;
    struct dissect_state *state;
    struct error error = { 0 };
    struct filter *filter;
    struct reader r;
    struct bytes bytes;
    uint16_t len;

    if (zero == NULL || (filter = filter_compile_with((const char *)data, &outside, &error)) == NULL)
        return 0;
    answers = external_answers_new();
    state = dissect_state_new(1);
    dissection_init(&d, filter_demand(filter), state, NULL);
    filter_suspects(filter, no_suspect, NULL);
    r = reader_over(bytes_of(zero + 1, size - (size_t)(zero + 1 - data)));
    while (reader_u16(&r, &len) && reader_bytes(&r, len < reader_left(&r) ? len : reader_left(&r), &bytes)) {
        packet.data = bytes.data;
        packet.caplen = packet.len = (uint32_t)bytes.len;
        packet.number++;
        packet.ts_ns += 1000000;
        external_answers_put(answers, (uint32_t)packet.number % EXTERNAL_TESTS, packet.number);
        dissect(&d, &packet);
        look_at(filter, &d, answers);
    }
    dissect_state_free(state);
    filter_free(filter);
    external_answers_free(answers);
    return 0;
}
