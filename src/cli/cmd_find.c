/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_find - packets of files or of an archive that pass a filter, belong to a device, or fall in a span of
 * time: printed, counted or written. One loop over one source; what the source is, and what an index spares
 * it, is settled before.
 */
#include "cli/find.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/signals.h"

static const struct option options[] = {
    { 'r', "read", OPTION_LIST, offsetof(struct find_settings, files), "FILE",
      "read this capture (pcap, pcapng; also .gz .zst .lz4; - for standard input);\n"
      "several are read as one, in time order; tap:unix:PATH, tap:tcp:ADDR:PORT for a recorder's --tap" },
    { 'A', "archive", OPTION_TEXT, offsetof(struct find_settings, archive), "DIR",
      "search this archive (else TAPDECK_ARCHIVE)" },
    { 'Y', "filter", OPTION_TEXT, offsetof(struct find_settings, filter), "FILTER",
      "only packets that pass this Wireshark display filter (tapdeck fields: what it may ask for)" },
    { 0, "device", OPTION_TEXT, offsetof(struct find_settings, device), "ID",
      "only packets of the device with this identity (PSK identity, name in its\n"
      "certificate, MQTT client id, LwM2M endpoint, OSCORE key id, DHCP name), as text,\n"
      "in hex with colons, or behind its kind (mqtt.clientid=c-1), at whatever\n"
      "address it was" },
    { 0, "from", OPTION_TIME, offsetof(struct find_settings, from), "TIME",
      "only packets at or after TIME: 2024-08-29T10:00:00Z, \"thu 14:00\", -15m, now" },
    { 0, "to", OPTION_TIME, offsetof(struct find_settings, to), "TIME", "only packets at or before TIME" },
    { 'w', "write", OPTION_TEXT, offsetof(struct find_settings, write), "FILE",
      "write the packets: .pcapng or .pcap, also with .gz or .zst; - for standard output" },
    { 'T', "format", OPTION_TEXT, offsetof(struct find_settings, format), "FORMAT",
      "text (default), fields or json" },
    { 'e', NULL, OPTION_LIST, offsetof(struct find_settings, fields), "FIELD",
      "with -T fields or json: print this field or protocol; may be repeated" },
    { 'E', NULL, OPTION_LIST, offsetof(struct find_settings, settings), "SETTING",
      "with -T fields, as in tshark: header=y separator=, occurrence=f aggregator=; quote=d" },
    { 'o', NULL, OPTION_LIST, offsetof(struct find_settings, preferences), "NAME:VALUE",
      "dissect as tshark does with this preference (mqtt.default_version:v50)" },
    { 'd', NULL, OPTION_LIST, offsetof(struct find_settings, decode_as), "RULE",
      "decode a port as a protocol: udp.port==5000-5009,coap or tcp.port==1884,mqtt" },
    { 'c', NULL, OPTION_COUNT, offsetof(struct find_settings, limit), "COUNT", "stop after COUNT packets" },
    { 0, "threads", OPTION_COUNT, offsetof(struct find_settings, n_threads), "COUNT",
      "look at a large file with so many threads (as many as there are processors)" },
    { 0, "count", OPTION_FLAG, offsetof(struct find_settings, wants_count), NULL,
      "print only how many packets there are" },
    { 0, "explain", OPTION_FLAG, offsetof(struct find_settings, wants_explanation), NULL,
      "say on standard error what is asked of each packet, where the device was,\n"
      "and how much was read" },
    { 0, "no-tshark", OPTION_FLAG, offsetof(struct find_settings, is_alone), NULL,
      "refuse fields that are not known here; else an installed tshark is asked about them,\n"
      "for the packets whose answer depends on it" },
    { 0, "local", OPTION_FLAG, offsetof(struct find_settings, is_local), NULL,
      "times in the local zone, not in UTC" },
    { 0 },
};

static bool write_extra_blocks(void *context, struct bytes blocks, struct error *error)
{
    return pcap_writer_blocks(context, blocks, error);
}

/* ---- the packets ---- */

enum { COMMENT_LIMIT_BYTES = 1 << 16 };

enum verdict { GO_ON, ENOUGH, FAULT };

static enum verdict emit(struct find *find, const struct dissection *d, struct error *error)
{
    find->n_found++;
    find->n_found_cut += d->packet->caplen < d->packet->len;
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
            if (find->is_glancing && find->n_read > 1 &&
                !device_match_may_be(find->match, &find->demand, &batch.packets[i]))
                continue;
            if (!find->is_sieving || find->n_read == 1 || sieve_keeps(find->sieve, &batch.packets[i]))
                verdict = look_at(find, &batch.packets[i], error);
        }
        find_show_progress(find, find->source->stats.n_packets);
    }
    if (!find->is_sieving)
        find->n_read = find->source->stats.n_packets;
    progress_clear(&find->progress);
    batch_clear(&batch);
    return verdict != FAULT && result != SOURCE_FAULT;
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

/* The answer's completeness goes where the answer goes. Capture files are told of when something is missing.
 */
static bool end_answer(struct find *find, struct error *error)
{
    struct answer answer = find_answer(find);
    struct buffer text;
    bool is_done = true;

    if ((find->files == NULL || !answer_is_complete(&answer)) && !output_answer(find->output, &answer, error))
        return false;
    buffer_init(&text, COMMENT_LIMIT_BYTES);
    answer_put_remark(&text, &answer);
    if (find->writer && text.len > 0)
        is_done = (buffer_put_u8(&text, '\0') || error_set(error, ERROR_SYSTEM, "no memory for a comment")) &&
                  pcap_writer_remark(find->writer, (const char *)text.data, error);
    buffer_clear(&text);
    return is_done;
}

static bool run(struct find *find, struct error *error)
{
    struct error later = { 0 };
    bool is_done;

    if (getrandom(&find->hash_seed, sizeof find->hash_seed, 0) != sizeof find->hash_seed)
        return error_system(error, "random numbers");
    if (!find_prepare(find, error) || !find_open_input(find, error) || !find_open_writer(find, error))
        return false;
    *error = (struct error) { 0 };
    find->state = dissect_state_new(find->hash_seed);
    find->dissection = malloc(sizeof *find->dissection);
    if (find->state == NULL || find->dissection == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory for dissection");
    dissection_init(find->dissection, &find->demand, find->state, &find->interfaces);
    find->dissection->preferences = &find->preferences;
    if (find->settings->wants_explanation)
        find_explain_question(find);
    if (!output_begin(find->output, error))
        return false;
    is_done = run_loop(find, error);
    if (!is_done && find->files)
        find->fault = error->text;
    if (!end_answer(find, is_done ? error : &later) && !output_is_closed(find->output))
        is_done = false;
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
        find_explain_work(find);
    if (!output_is_closed(find->output)) {
        struct answer answer = find_answer(find);

        answer_tell(&answer, find->settings->wants_explanation);
    }
    return is_done && is_archive_whole(find, error);
}

static void clear(struct find *find)
{
    struct error ignored;

    pcap_writer_close(find->writer, &ignored);
    source_close(find->source);
    capture_files_free(find->files);
    archive_coverage_clear(&find->coverage);
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
    struct find_settings settings = { 0 };
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
        "How complete the answer is (what of the asked time was recorded, gaps, drops, damage) is said on "
        "standard\n"
        "error: always to a terminal and with --explain, else when something is missing. -T json ends with "
        "an\n"
        "element of it (\"_type\": \"coverage\"), a written pcapng has it as its comment.\n"
        "\n"
        "Examples:\n"
        "  tapdeck find -A /var/capture --device D:9ea1765dba3a0747 --from 'thu 14:00' --to 15:00 -w "
        "dev.pcapng\n"
        "  tapdeck find -r a.pcap -r b.pcap.gz -Y 'ip.addr == 10.0.0.0/8 and dtls.alert_message'\n"
        "  tapdeck find -A /var/capture -Y 'udp.port == 5684' --from -15m -T fields -e frame.time -e ip.src\n"
        "  tapdeck find -A /var/capture --device ep-1 -w - | wireshark -k -i -",
    .run = find_main,
};
