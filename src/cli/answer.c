/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/answer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/size_text.h"
#include "base/timestamp.h"
#include "base/utf8.h"

enum {
    GAPS_TOLD = 20, /* of a node, in words; JSON has all */
    TEXT_LIMIT_BYTES = 1 << 20,
};

bool answer_is_complete(const struct answer *answer)
{
    if (answer->coverage && !coverage_is_complete(answer->coverage))
        return false;
    for (uint32_t i = 0; answer->is_of_device && answer->coverage && i < answer->coverage->n_nodes; i++)
        if (answer->coverage->nodes[i].losses.n_bindings_cut > 0)
            return false;
    return answer->n_damaged + answer->n_dropped_before == 0 && !answer->was_interrupted;
}

/* ---- in words ---- */

/* Milliseconds are enough for people. */
static const char *moment_format(int64_t ts_ns, bool is_local, char text[static TIMESTAMP_TEXT_BYTES])
{
    timestamp_format(ts_ns, is_local, text);
    if (strlen(text) > 29)
        memmove(text + 23, text + 29, strlen(text + 29) + 1);
    return text;
}

static void put_moments(struct buffer *out, int64_t from_ns, int64_t to_ns, bool is_local)
{
    char from[TIMESTAMP_TEXT_BYTES], to[TIMESTAMP_TEXT_BYTES], span[SIZE_TEXT_BYTES];

    buffer_printf(out, "%s to %s (%s)", moment_format(from_ns, is_local, from),
                  moment_format(to_ns, is_local, to), duration_format(to_ns - from_ns, span));
}

static void put_gaps(struct buffer *out, const struct coverage_node *node, bool is_local)
{
    uint32_t n = 0;
    int64_t rest_ns = 0;
    char text[SIZE_TEXT_BYTES];

    for (uint32_t i = 0; i < node->n_spans; i++) {
        const struct coverage_span *span = &node->spans[i];

        if (span->state == COVERAGE_RECORDED || span->state == COVERAGE_HELD)
            continue;
        if (n++ >= GAPS_TOLD) {
            rest_ns += span->to_ns - span->from_ns;
            continue;
        }
        buffer_printf(out, "    %-7s  ", span->state == COVERAGE_GAP ? "gap" : "unknown");
        put_moments(out, span->from_ns, span->to_ns, is_local);
        buffer_printf(out, ": %s\n", coverage_cause_words(span->cause));
    }
    if (n > GAPS_TOLD)
        buffer_printf(out, "    and %u more gaps, together %s\n", n - GAPS_TOLD,
                      duration_format(rest_ns, text));
}

static void put_losses(struct buffer *out, const struct coverage_node *node, bool is_of_device)
{
    const struct coverage_losses *losses = &node->losses;
    uint64_t n_dropped = losses->n_kernel + losses->n_queue + losses->n_disk;
    char text[4][SIZE_TEXT_BYTES];

    if (n_dropped > 0)
        buffer_printf(
            out,
            "    dropped  %s packets by the kernel, %s by the queue, %s by the disk; %s were received "
            "(in the %u segment%s of that time)\n",
            count_format(losses->n_kernel, text[0]), count_format(losses->n_queue, text[1]),
            count_format(losses->n_disk, text[2]), count_format(losses->n_received, text[3]),
            node->n_segments, node->n_segments == 1 ? "" : "s");
    if (node->n_without_counters > 0)
        buffer_printf(out, "    drops are not known of %u segment%s: the recorder did not live to tell\n",
                      node->n_without_counters, node->n_without_counters == 1 ? "" : "s");
    if (losses->n_cut > 0 || losses->n_truncated_mirror > 0)
        buffer_printf(out, "    cut      %s packets of that time are not whole, %s of them by the mirror\n",
                      count_format(losses->n_cut, text[0]),
                      count_format(losses->n_truncated_mirror, text[1]));
    if (is_of_device && losses->n_bindings_cut > 0)
        buffer_printf(out, "    devices  the indexes had no room for %s stays; some devices may be missed\n",
                      count_format(losses->n_bindings_cut, text[0]));
}

static bool is_held_only(const struct coverage_node *node)
{
    bool is_held = false;

    for (uint32_t i = 0; i < node->n_spans; i++) {
        if (node->spans[i].state == COVERAGE_RECORDED)
            return false;
        is_held |= node->spans[i].state == COVERAGE_HELD;
    }
    return is_held;
}

static void put_node(struct buffer *out, const struct coverage_node *node, const struct answer *answer)
{
    const struct coverage *coverage = answer->coverage;
    int64_t asked_ns = coverage->range.to_ns - coverage->range.from_ns;
    char covered[SIZE_TEXT_BYTES], asked[SIZE_TEXT_BYTES];

    buffer_put_text(out, "  ");
    utf8_put_escaped(out, bytes_text(node->name)); /* as a status file has it */
    if (node->is_elsewhere) {
        buffer_printf(out, ": nothing in this time (%s)\n",
                      node->n_spans ? coverage_cause_words(node->spans[0].cause) : "no segments");
        return;
    }
    buffer_printf(out, ": %s ", is_held_only(node) ? "imported" : "recorded");
    if (node->covered_ns == asked_ns)
        buffer_put_text(out, "all of it\n");
    else
        buffer_printf(out, "%s of %s\n", duration_format(node->covered_ns, covered),
                      duration_format(asked_ns, asked));
    put_gaps(out, node, answer->is_local);
    put_losses(out, node, answer->is_of_device);
}

static void put_coverage(struct buffer *out, const struct answer *answer)
{
    const struct coverage *coverage = answer->coverage;

    if (coverage->n_nodes == 0) {
        buffer_put_text(out, "incomplete: nothing was recorded in this archive\n");
        return;
    }
    buffer_put_text(out, answer_is_complete(answer) ? "complete: " : "incomplete: ");
    put_moments(out, coverage->range.from_ns, coverage->range.to_ns, answer->is_local);
    buffer_put_u8(out, '\n');
    for (uint32_t i = 0; i < coverage->n_nodes; i++)
        put_node(out, &coverage->nodes[i], answer);
}

void answer_put_remark(struct buffer *out, const struct answer *answer)
{
    char found[SIZE_TEXT_BYTES], cut[SIZE_TEXT_BYTES], dropped[SIZE_TEXT_BYTES], parts[SIZE_TEXT_BYTES];
    const char *between = "";

    if (answer->was_interrupted) {
        buffer_put_text(out, "interrupted: not everything was looked at");
        between = "; ";
    }
    if (answer->n_damaged > 0) {
        buffer_printf(out, "%s%s part%s could not be read", between, count_format(answer->n_damaged, parts),
                      answer->n_damaged == 1 ? "" : "s");
        if (answer->damage)
            buffer_printf(out, ", the first: %s", answer->damage);
        between = "; ";
    }
    if (answer->n_dropped_before > 0) {
        buffer_printf(out, "%sthe files say that %s packets were dropped when they were captured", between,
                      count_format(answer->n_dropped_before, dropped));
        between = "; ";
    }
    if (answer->n_found_cut > 0)
        buffer_printf(out, "%s%s of the %s packets found are cut: their capture kept less than the wire had",
                      between, count_format(answer->n_found_cut, cut), count_format(answer->n_found, found));
}

void answer_put_text(struct buffer *out, const struct answer *answer)
{
    size_t start;

    if (answer->coverage)
        put_coverage(out, answer);
    start = out->len;
    buffer_put_text(out, answer->coverage ? "  " : answer_is_complete(answer) ? "" : "incomplete: ");
    answer_put_remark(out, answer);
    if (out->len <= start + (answer->coverage ? 2 : 0))
        out->len = start;
    else
        buffer_put_u8(out, '\n');
}

void answer_tell(const struct answer *answer, bool is_wanted)
{
    struct answer told = *answer;
    struct buffer text;

    told.damage = NULL; /* the sentence stands in the error that follows */
    if (!is_wanted && !isatty(STDERR_FILENO) && answer_is_complete(answer))
        return;
    buffer_init(&text, TEXT_LIMIT_BYTES);
    answer_put_text(&text, &told);
    if (text.len > 0)
        fwrite(text.data, 1, text.len, stderr);
    buffer_clear(&text);
}

/* ---- as JSON ---- */

static void put_time(struct json_writer *json, const char *name, int64_t ts_ns, bool is_local)
{
    char text[TIMESTAMP_TEXT_BYTES];

    json_writer_name(json, name);
    json_writer_string(json, timestamp_format(ts_ns, is_local, text));
}

static void put_json_span(struct json_writer *json, const struct coverage_span *span, bool is_local)
{
    json_writer_object(json);
    put_time(json, "from", span->from_ns, is_local);
    put_time(json, "to", span->to_ns, is_local);
    json_writer_name(json, "state");
    json_writer_string(json, coverage_state_name(span->state));
    if (span->cause != COVERAGE_NO_CAUSE) {
        json_writer_name(json, "cause");
        json_writer_string(json, coverage_cause_name(span->cause));
    }
    json_writer_end(json);
}

static void put_json_node(struct json_writer *json, const struct coverage_node *node, bool is_local)
{
    const struct coverage_losses *losses = &node->losses;

    json_writer_object(json);
    json_writer_name(json, "node");
    json_writer_string(json, node->name);
    json_writer_name(json, "complete");
    json_writer_bool(json, coverage_node_is_complete(node));
    json_writer_named_number(json, "covered_ns", (uint64_t)node->covered_ns);
    json_writer_named_number(json, "segments", node->n_segments);
    json_writer_named_number(json, "segments_without_counters", node->n_without_counters);
    json_writer_name(json, "spans");
    json_writer_array(json);
    for (uint32_t i = 0; i < node->n_spans; i++)
        put_json_span(json, &node->spans[i], is_local);
    json_writer_end(json);
    json_writer_name(json, "packets");
    json_writer_object(json);
    json_writer_named_number(json, "received", losses->n_received);
    json_writer_named_number(json, "dropped_by_kernel", losses->n_kernel);
    json_writer_named_number(json, "dropped_by_queue", losses->n_queue);
    json_writer_named_number(json, "dropped_by_disk", losses->n_disk);
    json_writer_named_number(json, "truncated_by_mirror", losses->n_truncated_mirror);
    json_writer_named_number(json, "cut", losses->n_cut);
    json_writer_end(json);
    json_writer_named_number(json, "device_stays_left_out", losses->n_bindings_cut);
    json_writer_end(json);
}

void answer_put_json(struct json_writer *json, const struct answer *answer)
{
    const struct coverage *coverage = answer->coverage;

    json_writer_object(json);
    json_writer_name(json, "complete");
    json_writer_bool(json, answer_is_complete(answer));
    if (coverage) {
        put_time(json, "from", coverage->range.from_ns, answer->is_local);
        put_time(json, "to", coverage->range.to_ns, answer->is_local);
        json_writer_name(json, "nodes");
        json_writer_array(json);
        for (uint32_t i = 0; i < coverage->n_nodes; i++)
            put_json_node(json, &coverage->nodes[i], answer->is_local);
        json_writer_end(json);
    } else {
        json_writer_named_number(json, "dropped_when_captured", answer->n_dropped_before);
    }
    json_writer_name(json, "interrupted");
    json_writer_bool(json, answer->was_interrupted);
    json_writer_named_number(json, "unreadable_parts", answer->n_damaged);
    if (answer->damage) {
        json_writer_name(json, "first_unreadable");
        json_writer_string(json, answer->damage);
    }
    json_writer_named_number(json, "found", answer->n_found);
    json_writer_named_number(json, "found_cut", answer->n_found_cut);
    json_writer_end(json);
}
