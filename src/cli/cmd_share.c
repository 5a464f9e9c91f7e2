/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_share - links and keys from the command line: makes them, lists them, ends them. Writes share.db only;
 * a server that runs sees it within a quarter of a second, and closes the sockets of what was revoked.
 *
 * The secret is printed once, here, and is nowhere else.
 */
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/size_text.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "cli/verbs.h"
#include "live/number_map.h"
#include "web/link_table.h"
#include "web/qr.h"
#include "web/scope_words.h"

enum { OUT_LIMIT_BYTES = 1 << 24, URL_BYTES = 512 };

#define LIFE_NS (3600 * NS_PER_SECOND) /* of a link without --until: a call */

struct settings {
    const char *archive, *filter, *device, *source, *packets, *from, *to, *bytes, *role, *until, *label,
        *owner, *server, *format;
    uint64_t most_viewers;
    bool is_local, is_key, may_publish, may_not_subscribe, has_no_qr;
};

/* ---- create ---- */

static bool until_parse(const struct settings *settings, int64_t now_ns, int64_t *expires_ns,
                        struct error *error)
{
    const char *text = settings->until;
    int64_t span_ns;

    if (text == NULL) {
        *expires_ns = now_ns + LIFE_NS;
        return true;
    }
    if (strcmp(text, "never") == 0) {
        *expires_ns = INT64_MAX;
        return true;
    }
    if (text[0] == '+' && text[1] && strchr("0123456789", text[strlen(text) - 1]))
        return error_set(error, ERROR_USAGE, "--until \"%s\" of what? write %sh for hours, or %sd for days",
                         text, text, text);
    if (text[0] == '+'
            ? !duration_parse(text + 1, &span_ns) || __builtin_add_overflow(now_ns, span_ns, expires_ns)
            : !timestamp_parse(text, now_ns, settings->is_local, expires_ns))
        return error_set(error, ERROR_USAGE,
                         "--until \"%s\" is not a time; write +1h, +7d, 18:00, 2026-12-31T18:00:00Z or never",
                         text);
    if (*expires_ns <= now_ns)
        return error_set(error, ERROR_USAGE, "--until \"%s\" is over already", text);
    return true;
}

/* Who asks, for those whose link has ended and who want to know whom to ask. */
static char *owner_of(const struct settings *settings)
{
    const struct passwd *user = settings->owner ? NULL : getpwuid(getuid());

    return strdup(settings->owner ? settings->owner : user ? user->pw_name : "the operator");
}

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

static bool link_parse(const struct settings *settings, struct link *link, struct error *error)
{
    int64_t now_ns = timestamp_now();

    *link = (struct link) { .kind = settings->is_key ? LINK_OF_PROGRAMS : LINK_OF_PEOPLE,
                            .scope = scope_of_all() };
    link->scope.bytes = BYTES_NONE;
    if (settings->bytes && !bytes_level_parse(bytes_text(settings->bytes), &link->scope.bytes))
        return error_set(error, ERROR_USAGE,
                         "--bytes \"%s\": there is none (addresses and summary), headers (decoded, without "
                         "bytes) and full",
                         settings->bytes);
    if (settings->role && !access_role_parse(bytes_text(settings->role), &link->role))
        return error_set(error, ERROR_USAGE, "--role \"%s\": there is view, comment and control",
                         settings->role);
    if (!time_range_parse(settings->from, settings->to, now_ns, settings->is_local, &link->scope.range,
                          error) ||
        !until_parse(settings, now_ns, &link->expires_ns, error))
        return false;
    if (settings->packets && !number_ranges_parse(settings->packets, &link->scope.numbers, error)) {
        error_context(error, "--packets");
        return false;
    }
    if (settings->most_viewers > LINK_VIEWERS_LIMIT)
        return error_set(error, ERROR_USAGE, "--most-viewers: at most %d", LINK_VIEWERS_LIMIT);
    if (!settings->is_key && (settings->may_publish || settings->may_not_subscribe))
        return error_set(error, ERROR_USAGE, "--publish and --no-subscribe are of keys: add --appsync");
    if (settings->is_key && settings->role)
        return error_set(error, ERROR_USAGE,
                         "a key has no role; it may subscribe, and publish with --publish");
    link->most_viewers = (uint32_t)settings->most_viewers;
    link->rights = !settings->is_key ? 0
                                     : (settings->may_publish ? (unsigned)RIGHT_PUBLISH : 0u) |
                                           (settings->may_not_subscribe ? 0u : (unsigned)RIGHT_SUBSCRIBE);
    link->scope.source = copy(settings->source);
    link->scope.filter = copy(settings->filter);
    link->scope.device = copy(settings->device);
    link->label = copy(settings->label);
    link->created_by = owner_of(settings);
    return true;
}

/* Numbers are of one source: of the only one, when nobody says which. */
static bool name_source(const char *directory, struct link *link, struct error *error)
{
    char **nodes = NULL;
    uint32_t n = 0;
    bool is_named = true;

    if (link->scope.numbers.n == 0 || link->scope.source)
        return true;
    if (!archive_nodes(directory, &nodes, &n, error))
        return false;
    if (n == 1)
        link->scope.source = copy(nodes[0]);
    else
        is_named = error_set(error, ERROR_USAGE,
                             "--packets: each recorder counts its own packets; say with --source whose%s%s%s",
                             n > 1 ? ": " : "", n > 1 ? nodes[0] : "", n > 1 ? ", ..." : "");
    for (uint32_t i = 0; i < n; i++)
        free(nodes[i]);
    free(nodes);
    return is_named;
}

/* "https://host[:port]", without a slash at its end. */
static bool server_check(const char *server, char url[static URL_BYTES], struct error *error)
{
    size_t len = strlen(server);

    if (strncmp(server, "https://", 8) != 0 && strncmp(server, "http://", 7) != 0)
        return error_set(error, ERROR_USAGE, "--server \"%s\" is no address; write https://HOST[:PORT]",
                         server);
    while (len > 0 && server[len - 1] == '/')
        len--;
    if (len >= URL_BYTES || !utf8_is_printable(bytes_of(server, len)) || memchr(server, ' ', len) ||
        memchr(server, '#', len))
        return error_set(error, ERROR_USAGE, "--server \"%s\" is no address", server);
    memcpy(url, server, len);
    url[len] = '\0';
    return true;
}

static bool server_of(const struct settings *settings, struct database *database, char url[static URL_BYTES],
                      struct error *error)
{
    if (settings->server)
        return server_check(settings->server, url, error);
    if (!link_table_server(database, url, URL_BYTES, error))
        return false;
    if (url[0] == '\0')
        return error_set(error, ERROR_USAGE,
                         "where is the server? no tapdeck serve has run on this archive yet: give --server "
                         "https://HOST[:PORT]");
    return true;
}

static void put_time(struct buffer *out, int64_t ts_ns, bool is_local)
{
    char text[TIMESTAMP_TEXT_BYTES];

    timestamp_format(ts_ns, is_local, text);
    buffer_put(out, text, 10);
    buffer_put_u8(out, ' ');
    buffer_put(out, text + 11, 8);
    buffer_put_text(out, is_local ? text + 29 : " UTC");
}

static void put_end(struct buffer *out, const struct link *link, bool is_local)
{
    if (link->expires_ns == INT64_MAX) {
        buffer_put_text(out, "until it is revoked");
        return;
    }
    buffer_put_text(out, "until ");
    put_time(out, link->expires_ns, is_local);
}

static void put_rights(struct buffer *out, const struct link *link)
{
    if (link->kind == LINK_OF_PEOPLE)
        buffer_printf(out, "may %s", access_role_name(link->role));
    else
        buffer_printf(out, "may %s%s%s", link->rights & RIGHT_SUBSCRIBE ? "subscribe" : "",
                      link->rights == (RIGHT_SUBSCRIBE | RIGHT_PUBLISH) ? " and " : "",
                      link->rights & RIGHT_PUBLISH ? "publish" : "");
}

/* The link alone on standard output, what it is on standard error: so it can be piped. */
static void tell_made(const struct settings *settings, const struct link *link, const char *url,
                      const char *secret)
{
    struct buffer out, words;

    buffer_init(&out, OUT_LIMIT_BYTES);
    buffer_init(&words, OUT_LIMIT_BYTES);
    scope_put_words(&words, &link->scope, settings->is_local);
    buffer_put_text(&words, "; ");
    put_rights(&words, link);
    buffer_put_text(&words, "; ");
    put_end(&words, link, settings->is_local);
    if (link->most_viewers)
        buffer_printf(&words, "; at most %u at once", link->most_viewers);
    buffer_put_u8(&words, '\n');
    if (link->kind == LINK_OF_PROGRAMS) {
        buffer_printf(&out, "%s.%s\n", link->id, secret);
        buffer_printf(&words, "endpoint: %s/event\nThe key is told this once; put it where x-api-key goes.\n",
                      url);
    } else {
        buffer_printf(&out, "%s/s/%s#%s\n", url, link->id, secret);
        if (isatty(STDERR_FILENO) && !settings->has_no_qr) {
            char *text = strndup((const char *)out.data, out.len - 1);

            if (text)
                qr_put_terminal(&words, text);
            free(text);
        }
        buffer_printf(&words, "The link is told this once. To end it: tapdeck share revoke %s\n", link->id);
    }
    command_write(&out, stdout);
    fflush(stdout);
    command_write(&words, stderr);
}

static bool create(const void *given, const struct text_list *words, int *code, struct error *error)
{
    const struct settings *settings = given;
    const char *directory = command_archive(settings->archive, error);
    char url[URL_BYTES], secret[SHARE_SECRET_CHARS + 1];
    struct database *database;
    struct link link;
    bool is_made;

    (void)words;
    (void)code;
    if (directory == NULL)
        return false;
    if (!link_parse(settings, &link, error) || !name_source(directory, &link, error)) {
        link_clear(&link);
        return false;
    }
    database = share_database_open(directory, DATABASE_WRITE, error);
    is_made = database && server_of(settings, database, url, error) &&
              link_table_add(database, &link, timestamp_now(), secret, error);
    database_close(database);
    if (is_made)
        tell_made(settings, &link, url, secret);
    link_clear(&link);
    return is_made;
}

/* ---- list ---- */

static void put_link(struct buffer *out, const struct link *link, int64_t now_ns, bool is_local)
{
    enum link_state state = link_state(link, now_ns);

    buffer_printf(out, "%s  %s of ", link->id, link->kind == LINK_OF_PEOPLE ? "link" : "key");
    utf8_put_escaped(out, bytes_text(link->created_by));
    buffer_put_text(out, ", ");
    if (state == LINK_IS_REVOKED) {
        buffer_put_text(out, "REVOKED ");
        put_time(out, link->revoked_ns, is_local);
    } else if (state == LINK_IS_EXPIRED) {
        buffer_put_text(out, "EXPIRED ");
        put_time(out, link->expires_ns, is_local);
    } else {
        put_end(out, link, is_local);
    }
    if (link->label) {
        buffer_put_text(out, ": ");
        utf8_put_escaped(out, bytes_text(link->label));
    }
    buffer_put_text(out, "\n  opens  ");
    scope_put_words(out, &link->scope, is_local);
    buffer_put_text(out, "; ");
    put_rights(out, link);
    if (link->most_viewers)
        buffer_printf(out, "; at most %u at once", link->most_viewers);
    buffer_put_text(out, "\n  seen   ");
    if (link->last_seen_ns)
        put_time(out, link->last_seen_ns, is_local);
    else
        buffer_put_text(out, "nobody came yet");
    buffer_put_u8(out, '\n');
}

static void json_text(struct json_writer *json, const char *name, const char *text)
{
    json_writer_name(json, name);
    json_writer_string(json, text);
}

static void json_time(struct json_writer *json, const char *name, int64_t ts_ns)
{
    char text[TIMESTAMP_TEXT_BYTES];

    json_writer_name(json, name);
    if (ts_ns == 0 || ts_ns == INT64_MIN || ts_ns == INT64_MAX)
        json_writer_null(json);
    else
        json_writer_string(json, timestamp_format(ts_ns, false, text));
}

static void json_numbers(struct json_writer *json, const struct number_ranges *numbers)
{
    struct buffer text;

    buffer_init(&text, NUMBER_RANGES_TEXT_BYTES);
    number_ranges_put(&text, numbers);
    json_writer_name(json, "packets");
    if (numbers->n)
        json_writer_text(json, buffer_bytes(&text));
    else
        json_writer_null(json);
    buffer_clear(&text);
}

static void json_link(struct json_writer *json, const struct link *link, int64_t now_ns)
{
    json_writer_object(json);
    json_text(json, "id", link->id);
    json_text(json, "kind", link->kind == LINK_OF_PEOPLE ? "link" : "key");
    json_text(json, "state", link_state_name(link_state(link, now_ns)));
    json_text(json, "label", link->label);
    json_text(json, "owner", link->created_by);
    json_text(json, "source", link->scope.source);
    json_text(json, "filter", link->scope.filter);
    json_text(json, "device", link->scope.device);
    json_numbers(json, &link->scope.numbers);
    json_time(json, "from", link->scope.range.from_ns);
    json_time(json, "to", link->scope.range.to_ns);
    json_text(json, "bytes", bytes_level_name(link->scope.bytes));
    json_text(json, "role", link->kind == LINK_OF_PEOPLE ? access_role_name(link->role) : NULL);
    json_writer_name(json, "may_subscribe");
    json_writer_bool(json, (link->rights & RIGHT_SUBSCRIBE) != 0);
    json_writer_name(json, "may_publish");
    json_writer_bool(json, (link->rights & RIGHT_PUBLISH) != 0);
    json_writer_name(json, "most_viewers");
    json_writer_number(json, link->most_viewers);
    json_time(json, "created", link->created_ns);
    json_time(json, "expires", link->expires_ns);
    json_time(json, "revoked", link->revoked_ns);
    json_time(json, "seen", link->last_seen_ns);
    json_writer_end(json);
}

/* Opens share.db to be read; *links stays empty when there is none. */
static bool load(const char *directory, struct link_list *links, struct error *error)
{
    struct database *database = share_database_open(directory, DATABASE_READ, error);
    bool is_loaded;

    *links = (struct link_list) { 0 };
    if (database == NULL)
        return error->kind == ERROR_NONE;
    is_loaded = link_table_load(database, links, error);
    database_close(database);
    return is_loaded;
}

static bool list(const void *given, const struct text_list *words, int *code, struct error *error)
{
    const struct settings *settings = given;
    const char *directory = command_archive(settings->archive, error);
    struct link_list links;
    struct json_writer json;
    struct buffer out;
    bool is_json;

    (void)words;
    if (directory == NULL || !command_format(settings->format, &is_json, error) ||
        !load(directory, &links, error))
        return false;
    buffer_init(&out, OUT_LIMIT_BYTES);
    if (is_json) {
        json_writer_init(&json, &out, JSON_WRITER_INDENTED);
        json_writer_array(&json);
    }
    for (uint32_t i = 0; i < links.n; i++) {
        if (is_json)
            json_link(&json, &links.items[i], timestamp_now());
        else
            put_link(&out, &links.items[i], timestamp_now(), settings->is_local);
    }
    if (is_json) {
        json_writer_end(&json);
        buffer_put_u8(&out, '\n');
    } else if (links.n == 0) {
        buffer_put_text(&out, "no links\n");
    }
    *code = links.n ? EXIT_FOUND : EXIT_NONE;
    link_list_clear(&links);
    command_write(&out, stdout);
    return true;
}

/* ---- revoke ---- */

static bool revoke_links(const void *given, const struct text_list *words, int *code, struct error *error)
{
    const struct settings *settings = given;
    const char *directory = command_archive(settings->archive, error);
    struct database *database;
    bool is_done = true;

    (void)code;
    if (directory == NULL)
        return false;
    database = share_database_open(directory, DATABASE_READ, error); /* none is made for this */
    if (database == NULL)
        return error->kind == ERROR_NONE ? error_set(error, ERROR_USAGE, "%s has no links", directory)
                                         : false;
    database_close(database);
    database = share_database_open(directory, DATABASE_WRITE, error);
    if (database == NULL)
        return false;
    for (uint32_t i = 0; is_done && i < words->n; i++) {
        const char *word = words->items[i];
        const char *id = strstr(word, "/s/") ? strstr(word, "/s/") + 3 : word; /* the link itself will do */
        char plain[SHARE_ID_CHARS + 1] = "";
        bool was_alive = false;

        snprintf(plain, sizeof plain, "%s", id);
        if (!share_id_is_plain(bytes_text(plain)))
            is_done =
                error_set(error, ERROR_USAGE, "\"%s\" is no link's id; tapdeck share list tells them", word);
        else
            is_done = link_table_revoke(database, plain, timestamp_now(), &was_alive, error);
        if (is_done && !was_alive)
            is_done = error_set(error, ERROR_USAGE, "there is no link %s that is alive", plain);
        else if (is_done)
            printf("%s revoked\n", plain);
    }
    database_close(database);
    return is_done;
}

/* ---- the table of verbs ---- */

/* clang-format off: a table */
static const struct option create_options[] = {
    COMMAND_OPTION_ARCHIVE,
    { 'Y', "filter", OPTION_TEXT, offsetof(struct settings, filter), "FILTER",
      "only packets that match; the guest's own filter narrows it further" },
    { 0, "device", OPTION_TEXT, offsetof(struct settings, device), "ID",
      "only packets of that device, whatever its addresses; ID as for tapdeck find --device" },
    { 0, "source", OPTION_TEXT, offsetof(struct settings, source), "NODE",
      "only what that recorder (--node) captured" },
    { 0, "packets", OPTION_TEXT, offsetof(struct settings, packets), "N-N,N...",
      "only packets of these numbers, at most 32 ranges; with --source where several recorders were" },
    { 0, "from", OPTION_TIME, offsetof(struct settings, from), "TIME", "packets at or after TIME" },
    { 0, "to", OPTION_TIME, offsetof(struct settings, to), "TIME", "packets at or before TIME" },
    { 0, "bytes", OPTION_TEXT, offsetof(struct settings, bytes), "none|headers|full",
      "none: addresses and summary (default); headers: decoded, without bytes; full: all, and downloads" },
    { 0, "role", OPTION_TEXT, offsetof(struct settings, role), "view|comment|control",
      "view (default), comment: pins too; control: all pins, and bringing everybody here" },
    { 0, "until", OPTION_TIME, offsetof(struct settings, until), "TIME",
      "+1h (default), +7d, 18:00, 2026-12-31T18:00:00Z, never" },
    { 0, "most-viewers", OPTION_COUNT, offsetof(struct settings, most_viewers), "N",
      "so many people at once; without: no bound" },
    { 0, "label", OPTION_TEXT, offsetof(struct settings, label), "TEXT", "what it is for: shown in lists" },
    { 0, "owner", OPTION_TEXT, offsetof(struct settings, owner), "NAME",
      "whom guests are told to ask when it has ended; without: you" },
    { 0, "server", OPTION_TEXT, offsetof(struct settings, server), "URL",
      "https://HOST[:PORT] as guests reach it; without: where tapdeck serve was last started" },
    { 0, "no-qr", OPTION_FLAG, offsetof(struct settings, has_no_qr), NULL, "no QR code on the terminal" },
    { 0, "appsync", OPTION_FLAG, offsetof(struct settings, is_key), NULL,
      "a key for programs that speak AppSync Events, instead of a link for people" },
    { 0, "publish", OPTION_FLAG, offsetof(struct settings, may_publish), NULL,
      "with --appsync: it may publish to channels other than /packets" },
    { 0, "no-subscribe", OPTION_FLAG, offsetof(struct settings, may_not_subscribe), NULL,
      "with --appsync: it may not subscribe" },
    COMMAND_OPTION_LOCAL,
    { 0 },
};

static const struct option list_options[] = {
    COMMAND_OPTION_ARCHIVE,
    COMMAND_OPTION_FORMAT,
    COMMAND_OPTION_LOCAL,
    { 0 },
};

static const struct option archive_options[] = { COMMAND_OPTION_ARCHIVE, { 0 } };
static const struct option no_options[] = { { 0 } };
/* clang-format on */

static const struct verb items[] = {
    { { .name = "share create",
        .summary = "makes a link that shows packets to whoever has it",
        .usage = "[-A DIR] [-Y FILTER] [--device ID] [--source NODE] [--packets N-N,N...] [--from TIME]\n"
                 "                        [--to TIME] [--bytes LEVEL] [--role ROLE] [--until TIME] "
                 "[--most-viewers N] ...",
        .options = create_options,
        .notes =
            "The link goes to standard output, what it opens to standard error. Its secret stands behind "
            "#, so that no\n"
            "server's log has it; the archive keeps a hash.\n"
            "\n"
            "examples:\n"
            "  tapdeck share create --device urn:imei:867412043897643 --from -1h --until +2h\n"
            "  tapdeck share create -Y coap --bytes full --role comment --label 'call with Bob'\n"
            "  tapdeck share create --packets 100-120,130 --bytes full\n"
            "  tapdeck share create --appsync --until +30d -Y mqtt\n" },
      "create",
      NULL,
      0,
      create },
    { { .name = "share list",
        .summary = "shows the links that were made, and when somebody was last there",
        .usage = "[-A DIR] [-T text|json]",
        .options = list_options,
        .notes = "Links that ended are listed for 30 days.\n"
                 "Exit status: 0, 1 there are no links, 2 an error.\n" },
      "list",
      NULL,
      0,
      list },
    { { .name = "share revoke",
        .summary = "ends links, by their ids or by the links themselves",
        .usage = "[-A DIR] ID...",
        .options = archive_options,
        .notes = "Whoever is looking is shown out within a second.\n" },
      "revoke",
      "which one? give its id, which tapdeck share list tells",
      LINKS_LIMIT,
      revoke_links },
};

static int share_run(int argc, char **argv)
{
    static const struct verbs verbs = { &command_share, items, sizeof items / sizeof *items,
                                        sizeof(struct settings) };

    return verbs_run(&verbs, argc, argv);
}

const struct command command_share = {
    .name = "share",
    .summary = "makes links that show packets to others, lists and ends them",
    .usage = "create|list|revoke ...",
    .options = no_options,
    .notes = "  tapdeck share create   makes a link that shows packets to whoever has it\n"
             "  tapdeck share list     shows the links that were made\n"
             "  tapdeck share revoke   ends links\n"
             "\n"
             "Each has its own --help. A link opens what its scope says and nothing else, until it ends; the "
             "server holds\n"
             "every row, count and byte against it. It needs a tapdeck serve on the same archive.\n",
    .run = share_run,
};
