/* SPDX-License-Identifier: Apache-2.0 */
#include "web/live_socket.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/reader.h"
#include "base/timestamp.h"
#include "web/audit.h"
#include "web/live_message.h"
#include "web/live_room_parts.h"
#include "web/server.h"
#include "web/site.h"

enum {
    MESSAGE_LIMIT_BYTES = 80 * 1024, /* of the page's: a filter may have 64 KiB */
    MESSAGES_BURST = 200,            /* at once; then */
    MESSAGE_EACH_MS = 20,            /* one each so often */
    CLOSE_RESTART = 1012,            /* registered with IANA */
    CLOSE_REVOKED = 4001,
    CLOSE_EXPIRED = 4002,
    CLOSE_LOGGED_OUT = 4003,
    TAIL_ROWS_A_SECOND = 750, /* 60 each 80 ms */
};

/* ---- telling ---- */

static void begin_text(struct buffer *out)
{
    buffer_init(out, LIVE_MESSAGE_LIMIT_BYTES);
}

/* A message that could not be built for want of memory would be missed in silence: then the socket ends. */
static void tell(struct viewer *viewer, struct buffer *out)
{
    if (out->is_full)
        web_socket_close(viewer->socket, WEBSOCKET_CLOSE_TRY_AGAIN_LATER, "no memory");
    else
        web_socket_send_text(viewer->socket, buffer_bytes(out));
    buffer_clear(out);
}

static void tell_error(struct viewer *viewer, const char *code, const char *words)
{
    struct buffer out;

    viewer->room->statistics.n_messages_refused++;
    begin_text(&out);
    live_put_error(&out, code, words);
    tell(viewer, &out);
}

/* ---- what the hub says ---- */

static void tell_missed(struct live_view *view)
{
    const struct missed_rows *missed = &view->missed;
    const struct hub_gap gap = { .cause = HUB_GAP_VIEWER,
                                 .first = missed->first,
                                 .last = missed->last,
                                 .n = missed->n,
                                 .from_ns = missed->from_ns,
                                 .to_ns = missed->to_ns };
    struct buffer out;

    if (missed->n == 0)
        return;
    begin_text(&out);
    live_put_gap_message(&out, view->number, &gap);
    view->missed = (struct missed_rows) { 0 };
    tell(view->viewer, &out);
}

static uint64_t under_way_bytes(const struct live_view *view)
{
    return view->n_sent_bytes - view->n_painted_bytes;
}

/* Behind a gap half of the credit must be free again, or a slow page would get gaps between single frames. */
static bool has_credit(const struct live_view *view, size_t frame_bytes)
{
    uint64_t under_way = under_way_bytes(view);

    if (view->missed.n > 0)
        return under_way <= VIEWER_CREDIT_BYTES / 2;
    return under_way == 0 || under_way + frame_bytes <= VIEWER_CREDIT_BYTES;
}

/* docs/live-protocol.md, "A frame of rows": the earliest time. */
static int64_t frame_time_ns(const struct shared_bytes *frame)
{
    struct reader r = reader_over(shared_bytes_view(frame));
    uint64_t ts_ns;

    return reader_skip(&r, 24) && reader_u64le(&r, &ts_ns) ? (int64_t)ts_ns : 0;
}

static void miss(struct live_view *view, const struct shared_bytes *frame, uint32_t n_rows, uint64_t first,
                 uint64_t last)
{
    struct missed_rows *missed = &view->missed;
    int64_t at_ns = frame_time_ns(frame);

    if (missed->n == 0) {
        missed->first = first;
        missed->from_ns = at_ns;
    }
    missed->n += n_rows;
    missed->last = last;
    missed->to_ns = at_ns;
    view->viewer->room->statistics.n_frames_missed++;
    view->viewer->room->statistics.n_rows_missed += n_rows;
}

static void told_frame(void *context, struct shared_bytes *frame, uint32_t n_rows, uint64_t first,
                       uint64_t last)
{
    struct live_view *view = context;
    struct viewer *viewer = view->viewer;
    struct live_statistics *statistics = &viewer->room->statistics;
    struct shared_bytes *front, *rest;

    view->n_framed_rows += n_rows;
    if (!view->wants_rows)
        return;
    if (!has_credit(view, frame->len) || !live_room_split(viewer->room, frame, view->number, &front, &rest)) {
        miss(view, frame, n_rows, first, last);
        return;
    }
    tell_missed(view);
    if (!web_socket_send_pieces(viewer->socket, front, rest))
        return; /* it is closing */
    view->n_sent_bytes += frame->len;
    view->n_sent_rows += n_rows;
    statistics->n_frames_sent++;
    statistics->n_rows_sent += n_rows;
    statistics->n_bytes_sent += frame->len;
}

/*
 * A group may have counted before this viewer joined it. What it tells first says how much: all but the
 * packets from his first number on, and the rows that were framed since. Of a part of the source it does not
 * know how many of these are its own: then all but those that were framed, which is too few by what came in
 * that quarter of a second and did not match.
 */
static void find_before(struct live_view *view, const struct hub_count *count)
{
    bool is_of_all = scope_is_all(&view->viewer->access.scope);
    uint64_t n_since = !is_of_all                     ? view->n_framed_rows
                       : count->through >= view->next ? count->through - view->next + 1
                                                      : 0;

    if (!is_of_all && view->is_first)
        n_since = count->n_seen;
    view->has_before = true;
    if (count->n_seen <= n_since)
        return; /* it began with him */
    view->n_seen_before = count->n_seen - n_since;
    view->n_matched_before =
        count->n_matched > view->n_framed_rows ? count->n_matched - view->n_framed_rows : 0;
}

static void told_count(void *context, const struct hub_count *count)
{
    struct live_view *view = context;
    struct live_count of_viewer = { .view = view->number,
                                    .through = count->through,
                                    .per_second = count->per_second,
                                    .last_ts_ns = count->last_ts_ns,
                                    .n_sent = view->n_sent_rows };
    struct buffer out;

    if (!view->has_before)
        find_before(view, count);
    of_viewer.n_seen = count->n_seen - view->n_seen_before;
    of_viewer.n_matched = count->n_matched - view->n_matched_before;
    if (count->is_tail)
        of_viewer.tail = (count->per_second + TAIL_ROWS_A_SECOND - 1) / TAIL_ROWS_A_SECOND;
    begin_text(&out);
    live_put_count(&out, &of_viewer);
    tell(view->viewer, &out);
}

static void told_bars(void *context, const struct hub_bar *bars, uint32_t n)
{
    struct live_view *view = context;
    struct buffer out;

    begin_text(&out);
    live_put_bars(&out, view->number, bars, n);
    tell(view->viewer, &out);
}

static void told_gap(void *context, const struct hub_gap *gap)
{
    struct live_view *view = context;
    struct buffer out;

    begin_text(&out);
    live_put_gap_message(&out, view->number, gap);
    tell(view->viewer, &out);
}

static void told_state(void *context, enum hub_state state, const char *words)
{
    struct live_view *view = context;
    struct buffer out;

    (void)state;
    (void)words; /* the source's own say both */
    begin_text(&out);
    live_put_source_message(&out, view->source);
    tell(view->viewer, &out);
}

/* ---- what the page says ---- */

static const char *text_of(const json_t *message, const char *name)
{
    return json_string_value(json_object_get(message, name));
}

static void take_hello(struct viewer *viewer, const json_t *message)
{
    people_rename(viewer->room->site->people, &viewer->seat, message);
}

/* Where I am, whom I follow: what is told to the others. */
static void take_place(struct viewer *viewer, const json_t *message)
{
    const char *code, *words;

    if (!people_message(viewer->room->site->people, &viewer->seat, message, &code, &words))
        tell_error(viewer, code, words);
}

static void leave_view(struct viewer *viewer)
{
    if (viewer->view == NULL)
        return;
    hub_leave(viewer->view->group, &viewer->view->listener);
    free(viewer->view);
    viewer->view = NULL;
}

static bool take_rows_word(const json_t *message, bool *wants_rows)
{
    const char *rows = text_of(message, "rows");

    *wants_rows = rows == NULL || strcmp(rows, "all") == 0;
    return *wants_rows || strcmp(rows, "none") == 0;
}

static void tell_no_view(struct viewer *viewer, uint32_t number, const struct error *error)
{
    struct buffer out;

    if (error->kind != ERROR_USAGE && error->kind != ERROR_UNSUPPORTED) {
        tell_error(viewer, "no_view", error->text);
        return;
    }
    begin_text(&out);
    live_put_filter_error(&out, number, error);
    tell(viewer, &out);
}

static struct live_view *make_view(struct viewer *viewer, uint32_t number, struct site_source *source)
{
    struct live_view *view = calloc(1, sizeof *view);

    if (view == NULL)
        return NULL;
    view->viewer = viewer;
    view->number = number;
    view->source = source;
    view->listener = (struct hub_listener) { .context = view,
                                             .frame = told_frame,
                                             .count = told_count,
                                             .bars = told_bars,
                                             .gap = told_gap,
                                             .state = told_state };
    return view;
}

static void tell_viewing(struct live_view *view)
{
    struct buffer out;

    begin_text(&out);
    live_put_viewing(&out, view->number, view->next, NULL);
    tell(view->viewer, &out);
}

static void write_down(struct viewer *viewer, const char *what, const char *source, const char *filter)
{
    const struct site *site = viewer->room->site;

    audit_add(site->audit, &viewer->access, people_name(site->people, viewer->access.person), what,
              "%s live%s%s", source, filter && filter[0] ? ", filter " : "", filter ? filter : "");
}

static void begin_view(struct viewer *viewer, uint32_t number, struct site_source *source, bool wants_rows,
                       const json_t *message)
{
    const struct question question = { .filter = text_of(message, "filter"),
                                       .device = text_of(message, "device"),
                                       .scope = viewer->access.scope };
    struct live_view *view = make_view(viewer, number, source);
    struct error error = { .kind = ERROR_SYSTEM, .text = "no memory for a view" };
    struct hub *hub = view ? live_room_hub(viewer->room, source, &error) : NULL;

    if (hub)
        view->group = hub_join(hub, &question, &view->listener, &view->next, &error);
    if (view == NULL || view->group == NULL) {
        free(view);
        tell_no_view(viewer, number, &error);
        return;
    }
    leave_view(viewer);
    viewer->view = view;
    view->is_first = !hub_group_has_told(view->group);
    view->wants_rows = wants_rows;
    if (!wants_rows)
        hub_want_rows(view->group, &view->listener, false);
    tell_viewing(view);
    write_down(viewer, "view", source->name, question.filter);
}

static void take_view(struct viewer *viewer, const json_t *message)
{
    const json_t *number = json_object_get(message, "view");
    const char *name = text_of(message, "source");
    struct site_source *source = name ? site_source_find(viewer->room->site, bytes_text(name)) : NULL;
    bool wants_rows;

    if (!json_is_integer(number) || json_integer_value(number) < 1 ||
        json_integer_value(number) > UINT32_MAX || !take_rows_word(message, &wants_rows))
        tell_error(viewer, "bad_view", "a view has a number from 1 on, a source, and rows: all or none");
    else if (source == NULL || !scope_has_source(&viewer->access.scope, source->name))
        tell_error(viewer, "not_here", "there is no such source, or none that you may see");
    else
        begin_view(viewer, (uint32_t)json_integer_value(number), source, wants_rows, message);
}

/* What speaks of a view that was replaced meanwhile is late, and no fault. */
static struct live_view *view_meant(struct viewer *viewer, const json_t *message)
{
    struct live_view *view = viewer->view;

    return view && json_integer_value(json_object_get(message, "view")) == view->number ? view : NULL;
}

static void take_rows(struct viewer *viewer, const json_t *message)
{
    struct live_view *view = view_meant(viewer, message);
    bool wants_rows;

    if (!take_rows_word(message, &wants_rows)) {
        tell_error(viewer, "bad_rows", "rows are all or none");
        return;
    }
    if (view == NULL || view->wants_rows == wants_rows)
        return;
    tell_missed(view);
    view->wants_rows = wants_rows;
    view->next = hub_want_rows(view->group, &view->listener, wants_rows);
    if (wants_rows)
        tell_viewing(view); /* what came meanwhile is asked for, up to there */
}

static void take_painted(struct viewer *viewer, const json_t *message)
{
    struct live_view *view = view_meant(viewer, message);
    json_int_t n_bytes = json_integer_value(json_object_get(message, "bytes"));

    /* Nobody has painted what he was not sent, or less than before. */
    if (view == NULL || n_bytes < 0 || (uint64_t)n_bytes > view->n_sent_bytes ||
        (uint64_t)n_bytes < view->n_painted_bytes)
        return;
    view->n_painted_bytes = (uint64_t)n_bytes;
    if (under_way_bytes(view) <= VIEWER_CREDIT_BYTES / 2)
        tell_missed(view);
}

static void take_ping(struct viewer *viewer, const json_t *message)
{
    struct buffer out;

    begin_text(&out);
    live_put_pong(&out, json_number_value(json_object_get(message, "t")));
    tell(viewer, &out);
}

static const struct {
    const char *type;
    void (*take)(struct viewer *viewer, const json_t *message);
    bool is_by_itself; /* the page sends it unasked: no sign of life of a person */
} takers[] = {
    { "hello", take_hello, false },    { "view", take_view, false },   { "rows", take_rows, false },
    { "painted", take_painted, true }, { "ping", take_ping, true },    { "place", take_place, false },
    { "follow", take_place, false },   { "bring", take_place, false },
};

static void take_message(struct viewer *viewer, const json_t *message)
{
    const char *type = text_of(message, "type");

    viewer->room->statistics.n_messages++;
    for (size_t i = 0; type && i < sizeof takers / sizeof *takers; i++) {
        if (strcmp(type, takers[i].type) != 0)
            continue;
        if (!takers[i].is_by_itself)
            people_stir(viewer->room->site->people, &viewer->seat);
        takers[i].take(viewer, message);
        return;
    }
    tell_error(viewer, "unknown_type", "this server knows no message of that type");
}

/* Leaky: each message moves the mark by its price, and the mark may lie so far ahead. */
static bool is_within_allowance(struct viewer *viewer)
{
    const int64_t price_ns = MESSAGE_EACH_MS * (NS_PER_SECOND / 1000);
    int64_t now_ns = loop_now_ns(viewer->room->site->loop);

    if (viewer->messages_until_ns < now_ns)
        viewer->messages_until_ns = now_ns;
    viewer->messages_until_ns += price_ns;
    return viewer->messages_until_ns - now_ns <= MESSAGES_BURST * price_ns;
}

static void message(void *context, enum websocket_opcode opcode, struct bytes payload)
{
    struct viewer *viewer = context;
    json_error_t fault;
    json_t *json;

    if (!is_within_allowance(viewer)) {
        web_socket_close(viewer->socket, WEBSOCKET_CLOSE_POLICY, "too many messages");
        return;
    }
    json = opcode == WEBSOCKET_TEXT
               ? json_loadb((const char *)payload.data, payload.len, JSON_REJECT_DUPLICATES, &fault)
               : NULL;
    if (json_is_object(json))
        take_message(viewer, json);
    else
        tell_error(viewer, "bad_message", "a message is a JSON object, as text");
    json_decref(json);
}

/* ---- from its beginning to its end ---- */

static void end(void *context, enum access_end why)
{
    static const struct {
        const char *why, *words;
        unsigned code;
    } ends[] = {
        [ACCESS_REVOKED] = { "revoked", "this link was revoked", CLOSE_REVOKED },
        [ACCESS_EXPIRED] = { "expired", "this link, or login, is over", CLOSE_EXPIRED },
        [ACCESS_LOGGED_OUT] = { "logged_out", "you logged out", CLOSE_LOGGED_OUT },
        [ACCESS_RESTART] = { "restart", "the server restarts", CLOSE_RESTART },
    };
    struct viewer *viewer = context;
    struct buffer out, words;

    begin_text(&words);
    if (viewer->access.kind == ACCESS_LINK && (why == ACCESS_REVOKED || why == ACCESS_EXPIRED))
        links_words(viewer->room->site->links, why == ACCESS_REVOKED ? LINK_WAS_REVOKED : LINK_WAS_EXPIRED,
                    bytes_text(viewer->access.link), &words); /* and whom to ask */
    else
        buffer_put_text(&words, ends[why].words);
    buffer_put_u8(&words, '\0');
    begin_text(&out);
    live_put_ended(&out, ends[why].why, words.is_full ? ends[why].words : (const char *)words.data);
    buffer_clear(&words);
    tell(viewer, &out);
    leave_view(viewer);
    web_socket_close(viewer->socket, ends[why].code, ends[why].why);
}

static void closed(void *context)
{
    struct viewer *viewer = context;

    leave_view(viewer);
    people_leave(viewer->room->site->people, &viewer->seat);
    live_room_leave(viewer->room, viewer);
    free(viewer);
}

static const struct web_socket_handler handler = { .message = message, .end = end, .closed = closed };

static void send_frame(void *context, struct shared_bytes *frame)
{
    struct viewer *viewer = context;

    web_socket_send_frame(viewer->socket, frame);
}

static struct viewer *make_viewer(const struct exchange *exchange)
{
    struct viewer *viewer = calloc(1, sizeof *viewer);

    if (viewer == NULL)
        return NULL;
    viewer->access = *exchange->access;
    viewer->address = *exchange->access->source;
    viewer->access.source = &viewer->address;
    viewer->seat.send = send_frame;
    viewer->seat.context = viewer;
    return viewer;
}

static void tell_hello(struct viewer *viewer)
{
    const struct site *site = viewer->room->site;
    json_t *you = people_you(&viewer->seat);
    struct buffer out;

    begin_text(&out);
    live_put_hello(&out, site, &viewer->access, you);
    json_decref(you);
    tell(viewer, &out);
}

/* His link may have become full, or ended, since the gate looked. */
static void turn_away(struct viewer *viewer, enum link_answer answer)
{
    struct buffer words;

    buffer_init(&words, 2048);
    links_words(viewer->room->site->links, answer, bytes_text(viewer->access.link), &words);
    buffer_put_u8(&words, '\0');
    tell_error(viewer, answer == LINK_IS_FULL ? "link_full" : "no_link",
               words.is_full ? "" : (const char *)words.data);
    buffer_clear(&words);
    web_socket_close(viewer->socket, answer == LINK_IS_FULL ? WEBSOCKET_CLOSE_TRY_AGAIN_LATER : CLOSE_REVOKED,
                     "");
}

void live_socket_open(struct exchange *exchange)
{
    struct live_room *room = exchange->site->live;
    struct viewer *viewer = make_viewer(exchange);
    enum link_answer answer;

    if (viewer == NULL) {
        exchange_problem(exchange, 503, "no_memory",
                         "the server has no memory for another viewer; try again later");
        return;
    }
    viewer->socket = web_socket_open(exchange, "tapdeck.v1", MESSAGE_LIMIT_BYTES, &handler, viewer);
    if (viewer->socket == NULL) {
        free(viewer);
        return;
    }
    live_room_enter(room, viewer);
    answer = people_sit(room->site->people, &viewer->seat, &viewer->access, NULL);
    if (answer == LINK_IS_GOOD)
        tell_hello(viewer);
    else
        turn_away(viewer, answer);
}

/* ---- what is told to all ---- */

void live_source_changed(struct site *site, const struct site_source *source)
{
    struct buffer out;

    begin_text(&out);
    live_put_source_message(&out, source);
    if (!out.is_full)
        live_room_tell(site->live, source->name, buffer_bytes(&out));
    buffer_clear(&out);
}

void live_trouble(struct site *site, const struct site_source *source)
{
    struct buffer out;

    begin_text(&out);
    live_put_trouble(&out, source->trouble, source->trouble_since_ns);
    if (!out.is_full)
        live_room_tell(site->live, source->name, buffer_bytes(&out));
    buffer_clear(&out);
}
