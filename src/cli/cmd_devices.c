/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_devices - who was seen, under which identities, at which addresses, when: from the segments' indexes,
 * and for the open segment, which has none, by a pass over its packets.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "archive/catalog.h"
#include "base/json_writer.h"
#include "base/size_text.h"
#include "base/time_range.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "cli/answer.h"
#include "cli/commands.h"
#include "cli/device_list.h"
#include "cli/value_format.h"
#include "pipeline/archive_bindings.h"
#include "pipeline/archive_coverage.h"

enum { LIST_LIMIT_BYTES = 1 << 30, ENDPOINT_BYTES = IP_ADDRESS_TEXT_BYTES + 10 };

struct settings {
    const char *archive, *like, *from, *to, *format;
    bool is_local;
};

static const struct option options[] = {
    { 'A', "archive", OPTION_TEXT, offsetof(struct settings, archive), "DIR",
      "the archive directory (else TAPDECK_ARCHIVE)" },
    { 0, "like", OPTION_TEXT, offsetof(struct settings, like), "TEXT",
      "only identities that contain TEXT, upper and lower case alike" },
    { 0, "from", OPTION_TIME, offsetof(struct settings, from), "TIME",
      "only what was seen at or after TIME" },
    { 0, "to", OPTION_TIME, offsetof(struct settings, to), "TIME", "only what was seen at or before TIME" },
    { 'T', "format", OPTION_TEXT, offsetof(struct settings, format), "FORMAT", "text (default) or json" },
    { 0, "local", OPTION_FLAG, offsetof(struct settings, is_local), NULL,
      "times in the local zone, not in UTC" },
    { 0 },
};

/* ---- gathering ---- */

struct gathering {
    struct device_list *list;
    struct time_range range;
    const char *like;
    bool is_out_of_memory;
};

/* What is shown of an identity: its text, or hex where it is none. */
static void put_identity(struct buffer *text, struct bytes identity)
{
    if (utf8_is_printable(identity))
        buffer_put(text, identity.data, identity.len);
    else
        hex_format(text, identity);
}

static bool is_like(struct bytes identity, const char *like)
{
    char shown[2 * IDENTITY_LIMIT_BYTES + 1];
    struct buffer text;
    size_t len;

    if (like == NULL)
        return true;
    buffer_init(&text, sizeof shown - 1);
    put_identity(&text, identity);
    len = text.len;
    if (len > 0)
        memcpy(shown, text.data, len);
    shown[len] = '\0';
    buffer_clear(&text);
    return strcasestr(shown, like) != NULL;
}

static bool gather(void *context, const struct binding *binding)
{
    struct gathering *g = context;

    if (binding->to_ns < g->range.from_ns || binding->from_ns > g->range.to_ns ||
        !is_like(binding->identity, g->like))
        return true;
    g->is_out_of_memory = !device_list_add(g->list, binding);
    return !g->is_out_of_memory;
}

static bool gather_archive(const char *directory, struct gathering *g,
                           struct archive_bindings_counters *counters, struct error *error)
{
    struct archive_bindings_question question = { .function = gather, .context = g };
    struct catalog catalog;
    bool is_done;

    if (getrandom(&question.hash_seed, sizeof question.hash_seed, 0) != sizeof question.hash_seed)
        return error_system(error, "random numbers");
    if (!catalog_load(&catalog, directory, error))
        return false;
    is_done = archive_bindings(&catalog, &question, counters, error);
    catalog_clear(&catalog);
    if (is_done && g->is_out_of_memory)
        return error_set(error, ERROR_SYSTEM, "out of memory");
    return is_done;
}

/* ---- as text ---- */

static const char *endpoint_format(const struct device_stay *stay, char text[static ENDPOINT_BYTES])
{
    char address[IP_ADDRESS_TEXT_BYTES];

    snprintf(text, ENDPOINT_BYTES, stay->address.family == 6 ? "[%s]:%u" : "%s:%u",
             ip_address_format(&stay->address, address), stay->port);
    return text;
}

/* Milliseconds are enough for people. */
static const char *moment_format(int64_t ts_ns, bool is_local, char text[static TIMESTAMP_TEXT_BYTES])
{
    timestamp_format(ts_ns, is_local, text);
    memmove(text + 23, text + 29, strlen(text + 29) + 1);
    return text;
}

static void put_cell(struct buffer *out, size_t start, size_t columns)
{
    size_t taken = utf8_columns(bytes_of(out->data + start, out->len - start));

    for (; taken < columns; taken++)
        buffer_put_u8(out, ' ');
}

static void put_row_end(struct buffer *out, bool is_local, uint64_t n_packets, uint64_t n_bytes,
                        int64_t from_ns, int64_t to_ns)
{
    char packets[SIZE_TEXT_BYTES], size[SIZE_TEXT_BYTES], from[TIMESTAMP_TEXT_BYTES],
        to[TIMESTAMP_TEXT_BYTES];

    buffer_printf(out, "  %12s  %8s  %s  %s\n", count_format(n_packets, packets), size_format(n_bytes, size),
                  moment_format(from_ns, is_local, from), moment_format(to_ns, is_local, to));
}

static size_t widest_name(const struct device_entry *entries, uint32_t n)
{
    size_t widest = strlen("IDENTITY, addresses below");

    for (uint32_t i = 0; i < n; i++) {
        size_t columns = utf8_is_printable(entries[i].identity) ? utf8_columns(entries[i].identity)
                                                                : entries[i].identity.len * 2;

        if (columns > widest)
            widest = columns;
        for (uint32_t s = 0; s < entries[i].n_stays; s++) {
            char endpoint[ENDPOINT_BYTES];

            columns = 2 + strlen(endpoint_format(&entries[i].stays[s], endpoint));
            if (columns > widest)
                widest = columns;
        }
    }
    return widest < 64 ? widest : 64; /* a longer identity pushes its own row only */
}

enum { KIND_COLUMNS = 13 };

static const char *kind_name(enum identity_scheme scheme)
{
    const char *name = identity_scheme_name(scheme);

    return name ? name : "unknown"; /* of a newer tapdeck */
}

static void put_list(struct buffer *out, const struct device_entry *entries, uint32_t n, bool is_local)
{
    size_t name_columns = widest_name(entries, n), start = out->len;

    buffer_put_text(out, "IDENTITY, addresses below");
    put_cell(out, start, name_columns);
    buffer_printf(out, "  %-*s  %12s  %8s  %-*s  %s\n", KIND_COLUMNS, "KIND", "PACKETS", "BYTES",
                  is_local ? 29 : 24, "FIRST SEEN", "LAST SEEN");
    for (uint32_t i = 0; i < n; i++) {
        const struct device_entry *entry = &entries[i];

        start = out->len;
        put_identity(out, entry->identity);
        put_cell(out, start, name_columns);
        buffer_printf(out, "  %-*s", KIND_COLUMNS, kind_name(entry->scheme));
        put_row_end(out, is_local, entry->n_packets, entry->n_bytes, entry->first_ns, entry->last_ns);
        for (uint32_t s = 0; s < entry->n_stays; s++) {
            const struct device_stay *stay = &entry->stays[s];
            char endpoint[ENDPOINT_BYTES];

            buffer_printf(out, "  %-*s  %-*s", (int)name_columns - 2, endpoint_format(stay, endpoint),
                          KIND_COLUMNS, binding_reason_name(stay->reason));
            put_row_end(out, is_local, stay->n_packets, stay->n_bytes, stay->from_ns, stay->to_ns);
        }
    }
}

/* ---- as JSON ---- */

static void json_count(struct json_writer *json, const char *name, uint64_t number)
{
    json_writer_name(json, name);
    json_writer_number(json, number);
}

static void json_time(struct json_writer *json, const char *name, int64_t ts_ns, bool is_local)
{
    char text[TIMESTAMP_TEXT_BYTES];

    json_writer_name(json, name);
    json_writer_string(json, timestamp_format(ts_ns, is_local, text));
}

static void json_stay(struct json_writer *json, const struct device_stay *stay, bool is_local)
{
    char address[IP_ADDRESS_TEXT_BYTES];

    json_writer_object(json);
    json_writer_name(json, "address");
    json_writer_string(json, ip_address_format(&stay->address, address));
    json_count(json, "port", stay->port);
    json_time(json, "from", stay->from_ns, is_local);
    json_time(json, "to", stay->to_ns, is_local);
    json_writer_name(json, "reason");
    json_writer_string(json, binding_reason_name(stay->reason));
    json_count(json, "packets", stay->n_packets);
    json_count(json, "bytes", stay->n_bytes);
    json_writer_end(json);
}

static void put_json(struct buffer *out, const struct device_entry *entries, uint32_t n,
                     const struct answer *answer)
{
    bool is_local = answer->is_local;
    struct json_writer json;
    struct buffer hex;

    buffer_init(&hex, 2 * IDENTITY_LIMIT_BYTES);
    json_writer_init(&json, out, JSON_WRITER_INDENTED);
    json_writer_array(&json);
    for (uint32_t i = 0; i < n; i++) {
        const struct device_entry *entry = &entries[i];

        buffer_empty(&hex);
        hex_format(&hex, entry->identity);
        json_writer_object(&json);
        json_writer_name(&json, "scheme");
        json_writer_string(&json, kind_name(entry->scheme));
        json_writer_name(&json, "identity"); /* null where it is no text */
        if (utf8_is_printable(entry->identity))
            json_writer_text(&json, entry->identity);
        else
            json_writer_null(&json);
        json_writer_name(&json, "identity_hex");
        json_writer_text(&json, buffer_bytes(&hex));
        json_time(&json, "first_seen", entry->first_ns, is_local);
        json_time(&json, "last_seen", entry->last_ns, is_local);
        json_count(&json, "packets", entry->n_packets);
        json_count(&json, "bytes", entry->n_bytes);
        json_writer_name(&json, "addresses");
        json_writer_array(&json);
        for (uint32_t s = 0; s < entry->n_stays; s++)
            json_stay(&json, &entry->stays[s], is_local);
        json_writer_end(&json);
        json_writer_end(&json);
    }
    json_writer_object(&json); /* behind the devices: how complete they are */
    json_writer_name(&json, "coverage");
    answer_put_json(&json, answer);
    json_writer_end(&json);
    json_writer_end(&json);
    buffer_put_u8(out, '\n');
    buffer_clear(&hex);
}

/* ---- the command ---- */

/* The last element of JSON counts the devices as found. */
static bool list_print(struct device_list *list, bool is_json, struct answer *answer, uint32_t *n,
                       struct error *error)
{
    const struct device_entry *entries = device_list_finish(list, n);
    struct buffer out;
    bool is_printed = true;

    answer->n_found = *n;
    buffer_init(&out, LIST_LIMIT_BYTES);
    if (is_json)
        put_json(&out, entries, *n, answer);
    else if (*n > 0)
        put_list(&out, entries, *n, answer->is_local);
    if (out.is_full)
        is_printed =
            error_set(error, ERROR_LIMIT, "the list is longer than %d bytes; narrow it by --like or --from",
                      LIST_LIMIT_BYTES);
    else if (out.len > 0)
        fwrite(out.data, 1, out.len, stdout);
    buffer_clear(&out);
    return is_printed;
}

static bool covered_list_print(const char *directory, const struct gathering *g,
                               const struct archive_bindings_counters *counters, bool is_json, bool is_local,
                               uint32_t *n, struct error *error)
{
    struct archive_coverage found;
    struct catalog catalog;
    struct answer answer = { .coverage = &found.coverage,
                             .is_local = is_local,
                             .is_of_device = true,
                             .n_damaged = counters->n_unreadable,
                             .damage = counters->n_unreadable ? counters->first.text : NULL };
    bool is_printed;

    if (!catalog_load(&catalog, directory, error))
        return false;
    is_printed = archive_coverage_find(directory, &catalog, &g->range, timestamp_now(), &found, error) &&
                 list_print(g->list, is_json, &answer, n, error);
    if (is_printed) {
        fflush(stdout);
        answer_tell(&answer, false);
    }
    archive_coverage_clear(&found);
    catalog_clear(&catalog);
    return is_printed;
}

static void gaps_tell(const struct archive_bindings_counters *counters, uint64_t n_left_out)
{
    if (counters->n_unreadable > 0)
        fprintf(stderr, "tapdeck devices: %u segment%s could not be read, so devices may be missing: %s\n",
                counters->n_unreadable, counters->n_unreadable == 1 ? "" : "s", counters->first.text);
    if (n_left_out > 0)
        fprintf(stderr,
                "tapdeck devices: more than %d stays; %llu were left out: narrow it by --like or --from\n",
                DEVICE_STAYS, (unsigned long long)n_left_out);
}

static bool settings_check(const struct settings *settings, bool *is_json, struct error *error)
{
    *is_json = settings->format && strcmp(settings->format, "json") == 0;
    if (settings->format && !*is_json && strcmp(settings->format, "text") != 0)
        return error_set(error, ERROR_USAGE, "-T \"%s\": there is text and json", settings->format);
    return true;
}

static int devices(const struct settings *settings)
{
    struct gathering g = { .like = settings->like };
    struct archive_bindings_counters counters = { 0 };
    struct error error;
    const char *directory = command_archive(settings->archive, &error);
    bool is_json, is_done;
    uint32_t n = 0;

    if (directory == NULL || !settings_check(settings, &is_json, &error) ||
        !time_range_parse(settings->from, settings->to, timestamp_now(), settings->is_local, &g.range,
                          &error))
        return command_fault(&command_devices, &error);
    g.list = device_list_new();
    if (g.list == NULL)
        is_done = error_set(&error, ERROR_SYSTEM, "out of memory");
    else
        is_done = gather_archive(directory, &g, &counters, &error) &&
                  covered_list_print(directory, &g, &counters, is_json, settings->is_local, &n, &error);
    if (is_done)
        gaps_tell(&counters, device_list_left_out(g.list));
    device_list_free(g.list);
    if (!is_done)
        return command_fault(&command_devices, &error);
    if (counters.n_unreadable > 0)
        return EXIT_ERROR;
    return n > 0 ? EXIT_FOUND : EXIT_NONE;
}

static int run(int argc, char **argv)
{
    struct settings settings = { 0 };
    int code;

    return command_parse(&command_devices, argc, argv, &settings, &code) ? devices(&settings) : code;
}

const struct command command_devices = {
    .name = "devices",
    .summary = "lists who was seen, under which identities, at which addresses, when",
    .usage = "[-A DIR] [--like TEXT] [--from TIME] [--to TIME] [-T text|json]",
    .options = options,
    .notes =
        "Below each identity stand the addresses it was at, and how that is known: handshake (both ends "
        "finished\n"
        "one), resumed, connection id (the session's came from there), attempt (named, but never finished).\n"
        "\n"
        "TIME is 2024-08-29T10:00:00Z, '2024-08-29 10:00', 10:00 (today), 'thu 14:00', -15m, or now.\n"
        "\n"
        "examples:\n"
        "  tapdeck devices -A /var/lib/tapdeck --like 02005e --from -1h\n"
        "  tapdeck devices -A /var/lib/tapdeck -T json | jq -r '.[].identity // empty'\n"
        "\n"
        "How complete the list is (what of the asked time was recorded, gaps, drops) is said on standard "
        "error:\n"
        "to a terminal always, else when something is missing. The last element of JSON has it as "
        "\"coverage\".\n"
        "\n"
        "Exit status: 0 found, 1 none, 2 an error.\n",
    .run = run,
};
