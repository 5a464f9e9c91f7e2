/* SPDX-License-Identifier: Apache-2.0 */
#include "web/live_stream.h"

#include <stdlib.h>

#include "base/json_writer.h"
#include "base/timestamp.h"
#include "live/row_frame.h"
#include "web/live_message.h"
#include "web/live_room_parts.h"
#include "web/site.h"
#include "web/web_stream.h"

enum { LINES_LIMIT_BYTES = 1024 * 1024 };

struct live_stream {
    struct live_room *room;
    struct web_stream *stream;
    struct hub_group *group;
    struct hub_listener listener;
    struct missed_rows missed;
    uint64_t n_sent_rows;
};

static void put_text(struct json_writer *json, const char *name, struct bytes text)
{
    json_writer_name(json, name);
    json_writer_text(json, text);
}

static void put_row(void *context, const struct row *row)
{
    struct buffer *out = context;
    struct json_writer json;
    char time[TIMESTAMP_TEXT_BYTES];

    json_writer_init(&json, out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    json_writer_name(&json, "number");
    json_writer_number(&json, row->number);
    put_text(&json, "time", bytes_text(timestamp_format(row->ts_ns, false, time)));
    json_writer_name(&json, "device");
    if (row->device.len)
        json_writer_text(&json, row->device);
    else
        json_writer_null(&json);
    put_text(&json, "source", row->source);
    put_text(&json, "destination", row->destination);
    put_text(&json, "protocol", row->protocol);
    json_writer_name(&json, "length");
    json_writer_number(&json, row->len);
    put_text(&json, "info", row->info);
    json_writer_name(&json, "marks");
    json_writer_number(&json, row->marks);
    json_writer_end(&json);
    buffer_put_u8(out, '\n');
}

static void put_gap_line(struct buffer *out, const struct hub_gap *gap)
{
    struct json_writer json;

    json_writer_init(&json, out, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    json_writer_name(&json, "gap");
    json_writer_object(&json);
    live_put_gap(&json, gap);
    json_writer_end(&json);
    json_writer_end(&json);
    buffer_put_u8(out, '\n');
}

static void put_missed(struct buffer *out, const struct missed_rows *missed)
{
    const struct hub_gap gap = {
        .cause = HUB_GAP_VIEWER, .first = missed->first, .last = missed->last, .n = missed->n
    };

    if (missed->n)
        put_gap_line(out, &gap);
}

static void told_frame(void *context, struct shared_bytes *frame, uint32_t n_rows, uint64_t first,
                       uint64_t last)
{
    struct live_stream *stream = context;
    uint32_t view, flags;
    struct buffer lines;

    buffer_init(&lines, LINES_LIMIT_BYTES);
    put_missed(&lines, &stream->missed);
    if (row_frame_read(shared_bytes_view(frame), &view, &flags, put_row, &lines) && !lines.is_full &&
        web_stream_send(stream->stream, buffer_bytes(&lines), LIVE_STREAM_AHEAD_BYTES)) {
        stream->missed = (struct missed_rows) { 0 };
        stream->n_sent_rows += n_rows;
    } else {
        if (stream->missed.n == 0)
            stream->missed.first = first;
        stream->missed.n += n_rows;
        stream->missed.last = last;
        stream->room->statistics.n_rows_missed += n_rows;
    }
    buffer_clear(&lines);
}

static void told_count(void *context, const struct hub_count *count)
{
    struct live_stream *stream = context;
    struct json_writer json;
    struct buffer line;

    buffer_init(&line, 1024);
    json_writer_init(&json, &line, JSON_WRITER_COMPACT);
    json_writer_object(&json);
    json_writer_name(&json, "count");
    json_writer_object(&json);
    json_writer_name(&json, "through");
    json_writer_number(&json, count->through);
    json_writer_name(&json, "sent");
    json_writer_number(&json, stream->n_sent_rows);
    json_writer_name(&json, "per_second");
    json_writer_number(&json, count->per_second);
    json_writer_end(&json);
    json_writer_end(&json);
    buffer_put_u8(&line, '\n');
    web_stream_send(stream->stream, buffer_bytes(&line),
                    LIVE_STREAM_AHEAD_BYTES); /* the next one tells more */
    buffer_clear(&line);
}

static void told_bars(void *context, const struct hub_bar *bars, uint32_t n)
{
    (void)context;
    (void)bars;
    (void)n;
}

static void told_gap(void *context, const struct hub_gap *gap)
{
    struct live_stream *stream = context;
    struct buffer line;

    buffer_init(&line, 4096);
    put_gap_line(&line, gap);
    /* A gap of the capture's is never left out: its few bytes go over the bound if need be. */
    web_stream_send(stream->stream, buffer_bytes(&line), WEB_OUTPUT_LIMIT_BYTES);
    buffer_clear(&line);
}

static void told_state(void *context, enum hub_state state, const char *words)
{
    (void)context;
    (void)state;
    (void)words; /* a stopped recorder is told as a gap when it goes on */
}

static void drained(void *context)
{
    struct live_stream *stream = context;
    struct buffer line;

    if (stream->missed.n == 0)
        return;
    buffer_init(&line, 4096);
    put_missed(&line, &stream->missed);
    if (web_stream_send(stream->stream, buffer_bytes(&line), LIVE_STREAM_AHEAD_BYTES))
        stream->missed = (struct missed_rows) { 0 };
    buffer_clear(&line);
}

static void closed(void *context)
{
    struct live_stream *stream = context;

    stream->room->statistics.n_streams--;
    hub_leave(stream->group, &stream->listener);
    free(stream);
}

static const struct web_stream_handler handler = { .drained = drained, .closed = closed };

static void refuse(struct exchange *exchange, const struct error *error)
{
    if (error->kind == ERROR_USAGE || error->kind == ERROR_UNSUPPORTED)
        exchange_problem(exchange, 400, "filter", "%s", error->text);
    else
        exchange_problem(exchange, 503, "no_stream", "%s", error->text);
}

void live_stream_open(struct exchange *exchange)
{
    struct live_room *room = exchange->site->live;
    struct error error = { .kind = ERROR_SYSTEM, .text = "no memory for a stream" };
    struct live_stream *stream;
    struct question question;
    struct hub *hub;
    uint64_t next;

    if (!exchange_question(exchange, exchange->parameters[0], &question))
        return;
    hub = live_room_hub(room, site_source_find(exchange->site, exchange->parameters[0]), &error);
    stream = hub ? calloc(1, sizeof *stream) : NULL;
    if (stream) {
        stream->room = room;
        stream->listener = (struct hub_listener) { .context = stream,
                                                   .frame = told_frame,
                                                   .count = told_count,
                                                   .bars = told_bars,
                                                   .gap = told_gap,
                                                   .state = told_state };
        stream->group = hub_join(hub, &question, &stream->listener, &next, &error);
    }
    if (stream == NULL || stream->group == NULL) {
        free(stream);
        refuse(exchange, &error);
        return;
    }
    stream->stream = web_stream_open(exchange, "application/x-ndjson", &handler, stream);
    if (stream->stream == NULL) {
        hub_leave(stream->group, &stream->listener);
        free(stream);
        return;
    }
    room->statistics.n_streams++;
}
