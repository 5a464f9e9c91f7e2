/* SPDX-License-Identifier: Apache-2.0 */
/* All of it goes to standard error: standard output is the packets'. */
#include "cli/find.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "cli/signals.h"

/* Why each binding was believed, and how surely. */
static void explain_bindings(const struct device_search *search)
{
    for (enum binding_reason reason = BINDING_HANDSHAKE; reason <= BINDING_LEASE; reason++) {
        for (enum binding_confidence sure = CONFIDENCE_CERTAIN; sure >= CONFIDENCE_GUESS; sure--) {
            uint64_t n = device_search_taken(search, reason, sure);

            if (n > 0)
                fprintf(stderr, "  by %s, %s: %llu\n", binding_reason_name(reason),
                        binding_confidence_name(sure), (unsigned long long)n);
        }
    }
    if (device_search_left_out(search) > 0)
        fprintf(stderr, "  left out as less than probable: %llu\n",
                (unsigned long long)device_search_left_out(search));
}

void find_explain_question(const struct find *find)
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
        fprintf(stderr, "device %s: %u span%s of %llu bindings; nobody's: %llu sessions\n",
                find->settings->device, n, n == 1 ? "" : "s",
                (unsigned long long)device_search_bindings(find->search),
                (unsigned long long)device_search_anonymous(find->search));
        explain_bindings(find->search);
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

struct answer find_answer(const struct find *find)
{
    struct answer answer = {
        .coverage = find->files ? NULL : &find->coverage.coverage,
        .is_local = find->settings->is_local,
        .is_of_device = find->settings->device != NULL,
        .was_interrupted = atomic_load(signals_stop()),
        .n_found = find->n_found,
        .n_found_cut = find->n_found_cut,
    };

    if (find->source && find->files) {
        answer.n_dropped_before = capture_files_dropped(find->files);
        answer.n_damaged = find->fault != NULL;
        answer.damage = find->fault;
    } else if (find->source) {
        const struct archive_counters *counters = archive_source_counters(find->source);

        answer.n_damaged = counters->n_damaged;
        answer.damage = counters->n_damaged ? counters->first_damage : NULL;
    }
    return answer;
}

void find_explain_work(const struct find *find)
{
    const struct dissect_counters *counters = &find->dissection->counters;

    fprintf(stderr, "packets: %llu looked at, %llu found\n", (unsigned long long)find->n_read,
            (unsigned long long)find->n_found);
    if (find_is_handed_over(find))
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
