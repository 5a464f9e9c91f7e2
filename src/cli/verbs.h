/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs - a command that is several: `hold add`, `share create`. Finds the one that is meant, gives each its
 * own
 * --help, and holds the words behind the options against what it takes.
 */
#pragma once

#include "cli/commands.h"

struct verb {
    struct command command; /* .run is not looked at */
    const char *name;
    const char *wants; /* what is said when a word that must be there is not; NULL: it need not */
    uint32_t n_most;   /* words that it takes */
    /* settings: zeroed, then filled by the command's options. False with *error set; *code is EXIT_FOUND
     * before. */
    bool (*act)(const void *settings, const struct text_list *words, int *code, struct error *error);
};

struct verbs {
    const struct command *command; /* the one that they are of */
    const struct verb *items;
    size_t n;
    size_t settings_bytes; /* of the struct that their options fill */
};

/* Runs the verb that argv[1] names. Answers the exit code. */
int verbs_run(const struct verbs *verbs, int argc, char **argv);
