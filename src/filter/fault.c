/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/fault.h"

#include <stdarg.h>
#include <stdio.h>

enum { FAULT_BEFORE = 100, FAULT_SHOWN = 160, FAULT_SENTENCE = 240, FAULT_ADVICE = 120 };

bool fault_set(struct error *error, struct bytes text, struct span span, const char *advice,
               const char *format, ...)
{
    char sentence[FAULT_SENTENCE], shown[FAULT_SHOWN + 1], mark[FAULT_SHOWN + 2];
    size_t from, n_shown, n_mark = 0;
    va_list args;

    if (error->kind != ERROR_NONE)
        return false;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);

    /* A long filter is shown in part, so that the mark stands on the same line of a terminal. */
    from = span.at > FAULT_BEFORE ? span.at - FAULT_BEFORE : 0;
    n_shown = text.len - from < FAULT_SHOWN ? text.len - from : FAULT_SHOWN;
    for (size_t i = 0; i < n_shown; i++) {
        uint8_t c = text.data[from + i];

        shown[i] = c < ' ' || c == 0x7f ? ' ' : (char)c;
    }
    shown[n_shown] = '\0';
    for (size_t i = from; i < span.at; i++) /* a continuation byte of UTF-8 takes no column */
        if ((text.data[i] & 0xc0) != 0x80)
            mark[n_mark++] = ' ';
    mark[n_mark++] = '^';
    for (size_t i = span.at + 1; i < span.at + span.len && i < from + n_shown; i++)
        if ((text.data[i] & 0xc0) != 0x80)
            mark[n_mark++] = '~';
    mark[n_mark] = '\0';

    error_set(error, ERROR_USAGE, "%s\n  %s\n  %s%s%.*s", sentence, shown, mark, advice ? "\n  " : "",
              FAULT_ADVICE, advice ? advice : "");
    error->at = span.at;
    error->len = span.len ? span.len : 1;
    return false;
}
