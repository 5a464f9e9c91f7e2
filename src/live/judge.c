/* SPDX-License-Identifier: Apache-2.0 */
#include "live/judge.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "pipeline/search_hint.h"

enum { FILTERS = 2, DEVICES_WAIT_MS = 3000 };

struct judge {
    struct filter *filters[FILTERS]; /* the scope's, the asker's; NULL: none */
    struct device_match *matches[FILTERS];
    struct time_range range;
    struct number_ranges numbers;
    struct demand demand;
    enum hint_memory memory;
};

static bool is_asked(const char *text)
{
    return text && text[strspn(text, " \t\r\n")];
}

static bool take_filter(struct judge *judge, unsigned which, const char *text, struct error *error)
{
    enum hint_memory memory;

    judge->filters[which] = filter_compile(text, error);
    if (judge->filters[which] == NULL)
        return false;
    demand_merge(&judge->demand, filter_demand(judge->filters[which]));
    memory = hint_memory_of(filter_demand(judge->filters[which]));
    if (memory > judge->memory)
        judge->memory = memory;
    return true;
}

static bool take_device(struct judge *judge, unsigned which, const char *device,
                        struct archive_devices *devices, struct error *error)
{
    uint64_t seed, n;

    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return error_system(error, "random numbers");
    judge->matches[which] = device_match_new(seed);
    if (judge->matches[which] == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for the device's flows");
    archive_devices_refresh(devices, DEVICES_WAIT_MS);
    if (!archive_devices_match(devices, device, judge->matches[which], &n, error))
        return false;
    device_match_settle(judge->matches[which]);
    device_match_demand(&judge->demand);
    return true;
}

enum judge_result judge_new(const struct question *question, struct archive_devices *devices,
                            struct judge **made, struct error *error)
{
    struct judge *judge = calloc(1, sizeof *judge);
    bool ok = judge != NULL;

    if (!ok) {
        error_set(error, ERROR_SYSTEM, "no memory for the question");
        return JUDGE_FAULT;
    }
    judge->range = question->scope.range;
    judge->numbers = question->scope.numbers;
    demand_init(&judge->demand);
    if (is_asked(question->filter)) { /* first: what the asker wrote is told him, whatever else is wrong */
        bool is_taken = take_filter(judge, 1, question->filter, error);

        if (!is_taken || !scope_allows(question->scope.bytes, judge->filters[1], question->filter, error)) {
            judge_free(judge);
            return JUDGE_REFUSED;
        }
    }
    if (is_asked(question->scope.filter))
        ok = take_filter(judge, 0, question->scope.filter, error);
    if (ok && question->scope.device)
        ok = take_device(judge, 0, question->scope.device, devices, error);
    if (ok && is_asked(question->device))
        ok = take_device(judge, 1, question->device, devices, error);
    if (!ok) {
        judge_free(judge);
        return JUDGE_FAULT;
    }
    *made = judge;
    return JUDGE_READY;
}

void judge_free(struct judge *judge)
{
    if (judge == NULL)
        return;
    for (unsigned i = 0; i < FILTERS; i++) {
        filter_free(judge->filters[i]);
        device_match_free(judge->matches[i]);
    }
    free(judge);
}

void judge_narrow(struct judge *judge, struct device_match *match)
{
    assert(judge->matches[1] == NULL);
    judge->matches[1] = match;
    device_match_demand(&judge->demand);
}

const struct demand *judge_demand(const struct judge *judge)
{
    return &judge->demand;
}

bool judge_packet(struct judge *judge, const struct dissection *d)
{
    bool is_one = d->packet->ts_ns >= judge->range.from_ns && d->packet->ts_ns <= judge->range.to_ns &&
                  number_ranges_has(&judge->numbers, d->packet->packet_id);

    for (unsigned i = 0; i < FILTERS; i++) {
        uint64_t datagram;

        /* Each match sees every packet: a datagram's first piece tells whose the others are. */
        if (judge->matches[i] && device_match_packet(judge->matches[i], d, &datagram) != DEVICE_PACKET)
            is_one = false;
    }
    for (unsigned i = 0; is_one && i < FILTERS; i++)
        is_one = judge->filters[i] == NULL || filter_match(judge->filters[i], d);
    return is_one;
}

bool judge_takes_all(const struct judge *judge)
{
    return !judge->filters[0] && !judge->filters[1] && !judge->matches[0] && !judge->matches[1];
}

const struct number_ranges *judge_numbers(const struct judge *judge)
{
    return &judge->numbers;
}

const struct time_range *judge_range(const struct judge *judge)
{
    return &judge->range;
}

const struct filter *judge_filter(const struct judge *judge)
{
    if (judge->matches[0] || judge->matches[1] || (judge->filters[0] && judge->filters[1]))
        return NULL;
    return judge->filters[0] ? judge->filters[0] : judge->filters[1];
}

enum hint_memory judge_memory(const struct judge *judge)
{
    return judge->memory;
}

bool judge_hint_make(const struct judge *judge, const struct time_range *range, struct judge_hint *made,
                     struct error *error)
{
    struct time_range within = judge->range;
    struct hint *hints[FILTERS] = { NULL }, *both;

    *made = (struct judge_hint) { 0 };
    if (range->from_ns > within.from_ns)
        within.from_ns = range->from_ns;
    if (range->to_ns < within.to_ns)
        within.to_ns = range->to_ns;
    for (unsigned i = 0; i < FILTERS; i++) {
        hints[i] = search_hint_new(&within, judge->filters[i] ? filter_hint(judge->filters[i]) : NULL,
                                   judge->matches[i], judge->memory, error);
        made->room[i] = hints[i];
        if (hints[i] == NULL)
            return false;
    }
    both = calloc(1, sizeof *both);
    made->room[FILTERS] = both;
    if (both == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for the search");
    *both = (struct hint) { .kind = HINT_AND, .left = hints[0], .right = hints[1] };
    made->hint = both;
    if (judge->memory != HINT_MEMORY_CONVERSATION)
        return true;
    made->past = search_past_new(made->hint, error);
    made->room[FILTERS + 1] = made->past;
    return made->past != NULL;
}

void judge_hint_clear(struct judge_hint *hint)
{
    for (size_t i = 0; i < sizeof hint->room / sizeof *hint->room; i++)
        free(hint->room[i]);
    *hint = (struct judge_hint) { 0 };
}
