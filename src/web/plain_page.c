/* SPDX-License-Identifier: Apache-2.0 */
#include "web/plain_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "live/archive_rows.h"
#include "live/filter_report.h"
#include "web/api.h"
#include "web/html.h"
#include "web/site.h"

enum { ROWS = 100, PAGE_LIMIT_BYTES = 1 << 20 };

struct plain_job {
    struct api_question asked;
    struct rows_question question;
    bool is_newest;
};

/* ---- the sources ---- */

void plain_page_sources(struct exchange *exchange)
{
    struct site *site = exchange->site;
    struct buffer html;
    size_t n = 0;

    buffer_init(&html, PAGE_LIMIT_BYTES);
    html_put_head(&html, bytes_text("Sources"));
    buffer_put_text(&html, "</head><body>\n<h1>Sources</h1>\n<ul>\n");
    for (size_t i = 0; i < site->n_sources; i++) {
        const char *name = site->sources[i].name;

        if (!scope_has_source(&exchange->access->scope, name))
            continue;
        n++;
        buffer_put_text(&html, "<li><a href=\"/plain/");
        html_put_address_part(&html, bytes_text(name));
        buffer_put_text(&html, "\">");
        html_put_text(&html, bytes_text(name));
        buffer_put_text(&html, "</a></li>\n");
    }
    buffer_put_text(&html, n ? "</ul>\n" : "</ul>\n<p>Nothing is captured yet.</p>\n");
    buffer_put_text(&html, "</body></html>\n");
    exchange_answer_bytes(exchange, 200, HTML_CONTENT_TYPE, buffer_bytes(&html));
    buffer_clear(&html);
}

/* ---- the packets of one ---- */

static void plain_job_free(void *context)
{
    struct plain_job *plain = context;

    api_question_clear(&plain->asked);
    free(plain);
}

static void put_cell(struct buffer *html, const char *tag, struct bytes text)
{
    buffer_put_text(html, tag);
    html_put_text(html, text);
    buffer_put_text(html, "</bdi></td>");
}

static void put_row(struct buffer *html, const struct row *row)
{
    char time[TIMESTAMP_TEXT_BYTES], text[32];

    snprintf(text, sizeof text, "<tr><td align=\"right\">%" PRIu64, row->number);
    buffer_put_text(html, text);
    buffer_put_text(html, "</td><td>");
    buffer_put_text(html, timestamp_format(row->ts_ns, false, time));
    buffer_put_text(html, "</td>");
    put_cell(html, "<td><bdi>", row->device);
    put_cell(html, "<td><bdi>", row->source);
    put_cell(html, "<td><bdi>", row->destination);
    buffer_put_text(html, "<td>");
    html_put_text(html, row->protocol);
    buffer_put_text(html, row->marks & ROW_ERROR ? " ✗ error" : row->marks & ROW_WARNING ? " ⚠ warning" : "");
    snprintf(text, sizeof text, "</td><td align=\"right\">%" PRIu32 "</td>", row->len);
    buffer_put_text(html, text);
    put_cell(html, "<td><bdi>", row->info);
    buffer_put_text(html, "</tr>\n");
}

static void put_form(struct buffer *html, const char *filter)
{
    buffer_put_text(html, "<form method=\"get\"><label>Filter <input name=\"filter\" size=\"60\" value=\"");
    html_put_text(html, bytes_text(filter ? filter : ""));
    buffer_put_text(html, "\"></label> <button>Apply</button></form>\n");
}

static void put_older(struct buffer *html, const struct plain_job *plain, const struct rows_answer *answer)
{
    const char *filter = plain->asked.question.filter, *device = plain->asked.question.device;
    char number[32];

    if (answer->first == 0 || answer->first <= answer->span_first)
        return;
    snprintf(number, sizeof number, "%" PRIu64, answer->first);
    buffer_put_text(html, "<p><a href=\"?before=");
    buffer_put_text(html, number);
    if (filter) {
        buffer_put_text(html, "&amp;filter=");
        html_put_address_part(html, bytes_text(filter));
    }
    if (device) {
        buffer_put_text(html, "&amp;device=");
        html_put_address_part(html, bytes_text(device));
    }
    buffer_put_text(html, "\">Those before</a></p>\n");
}

static void put_table(struct buffer *html, const struct rows_answer *answer)
{
    buffer_put_text(html, "<table border=\"1\" cellspacing=\"0\" cellpadding=\"3\"><caption>Times are UTC, "
                          "newest last</caption>\n"
                          "<tr><th>No.</th><th>Time</th><th>Device</th><th>Source</th><th>Destination</th>"
                          "<th>Protocol</th><th>Length</th><th>Info</th></tr>\n");
    for (uint32_t i = 0; i < answer->n; i++)
        put_row(html, &answer->rows[i]);
    buffer_put_text(html, "</table>\n");
    if (answer->n == 0)
        buffer_put_text(html, answer->is_complete ? "<p>No packets.</p>\n"
                                                  : "<p>None among those looked at so far.</p>\n");
}

static void answer_page(struct job *job, const struct plain_job *plain, const struct rows_answer *answer,
                        const struct filter_report *trouble)
{
    struct buffer html;

    buffer_init(&html, PAGE_LIMIT_BYTES);
    html_put_head(&html, bytes_text(plain->asked.node));
    if (plain->is_newest && trouble == NULL)
        buffer_put_text(&html, "<meta http-equiv=\"refresh\" content=\"5\">");
    buffer_put_text(&html, "</head><body>\n<h1>");
    html_put_text(&html, bytes_text(plain->asked.node));
    buffer_put_text(&html, "</h1>\n");
    put_form(&html, plain->asked.question.filter);
    if (trouble) {
        buffer_put_text(&html, "<p role=\"alert\">✗ ");
        html_put_text(&html, bytes_text(trouble->text));
        if (trouble->suggestion[0]) {
            buffer_put_text(&html, "; did you mean ");
            html_put_text(&html, bytes_text(trouble->suggestion));
            buffer_put_text(&html, "?");
        }
        buffer_put_text(&html, "</p>\n");
    } else {
        put_older(&html, plain, answer);
        put_table(&html, answer);
    }
    buffer_put_text(&html, "<p><a href=\"/plain\">All sources</a></p>\n</body></html>\n");
    if (html.is_full) { /* half a page would look like a whole one */
        job_problem(job, 503, "no_memory", "the server has no memory for this; try again later");
    } else {
        job_begin(job, trouble ? 400 : 200, HTML_CONTENT_TYPE, html.len, NULL);
        job_write(job, buffer_bytes(&html));
    }
    buffer_clear(&html);
}

static void tell(struct job *job, void *context, const struct rows_answer *answer)
{
    answer_page(job, context, answer, NULL);
}

static void refuse(struct job *job, void *context, const struct error *error)
{
    const struct plain_job *plain = context;
    struct filter_report report;

    filter_report_fault(plain->asked.question.filter ? plain->asked.question.filter : "", error, &report);
    answer_page(job, plain, NULL, &report);
}

static void run(struct job *job, void *context)
{
    static const struct rows_teller teller = { tell, refuse };
    struct plain_job *plain = context;

    api_tell_rows(job, &plain->asked, &plain->question, &teller, plain);
}

void plain_page_show(struct exchange *exchange)
{
    struct plain_job *plain = calloc(1, sizeof *plain);
    uint64_t before;

    if (plain == NULL) {
        exchange_problem(exchange, 503, "no_memory", "the server has no memory for this; try again later");
        return;
    }
    if (!api_question_take(exchange, &plain->asked) ||
        !exchange_query_number(exchange, "before", INT64_MAX, 0, INT64_MAX, &before)) {
        plain_job_free(plain);
        return;
    }
    plain->is_newest = before == INT64_MAX;
    plain->question.mode = ROWS_BEFORE;
    plain->question.number = before;
    plain->question.n = ROWS;
    exchange_start_job(exchange, run, plain, plain_job_free);
}
