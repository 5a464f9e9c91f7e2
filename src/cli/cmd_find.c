/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_find - packets of files or of an archive that pass a filter, belong to a device, or fall in a span of
 * time: printed, counted or written. One loop over one source; what the source is, and what an index spares
 * it, is settled before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "archive/archive_source.h"
#include "base/file_identity.h"
#include "base/progress.h"
#include "base/time_range.h"
#include "base/timestamp.h"
#include "cli/capture_files.h"
#include "cli/commands.h"
#include "cli/held_packets.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "device/device_match.h"
#include "filter/sieve.h"
#include "packet/pcap_writer.h"
#include "pipeline/device_search.h"
#include "pipeline/handover.h"
#include "pipeline/search_hint.h"
#include "protocol/state.h"
#include "source/openers.h"

struct settings {
    const char *archive, *filter, *device, *from, *to, *write, *format;
    struct text_list files, fields, settings, preferences, decode_as;
    uint64_t limit, n_threads;
    bool wants_count, wants_explanation, is_local, is_alone;
};

static const struct option options[] = {
    { 'r', "read", OPTION_LIST, offsetof(struct settings, files), "FILE",
      "read this capture (pcap, pcapng; also .gz .zst .lz4; - for standard input);\n"
      "several are read as one, in time order" },
    { 'A', "archive", OPTION_TEXT, offsetof(struct settings, archive), "DIR",
      "search this archive (else TAPDECK_ARCHIVE)" },
    { 'Y', "filter", OPTION_TEXT, offsetof(struct settings, filter), "FILTER",
      "only packets that pass this Wireshark display filter (tapdeck fields: what it may ask for)" },
    { 0, "device", OPTION_TEXT, offsetof(struct settings, device), "ID",
      "only packets of the device with this identity (DTLS PSK identity, as text or in\n"
      "hex with colons), at whatever address it was" },
    { 0, "from", OPTION_TIME, offsetof(struct settings, from), "TIME",
      "only packets at or after TIME: 2024-08-29T10:00:00Z, \"thu 14:00\", -15m, now" },
    { 0, "to", OPTION_TIME, offsetof(struct settings, to), "TIME", "only packets at or before TIME" },
    { 'w', "write", OPTION_TEXT, offsetof(struct settings, write), "FILE",
      "write the packets: .pcapng or .pcap, also with .gz or .zst; - for standard output" },
    { 'T', "format", OPTION_TEXT, offsetof(struct settings, format), "FORMAT",
      "text (default), fields or json" },
    { 'e', NULL, OPTION_LIST, offsetof(struct settings, fields), "FIELD",
      "with -T fields or json: print this field or protocol; may be repeated" },
    { 'E', NULL, OPTION_LIST, offsetof(struct settings, settings), "SETTING",
      "with -T fields, as in tshark: header=y separator=, occurrence=f aggregator=; quote=d" },
    { 'o', NULL, OPTION_LIST, offsetof(struct settings, preferences), "NAME:VALUE",
      "dissect as tshark does with this preference (mqtt.default_version:v50)" },
    { 'd', NULL, OPTION_LIST, offsetof(struct settings, decode_as), "RULE",
      "decode a port as a protocol: udp.port==5000-5009,coap or tcp.port==1884,mqtt" },
    { 'c', NULL, OPTION_COUNT, offsetof(struct settings, limit), "COUNT", "stop after COUNT packets" },
    { 0, "threads", OPTION_COUNT, offsetof(struct settings, n_threads), "COUNT",
      "look at a large file with so many threads (as many as there are processors)" },
    { 0, "count", OPTION_FLAG, offsetof(struct settings, wants_count), NULL,
      "print only how many packets there are" },
    { 0, "explain", OPTION_FLAG, offsetof(struct settings, wants_explanation), NULL,
      "say on standard error what is asked of each packet, where the device was,\n"
      "and how much was read" },
    { 0, "no-tshark", OPTION_FLAG, offsetof(struct settings, is_alone), NULL,
      "refuse fields that are not known here; else an installed tshark is asked about them,\n"
      "for the packets whose answer depends on it" },
    { 0, "local", OPTION_FLAG, offsetof(struct settings, is_local), NULL,
      "times in the local zone, not in UTC" },
    { 0 },
};

struct find {
    const struct settings *settings;
    struct time_range range;
    struct preferences preferences;
    uint64_t hash_seed;
    struct interface_table interfaces;
    struct filter *filter;
    struct external_answers *answers; /* tshark's, to the filter's external tests */
    struct handover_counters handed;
    struct sieve *sieve; /* says which packets need not be dissected; NULL: all are */
    bool is_sieving;     /* here; else the source does it, or nobody */
    struct output *output;
    struct pcap_writer *writer;
    struct device_match *match;
    struct device_search *search;
    struct held_packets *held; /* fragments of which it is not known yet whose they are */
    struct catalog catalog;
    struct capture_files *files;
    struct source *source;
    struct hint *hint; /* what an archive may pass over */
    struct hint *past; /* but for what came before; NULL: nothing depends on that */
    struct demand demand;
    struct dissect_state *state;
    struct dissection *dissection;
    struct progress progress;
    uint64_t n_read, n_found;
};

/* ---- what is asked ---- */

static bool parse_format(const struct settings *settings, enum output_format *format, struct error *error)
{
    static const struct {
        const char *name;
        enum output_format format;
    } names[] = { { "text", OUTPUT_TEXT }, { "fields", OUTPUT_FIELDS }, { "json", OUTPUT_JSON } };

    *format = settings->fields.n ? OUTPUT_FIELDS : OUTPUT_TEXT;
    if (settings->format == NULL) {
        if (settings->wants_count || settings->write)
            *format = OUTPUT_NONE;
        return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, settings->format) == 0) {
            *format = names[i].format;
            return true;
        }
    }
    return error_set(error, ERROR_USAGE, "-T %s is not a format; there are text, fields and json",
                     settings->format);
}

static bool parse_preferences(struct find *find, struct error *error)
{
    const struct settings *settings = find->settings;

    find->preferences = preferences_default;
    for (uint32_t i = 0; i < settings->preferences.n; i++)
        if (!preferences_set(&find->preferences, settings->preferences.items[i], error))
            return false;
    for (uint32_t i = 0; i < settings->decode_as.n; i++)
        if (!preferences_decode_as(&find->preferences, settings->decode_as.items[i], error))
            return false;
    return true;
}

static void warn(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "tapdeck find: warning: %s\n", text);
}

static bool compile_filter(struct find *find, struct error *error)
{
    bool has_tshark = tshark_is_installed();
    struct filter_outside outside = { .knows =
                                          has_tshark && !find->settings->is_alone ? tshark_knows : NULL };

    find->filter = filter_compile_with(find->settings->filter, &outside, error);
    if (find->filter == NULL && outside.has_unknown && !has_tshark)
        error_append(error, "tshark is not installed; if it were, it would be asked about fields that only "
                            "Wireshark knows");
    if (find->filter)
        filter_suspects(find->filter, warn, NULL);
    return find->filter != NULL;
}

static bool is_handed_over(const struct find *find)
{
    uint32_t n = 0;

    if (find->filter)
        filter_external_tests(find->filter, &n);
    return n > 0;
}

static bool prepare_question(struct find *find, struct error *error)
{
    const struct settings *settings = find->settings;
    struct output_options output = { .fields = &settings->fields,
                                     .settings = &settings->settings,
                                     .is_local = settings->is_local };

    if (!settings->is_alone && tshark_is_installed())
        output.is_known_elsewhere = tshark_knows;
    if (!time_range_parse(settings->from, settings->to, timestamp_now(), settings->is_local, &find->range,
                          error))
        return false;
    if (!parse_preferences(find, error) || !parse_format(settings, &output.format, error))
        return false;
    if (settings->write && strcmp(settings->write, "-") == 0 && output.format != OUTPUT_NONE)
        return error_set(error, ERROR_USAGE, "-w - and -T both want standard output; give one of them");
    if (settings->filter && !compile_filter(find, error))
        return false;
    if ((find->output = output_new(&output, stdout, error)) == NULL)
        return false;
    if (settings->device) {
        find->match = device_match_new(find->hash_seed);
        find->held = held_packets_new();
        if (!find->match || !find->held)
            return error_set(error, ERROR_SYSTEM, "no memory for the device's flows");
        find->search =
            device_search_new(settings->device, find->match, &find->preferences, find->hash_seed, error);
        if (find->search == NULL)
            return false;
    }
    demand_init(&find->demand);
    if (find->filter)
        demand_merge(&find->demand, filter_demand(find->filter));
    if (find->match)
        device_match_demand(&find->demand);
    demand_merge(&find->demand, output_demand(find->output));
    demand_settle(&find->demand);
    if (find->filter && !find->match)
        find->sieve = sieve_new(find->filter, &find->demand, &find->preferences);
    return true;
}

/* ---- where the device was ---- */

static void show_progress(void *context, uint64_t n_packets)
{
    struct find *find = context;
    uint64_t done = 0, size = 0;

    if (!find->progress.is_terminal)
        return;
    if (find->files)
        capture_files_progress(find->files, &done, &size);
    progress_show(&find->progress, done, size, n_packets, timestamp_now());
}

static bool search_device(struct find *find, struct error *error)
{
    bool is_done;

    if (find->files) {
        struct interface_table interfaces = { 0 };
        struct source *source = capture_files_open(find->files, &interfaces, error);

        if (source == NULL)
            return false;
        progress_init(&find->progress, "looking for the device", timestamp_now());
        is_done = device_search_source(find->search, source, &interfaces, signals_stop(), show_progress, find,
                                       error);
        progress_clear(&find->progress);
        source_close(source);
        interface_table_clear(&interfaces);
        /* What is wrong with the file is said once, by the second reading, behind the packets before it. */
        is_done |= error->kind == ERROR_DAMAGED;
    } else {
        is_done = device_search_catalog(find->search, &find->catalog, error);
    }
    device_match_settle(find->match);
    return is_done;
}

/* ---- opening ---- */

/* What is printed of a device's packets may be of its packets alone; which ones are found may not. */
static bool make_hint(struct find *find, struct error *error)
{
    const struct demand *demand = find->match && find->filter ? filter_demand(find->filter) : &find->demand;
    enum hint_memory memory = find->match && !find->filter ? HINT_MEMORY_NONE : hint_memory_of(demand);
    /* An index was made without preferences: where they differ, it may know less than is asked. */
    bool is_indexed = find->filter && preferences_agree_with_index(&find->preferences);

    find->hint = search_hint_new(&find->range, is_indexed ? filter_hint(find->filter) : NULL, find->match,
                                 memory, error);
    if (find->hint && memory == HINT_MEMORY_CONVERSATION)
        find->past = search_past_new(find->hint, error);
    return find->hint && (find->past || memory != HINT_MEMORY_CONVERSATION);
}

static struct source *open_source(void *context, struct interface_table *interfaces, struct error *error)
{
    struct find *find = context;

    if (find->files)
        return capture_files_open(find->files, interfaces, error);
    if (find->hint == NULL && !make_hint(find, error))
        return NULL;
    return archive_source_open_with_past(&find->catalog, find->hint, find->past, interfaces, error);
}

static bool extra_blocks(void *context, bool (*take)(void *taker, struct bytes blocks, struct error *error),
                         void *taker, struct error *error)
{
    struct find *find = context;

    return find->files == NULL || capture_files_extra_blocks(find->files, take, taker, error);
}

static bool hand_over(struct find *find, struct error *error)
{
    struct handover_question question = { .filter = find->filter,
                                          .preferences = &find->preferences,
                                          .tshark = { &find->settings->preferences,
                                                      &find->settings->decode_as },
                                          .range = find->range,
                                          .hash_seed = find->hash_seed,
                                          .open = open_source,
                                          .extra_blocks = extra_blocks,
                                          .context = find,
                                          .stop = signals_stop() };

    find->answers = handover_run(&question, &find->handed, error);
    return find->answers != NULL;
}

static bool open_sifted(struct find *find, struct error *error)
{
    find->source = open_source(find, &find->interfaces, error);
    if (find->source && find->files && find->sieve)
        find->is_sieving =
            !pcap_file_sift(find->source, sieve_of_packets(find->sieve), (unsigned)find->settings->n_threads);
    else
        find->is_sieving = find->sieve != NULL;
    return find->source != NULL;
}

static bool open_input(struct find *find, struct error *error)
{
    const struct settings *settings = find->settings;

    if (settings->files.n && settings->archive)
        return error_set(error, ERROR_USAGE, "give -r FILE or -A DIR, not both");
    if (settings->files.n) {
        find->files = capture_files_new(&settings->files, settings->device || is_handed_over(find), error);
        if (find->files == NULL)
            return false;
    } else {
        const char *archive = command_archive(settings->archive, error);

        if (archive == NULL) {
            error_set(error, ERROR_USAGE, "where to look? give -r FILE, -A DIR, or set TAPDECK_ARCHIVE=DIR");
            return false;
        }
        if (!catalog_load(&find->catalog, archive, error))
            return false;
    }
    if (find->search && !search_device(find, error))
        return false;
    if (is_handed_over(find) && !hand_over(find, error))
        return false;
    return open_sifted(find, error);
}

static bool write_extra_blocks(void *context, struct bytes blocks, struct error *error)
{
    return pcap_writer_blocks(context, blocks, error);
}

static bool is_file(const char *path, const struct file_identity *wanted)
{
    struct file_identity identity;

    return file_identity_of(path, STDIN_FILENO, &identity) && file_identity_equal(&identity, wanted);
}

/* Opening -w empties the file: what is about to be read must not be it, under whatever name. */
static bool spares_input(const struct find *find, struct error *error)
{
    static const char sentence[] = "-w %s would overwrite %s, which is read; write to another file";
    const struct settings *settings = find->settings;
    struct file_identity target;

    if (!file_identity_of(settings->write, STDOUT_FILENO, &target))
        return true;
    for (uint32_t i = 0; i < settings->files.n; i++)
        if (is_file(settings->files.items[i], &target))
            return error_set(error, ERROR_USAGE, sentence, settings->write, settings->files.items[i]);
    for (uint32_t i = 0; i < find->catalog.n; i++) {
        const struct catalog_entry *entry = &find->catalog.entries[i];

        if (is_file(entry->path, &target) || is_file(entry->index_path, &target))
            return error_set(error, ERROR_USAGE, sentence, settings->write, entry->path);
    }
    return true;
}

static bool open_writer(struct find *find, struct error *error)
{
    enum pcap_format format;
    enum pcap_packing packing;

    if (find->settings->write == NULL)
        return true;
    if (!spares_input(find, error))
        return false;
    pcap_writer_formats_of(find->settings->write, &format, &packing);
    find->writer = pcap_writer_open(find->settings->write, format, packing, &find->interfaces, error);
    return find->writer != NULL;
}

/* ---- the packets ---- */

enum verdict { GO_ON, ENOUGH, FAULT };

static enum verdict emit(struct find *find, const struct dissection *d, struct error *error)
{
    find->n_found++;
    if (find->writer && !pcap_writer_add(find->writer, d->packet, error))
        return FAULT;
    if (!output_packet(find->output, d, error))
        return output_is_closed(find->output) ? ENOUGH : FAULT;
    return find->n_found == find->settings->limit ? ENOUGH : GO_ON;
}

/* Fragments that came before the one that told whose they are. */
static enum verdict emit_held(struct find *find, uint64_t datagram, struct error *error)
{
    enum verdict verdict = GO_ON;
    struct packet packet;

    while (verdict == GO_ON && held_packets_take(find->held, datagram, &packet)) {
        struct dissection *alone = malloc(sizeof *alone); /* its fragments were put together before */

        if (alone == NULL) {
            error_system(error, "no memory");
            return FAULT;
        }
        dissection_init(alone, &find->demand, NULL, &find->interfaces);
        alone->preferences = &find->preferences;
        dissect(alone, &packet);
        if (find->filter == NULL || filter_match(find->filter, alone))
            verdict = emit(find, alone, error);
        free(alone);
    }
    return verdict;
}

static enum verdict look_at(struct find *find, const struct packet *packet, struct error *error)
{
    struct dissection *d = find->dissection;
    enum verdict verdict = GO_ON;

    dissect(d, packet);
    if (packet->ts_ns < find->range.from_ns || packet->ts_ns > find->range.to_ns)
        return GO_ON;
    if (find->match) {
        uint64_t datagram;

        switch (device_match_packet(find->match, d, &datagram)) {
        case DEVICE_OTHER:
            return GO_ON;
        case DEVICE_UNDECIDED:
            held_packets_put(find->held, datagram, packet);
            return GO_ON;
        case DEVICE_PACKET:
            if (datagram && (verdict = emit_held(find, datagram, error)) != GO_ON)
                return verdict;
            break;
        }
    }
    if (find->filter && !filter_match(find->filter, d))
        return GO_ON;
    verdict = emit(find, d, error);
    d->displayed_ts_ns = packet->ts_ns;
    return verdict;
}

static bool run_loop(struct find *find, struct error *error)
{
    enum source_result result = SOURCE_END;
    enum verdict verdict = GO_ON;
    struct batch batch;

    if (!batch_init(&batch, BATCH_BYTES))
        return error_set(error, ERROR_SYSTEM, "no memory for packets");
    progress_init(&find->progress, "find", timestamp_now());
    while (verdict == GO_ON && !atomic_load_explicit(signals_stop(), memory_order_relaxed) &&
           ((result = source_next(find->source, &batch, -1, error)) == SOURCE_PACKETS ||
            result == SOURCE_IDLE)) { /* a signal; or a pipe that has nothing yet */
        for (uint32_t i = 0; i < batch.n && verdict == GO_ON; i++) {
            find->n_read++;
            if (batch.packets[i].number == 0)
                batch.packets[i].number = find->n_read;
            if (!find->is_sieving || find->n_read == 1 || sieve_keeps(find->sieve, &batch.packets[i]))
                verdict = look_at(find, &batch.packets[i], error);
        }
        show_progress(find, find->source->stats.n_packets);
    }
    if (!find->is_sieving)
        find->n_read = find->source->stats.n_packets;
    progress_clear(&find->progress);
    batch_clear(&batch);
    return verdict != FAULT && result != SOURCE_FAULT;
}

/* ---- what is said about it ---- */

static void explain_question(const struct find *find)
{
    struct buffer text;

    if (find->filter) {
        buffer_init(&text, 1 << 20);
        filter_explain(find->filter, &text);
        fprintf(stderr, "%.*s", (int)text.len, (const char *)text.data);
        buffer_clear(&text);
    }
    if (find->match) {
        const struct device_span *spans;
        uint32_t n;

        spans = device_match_spans(find->match, &n);
        fprintf(stderr, "device %s: %u span%s of %llu bindings; nobody's: %llu sessions scanned\n",
                find->settings->device, n, n == 1 ? "" : "s",
                (unsigned long long)device_search_bindings(find->search),
                (unsigned long long)device_search_anonymous(find->search));
        for (uint32_t i = 0; i < n; i++) {
            char low[IP_ADDRESS_TEXT_BYTES], high[IP_ADDRESS_TEXT_BYTES];
            char from[TIMESTAMP_TEXT_BYTES], to[TIMESTAMP_TEXT_BYTES];

            fprintf(stderr, "  %s:%u - %s:%u  %s .. %s\n", ip_address_format(&spans[i].flow.low, low),
                    spans[i].flow.port_low, ip_address_format(&spans[i].flow.high, high),
                    spans[i].flow.port_high,
                    timestamp_format(spans[i].from_ns, find->settings->is_local, from),
                    timestamp_format(spans[i].to_ns, find->settings->is_local, to));
        }
    }
}

static void explain_handover(const struct find *find)
{
    const struct handover_counters *handed = &find->handed;

    fprintf(stderr,
            "handed over to tshark: %llu packets%s, %llu bytes, for %llu of which the answer depended on it; "
            "%u test%s in %.2f s\n",
            (unsigned long long)handed->n_handed,
            handed->is_everything ? " (all: too many hosts to tell apart)" : "",
            (unsigned long long)handed->handed_bytes, (unsigned long long)handed->n_candidates,
            handed->n_tests, handed->n_tests == 1 ? "" : "s", (double)handed->spent_ns / 1e9);
}

static void explain_filter_limits(const struct find *find)
{
    uint64_t n_operands_cut, n_patterns_cut;

    filter_limits(find->filter, &n_operands_cut, &n_patterns_cut);
    fprintf(stderr, "the filter's bounds met: %llu computed values left out, %llu patterns given up\n",
            (unsigned long long)n_operands_cut, (unsigned long long)n_patterns_cut);
}

static void explain_work(const struct find *find)
{
    const struct dissect_counters *counters = &find->dissection->counters;

    fprintf(stderr, "packets: %llu looked at, %llu found\n", (unsigned long long)find->n_read,
            (unsigned long long)find->n_found);
    if (is_handed_over(find))
        explain_handover(find);
    if (find->filter)
        explain_filter_limits(find);
    if (!find->files) {
        const struct archive_counters *archive = archive_source_counters(find->source);

        fprintf(stderr, "segments: %u read of %u; blocks: %llu read of %llu\n", archive->n_segments_read,
                archive->n_segments, (unsigned long long)archive->n_blocks_read,
                (unsigned long long)archive->n_blocks);
    }
    fprintf(stderr, "bounds met: %llu layers, %llu values, %llu reassemblies, %llu held fragments\n",
            (unsigned long long)counters->n_layers_cut, (unsigned long long)counters->n_values_cut,
            (unsigned long long)dissect_state_evicted(find->state),
            (unsigned long long)(find->held ? held_packets_dropped(find->held) : 0));
}

/* Damage in an archive hides packets: that is an error, though what could be read was found. */
static bool is_archive_whole(const struct find *find, struct error *error)
{
    const struct archive_counters *counters;

    if (find->files)
        return true;
    counters = archive_source_counters(find->source);
    if (counters->n_damaged == 0 && find->search && device_search_trouble(find->search)) {
        *error = *device_search_trouble(find->search);
        error_context(error, "the device may have more packets than were found (tapdeck check says more)");
        return false;
    }
    if (counters->n_damaged == 0)
        return true;
    return error_set(error, ERROR_DAMAGED,
                     "%llu parts of the archive could not be read, the first: %s (tapdeck check says more)",
                     (unsigned long long)counters->n_damaged, counters->first_damage);
}

static bool run(struct find *find, struct error *error)
{
    struct error later = { 0 };
    bool is_done;

    if (getrandom(&find->hash_seed, sizeof find->hash_seed, 0) != sizeof find->hash_seed)
        return error_system(error, "random numbers");
    if (!prepare_question(find, error) || !open_input(find, error) || !open_writer(find, error))
        return false;
    *error = (struct error) { 0 };
    find->state = dissect_state_new(find->hash_seed);
    find->dissection = malloc(sizeof *find->dissection);
    if (find->state == NULL || find->dissection == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for dissection");
    dissection_init(find->dissection, &find->demand, find->state, &find->interfaces);
    find->dissection->preferences = &find->preferences;
    if (find->settings->wants_explanation)
        explain_question(find);
    if (!output_begin(find->output, error))
        return false;
    is_done = run_loop(find, error);
    if (!output_end(find->output, is_done ? error : &later) && !output_is_closed(find->output))
        is_done = false;
    if (find->writer && find->files &&
        !capture_files_extra_blocks(find->files, write_extra_blocks, find->writer, is_done ? error : &later))
        is_done = false;
    if (!pcap_writer_close(find->writer, is_done ? error : &later))
        is_done = false;
    find->writer = NULL;
    if (find->settings->wants_count)
        printf("%llu\n", (unsigned long long)find->n_found);
    if (find->settings->wants_explanation)
        explain_work(find);
    return is_done && is_archive_whole(find, error);
}

static void clear(struct find *find)
{
    struct error ignored;

    pcap_writer_close(find->writer, &ignored);
    source_close(find->source);
    capture_files_free(find->files);
    catalog_clear(&find->catalog);
    device_search_free(find->search);
    device_match_free(find->match);
    held_packets_free(find->held);
    output_free(find->output);
    sieve_free(find->sieve);
    filter_free(find->filter);
    external_answers_free(find->answers);
    dissect_state_free(find->state);
    free(find->dissection);
    free(find->hint);
    free(find->past);
    interface_table_clear(&find->interfaces);
}

static int find_main(int argc, char **argv)
{
    struct settings settings = { 0 };
    struct text_list operands = { 0 };
    struct error error = { 0 };
    struct find find = { .settings = &settings };
    int code = EXIT_ERROR;

    switch (option_parse(&command_find, argc, argv, &settings, &operands, &error)) {
    case OPTION_HELP:
        code = EXIT_FOUND;
        break;
    case OPTION_WRONG:
        code = command_fault(&command_find, &error);
        break;
    case OPTION_RUN:
        if (operands.n > 0) {
            error_set(&error, ERROR_USAGE, "\"%s\" is no option; a filter goes behind -Y, a file behind -r",
                      operands.items[0]);
            code = command_fault(&command_find, &error);
            break;
        }
        signals_listen();
        if (run(&find, &error))
            code = find.n_found ? EXIT_FOUND : EXIT_NONE;
        else
            code = command_fault(&command_find, &error);
        clear(&find);
        break;
    }
    text_list_clear(&settings.files);
    text_list_clear(&settings.fields);
    text_list_clear(&settings.settings);
    text_list_clear(&settings.preferences);
    text_list_clear(&settings.decode_as);
    text_list_clear(&operands);
    return code;
}

const struct command command_find = {
    .name = "find",
    .summary = "packets by filter, device and time, from an archive or from files",
    .usage = "[-A DIR | -r FILE]... [-Y FILTER] [--device ID] [--from TIME] [--to TIME] [options]",
    .options = options,
    .notes =
        "Exit status: 0 packets were found, 1 none, 2 an error.\n"
        "\n"
        "Examples:\n"
        "  tapdeck find -A /var/capture --device D:9ea1765dba3a0747 --from 'thu 14:00' --to 15:00 -w "
        "dev.pcapng\n"
        "  tapdeck find -r a.pcap -r b.pcap.gz -Y 'ip.addr == 10.0.0.0/8 and dtls.alert_message'\n"
        "  tapdeck find -A /var/capture -Y 'udp.port == 5684' --from -15m -T fields -e frame.time -e ip.src\n"
        "  tapdeck find -A /var/capture --device ep-1 -w - | wireshark -k -i -",
    .run = find_main,
};
