/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verbs.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/nearest.h"

enum { NAMES_BYTES = 256 };

static bool words_check(const struct verb *verb, const struct text_list *words, struct error *error)
{
    if (verb->wants && words->n == 0)
        return error_set(error, ERROR_USAGE, "%s", verb->wants);
    if (words->n > verb->n_most)
        return error_set(error, ERROR_USAGE, "\"%s\" is one word too many", words->items[verb->n_most]);
    return true;
}

static int verb_run(const struct verb *verb, size_t settings_bytes, int argc, char **argv)
{
    void *settings = calloc(1, settings_bytes);
    struct text_list words = { 0 };
    struct error error = { 0 };
    int code = EXIT_FOUND;

    if (settings == NULL) {
        error_set(&error, ERROR_SYSTEM, "no memory for the options");
        return command_fault(&verb->command, &error);
    }
    switch (option_parse(&verb->command, argc, argv, settings, &words, &error)) {
    case OPTION_HELP:
        break;
    case OPTION_WRONG:
        code = command_fault(&verb->command, &error);
        break;
    case OPTION_RUN:
        if (!words_check(verb, &words, &error) || !verb->act(settings, &words, &code, &error))
            code = command_fault(&verb->command, &error);
        break;
    }
    text_list_clear(&words);
    free(settings);
    return code;
}

/* "add, list and remove" */
static const char *names_of(const struct verbs *verbs, const char *last_word, char names[static NAMES_BYTES])
{
    size_t len = 0;

    names[0] = '\0';
    for (size_t i = 0; i < verbs->n && len < NAMES_BYTES; i++) {
        const char *between = i == 0 ? "" : i + 1 == verbs->n ? last_word : ", ";

        len += (size_t)snprintf(names + len, NAMES_BYTES - len, "%s%s", between, verbs->items[i].name);
    }
    return names;
}

static int unknown_verb(const struct verbs *verbs, const char *word)
{
    char names[NAMES_BYTES];
    struct nearest nearest;
    struct error error;

    nearest_init(&nearest, word, strlen(word));
    for (size_t i = 0; i < verbs->n; i++)
        nearest_offer(&nearest, verbs->items[i].name);
    if (nearest_name(&nearest))
        error_set(&error, ERROR_USAGE, "there is no \"%s\"; did you mean %s?", word, nearest_name(&nearest));
    else
        error_set(&error, ERROR_USAGE, "there is no \"%s\"; there are %s", word,
                  names_of(verbs, " and ", names));
    return command_fault(verbs->command, &error);
}

int verbs_run(const struct verbs *verbs, int argc, char **argv)
{
    char names[NAMES_BYTES];
    struct error error;

    if (argc < 2) {
        error_set(&error, ERROR_USAGE, "%s what? there are %s", verbs->command->name,
                  names_of(verbs, " and ", names));
        return command_fault(verbs->command, &error);
    }
    for (size_t i = 0; i < verbs->n; i++)
        if (strcmp(argv[1], verbs->items[i].name) == 0)
            return verb_run(&verbs->items[i], verbs->settings_bytes, argc - 1, argv + 1);
    if (argv[1][0] != '-')
        return unknown_verb(verbs, argv[1]);
    if (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0) {
        error_set(&error, ERROR_USAGE, "%s comes before %s", names_of(verbs, " or ", names), argv[1]);
        return command_fault(verbs->command, &error);
    }
    option_help(verbs->command, stdout);
    return EXIT_FOUND;
}
