/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/archive_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive_source.h"
#include "archive/segment_file.h"
#include "archive/segment_index.h"
#include "pipeline/decap.h"

struct span {
    int64_t min_ns, max_ns;
    bool is_unknown; /* to the journal */
};

struct archive_lookup {
    struct catalog catalog;
    struct span *spans; /* by place in the catalog */
    bool wants_decap;
};

static struct span span_of(const struct catalog_entry *entry, struct import_journal *journal)
{
    struct span span = { INT64_MIN, INT64_MAX, true };
    const char *name = strrchr(entry->path, '/') + 1, *end = strstr(name, ".pcapng");
    char stem[SEGMENT_NAME_BYTES];
    struct error error;
    struct segment_index *index = entry->has_index ? segment_index_open(entry->index_path, &error) : NULL;

    if (index) {
        span.min_ns = segment_index_min_ts(index);
        span.max_ns = segment_index_max_ts(index);
        segment_index_close(index);
    }
    snprintf(stem, sizeof stem, "%.*s", end ? (int)(end - name) : 0, name);
    span.is_unknown = journal == NULL || !import_journal_knows_segment(journal, stem);
    return span;
}

struct archive_lookup *archive_lookup_new(const char *directory, struct import_journal *journal,
                                          bool wants_decap, struct error *error)
{
    struct archive_lookup *lookup = calloc(1, sizeof *lookup);

    if (lookup == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory to look into the archive");
        return NULL;
    }
    lookup->wants_decap = wants_decap;
    if (!catalog_load(&lookup->catalog, directory, error)) {
        free(lookup);
        return NULL;
    }
    lookup->spans = calloc(lookup->catalog.n + 1, sizeof *lookup->spans);
    if (lookup->spans == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory to look into the archive");
        archive_lookup_free(lookup);
        return NULL;
    }
    for (uint32_t i = 0; i < lookup->catalog.n; i++)
        lookup->spans[i] = span_of(&lookup->catalog.entries[i], journal);
    return lookup;
}

void archive_lookup_free(struct archive_lookup *lookup)
{
    if (lookup == NULL)
        return;
    catalog_clear(&lookup->catalog);
    free(lookup->spans);
    free(lookup);
}

static bool is_same(const struct packet *a, const struct packet *b)
{
    return a->ts_ns == b->ts_ns && a->caplen == b->caplen && a->linktype == b->linktype &&
           memcmp(a->data, b->data, a->caplen) == 0;
}

static const char *interface_name(const struct interface_table *interfaces, uint32_t interface)
{
    return interface < interfaces->n ? interfaces->items[interface].name : "";
}

/* mirror: the interface's name that it must have, too, for two mirrors may see the same frame; NULL: any. -1
 * with *error. */
static int search(struct catalog_entry *entry, const struct packet *packet, const char *mirror,
                  struct error *error)
{
    struct hint hint = { .kind = HINT_TIME, .time = { packet->ts_ns, packet->ts_ns } };
    const struct catalog catalog = { entry, 1 };
    struct interface_table interfaces = { 0 };
    struct batch batch = { 0 };
    struct source *source = archive_source_open(&catalog, &hint, &interfaces, error);
    enum source_result result = SOURCE_IDLE;
    int answer = source && batch_init(&batch, BATCH_BYTES) ? 0 : -1;

    if (source && answer < 0)
        error_set(error, ERROR_SYSTEM, "no memory for packets");
    while (answer == 0 &&
           ((result = source_next(source, &batch, -1, error)) == SOURCE_PACKETS || result == SOURCE_IDLE)) {
        for (uint32_t i = 0; i < batch.n && answer == 0; i++)
            answer = is_same(&batch.packets[i], packet) &&
                     (mirror == NULL ||
                      strcmp(interface_name(&interfaces, batch.packets[i].interface), mirror) == 0);
    }
    source_close(source);
    batch_clear(&batch);
    interface_table_clear(&interfaces);
    return result == SOURCE_FAULT ? -1 : answer;
}

int archive_lookup_packet(void *context, const struct packet *packet, bool only_unknown,
                          char segment[static 256], struct error *error)
{
    struct archive_lookup *lookup = context;
    struct interface_table interfaces = { 0 };
    struct packet inner = *packet;
    struct decap *decap = NULL;
    const char *mirror = NULL;
    int answer = 0;

    for (uint32_t i = 0; i < lookup->catalog.n && answer == 0; i++) {
        const struct span *span = &lookup->spans[i];

        if (packet->ts_ns < span->min_ns || packet->ts_ns > span->max_ns ||
            (only_unknown && !span->is_unknown))
            continue;
        if (lookup->wants_decap && decap == NULL) {
            struct interface interface = { .linktype = packet->linktype };

            inner.interface = interface_table_add(&interfaces, &interface, error);
            decap = decap_new(&interfaces, 0, error);
            if (decap == NULL || inner.interface == UINT32_MAX) {
                answer = -1;
                break;
            }
            if (decap_packet(decap, &inner, error) != DECAP_PLAIN)
                mirror = interface_name(&interfaces, inner.interface);
        }
        answer = search(&lookup->catalog.entries[i], &inner, mirror, error);
        snprintf(segment, 256, "%s", strrchr(lookup->catalog.entries[i].path, '/') + 1);
    }
    decap_free(decap);
    interface_table_clear(&interfaces);
    return answer;
}
