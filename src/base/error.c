/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/*
 * What is quoted in a sentence was named by anybody: no terminal shall act upon it, and it begins no line of
 * its own. A format with a line's end in it has lines that are made already.
 */
static void write_sentence(char *text, size_t room, const char *format, va_list args)
{
    char raw[sizeof((struct error *)0)->text];

    vsnprintf(raw, sizeof raw, format, args);
    if (strchr(format, '\n'))
        snprintf(text, room, "%s", raw);
    else
        utf8_show(raw, text, room);
}

bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
    va_list args;

    error->kind = kind;
    error->at = error->len = 0;
    va_start(args, format);
    write_sentence(error->text, sizeof error->text, format, args);
    va_end(args);
    return false;
}

bool error_system(struct error *error, const char *format, ...)
{
    int cause = errno;
    va_list args;
    size_t len;

    error->at = error->len = 0;
    error->kind = cause == ENOSPC || cause == EDQUOT ? ERROR_NO_SPACE : ERROR_SYSTEM;
    va_start(args, format);
    write_sentence(error->text, sizeof error->text, format, args);
    va_end(args);
    len = strlen(error->text);
    snprintf(error->text + len, sizeof error->text - len, ": %s", strerror(cause));
    return false;
}

void error_context(struct error *error, const char *format, ...)
{
    char sentence[sizeof error->text];
    va_list args;
    size_t len;

    memcpy(sentence, error->text, sizeof sentence);
    va_start(args, format);
    write_sentence(error->text, sizeof error->text, format, args);
    va_end(args);
    len = strlen(error->text);
    snprintf(error->text + len, sizeof error->text - len, ": %.*s", (int)(sizeof sentence - 1), sentence);
}

void error_append(struct error *error, const char *format, ...)
{
    size_t len = strlen(error->text);
    va_list args;

    if (len + 2 >= sizeof error->text)
        return;
    error->text[len++] = '\n';
    va_start(args, format);
    write_sentence(error->text + len, sizeof error->text - len, format, args);
    va_end(args);
}
