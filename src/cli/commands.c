/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>

int command_fault(const struct command *command, const struct error *error)
{
    fflush(stdout); /* what was found before stands before what went wrong */
    fprintf(stderr, "tapdeck %s: %s\n", command->name, error->text);
    if (error->kind == ERROR_USAGE)
        fprintf(stderr, "(tapdeck %s --help shows what it takes)\n", command->name);
    return EXIT_ERROR;
}

bool command_parse(const struct command *command, int argc, char **argv, void *settings, int *code)
{
    struct text_list operands = { 0 };
    struct error error = { 0 };
    enum option_result result = option_parse(command, argc, argv, settings, &operands, &error);

    if (result == OPTION_RUN && operands.n > 0) {
        error_set(&error, ERROR_USAGE, "\"%s\" is one word too many; did you mean -A %s?", operands.items[0],
                  operands.items[0]);
        result = OPTION_WRONG;
    }
    text_list_clear(&operands);
    *code = result == OPTION_WRONG ? command_fault(command, &error) : EXIT_FOUND;
    return result == OPTION_RUN;
}

const char *command_archive(const char *given, struct error *error)
{
    const char *named = given ? given : getenv("TAPDECK_ARCHIVE");

    if (named == NULL || *named == '\0') {
        error_set(error, ERROR_USAGE, "which archive? give -A DIR, or set TAPDECK_ARCHIVE=DIR");
        return NULL;
    }
    return named;
}

bool command_format(const char *text, bool *is_json, struct error *error)
{
    *is_json = text && strcmp(text, "json") == 0;
    if (text && !*is_json && strcmp(text, "text") != 0)
        return error_set(error, ERROR_USAGE, "-T \"%s\": there is text and json", text);
    return true;
}

void command_write(struct buffer *out, FILE *file)
{
    if (out->len > 0)
        fwrite(out->data, 1, out->len, file);
    buffer_clear(out);
}
