/* SPDX-License-Identifier: Apache-2.0 */
#include "web/job_pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/timestamp.h"
#include "net/loop_waker.h"
#include "web/problem.h"
#include "web/web_connection.h"

enum { PROBLEM_BYTES = 2048, HEADERS_LIMIT = 4, HEADER_BYTES = 512 };

struct piece {
    struct piece *next;
    struct shared_bytes *bytes;
};

struct head {
    unsigned status;
    char content_type[128];
    uint64_t length_bytes;
    char headers[HEADERS_LIMIT][2][HEADER_BYTES];
    size_t n_headers;
};

struct job {
    struct job_pool *pool;
    job_function *run;
    void *context;
    void (*free_context)(void *context);
    atomic_bool is_stopped;

    /* the loop's */
    struct job *later, *earlier; /* of the pool's list of all */
    struct web_connection *web;
    bool has_sent_head;

    /* the worker's */
    struct head head;
    bool has_begun;
    struct buffer gathered;
    int64_t shipped_ns, slice_ns;

    /* under the pool's mutex */
    struct job *next; /* waiting, or told */
    struct piece *first, **last;
    size_t n_ahead_bytes;
    bool is_head_ready, is_told, is_done, is_cut;
    pthread_cond_t moved; /* there is room again, or it is stopped */
};

struct job_pool {
    struct loop *loop;
    struct loop_waker waker;
    pthread_mutex_t mutex;
    pthread_cond_t work, slot;
    struct job *waiting, **waiting_last;
    struct job *told, **told_last;
    uint64_t n_tickets, n_let_in; /* who may work next: in the order they asked */
    uint32_t n_working, n_idle, n_threads, n_waiting, n_begun;
    struct job_pool_statistics statistics;
    bool is_closing;
    struct job *jobs; /* all; the loop's */
    pthread_t threads[JOB_THREADS_LIMIT];
};

static int64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* ---- turns ---- */

static void take_turn(struct job_pool *pool)
{
    uint64_t ticket = pool->n_tickets++;

    while (pool->n_working >= JOB_WORKERS || ticket != pool->n_let_in)
        pthread_cond_wait(&pool->slot, &pool->mutex);
    pool->n_let_in++;
    pool->n_working++;
    pthread_cond_broadcast(&pool->slot);
}

static void give_turn(struct job_pool *pool)
{
    pool->n_working--;
    pthread_cond_broadcast(&pool->slot);
}

/* ---- what a worker does ---- */

/* Under the mutex. */
static void tell_loop(struct job *job)
{
    struct job_pool *pool = job->pool;

    if (job->is_told)
        return;
    job->is_told = true;
    job->next = NULL;
    *pool->told_last = job;
    pool->told_last = &job->next;
    loop_waker_wake(&pool->waker);
}

static bool ship(struct job *job)
{
    struct job_pool *pool = job->pool;
    struct piece *piece = calloc(1, sizeof *piece);

    if (piece)
        piece->bytes = shared_bytes_copy(buffer_bytes(&job->gathered));
    if (piece == NULL || piece->bytes == NULL) {
        free(piece);
        atomic_store(&job->is_stopped, true);
        pthread_mutex_lock(&pool->mutex);
        job->is_cut = true;
        pthread_mutex_unlock(&pool->mutex);
        return false;
    }
    pthread_mutex_lock(&pool->mutex);
    job->is_head_ready = true;
    *job->last = piece;
    job->last = &piece->next;
    job->n_ahead_bytes += piece->bytes->len;
    tell_loop(job);
    if (job->n_ahead_bytes > JOB_AHEAD_BYTES && !atomic_load(&job->is_stopped)) {
        give_turn(pool);
        while (job->n_ahead_bytes > JOB_AHEAD_BYTES && !atomic_load(&job->is_stopped))
            pthread_cond_wait(&job->moved, &pool->mutex);
        take_turn(pool);
        job->slice_ns = clock_ns();
    }
    pthread_mutex_unlock(&pool->mutex);
    buffer_empty(&job->gathered);
    job->shipped_ns = clock_ns();
    return !atomic_load(&job->is_stopped);
}

static void give_way(struct job *job, int64_t now_ns)
{
    struct job_pool *pool = job->pool;

    if (now_ns - job->slice_ns < JOB_SLICE_MS * (NS_PER_SECOND / 1000))
        return;
    pthread_mutex_lock(&pool->mutex);
    if (pool->n_tickets != pool->n_let_in) {
        give_turn(pool);
        take_turn(pool);
    }
    pthread_mutex_unlock(&pool->mutex);
    job->slice_ns = clock_ns();
}

void job_header(struct job *job, const char *name, const char *value)
{
    assert(!job->has_begun && job->head.n_headers < HEADERS_LIMIT);
    snprintf(job->head.headers[job->head.n_headers][0], HEADER_BYTES, "%s", name);
    snprintf(job->head.headers[job->head.n_headers][1], HEADER_BYTES, "%s", value);
    job->head.n_headers++;
}

/* What is no plain letter has no place in a header (RFC 6266 section 4.3). */
static void put_file_name(struct job *job, const char *file_name)
{
    char value[HEADER_BYTES];
    size_t len = (size_t)snprintf(value, sizeof value, "attachment; filename=\"");

    for (; *file_name && len < sizeof value - 2; file_name++) {
        char c = *file_name;
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                        c == '-' || c == '_' || c == '.';

        value[len++] = is_plain ? c : '_';
    }
    value[len++] = '"';
    value[len] = '\0';
    job_header(job, "Content-Disposition", value);
}

void job_begin(struct job *job, unsigned status, const char *content_type, uint64_t length_bytes,
               const char *file_name)
{
    assert(!job->has_begun);
    job->head.status = status;
    snprintf(job->head.content_type, sizeof job->head.content_type, "%s", content_type ? content_type : "");
    job->head.length_bytes = length_bytes;
    if (file_name)
        put_file_name(job, file_name);
    job->has_begun = true;
}

bool job_write(struct job *job, struct bytes bytes)
{
    int64_t now_ns;

    if (!job->has_begun)
        job_begin(job, 200, "application/octet-stream", UINT64_MAX, NULL);
    while (bytes.len > 0) {
        size_t room = JOB_PIECE_BYTES - job->gathered.len;
        size_t n = bytes.len < room ? bytes.len : room;

        if (atomic_load(&job->is_stopped))
            return false;
        if (!buffer_put(&job->gathered, bytes.data, n))
            return false;
        bytes = bytes_of(bytes.data + n, bytes.len - n);
        if (job->gathered.len == JOB_PIECE_BYTES && !ship(job))
            return false;
    }
    now_ns = clock_ns();
    if (job->gathered.len > 0 && now_ns - job->shipped_ns > JOB_PIECE_MS * (NS_PER_SECOND / 1000) &&
        !ship(job))
        return false;
    give_way(job, now_ns);
    return !atomic_load(&job->is_stopped);
}

void job_problem(struct job *job, unsigned status, const char *code, const char *format, ...)
{
    char detail[PROBLEM_BYTES];
    struct buffer text;
    va_list args;

    if (job->has_begun) {
        pthread_mutex_lock(&job->pool->mutex);
        job->is_cut = true;
        pthread_mutex_unlock(&job->pool->mutex);
        return;
    }
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    buffer_init(&text, 8 * PROBLEM_BYTES);
    problem_put(&text, status, code, detail);
    job_begin(job, status, PROBLEM_CONTENT_TYPE, text.len, NULL);
    job_write(job, buffer_bytes(&text));
    buffer_clear(&text);
}

const atomic_bool *job_stop(const struct job *job)
{
    return &job->is_stopped;
}

bool job_is_stopped(const struct job *job)
{
    return atomic_load(&job->is_stopped);
}

static struct job *next_job(struct job_pool *pool)
{
    struct job *job;

    pool->n_idle++;
    while (pool->waiting == NULL && !pool->is_closing)
        pthread_cond_wait(&pool->work, &pool->mutex);
    pool->n_idle--;
    job = pool->waiting;
    if (job == NULL)
        return NULL;
    pool->waiting = job->next;
    if (pool->waiting == NULL)
        pool->waiting_last = &pool->waiting;
    pool->n_waiting--;
    return job;
}

static void work_off(struct job *job)
{
    struct job_pool *pool = job->pool;

    take_turn(pool);
    pthread_mutex_unlock(&pool->mutex);
    job->slice_ns = job->shipped_ns = clock_ns();
    if (!atomic_load(&job->is_stopped))
        job->run(job, job->context);
    if (job->gathered.len > 0 && !atomic_load(&job->is_stopped))
        ship(job);
    pthread_mutex_lock(&pool->mutex);
    give_turn(pool);
    job->is_head_ready = true;
    job->is_done = true;
    tell_loop(job);
}

static void *worker(void *context)
{
    struct job_pool *pool = context;
    struct job *job;

    pthread_mutex_lock(&pool->mutex);
    while ((job = next_job(pool)) != NULL) {
        pool->n_begun++;
        work_off(job);
        pool->n_begun--;
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* ---- what the loop does ---- */

static void job_free(struct job *job)
{
    if (job->earlier)
        job->earlier->later = job->later;
    else
        job->pool->jobs = job->later;
    if (job->later)
        job->later->earlier = job->earlier;
    job->pool->statistics.n_done++;
    if (job->free_context)
        job->free_context(job->context);
    while (job->first) {
        struct piece *piece = job->first;

        job->first = piece->next;
        shared_bytes_release(piece->bytes);
        free(piece);
    }
    buffer_clear(&job->gathered);
    pthread_cond_destroy(&job->moved);
    free(job);
}

static void stop(struct job *job)
{
    pthread_mutex_lock(&job->pool->mutex);
    atomic_store(&job->is_stopped, true);
    pthread_cond_signal(&job->moved);
    pthread_mutex_unlock(&job->pool->mutex);
}

/* When the worker is through with it and nobody waits for the answer any more. */
static void free_if_over(struct job *job)
{
    bool is_over;

    pthread_mutex_lock(&job->pool->mutex);
    is_over = job->is_done && !job->is_told && job->web == NULL;
    pthread_mutex_unlock(&job->pool->mutex);
    if (is_over)
        job_free(job);
}

void job_abandon(struct job *job)
{
    job->web = NULL;
    job->pool->statistics.n_abandoned++;
    stop(job);
    free_if_over(job);
}

static bool send_head(struct job *job)
{
    struct web_connection *web = job->web;

    job->has_sent_head = true;
    if (!job->has_begun)
        return true;
    for (size_t i = 0; i < job->head.n_headers; i++)
        exchange_header(&web->exchange, job->head.headers[i][0], job->head.headers[i][1]);
    return web_answer_begin(web, job->head.status, job->head.content_type[0] ? job->head.content_type : NULL,
                            job->head.length_bytes);
}

static struct piece *take_piece(struct job *job, bool *is_done, bool *is_cut)
{
    struct piece *piece;

    pthread_mutex_lock(&job->pool->mutex);
    piece = job->first;
    if (piece) {
        job->first = piece->next;
        if (job->first == NULL)
            job->last = &job->first;
        job->n_ahead_bytes -= piece->bytes->len;
        pthread_cond_signal(&job->moved);
    }
    *is_done = job->is_done;
    *is_cut = job->is_cut;
    pthread_mutex_unlock(&job->pool->mutex);
    return piece;
}

/* The job is over, or its connection: the two let go of each other. */
static void part(struct job *job)
{
    job->web->job = NULL;
    job->web = NULL;
}

static void finish_answer(struct job *job, bool is_cut)
{
    struct web_connection *web = job->web;

    part(job);
    if (is_cut && job->has_begun)
        web_answer_break_off(web);
    else if (!job->has_begun)
        exchange_problem(&web->exchange, 500, "no_answer", "the server found no answer to that");
    else
        web_answer_end(web);
}

/* True while the connection takes more. */
static bool has_room(const struct job *job)
{
    return connection_queued_bytes(job->web->connection) < JOB_AHEAD_BYTES;
}

static void pump(struct job *job)
{
    bool is_ready, is_done = false, is_cut = false;

    pthread_mutex_lock(&job->pool->mutex);
    is_ready = job->is_head_ready;
    pthread_mutex_unlock(&job->pool->mutex);
    if (!is_ready || job->web == NULL)
        return;
    if (!job->has_sent_head && !send_head(job)) {
        part(job);
        stop(job);
        return;
    }
    if (job->has_begun && web_answer_is_bodiless(job->web)) {
        struct web_connection *web = job->web;

        part(job);
        stop(job);
        web_answer_end(web);
        return;
    }
    while (has_room(job)) {
        struct piece *piece = take_piece(job, &is_done, &is_cut);
        bool is_sent;

        if (piece == NULL) {
            if (is_done)
                finish_answer(job, is_cut);
            return;
        }
        is_sent = web_answer_data(job->web, piece->bytes);
        shared_bytes_release(piece->bytes);
        free(piece);
        if (!is_sent) {
            part(job);
            stop(job);
            return;
        }
    }
}

void job_pump(struct job *job)
{
    pump(job);
    free_if_over(job);
}

static void told(void *context)
{
    struct job_pool *pool = context;

    for (;;) {
        struct job *job;

        pthread_mutex_lock(&pool->mutex);
        job = pool->told;
        if (job) {
            pool->told = job->next;
            if (pool->told == NULL)
                pool->told_last = &pool->told;
            job->is_told = false;
        }
        pthread_mutex_unlock(&pool->mutex);
        if (job == NULL)
            return;
        job_pump(job);
    }
}

/* Without any thread (the system refuses) jobs wait until there is one. */
static void start_thread(struct job_pool *pool)
{
    if (pool->n_idle >= pool->n_waiting || pool->n_threads == JOB_THREADS_LIMIT)
        return;
    if (pthread_create(&pool->threads[pool->n_threads], NULL, worker, pool) == 0)
        pool->n_threads++;
}

struct job *job_start(struct job_pool *pool, struct web_connection *web, job_function *run, void *context,
                      void (*free_context)(void *context))
{
    struct job *job = calloc(1, sizeof *job);

    pthread_mutex_lock(&pool->mutex);
    if (job == NULL || pool->n_waiting >= JOB_WAITING_LIMIT || pool->is_closing) {
        pool->statistics.n_refused++;
        pthread_mutex_unlock(&pool->mutex);
        free(job);
        return NULL;
    }
    *job = (struct job) {
        .pool = pool, .run = run, .context = context, .free_context = free_context, .web = web
    };
    job->last = &job->first;
    pthread_cond_init(&job->moved, NULL);
    buffer_init(&job->gathered, JOB_PIECE_BYTES);
    job->later = pool->jobs;
    if (job->later)
        job->later->earlier = job;
    pool->jobs = job;
    *pool->waiting_last = job;
    pool->waiting_last = &job->next;
    pool->n_waiting++;
    pool->statistics.n_started++;
    start_thread(pool);
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    return job;
}

struct job_pool *job_pool_new(struct loop *loop, struct error *error)
{
    struct job_pool *pool = calloc(1, sizeof *pool);

    if (pool == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for workers");
        return NULL;
    }
    pool->loop = loop;
    pool->waiting_last = &pool->waiting;
    pool->told_last = &pool->told;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->slot, NULL);
    if (!loop_waker_open(&pool->waker, loop, told, pool, error)) {
        free(pool);
        return NULL;
    }
    return pool;
}

void job_pool_free(struct job_pool *pool)
{
    if (pool == NULL)
        return;
    for (struct job *job = pool->jobs; job; job = job->later) {
        job->web = NULL;
        stop(job);
    }
    pthread_mutex_lock(&pool->mutex);
    pool->is_closing = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (uint32_t i = 0; i < pool->n_threads; i++)
        pthread_join(pool->threads[i], NULL);
    told(pool);
    assert(pool->jobs == NULL);
    loop_waker_close(&pool->waker);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->slot);
    free(pool);
}

void job_pool_statistics(struct job_pool *pool, struct job_pool_statistics *statistics)
{
    pthread_mutex_lock(&pool->mutex);
    *statistics = pool->statistics;
    statistics->n_waiting = pool->n_waiting;
    statistics->n_begun = pool->n_begun;
    statistics->n_threads = pool->n_threads;
    pthread_mutex_unlock(&pool->mutex);
}
