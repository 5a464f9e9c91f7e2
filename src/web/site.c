/* SPDX-License-Identifier: Apache-2.0 */
#include "web/site.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/rand.h>

#include "base/log.h"
#include "base/timestamp.h"
#include "web/appsync_door.h"
#include "live/hub.h"
#include "live/archive_pool.h"
#include "web/audit.h"
#include "web/job_pool.h"
#include "web/links.h"
#include "web/live_room.h"
#include "web/people.h"
#include "web/pin_sweeper.h"
#include "web/server.h"
#include "web/site_watch.h"

/* Sockets are told and closed, answers under way cut off. */
static void link_ended(void *context, const char *id, enum link_answer why)
{
    struct site *site = context;

    if (site->server)
        server_end_access(site->server, id, NULL, why == LINK_WAS_EXPIRED ? ACCESS_EXPIRED : ACCESS_REVOKED);
}

struct site *site_new(struct loop *loop, const struct site_options *options, struct error *error)
{
    struct site *site = calloc(1, sizeof *site);
    struct error fault;

    if (site)
        site->archive = strdup(options->archive);
    if (site == NULL || site->archive == NULL ||
        RAND_bytes((unsigned char *)&site->hash_seed, sizeof site->hash_seed) != 1) {
        error_set(error, ERROR_SYSTEM, "no memory, or no randomness, to serve with");
        site_free(site);
        return NULL;
    }
    site->loop = loop;
    site->options = *options;
    site->options.archive = site->archive;
    site->started_ns = timestamp_now();
    site->jobs = job_pool_new(loop, error);
    site->archives = site->jobs ? archive_pool_new(site->archive, error) : NULL;
    site->links = site->archives ? links_new(loop, site->archive, error) : NULL;
    site->people = site->links ? people_new(loop, site->links, site->hash_seed, error) : NULL;
    site->appsync = site->people ? appsync_door_new(site, error) : NULL;
    site->live = site->appsync ? live_room_new(site, error) : NULL;
    site->watch = site->live ? site_watch_new(site, error) : NULL;
    site->pins = site->watch ? pin_sweeper_new(site, error) : NULL;
    if (site->pins == NULL) {
        site_free(site);
        return NULL;
    }
    links_on_end(site->links, link_ended, site);
    site->audit = audit_new(site->archive, &fault);
    if (site->audit == NULL) /* a log is no reason not to serve */
        log_write(LEVEL_WARNING, "who looks is not written down: %s", fault.text);
    return site;
}

void site_free(struct site *site)
{
    if (site == NULL)
        return;
    appsync_door_free(site->appsync);
    live_room_free(site->live);
    site_watch_free(site->watch);
    job_pool_free(site->jobs); /* before what jobs tell when they are done, and borrow texts of */
    pin_sweeper_free(site->pins);
    people_free(site->people);
    links_free(site->links);
    audit_free(site->audit);
    archive_pool_free(site->archives);
    for (size_t i = 0; i < site->n_sources; i++)
        free(site->sources[i].tap);
    free(site->archive);
    free(site);
}

struct site_source *site_source_find(struct site *site, struct bytes name)
{
    for (size_t i = 0; i < site->n_sources; i++)
        if (bytes_equal(bytes_text(site->sources[i].name), name))
            return &site->sources[i];
    return NULL;
}

bool site_source_add(struct site *site, const char *name, const char *tap)
{
    struct site_source *source = site_source_find(site, bytes_text(name));
    char *copy = tap ? strdup(tap) : NULL;

    if ((tap && copy == NULL) || strlen(name) >= SITE_SOURCE_NAME_BYTES ||
        (source == NULL && site->n_sources == SITE_SOURCES_LIMIT)) {
        free(copy);
        return false;
    }
    if (source == NULL) {
        source = &site->sources[site->n_sources++];
        snprintf(source->name, sizeof source->name, "%s", name);
    }
    if (copy) {
        free(source->tap);
        source->tap = copy;
    }
    return true;
}

enum site_source_state site_source_state(const struct site_source *source)
{
    if (source->trouble[0])
        return SOURCE_DISK_FULL;
    if (source->has_recorder || (source->hub && hub_state(source->hub) == HUB_LIVE))
        return SOURCE_LIVE;
    if (source->is_recorder_lost)
        return SOURCE_LOST;
    return source->tap ? SOURCE_ENDED : SOURCE_ARCHIVE;
}

const char *site_source_state_name(enum site_source_state state)
{
    static const char *const names[] = { [SOURCE_LIVE] = "live",
                                         [SOURCE_ARCHIVE] = "archive",
                                         [SOURCE_LOST] = "lost",
                                         [SOURCE_ENDED] = "ended",
                                         [SOURCE_DISK_FULL] = "disk_full" };

    return names[state];
}

const char *site_source_words(const struct site_source *source)
{
    static const char *const words[] = {
        [SOURCE_LIVE] = "recording",
        [SOURCE_ARCHIVE] = "an archive: nobody records it",
        [SOURCE_LOST] = "the recorder is gone without a word: it was killed, or crashed",
        [SOURCE_ENDED] = "the recorder was stopped",
    };
    enum site_source_state state = site_source_state(source);

    return state == SOURCE_DISK_FULL ? source->trouble : words[state];
}
