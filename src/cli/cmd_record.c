/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_record - records interfaces, mirrors and files into an archive until told to stop. Opens what needs
 * rights, gives them up, then reads the first packet.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/holds.h"
#include "base/log.h"
#include "base/size_text.h"
#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/recorder_options.h"
#include "cli/signals.h"
#include "archive/packet_numbers.h"
#include "pipeline/status_file.h"
#include "pipeline/tap.h"
#include "source/capture_thread.h"
#include "source/openers.h"

struct settings {
    struct recorder_settings recorder;
    struct text_list interfaces, mirrors, files, taps;
    bool is_insecure_tap;
    uint64_t snaplen, buffer_bytes, limit;
    int64_t flush_ns, stats_every_ns;
    const char *user;
};

static const struct option options[] = {
    { 'i', "interface", OPTION_LIST, offsetof(struct settings, interfaces), "IFACE",
      "record this interface; \"any\" for all" },
    { 0, "vxlan", OPTION_LIST, offsetof(struct settings, mirrors), "[ADDR:]PORT",
      "listen for a traffic mirror (VXLAN, RFC 7348), usually on port 4789; needs no root.\n"
      "[ADDR] in brackets for IPv6" },
    { 'r', "read", OPTION_LIST, offsetof(struct settings, files), "FILE",
      "read this capture too; - for standard input; tap:unix:PATH or tap:tcp:ADDR:PORT for\n"
      "another recorder's --tap" },
    RECORDER_OPTIONS(settings, recorder),
    { 's', "snaplen", OPTION_COUNT, offsetof(struct settings, snaplen), "BYTES",
      "keep at most this much of each packet (262144)" },
    { 'B', "buffer", OPTION_SIZE, offsetof(struct settings, buffer_bytes), "SIZE",
      "kernel buffer for each interface (64Mi) or mirror (32Mi)" },
    { 'c', NULL, OPTION_COUNT, offsetof(struct settings, limit), "COUNT", "stop after COUNT packets" },
    { 0, "flush", OPTION_DURATION, offsetof(struct settings, flush_ns), "TIME",
      "packets can be found, and survive a crash, after so long (1s)" },
    { 0, "tap", OPTION_LIST, offsetof(struct settings, taps), "WHERE",
      "let other programs read the packets as they come, as pcapng: unix:PATH, tcp:ADDR:PORT.\n"
      "wireshark -k -i TCP@127.0.0.1:57012 reads tcp:127.0.0.1:57012" },
    { 0, "insecure-tap", OPTION_FLAG, offsetof(struct settings, is_insecure_tap), NULL,
      "allow --tap on an address that other machines reach: anybody there reads every packet" },
    { 0, "user", OPTION_TEXT, offsetof(struct settings, user), "NAME",
      "give up root for this user once the sources are open" },
    { 0, "stats-every", OPTION_DURATION, offsetof(struct settings, stats_every_ns), "TIME",
      "print the counters so often" },
    { 0 },
};

enum {
    TICK_MS = 200,                /* how often the clock is looked at without packets */
    BUFFER_LIMIT_BYTES = 1 << 30, /* -B: the kernel counts its buffers in int */
};

#define STATUS_EVERY_NS NS_PER_SECOND

struct recording {
    const struct settings *settings;
    struct interface_table interfaces;
    struct capture_group *group;
    struct recorder *recorder;
    struct tap *tap; /* NULL: none was asked for */
    struct recorder_status status;
    uint64_t n_received;
    uint32_t *source_of_interface; /* which source an interface belongs to; grown as interfaces appear */
    uint32_t n_source_of_interface;
    uint32_t n_faults;
    int64_t status_ns, stats_ns;
    uint64_t n_packets_before, n_bytes_before;
};

/* ---- opening ---- */

/* "PORT", "ADDR:PORT", "[V6ADDR]:PORT" */
static bool parse_mirror(const char *text, char *address, size_t room, uint16_t *port, struct error *error)
{
    const char *colon = strrchr(text, ':');
    const char *digits = colon ? colon + 1 : text;
    size_t len = colon ? (size_t)(colon - text) : 0;
    char *end;
    unsigned long number = strtoul(digits, &end, 10);

    if (*digits < '0' || *digits > '9' || *end != '\0' || number == 0 || number > 65535)
        return error_set(error, ERROR_USAGE,
                         "--vxlan %s: give PORT, ADDR:PORT or [ADDR]:PORT, with a port from 1 to 65535",
                         text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= room)
        return error_set(error, ERROR_USAGE, "--vxlan %s: the address is too long", text);
    memcpy(address, text, len);
    address[len] = '\0';
    *port = (uint16_t)number;
    return true;
}

static bool add_source(struct recording *recording, struct source *source, struct error *error)
{
    return source != NULL && capture_group_add(recording->group, source, error);
}

static bool open_sources(struct recording *recording, const char *filter, struct error *error)
{
    const struct settings *settings = recording->settings;
    uint32_t snaplen = (uint32_t)settings->snaplen;

    if (settings->interfaces.n + settings->mirrors.n + settings->files.n == 0)
        return error_set(error, ERROR_USAGE, "record what? give -i IFACE, --vxlan PORT or -r FILE");
    for (uint32_t i = 0; i < settings->interfaces.n; i++) {
        struct afpacket_options afpacket = { settings->interfaces.items[i], filter, snaplen,
                                             (uint32_t)settings->buffer_bytes };

        if (!add_source(recording, afpacket_open(&afpacket, &recording->interfaces, error), error))
            return false;
    }
    for (uint32_t i = 0; i < settings->mirrors.n; i++) {
        char address[128];
        struct vxlan_listener_options listener = { .snaplen = snaplen,
                                                   .filter = filter,
                                                   .receive_bytes = (uint32_t)settings->buffer_bytes };

        if (!parse_mirror(settings->mirrors.items[i], address, sizeof address, &listener.port, error))
            return false;
        listener.address = address[0] ? address : NULL;
        if (!add_source(recording, vxlan_listener_open(&listener, &recording->interfaces, error), error))
            return false;
    }
    for (uint32_t i = 0; i < settings->files.n; i++) {
        const char *path = settings->files.items[i];
        struct source *source = tap_source_is_named(path)
                                    ? tap_source_open(path, &recording->interfaces, error)
                                    : pcap_file_open(path, &recording->interfaces, error);

        if (!add_source(recording, source, error))
            return false;
    }
    return true;
}

static bool open_taps(struct recording *recording, const char *node, struct error *error)
{
    const struct settings *settings = recording->settings;
    struct tap_options tap_options = { .node = node };

    if (settings->taps.n == 0)
        return true;
    recording->tap = tap_new(&tap_options, error);
    if (recording->tap == NULL)
        return false;
    for (uint32_t i = 0; i < settings->taps.n; i++) {
        if (!tap_listen(recording->tap, settings->taps.items[i], settings->is_insecure_tap, error))
            return false;
    }
    return true;
}

/* The archive becomes the user's before root is given up, else nothing could be written. */
static bool become_user(const struct recording *recording, const char *node, struct error *error)
{
    const struct settings *settings = recording->settings;
    const struct passwd *user;

    if (settings->user == NULL)
        return true;
    user = getpwnam(settings->user);
    if (user == NULL)
        return error_set(error, ERROR_USAGE, "--user %s: there is no such user", settings->user);
    if (chown(settings->recorder.directory, user->pw_uid, user->pw_gid) != 0)
        return error_system(error, "--user %s: cannot give it the directory %s", settings->user,
                            settings->recorder.directory);
    if (!holds_give(settings->recorder.directory, user->pw_uid, user->pw_gid, error) ||
        !packet_numbers_give(settings->recorder.directory, node, user->pw_uid, user->pw_gid, error) ||
        (recording->tap && !tap_give(recording->tap, user->pw_uid, user->pw_gid, error)))
        return false;
    if (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        return error_system(error, "--user %s", settings->user);
    if (user->pw_uid != 0 && setuid(0) == 0)
        return error_set(error, ERROR_SYSTEM, "--user %s: root could be had back", settings->user);
    return true;
}

/* ---- counting ---- */

/* Interfaces appear as packets come in: each belongs to the source it was first seen on. */
static void note_interfaces(struct recording *recording, uint32_t source)
{
    uint32_t n = recording->interfaces.n;
    uint32_t *grown;

    if (n <= recording->n_source_of_interface)
        return;
    grown = realloc(recording->source_of_interface, n * sizeof *grown);
    if (grown == NULL)
        return;
    recording->source_of_interface = grown;
    while (recording->n_source_of_interface < n)
        grown[recording->n_source_of_interface++] = source;
}

static void tell_tap(struct recording *recording)
{
    struct tap_statistics rows[TAP_STATISTICS_LIMIT];
    uint32_t n = 0, n_sources = capture_group_sources(recording->group);

    for (uint32_t i = 0; recording->tap && i < recording->n_source_of_interface && n < TAP_STATISTICS_LIMIT;
         i++) {
        uint32_t source = recording->source_of_interface[i];
        bool is_told = false;
        struct source_stats stats;

        for (uint32_t before = 0; before < n; before++)
            is_told |= recording->source_of_interface[rows[before].interface] == source;
        if (is_told || source >= n_sources)
            continue;
        stats = capture_group_stats(recording->group, source);
        rows[n++] = (struct tap_statistics) {
            .interface = i,
            .n_received = stats.n_packets,
            .n_dropped = stats.n_dropped_kernel + stats.n_dropped_queue,
            .n_dropped_disk = source == 0 ? recorder_counters(recording->recorder)->n_dropped_disk : 0,
        };
    }
    if (recording->tap)
        tap_statistics(recording->tap, rows, n);
}

static void update_tap_status(struct recording *recording)
{
    struct recorder_status *status = &recording->status;
    struct tap_status tap;

    if (recording->tap == NULL)
        return;
    tap_glance(recording->tap, &tap);
    status->has_tap = true;
    status->tap = (struct tap_totals) { tap.n_connected, tap.n_refused, tap.n_stalled, tap.n_dropped };
    status->n_readers = 0;
    for (uint32_t i = 0; i < tap.n_readers && i < STATUS_READERS; i++) {
        struct reader_status *reader = &status->readers[status->n_readers++];

        snprintf(reader->name, sizeof reader->name, "%s", tap.readers[i].name);
        reader->n_packets = tap.readers[i].n_packets;
        reader->n_dropped = tap.readers[i].n_dropped;
        reader->n_queued_bytes = tap.readers[i].n_queued_bytes;
    }
}

/* A source's drops are told on its first interface: the kernel does not say on which mirror's account. */
static void tell_drops(struct recording *recording)
{
    for (uint32_t s = 0; s < capture_group_sources(recording->group); s++) {
        struct source_stats stats = capture_group_stats(recording->group, s);
        struct interface_drops drops = { .n_kernel = stats.n_dropped_kernel,
                                         .n_queue = stats.n_dropped_queue,
                                         .n_truncated_mirror = stats.n_truncated_mirror };

        for (uint32_t i = 0; i < recording->n_source_of_interface; i++) {
            if (recording->source_of_interface[i] == s) {
                recorder_drops(recording->recorder, i, &drops);
                break;
            }
        }
    }
}

static void update_status(struct recording *recording, int64_t now_ns)
{
    const struct recorder_counters *counters = recorder_counters(recording->recorder);
    struct recorder_status *status = &recording->status;
    int64_t elapsed_ns = now_ns - recording->status_ns;
    struct error error = { 0 };

    status->n_packets = status->n_bytes = 0;
    status->n_sources = 0;
    for (uint32_t s = 0; s < capture_group_sources(recording->group) && s < STATUS_SOURCES; s++) {
        struct source_stats stats = capture_group_stats(recording->group, s);
        struct source_status *source = &status->sources[status->n_sources++];

        snprintf(source->name, sizeof source->name, "%s", capture_group_name(recording->group, s));
        source->n_packets = stats.n_packets;
        source->n_bytes = stats.n_bytes;
        source->n_kernel = stats.n_dropped_kernel;
        source->n_queue = stats.n_dropped_queue;
        source->n_truncated = stats.n_truncated_mirror;
        source->n_refused = stats.n_refused;
        status->n_packets += stats.n_packets;
        status->n_bytes += stats.n_bytes;
    }
    if (status->n_sources > 0) {
        status->sources[0].n_disk = counters->n_dropped_disk;
        status->sources[0].n_truncated += counters->n_truncated_mirror;
    }
    if (elapsed_ns > 0) {
        status->packets_per_second = (status->n_packets - recording->n_packets_before) *
                                     (uint64_t)NS_PER_SECOND / (uint64_t)elapsed_ns;
        status->bytes_per_second =
            (status->n_bytes - recording->n_bytes_before) * (uint64_t)NS_PER_SECOND / (uint64_t)elapsed_ns;
    }
    recording->n_packets_before = status->n_packets;
    recording->n_bytes_before = status->n_bytes;
    status->n_written_bytes = counters->n_stored_bytes + counters->n_open_bytes;
    snprintf(status->segment, sizeof status->segment, "%s", counters->segment);
    snprintf(status->trouble, sizeof status->trouble, "%s", counters->trouble);
    update_tap_status(recording);
    status->updated_ns = now_ns;
    recording->status_ns = now_ns;
    status_file_write(recording->settings->recorder.directory, status,
                      &error); /* a full disk shows in trouble */
}

/* Memory is bounded: what fell out of it may be missing from the index's knowledge of devices. */
static void print_bounds(const struct recorder *recorder, uint64_t n_index_folds)
{
    const struct tracker_counters *tracker = recorder_tracker_counters(recorder);
    struct dissect_counters dissection = recorder_dissect_counters(recorder);

    if (n_index_folds + tracker->n_flows_evicted + tracker->n_sessions_evicted +
            tracker->n_identities_refused + dissection.n_layers_cut + dissection.n_values_cut +
            dissection.n_reassembly_evicted ==
        0)
        return;
    fprintf(stderr,
            "bounds met: %llu conversations folded in the index; %llu flows, %llu sessions and %llu "
            "identities of devices let go; %llu layers, %llu values, %llu reassemblies\n",
            (unsigned long long)n_index_folds, (unsigned long long)tracker->n_flows_evicted,
            (unsigned long long)tracker->n_sessions_evicted,
            (unsigned long long)tracker->n_identities_refused, (unsigned long long)dissection.n_layers_cut,
            (unsigned long long)dissection.n_values_cut, (unsigned long long)dissection.n_reassembly_evicted);
}

static void print_tap(struct tap *tap)
{
    struct tap_status status;

    if (tap == NULL)
        return;
    tap_glance(tap, &status);
    if (status.n_connected + status.n_refused == 0)
        return;
    fprintf(
        stderr,
        "taps: %u readers now, %llu in all; %llu packets dropped by slow ones, %llu closed because they took "
        "nothing, %llu refused because there were too many\n",
        status.n_readers, (unsigned long long)status.n_connected, (unsigned long long)status.n_dropped,
        (unsigned long long)status.n_stalled, (unsigned long long)status.n_refused);
}

static void print_counters(struct recording *recording)
{
    const struct recorder_counters *counters = recorder_counters(recording->recorder);
    struct source_stats stats = capture_group_stats(recording->group, UINT32_MAX);
    char text[6][SIZE_TEXT_BYTES];

    fprintf(stderr,
            "%s packets received, %s written; dropped: %s by the kernel, %s by the queue, %s by the disk; "
            "%s cut by the mirror",
            count_format(stats.n_packets, text[0]), count_format(counters->n_packets, text[1]),
            count_format(stats.n_dropped_kernel, text[2]), count_format(stats.n_dropped_queue, text[3]),
            count_format(counters->n_dropped_disk, text[4]),
            count_format(stats.n_truncated_mirror + counters->n_truncated_mirror, text[5]));
    if (stats.n_refused)
        fprintf(stderr, "; %s datagrams were no mirrored frame", count_format(stats.n_refused, text[0]));
    fputc('\n', stderr);
    print_bounds(recording->recorder, counters->n_index_folds);
    print_tap(recording->tap);
}

/* ---- the loop ---- */

static void take_batch(struct recording *recording, const struct captured *captured)
{
    const struct batch *batch = captured->batch;

    note_interfaces(recording, captured->source);
    for (uint32_t i = 0; i < batch->n; i++) {
        if (recording->settings->limit && recording->n_received == recording->settings->limit) {
            capture_group_stop(recording->group);
            return;
        }
        recorder_look_ahead(recording->recorder, batch->packets, batch->n, i);
        recorder_packet(recording->recorder, &batch->packets[i]);
        recording->n_received++;
    }
}

static void look_at_clock(struct recording *recording)
{
    int64_t now_ns = timestamp_now();

    if (signals_take_rotate()) {
        tell_drops(recording);
        recorder_rotate(recording->recorder);
    }
    recorder_tick(recording->recorder, now_ns);
    if (now_ns - recording->status_ns >= STATUS_EVERY_NS) {
        tell_drops(recording);
        tell_tap(recording);
        update_status(recording, now_ns);
    }
    if (recording->settings->stats_every_ns &&
        now_ns - recording->stats_ns >= recording->settings->stats_every_ns) {
        recording->stats_ns = now_ns;
        print_counters(recording);
    }
}

static void record_all(struct recording *recording)
{
    bool is_stopping = false;
    enum capture_result result;

    do {
        struct captured captured;
        struct error error = { 0 };

        if (!is_stopping && atomic_load(signals_stop())) {
            is_stopping = true;
            capture_group_stop(recording->group);
        }
        result = capture_group_next(recording->group, TICK_MS, &captured, &error);
        if (result == CAPTURE_PACKETS) {
            take_batch(recording, &captured);
            capture_group_release(recording->group, &captured);
            if (recording->tap)
                tap_flush(recording->tap, &recording->interfaces);
        } else if (result == CAPTURE_SOURCE_FAULT) {
            recording->n_faults++;
            log_write(LEVEL_ERROR, "%s", error.text);
        }
        look_at_clock(recording);
    } while (result != CAPTURE_END);
}

static bool run(struct recording *recording, const char *filter, struct error *error)
{
    const struct settings *settings = recording->settings;
    struct recorder_options recorder_options = { 0 };
    char node[RECORDER_NODE_BYTES];
    bool is_done;

    if (settings->snaplen == 0 || settings->snaplen > SNAPLEN_MAX)
        return error_set(error, ERROR_USAGE, "-s takes 1 to %d bytes", SNAPLEN_MAX);
    if (settings->buffer_bytes > BUFFER_LIMIT_BYTES)
        return error_set(error, ERROR_USAGE, "-B takes at most 1Gi");
    if (!recorder_settings_apply(&settings->recorder, &recorder_options, node, error))
        return false;
    recording->status.budget = recorder_options.retention;
    recorder_options.is_live = true;
    recorder_options.flush_ns = settings->flush_ns;
    recording->group = capture_group_new(&(struct capture_options) { 0 }, &recording->interfaces, error);
    if (recording->group == NULL || !open_sources(recording, filter, error) ||
        !open_taps(recording, node, error) || !become_user(recording, node, error))
        return false;
    recorder_options.tap = recording->tap;
    recording->recorder = recorder_open(&recorder_options, &recording->interfaces, error);
    if (recording->recorder == NULL)
        return false;
    if ((recording->tap && !tap_start(recording->tap, error)) ||
        !capture_group_start(recording->group, error))
        return false;
    for (uint32_t s = 0; s < capture_group_sources(recording->group); s++) {
        log_write(LEVEL_NOTICE, "recording %s into %s", capture_group_name(recording->group, s),
                  settings->recorder.directory);
        if (capture_group_notice(recording->group, s)[0])
            log_write(LEVEL_WARNING, "%s: %s", capture_group_name(recording->group, s),
                      capture_group_notice(recording->group, s));
    }
    snprintf(recording->status.node, sizeof recording->status.node, "%s", node);
    recording->status.pid = getpid();
    recording->status.started_ns = recording->stats_ns = timestamp_now();
    update_status(recording, recording->status.started_ns);
    record_all(recording);
    tell_drops(recording);
    is_done = recorder_finish(recording->recorder, error);
    print_counters(recording);
    status_file_remove(settings->recorder.directory, node);
    if (is_done && recording->n_faults)
        return error_set(error, ERROR_SYSTEM, "%u source%s ended by a fault", recording->n_faults,
                         recording->n_faults == 1 ? "" : "s");
    return is_done;
}

/* tcpdump's way: all words behind the options are one BPF expression. */
static char *join(const struct text_list *words)
{
    size_t len = 1;
    char *text;

    if (words->n == 0)
        return NULL;
    for (uint32_t i = 0; i < words->n; i++)
        len += strlen(words->items[i]) + 1;
    text = calloc(1, len);
    for (uint32_t i = 0; text && i < words->n; i++) {
        if (i > 0)
            strcat(text, " ");
        strcat(text, words->items[i]);
    }
    return text;
}

static int record_main(int argc, char **argv)
{
    struct settings settings = { .snaplen = SNAPLEN_MAX, .flush_ns = NS_PER_SECOND };
    struct recording recording = { .settings = &settings };
    struct text_list operands = { 0 };
    struct error error = { 0 };
    int code = EXIT_ERROR;
    char *filter;

    recorder_settings_init(&settings.recorder);
    switch (option_parse(&command_record, argc, argv, &settings, &operands, &error)) {
    case OPTION_HELP:
        code = EXIT_FOUND;
        break;
    case OPTION_WRONG:
        code = command_fault(&command_record, &error);
        break;
    case OPTION_RUN:
        signals_listen();
        filter = join(&operands);
        if (run(&recording, filter, &error))
            code = EXIT_FOUND;
        else
            command_fault(&command_record, &error);
        capture_group_close(recording.group);
        recorder_close(recording.recorder);
        tap_close(recording.tap);
        interface_table_clear(&recording.interfaces);
        free(recording.source_of_interface);
        free(filter);
        break;
    }
    text_list_clear(&settings.interfaces);
    text_list_clear(&settings.mirrors);
    text_list_clear(&settings.files);
    text_list_clear(&settings.taps);
    text_list_clear(&operands);
    return code;
}

const struct command command_record = {
    .name = "record",
    .summary = "record interfaces, traffic mirrors and files into an archive",
    .usage = "[-i IFACE | --vxlan [ADDR:]PORT | -r FILE]... -w DIR [options] [BPF expression]",
    .options = options,
    .notes = "SIGINT or SIGTERM ends in order, SIGHUP begins a new segment.\n"
             "The BPF expression is tcpdump's; for a mirror it is held against the frame inside.\n"
             "A tap is pcapng on a socket (PCAP-over-IP). A reader that is slow loses packets of its own, "
             "and is told;\n"
             "the recorder never waits. A unix socket has mode 0660, and belongs to --user.\n"
             "\n"
             "Examples:\n"
             "  tapdeck record --vxlan 4789 -w /var/capture --keep-bytes 200G --keep-age 30d\n"
             "  tapdeck record --vxlan 4789 -w /var/capture --tap unix:/run/tapdeck/tap --tap "
             "tcp:127.0.0.1:57012\n"
             "  sudo tapdeck record -i eth1 -w /var/capture --user nobody udp port 5684",
    .run = record_main,
};
