/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_devices - who was seen, under which identities, at which addresses, when: from the archive's device
 * table, and for what that does not contain from the indexes, or by a pass over the open segment's packets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "archive/catalog.h"
#include "archive/device_query.h"
#include "base/time_range.h"
#include "base/timestamp.h"
#include "cli/answer.h"
#include "cli/commands.h"
#include "cli/device_print.h"
#include "cli/signals.h"
#include "pipeline/archive_bindings.h"
#include "pipeline/archive_coverage.h"

enum {
    DEVICES_SHOWN = 1000,              /* unless --limit says otherwise */
    DEVICE_TEXT_LIMIT_BYTES = 1 << 28, /* of one device, as text or JSON */
    PRINT_AT_BYTES = 1 << 16,
};

struct settings {
    const char *archive, *like, *kind, *from, *to, *seen_since, *at, *time, *sort, *format;
    uint64_t limit;
    bool is_local;
};

static const struct option options[] = {
    COMMAND_OPTION_ARCHIVE,
    { 0, "like", OPTION_TEXT, offsetof(struct settings, like), "TEXT",
      "only identities that contain TEXT, upper and lower case alike; of every kind" },
    { 0, "kind", OPTION_TEXT, offsetof(struct settings, kind), "KIND",
      "only identities of that kind: dtls.psk, lwm2m.ep, mqtt.clientid, cert.cn, ...; also those that\n"
      "name no device but a service, a group or an interface: tls.sni, mqtt.user, mac" },
    { 0, "at", OPTION_TEXT, offsetof(struct settings, at), "ADDR[:PORT]",
      "only who was at this address: 10.1.2.3:40020, 10.1.2.3, [2001:db8::1]:5684" },
    { 0, "time", OPTION_TIME, offsetof(struct settings, time), "TIME",
      "only who was there at TIME (the same as --from TIME --to TIME)" },
    { 0, "from", OPTION_TIME, offsetof(struct settings, from), "TIME",
      "only what was seen at or after TIME" },
    { 0, "to", OPTION_TIME, offsetof(struct settings, to), "TIME", "only what was seen at or before TIME" },
    { 0, "seen-since", OPTION_TIME, offsetof(struct settings, seen_since), "TIME",
      "only devices seen since TIME, with all that is known of them" },
    { 0, "sort", OPTION_TEXT, offsetof(struct settings, sort), "KEY",
      "last (default: seen last comes first), first, packets or name" },
    { 0, "limit", OPTION_COUNT, offsetof(struct settings, limit), "COUNT",
      "list so many at most (1000; 0: all)" },
    COMMAND_OPTION_FORMAT,
    COMMAND_OPTION_LOCAL,
    { 0 },
};

/* ---- what was asked ---- */

static bool kind_parse(const char *text, enum identity_scheme *kind, struct error *error)
{
    char known[512] = "";
    size_t len = 0;

    for (int scheme = 1; identity_scheme_name((enum identity_scheme)scheme); scheme++) {
        const char *name = identity_scheme_name((enum identity_scheme)scheme);

        if (strcmp(name, text) == 0) {
            *kind = (enum identity_scheme)scheme;
            return true;
        }
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", len ? ", " : "", name);
    }
    return error_set(error, ERROR_USAGE, "--kind \"%s\": there is %s", text, known);
}

static bool at_parse(const char *text, struct device_question *question, struct error *error)
{
    const char *colon = strrchr(text, ':'), *port = NULL;
    char address[IP_ADDRESS_TEXT_BYTES + 2], *end;
    size_t len = strlen(text);
    unsigned long number;

    question->port = -1;
    if (text[0] == '[') {
        const char *close = strchr(text, ']');

        if (close && (close[1] == ':' || close[1] == '\0')) {
            port = close[1] ? close + 2 : NULL;
            len = (size_t)(close - ++text);
        }
    } else if (colon && strchr(text, ':') == colon) { /* more of them: IPv6 without a port */
        port = colon + 1;
        len = (size_t)(colon - text);
    }
    if (len < sizeof address) {
        memcpy(address, text, len);
        address[len] = '\0';
    }
    if (len >= sizeof address || !ip_address_parse(address, &question->address))
        return error_set(error, ERROR_USAGE,
                         "--at \"%s\" is no address; write 10.1.2.3:40020, 10.1.2.3 or [2001:db8::1]:5684",
                         text);
    if (port == NULL)
        return true;
    number = strtoul(port, &end, 10);
    if (port[0] < '0' || port[0] > '9' || *end || number > UINT16_MAX)
        return error_set(error, ERROR_USAGE, "--at: \"%s\" is no port; it is a number up to 65535", port);
    question->port = (int32_t)number;
    return true;
}

static bool order_parse(const char *text, enum device_order *order, struct error *error)
{
    static const char *const names[] = {
        [DEVICE_BY_LAST_SEEN] = "last",
        [DEVICE_BY_FIRST_SEEN] = "first",
        [DEVICE_BY_PACKETS] = "packets",
        [DEVICE_BY_NAME] = "name",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], text) == 0) {
            *order = (enum device_order)i;
            return true;
        }
    }
    return error_set(error, ERROR_USAGE, "--sort \"%s\": there is last, first, packets and name", text);
}

static bool times_parse(const struct settings *settings, struct device_question *question,
                        struct error *error)
{
    const char *from = settings->time ? settings->time : settings->from;
    int64_t now_ns = timestamp_now();
    struct time_range range;

    if (settings->time && (settings->from || settings->to))
        return error_set(error, ERROR_USAGE, "--time is one moment: leave out --from and --to");
    if (settings->time && !timestamp_parse(settings->time, now_ns, settings->is_local, &question->from_ns))
        return error_set(
            error, ERROR_USAGE,
            "--time \"%s\" is not a time; write 2024-08-29T10:00:00Z, '2024-08-29 10:00', 10:00, "
            "'thu 14:03', -15m or now",
            settings->time);
    if (settings->time) {
        question->to_ns = question->from_ns;
    } else {
        if (!time_range_parse(from, settings->to, now_ns, settings->is_local, &range, error))
            return false;
        question->from_ns = range.from_ns;
        question->to_ns = range.to_ns;
    }
    question->seen_since_ns = INT64_MIN;
    if (settings->seen_since &&
        !timestamp_parse(settings->seen_since, now_ns, settings->is_local, &question->seen_since_ns))
        return error_set(error, ERROR_USAGE,
                         "--seen-since \"%s\" is not a time; write -1h, 'thu 14:00' or 2024-08-29",
                         settings->seen_since);
    return true;
}

static bool question_make(const struct settings *settings, struct device_question *question, bool *is_json,
                          struct error *error)
{
    *question = (struct device_question) { .like = settings->like, .port = -1 };
    return command_format(settings->format, is_json, error) &&
           (settings->kind == NULL || kind_parse(settings->kind, &question->kind, error)) &&
           (settings->at == NULL || at_parse(settings->at, question, error)) &&
           (settings->sort == NULL || order_parse(settings->sort, &question->order, error)) &&
           times_parse(settings, question, error);
}

/* ---- the table, and what it lacks ---- */

struct gathering {
    struct device_table *table;
    bool has_overlay;
    struct error trouble;
};

static void gather_segment(void *context)
{
    struct gathering *g = context;

    if (g->has_overlay && g->trouble.kind == ERROR_NONE)
        device_table_overlay_segment(g->table, &g->trouble);
}

static bool gather(void *context, const struct binding *binding)
{
    struct gathering *g = context;

    if (g->trouble.kind == ERROR_NONE && !g->has_overlay)
        g->has_overlay = device_table_overlay(g->table, &g->trouble);
    return g->trouble.kind == ERROR_NONE && device_table_overlay_add(g->table, binding, &g->trouble);
}

static void tell_useless(const struct error *error)
{
    fprintf(stderr,
            "tapdeck devices: %s; the segments' indexes were asked instead (\"tapdeck index --rebuild\" "
            "makes the "
            "table anew)\n",
            error->text);
}

/* The archive's table; where it has none of use, one in a temporary file, made of all its indexes. */
static struct device_table *open_table(const char *directory, bool is_useless, const struct catalog *catalog,
                                       struct error *error)
{
    struct device_table *table = is_useless ? NULL : device_table_open(directory, DEVICE_TABLE_READ, error);
    struct device_table_changes changes;

    if (table)
        return table;
    if (!is_useless && error->kind != ERROR_NONE)
        tell_useless(error);
    table = device_table_open(NULL, DEVICE_TABLE_WRITE, error);
    if (table && device_table_follow(table, catalog, signals_stop(), &changes, error))
        return table;
    device_table_close(table);
    return NULL;
}

static struct device_table *gather_archive(const char *directory, bool is_useless,
                                           struct archive_bindings_counters *counters, struct error *error)
{
    struct gathering g = { 0 };
    struct archive_bindings_question question = { .function = gather,
                                                  .segment = gather_segment,
                                                  .context = &g };
    struct catalog catalog;
    bool is_done = false;

    if (getrandom(&question.hash_seed, sizeof question.hash_seed, 0) != sizeof question.hash_seed) {
        error_system(error, "random numbers");
        return NULL;
    }
    if (!catalog_load(&catalog, directory, error))
        return NULL;
    g.table = open_table(directory, is_useless, &catalog, error);
    if (g.table) {
        question.table = g.table;
        is_done = archive_bindings(&catalog, &question, counters, error);
    }
    if (g.trouble.kind != ERROR_NONE) {
        *error = g.trouble;
        is_done = false;
    }
    catalog_clear(&catalog);
    if (is_done)
        return g.table;
    device_table_close(g.table);
    return NULL;
}

/* ---- printing ---- */

struct printing {
    struct device_accountant *accountant;
    struct buffer out;
    struct json_writer json;
    const struct answer *answer; /* how complete it is */
    bool is_json, is_local, is_out_of_memory, has_begun;
};

static bool account(void *context, const struct binding *binding)
{
    struct printing *printing = context;

    printing->is_out_of_memory = !device_accountant_add(printing->accountant, binding);
    return !printing->is_out_of_memory;
}

static void print_out(struct printing *printing)
{
    fwrite(printing->out.data, 1, printing->out.len, stdout);
    printing->has_begun |= printing->out.len > 0;
    buffer_empty(&printing->out);
}

static bool print_device(struct printing *printing, struct error *error)
{
    const struct device_account *device =
        printing->is_out_of_memory ? NULL : device_accountant_finish(printing->accountant);

    if (device == NULL)
        return error_set(error, ERROR_SYSTEM, "out of memory");
    if (printing->is_json)
        device_print_json(&printing->json, device, printing->is_local);
    else
        device_print_text(&printing->out, device, printing->is_local);
    if (printing->out.is_full)
        return error_set(error, ERROR_LIMIT,
                         "a device has more addresses than can be printed; narrow it by --from");
    if (printing->out.len >= PRINT_AT_BYTES)
        print_out(printing);
    return true;
}

static bool print_all(struct printing *printing, struct device_query *query, uint64_t limit,
                      struct error *error)
{
    enum device_query_result result = DEVICE_QUERY_END;

    if (printing->is_json) {
        json_writer_init(&printing->json, &printing->out, JSON_WRITER_INDENTED);
        json_writer_array(&printing->json);
    } else if (device_query_count(query) > 0) {
        device_print_head(&printing->out, printing->is_local);
    }
    for (uint64_t n = 0; (limit == 0 || n < limit) && !atomic_load(signals_stop()); n++) {
        result = device_query_next(query, account, printing, error);
        if (result != DEVICE_QUERY_DEVICE)
            break;
        if (!print_device(printing, error))
            return false;
    }
    if (printing->is_json) {
        json_writer_object(&printing->json); /* behind the devices: how complete they are */
        json_writer_name(&printing->json, "coverage");
        answer_put_json(&printing->json, printing->answer);
        json_writer_end(&printing->json);
        json_writer_end(&printing->json);
        buffer_put_u8(&printing->out, '\n');
    }
    print_out(printing);
    return result != DEVICE_QUERY_FAULT;
}

/* ---- what else is to be said ---- */

static bool tell_earlier(void *context, const struct binding *binding)
{
    const struct settings *settings = context;
    char to[TIMESTAMP_TEXT_BYTES];
    struct buffer name;

    buffer_init(&name, 4096);
    device_name_put(&name, binding->identity);
    fprintf(stderr, "tapdeck devices: nobody known was there then; the last before was %.*s (%s), until %s\n",
            (int)name.len, (const char *)name.data,
            identity_scheme_name(binding->scheme) ? identity_scheme_name(binding->scheme) : "unknown",
            timestamp_format(binding->to_ns, settings->is_local, to));
    buffer_clear(&name);
    return false;
}

static void tell_rest(const struct archive_bindings_counters *counters, uint64_t n, uint64_t limit)
{
    fflush(stdout);
    if (counters->n_unreadable > 0)
        fprintf(stderr, "tapdeck devices: %u segment%s could not be read, so devices may be missing: %s\n",
                counters->n_unreadable, counters->n_unreadable == 1 ? "" : "s", counters->first.text);
    if (limit && n > limit)
        fprintf(stderr,
                "tapdeck devices: %llu more are not shown: --limit 0 shows all, --like, --kind, --at and "
                "--seen-since narrow it\n",
                (unsigned long long)(n - limit));
}

static bool print_answer(struct device_table *table, const struct device_question *question,
                         const struct settings *settings, bool is_json, struct answer *answer,
                         bool *has_begun, struct error *error)
{
    struct printing printing = { .is_json = is_json, .is_local = settings->is_local, .answer = answer };
    struct device_query *query = device_query_new(table, question, error);
    bool is_done = query != NULL, is_there;

    buffer_init(&printing.out, DEVICE_TEXT_LIMIT_BYTES);
    answer->n_found = query ? device_query_count(query) : 0;
    if (is_done && (printing.accountant = device_accountant_new()) == NULL)
        is_done = error_set(error, ERROR_SYSTEM, "out of memory");
    is_done = is_done && print_all(&printing, query, settings->limit, error);
    if (is_done && answer->n_found == 0 && question->address.family && question->to_ns != INT64_MAX)
        is_done =
            device_query_before(table, question, tell_earlier, (void *)(uintptr_t)settings, &is_there, error);
    *has_begun = printing.has_begun;
    buffer_clear(&printing.out);
    device_accountant_free(printing.accountant);
    device_query_free(query);
    return is_done;
}

/* The same, with what the archive covers of the asked time said behind it. */
static bool print_covered(const char *directory, struct device_table *table,
                          const struct device_question *question, const struct settings *settings,
                          bool is_json, const struct archive_bindings_counters *counters, uint64_t *n,
                          bool *has_begun, struct error *error)
{
    struct time_range range = { question->from_ns, question->to_ns };
    struct archive_coverage found;
    struct catalog catalog;
    struct answer answer = { .coverage = &found.coverage,
                             .is_local = settings->is_local,
                             .is_of_device = true,
                             .n_damaged = counters->n_unreadable,
                             .damage = counters->n_unreadable ? counters->first.text : NULL };
    bool is_done;

    if (!catalog_load(&catalog, directory, error))
        return false;
    is_done = archive_coverage_find(directory, &catalog, &range, timestamp_now(), &found, error) &&
              print_answer(table, question, settings, is_json, &answer, has_begun, error);
    if (is_done) {
        fflush(stdout);
        answer_tell(&answer, false);
        *n = answer.n_found;
    }
    archive_coverage_clear(&found);
    catalog_clear(&catalog);
    return is_done;
}

static int devices(const struct settings *settings)
{
    struct archive_bindings_counters counters = { 0 };
    struct device_question question;
    struct device_table *table;
    struct error error;
    const char *directory = command_archive(settings->archive, &error);
    bool is_json, is_done = false;
    uint64_t n = 0;

    if (directory == NULL || !question_make(settings, &question, &is_json, &error))
        return command_fault(&command_devices, &error);
    for (int is_useless = 0; is_useless < 2; is_useless++) {
        bool has_begun = false;

        table = gather_archive(directory, is_useless, &counters, &error);
        is_done = table && print_covered(directory, table, &question, settings, is_json, &counters, &n,
                                         &has_begun, &error);
        device_table_close(table);
        if (is_done || error.kind != ERROR_DAMAGED || has_begun)
            break;
        if (!is_useless) /* damaged further in */
            tell_useless(&error);
    }
    if (!is_done)
        return command_fault(&command_devices, &error);
    tell_rest(&counters, n, settings->limit);
    if (counters.n_unreadable > 0)
        return EXIT_ERROR;
    return n > 0 ? EXIT_FOUND : EXIT_NONE;
}

static int run(int argc, char **argv)
{
    struct settings settings = { .limit = DEVICES_SHOWN };
    int code;

    return command_parse(&command_devices, argc, argv, &settings, &code) ? devices(&settings) : code;
}

const struct command command_devices = {
    .name = "devices",
    .summary = "lists who was seen, under which identities, at which addresses, when",
    .usage = "[-A DIR] [--like TEXT] [--kind KIND] [--at ADDR[:PORT]] [--time TIME] [options]",
    .options = options,
    .notes =
        "A device is what its sessions say: names that one session bore are one device's, the others stand\n"
        "behind \"=\". An address never makes two names one. Below stand the addresses it was at, and how "
        "that\n"
        "is known: handshake (both ends finished one), resumed, connection id (the session's came from "
        "there),\n"
        "registration, location, connect, attempt (named, but never finished); and how sure it is: strong,\n"
        "probable, weak.\n"
        "\n"
        "A row tells all packets of a stay, also where --from and --to take a part of it.\n"
        "\n"
        "How complete the list is (what of the asked time was recorded, gaps, drops) is said on standard "
        "error:\n"
        "to a terminal always, else when something is missing. The last element of JSON has it as "
        "\"coverage\".\n"
        "\n"
        "TIME is 2024-08-29T10:00:00Z, '2024-08-29 10:00', 10:00 (today), 'thu 14:00', -15m, or now.\n"
        "\n"
        "examples:\n"
        "  tapdeck devices -A /var/lib/tapdeck --like 02005e --from -1h\n"
        "  tapdeck devices -A /var/lib/tapdeck --at 10.1.2.3:40020 --time 'thu 14:03'\n"
        "  tapdeck devices -A /var/lib/tapdeck --seen-since -1d --limit 0 -T json | jq -r '.[].identity // "
        "empty'\n"
        "\n"
        "Exit status: 0 found, 1 none, 2 an error.\n",
    .run = run,
};
