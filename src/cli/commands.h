/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands - every command of tapdeck, each in its cmd_*.c; main.c is the table of them.
 */
#pragma once

#include <stdio.h>

#include "base/buffer.h"
#include "base/option.h"

enum exit_code { EXIT_FOUND = 0, EXIT_NONE = 1, EXIT_ERROR = 2 };

/* Says on standard error what went wrong, in the one form all commands share; answers EXIT_ERROR. */
int command_fault(const struct command *command, const struct error *error);

/*
 * For commands that take options only. True when the command is to run; else *code is what it ends with: help
 * was asked for, or the words were wrong.
 */
bool command_parse(const struct command *command, int argc, char **argv, void *settings, int *code);

/* The archive that -A named, else the environment's TAPDECK_ARCHIVE; NULL with *error when neither did. */
const char *command_archive(const char *given, struct error *error);

/* -T of commands that know text and json. text: as given, may be NULL. False with *error. */
bool command_format(const char *text, bool *is_json, struct error *error);

/* Writes the buffer and clears it. */
void command_write(struct buffer *out, FILE *file);

/* Options that several commands have, of a `struct settings` with `const char *archive, *format; bool
 * is_local`. */
/* clang-format off: rows of a table */
#define COMMAND_OPTION_ARCHIVE                                                  \
    {                                                                           \
        'A', "archive", OPTION_TEXT, offsetof(struct settings, archive), "DIR", \
            "the archive directory (else TAPDECK_ARCHIVE)"                      \
    }
#define COMMAND_OPTION_FORMAT                                                                             \
    {                                                                                                     \
        'T', "format", OPTION_TEXT, offsetof(struct settings, format), "FORMAT", "text (default) or json" \
    }
#define COMMAND_OPTION_LOCAL                                                \
    {                                                                       \
        0, "local", OPTION_FLAG, offsetof(struct settings, is_local), NULL, \
            "times in the local zone, not in UTC"                           \
    }
/* clang-format on */

extern const struct command command_record;
extern const struct command command_find;
extern const struct command command_import;
extern const struct command command_devices;
extern const struct command command_hold;
extern const struct command command_check;
extern const struct command command_index;
extern const struct command command_status;
extern const struct command command_fields;
extern const struct command command_replay;
extern const struct command command_serve;
extern const struct command command_share;
