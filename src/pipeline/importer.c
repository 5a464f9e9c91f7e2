/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/importer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "packet/packet_digest.h"
#include "packet/packet_twins.h"
#include "source/openers.h"

enum {
    PROGRESS_BATCHES = 64, /* between two looks at how far it is */
    UNPACK_THREADS = 4,    /* of files that overlap, so many at once unpack for themselves */
};

struct open_file {
    struct source *source; /* the merge's; NULL: not open */
    bool is_changed;       /* since the journal was last told */
    bool is_deferred;
    bool has_thread;
    uint64_t n_last, n_known_left;
};

struct importer {
    const struct importer_options *options;
    struct importer_result *result;
    struct import_plan *plan;
    struct recorder *recorder;
    const struct recorder_counters *counters;
    struct open_file *open; /* by number in the plan */
    uint32_t *inputs;       /* of this round: numbers in the plan */
    uint32_t n_inputs, n_open, n_deferred;
    uint32_t *changed; /* files the journal is to be told of */
    uint32_t n_changed;
    uint32_t n_begun, n_sealed; /* segments, as last seen */
    uint64_t done_bytes;        /* of files that have ended */
    uint32_t n_batches, n_threads;
    struct packet_twins twins;
};

/* ---- the journal ---- */

static void mark_changed(struct importer *importer, uint32_t number)
{
    if (importer->open[number].is_changed)
        return;
    importer->open[number].is_changed = true;
    importer->changed[importer->n_changed++] = number;
}

static bool put_file(struct importer *importer, uint32_t number, struct error *error)
{
    const struct import_file *file = &importer->plan->files[number];
    struct import_record record = {
        .path = file->full_path,
        .size_bytes = file->size_bytes,
        .mtime_ns = file->mtime_ns,
        .first_digest = file->first_digest,
        .n_packets = file->n_packets,
        .chain = file->chain,
        .n_last = importer->open[number].n_last,
        .is_whole = file->is_done,
    };

    return import_journal_put(importer->options->journal, &record, error);
}

/* All that was handed over so far is in sealed segments; `begun` is the next one, NULL none. */
static bool settle(struct importer *importer, const char *begun, struct error *error)
{
    struct import_journal *journal = importer->options->journal;

    if (journal == NULL)
        return true;
    if (!import_journal_begin(journal, error))
        return false;
    for (uint32_t i = 0; i < importer->n_changed; i++) {
        if (!put_file(importer, importer->changed[i], error))
            return false;
    }
    if (!import_journal_settle(journal, error) || (begun && !import_journal_enter(journal, begun, error)) ||
        !import_journal_commit(journal, error))
        return false;
    for (uint32_t i = 0; i < importer->n_changed; i++)
        importer->open[importer->changed[i]].is_changed = false;
    importer->n_changed = 0;
    return true;
}

/* A segment could not be sealed: what came after it must be known as unsettled, too. */
static bool enter_only(struct importer *importer, const char *begun, struct error *error)
{
    struct import_journal *journal = importer->options->journal;

    return journal == NULL || begun[0] == '\0' ||
           (import_journal_begin(journal, error) && import_journal_enter(journal, begun, error) &&
            import_journal_commit(journal, error));
}

/* Every file that may get packets into a segment is known before the first one does, and names are kept of
 * content that was known under another. */
static bool put_plan(struct importer *importer, struct error *error)
{
    struct import_plan *plan = importer->plan;
    struct import_journal *journal = importer->options->journal;
    bool ok = true;

    if (journal == NULL)
        return true;
    if (!import_journal_begin(journal, error))
        return false;
    for (uint32_t i = 0; ok && i < plan->n; i++) {
        struct import_file *file = &plan->files[i];

        if (file->state == IMPORT_KNOWN && file->is_new_name) {
            importer->open[i].n_last = file->n_last;
            file->n_packets = file->n_known;
            file->is_done = true;
            ok = put_file(importer, i, error);
        } else if (file->state == IMPORT_TAKE) {
            ok = put_file(importer, i, error);
        }
    }
    return ok && import_journal_commit(journal, error);
}

static bool all_sealed(const struct importer *importer)
{
    return importer->counters->n_segments + (importer->counters->segment[0] != '\0') >=
           importer->counters->n_begun;
}

static bool fault_of_recorder(struct importer *importer, struct error *error)
{
    return error_set(error, ERROR_SYSTEM, "a segment could not be written: %s",
                     importer->counters->trouble[0] ? importer->counters->trouble : "unknown why");
}

/* Segments were begun or sealed since the journal was told. */
static bool note_segments(struct importer *importer, struct error *error)
{
    const char *begun = importer->counters->segment;

    importer->n_begun = importer->counters->n_begun;
    importer->n_sealed = importer->counters->n_segments;
    if (all_sealed(importer))
        return settle(importer, begun[0] ? begun : NULL, error);
    return enter_only(importer, begun, error) && fault_of_recorder(importer, error);
}

/* ---- files ---- */

static int64_t begins_ns(void *context, uint32_t input)
{
    const struct importer *importer = context;

    return importer->plan->files[importer->inputs[input]].first_ns;
}

static void set_trouble(struct import_file *file, const struct error *error)
{
    free(file->trouble);
    file->trouble = strdup(error->text);
}

/* What is wrong with a file is noted in the plan. */
static struct source *open_input(void *context, uint32_t input, struct error *error)
{
    struct importer *importer = context;
    uint32_t number = importer->inputs[input];
    struct import_file *file = &importer->plan->files[number];
    struct open_file *open = &importer->open[number];

    if (importer->n_open == IMPORT_OPEN_LIMIT) {
        open->is_deferred = true;
        importer->n_deferred++;
        return NULL;
    }
    errno = 0;
    open->source = pcap_file_open(file->path, importer->options->interfaces, error);
    if (open->source == NULL && importer->n_open > 0 && (errno == EMFILE || errno == ENFILE)) {
        open->is_deferred = true;
        importer->n_deferred++;
        return NULL;
    }
    if (open->source == NULL) {
        file->state = IMPORT_UNREADABLE;
        set_trouble(file, error);
        importer->done_bytes += file->size_bytes;
        return NULL;
    }
    if (importer->n_threads < UNPACK_THREADS)
        open->has_thread = pcap_file_unpack_ahead(open->source);
    importer->n_threads += open->has_thread;
    pcap_file_step_over_damage(open->source);
    pcap_file_pass_over(open->source, file->n_known - file->n_last);
    importer->n_open++;
    return open->source;
}

static void end_input(void *context, uint32_t input, struct source *source, const struct error *fault)
{
    struct importer *importer = context;
    uint32_t number = importer->inputs[input];
    struct import_file *file = &importer->plan->files[number];

    file->is_done = true;
    mark_changed(importer, number);
    importer->done_bytes += file->size_bytes;
    if (source) {
        const struct pcap_file_damage *damage = pcap_file_damage(source);

        importer->n_open--;
        importer->n_threads -= importer->open[number].has_thread;
        importer->open[number].has_thread = false;
        file->n_damages = damage->n_places;
        file->n_damaged_bytes = damage->n_bytes;
        if (damage->n_places) {
            struct error both = damage->first;

            if (fault)
                error_append(&both, "and then: %s", fault->text);
            set_trouble(file, &both);
        }
    }
    if (fault && file->n_damages == 0)
        set_trouble(file, fault);
    importer->open[number].source = NULL;
}

/* ---- packets ---- */

static void advance(struct importer *importer, uint32_t number, const struct packet *packet, uint64_t digest)
{
    struct import_file *file = &importer->plan->files[number];
    struct open_file *open = &importer->open[number];

    if (file->n_packets == 0) { /* it may have been written anew since its head was read */
        file->first_digest = digest;
        file->first_ns = packet->ts_ns;
    }
    open->n_last = file->n_packets && open->n_last && packet->ts_ns == file->last_ns ? open->n_last + 1 : 1;
    file->last_ns = packet->ts_ns;
    file->chain = packet_digest_chain(file->chain, digest);
    file->n_packets++;
    mark_changed(importer, number);
    importer->result->n_packets++;
}

static bool record(struct importer *importer, uint32_t number, const struct packet *packet, uint64_t digest,
                   struct error *error)
{
    const struct recorder_counters *counters = importer->counters;
    bool is_sealed_with;

    recorder_packet(importer->recorder, packet);
    if (counters->n_dropped_disk > 0)
        return error_set(error, ERROR_NO_SPACE, "stopped, since a packet could not be written: %s",
                         counters->trouble[0] ? counters->trouble : "the disk has no room");
    if (counters->n_begun == importer->n_begun && counters->n_segments == importer->n_sealed) {
        advance(importer, number, packet, digest);
        return true;
    }
    /* With no segment open the packet is the last of the sealed one, else the first of the open one. */
    is_sealed_with = counters->segment[0] == '\0';
    if (is_sealed_with)
        advance(importer, number, packet, digest);
    if (!note_segments(importer, error))
        return false;
    if (!is_sealed_with)
        advance(importer, number, packet, digest);
    return true;
}

static bool take_packet(struct importer *importer, uint32_t number, const struct packet *packet,
                        struct error *error)
{
    struct import_file *file = &importer->plan->files[number];
    struct open_file *open = &importer->open[number];
    uint64_t digest = packet_digest(packet, importer->options->seed);
    uint32_t other = IMPORT_NO_FILE;
    bool is_twin = false;

    if (!importer->options->keeps_twins && importer->n_inputs > 1)
        is_twin = packet_twins_meet(&importer->twins, importer->options->interfaces, packet, digest, number,
                                    &other);
    if (open->n_known_left > 0) { /* in the archive: read again only for others' twins to be known */
        open->n_known_left--;
        file->last_ns = packet->ts_ns;
        return true;
    }
    if (is_twin) {
        file->n_twins++;
        file->twin_of = other;
        importer->result->n_twins++;
    }
    if (!is_twin && importer->recorder)
        return record(importer, number, packet, digest, error);
    advance(importer, number, packet, digest);
    return true;
}

static void show_progress(struct importer *importer)
{
    uint64_t done_bytes = importer->done_bytes;

    if (importer->options->progress == NULL || !importer->options->progress->is_terminal ||
        importer->n_batches++ % PROGRESS_BATCHES)
        return;
    for (uint32_t i = 0; i < importer->n_inputs; i++) {
        const struct open_file *open = &importer->open[importer->inputs[i]];
        uint64_t done, size;

        if (open->source == NULL)
            continue;
        pcap_file_progress(open->source, &done, &size);
        done_bytes += done;
    }
    progress_show(importer->options->progress, done_bytes,
                  importer->plan->has_stream ? 0 : importer->plan->take_bytes, importer->result->n_packets,
                  timestamp_now());
}

static bool take_batch(struct importer *importer, struct source *merge, const struct batch *batch,
                       struct error *error)
{
    uint32_t n_runs, at = 0;
    const struct merge_run *runs = merge_runs(merge, &n_runs);

    for (uint32_t r = 0; r < n_runs; r++) {
        uint32_t number = importer->inputs[runs[r].input];

        for (uint32_t i = 0; i < runs[r].n_packets; i++) {
            if (importer->recorder)
                recorder_look_ahead(importer->recorder, batch->packets, batch->n, at);
            if (!take_packet(importer, number, &batch->packets[at++], error))
                return false;
        }
    }
    return true;
}

static bool run_round(struct importer *importer, struct error *error)
{
    struct merge_plan plan = {
        .context = importer,
        .n = importer->n_inputs,
        .begins_ns = begins_ns,
        .open = open_input,
        .ended = end_input,
    };
    struct source *merge = merge_open_in_turn(&plan, importer->options->interfaces, error);
    enum source_result result = SOURCE_IDLE;
    struct batch batch = { 0 };
    bool ok = merge && (batch_init(&batch, 0) || error_set(error, ERROR_SYSTEM, "no memory for packets"));

    while (ok && !importer->result->is_stopped) {
        result = source_next(merge, &batch, -1, error);
        if (result == SOURCE_PACKETS)
            ok = take_batch(importer, merge, &batch, error);
        else if (result != SOURCE_IDLE)
            break;
        show_progress(importer);
        importer->result->is_stopped = atomic_load_explicit(importer->options->stop, memory_order_relaxed);
    }
    source_close(merge);
    batch_clear(&batch);
    return ok && result != SOURCE_FAULT;
}

static void list_inputs(struct importer *importer, bool is_first)
{
    importer->n_inputs = 0;
    importer->n_deferred = 0;
    importer->n_open = importer->n_threads = 0;
    for (uint32_t i = 0; i < importer->plan->n; i++) {
        struct import_file *file = &importer->plan->files[i];
        struct open_file *open = &importer->open[i];

        if (file->state != IMPORT_TAKE || !(is_first || open->is_deferred))
            continue;
        open->is_deferred = false;
        open->n_last = open->n_known_left = file->n_last;
        file->n_packets = file->n_known;
        importer->inputs[importer->n_inputs++] = i;
    }
}

/* What waits for the next round goes back in time: a segment is in the order of time. */
static bool end_round(struct importer *importer, struct error *error)
{
    if (importer->recorder == NULL || importer->n_deferred == 0)
        return true;
    return recorder_seal(importer->recorder, error) && note_segments(importer, error);
}

/* The recorder's end, and what then is true of the files. */
static bool finish(struct importer *importer, bool ok, struct error *error)
{
    struct error fault = { 0 };

    if (importer->recorder == NULL)
        return ok;
    if (!recorder_finish(importer->recorder, &fault) && ok) {
        *error = fault;
        ok = false;
    }
    if (all_sealed(importer) && !settle(importer, NULL, &fault) && ok) {
        *error = fault;
        ok = false;
    }
    return ok;
}

bool importer_run(const struct importer_options *options, struct importer_result *result, struct error *error)
{
    uint32_t n = options->plan->n + 1;
    struct importer *importer = calloc(1, sizeof *importer);
    bool ok = importer != NULL;

    *result = (struct importer_result) { 0 };
    if (ok) {
        importer->options = options;
        importer->result = result;
        importer->plan = options->plan;
        importer->recorder = options->recorder;
        importer->counters = options->recorder ? recorder_counters(options->recorder) : NULL;
        if (importer->counters)
            importer->n_sealed = importer->counters->n_segments;
        importer->open = calloc(n, sizeof *importer->open);
        importer->inputs = calloc(n, sizeof *importer->inputs);
        importer->changed = calloc(n, sizeof *importer->changed);
        packet_twins_init(&importer->twins);
        ok = importer->open && importer->inputs && importer->changed;
    }
    if (!ok)
        error_set(error, ERROR_SYSTEM, "no memory to import");
    if (ok) {
        list_inputs(importer, true);
        ok = put_plan(importer, error);
        while (ok && importer->n_inputs > 0 && !result->is_stopped) {
            result->n_rounds++;
            packet_twins_init(&importer->twins);
            ok = run_round(importer, error);
            ok = ok && end_round(importer, error);
            result->n_deferred += importer->n_deferred;
            result->n_twins_overlooked += importer->twins.n_overlooked;
            list_inputs(importer, false);
        }
        ok = finish(importer, ok, error);
    }
    if (importer) {
        free(importer->open);
        free(importer->inputs);
        free(importer->changed);
        free(importer);
    }
    return ok;
}
