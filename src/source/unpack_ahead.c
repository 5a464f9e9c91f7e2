/* SPDX-License-Identifier: Apache-2.0 */
#include "source/unpack_ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct chunk {
    uint8_t *data;
    size_t len;
    size_t at; /* taken by the reader so far */
};

struct unpack_ahead {
    struct unpack *unpack;
    struct chunk chunks[UNPACK_AHEAD_CHUNKS];
    uint8_t *memory;
    pthread_t thread;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned n_filled; /* chunks that wait, from `first` on */
    unsigned first;
    bool is_stopping;
    enum unpack_result end; /* UNPACK_BYTES: goes on; else what comes when the chunks are taken */
    struct error error;
};

/* As much as fits, so that a chunk is worth its hand-over. */
static enum unpack_result fill(struct unpack_ahead *ahead, struct chunk *chunk, struct error *error)
{
    enum unpack_result result = UNPACK_BYTES;

    chunk->len = chunk->at = 0;
    while (chunk->len < UNPACK_AHEAD_CHUNK_BYTES && (result == UNPACK_BYTES || result == UNPACK_IDLE)) {
        size_t len = 0;

        result = unpack_read(ahead->unpack, chunk->data + chunk->len, UNPACK_AHEAD_CHUNK_BYTES - chunk->len,
                             &len, error);
        if (result == UNPACK_BYTES)
            chunk->len += len;
    }
    return result;
}

static void *ahead_main(void *context)
{
    struct unpack_ahead *ahead = context;
    unsigned next = 0;

    pthread_mutex_lock(&ahead->mutex);
    while (!ahead->is_stopping && ahead->end == UNPACK_BYTES) {
        struct chunk *chunk = &ahead->chunks[next];
        enum unpack_result result;
        struct error error;

        if (ahead->n_filled == UNPACK_AHEAD_CHUNKS) {
            pthread_cond_wait(&ahead->changed, &ahead->mutex);
            continue;
        }
        pthread_mutex_unlock(&ahead->mutex);
        result = fill(ahead, chunk, &error);
        pthread_mutex_lock(&ahead->mutex);
        if (chunk->len > 0) {
            ahead->n_filled++;
            next = (next + 1) % UNPACK_AHEAD_CHUNKS;
        }
        if (result != UNPACK_BYTES && result != UNPACK_IDLE)
            ahead->end = result;
        if (result == UNPACK_FAULT)
            ahead->error = error;
        pthread_cond_broadcast(&ahead->changed);
    }
    pthread_mutex_unlock(&ahead->mutex);
    return NULL;
}

/* Signals are the main thread's to take. */
static bool start(struct unpack_ahead *ahead)
{
    sigset_t all, before;
    bool is_started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    is_started = pthread_create(&ahead->thread, NULL, ahead_main, ahead) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_started;
}

struct unpack_ahead *unpack_ahead_open(struct unpack *unpack)
{
    struct unpack_ahead *ahead = calloc(1, sizeof *ahead);

    if (ahead == NULL)
        return NULL;
    ahead->memory = malloc((size_t)UNPACK_AHEAD_CHUNKS * UNPACK_AHEAD_CHUNK_BYTES);
    if (ahead->memory == NULL) {
        free(ahead);
        return NULL;
    }
    ahead->unpack = unpack;
    ahead->end = UNPACK_BYTES;
    for (size_t i = 0; i < UNPACK_AHEAD_CHUNKS; i++)
        ahead->chunks[i].data = ahead->memory + i * UNPACK_AHEAD_CHUNK_BYTES;
    pthread_mutex_init(&ahead->mutex, NULL);
    pthread_cond_init(&ahead->changed, NULL);
    if (start(ahead))
        return ahead;
    pthread_mutex_destroy(&ahead->mutex);
    pthread_cond_destroy(&ahead->changed);
    free(ahead->memory);
    free(ahead);
    return NULL;
}

void unpack_ahead_close(struct unpack_ahead *ahead)
{
    if (ahead == NULL)
        return;
    pthread_mutex_lock(&ahead->mutex);
    ahead->is_stopping = true;
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->mutex);
    pthread_join(ahead->thread, NULL);
    pthread_mutex_destroy(&ahead->mutex);
    pthread_cond_destroy(&ahead->changed);
    free(ahead->memory);
    free(ahead);
}

enum unpack_result unpack_ahead_read(struct unpack_ahead *ahead, uint8_t *data, size_t cap, size_t *len,
                                     struct error *error)
{
    enum unpack_result result = UNPACK_BYTES;
    struct chunk *chunk = NULL;

    *len = 0;
    pthread_mutex_lock(&ahead->mutex);
    while (ahead->n_filled == 0 && ahead->end == UNPACK_BYTES)
        pthread_cond_wait(&ahead->changed, &ahead->mutex);
    if (ahead->n_filled > 0) {
        chunk = &ahead->chunks[ahead->first];
    } else {
        result = ahead->end;
        if (result == UNPACK_FAULT)
            *error = ahead->error;
    }
    pthread_mutex_unlock(&ahead->mutex);
    if (chunk == NULL)
        return result;
    *len = chunk->len - chunk->at < cap ? chunk->len - chunk->at : cap;
    memcpy(data, chunk->data + chunk->at, *len);
    chunk->at += *len;
    if (chunk->at < chunk->len)
        return UNPACK_BYTES;
    pthread_mutex_lock(&ahead->mutex);
    ahead->first = (ahead->first + 1) % UNPACK_AHEAD_CHUNKS;
    ahead->n_filled--;
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->mutex);
    return UNPACK_BYTES;
}
