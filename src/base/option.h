/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option - the tables behind a command's flags: parsing, --help, completion and manual pages come from one
 * place.
 *
 *   struct settings { const char *archive; bool count; int64_t keep_age_ns; struct text_list fields; };
 *   static const struct option options[] = {
 *       { 'A', "archive", OPTION_TEXT, offsetof(struct settings, archive), "DIR", "the archive directory" },
 *       { 'e', NULL, OPTION_LIST, offsetof(struct settings, fields), "FIELD", "print this field; may be
 * repeated" }, { 0, "count", OPTION_FLAG, offsetof(struct settings, count), NULL, "print only how many" }, {
 * 0 },
 *   };
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum option_kind {
    OPTION_END,
    OPTION_FLAG,     /* bool */
    OPTION_TEXT,     /* const char *, borrowed from argv */
    OPTION_LIST,     /* struct text_list, may be repeated */
    OPTION_COUNT,    /* uint64_t, plain decimal */
    OPTION_SIZE,     /* uint64_t bytes: 200, 10k 64M 2G (decimal), 64Ki 16Mi 1Gi */
    OPTION_DURATION, /* int64_t ns: duration_parse */
    OPTION_TIME,     /* const char *; checked later, when "now" and --local are known */
};

struct option {
    char letter;      /* 0: none */
    const char *name; /* NULL: none */
    enum option_kind kind;
    size_t offset;        /* of the member in the command's settings */
    const char *argument; /* what --help calls it: "DIR" */
    const char *help;     /* one line or, with '\n', several */
};

struct text_list {
    const char **items; /* borrowed texts in a grown array */
    uint32_t n;
};

void text_list_clear(struct text_list *list);

struct command {
    const char *name;    /* "find" */
    const char *summary; /* one sentence, no full stop */
    const char *usage;   /* behind "tapdeck find ": "[-A DIR | -r FILE]... [options]" */
    const struct option *options;
    const char *notes;                 /* examples and explanations below the options; NULL */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; answers the exit code */
};

enum option_result { OPTION_RUN, OPTION_HELP, OPTION_WRONG };

/*
 * Fills *settings (defaults set by the caller before) from argv[1..]. Takes -x VALUE, -xVALUE, -xy for flags,
 * --name VALUE,
 * --name=VALUE, "--" and "-" as an operand; operands and options may be mixed, operands end up in *operands.
 * --help and -h (unless declared) answer OPTION_HELP after printing help on standard output. OPTION_WRONG
 * with *error naming the word, and the nearest option when it is not known.
 */
enum option_result option_parse(const struct command *command, int argc, char **argv, void *settings,
                                struct text_list *operands, struct error *error);

void option_help(const struct command *command, FILE *out);

bool size_parse(const char *text, uint64_t *size_bytes);
