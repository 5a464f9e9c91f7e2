/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge - several sources as one, by time; at equal times the source that was given first goes first, and
 * within a source its own order is kept, so a file that is out of order inside stays as it is.
 *
 * Each source has a batch of its own, and its packets are lent on. A source is asked for its next batch only
 * when the caller comes back, since that call may take back what the batch holds: so a batch of ours ends
 * where one of theirs does. A heap holds one entry for each source, by the time of its first waiting packet.
 * As long as one source stays in front (files that follow each other, the common case), its packets are
 * taken in a run, without touching the heap.
 *
 * A source that has nothing now holds the others up when the caller waits without limit, for what it brings
 * may be older; with a timeout the others go on, as live sources must.
 *
 * Of inputs that are opened in turn, one that is not yet open stands in the heap with the time at which it
 * begins, and is opened when it gets to the front; it is closed as soon as it has ended. So a set of
 * thousands of files that follow each other has one or two open. The order is the same as if all were open.
 */
#include "source/openers.h"

#include <stdio.h>
#include <stdlib.h>

struct input {
    struct source *source; /* NULL: not yet open, or closed */
    struct batch batch;
    uint32_t at;       /* the first waiting packet */
    int64_t begins_ns; /* while it is not open */
};

struct merge {
    struct source base;
    struct merge_plan plan; /* open NULL: all were open from the start */
    struct input *inputs;
    uint32_t n_inputs;
    uint32_t *heap; /* inputs with a packet waiting, the first one at 0 */
    uint32_t n_heap;
    uint32_t *empty; /* inputs to be asked for their next batch */
    uint32_t n_empty;
    uint32_t n_faults;
    struct error fault;                   /* the first one: given when the other sources have ended */
    struct source_stats closed;           /* sum over the sources that were closed */
    struct merge_run runs[BATCH_PACKETS]; /* of the newest batch */
    uint32_t n_runs;
};

static struct merge *merge_of(struct source *source)
{
    return (struct merge *)source;
}

static inline int64_t time_of(const struct merge *merge, uint32_t input)
{
    const struct input *i = &merge->inputs[input];

    return i->source ? i->batch.packets[i->at].ts_ns : i->begins_ns;
}

static inline bool goes_before(const struct merge *merge, uint32_t a, uint32_t b)
{
    int64_t time_a = time_of(merge, a), time_b = time_of(merge, b);

    return time_a < time_b || (time_a == time_b && a < b);
}

static void sink(struct merge *merge, uint32_t at)
{
    uint32_t *heap = merge->heap, moving = heap[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= merge->n_heap)
            break;
        if (child + 1 < merge->n_heap && goes_before(merge, heap[child + 1], heap[child]))
            child++;
        if (!goes_before(merge, heap[child], moving))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
}

static void push(struct merge *merge, uint32_t input)
{
    uint32_t at = merge->n_heap++;

    while (at > 0 && goes_before(merge, input, merge->heap[(at - 1) / 2])) {
        merge->heap[at] = merge->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    merge->heap[at] = input;
}

static void pop(struct merge *merge)
{
    merge->heap[0] = merge->heap[--merge->n_heap];
    if (merge->n_heap > 0)
        sink(merge, 0);
}

static void add_stats(struct source_stats *sum, const struct source_stats *stats)
{
    sum->n_dropped_kernel += stats->n_dropped_kernel;
    sum->n_dropped_queue += stats->n_dropped_queue;
    sum->n_truncated_mirror += stats->n_truncated_mirror;
    sum->n_refused += stats->n_refused;
}

static void note_fault(struct merge *merge, const struct error *fault)
{
    if (merge->n_faults++ == 0)
        merge->fault = *fault;
}

/* One that was opened in its turn makes room for the next. */
static void end_input(struct merge *merge, uint32_t number, const struct error *fault)
{
    struct input *input = &merge->inputs[number];

    merge->plan.ended(merge->plan.context, number, input->source, fault);
    if (fault && merge->plan.gives_faults)
        note_fault(merge, fault);
    add_stats(&merge->closed, &input->source->stats);
    source_close(input->source);
    batch_clear(&input->batch);
    input->source = NULL;
}

static void take_answer(struct merge *merge, uint32_t number, enum source_result result,
                        const struct error *error)
{
    if (result == SOURCE_PACKETS) {
        merge->inputs[number].at = 0;
        push(merge, number);
    } else if (merge->plan.open) {
        end_input(merge, number, result == SOURCE_FAULT ? error : NULL);
    } else if (result == SOURCE_FAULT) {
        note_fault(merge, error);
    }
}

/* Asks every empty source; answers how many have nothing now. */
static uint32_t ask(struct merge *merge, int timeout_ms)
{
    uint32_t n_idle = 0;

    for (uint32_t i = 0; i < merge->n_empty; i++) {
        uint32_t number = merge->empty[i];
        struct input *input = &merge->inputs[number];
        int wait_ms = merge->n_heap > 0 && timeout_ms > 0 ? 0 : timeout_ms;
        enum source_result result;
        struct error error;

        result = source_next(input->source, &input->batch, wait_ms, &error);
        if (result == SOURCE_IDLE)
            merge->empty[n_idle++] = number;
        else
            take_answer(merge, number, result, &error);
    }
    merge->n_empty = n_idle;
    return n_idle;
}

/* The first in the heap is not open: its turn has come. */
static void open_first(struct merge *merge)
{
    uint32_t number = merge->heap[0];
    struct input *input = &merge->inputs[number];
    enum source_result result;
    struct error error;

    pop(merge);
    if (!batch_init(&input->batch, 0)) {
        error_set(&error, ERROR_SYSTEM, "no memory for packets");
        merge->plan.ended(merge->plan.context, number, NULL, &error);
        if (merge->plan.gives_faults)
            note_fault(merge, &error);
        return;
    }
    error.kind = ERROR_NONE;
    input->source = merge->plan.open(merge->plan.context, number, &error);
    if (input->source == NULL) {
        batch_clear(&input->batch);
        if (error.kind != ERROR_NONE && merge->plan.gives_faults)
            note_fault(merge, &error);
        return;
    }
    result = source_next(input->source, &input->batch, -1, &error);
    if (result == SOURCE_IDLE)
        merge->empty[merge->n_empty++] = number;
    else
        take_answer(merge, number, result, &error);
}

/* How many packets of the first source may go before any other source's. */
static uint32_t run_length(const struct merge *merge, uint32_t room)
{
    const struct input *first = &merge->inputs[merge->heap[0]];
    uint32_t left = first->batch.n - first->at, most = left < room ? left : room;
    uint32_t second, n = 1;
    int64_t bound;

    if (merge->n_heap == 1)
        return most;
    second = merge->n_heap > 2 && goes_before(merge, merge->heap[2], merge->heap[1]) ? 2 : 1;
    bound = time_of(merge, merge->heap[second]);
    if (merge->heap[0] < merge->heap[second]) {
        while (n < most && first->batch.packets[first->at + n].ts_ns <= bound)
            n++;
    } else {
        while (n < most && first->batch.packets[first->at + n].ts_ns < bound)
            n++;
    }
    return n;
}

/* Packets are counted as they are handed out; everything else is the sources' own sum. */
static void count(struct merge *merge, struct batch *batch)
{
    struct source_stats stats = { .n_packets = merge->base.stats.n_packets,
                                  .n_bytes = merge->base.stats.n_bytes };

    for (uint32_t i = 0; i < batch->n; i++) {
        batch->packets[i].number = ++stats.n_packets;
        stats.n_bytes += batch->packets[i].caplen;
    }
    add_stats(&stats, &merge->closed);
    for (uint32_t i = 0; merge->plan.open == NULL && i < merge->n_inputs; i++)
        add_stats(&stats, &merge->inputs[i].source->stats);
    merge->base.stats = stats;
}

/* Ends with the first source that has to be asked again: its batch must stay as it is until the caller is
 * back. */
static void fill(struct merge *merge, struct batch *batch)
{
    uint32_t n_idle = merge->n_empty;

    merge->n_runs = 0;
    while (merge->n_heap > 0 && merge->n_empty == n_idle && batch->n < BATCH_PACKETS) {
        uint32_t number = merge->heap[0], n;
        struct input *input = &merge->inputs[number];

        if (input->source == NULL) {
            open_first(merge);
            continue;
        }
        n = run_length(merge, BATCH_PACKETS - batch->n);
        merge->runs[merge->n_runs++] = (struct merge_run) { number, n };
        memcpy(batch->packets + batch->n, input->batch.packets + input->at, n * sizeof *batch->packets);
        batch->n += n;
        input->at += n;
        if (input->at < input->batch.n) {
            sink(merge, 0);
        } else {
            pop(merge);
            merge->empty[merge->n_empty++] = number;
        }
    }
}

static enum source_result merge_next(struct source *source, struct batch *batch, int timeout_ms,
                                     struct error *error)
{
    struct merge *merge = merge_of(source);

    uint32_t n_idle;

    batch_empty(batch);
    n_idle = ask(merge, timeout_ms);
    if (n_idle > 0 && (merge->n_heap == 0 || timeout_ms < 0))
        return SOURCE_IDLE;
    fill(merge, batch);
    if (batch->n > 0) {
        count(merge, batch);
        return SOURCE_PACKETS;
    }
    if (merge->n_heap > 0 || merge->n_empty > 0)
        return SOURCE_IDLE; /* one that was just opened has nothing yet */
    if (merge->n_faults == 0)
        return SOURCE_END;
    *error = merge->fault;
    if (merge->n_faults > 1)
        error_context(error, "%u of %u sources, the first", merge->n_faults, merge->n_inputs);
    return SOURCE_FAULT;
}

static void merge_close(struct source *source)
{
    struct merge *merge = merge_of(source);

    for (uint32_t i = 0; i < merge->n_inputs; i++) {
        source_close(merge->inputs[i].source);
        batch_clear(&merge->inputs[i].batch);
    }
    free(merge->inputs);
    free(merge->heap);
    free(merge->empty);
    free(merge);
}

static const struct source_ops merge_ops = { .next = merge_next, .close = merge_close };

static bool take_sources(struct merge *merge, struct source **sources, uint32_t n)
{
    merge->inputs = calloc(n, sizeof *merge->inputs);
    merge->heap = calloc(n, sizeof *merge->heap);
    merge->empty = calloc(n, sizeof *merge->empty);
    if (merge->inputs == NULL || merge->heap == NULL || merge->empty == NULL)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!batch_init(&merge->inputs[i].batch, BATCH_BYTES))
            return false;
        merge->empty[merge->n_empty++] = i;
    }
    for (uint32_t i = 0; i < n; i++)
        merge->inputs[i].source = sources[i];
    merge->n_inputs = n;
    return true;
}

static void close_untaken(struct merge *merge, struct source **sources, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        source_close(sources[i]);
        if (merge && merge->inputs)
            batch_clear(&merge->inputs[i].batch);
    }
    if (merge)
        merge_close(&merge->base);
}

struct source *merge_open(struct source **sources, uint32_t n, struct interface_table *interfaces,
                          struct error *error)
{
    struct merge *merge;

    if (n == 1)
        return sources[0];
    merge = calloc(1, sizeof *merge);
    if (merge == NULL || !take_sources(merge, sources, n)) {
        error_set(error, ERROR_SYSTEM, "no memory to merge %u sources", n);
        close_untaken(merge, sources, n);
        return NULL;
    }
    merge->base = (struct source) { .ops = &merge_ops, .interfaces = interfaces };
    snprintf(merge->base.name, sizeof merge->base.name, "%u sources", n);
    return &merge->base;
}

struct source *merge_open_in_turn(const struct merge_plan *plan, struct interface_table *interfaces,
                                  struct error *error)
{
    struct merge *merge = calloc(1, sizeof *merge);
    uint32_t room = plan->n ? plan->n : 1;

    if (merge) {
        merge->inputs = calloc(room, sizeof *merge->inputs);
        merge->heap = calloc(room, sizeof *merge->heap);
        merge->empty = calloc(room, sizeof *merge->empty);
    }
    if (merge == NULL || merge->inputs == NULL || merge->heap == NULL || merge->empty == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory to merge %u files", plan->n);
        if (merge)
            merge_close(&merge->base);
        return NULL;
    }
    merge->base = (struct source) { .ops = &merge_ops, .interfaces = interfaces };
    merge->plan = *plan;
    merge->n_inputs = plan->n;
    for (uint32_t i = 0; i < plan->n; i++) {
        merge->inputs[i].begins_ns = plan->begins_ns(plan->context, i);
        push(merge, i);
    }
    snprintf(merge->base.name, sizeof merge->base.name, "%u files", plan->n);
    return &merge->base;
}

const struct merge_run *merge_runs(struct source *source, uint32_t *n_runs)
{
    struct merge *merge = merge_of(source);

    *n_runs = merge->n_runs;
    return merge->runs;
}
