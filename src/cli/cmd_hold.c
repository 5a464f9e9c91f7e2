/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_hold - what is kept past retention: adds holds, lists what each keeps now, removes them. Writes the
 * archive's database only; a recorder that runs sees it before it next deletes anything.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "archive/holds.h"
#include "base/size_text.h"
#include "base/timestamp.h"
#include "cli/verbs.h"
#include "cli/hold_view.h"

enum { LIST_LIMIT_BYTES = 1 << 24 };

struct settings {
    const char *archive, *from, *to, *device, *owner, *reason, *expires, *format;
    uint64_t quota_bytes;
    bool is_local;
};

/* ---- list ---- */

static bool list(const void *given, const struct text_list *words, int *code, struct error *error)
{
    const struct settings *settings = given;
    const char *directory = command_archive(settings->archive, error);
    struct hold_view view = { 0 };
    struct buffer out;
    uint32_t n;
    bool is_json, is_done;

    (void)words;
    if (directory == NULL || !command_format(settings->format, &is_json, error))
        return false;
    buffer_init(&out, LIST_LIMIT_BYTES);
    is_done = hold_view_open(&view, directory, error);
    if (is_done) {
        if (is_json)
            hold_json_list(&out, view.held);
        else
            hold_put_list(&out, view.held, settings->is_local);
        held_holds(view.held, &n);
        *code = n ? EXIT_FOUND : EXIT_NONE;
    }
    hold_view_close(&view);
    command_write(&out, stdout);
    return is_done;
}

/* ---- add ---- */

/* A moment to come: "+30d" from now, or any time as elsewhere. */
static bool expiry_parse(const char *text, int64_t now_ns, bool is_local, int64_t *expires_ns,
                         struct error *error)
{
    int64_t span_ns;

    if (text == NULL)
        return error_set(error, ERROR_USAGE,
                         "until when? give --expires TIME: +30d from now, or 2026-12-31; what nobody ends "
                         "would fill the disk for ever");
    if (text[0] == '+' && text[1] && strchr("0123456789", text[strlen(text) - 1]))
        return error_set(error, ERROR_USAGE, "--expires \"%s\" of what? write %sd for days, or %sh", text,
                         text, text);
    if (text[0] == '+'
            ? !duration_parse(text + 1, &span_ns) || __builtin_add_overflow(now_ns, span_ns, expires_ns)
            : !timestamp_parse(text, now_ns, is_local, expires_ns))
        return error_set(error, ERROR_USAGE,
                         "--expires \"%s\" is not a time; write +30d, 2026-12-31 or 2026-12-31T18:00:00Z",
                         text);
    if (*expires_ns <= now_ns)
        return error_set(error, ERROR_USAGE, "--expires \"%s\" is over already", text);
    return true;
}

static bool text_check(const char *option, const char *text, size_t limit, struct error *error)
{
    if (text == NULL || text[strspn(text, " \t")] == '\0')
        return error_set(error, ERROR_USAGE, "%s is missing: whoever finds the hold must know", option);
    if (strlen(text) > limit)
        return error_set(error, ERROR_USAGE, "%s is longer than %zu bytes", option, limit);
    return true;
}

static bool hold_parse(const struct settings *settings, struct hold *hold, struct error *error)
{
    int64_t now_ns = timestamp_now();

    if (settings->device == NULL && settings->from == NULL && settings->to == NULL)
        return error_set(error, ERROR_USAGE, "hold what? give --from and --to, or --device ID");
    if (settings->device && !text_check("--device", settings->device, HOLD_DEVICE_BYTES, error))
        return false;
    if (!time_range_parse(settings->from, settings->to, now_ns, settings->is_local, &hold->range, error) ||
        !text_check("--owner", settings->owner, HOLD_TEXT_BYTES, error) ||
        !text_check("--reason", settings->reason, HOLD_TEXT_BYTES, error) ||
        !expiry_parse(settings->expires, now_ns, settings->is_local, &hold->expires_ns, error))
        return false;
    /* holds_add only reads them */
    hold->device = (char *)(uintptr_t)settings->device;
    hold->owner = (char *)(uintptr_t)settings->owner;
    hold->reason = (char *)(uintptr_t)settings->reason;
    hold->created_ns = now_ns;
    hold->quota_bytes = settings->quota_bytes;
    return true;
}

/* What it keeps right away, so that a wrong name or hour is seen at once. */
static bool tell_added(const char *directory, int64_t id, struct error *error)
{
    struct hold_view view = { 0 };
    const struct held_hold *holds;
    struct buffer out;
    uint32_t n;
    bool is_done = hold_view_open(&view, directory, error);

    buffer_init(&out, LIST_LIMIT_BYTES);
    buffer_printf(&out, "hold %lld added", (long long)id);
    if (is_done) {
        holds = held_holds(view.held, &n);
        for (uint32_t i = 0; i < n; i++) {
            if (holds[i].hold->id != id)
                continue;
            buffer_put_text(&out, "; now it keeps ");
            hold_put_amount(&out, holds[i].n_segments, holds[i].n_bytes);
            hold_put_quota(&out, holds[i].hold->quota_bytes);
            if (holds[i].n_let_go) {
                buffer_put_text(&out, ", and lets go ");
                hold_put_amount(&out, holds[i].n_let_go, holds[i].n_bytes_let_go);
                buffer_put_text(&out, " for a quota");
            }
        }
    }
    buffer_put_u8(&out, '\n');
    command_write(&out, stdout);
    hold_view_close(&view);
    return is_done;
}

static bool add(const void *given, const struct text_list *words, int *code, struct error *error)
{
    const struct settings *settings = given;
    const char *directory = command_archive(settings->archive, error);
    struct hold hold = { 0 };
    struct database *database;
    bool is_added;

    (void)words;
    (void)code;
    if (directory == NULL || !hold_parse(settings, &hold, error))
        return false;
    database = holds_open(directory, DATABASE_WRITE, error);
    if (database == NULL)
        return false;
    is_added = holds_add(database, &hold, error);
    database_close(database);
    return is_added && tell_added(directory, hold.id, error);
}

/* ---- remove, quota ---- */

static bool id_parse(const char *text, int64_t *id)
{
    char *end;

    errno = 0;
    *id = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *id > 0;
}

/* The database, to be written; none is made for this. */
static struct database *open_there(const char *directory, struct error *error)
{
    struct database *database = holds_open(directory, DATABASE_READ, error);

    if (database == NULL) {
        if (error->kind == ERROR_NONE)
            error_set(error, ERROR_USAGE, "%s has no holds", directory);
        return NULL;
    }
    database_close(database);
    return holds_open(directory, DATABASE_WRITE, error);
}

static bool remove_hold(const void *given, const struct text_list *words, int *code, struct error *error)
{
    const struct settings *settings = given;
    const char *directory = command_archive(settings->archive, error);
    struct database *database;
    bool was_there, is_done = true;

    (void)code;
    if (directory == NULL)
        return false;
    for (uint32_t i = 0; i < words->n; i++) {
        int64_t id;

        if (!id_parse(words->items[i], &id))
            return error_set(error, ERROR_USAGE, "\"%s\" is no hold's number; tapdeck hold list tells them",
                             words->items[i]);
    }
    database = open_there(directory, error);
    if (database == NULL)
        return false;
    for (uint32_t i = 0; is_done && i < words->n; i++) {
        int64_t id;

        is_done = id_parse(words->items[i], &id) && holds_remove(database, id, &was_there, error);
        if (is_done && !was_there)
            is_done = error_set(error, ERROR_USAGE, "there is no hold %" PRId64, id);
        else if (is_done)
            printf("hold %" PRId64 " removed\n", id);
    }
    database_close(database);
    return is_done;
}

static bool set_quota(const void *given, const struct text_list *words, int *code, struct error *error)
{
    const struct settings *settings = given;
    const char *directory = command_archive(settings->archive, error), *text = words->items[0];
    char size[SIZE_TEXT_BYTES];
    uint64_t quota_bytes = 0;
    struct database *database;
    bool is_done;

    (void)code;
    if (directory == NULL)
        return false;
    if (strcmp(text, "none") != 0 && (!size_parse(text, &quota_bytes) || quota_bytes == 0))
        return error_set(error, ERROR_USAGE, "\"%s\" is no size; write 50G, or none", text);
    database = holds_open(directory, DATABASE_WRITE, error);
    if (database == NULL)
        return false;
    is_done = holds_set_quota(database, quota_bytes, error);
    database_close(database);
    if (is_done && quota_bytes)
        printf("all holds together may keep %s\n", size_format(quota_bytes, size));
    else if (is_done)
        puts("holds may keep as much as there is");
    return is_done;
}

/* ---- the table of verbs ---- */

/* clang-format off: a table */
static const struct option add_options[] = {
    COMMAND_OPTION_ARCHIVE,
    { 0, "from", OPTION_TIME, offsetof(struct settings, from), "TIME", "packets at or after TIME" },
    { 0, "to", OPTION_TIME, offsetof(struct settings, to), "TIME", "packets at or before TIME" },
    { 0, "device", OPTION_TEXT, offsetof(struct settings, device), "ID",
      "segments in which the device was seen, old and new, within --from and --to if given;\n"
      "ID as for tapdeck find --device" },
    { 0, "owner", OPTION_TEXT, offsetof(struct settings, owner), "NAME",
      "who wants it: whom to ask (required)" },
    { 0, "reason", OPTION_TEXT, offsetof(struct settings, reason), "TEXT",
      "why, a ticket's number (required)" },
    { 0, "expires", OPTION_TIME, offsetof(struct settings, expires), "TIME",
      "from then on it keeps nothing: +30d from now, or 2026-12-31 (required)" },
    { 0, "quota", OPTION_SIZE, offsetof(struct settings, quota_bytes), "SIZE",
      "keep at most so much; beyond it the oldest segments are let go" },
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
    { { .name = "hold add",
        .summary = "keeps a time range or a device past retention",
        .usage = "[-A DIR] [--from TIME] [--to TIME] [--device ID] --owner NAME --reason TEXT\n"
                 "                        --expires TIME [--quota SIZE]",
        .options = add_options,
        .notes =
            "Segments are kept whole: a hold of one minute keeps the segments with that minute in them.\n"
            "\n"
            "examples:\n"
            "  tapdeck hold add --from 'thu 14:00' --to 15:00 --owner anna --reason 'ticket 17' "
            "--expires +90d\n"
            "  tapdeck hold add --device urn:imei:867412043897643 --owner anna --reason 'ticket 17' "
            "--expires +14d --quota 20G\n" },
      "add",
      NULL,
      0,
      add },
    { { .name = "hold list",
        .summary = "shows the holds, and what each keeps now",
        .usage = "[-A DIR] [-T text|json]",
        .options = list_options,
        .notes = "Exit status: 0, 1 there are no holds, 2 an error.\n" },
      "list",
      NULL,
      0,
      list },
    { { .name = "hold remove",
        .summary = "ends holds, by their numbers",
        .usage = "[-A DIR] ID...",
        .options = archive_options,
        .notes = "What they kept is deleted when its time comes, unless another hold keeps it.\n" },
      "remove",
      "which one? give its number, which tapdeck hold list tells",
      HOLDS_LIMIT,
      remove_hold },
    { { .name = "hold quota",
        .summary = "bounds what all holds together may keep",
        .usage = "[-A DIR] SIZE|none",
        .options = archive_options,
        .notes = "Beyond it the oldest segments are let go, whichever hold keeps them.\n" },
      "quota",
      "how much? give a size as 50G, or none",
      1,
      set_quota },
};

static int hold_run(int argc, char **argv)
{
    static const struct verbs verbs = { &command_hold, items, sizeof items / sizeof *items,
                                        sizeof(struct settings) };

    return verbs_run(&verbs, argc, argv);
}

const struct command command_hold = {
    .name = "hold",
    .summary = "keeps a time range or a device past retention, and shows what is kept",
    .usage = "add|list|remove|quota ...",
    .options = no_options,
    .notes = "  tapdeck hold add      keeps a time range or a device past retention\n"
             "  tapdeck hold list     shows the holds, and what each keeps now\n"
             "  tapdeck hold remove   ends holds, by their numbers\n"
             "  tapdeck hold quota    bounds what all holds together may keep\n"
             "\n"
             "Each has its own --help. A hold has an owner, a reason and an end; it lives in the archive "
             "(DIR/tapdeck.db), and\n"
             "a recorder that runs heeds it before it next deletes anything. What is held counts for "
             "--keep-bytes, so\n"
             "the rest of the archive reaches back less far: tapdeck status tells how far.\n",
    .run = hold_run,
};
