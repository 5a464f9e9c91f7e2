/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_serve - shows an archive, and what is being recorded into it, to browsers and programs over HTTP; with
 * sources given it starts the recorder too, as a process of its own (recorder_child).
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ip_address.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/publish_options.h"
#include "cli/recorder_child.h"
#include "cli/recorder_options.h"
#include "cli/signals.h"
#include "net/listener.h"
#include "web/certificate.h"
#include "web/gate.h"
#include "web/links.h"
#include "web/password.h"
#include "web/server.h"
#include "web/site.h"

/* Texts that are the recorder's: handed on as they stand, judged by it. */
struct recorder_texts {
    struct text_list interfaces, mirrors, files;
    const char *rotate_bytes, *rotate_seconds, *keep_bytes, *keep_age, *min_free, *compress, *node, *snaplen,
        *buffer, *flush;
    bool wants_decap;
};

struct settings {
    const char *archive, *password_file, *certificate, *key, *user, *health;
    struct text_list addresses, taps;
    bool is_insecure, wants_hash;
    struct recorder_texts recorder;
    struct publish_options publish;
};

static const struct option options[] = {
    { 'A', "archive", OPTION_TEXT, offsetof(struct settings, archive), "DIR",
      "the archive directory (or TAPDECK_ARCHIVE)" },
    { 0, "tap", OPTION_LIST, offsetof(struct settings, taps), "[NODE=]WHERE",
      "read the packets live from a recorder's --tap: unix:PATH, tcp:ADDR:PORT.\n"
      "Without it the archive is watched, and shows them a second later" },
    { 0, "http", OPTION_LIST, offsetof(struct settings, addresses), "ADDR:PORT",
      "listen here (127.0.0.1:8686); unix:PATH for a proxy on this machine; may be repeated" },
    { 0, "tls-cert", OPTION_TEXT, offsetof(struct settings, certificate), "FILE",
      "the certificate, with the chain behind it (PEM)" },
    { 0, "tls-key", OPTION_TEXT, offsetof(struct settings, key), "FILE", "its key (PEM)" },
    { 0, "password-file", OPTION_TEXT, offsetof(struct settings, password_file), "FILE",
      "members log in with the password in its first line, instead of the token printed" },
    { 0, "hash-password", OPTION_FLAG, offsetof(struct settings, wants_hash), NULL,
      "read a password from standard input and print what may stand in that file for it" },
    { 0, "insecure", OPTION_FLAG, offsetof(struct settings, is_insecure), NULL,
      "no TLS, also where other machines reach it: who listens on the way sees everything" },
    { 0, "health", OPTION_TEXT, offsetof(struct settings, health), "ADDR:PORT",
      "a bare TCP port for a load balancer's check: takes connections, says nothing" },
    { 0, "user", OPTION_TEXT, offsetof(struct settings, user), "NAME",
      "give up root for this user once the addresses are open; the recorder too" },
    { 0, "publish-appsync", OPTION_TEXT, offsetof(struct settings, publish.url), "URL",
      "publish packets as events to this AppSync Events API: https://HOST/event" },
    { 0, "key-file", OPTION_TEXT, offsetof(struct settings, publish.key_file), "FILE",
      "its API key: the file's first line" },
    { 0, "filter", OPTION_TEXT, offsetof(struct settings, publish.filter), "FILTER",
      "publish only packets that match" },
    { 0, "channel", OPTION_TEXT, offsetof(struct settings, publish.channel), "CHANNEL",
      "the channel there (/packets/capture)" },
    { 0, "publish-ca", OPTION_TEXT, offsetof(struct settings, publish.ca_file), "FILE",
      "believe certificates signed by these alone (PEM)" },
    { 'i', "interface", OPTION_LIST, offsetof(struct settings, recorder.interfaces), "IFACE",
      "record this interface, and serve it. This and the following options start a recorder\n"
      "beside the server; tapdeck record --help says what they take" },
    { 0, "vxlan", OPTION_LIST, offsetof(struct settings, recorder.mirrors), "[ADDR:]PORT",
      "listen for a traffic mirror" },
    { 'r', "read", OPTION_LIST, offsetof(struct settings, recorder.files), "FILE", "read this capture too" },
    { 'C', NULL, OPTION_TEXT, offsetof(struct settings, recorder.rotate_bytes), "SIZE",
      "a new segment after SIZE bytes" },
    { 'G', NULL, OPTION_TEXT, offsetof(struct settings, recorder.rotate_seconds), "SECONDS",
      "a new segment at whole multiples of SECONDS" },
    { 0, "keep-bytes", OPTION_TEXT, offsetof(struct settings, recorder.keep_bytes), "SIZE",
      "delete the oldest segments when the archive is larger" },
    { 0, "keep-age", OPTION_TEXT, offsetof(struct settings, recorder.keep_age), "TIME",
      "delete segments older than TIME" },
    { 0, "min-free", OPTION_TEXT, offsetof(struct settings, recorder.min_free), "SIZE|%",
      "delete the oldest segments when the disk has less room" },
    { 0, "compress", OPTION_TEXT, offsetof(struct settings, recorder.compress), "CODEC",
      "zstd, gzip or none" },
    { 0, "node", OPTION_TEXT, offsetof(struct settings, recorder.node), "NAME",
      "the recorder's name (the host's name): what the source is called in the page" },
    { 0, "decap", OPTION_FLAG, offsetof(struct settings, recorder.wants_decap), NULL,
      "take VXLAN off packets of files and interfaces" },
    { 's', "snaplen", OPTION_TEXT, offsetof(struct settings, recorder.snaplen), "BYTES",
      "keep at most this much of each packet" },
    { 'B', "buffer", OPTION_TEXT, offsetof(struct settings, recorder.buffer), "SIZE",
      "kernel buffer for each interface or mirror" },
    { 0, "flush", OPTION_TEXT, offsetof(struct settings, recorder.flush), "TIME",
      "packets survive a crash after so long" },
    { 0 },
};

#define DEFAULT_ADDRESS "127.0.0.1:8686"

enum {
    CLOSE_PATIENCE_MS = 2000,
    STOP_LOOK_MS = 200,
    TAP_PATH_BYTES = 108, /* of a unix socket's address */
    ARGUMENTS_LIMIT = 250,
    NAMES_LIMIT = 16, /* in a certificate */
    HEALTH_CONNECTIONS_LIMIT = 64,
};

struct serving {
    const struct settings *settings;
    const struct text_list *expression; /* of BPF, for the recorder */
    const char *archive;
    struct recorder_child *recorder; /* NULL: none was asked for */
    char node[RECORDER_NODE_BYTES];
    char tap[TAP_PATH_BYTES]; /* where it hands over its packets */
    struct admission *health_admission;
    struct listener *health;
    struct loop *loop;
    struct site *site;
    struct server *server;
    struct tls *tls;
};

/* ---- who can reach it ---- */

static bool is_local(const char *address)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t)(colon - address) : strlen(address);
    struct ip_address ip;

    if (strncmp(address, "unix:", 5) == 0)
        return true;
    if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    }
    if (len >= sizeof host)
        return false;
    memcpy(host, address, len);
    host[len] = '\0';
    if (strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0)
        return true;
    return ip_address_parse(host, &ip) && ip.family == 4 && ip.bytes[0] == 127;
}

/* "[::]:443" stands for any: then the host's own name is all that is known. */
static bool names_a_host(const char *address, char host[static 256])
{
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t)(colon - address) : 0;

    if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    }
    if (len == 0 || len >= 256)
        return false;
    memcpy(host, address, len);
    host[len] = '\0';
    return strcmp(host, "*") != 0 && strcmp(host, "0.0.0.0") != 0 && strcmp(host, "::") != 0;
}

static bool open_own_certificate(struct serving *serving, struct error *error)
{
    const struct text_list *addresses = &serving->settings->addresses;
    char hosts[NAMES_LIMIT][256];
    const char *names[NAMES_LIMIT];
    size_t n = 0;
    bool is_kept;

    if (gethostname(hosts[n], sizeof hosts[n]) == 0 && hosts[n][0])
        names[n] = hosts[n], n++;
    for (uint32_t i = 0; i < addresses->n && n < NAMES_LIMIT; i++)
        if (!is_local(addresses->items[i]) && names_a_host(addresses->items[i], hosts[n]))
            names[n] = hosts[n], n++;
    serving->tls =
        certificate_open(serving->archive, names, n, timestamp_now() / NS_PER_SECOND, &is_kept, error);
    if (serving->tls && !is_kept)
        log_write(LEVEL_WARNING, "%s cannot be written to: the certificate is a new one after each restart",
                  serving->archive);
    return serving->tls != NULL;
}

static bool open_tls(struct serving *serving, struct error *error)
{
    const struct settings *settings = serving->settings;
    bool is_far = false;

    for (uint32_t i = 0; i < settings->addresses.n; i++)
        is_far |= !is_local(settings->addresses.items[i]);
    if ((settings->certificate == NULL) != (settings->key == NULL))
        return error_set(error, ERROR_USAGE, "--tls-cert and --tls-key belong together");
    if (settings->certificate) {
        serving->tls = tls_open(settings->certificate, settings->key, error);
        return serving->tls != NULL;
    }
    return !is_far || settings->is_insecure || open_own_certificate(serving, error);
}

static void health_asked(void *context, int fd, const struct ip_address *source)
{
    struct serving *serving = context;

    close(fd); /* that it was taken is the answer */
    admission_leave(serving->health_admission, source);
}

static bool open_health(struct serving *serving, struct error *error)
{
    struct listener_options listener = { .accepted = health_asked, .context = serving };

    if (serving->settings->health == NULL)
        return true;
    serving->health_admission = listener.admission = admission_new(HEALTH_CONNECTIONS_LIMIT, 0, error);
    if (serving->health_admission)
        serving->health = listener_open(serving->loop, serving->settings->health, &listener, error);
    if (serving->health == NULL)
        error_context(error, "--health");
    return serving->health != NULL;
}

/* ---- the recorder beside it ---- */

struct arguments {
    char *items[ARGUMENTS_LIMIT + 1];
    size_t n;
    bool is_full;
};

static void add(struct arguments *arguments, const char *text)
{
    if (arguments->n == ARGUMENTS_LIMIT)
        arguments->is_full = true;
    else
        arguments->items[arguments->n++] = (char *)(uintptr_t)text; /* recorder_child_start copies */
}

static void add_option(struct arguments *arguments, const char *option, const char *value)
{
    if (value == NULL)
        return;
    add(arguments, option);
    add(arguments, value);
}

static void add_options(struct arguments *arguments, const char *option, const struct text_list *values)
{
    for (uint32_t i = 0; i < values->n; i++)
        add_option(arguments, option, values->items[i]);
}

static void add_recorder_texts(struct arguments *arguments, const struct recorder_texts *texts)
{
    add_options(arguments, "-i", &texts->interfaces);
    add_options(arguments, "--vxlan", &texts->mirrors);
    add_options(arguments, "-r", &texts->files);
    add_option(arguments, "-C", texts->rotate_bytes);
    add_option(arguments, "-G", texts->rotate_seconds);
    add_option(arguments, "--keep-bytes", texts->keep_bytes);
    add_option(arguments, "--keep-age", texts->keep_age);
    add_option(arguments, "--min-free", texts->min_free);
    add_option(arguments, "--compress", texts->compress);
    add_option(arguments, "-s", texts->snaplen);
    add_option(arguments, "-B", texts->buffer);
    add_option(arguments, "--flush", texts->flush);
    if (texts->wants_decap)
        add(arguments, "--decap");
}

static bool wants_recorder(const struct settings *settings)
{
    const struct recorder_texts *texts = &settings->recorder;

    return texts->interfaces.n + texts->mirrors.n + texts->files.n > 0;
}

static bool start_recorder(struct serving *serving, struct error *error)
{
    const struct settings *settings = serving->settings;
    struct arguments arguments = { .n = 0 };
    char where[TAP_PATH_BYTES + 8];

    if (!wants_recorder(settings))
        return serving->expression->n == 0 ||
               error_set(error, ERROR_USAGE, "\"%s\" is one word too many; did you mean -A %s?",
                         serving->expression->items[0], serving->expression->items[0]);
    recorder_node_name(settings->recorder.node, serving->node);
    if ((size_t)snprintf(serving->tap, sizeof serving->tap, "%s/.%s.tap", serving->archive, serving->node) >=
        sizeof serving->tap)
        return error_set(
            error, ERROR_USAGE,
            "the path %s is too long for the socket between recorder and server (%s/.%s.tap); change "
            "to its directory, and give a relative one",
            serving->archive, serving->archive, serving->node);
    snprintf(where, sizeof where, "unix:%s", serving->tap);
    add_option(&arguments, "-w", serving->archive);
    add_option(&arguments, "--node", serving->node);
    add_option(&arguments, "--tap", where);
    add_option(&arguments, "--user", settings->user);
    add_recorder_texts(&arguments, &settings->recorder);
    add(&arguments, "--");
    for (uint32_t i = 0; i < serving->expression->n; i++)
        add(&arguments, serving->expression->items[i]);
    if (arguments.is_full)
        return error_set(error, ERROR_LIMIT, "more than %d words for the recorder", ARGUMENTS_LIMIT);
    serving->recorder =
        recorder_child_start(arguments.items, serving->archive, serving->node, serving->tap, error);
    return serving->recorder != NULL;
}

/* ---- what it serves ---- */

static bool add_sources(struct serving *serving, struct error *error)
{
    const struct settings *settings = serving->settings;
    char own[TAP_PATH_BYTES + 8];

    snprintf(own, sizeof own, "unix:%s", serving->tap);
    if (serving->recorder && !site_source_add(serving->site, serving->node, own))
        return error_set(error, ERROR_LIMIT, "there are more sources than %d", SITE_SOURCES_LIMIT);
    for (uint32_t i = 0; i < settings->taps.n; i++) {
        const char *where = settings->taps.items[i], *equals = strchr(where, '=');
        char node[SITE_SOURCE_NAME_BYTES] = "";

        if (equals && (size_t)(equals - where) < sizeof node) {
            memcpy(node, where, (size_t)(equals - where));
            node[equals - where] = '\0';
            where = equals + 1;
        } else if (serving->site->n_sources == 1) {
            snprintf(node, sizeof node, "%s", serving->site->sources[0].name);
        } else if (gethostname(node, sizeof node) != 0) {
            snprintf(node, sizeof node, "tapdeck");
        }
        if (!site_source_add(serving->site, node, where))
            return error_set(error, ERROR_LIMIT, "--tap %s: there are more sources than %d",
                             settings->taps.items[i], SITE_SOURCES_LIMIT);
    }
    return true;
}

static bool open_gate(struct serving *serving, struct error *error)
{
    const struct settings *settings = serving->settings;
    struct gate_options gate = { .hash_seed = serving->site->hash_seed, .is_tls = serving->tls != NULL };
    uint8_t key[GATE_KEY_BYTES];
    bool is_kept;

    if (!gate_key_load(serving->site->archive, key, &is_kept, error))
        return false;
    if (!is_kept)
        log_write(LEVEL_WARNING,
                  "%s cannot be written to: the token, and all logins, are new after each restart",
                  serving->site->archive);
    if (settings->password_file) {
        gate.password = password_load(settings->password_file, error);
        if (gate.password == NULL)
            return false;
    }
    gate.key = key;
    gate.directory = is_kept ? serving->site->archive : NULL;
    serving->site->gate = gate_new(&gate, error);
    return serving->site->gate != NULL;
}

/* Where a browser gets there: any address becomes the host's name. */
static const char *reachable(const char *address, char room[static LISTENER_ADDRESS_BYTES + 256])
{
    const char *colon = strrchr(address, ':');
    char host[256];

    if (colon == NULL || names_a_host(address, host) || gethostname(host, sizeof host) != 0)
        return address;
    snprintf(room, LISTENER_ADDRESS_BYTES + 256, "%s%s", host, colon);
    return room;
}

static void print_addresses(const struct serving *serving)
{
    const char *token = gate_token(serving->site->gate);
    char room[LISTENER_ADDRESS_BYTES + 256];

    for (size_t i = 0; i < serving->server->n_listeners; i++) {
        const char *address = reachable(server_address(serving->server, i), room);

        if (strncmp(address, "unix:", 5) == 0)
            printf("listening on %s\n", address);
        else if (token)
            printf("%s://%s/?token=%s\n", serving->tls ? "https" : "http", address, token);
        else
            printf("%s://%s/\n", serving->tls ? "https" : "http", address);
    }
    if (serving->tls && serving->settings->certificate == NULL) {
        char fingerprint[TLS_FINGERPRINT_BYTES];

        tls_fingerprint(serving->tls, fingerprint);
        printf("The certificate is signed by itself: compare its SHA-256 fingerprint, %s\n", fingerprint);
    }
    fflush(stdout);
}

/* For `tapdeck share create`, which makes links to here. Where all addresses are listened on, this machine's
 * name is the best guess. */
static void remember_address(const struct serving *serving)
{
    struct database *database = links_database(serving->site->links);
    char url[LINKS_URL_BYTES], name[128] = "localhost";
    struct error error;

    for (size_t i = 0; database && i < serving->server->n_listeners; i++) {
        const char *address = server_address(serving->server, i), *port = strrchr(address, ':');
        const char *scheme = serving->tls ? "https" : "http";

        if (strncmp(address, "unix:", 5) == 0 || port == NULL)
            continue;
        if (strncmp(address, "0.0.0.0:", 8) == 0 || strncmp(address, "[::]:", 5) == 0) {
            gethostname(name, sizeof name - 1);
            snprintf(url, sizeof url, "%s://%s%s", scheme, name, port);
        } else {
            snprintf(url, sizeof url, "%s://%s", scheme, address);
        }
        if (!link_table_set_server(database, url, &error))
            log_write(LEVEL_WARNING, "tapdeck share create will not know where this is: %s", error.text);
        return;
    }
}

static bool become_user(const char *name, struct error *error)
{
    const struct passwd *user;

    if (name == NULL)
        return true;
    user = getpwnam(name);
    if (user == NULL)
        return error_set(error, ERROR_USAGE, "--user %s: there is no such user", name);
    if (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        return error_system(error, "--user %s", name);
    if (user->pw_uid != 0 && setuid(0) == 0)
        return error_set(error, ERROR_SYSTEM, "--user %s: root could be had back", name);
    return true;
}

static bool prepare(struct serving *serving, struct error *error)
{
    const struct settings *settings = serving->settings;
    struct server_options server = { .addresses = settings->addresses.items,
                                     .n_addresses = settings->addresses.n };
    struct site_options site = { 0 };

    serving->archive = command_archive(settings->archive, error);
    if (serving->archive == NULL)
        return false;
    serving->loop = loop_new(error);
    /* What needs rights comes first. The recorder makes the archive's directory. */
    if (serving->loop == NULL || !start_recorder(serving, error) || !open_tls(serving, error))
        return false;
    server.tls = serving->tls;
    serving->server = server_open(serving->loop, &server, error);
    if (serving->server == NULL || !open_health(serving, error) || !become_user(settings->user, error))
        return false;
    site = (struct site_options) { .archive = serving->archive, .is_tls = serving->tls != NULL };
    serving->site = site_new(serving->loop, &site, error);
    if (serving->site == NULL || !open_gate(serving, error) || !add_sources(serving, error) ||
        !publish_start(&settings->publish, serving->site->appsync, error))
        return false;
    server_serve(serving->server, serving->site);
    return true;
}

static bool serve(struct serving *serving, struct error *error)
{
    if (!prepare(serving, error))
        return false;
    remember_address(serving);
    print_addresses(serving);
    while (!atomic_load(signals_stop())) {
        if (!loop_turn(serving->loop, STOP_LOOK_MS * (NS_PER_SECOND / 1000), error))
            return false;
        if (serving->recorder)
            recorder_child_look(serving->recorder);
    }
    return true;
}

static void stop_serving(struct serving *serving)
{
    server_close(serving->server, CLOSE_PATIENCE_MS);
    if (serving->site)
        gate_free(serving->site->gate);
    site_free(serving->site);
    tls_close(serving->tls);
    listener_close(serving->health);
    admission_free(serving->health_admission);
    if (serving->loop)
        loop_free(serving->loop);
    recorder_child_stop(serving->recorder);
}

static int hash_password(struct error *error)
{
    char text[PASSWORD_LIMIT_BYTES], line[PASSWORD_LINE_BYTES];

    if (isatty(STDIN_FILENO))
        fprintf(stderr, "password (it is shown): ");
    if (fgets(text, sizeof text, stdin) == NULL)
        text[0] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (!password_hash(bytes_text(text), line, error))
        return command_fault(&command_serve, error);
    puts(line);
    return EXIT_FOUND;
}

static int run(struct settings *settings, const struct text_list *expression)
{
    static const char *const otherwise[] = { DEFAULT_ADDRESS };
    struct serving serving = { .settings = settings, .expression = expression };
    struct text_list given = settings->addresses;
    struct error error = { 0 };
    int code;

    if (settings->wants_hash)
        return hash_password(&error);
    if (given.n == 0)
        settings->addresses = (struct text_list) { (const char **)(uintptr_t)otherwise, 1 };
    signals_listen();
    code = serve(&serving, &error) ? EXIT_FOUND : command_fault(&command_serve, &error);
    stop_serving(&serving);
    settings->addresses = given;
    return code;
}

static int serve_main(int argc, char **argv)
{
    struct settings settings = { 0 };
    struct text_list operands = { 0 };
    struct error error = { 0 };
    int code = EXIT_ERROR;

    switch (option_parse(&command_serve, argc, argv, &settings, &operands, &error)) {
    case OPTION_HELP:
        code = EXIT_FOUND;
        break;
    case OPTION_WRONG:
        code = command_fault(&command_serve, &error);
        break;
    case OPTION_RUN:
        code = run(&settings, &operands);
        break;
    }
    text_list_clear(&operands);
    text_list_clear(&settings.addresses);
    text_list_clear(&settings.taps);
    text_list_clear(&settings.recorder.interfaces);
    text_list_clear(&settings.recorder.mirrors);
    text_list_clear(&settings.recorder.files);
    return code;
}

const struct command command_serve = {
    .name = "serve",
    .summary = "show an archive, live, to browsers and programs over HTTP",
    .usage = "-A DIR [--tap WHERE | -i IFACE | --vxlan [ADDR:]PORT | -r FILE]... [options] [BPF expression]",
    .options = options,
    .notes =
        "It prints an address with a token in it: who opens that is a member, and may give links to others.\n"
        "Without --http only this machine reaches it. Other addresses are served with TLS: by --tls-cert\n"
        "and --tls-key, else with a certificate signed by itself.\n",
    .run = serve_main,
};
