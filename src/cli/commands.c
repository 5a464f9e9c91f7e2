/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <stdio.h>

int command_fault(const struct command *command, const struct error *error)
{
    fflush(stdout); /* what was found before stands before what went wrong */
    fprintf(stderr, "tapdeck %s: %s\n", command->name, error->text);
    if (error->kind == ERROR_USAGE)
        fprintf(stderr, "(tapdeck %s --help shows what it takes)\n", command->name);
    return EXIT_ERROR;
}
