/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands - every command of tapdeck, each in its cmd_*.c; main.c is the table of them.
 */
#pragma once

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
