/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import_report.h"

#include <inttypes.h>

#include "base/size_text.h"
#include "base/timestamp.h"
#include "base/utf8.h"

enum {
    GAP_NS = 1000000000, /* shorter ones are not worth a word: rotation itself leaves some */
    NAME_BYTES = 4096,
};

static bool is_cut(const struct import_file *file)
{
    return file->state == IMPORT_TAKE && file->trouble && file->n_damages == 0;
}

static bool is_damaged(const struct import_file *file)
{
    return file->state == IMPORT_TAKE && file->trouble && file->n_damages > 0;
}

static bool is_twin(const struct import_file *file)
{
    return file->state == IMPORT_TAKE && file->n_twins > 0 &&
           file->n_twins == file->n_packets - file->n_known;
}

/* Cut, but what it was cut from is there and goes on: nothing is lost with it. */
static bool is_cut_copy(const struct import_plan *plan, const struct import_file *file)
{
    const struct import_file *other;

    if (!is_cut(file) || !is_twin(file) || file->twin_of >= plan->n)
        return false;
    other = &plan->files[file->twin_of];
    return other->state == IMPORT_TAKE && other->n_packets > file->n_packets &&
           other->last_ns >= file->last_ns;
}

static bool is_lost(const struct import_plan *plan, const struct import_file *file)
{
    if (is_cut_copy(plan, file))
        return false;
    return is_cut(file) || is_damaged(file) || file->state == IMPORT_UNREADABLE ||
           (file->state == IMPORT_FOREIGN && file->is_named);
}

bool import_report_has_loss(const struct import_plan *plan)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        if (is_lost(plan, &plan->files[i]))
            return true;
    }
    return false;
}

/* ---- the end ---- */

static void say_file(FILE *out, const struct import_plan *plan, const struct import_file *file)
{
    char packets[SIZE_TEXT_BYTES], twins[SIZE_TEXT_BYTES], bytes[SIZE_TEXT_BYTES];
    char name[NAME_BYTES], other_name[NAME_BYTES]; /* whoever named it may have meant a terminal */
    const char *path = utf8_show(file->path, name, sizeof name), *other = "another file";

    if (file->twin_of < plan->n)
        other = utf8_show(plan->files[file->twin_of].path, other_name, sizeof other_name);
    count_format(file->n_packets, packets);
    count_format(file->n_twins, twins);
    if (is_cut_copy(plan, file))
        fprintf(out, "duplicate, and cut: %s; its %s whole packets are in %s, too\n", file->trouble, packets,
                other);
    else if (is_cut(file))
        fprintf(out, "cut: %s; %s whole packets taken\n", file->trouble, packets);
    else if (is_damaged(file))
        fprintf(out, "damaged: %s; %u place%s, %s passed over; %s packets taken\n", file->trouble,
                file->n_damages, file->n_damages == 1 ? "" : "s", size_format(file->n_damaged_bytes, bytes),
                packets);
    if (is_twin(file) && !is_cut_copy(plan, file))
        fprintf(out, "duplicate: %s: all its %s packets are in %s, too\n", path, twins, other);
    else if (file->state == IMPORT_TAKE && file->n_twins)
        fprintf(out, "overlap: %s: %s of its %s packets are in other files, too (%s); kept once\n", path,
                twins, packets, other);
    switch (file->state) {
    case IMPORT_TAKE:
    case IMPORT_KNOWN:
        break;
    case IMPORT_TWICE:
        fprintf(out, "skipped: %s: another name of a file that is taken\n", path);
        break;
    case IMPORT_EMPTY:
        fprintf(out, "empty: %s: %s\n", path, file->size_bytes ? "not one packet" : "not one byte");
        break;
    case IMPORT_FOREIGN:
        fprintf(out, "no capture: %s\n", file->trouble);
        break;
    case IMPORT_UNREADABLE:
        fprintf(out, "not read: %s\n", file->trouble);
        break;
    case IMPORT_COPY:
        fprintf(out,
                "skipped: %s: begins and ends with packets that are in the archive, and is shorter than what "
                "they came from: a cut copy (--again takes it)\n",
                path);
        break;
    case IMPORT_UNKNOWN:
        fprintf(out, "already there? %s: its first packet is in %s\n", path, file->trouble);
        break;
    }
}

void import_report_files(FILE *out, const struct import_plan *plan, const struct capture_list *list)
{
    enum {
        CUT,
        DAMAGED,
        LEFT,
        KNOWN,
        TWICE,
        EMPTY,
        FOREIGN,
        UNREADABLE,
        DIRECTORIES,
        HIDDEN,
        SPECIAL,
        LINKS
    };
    struct {
        uint32_t n;
        const char *what, *one; /* one NULL: the same words */
    } counts[] = {
        [CUT] = { 0, "of them cut" },
        [DAMAGED] = { 0, "of them damaged" },
        [LEFT] = { 0, "not read to their end" },
        [KNOWN] = { 0, "imported before" },
        [TWICE] = { 0, "there twice" },
        [EMPTY] = { 0, "empty" },
        [FOREIGN] = { 0, "no captures", "no capture" },
        [UNREADABLE] = { 0, "not readable" },
        [DIRECTORIES] = { list->n_directories > 1 ? list->n_directories - 1 : 0, "subdirectories",
                          "subdirectory" },
        [HIDDEN] = { list->n_hidden, "hidden, left out" },
        [SPECIAL] = { list->n_special, "neither file nor directory, left out" },
        [LINKS] = { list->n_links, "links that lead to no file, left out",
                    "link that leads to no file, left out" },
    };
    uint32_t n_taken = 0;

    for (uint32_t i = 0; i < plan->n; i++) {
        const struct import_file *file = &plan->files[i];

        say_file(out, plan, file);
        counts[KNOWN].n += file->state == IMPORT_KNOWN;
        counts[CUT].n += is_cut(file);
        counts[DAMAGED].n += is_damaged(file);
        counts[EMPTY].n += file->state == IMPORT_EMPTY;
        counts[FOREIGN].n += file->state == IMPORT_FOREIGN;
        counts[UNREADABLE].n += file->state == IMPORT_UNREADABLE;
        counts[TWICE].n += file->state == IMPORT_TWICE || file->state == IMPORT_COPY || is_twin(file);
        counts[LEFT].n += file->state == IMPORT_TAKE && !file->is_done;
        n_taken += file->state == IMPORT_TAKE && file->is_done;
    }
    if (plan->n < 2 && list->n_directories == 0)
        return;
    fprintf(out, "%u file%s: %u read", plan->n, plan->n == 1 ? "" : "s", n_taken);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i].n)
            fprintf(out, ", %u %s", counts[i].n,
                    counts[i].n == 1 && counts[i].one ? counts[i].one : counts[i].what);
    }
    fputc('\n', out);
}

/* ---- the plan ---- */

static void say_period(FILE *out, const struct import_plan *plan, const struct import_file *file,
                       int64_t gap_ns)
{
    char first[TIMESTAMP_TEXT_BYTES], packets[SIZE_TEXT_BYTES], text[SIZE_TEXT_BYTES];
    char name[NAME_BYTES];
    int64_t span_ns = 0;

    if (file->first_ns == INT64_MIN || __builtin_sub_overflow(file->last_ns, file->first_ns, &span_ns))
        span_ns = 0;
    fprintf(out, "%s  +%-8s %12s  %s", timestamp_format(file->first_ns, false, first),
            duration_format(span_ns > 0 ? span_ns : 0, text), count_format(file->n_packets, packets),
            utf8_show(file->path, name, sizeof name));
    if (gap_ns >= GAP_NS)
        fprintf(out, "  [gap of %s before]", duration_format(gap_ns, text));
    else if (gap_ns < 0)
        fprintf(out, "  [overlaps those before by %s]",
                duration_format(gap_ns == INT64_MIN ? INT64_MAX : -gap_ns, text));
    if (file->n_known)
        fprintf(out, "  [the first %s are in the archive]", count_format(file->n_known, packets));
    if (is_twin(file))
        fprintf(out, "  [duplicate of %s]",
                file->twin_of < plan->n ? utf8_show(plan->files[file->twin_of].path, name, sizeof name)
                                        : "another file");
    fputc('\n', out);
}

void import_report_plan(FILE *out, const struct import_plan *plan)
{
    uint32_t n_gaps = 0, n_overlaps = 0, n_files = 0;
    int64_t latest_ns = INT64_MIN, gaps_ns = 0;
    char text[SIZE_TEXT_BYTES];

    fputs("first packet                    for           packets  file\n", out);
    for (uint32_t i = 0; i < plan->n; i++) {
        const struct import_file *file = &plan->files[i];
        int64_t gap_ns;

        if (file->state != IMPORT_TAKE || file->n_packets == 0)
            continue;
        n_files++;
        gap_ns = import_plan_gap(file, latest_ns);
        say_period(out, plan, file, gap_ns);
        n_overlaps += gap_ns < 0;
        if (gap_ns >= GAP_NS) {
            n_gaps++;
            if (__builtin_add_overflow(gaps_ns, gap_ns, &gaps_ns))
                gaps_ns = INT64_MAX;
        }
        if (file->last_ns > latest_ns)
            latest_ns = file->last_ns;
    }
    fprintf(
        out,
        "%u file%s to take in this order, %u of which overlap%s those before; %u gap%s of a second or more",
        n_files, n_files == 1 ? "" : "s", n_overlaps, n_overlaps == 1 ? "s" : "", n_gaps,
        n_gaps == 1 ? "" : "s");
    if (n_gaps)
        fprintf(out, ", %s in all", duration_format(gaps_ns, text));
    fputc('\n', out);
}
