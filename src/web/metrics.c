/* SPDX-License-Identifier: Apache-2.0 */
#include "web/metrics.h"

#include <stdio.h>

#include "base/timestamp.h"
#include "net/connection.h"
#include "web/appsync_door.h"
#include "web/gate.h"
#include "web/job_pool.h"
#include "web/links.h"
#include "web/live_room.h"
#include "web/people.h"
#include "web/server.h"
#include "web/site.h"
#include "web/site_watch.h"

enum { TEXT_LIMIT_BYTES = 1024 * 1024 };

enum metric {
    RECORDER_UP,
    RECEIVED_PACKETS,
    RECEIVED_BYTES,
    DROPPED_PACKETS,
    CUT_PACKETS,
    REFUSED_DATAGRAMS,
    PACKETS_PER_SECOND,
    WRITTEN_BYTES,
    DISK_TROUBLE,
    TAP_READERS,
    TAP_DROPPED,
    ARCHIVE_BYTES,
    ARCHIVE_SEGMENTS,
    DISK_BYTES,
    DISK_FREE_BYTES,
    HUB_STATE,
    HUB_PACKETS,
    HUB_ROWS,
    HUB_LOST_PACKETS,
    HUB_LET_GO,
    HUB_GROUPS,
    VIEWERS,
    STREAMS,
    PEOPLE,
    LIVE_ROWS_SENT,
    LIVE_ROWS_MISSED,
    LIVE_BYTES_SENT,
    LINKS_ALIVE,
    HTTP_REQUESTS,
    HTTP_ANSWERS,
    CONNECTIONS,
    CONNECTIONS_REFUSED,
    CONNECTIONS_ENDED,
    JOBS_STARTED,
    JOBS_WAITING,
    JOBS_REFUSED,
    LOGINS,
    LOGIN_FAILURES,
    HELD_OFF,
    FOREIGN_ORIGINS,
    APPSYNC_CONNECTIONS,
    APPSYNC_SUBSCRIPTIONS,
    APPSYNC_EVENTS,
    APPSYNC_DELIVERED,
    APPSYNC_DROPPED,
    APPSYNC_REFUSED,
    PUBLISHED_EVENTS,
    PUBLISH_DROPPED,
    PUBLISH_RETRIES,
    PUBLISH_WAITING,
    UP_SECONDS,
    METRICS,
};

static const struct {
    const char *name;
    bool is_counter;
    const char *help;
} metrics[METRICS] = {
    [RECORDER_UP] = { "recorder_up", false, "1 while the recorder of that node says that it lives" },
    [RECEIVED_PACKETS] = { "received_packets_total", true, "Packets received, by source" },
    [RECEIVED_BYTES] = { "received_bytes_total", true, "Bytes received, by source" },
    [DROPPED_PACKETS] = { "dropped_packets_total", true,
                          "Packets lost, by source and cause: kernel, queue, disk" },
    [CUT_PACKETS] = { "cut_packets_total", true, "Packets kept that the mirror or a snaplen cut" },
    [REFUSED_DATAGRAMS] = { "refused_datagrams_total", true, "Datagrams that were no mirrored frame" },
    [PACKETS_PER_SECOND] = { "packets_per_second", false, "Packets received over the last second" },
    [WRITTEN_BYTES] = { "written_bytes_total", true, "Bytes of segments and indexes written" },
    [DISK_TROUBLE] = { "disk_trouble", false, "1 while the disk does not take what is recorded" },
    [TAP_READERS] = { "tap_readers", false, "Programs that read the recorder's tap" },
    [TAP_DROPPED] = { "tap_dropped_packets_total", true, "Packets that slow readers of the tap missed" },
    [ARCHIVE_BYTES] = { "archive_bytes", false, "Segments and their indexes" },
    [ARCHIVE_SEGMENTS] = { "archive_segments", false, "Segments in the archive" },
    [DISK_BYTES] = { "disk_bytes", false, "Size of the disk that the archive lies on" },
    [DISK_FREE_BYTES] = { "disk_free_bytes", false, "Room left on it" },
    [HUB_STATE] = { "live_connected", false, "1 while packets of that source come live" },
    [HUB_PACKETS] = { "live_packets_total", true, "Packets that came live" },
    [HUB_ROWS] = { "live_rows_total", true, "Rows made of them, for all questions" },
    [HUB_LOST_PACKETS] = { "live_lost_packets_total", true,
                           "Packets that did not come live: lost by the capture or the tap" },
    [HUB_LET_GO] = { "live_frames_let_go_total", true, "Frames that the server had no room for" },
    [HUB_GROUPS] = { "live_questions", false, "Different filters being looked at" },
    [VIEWERS] = { "viewers", false, "Live sockets open" },
    [STREAMS] = { "streams", false, "Live streams of JSON lines open" },
    [PEOPLE] = { "people", false, "People who are here" },
    [LIVE_ROWS_SENT] = { "viewer_rows_sent_total", true, "Rows given to viewers" },
    [LIVE_ROWS_MISSED] = { "viewer_rows_missed_total", true,
                           "Rows that slow viewers were not given, and told so" },
    [LIVE_BYTES_SENT] = { "viewer_bytes_sent_total", true, "Bytes of frames given to viewers" },
    [LINKS_ALIVE] = { "links", false, "Links that open something" },
    [HTTP_REQUESTS] = { "http_requests_total", true, "Requests" },
    [HTTP_ANSWERS] = { "http_answers_total", true, "Answers, by the first digit of their status" },
    [CONNECTIONS] = { "connections", false, "Connections open" },
    [CONNECTIONS_REFUSED] = { "connections_refused_total", true, "Connections turned away, by cause" },
    [CONNECTIONS_ENDED] = { "connections_ended_total", true, "Connections that ended, and how" },
    [JOBS_STARTED] = { "jobs_total", true, "Questions to the archive" },
    [JOBS_WAITING] = { "jobs_waiting", false, "Questions that wait for a worker" },
    [JOBS_REFUSED] = { "jobs_refused_total", true, "Questions turned away because too many waited" },
    [LOGINS] = { "logins_total", true, "Logins" },
    [LOGIN_FAILURES] = { "login_failures_total", true, "Wrong tokens, passwords and secrets of links" },
    [HELD_OFF] = { "logins_held_off_total", true, "Tries that were not looked at, after too many failures" },
    [FOREIGN_ORIGINS] = { "foreign_origins_total", true, "Requests that came from another page" },
    [APPSYNC_CONNECTIONS] = { "appsync_connections", false, "Programs connected to /event/realtime" },
    [APPSYNC_SUBSCRIPTIONS] = { "appsync_subscriptions", false, "Their subscriptions" },
    [APPSYNC_EVENTS] = { "appsync_events_total", true, "Events made of packets" },
    [APPSYNC_DELIVERED] = { "appsync_delivered_events_total", true, "Events handed to subscriptions" },
    [APPSYNC_DROPPED] = { "appsync_dropped_events_total", true,
                          "Events lost, by cause: slow (a connection was), making (no room, or too large)" },
    [APPSYNC_REFUSED] = { "appsync_refused_total", true, "Operations with a wrong key, or one that is full" },
    [PUBLISHED_EVENTS] = { "published_events_total", true, "Events taken by the API of --publish-appsync" },
    [PUBLISH_DROPPED] = { "publish_dropped_events_total", true, "Events for it that were given up" },
    [PUBLISH_RETRIES] = { "publish_retries_total", true, "Batches sent to it again" },
    [PUBLISH_WAITING] = { "publish_waiting_events", false, "Events that wait to be sent to it" },
    [UP_SECONDS] = { "up_seconds", false, "Since the server started" },
};

static void begin(struct buffer *out, enum metric metric)
{
    buffer_printf(out, "# HELP tapdeck_%s %s\n# TYPE tapdeck_%s %s\n", metrics[metric].name,
                  metrics[metric].help, metrics[metric].name,
                  metrics[metric].is_counter ? "counter" : "gauge");
}

/* Label values: backslash, quote and line feed are escaped; all else stands as it is. */
static void put_label(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '\n')
            buffer_put_text(out, "\\n");
        else if (*value == '\\' || *value == '"')
            buffer_printf(out, "\\%c", *value);
        else
            buffer_put_u8(out, (uint8_t)*value);
    }
    buffer_put_u8(out, '"');
}

struct label {
    const char *name, *value; /* name NULL: none */
};

static void put(struct buffer *out, enum metric metric, uint64_t value, struct label first,
                struct label second, struct label third)
{
    const struct label labels[] = { first, second, third };
    bool has_any = false;

    buffer_printf(out, "tapdeck_%s", metrics[metric].name);
    for (size_t i = 0; i < 3 && labels[i].name; i++) {
        buffer_put_u8(out, has_any ? ',' : '{');
        put_label(out, labels[i].name, labels[i].value);
        has_any = true;
    }
    buffer_printf(out, "%s %llu\n", has_any ? "}" : "", (unsigned long long)value);
}

static const struct label none = { NULL, NULL };

static void put_one(struct buffer *out, enum metric metric, uint64_t value)
{
    begin(out, metric);
    put(out, metric, value, none, none, none);
}

/* ---- recorders ---- */

/* A recorder's metric that is one number for all of its sources. */
static uint64_t of_recorder(const struct recorder_status *status, enum metric metric, bool is_alive)
{
    switch (metric) {
    case RECORDER_UP:
        return is_alive;
    case PACKETS_PER_SECOND:
        return is_alive ? status->packets_per_second : 0;
    case WRITTEN_BYTES:
        return status->n_written_bytes;
    case DISK_TROUBLE:
        return is_alive && status->trouble[0];
    case TAP_READERS:
        return is_alive ? status->n_readers : 0;
    default:
        return status->tap.n_dropped;
    }
}

static uint64_t of_source(const struct source_status *source, enum metric metric)
{
    switch (metric) {
    case RECEIVED_PACKETS:
        return source->n_packets;
    case RECEIVED_BYTES:
        return source->n_bytes;
    case CUT_PACKETS:
        return source->n_truncated;
    default:
        return source->n_refused;
    }
}

static void put_drops(struct buffer *out, const struct recorder_status *status)
{
    const struct label node = { "node", status->node };

    for (uint32_t i = 0; i < status->n_sources; i++) {
        const struct source_status *source = &status->sources[i];
        const struct label name = { "source", source->name };

        put(out, DROPPED_PACKETS, source->n_kernel, node, name, (struct label) { "cause", "kernel" });
        put(out, DROPPED_PACKETS, source->n_queue, node, name, (struct label) { "cause", "queue" });
        put(out, DROPPED_PACKETS, source->n_disk, node, name, (struct label) { "cause", "disk" });
    }
}

static void put_recorders(struct buffer *out, const struct site *site)
{
    static const enum metric whole[] = { RECORDER_UP,  PACKETS_PER_SECOND, WRITTEN_BYTES,
                                         DISK_TROUBLE, TAP_READERS,        TAP_DROPPED };
    static const enum metric by_source[] = { RECEIVED_PACKETS, RECEIVED_BYTES, CUT_PACKETS,
                                             REFUSED_DATAGRAMS };
    size_t n;
    const struct recorder_status *recorders = site_watch_recorders(site->watch, &n);

    for (size_t m = 0; m < sizeof whole / sizeof *whole; m++) {
        begin(out, whole[m]);
        for (size_t i = 0; i < n; i++)
            put(out, whole[m], of_recorder(&recorders[i], whole[m], site_watch_is_alive(site->watch, i)),
                (struct label) { "node", recorders[i].node }, none, none);
    }
    for (size_t m = 0; m < sizeof by_source / sizeof *by_source; m++) {
        begin(out, by_source[m]);
        for (size_t i = 0; i < n; i++)
            for (uint32_t s = 0; s < recorders[i].n_sources; s++)
                put(out, by_source[m], of_source(&recorders[i].sources[s], by_source[m]),
                    (struct label) { "node", recorders[i].node },
                    (struct label) { "source", recorders[i].sources[s].name }, none);
    }
    begin(out, DROPPED_PACKETS);
    for (size_t i = 0; i < n; i++)
        put_drops(out, &recorders[i]);
}

static void put_archive(struct buffer *out, const struct site *site)
{
    const struct site_holdings *holdings = site_watch_holdings(site->watch);

    put_one(out, ARCHIVE_BYTES, holdings->n_bytes);
    put_one(out, ARCHIVE_SEGMENTS, holdings->n_segments);
    put_one(out, DISK_BYTES, holdings->disk_bytes);
    put_one(out, DISK_FREE_BYTES, holdings->disk_free_bytes);
}

/* ---- live ---- */

static uint64_t of_hub(const struct hub *hub, const struct hub_statistics *statistics, enum metric metric)
{
    switch (metric) {
    case HUB_STATE:
        return hub_state(hub) == HUB_LIVE;
    case HUB_PACKETS:
        return statistics->n_packets;
    case HUB_ROWS:
        return statistics->n_rows;
    case HUB_LOST_PACKETS:
        return statistics->n_lost_before;
    case HUB_LET_GO:
        return statistics->n_frames_let_go;
    default:
        return statistics->n_groups;
    }
}

static void put_live(struct buffer *out, const struct site *site)
{
    static const enum metric of_hubs[] = { HUB_STATE,        HUB_PACKETS, HUB_ROWS,
                                           HUB_LOST_PACKETS, HUB_LET_GO,  HUB_GROUPS };
    const struct live_statistics *live = live_room_statistics(site->live);
    struct people_statistics people;
    struct links_statistics links;

    for (size_t m = 0; m < sizeof of_hubs / sizeof *of_hubs; m++) {
        begin(out, of_hubs[m]);
        for (size_t i = 0; i < site->n_sources; i++) {
            struct hub_statistics statistics;

            if (site->sources[i].hub == NULL)
                continue;
            hub_statistics(site->sources[i].hub, &statistics);
            put(out, of_hubs[m], of_hub(site->sources[i].hub, &statistics, of_hubs[m]),
                (struct label) { "source", site->sources[i].name }, none, none);
        }
    }
    people_statistics(site->people, &people);
    links_statistics(site->links, &links);
    put_one(out, VIEWERS, live->n_viewers);
    put_one(out, STREAMS, live->n_streams);
    put_one(out, PEOPLE, people.n_people);
    put_one(out, LIVE_ROWS_SENT, live->n_rows_sent);
    put_one(out, LIVE_ROWS_MISSED, live->n_rows_missed);
    put_one(out, LIVE_BYTES_SENT, live->n_bytes_sent);
    put_one(out, LINKS_ALIVE, links.n_alive);
}

/* ---- the server ---- */

static void put_server(struct buffer *out, const struct site *site)
{
    const struct server *server = site->server;
    const struct admission_statistics *admission = admission_statistics(server->admission);
    const struct gate_statistics *gate = gate_statistics(site->gate);
    struct job_pool_statistics jobs;

    job_pool_statistics(site->jobs, &jobs);
    put_one(out, HTTP_REQUESTS, server->n_requests);
    begin(out, HTTP_ANSWERS);
    for (unsigned i = 1; i < 6; i++) {
        char digit[] = { (char)('0' + i), 'x', 'x', '\0' };

        put(out, HTTP_ANSWERS, server->n_answers[i], (struct label) { "status", digit }, none, none);
    }
    put_one(out, CONNECTIONS, server->n_connections);
    begin(out, CONNECTIONS_REFUSED);
    put(out, CONNECTIONS_REFUSED, admission->n_refused_full, (struct label) { "cause", "full" }, none, none);
    put(out, CONNECTIONS_REFUSED, admission->n_refused_source, (struct label) { "cause", "address" }, none,
        none);
    put(out, CONNECTIONS_REFUSED, admission->n_refused_fds, (struct label) { "cause", "descriptors" }, none,
        none);
    put(out, CONNECTIONS_REFUSED, server->n_failed_connections, (struct label) { "cause", "memory" }, none,
        none);
    begin(out, CONNECTIONS_ENDED);
    for (unsigned i = 0; i < CONNECTION_ENDS; i++)
        put(out, CONNECTIONS_ENDED, server->n_ends[i],
            (struct label) { "how", connection_end_name((enum connection_end)i) }, none, none);
    put_one(out, JOBS_STARTED, jobs.n_started);
    put_one(out, JOBS_WAITING, jobs.n_waiting);
    put_one(out, JOBS_REFUSED, jobs.n_refused);
    put_one(out, LOGINS, gate->n_logins);
    put_one(out, LOGIN_FAILURES, gate->n_failures);
    put_one(out, HELD_OFF, gate->n_held_off);
    put_one(out, FOREIGN_ORIGINS, gate->n_foreign_origins);
    put_one(out, UP_SECONDS, (uint64_t)((timestamp_now() - site->started_ns) / NS_PER_SECOND));
}

/* ---- AppSync Events ---- */

static void put_appsync(struct buffer *out, const struct site *site)
{
    struct appsync_door_statistics door;

    appsync_door_statistics(site->appsync, &door);
    put_one(out, APPSYNC_CONNECTIONS, door.n_connections);
    put_one(out, APPSYNC_SUBSCRIPTIONS, door.n_subscriptions);
    put_one(out, APPSYNC_EVENTS, door.n_events);
    put_one(out, APPSYNC_DELIVERED, door.n_delivered);
    begin(out, APPSYNC_DROPPED);
    put(out, APPSYNC_DROPPED, door.n_dropped, (struct label) { "cause", "slow" }, none, none);
    put(out, APPSYNC_DROPPED, door.n_events_dropped, (struct label) { "cause", "making" }, none, none);
    put_one(out, APPSYNC_REFUSED, door.n_refused);
    if (!door.is_publishing)
        return;
    put_one(out, PUBLISHED_EVENTS, door.n_out_published);
    put_one(out, PUBLISH_DROPPED, door.n_out_dropped);
    put_one(out, PUBLISH_RETRIES, door.n_out_retries);
    put_one(out, PUBLISH_WAITING, door.n_out_waiting);
}

void metrics_show(struct exchange *exchange)
{
    struct buffer out;

    buffer_init(&out, TEXT_LIMIT_BYTES);
    put_recorders(&out, exchange->site);
    put_archive(&out, exchange->site);
    put_live(&out, exchange->site);
    put_server(&out, exchange->site);
    put_appsync(&out, exchange->site);
    if (out.is_full)
        exchange_problem(exchange, 503, "no_memory", "the metrics have no room");
    else
        exchange_answer_bytes(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", buffer_bytes(&out));
    buffer_clear(&out);
}
