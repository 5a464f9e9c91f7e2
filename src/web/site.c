/* SPDX-License-Identifier: Apache-2.0 */
#include "web/site.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/rand.h>

#include "base/log.h"
#include "base/timestamp.h"
#include "web/audit.h"
#include "web/job_pool.h"
#include "web/links.h"
#include "web/people.h"
#include "web/server.h"

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
    site->links = site->jobs ? links_new(loop, site->archive, error) : NULL;
    site->people = site->links ? people_new(loop, site->links, site->hash_seed, error) : NULL;
    if (site->people == NULL) {
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
    job_pool_free(site->jobs); /* first: jobs borrow the texts of links */
    people_free(site->people);
    links_free(site->links);
    audit_free(site->audit);
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
