/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/handover.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/lru_table.h"
#include "base/number_set.h"
#include "base/timestamp.h"
#include "packet/pcap_writer.h"
#include "protocol/state.h"

enum { EXTRA_BYTES = 64 << 20 };

struct host_pair { /* hashed and compared whole: zeroed before it is filled */
    struct ip_address low, high;
};

struct handover {
    const struct handover_question *question;
    struct handover_counters *counters;
    struct interface_table interfaces;
    struct demand demand;
    struct dissection *dissection;
    struct lru_table *pairs;
    struct number_set alone; /* candidates without hosts */
    struct buffer extra;     /* blocks for the file's head */
    uint64_t last_candidate;
    uint64_t *numbers; /* of the packets handed over, in their order */
    uint64_t cap;
    struct pcap_writer *writer;
    int file;
    struct external_answers *answers;
    uint32_t test; /* being asked for */
};

static bool no_memory(struct error *error)
{
    return error_set(error, ERROR_SYSTEM, "no memory for what is handed over to tshark");
}

/* The hosts of an IP layer; false where there is none, or its header is cut. */
static bool pair_of(const struct dissection *d, uint32_t layer, struct host_pair *pair)
{
    struct flow_key key;
    bool is_forward;

    if (!dissection_flow(d, layer, &key, &is_forward))
        return false;
    memset(pair, 0, sizeof *pair);
    pair->low = key.low;
    pair->high = key.high;
    return true;
}

/* ---- the first pass: whose answer depends ---- */

static bool note_candidate(struct handover *h, const struct packet *packet, struct error *error)
{
    const struct dissection *d = h->dissection;
    bool has_pair = false;

    h->counters->n_candidates++;
    h->last_candidate = packet->number;
    for (uint32_t i = 0; i < d->n_layers; i++) {
        struct host_pair pair;

        if (!pair_of(d, i, &pair))
            continue;
        has_pair = true;
        if (!h->counters->is_everything && lru_table_put(h->pairs, &pair, NULL) == NULL)
            return no_memory(error);
        if (lru_table_count(h->pairs) == HANDOVER_PAIRS)
            h->counters->is_everything = true;
    }
    return has_pair || number_set_add(&h->alone, packet->number) || no_memory(error);
}

static bool look_at(struct handover *h, const struct packet *packet, struct error *error)
{
    const struct time_range *range = &h->question->range;

    dissect(h->dissection, packet);
    h->counters->n_packets++;
    if (packet->ts_ns < range->from_ns || packet->ts_ns > range->to_ns)
        return true;
    return filter_judge(h->question->filter, h->dissection) != FILTER_DEPENDS ||
           note_candidate(h, packet, error);
}

/* ---- the second: what belongs to those ---- */

static bool is_handed(const struct handover *h, const struct packet *packet)
{
    const struct dissection *d = h->dissection;

    if (h->counters->is_everything || number_set_has(&h->alone, packet->number))
        return true;
    for (uint32_t i = 0; i < d->n_layers; i++) {
        struct host_pair pair;

        if (pair_of(d, i, &pair) && lru_table_find(h->pairs, &pair))
            return true;
    }
    return false;
}

static bool hand(struct handover *h, const struct packet *packet, struct error *error)
{
    dissect(h->dissection, packet);
    if (!is_handed(h, packet))
        return true;
    if (h->counters->n_handed == h->cap) {
        uint64_t cap = h->cap ? h->cap * 2 : 1024;
        uint64_t *numbers = realloc(h->numbers, cap * sizeof *numbers);

        if (numbers == NULL)
            return no_memory(error);
        h->numbers = numbers;
        h->cap = cap;
    }
    if (!pcap_writer_add(h->writer, packet, error))
        return false;
    h->numbers[h->counters->n_handed++] = packet->number;
    h->counters->handed_bytes += packet->caplen;
    return true;
}

/* ---- a pass ---- */

static bool is_stopped(const struct handover *h)
{
    return h->question->stop && atomic_load_explicit(h->question->stop, memory_order_relaxed);
}

static bool take_extra(void *context, struct bytes blocks, struct error *error)
{
    struct handover *h = context;

    return buffer_put(&h->extra, blocks.data, blocks.len) || no_memory(error);
}

/* Damage in the middle is told by the caller's own pass, behind the packets before it. */
static bool pass(struct handover *h, struct dissect_state *state, uint64_t last,
                 bool (*each)(struct handover *h, const struct packet *packet, struct error *error),
                 struct error *error)
{
    struct source *source = h->question->open(h->question->context, &h->interfaces, error);
    enum source_result result = SOURCE_END;
    struct batch batch;
    uint64_t n = 0;
    bool is_good = true, is_over = false;

    if (source == NULL)
        return false;
    if (!batch_init(&batch, BATCH_BYTES)) {
        source_close(source);
        return no_memory(error);
    }
    demand_settle(&h->demand);
    dissection_init(h->dissection, &h->demand, state, &h->interfaces);
    h->dissection->preferences = h->question->preferences;
    while (is_good && !is_over && !is_stopped(h) &&
           (result = source_next(source, &batch, 0, error)) == SOURCE_PACKETS)
        for (uint32_t i = 0; i < batch.n && is_good && !is_over; i++) {
            n++;
            if (batch.packets[i].number == 0)
                batch.packets[i].number = n;
            is_over = batch.packets[i].number > last;
            if (!is_over)
                is_good = each(h, &batch.packets[i], error);
        }
    batch_clear(&batch);
    if (is_good && result == SOURCE_FAULT && error->kind == ERROR_DAMAGED) {
        *error = (struct error) { 0 };
        result = SOURCE_END;
    }
    if (is_good && result != SOURCE_FAULT && each == look_at && h->question->extra_blocks)
        is_good = h->question->extra_blocks(h->question->context, take_extra, h, error);
    source_close(source);
    return is_good && result != SOURCE_FAULT;
}

static bool find_candidates(struct handover *h, struct error *error)
{
    struct dissect_state *state = dissect_state_new(h->question->hash_seed);
    bool is_good;

    if (state == NULL)
        return no_memory(error);
    demand_init(&h->demand);
    demand_merge(&h->demand, filter_demand(h->question->filter));
    demand_add_protocol(&h->demand, PROTOCOL_IPV4);
    demand_add_protocol(&h->demand, PROTOCOL_IPV6);
    is_good = pass(h, state, UINT64_MAX, look_at, error);
    dissect_state_free(state);
    return is_good;
}

static bool write_file(struct handover *h, struct error *error)
{
    const char *folder = getenv("TMPDIR");
    char path[32];
    struct error later = { 0 };
    bool is_good;

    if (folder == NULL || *folder == '\0')
        folder = "/tmp";
    h->file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (h->file < 0)
        return error_system(error, "a temporary file for tshark in %s (set TMPDIR)", folder);
    snprintf(path, sizeof path, "/proc/self/fd/%d", h->file);
    interface_table_clear(&h->interfaces);
    h->interfaces = (struct interface_table) { 0 };
    h->writer = pcap_writer_open(path, PCAP_FORMAT_PCAPNG, PCAP_PACKING_NONE, &h->interfaces, error);
    if (h->writer == NULL)
        return false;
    demand_init(&h->demand);
    demand_add_protocol(&h->demand, PROTOCOL_IPV4);
    demand_add_protocol(&h->demand, PROTOCOL_IPV6);
    is_good = (h->extra.len == 0 || pcap_writer_blocks(h->writer, buffer_bytes(&h->extra), error)) &&
              pass(h, NULL, h->last_candidate, hand, error);
    if (!pcap_writer_close(h->writer, is_good ? error : &later))
        is_good = false;
    h->writer = NULL;
    if (!is_good && (error->kind == ERROR_SYSTEM || error->kind == ERROR_NO_SPACE))
        error_context(error, "what is handed over to tshark, in %s (TMPDIR says where)", folder);
    return is_good;
}

/* ---- the asking ---- */

static bool take_answer(void *context, uint64_t number)
{
    struct handover *h = context;

    if (number == 0 || number > h->counters->n_handed)
        return true;
    h->counters->n_yes++;
    return external_answers_put(h->answers, h->test, h->numbers[number - 1]);
}

static bool ask(struct handover *h, struct error *error)
{
    const char *const *tests = filter_external_tests(h->question->filter, &h->counters->n_tests);
    int64_t began = timestamp_now();

    for (h->test = 0; h->test < h->counters->n_tests && !is_stopped(h); h->test++)
        if (!tshark_filter(&h->question->tshark, h->file, tests[h->test], take_answer, h, error))
            return false;
    h->counters->spent_ns = timestamp_now() - began;
    return true;
}

static bool prepare(struct handover *h, struct error *error)
{
    struct lru_table_options pairs = { .key_bytes = sizeof(struct host_pair),
                                       .value_bytes = 1,
                                       .limit = HANDOVER_PAIRS,
                                       .hash_seed = h->question->hash_seed };

    h->answers = external_answers_new();
    h->pairs = lru_table_new(&pairs);
    h->dissection = malloc(sizeof *h->dissection);
    return (h->answers && h->pairs && h->dissection) || no_memory(error);
}

struct external_answers *handover_run(const struct handover_question *question,
                                      struct handover_counters *counters, struct error *error)
{
    struct handover h = { .question = question, .counters = counters, .file = -1 };
    struct error ignored;
    bool is_good;

    *counters = (struct handover_counters) { 0 };
    buffer_init(&h.extra, EXTRA_BYTES);
    is_good = prepare(&h, error) && find_candidates(&h, error);
    if (is_good && counters->n_candidates)
        is_good = write_file(&h, error) && ask(&h, error);
    pcap_writer_close(h.writer, &ignored);
    if (h.file >= 0)
        close(h.file);
    interface_table_clear(&h.interfaces);
    buffer_clear(&h.extra);
    number_set_clear(&h.alone);
    lru_table_free(h.pairs);
    free(h.dissection);
    free(h.numbers);
    if (is_good) {
        filter_set_answers(question->filter, h.answers);
        return h.answers;
    }
    external_answers_free(h.answers);
    return NULL;
}
