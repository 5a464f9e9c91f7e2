/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main - the table of commands: finds the one that was asked for and hands it its words.
 *
 * Does no work itself. The locale is left alone ("C"): numbers and times are written alike everywhere.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/commands.h"

static const struct command *const commands[] = {
    /* in the order a newcomer meets them */
    &command_record,  &command_serve,  &command_find, &command_fields, &command_import,
    &command_devices, &command_status, &command_hold, &command_share,  &command_check,
    &command_index,   &command_replay, NULL,
};

static void overview_print(FILE *out)
{
    fputs("tapdeck " TAPDECK_VERSION
          " - records network traffic into a searchable archive and finds devices in it\n"
          "\n"
          "usage: tapdeck COMMAND [options]\n"
          "\n"
          "commands:\n",
          out);
    for (size_t i = 0; commands[i]; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n"
          "tapdeck COMMAND --help     what a command takes\n"
          "tapdeck --version          which tapdeck this is\n"
          "\n"
          "Exit status: 0 found or done, 1 nothing found, 2 an error.\n",
          out);
}

static const struct command *command_named(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    struct nearest nearest;

    nearest_init(&nearest, name, strlen(name));
    for (size_t i = 0; commands[i]; i++)
        nearest_offer(&nearest, commands[i]->name);
    if (nearest_name(&nearest))
        fprintf(stderr, "tapdeck: unknown command \"%s\"; did you mean %s?\n", name, nearest_name(&nearest));
    else
        fprintf(stderr, "tapdeck: unknown command \"%s\"; tapdeck --help lists them\n", name);
    return EXIT_ERROR;
}

static int help_run(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        overview_print(stdout);
        return EXIT_FOUND;
    }
    command = command_named(argv[1]);
    if (command == NULL)
        return unknown_command(argv[1]);
    option_help(command, stdout);
    return EXIT_FOUND;
}

static int run(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        overview_print(stderr);
        return EXIT_ERROR;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return help_run(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("tapdeck " TAPDECK_VERSION);
        return EXIT_FOUND;
    }
    command = command_named(argv[1]);
    if (command == NULL)
        return unknown_command(argv[1]);
    return command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    int code;

    /* A reader that goes away (a pager that quits) is an answer of write(), not an end of the process. */
    signal(SIGPIPE, SIG_IGN);
    code = run(argc, argv);
    if ((ferror(stdout) || fflush(stdout) != 0) && errno != EPIPE) {
        fprintf(stderr, "tapdeck: standard output: %s\n", strerror(errno));
        return EXIT_ERROR;
    }
    return code;
}
