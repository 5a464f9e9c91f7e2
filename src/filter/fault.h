/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault - says what is wrong with a filter and where: the sentence, the filter again, and a line that marks
 * the place. Only the first fault of a filter is told; the others often follow from it.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* A part of the filter's text. */
struct span {
    uint32_t at;
    uint32_t len;
};

static inline struct span span_join(struct span a, struct span b)
{
    uint32_t at = a.at < b.at ? a.at : b.at;
    uint32_t end_a = a.at + a.len, end_b = b.at + b.len;

    return (struct span) { at, (end_a > end_b ? end_a : end_b) - at };
}

/*
 * Sets *error (ERROR_USAGE): sentence, text, ^~~~ under span, and advice on a last line unless NULL; the span
 * is the error's place, too. Leaves an *error that is set already. Always false.
 */
bool fault_set(struct error *error, struct bytes text, struct span span, const char *advice,
               const char *format, ...) __attribute__((format(printf, 5, 6)));
