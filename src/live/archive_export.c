/* SPDX-License-Identifier: Apache-2.0 */
#include "live/archive_export.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "packet/pcapng_encode.h"

enum {
    WRITE_AT_BYTES = 64 << 10,
    BUFFER_LIMIT_BYTES = 32 << 20, /* the largest packet, and what waits before it */
    PCAPNG_OPTION_COMMENT = 1,
    OPTIONS_LIMIT_BYTES = 65000,
    HEAD_BYTES = 512, /* of the section and an interface, about */
};

struct exporting {
    const struct export_question *question;
    struct archive_reader *reader;
    struct buffer out, options;
    uint16_t *interfaces; /* of the reader's table: number in the section and 1; 0: not described yet */
    uint32_t n_interfaces, n_described;
    uint32_t next_comment;
};

static bool flush(struct exporting *exporting, size_t least)
{
    bool is_taken = exporting->out.len < least || exporting->out.len == 0 ||
                    exporting->question->write(exporting->question->context, buffer_bytes(&exporting->out));

    if (exporting->out.len >= least)
        buffer_empty(&exporting->out);
    return is_taken;
}

/* ---- the section's head ---- */

static void put_gap(void *context, const struct hub_gap *gap)
{
    struct buffer *text = context;
    char from[TIMESTAMP_TEXT_BYTES], to[TIMESTAMP_TEXT_BYTES];

    if (text->len > EXPORT_COMMENT_LIMIT_BYTES)
        return;
    buffer_printf(text, "\nGap: %s", hub_gap_cause_words(gap->cause));
    if (gap->n)
        buffer_printf(text, ", %llu packets", (unsigned long long)gap->n);
    if (gap->first)
        buffer_printf(text, ", numbers %llu to %llu", (unsigned long long)gap->first,
                      (unsigned long long)gap->last);
    if (gap->from_ns != INT64_MIN && gap->to_ns != INT64_MAX)
        buffer_printf(text, ", %s to %s", timestamp_format(gap->from_ns, false, from),
                      timestamp_format(gap->to_ns, false, to));
}

static bool put_head(struct exporting *exporting, uint64_t first, uint64_t end,
                     const struct time_range *range)
{
    struct buffer comment;
    bool is_put;

    buffer_init(&comment, 2 * EXPORT_COMMENT_LIMIT_BYTES);
    buffer_put_text(&comment, exporting->question->words ? exporting->question->words : "");
    if (end > first)
        number_map_gaps(&exporting->reader->map, first, end - 1, range, put_gap, &comment);
    buffer_put_u8(&comment, 0);
    is_put = !comment.is_full &&
             pcapng_put_section(&exporting->out, "tapdeck " TAPDECK_VERSION, (const char *)comment.data);
    buffer_clear(&comment);
    return is_put;
}

/* ---- packets ---- */

static bool describe(struct exporting *exporting, uint32_t interface, uint32_t *number)
{
    const struct interface_table *table = &exporting->reader->interfaces;

    if (interface >= table->n)
        return false;
    if (table->n > exporting->n_interfaces) {
        uint16_t *more = realloc(exporting->interfaces, table->n * sizeof *more);

        if (more == NULL)
            return false;
        memset(more + exporting->n_interfaces, 0, (table->n - exporting->n_interfaces) * sizeof *more);
        exporting->interfaces = more;
        exporting->n_interfaces = table->n;
    }
    if (exporting->interfaces[interface] == 0) {
        if (!pcapng_put_interface(&exporting->out, &table->items[interface]))
            return false;
        exporting->interfaces[interface] = (uint16_t)++exporting->n_described;
    }
    *number = exporting->interfaces[interface] - 1u;
    return true;
}

static void put_comment(struct buffer *options, const char *text)
{
    size_t len = strlen(text);

    if (options->len + len + 8 > OPTIONS_LIMIT_BYTES)
        return;
    buffer_put_u16le(options, PCAPNG_OPTION_COMMENT);
    buffer_put_u16le(options, (uint16_t)len);
    buffer_put(options, text, len);
    while (options->len % 4)
        buffer_put_u8(options, 0);
}

static bool put_packet(struct exporting *exporting, const struct packet *found)
{
    const struct export_question *question = exporting->question;
    struct packet packet = *found;
    uint32_t interface;

    while (exporting->next_comment < question->n_comments &&
           question->comments[exporting->next_comment].number < packet.packet_id)
        exporting->next_comment++;
    if (exporting->next_comment < question->n_comments &&
        question->comments[exporting->next_comment].number == packet.packet_id) {
        buffer_empty(&exporting->options);
        if (packet.options_len)
            buffer_put(&exporting->options, packet.options, packet.options_len);
        for (uint32_t i = exporting->next_comment;
             i < question->n_comments && question->comments[i].number == packet.packet_id; i++)
            put_comment(&exporting->options, question->comments[i].text);
        packet.options = exporting->options.data;
        packet.options_len = (uint16_t)exporting->options.len;
    }
    return describe(exporting, packet.interface, &interface) &&
           pcapng_put_packet(&exporting->out, &packet, interface);
}

static bool bound(struct archive_reader *reader, const struct export_question *question, uint64_t *first,
                  uint64_t *end)
{
    if (!scope_span(reader, &question->question.scope, first, end))
        return false;
    if (question->first > *first)
        *first = question->first;
    if (question->last < UINT64_MAX && question->last + 1 < *end)
        *end = question->last + 1;
    return *first < *end;
}

static bool write_all(struct exporting *exporting, struct judge *judge, struct error *error)
{
    struct scan_options options = { .reader = exporting->reader,
                                    .judge = judge,
                                    .stop = exporting->question->stop,
                                    .deadline_ms = INT64_MAX };
    enum scan_result result = SCAN_END;
    const struct dissection *d;
    struct archive_scan *scan;
    bool is_any = bound(exporting->reader, exporting->question, &options.first, &options.end);

    if (!is_any)
        options.first = options.end = 0;
    if (!put_head(exporting, options.first, options.end, judge_range(judge)))
        return error_set(error, ERROR_SYSTEM, "no memory for a download");
    if (!is_any)
        return flush(exporting, 0);
    scan = archive_scan_new(&options, error);
    if (scan == NULL)
        return false;
    while ((result = archive_scan_next(scan, &d, error)) == SCAN_MATCH) {
        if (!put_packet(exporting, d->packet)) {
            error_set(error, ERROR_SYSTEM, "no memory for a download");
            result = SCAN_FAULT;
            break;
        }
        if (!flush(exporting, WRITE_AT_BYTES)) {
            error_set(error, ERROR_SYSTEM, "who asked for it is gone");
            result = SCAN_FAULT;
            break;
        }
    }
    if (result == SCAN_END && archive_scan_damaged(scan)) {
        error_set(error, ERROR_DAMAGED, "parts of the archive could not be read");
        result = SCAN_FAULT;
    }
    archive_scan_free(scan);
    return result == SCAN_END && flush(exporting, 0);
}

enum answer_result archive_export(struct archive_reader *reader, struct archive_devices *devices,
                                  const struct export_question *question, struct error *error)
{
    struct exporting exporting = { .question = question, .reader = reader };
    struct judge *judge;
    enum judge_result judged = judge_new(&question->question, devices, &judge, error);
    bool is_done;

    if (judged != JUDGE_READY)
        return judged == JUDGE_REFUSED ? ANSWER_REFUSED : ANSWER_FAULT;
    buffer_init(&exporting.out, BUFFER_LIMIT_BYTES);
    buffer_init(&exporting.options, BUFFER_LIMIT_BYTES);
    is_done = write_all(&exporting, judge, error);
    buffer_clear(&exporting.out);
    buffer_clear(&exporting.options);
    free(exporting.interfaces);
    judge_free(judge);
    return is_done ? ANSWER_DONE : ANSWER_FAULT;
}

enum answer_result archive_export_estimate(struct archive_reader *reader, struct archive_devices *devices,
                                           const struct export_question *question,
                                           struct export_estimate *estimate, struct error *error)
{
    struct scan_options options = { .reader = reader,
                                    .stop = question->stop,
                                    .deadline_ms = scan_now_ms() + EXPORT_ESTIMATE_MS };
    enum judge_result judged = judge_new(&question->question, devices, &options.judge, error);
    enum scan_result result = SCAN_END;
    const struct dissection *d;
    struct archive_scan *scan = NULL;
    uint32_t comment = 0;

    *estimate = (struct export_estimate) { .n_bytes = HEAD_BYTES, .is_complete = true };
    if (judged != JUDGE_READY)
        return judged == JUDGE_REFUSED ? ANSWER_REFUSED : ANSWER_FAULT;
    if (bound(reader, question, &options.first, &options.end)) {
        scan = archive_scan_new(&options, error);
        if (scan == NULL)
            result = SCAN_FAULT;
    }
    while (scan && (result = archive_scan_next(scan, &d, error)) == SCAN_MATCH) {
        if (estimate->n_packets++ == 0)
            estimate->from_ns = d->packet->ts_ns;
        estimate->n_bytes += pcapng_packet_bytes(d->packet);
        for (; comment < question->n_comments && question->comments[comment].number <= d->packet->packet_id;
             comment++)
            if (question->comments[comment].number == d->packet->packet_id) {
                estimate->n_comments++;
                estimate->n_bytes += strlen(question->comments[comment].text) + 8;
            }
    }
    estimate->is_complete = result == SCAN_END;
    archive_scan_free(scan);
    judge_free(options.judge);
    return result == SCAN_FAULT ? ANSWER_FAULT : ANSWER_DONE;
}
