/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/device_feeder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/device_table.h"
#include "base/log.h"
#include "base/timestamp.h"

struct device_feeder {
    char *directory;
    struct session_keys *keys;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool has_keys, is_awake, is_ending, is_idle; /* idle: the table fitted when last looked */
    atomic_bool stop;
    struct device_table *table; /* the thread's */
    char trouble[sizeof((struct error *)NULL)->text];
};

static void tell(struct device_feeder *feeder, const struct error *error)
{
    if (strcmp(feeder->trouble, error->text) != 0)
        log_write(LEVEL_WARNING, "the device table is not kept up, searches ask the indexes instead: %s",
                  error->text);
    snprintf(feeder->trouble, sizeof feeder->trouble, "%s", error->text);
}

static bool open_table(struct device_feeder *feeder, struct error *error)
{
    if (feeder->table)
        return true;
    feeder->table = device_table_open(feeder->directory, DEVICE_TABLE_WRITE, error);
    if (feeder->table == NULL)
        return false;
    if (device_table_set_aside(feeder->table))
        log_write(LEVEL_WARNING, "the device table was damaged: it is now %s, and made anew from the indexes",
                  device_table_set_aside(feeder->table));
    if (!device_table_feed_keys(feeder->table, feeder->keys, error))
        return false;
    pthread_mutex_lock(&feeder->lock);
    feeder->has_keys = true;
    pthread_cond_broadcast(&feeder->changed);
    pthread_mutex_unlock(&feeder->lock);
    return true;
}

static void follow(struct device_feeder *feeder)
{
    struct device_table_changes changes;
    struct catalog catalog;
    struct error error;
    bool is_done;

    if (!catalog_load(&catalog, feeder->directory, &error)) {
        tell(feeder, &error);
        return;
    }
    is_done = open_table(feeder, &error) &&
              device_table_follow(feeder->table, &catalog, &feeder->stop, &changes, &error);
    catalog_clear(&catalog);
    if (is_done) {
        feeder->trouble[0] = '\0';
        return;
    }
    tell(feeder, &error);
    device_table_close(feeder->table); /* opened again with the next segment, and set aside if need be */
    feeder->table = NULL;
}

static void *feeder_main(void *context)
{
    struct device_feeder *feeder = context;

    pthread_mutex_lock(&feeder->lock);
    for (;;) {
        if (feeder->is_awake) {
            feeder->is_awake = false;
            pthread_mutex_unlock(&feeder->lock);
            follow(feeder);
            pthread_mutex_lock(&feeder->lock);
            continue;
        }
        feeder->is_idle = true;
        pthread_cond_broadcast(&feeder->changed);
        if (feeder->is_ending)
            break;
        pthread_cond_wait(&feeder->changed, &feeder->lock);
    }
    pthread_mutex_unlock(&feeder->lock);
    device_table_close(feeder->table);
    return NULL;
}

static void feeder_free(struct device_feeder *feeder)
{
    pthread_cond_destroy(&feeder->changed);
    pthread_mutex_destroy(&feeder->lock);
    free(feeder->directory);
    free(feeder);
}

struct device_feeder *device_feeder_start(const char *directory, struct session_keys *keys,
                                          struct error *error)
{
    struct device_feeder *feeder = calloc(1, sizeof *feeder);

    if (feeder == NULL || (feeder->directory = strdup(directory)) == NULL) {
        free(feeder);
        error_system(error, "device table");
        return NULL;
    }
    feeder->keys = keys;
    pthread_mutex_init(&feeder->lock, NULL);
    pthread_cond_init(&feeder->changed, NULL);
    feeder->is_awake = true;
    if (pthread_create(&feeder->thread, NULL, feeder_main, feeder) == 0)
        return feeder;
    feeder_free(feeder);
    error_set(error, ERROR_SYSTEM, "no thread for the device table");
    return NULL;
}

void device_feeder_wake(struct device_feeder *feeder)
{
    if (feeder == NULL)
        return;
    pthread_mutex_lock(&feeder->lock);
    feeder->is_awake = true;
    feeder->is_idle = false;
    pthread_cond_broadcast(&feeder->changed);
    pthread_mutex_unlock(&feeder->lock);
}

void device_feeder_await(struct device_feeder *feeder, bool wants_all)
{
    if (feeder == NULL)
        return;
    pthread_mutex_lock(&feeder->lock);
    while (!feeder->is_idle && (wants_all || !feeder->has_keys))
        pthread_cond_wait(&feeder->changed, &feeder->lock);
    pthread_mutex_unlock(&feeder->lock);
}

void device_feeder_finish(struct device_feeder *feeder, int64_t wait_ns)
{
    struct timespec until;
    int64_t until_ns;

    if (feeder == NULL)
        return;
    if (__builtin_add_overflow(timestamp_now(), wait_ns, &until_ns))
        until_ns = INT64_MAX;
    until = (struct timespec) { until_ns / NS_PER_SECOND, until_ns % NS_PER_SECOND };
    pthread_mutex_lock(&feeder->lock);
    feeder->is_ending = true;
    feeder->is_awake = true;
    feeder->is_idle = false;
    pthread_cond_broadcast(&feeder->changed);
    while (!feeder->is_idle && pthread_cond_timedwait(&feeder->changed, &feeder->lock, &until) == 0)
        continue;
    atomic_store(&feeder->stop, true);
    pthread_mutex_unlock(&feeder->lock);
    pthread_join(feeder->thread, NULL);
    feeder_free(feeder);
}
