/* SPDX-License-Identifier: Apache-2.0 */
#include "live/source_view.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "live/archive_rows.h"

static const char *const names[] = {
    [SOURCE_STATE_LIVE] = "live",   [SOURCE_STATE_ARCHIVE] = "archive",     [SOURCE_STATE_LOST] = "lost",
    [SOURCE_STATE_ENDED] = "ended", [SOURCE_STATE_DISK_FULL] = "disk_full",
};

const char *source_state_name(enum source_state state)
{
    return names[state];
}

static bool read_recorder(const struct number_map *map, struct recorder_status *status)
{
    char path[4096];
    struct error ignored;

    return snprintf(path, sizeof path, "%s/%s.status.json", map->directory, map->node) < (int)sizeof path &&
           status_file_read(path, status, &ignored);
}

static void tell_state(const struct number_map *map, int64_t now_ns, struct source_view *view)
{
    const struct numbered_segment_view *last = map->n ? &map->segments[map->n - 1] : NULL;
    const struct segment_recording *recording = last ? &last->recording : NULL;

    if (view->has_recorder && view->recorder.trouble[0]) {
        view->state = SOURCE_STATE_DISK_FULL;
        snprintf(view->words, sizeof view->words, "%s", view->recorder.trouble);
    } else if (view->has_recorder && recorder_life(&view->recorder, now_ns) == RECORDER_ALIVE) {
        view->state = SOURCE_STATE_LIVE;
        view->since_ns = view->recorder.started_ns;
        snprintf(view->words, sizeof view->words, "it is recorded now");
    } else if (view->has_recorder) {
        view->state = SOURCE_STATE_LOST;
        view->since_ns = view->recorder.updated_ns;
        snprintf(view->words, sizeof view->words, "its recorder gives no sign of life");
    } else if (recording && recording->kind == RECORDING_LIVE) {
        view->state = SOURCE_STATE_ENDED;
        view->since_ns = recording->until_ns;
        snprintf(view->words, sizeof view->words, "its recording was ended");
    } else {
        view->state = SOURCE_STATE_ARCHIVE;
        snprintf(view->words, sizeof view->words, "capture files that were imported");
    }
}

/* The ends of what may be seen: from segments, and where the scope or an open one cuts, from packets. */
static bool tell_times(struct archive_reader *reader, struct source_view *view)
{
    struct number_run run;
    struct error ignored;

    view->from_ns = INT64_MAX;
    view->to_ns = INT64_MIN;
    if (view->end == 0)
        return true;
    if (number_reader_from(reader->numbers, view->first, &run, &ignored) == NUMBER_PACKETS && run.n)
        view->from_ns = run.packets[0].ts_ns;
    if (number_reader_before(reader->numbers, view->end, &run, &ignored) == NUMBER_PACKETS && run.n)
        view->to_ns = run.packets[run.n - 1].ts_ns;
    return true;
}

bool source_view_find(struct archive_reader *reader, const struct scope *scope, int64_t now_ns,
                      struct source_view *view, struct error *error)
{
    (void)error;
    *view = (struct source_view) { 0 };
    view->has_recorder = read_recorder(&reader->map, &view->recorder);
    tell_state(&reader->map, now_ns, view);
    scope_span(reader, scope, &view->first, &view->end);
    return tell_times(reader, view);
}
