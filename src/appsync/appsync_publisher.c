/* SPDX-License-Identifier: Apache-2.0 */
#include "appsync/appsync_publisher.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "appsync/appsync_broker.h"
#include "appsync/curl_library.h"

enum {
    ANSWER_LIMIT_BYTES = 64 * 1024,
    REQUEST_TIMEOUT_MS = 30000, /* as long as the service takes at most */
    CONNECT_TIMEOUT_MS = 10000,
    FIRST_PAUSE_MS = 500,
    BATCH_WAIT_MS = 50,
};

struct waiting_event {
    struct waiting_event *next;
    struct appsync_channel channel;
    size_t len;
    char text[];
};

struct appsync_publisher {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* CLOCK_MONOTONIC */
    struct waiting_event *first, *last;
    size_t waiting_bytes, queue_bytes;
    bool is_closing;
    struct timespec give_up_at; /* of closing */
    struct appsync_publisher_statistics statistics;

    /* the thread's own */
    struct curl_library curl;
    CURL *transfer;
    struct curl_slist *headers;
    struct buffer answer;
    char *url, *ca_file;
    int64_t first_pause_ns;
    uint32_t batch_wait_ms;
};

static struct timespec after_ns(int64_t ns)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ns / 1000000000;
    at.tv_nsec += ns % 1000000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static bool is_past(const struct timespec *at)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return !is_before(&now, at);
}

/* ---- the queue ---- */

bool appsync_publisher_put(struct appsync_publisher *publisher, const struct appsync_channel *channel,
                           struct bytes event)
{
    struct waiting_event *waiting = malloc(sizeof *waiting + event.len);
    bool has_room;

    if (waiting) {
        *waiting = (struct waiting_event) { .channel = *channel, .len = event.len };
        memcpy(waiting->text, event.data, event.len);
    }
    pthread_mutex_lock(&publisher->mutex);
    publisher->statistics.n_put++;
    has_room = waiting && event.len <= APPSYNC_EVENT_LIMIT_BYTES && !publisher->is_closing &&
               publisher->waiting_bytes + event.len + sizeof *waiting <= publisher->queue_bytes;
    if (has_room) {
        if (publisher->last)
            publisher->last->next = waiting;
        else
            publisher->first = waiting;
        publisher->last = waiting;
        publisher->waiting_bytes += event.len + sizeof *waiting;
        publisher->statistics.n_waiting++;
        pthread_cond_signal(&publisher->changed);
    } else {
        publisher->statistics.n_dropped_queue++;
    }
    pthread_mutex_unlock(&publisher->mutex);
    if (!has_room)
        free(waiting);
    return has_room;
}

static bool is_same_channel(const struct waiting_event *a, const struct waiting_event *b)
{
    return strcmp(a->channel.text, b->channel.text) == 0;
}

/* How many from the front go together: one channel, at most five, as many bytes as a publish may have. */
static uint32_t batch_size(const struct appsync_publisher *publisher)
{
    const struct waiting_event *event = publisher->first;
    uint32_t n = 0;

    while (event && n < APPSYNC_PUBLISHER_BATCH && is_same_channel(event, publisher->first)) {
        n++;
        event = event->next;
    }
    return n;
}

/*
 * Waits for a batch: until it is full, another channel's event is behind it, its time is over, or all ends.
 * Answers its size; 0: closed.
 */
static uint32_t wait_for_batch(struct appsync_publisher *publisher)
{
    struct timespec due;
    uint32_t n;

    while (publisher->first == NULL && !publisher->is_closing)
        pthread_cond_wait(&publisher->changed, &publisher->mutex);
    due = after_ns((int64_t)publisher->batch_wait_ms * 1000000);
    for (;;) {
        n = batch_size(publisher);
        if (publisher->is_closing || n == APPSYNC_PUBLISHER_BATCH || n < publisher->statistics.n_waiting ||
            pthread_cond_timedwait(&publisher->changed, &publisher->mutex, &due) != 0)
            break;
    }
    n = batch_size(publisher);
    return publisher->is_closing && is_past(&publisher->give_up_at) ? 0 : n;
}

/* The first n leave the queue; the mutex is held. */
static void let_go(struct appsync_publisher *publisher, uint32_t n)
{
    for (; n > 0; n--) {
        struct waiting_event *event = publisher->first;

        publisher->first = event->next;
        if (publisher->first == NULL)
            publisher->last = NULL;
        publisher->waiting_bytes -= event->len + sizeof *event;
        publisher->statistics.n_waiting--;
        free(event);
    }
}

/* ---- one request ---- */

static size_t take_answer(char *data, size_t size, size_t n, void *context)
{
    struct appsync_publisher *publisher = context;

    if (publisher->answer.len + size * n <= ANSWER_LIMIT_BYTES) /* what is longer is no answer we know */
        buffer_put(&publisher->answer, data, size * n);
    return size * n;
}

/* Ends a transfer when closing takes too long. */
static int look_at_clock(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct appsync_publisher *publisher = context;
    bool is_over;

    (void)a, (void)b, (void)c, (void)d;
    pthread_mutex_lock(&publisher->mutex);
    is_over = publisher->is_closing && is_past(&publisher->give_up_at);
    pthread_mutex_unlock(&publisher->mutex);
    return is_over;
}

/* The body, to be freed; NULL without memory. The events stay where they are: only this thread lets them go.
 */
static char *body_of(const struct waiting_event *event, uint32_t n)
{
    json_t *events = json_array(), *body;
    char *text;

    body = json_pack("{s:s, s:o}", "channel", event->channel.text, "events", events);
    for (; n > 0; n--, event = event->next)
        json_array_append_new(events, json_stringn(event->text, event->len));
    text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return text;
}

enum outcome { OUTCOME_DONE, OUTCOME_AGAIN, OUTCOME_REFUSED };

/* How many of n events the other end says it did not take. */
static uint32_t failed_of(const struct appsync_publisher *publisher, uint32_t n)
{
    json_t *answer = json_loadb((const char *)publisher->answer.data, publisher->answer.len, 0, NULL);
    size_t n_failed = json_array_size(json_object_get(answer, "failed"));

    json_decref(answer);
    return n_failed < n ? (uint32_t)n_failed : n;
}

static enum outcome post(struct appsync_publisher *publisher, const char *body, uint32_t n,
                         uint32_t *n_failed, char *trouble, size_t trouble_bytes)
{
    CURLcode result;
    long status = 0;

    buffer_empty(&publisher->answer);
    *n_failed = 0;
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_POSTFIELDS, body);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    result = publisher->curl.easy_perform(publisher->transfer);
    if (result != CURLE_OK) {
        snprintf(trouble, trouble_bytes, "%s", publisher->curl.easy_strerror(result));
        return OUTCOME_AGAIN;
    }
    publisher->curl.easy_getinfo(publisher->transfer, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) {
        *n_failed = failed_of(publisher, n);
        snprintf(trouble, trouble_bytes, "%s", *n_failed > 0 ? "some events were not taken" : "");
        return OUTCOME_DONE;
    }
    snprintf(trouble, trouble_bytes, "status %ld: %.*s", status,
             (int)(publisher->answer.len < 160 ? publisher->answer.len : 160),
             publisher->answer.len > 0 ? (const char *)publisher->answer.data : "");
    return status == 429 || status == 408 || status >= 500 ? OUTCOME_AGAIN : OUTCOME_REFUSED;
}

/* False: closing, and its time is over. */
static bool pause_before_retry(struct appsync_publisher *publisher, unsigned n_tries)
{
    struct timespec due = after_ns(publisher->first_pause_ns << (n_tries - 1));
    bool is_over;

    pthread_mutex_lock(&publisher->mutex);
    publisher->statistics.n_retries++;
    while (!is_past(&due) && !(publisher->is_closing && is_past(&publisher->give_up_at))) {
        bool ends_first = publisher->is_closing && is_before(&publisher->give_up_at, &due);

        pthread_cond_timedwait(&publisher->changed, &publisher->mutex,
                               ends_first ? &publisher->give_up_at : &due);
    }
    is_over = publisher->is_closing && is_past(&publisher->give_up_at);
    pthread_mutex_unlock(&publisher->mutex);
    return !is_over;
}

static void publish_batch(struct appsync_publisher *publisher, const struct waiting_event *first, uint32_t n)
{
    char *body = body_of(first, n), trouble[sizeof publisher->statistics.trouble] = "out of memory";
    enum outcome outcome = OUTCOME_REFUSED;
    uint32_t n_failed = 0;

    for (unsigned n_tries = 1; body; n_tries++) {
        outcome = post(publisher, body, n, &n_failed, trouble, sizeof trouble);
        pthread_mutex_lock(&publisher->mutex);
        publisher->statistics.n_requests++;
        memcpy(publisher->statistics.trouble, trouble, sizeof trouble);
        pthread_mutex_unlock(&publisher->mutex);
        if (outcome != OUTCOME_AGAIN || n_tries == APPSYNC_PUBLISHER_TRIES ||
            !pause_before_retry(publisher, n_tries))
            break;
    }
    free(body);
    pthread_mutex_lock(&publisher->mutex);
    if (outcome != OUTCOME_DONE)
        n_failed = n;
    publisher->statistics.n_published += n - n_failed;
    publisher->statistics.n_dropped_failed += n_failed;
    let_go(publisher, n);
    pthread_mutex_unlock(&publisher->mutex);
}

static void *publish_all(void *context)
{
    struct appsync_publisher *publisher = context;

    for (;;) {
        const struct waiting_event *first;
        uint32_t n;

        pthread_mutex_lock(&publisher->mutex);
        n = wait_for_batch(publisher);
        first = publisher->first;
        pthread_mutex_unlock(&publisher->mutex);
        if (n == 0)
            return NULL;
        publish_batch(publisher, first, n);
    }
}

/* ---- life ---- */

static bool is_loopback(const char *url)
{
    static const char *const hosts[] = { "http://127.0.0.1", "http://[::1]", "http://localhost" };

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        size_t len = strlen(hosts[i]);

        if (strncmp(url, hosts[i], len) == 0 && (url[len] == ':' || url[len] == '/'))
            return true;
    }
    return false;
}

static bool prepare_curl(struct appsync_publisher *publisher, const char *key, struct error *error)
{
    char header[512];
    struct curl_slist *headers;

    if ((size_t)snprintf(header, sizeof header, "x-api-key: %s", key) >= sizeof header) {
        error_set(error, ERROR_USAGE, "an API key of more than %zu characters is none", sizeof header - 12);
        return false;
    }
    if (!curl_library_load(&publisher->curl, error))
        return false;
    publisher->transfer = publisher->curl.easy_init();
    headers = publisher->curl.slist_append(NULL, "content-type: application/json");
    publisher->headers = headers ? publisher->curl.slist_append(headers, header) : NULL;
    if (publisher->transfer == NULL || publisher->headers == NULL) {
        publisher->curl.slist_free_all(publisher->headers ? NULL : headers);
        error_set(error, ERROR_SYSTEM, "no memory for an HTTP client");
        return false;
    }
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_URL, publisher->url);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_HTTPHEADER, publisher->headers);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_POST, 1L);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_NOSIGNAL, 1L);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_PROTOCOLS_STR, "http,https");
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_FOLLOWLOCATION,
                                0L); /* the key goes nowhere else */
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_TIMEOUT_MS, (long)REQUEST_TIMEOUT_MS);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_USERAGENT, "tapdeck/" TAPDECK_VERSION);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_WRITEFUNCTION, take_answer);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_WRITEDATA, publisher);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_XFERINFOFUNCTION, look_at_clock);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_XFERINFODATA, publisher);
    publisher->curl.easy_setopt(publisher->transfer, CURLOPT_NOPROGRESS, 0L);
    if (publisher->ca_file)
        publisher->curl.easy_setopt(publisher->transfer, CURLOPT_CAINFO, publisher->ca_file);
    return true;
}

static void publisher_free(struct appsync_publisher *publisher)
{
    let_go(publisher, (uint32_t)publisher->statistics.n_waiting);
    if (publisher->transfer)
        publisher->curl.easy_cleanup(publisher->transfer);
    if (publisher->headers)
        publisher->curl.slist_free_all(publisher->headers);
    buffer_clear(&publisher->answer);
    pthread_cond_destroy(&publisher->changed);
    pthread_mutex_destroy(&publisher->mutex);
    free(publisher->url);
    free(publisher->ca_file);
    free(publisher);
}

static void init_locks(struct appsync_publisher *publisher)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&publisher->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&publisher->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static bool start_thread(struct appsync_publisher *publisher, struct error *error)
{
    int fault = pthread_create(&publisher->thread, NULL, publish_all, publisher);

    if (fault != 0)
        return error_set(error, ERROR_SYSTEM, "cannot start the publisher's thread: %s", strerror(fault));
    return true;
}

struct appsync_publisher *appsync_publisher_new(const struct appsync_publisher_options *options,
                                                struct error *error)
{
    struct appsync_publisher *publisher;

    if (options->key == NULL || *options->key == '\0') {
        error_set(error, ERROR_USAGE, "publishing needs an API key: a file with it as its only line");
        return NULL;
    }
    if (strncmp(options->url, "https://", 8) != 0 && !is_loopback(options->url)) {
        error_set(error, ERROR_USAGE, "\"%s\" is no https:// address to publish to; it ends in /event",
                  options->url);
        return NULL;
    }
    publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for a publisher");
        return NULL;
    }
    init_locks(publisher);
    buffer_init(&publisher->answer, ANSWER_LIMIT_BYTES);
    publisher->queue_bytes = options->queue_bytes ? options->queue_bytes : APPSYNC_PUBLISHER_QUEUE_BYTES;
    publisher->first_pause_ns =
        options->first_pause_ns ? options->first_pause_ns : (int64_t)FIRST_PAUSE_MS * 1000000;
    publisher->batch_wait_ms = options->batch_wait_ms ? options->batch_wait_ms : BATCH_WAIT_MS;
    publisher->url = strdup(options->url);
    publisher->ca_file = options->ca_file ? strdup(options->ca_file) : NULL;
    if (publisher->url == NULL || (options->ca_file && publisher->ca_file == NULL)) {
        error_set(error, ERROR_SYSTEM, "no memory for a publisher");
        publisher_free(publisher);
        return NULL;
    }
    if (!prepare_curl(publisher, options->key, error) || !start_thread(publisher, error)) {
        publisher_free(publisher);
        return NULL;
    }
    return publisher;
}

void appsync_publisher_statistics(struct appsync_publisher *publisher,
                                  struct appsync_publisher_statistics *statistics)
{
    pthread_mutex_lock(&publisher->mutex);
    *statistics = publisher->statistics;
    pthread_mutex_unlock(&publisher->mutex);
}

void appsync_publisher_close(struct appsync_publisher *publisher, uint32_t wait_ms,
                             struct appsync_publisher_statistics *statistics)
{
    if (publisher == NULL)
        return;
    pthread_mutex_lock(&publisher->mutex);
    publisher->is_closing = true;
    publisher->give_up_at = after_ns((int64_t)wait_ms * 1000000);
    pthread_cond_signal(&publisher->changed);
    pthread_mutex_unlock(&publisher->mutex);
    pthread_join(publisher->thread, NULL);
    if (statistics) {
        *statistics = publisher->statistics;
        statistics->n_dropped_failed += statistics->n_waiting;
        statistics->n_waiting = 0;
    }
    publisher_free(publisher);
}
