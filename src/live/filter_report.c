/* SPDX-License-Identifier: Apache-2.0 */
#include "live/filter_report.h"

#include <stdio.h>

#include "base/utf8.h"
#include "filter/filter.h"

enum { FIELDS_TOLD = 64 };

/* Bytes from the beginning, as UTF-16 units. */
static uint32_t units_of(const char *text, size_t len)
{
    struct bytes left = bytes_of((const uint8_t *)text, len);
    uint32_t units = 0;

    while (left.len > 0) {
        uint32_t character;
        size_t n = utf8_first(left, &character);

        units += n == 4 ? 2 : 1;
        n = n ? n : 1;
        left = bytes_of(left.data + n, left.len - n);
    }
    return units;
}

/* A fault's first line is its sentence; its last one may be advice. */
static void take_line(const char *text, char line[static FILTER_SAYING_BYTES])
{
    size_t len = strcspn(text, "\n");

    snprintf(line, FILTER_SAYING_BYTES, "%.*s",
             (int)(len < FILTER_SAYING_BYTES ? len : FILTER_SAYING_BYTES - 1), text);
}

static void take_advice(const char *text, struct filter_report *report)
{
    static const char asked[] = "did you mean ";
    const char *last = strrchr(text, '\n');
    size_t len;

    while (last && *++last == ' ')
        ;
    if (last == NULL || strncmp(last, asked, sizeof asked - 1) != 0)
        return;
    last += sizeof asked - 1;
    len = strcspn(last, "?\n");
    snprintf(report->suggestion, sizeof report->suggestion, "%.*s", (int)len, last);
}

void filter_report_fault(const char *text, const struct error *error, struct filter_report *report)
{
    size_t len = strlen(text);

    *report = (struct filter_report) { .state = FILTER_ERROR, .is_covered = true };
    take_line(error->text, report->text);
    take_advice(error->text, report);
    if (error->len == 0 || error->at > len)
        return;
    report->has_place = true;
    report->column = units_of(text, error->at);
    report->length = units_of(text + error->at, error->len < len - error->at ? error->len : len - error->at);
    if (report->length == 0)
        report->length = 1; /* behind the end: something is missing there */
}

static void warn(void *context, const char *text)
{
    struct filter_report *report = context;
    const char *mark;

    report->state = FILTER_WARNING;
    if (report->n_warnings == FILTER_WARNINGS_LIMIT)
        return;
    take_line(text, report->warnings[report->n_warnings++]);
    if (report->n_warnings > 1)
        return;
    take_line(text, report->text);
    take_advice(text, report);
    mark = strchr(text, '^'); /* the third line is as long as the second one, which shows the filter */
    if (mark) {
        const char *line = mark;

        while (line > text && line[-1] != '\n')
            line--;
        report->has_place = mark - line >= 2;
        report->column = (uint32_t)(mark - line) - 2;
        report->length = 1 + (uint32_t)strspn(mark + 1, "~");
    }
}

struct naming {
    void (*field)(void *context, const char *name);
    void *context;
    const char *told[FIELDS_TOLD];
    uint32_t n;
};

static void name(void *context, const struct filter_mention *mention)
{
    struct naming *naming = context;
    const char *word =
        mention->field == FIELD_ID_NONE ? protocols[mention->protocol]->name : field_of(mention->field)->name;

    for (uint32_t i = 0; i < naming->n; i++)
        if (naming->told[i] == word)
            return;
    if (naming->n == FIELDS_TOLD)
        return;
    naming->told[naming->n++] = word;
    naming->field(naming->context, word);
}

void filter_report_make(const char *text, enum bytes_level level, struct filter_report *report,
                        void (*field)(void *context, const char *name), void *context)
{
    struct naming naming = { field, context, { 0 }, 0 };
    struct filter *filter;
    struct error error;

    *report = (struct filter_report) { .is_covered = true };
    if (text == NULL || text[strspn(text, " \t\r\n")] == '\0')
        return;
    filter = filter_compile(text, &error);
    if (filter == NULL) {
        filter_report_fault(text, &error, report);
        return;
    }
    if (field)
        filter_mentions(filter, name, &naming);
    if (!scope_allows(level, filter, text, &error)) {
        filter_report_fault(text, &error, report);
        report->is_covered = false;
    } else {
        filter_suspects(filter, warn, report);
    }
    filter_free(filter);
}
