/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_status_text - the status of an archive for people.
 */
#include <stdio.h>
#include <string.h>

#include "base/size_text.h"
#include "base/utf8.h"
#include "cli/cmd_status.h"

/* Names come from interfaces and command lines: escaped like all else that others chose. */
static void put_name(struct buffer *out, const char *name)
{
    utf8_put_escaped(out, bytes_text(name));
}

static const char *second_format(int64_t ts_ns, bool is_local, char text[static TIMESTAMP_TEXT_BYTES])
{
    timestamp_format(ts_ns, is_local, text);
    memmove(text + 19, text + 29, strlen(text + 29) + 1);
    return text;
}

static void put_span(struct buffer *out, const struct holdings *held, bool is_local)
{
    char from[TIMESTAMP_TEXT_BYTES], to[TIMESTAMP_TEXT_BYTES], span[SIZE_TEXT_BYTES];

    if (held->min_ts_ns > held->max_ts_ns)
        return;
    buffer_printf(out, "  span       %s to %s (%s)\n", second_format(held->min_ts_ns, is_local, from),
                  second_format(held->max_ts_ns, is_local, to),
                  duration_format(held->max_ts_ns - held->min_ts_ns, span));
}

static void put_holdings(struct buffer *out, const char *directory, const struct holdings *held,
                         bool is_local)
{
    char a[SIZE_TEXT_BYTES], b[SIZE_TEXT_BYTES];
    uint32_t n = held->n_sealed + held->n_open;

    buffer_put_text(out, "archive ");
    put_name(out, directory);
    buffer_put_u8(out, '\n');
    if (n == 0) {
        buffer_printf(out, "  empty: nothing was recorded here yet\n");
        return;
    }
    put_span(out, held, is_local);
    buffer_printf(out, "  segments   %u", n);
    if (held->n_open > 0)
        buffer_printf(out, ", %u of them open", held->n_open);
    if (held->n_unindexed > 0)
        buffer_printf(out, ", %u without a readable index (tapdeck check --repair makes it anew): %s",
                      held->n_unindexed, held->first.text);
    buffer_printf(out, "\n  packets    %s%s\n", count_format(held->n_packets, a),
                  held->n_open > 0 ? " in sealed segments" : "");
    buffer_printf(out, "  stored     %s", size_format(held->n_stored_bytes, a));
    if (held->n_indexed_bytes > 0 && held->n_raw_bytes > 0)
        buffer_printf(out, ", packed %.1f : 1 from %s",
                      (double)held->n_raw_bytes / (double)held->n_indexed_bytes,
                      size_format(held->n_raw_bytes, b));
    buffer_printf(out, "\n  index      %s", size_format(held->n_index_bytes, a));
    if (held->n_raw_bytes > 0)
        buffer_printf(out, " (%.2f %% of the raw bytes)",
                      100.0 * (double)held->n_index_bytes / (double)held->n_raw_bytes);
    buffer_put_u8(out, '\n');
}

/* ---- recorders ---- */

struct drop { /* every way a packet can be lost or cut, each with its name */
    const char *name;
    size_t offset; /* of the counter in struct source_status */
};

static const struct drop drops[] = {
    { "dropped by the kernel", offsetof(struct source_status, n_kernel) },
    { "dropped by a full queue", offsetof(struct source_status, n_queue) },
    { "dropped by the disk", offsetof(struct source_status, n_disk) },
    { "cut short by the mirror", offsetof(struct source_status, n_truncated) },
    { "refused as no mirrored frame", offsetof(struct source_status, n_refused) },
};

static void put_source(struct buffer *out, const struct source_status *source)
{
    char packets[SIZE_TEXT_BYTES], size[SIZE_TEXT_BYTES];

    buffer_put_text(out, "  source     ");
    put_name(out, source->name);
    buffer_printf(out, ": %s packets, %s\n", count_format(source->n_packets, packets),
                  size_format(source->n_bytes, size));
    for (size_t i = 0; i < sizeof drops / sizeof *drops; i++) {
        uint64_t count = *(const uint64_t *)((const char *)source + drops[i].offset);

        buffer_printf(out, "    %-28s  %s\n", drops[i].name, count_format(count, packets));
    }
}

static void put_tap(struct buffer *out, const struct recorder_status *status)
{
    char packets[SIZE_TEXT_BYTES], dropped[SIZE_TEXT_BYTES], size[SIZE_TEXT_BYTES];

    buffer_printf(out, "  taps       %u reader%s, %s connected in all\n", status->n_readers,
                  status->n_readers == 1 ? "" : "s", count_format(status->tap.n_connected, packets));
    buffer_printf(out, "    %-28s  %s\n", "dropped by slow readers",
                  count_format(status->tap.n_dropped, dropped));
    buffer_printf(out, "    %-28s  %s\n", "closed, took nothing",
                  count_format(status->tap.n_stalled, dropped));
    buffer_printf(out, "    %-28s  %s\n", "refused, too many", count_format(status->tap.n_refused, dropped));
    for (uint32_t i = 0; i < status->n_readers; i++) {
        const struct reader_status *reader = &status->readers[i];

        buffer_put_text(out, "    ");
        put_name(out, reader->name);
        buffer_printf(out, ": %s packets, %s dropped, %s waiting\n", count_format(reader->n_packets, packets),
                      count_format(reader->n_dropped, dropped), size_format(reader->n_queued_bytes, size));
    }
}

static void put_recorder(struct buffer *out, const struct recorder_status *status, int64_t now_ns,
                         bool is_local)
{
    enum recorder_life life = recorder_life(status, now_ns);
    char a[SIZE_TEXT_BYTES], b[SIZE_TEXT_BYTES], time[TIMESTAMP_TEXT_BYTES];

    buffer_put_text(out, "recorder ");
    put_name(out, status->node);
    if (life == RECORDER_ALIVE)
        buffer_printf(out, ": recording since %s (process %lld)\n",
                      second_format(status->started_ns, is_local, time), (long long)status->pid);
    else if (life == RECORDER_DEAD)
        buffer_printf(out,
                      ": DEAD: process %lld is gone since %s; start it again, it seals what was left open\n",
                      (long long)status->pid, second_format(status->updated_ns, is_local, time));
    else
        buffer_printf(out, ": STUCK: process %lld has said nothing for %s\n", (long long)status->pid,
                      duration_format(now_ns - status->updated_ns, a));
    if (status->trouble[0]) {
        buffer_put_text(out, "  TROUBLE    ");
        put_name(out, status->trouble);
        buffer_put_u8(out, '\n');
    }
    buffer_printf(out, "  received   %s packets, %s", count_format(status->n_packets, a),
                  size_format(status->n_bytes, b));
    if (life == RECORDER_ALIVE) {
        buffer_printf(out, "; now %s packets/s", count_format(status->packets_per_second, a));
        buffer_printf(out, ", %s/s", size_format(status->bytes_per_second, a));
    }
    buffer_printf(out, "\n  written    %s\n", size_format(status->n_written_bytes, a));
    if (status->segment[0]) {
        buffer_put_text(out, "  segment    ");
        put_name(out, status->segment);
        buffer_put_u8(out, '\n');
    }
    buffer_printf(out, "  dropped by the disk, all sources  %s\n", count_format(status->n_disk, a));
    for (uint32_t i = 0; i < status->n_sources; i++)
        put_source(out, &status->sources[i]);
    if (status->has_tap)
        put_tap(out, status);
}

/* ---- all of it ---- */

static void put_holds(struct buffer *out, const struct holds_summary *holds)
{
    char size[SIZE_TEXT_BYTES];

    if (holds->trouble.kind != ERROR_NONE) {
        buffer_put_text(out, "  HELD       not known, so that retention deletes NOTHING: ");
        put_name(out, holds->trouble.text);
        buffer_put_u8(out, '\n');
        return;
    }
    if (holds->n_alive + holds->n_expired == 0)
        return;
    buffer_printf(out, "  held       %u segment%s, %s, by %u hold%s", holds->n_segments,
                  holds->n_segments == 1 ? "" : "s", size_format(holds->n_bytes, size), holds->n_alive,
                  holds->n_alive == 1 ? "" : "s");
    if (holds->n_expired)
        buffer_printf(out, " (%u more expired)", holds->n_expired);
    if (holds->quota_bytes)
        buffer_printf(out, ", of a quota of %s", size_format(holds->quota_bytes, size));
    buffer_put_text(out, " (tapdeck hold list)\n");
}

static void put_disk(struct buffer *out, const struct forecast_disk *disk)
{
    char free_text[SIZE_TEXT_BYTES], size_text[SIZE_TEXT_BYTES];

    if (disk->n_bytes)
        buffer_printf(out, "  disk       %s free of %s (%.0f %%)\n",
                      size_format(disk->n_free_bytes, free_text), size_format(disk->n_bytes, size_text),
                      100.0 * (double)disk->n_free_bytes / (double)disk->n_bytes);
}

static void put_bound(struct buffer *out, enum forecast_by by, const struct forecast_bound *bound)
{
    char text[SIZE_TEXT_BYTES];

    buffer_printf(out, "             %s", forecast_by_name(by));
    if (by != FORECAST_KEEP_AGE)
        buffer_printf(out, ", %s for the archive", size_format(bound->limit_bytes, text));
    if (bound->reach_ns == 0)
        buffer_put_text(out, ": what is held leaves no room: NOTHING new is kept for long");
    else if (bound->reach_ns >= FORECAST_MOST_NS)
        buffer_put_text(out, ": more than ten years");
    else
        buffer_printf(out, ": %s", duration_format(bound->reach_ns, text));
    if (bound->reach_ns < FORECAST_MOST_NS && bound->reached_in_ns > 0)
        buffer_printf(out, ", reached in %s", duration_format(bound->reached_in_ns, text));
    else if (bound->reach_ns < FORECAST_MOST_NS)
        buffer_put_text(out, by == FORECAST_DISK ? ", full now" : ", reached: the oldest go");
    buffer_put_u8(out, '\n');
}

static void put_forecast(struct buffer *out, const struct status_report *report)
{
    const struct forecast *forecast = &report->forecast;
    const struct forecast_bound *least = &forecast->bounds[forecast->by];
    char rate[SIZE_TEXT_BYTES], recorded[SIZE_TEXT_BYTES], reach[SIZE_TEXT_BYTES];

    if (report->holdings.n_sealed + report->holdings.n_open == 0)
        return;
    duration_format(forecast->recorded_ns, recorded);
    if (forecast->bytes_per_day <= 0) {
        buffer_printf(out, "  forecast   none yet: it takes an hour of sealed segments, and there are %s\n",
                      recorded);
        return;
    }
    buffer_printf(out, "  rate       %s a day, over %s of recording%s\n",
                  size_format((uint64_t)forecast->bytes_per_day, rate), recorded,
                  forecast->recorded_ns < 86400 * NS_PER_SECOND ? " (less than a day: other hours may differ)"
                                                                : "");
    if (!least->is_set)
        return;
    if (least->reach_ns >= FORECAST_MOST_NS)
        snprintf(reach, sizeof reach, "more than ten years");
    else
        duration_format(least->reach_ns, reach);
    buffer_printf(out, "  forecast   reaches back %s, bounded by %s\n", reach,
                  forecast_by_name(forecast->by));
    for (unsigned by = 0; by < FORECAST_BOUNDS; by++) {
        if (forecast->bounds[by].is_set)
            put_bound(out, (enum forecast_by)by, &forecast->bounds[by]);
    }
    if (report->n_recorders == 0)
        buffer_put_text(out, "             (a recorder's --keep-bytes, --keep-age and --min-free are known "
                             "while it runs)\n");
}

void status_put_text(struct buffer *out, const struct status_report *report, bool is_local)
{
    put_holdings(out, report->directory, &report->holdings, is_local);
    put_holds(out, &report->holds);
    put_disk(out, &report->disk);
    put_forecast(out, report);
    for (uint32_t i = 0; i < report->n_recorders; i++)
        put_recorder(out, report->recorders[i], report->now_ns, is_local);
    if (report->n_recorders + report->n_unreadable > 0)
        return;
    buffer_put_text(out,
                    report->holdings.n_open > 0
                        ? "no recorder says that it runs; what is open was left by one that was killed (the "
                          "next one seals it)\n"
                        : "no recorder is running here\n");
}
