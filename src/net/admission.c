/* SPDX-License-Identifier: Apache-2.0 */
#include "net/admission.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

enum { CONNECTIONS_LIMIT = 1 << 20 };

struct source {
    struct ip_address address; /* family 0: the place is free */
    uint32_t n_connections;
};

/* Open addressing, at most half full; a leaving source's run is closed up behind it. */
struct admission {
    size_t limit, source_limit;
    size_t mask;
    uint64_t seed; /* strangers choose the keys */
    struct admission_statistics statistics;
    struct source sources[];
};

struct admission *admission_new(size_t limit, size_t source_limit, struct error *error)
{
    struct admission *admission;
    size_t n_places = 16;

    if (limit < 1 || limit > CONNECTIONS_LIMIT) {
        error_set(error, ERROR_USAGE, "%zu connections: from 1 to %d can be asked for", limit,
                  CONNECTIONS_LIMIT);
        return NULL;
    }
    while (n_places < limit * 2)
        n_places *= 2;
    admission = calloc(1, sizeof *admission + n_places * sizeof admission->sources[0]);
    if (admission == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for %zu connections", limit);
        return NULL;
    }
    admission->limit = limit;
    admission->source_limit = source_limit;
    admission->mask = n_places - 1;
    if (getrandom(&admission->seed, sizeof admission->seed, 0) != sizeof admission->seed) {
        error_system(error, "random seed");
        free(admission);
        return NULL;
    }
    return admission;
}

void admission_free(struct admission *admission)
{
    free(admission);
}

static struct ip_address source_of(const struct ip_address *address)
{
    struct ip_address source = *address;

    if (source.family == 6)
        memset(source.bytes + 8, 0, 8);
    return source;
}

static size_t home_of(const struct admission *admission, const struct ip_address *source)
{
    return (size_t)XXH3_64bits_withSeed(source, sizeof *source, admission->seed) & admission->mask;
}

/* Its place, or the free one it would take. */
static size_t find(const struct admission *admission, const struct ip_address *source)
{
    size_t at = home_of(admission, source);

    while (admission->sources[at].address.family != 0 &&
           !ip_address_equal(&admission->sources[at].address, source))
        at = (at + 1) & admission->mask;
    return at;
}

bool admission_enter(struct admission *admission, const struct ip_address *address)
{
    struct ip_address source = source_of(address);
    struct source *place = &admission->sources[find(admission, &source)];

    if (admission->statistics.n_open >= admission->limit) {
        admission->statistics.n_refused_full++;
        return false;
    }
    if (source.family != 0) {
        if (admission->source_limit && place->n_connections >= admission->source_limit) {
            admission->statistics.n_refused_source++;
            return false;
        }
        place->address = source;
        place->n_connections++;
    }
    admission->statistics.n_open++;
    admission->statistics.n_admitted++;
    return true;
}

void admission_leave(struct admission *admission, const struct ip_address *address)
{
    struct ip_address source = source_of(address);
    size_t hole;

    assert(admission->statistics.n_open > 0);
    admission->statistics.n_open--;
    if (source.family == 0)
        return;
    hole = find(admission, &source);
    assert(admission->sources[hole].n_connections > 0);
    if (--admission->sources[hole].n_connections > 0)
        return;
    for (size_t at = (hole + 1) & admission->mask; admission->sources[at].address.family != 0;
         at = (at + 1) & admission->mask) {
        size_t home = home_of(admission, &admission->sources[at].address);

        if (((at - home) & admission->mask) >= ((at - hole) & admission->mask)) {
            admission->sources[hole] = admission->sources[at];
            hole = at;
        }
    }
    admission->sources[hole] = (struct source) { .n_connections = 0 };
}

void admission_count_fd_refusal(struct admission *admission)
{
    admission->statistics.n_refused_fds++;
}

const struct admission_statistics *admission_statistics(const struct admission *admission)
{
    return &admission->statistics;
}
