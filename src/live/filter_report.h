/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_report - what is to be said of a filter that somebody types: whether it stands, where it is wrong
 * and what was perhaps meant, what in it is legal but can hardly be meant. From the parser that answers by
 * it, so a verdict is never another one than the answer's.
 */
#pragma once

#include "live/scope.h"

enum filter_state { FILTER_OK, FILTER_WARNING, FILTER_ERROR };

enum { FILTER_WARNINGS_LIMIT = 8, FILTER_SAYING_BYTES = 256 };

struct filter_report {
    enum filter_state state;
    char text[FILTER_SAYING_BYTES]; /* "" when ok */
    bool has_place; /* column and length are of the text, in UTF-16 units, as browsers count */
    uint32_t column, length;
    char suggestion[FILTER_SAYING_BYTES]; /* what should stand there; "" none */
    char warnings[FILTER_WARNINGS_LIMIT][FILTER_SAYING_BYTES];
    uint32_t n_warnings;
    bool is_covered; /* false: it asks for what that bytes level does not show */
};

/* text NULL or empty: ok. field: called for each field and protocol it names, once each; may be NULL. */
void filter_report_make(const char *text, enum bytes_level level, struct filter_report *report,
                        void (*field)(void *context, const char *name), void *context);

/* Of a fault that compiling text gave. */
void filter_report_fault(const char *text, const struct error *error, struct filter_report *report);
