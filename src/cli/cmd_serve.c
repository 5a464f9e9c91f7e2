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

#include "archive/catalog.h"
#include "base/ip_address.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "web/gate.h"
#include "web/password.h"
#include "web/server.h"
#include "web/site.h"

struct settings {
    const char *archive, *password_file, *certificate, *key, *user;
    struct text_list addresses, taps;
    bool is_insecure, wants_hash;
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
    { 0, "user", OPTION_TEXT, offsetof(struct settings, user), "NAME",
      "give up root for this user once the addresses are open" },
    { 0 },
};

#define DEFAULT_ADDRESS "127.0.0.1:8686"

enum { CLOSE_PATIENCE_MS = 2000, STOP_LOOK_MS = 200 };

struct serving {
    const struct settings *settings;
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
    if (!is_far || settings->is_insecure)
        return true;
    serving->tls = tls_open_self_signed(NULL, 0, timestamp_now() / NS_PER_SECOND, error);
    return serving->tls != NULL;
}

/* ---- what it serves ---- */

static bool add_sources(struct serving *serving, struct error *error)
{
    const struct settings *settings = serving->settings;
    struct catalog catalog = { 0 };

    if (!catalog_load(&catalog, serving->site->archive, error))
        return false;
    for (uint32_t i = 0; i < catalog.n; i++)
        site_source_add(serving->site, catalog.entries[i].node, NULL);
    catalog_clear(&catalog);
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
    serving->site->gate = gate_new(&gate, error);
    return serving->site->gate != NULL;
}

static void print_addresses(const struct serving *serving)
{
    const char *token = gate_token(serving->site->gate);

    for (size_t i = 0; i < serving->server->n_listeners; i++) {
        const char *address = server_address(serving->server, i);

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

static bool serve(struct serving *serving, struct error *error)
{
    const struct settings *settings = serving->settings;
    const struct server_options server = { .addresses = settings->addresses.items,
                                           .n_addresses = settings->addresses.n };
    struct server_options with_tls = server;
    struct site_options site = { .archive = command_archive(settings->archive, error) };

    if (site.archive == NULL || !open_tls(serving, error))
        return false;
    site.is_tls = serving->tls != NULL;
    with_tls.tls = serving->tls;
    serving->loop = loop_new(error);
    serving->site = serving->loop ? site_new(serving->loop, &site, error) : NULL;
    if (serving->site == NULL || !open_gate(serving, error) || !add_sources(serving, error))
        return false;
    serving->server = server_open(serving->loop, serving->site, &with_tls, error);
    if (serving->server == NULL || !become_user(settings->user, error))
        return false;
    print_addresses(serving);
    while (!atomic_load(signals_stop())) {
        if (!loop_turn(serving->loop, STOP_LOOK_MS * (NS_PER_SECOND / 1000), error))
            return false;
    }
    return true;
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

static int serve_main(int argc, char **argv)
{
    struct settings settings = { 0 };
    struct serving serving = { .settings = &settings };
    struct error error = { 0 };
    int code;

    if (command_parse(&command_serve, argc, argv, &settings, &code)) {
        static const char *const otherwise[] = { DEFAULT_ADDRESS };

        if (settings.wants_hash) {
            code = hash_password(&error);
        } else {
            struct text_list given = settings.addresses;

            if (given.n == 0)
                settings.addresses = (struct text_list) { (const char **)otherwise, 1 };
            signals_listen();
            code = serve(&serving, &error) ? EXIT_FOUND : command_fault(&command_serve, &error);
            server_close(serving.server, CLOSE_PATIENCE_MS);
            if (serving.site)
                gate_free(serving.site->gate);
            site_free(serving.site);
            tls_close(serving.tls);
            if (serving.loop)
                loop_free(serving.loop);
            settings.addresses = given;
        }
    }
    text_list_clear(&settings.addresses);
    text_list_clear(&settings.taps);
    return code;
}

const struct command command_serve = {
    .name = "serve",
    .summary = "show an archive, live, to browsers and programs over HTTP",
    .usage = "-A DIR [--tap WHERE]... [--http ADDR:PORT]... [options]",
    .options = options,
    .notes =
        "It prints an address with a token in it: who opens that is a member, and may give links to others.\n"
        "Without --http only this machine reaches it. Other addresses are served with TLS: by --tls-cert\n"
        "and --tls-key, else with a certificate signed by itself.\n",
    .run = serve_main,
};
