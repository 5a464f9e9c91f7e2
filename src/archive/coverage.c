/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each segment becomes a `piece` of time. A node's pieces are gone through in order of time; where one begins
 * behind the end of those before, there is a gap, and how the one before ended, what numbers are missing and
 * who is alive say why.
 */
#include "archive/coverage.h"

#include <stdlib.h>
#include <string.h>

#include "archive/digest.h"

#define OPEN_IS_STALE_NS (10 * NS_PER_SECOND) /* a live recorder writes or touches its file each second */
#define CLOCKS_APART_NS (60 * NS_PER_SECOND)  /* so far beside its recording a packet does not widen it */

struct piece {
    const char *node;
    int64_t from_ns, to_ns;
    enum coverage_state state;
    enum recording_end end;
    uint32_t serial;
    bool is_told;                          /* its segment says from when to when it was recorded */
    bool is_uncertain;                     /* where it ends is not known */
    bool is_running;                       /* the recorder is alive, and has not ended it */
    const struct segment_account *account; /* NULL: of a recorder that has no open segment */
};

struct group { /* a node's */
    struct piece *pieces;
    uint32_t n;
    uint32_t *serials;                        /* of the pieces, sorted */
    const struct coverage_recorder *recorder; /* NULL: none runs, and none was killed since */
    int64_t to_ns;                            /* the latest end of a piece */
    bool is_dead; /* its recorder ought to be there: the time up to now is its too */
};

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- pieces ---- */

static bool has_packet_times(const struct segment_account *account)
{
    return account->min_ts_ns <= account->max_ts_ns;
}

static struct piece live_piece(const struct segment_account *account)
{
    const struct segment_recording *recording = &account->recording;
    struct piece piece = { .from_ns = recording->since_ns,
                           .to_ns = recording->until_ns,
                           .state = COVERAGE_RECORDED,
                           .end = recording->end,
                           .is_told = true };

    /* Packets that were on their way at both ends. */
    if (has_packet_times(account) && account->min_ts_ns > piece.from_ns - CLOCKS_APART_NS)
        piece.from_ns = earlier(piece.from_ns, account->min_ts_ns);
    if (has_packet_times(account) && account->max_ts_ns < piece.to_ns + CLOCKS_APART_NS)
        piece.to_ns = later(piece.to_ns, account->max_ts_ns);
    return piece;
}

static struct piece open_piece(const struct segment_account *account,
                               const struct coverage_recorder *recorder, int64_t now_ns)
{
    struct piece piece = { .from_ns = account->named_ts_ns, .state = COVERAGE_HELD, .end = RECORDING_CUT };
    int64_t written_ns = account->written_ns;

    piece.is_running = recorder ? recorder->is_alive : written_ns > now_ns - OPEN_IS_STALE_NS;
    if (account->recording.kind == RECORDING_LIVE) {
        piece.state = COVERAGE_RECORDED;
        piece.is_told = true;
        piece.from_ns = earlier(piece.from_ns, account->recording.since_ns);
        piece.to_ns = later(account->named_ts_ns, written_ns - RECORDING_IN_FLIGHT_NS);
    } else {
        piece.to_ns = piece.from_ns;
        piece.is_uncertain = true;
    }
    return piece;
}

static struct piece piece_of(const struct segment_account *account, const struct coverage_recorder *recorder,
                             int64_t now_ns)
{
    const struct segment_recording *recording = &account->recording;
    struct piece piece;

    if (account->is_open) {
        piece = open_piece(account, recorder, now_ns);
    } else if (!account->is_known) {
        piece = (struct piece) { .from_ns = account->named_ts_ns,
                                 .to_ns = account->named_ts_ns,
                                 .state = COVERAGE_UNKNOWN,
                                 .is_uncertain = true };
    } else if (recording->kind == RECORDING_LIVE && recording->since_ns <= recording->until_ns) {
        piece = live_piece(account);
    } else { /* imported, of an older tapdeck, or the clock was set back while it was recorded */
        piece = (struct piece) { .from_ns = account->named_ts_ns,
                                 .to_ns = account->named_ts_ns,
                                 .state = COVERAGE_HELD };
        if (has_packet_times(account)) {
            piece.from_ns = account->min_ts_ns;
            piece.to_ns = account->max_ts_ns == INT64_MAX ? INT64_MAX : account->max_ts_ns + 1;
        }
        if (recording->kind == RECORDING_IMPORTED) /* goes on from the segment before */
            piece.from_ns = earlier(piece.from_ns, recording->since_ns);
    }
    piece.node = account->node;
    piece.serial = account->serial;
    piece.account = account;
    return piece;
}

static int compare_pieces(const void *left, const void *right)
{
    const struct piece *a = left, *b = right;
    int order = strcmp(a->node, b->node);

    if (order == 0)
        order = a->from_ns < b->from_ns ? -1 : a->from_ns > b->from_ns;
    return order ? order : a->serial < b->serial ? -1 : a->serial > b->serial;
}

static const struct coverage_recorder *recorder_of(const struct coverage_question *question, const char *node)
{
    for (uint32_t i = 0; i < question->n_recorders; i++)
        if (strcmp(question->recorders[i].node, node) == 0)
            return &question->recorders[i];
    return NULL;
}

/* Nobody waits for what comes next: no recorder has it open. */
static bool is_open_import(const struct piece *piece)
{
    return piece->account && piece->account->is_open && piece->account->recording.kind == RECORDING_IMPORTED;
}

/* A quiet recorder has no segment open, and yet is there. Room for one more piece behind the group's. */
static void add_quiet_recorder(struct group *group)
{
    const struct coverage_recorder *recorder = group->recorder;
    struct piece *last = group->n ? &group->pieces[group->n - 1] : NULL;
    enum recording_end end = recorder->is_alive ? RECORDING_GOES_ON : RECORDING_CUT;

    for (uint32_t i = 0; i < group->n; i++)
        if (group->pieces[i].account->is_open && !is_open_import(&group->pieces[i]))
            return;
    if (recorder->alive_ns <= group->to_ns)
        return;
    if (last && last->is_told && last->end == RECORDING_GOES_ON && recorder->started_ns <= last->to_ns) {
        last->to_ns = recorder->alive_ns;
        last->end = end;
        last->is_running = recorder->is_alive;
    } else {
        group->pieces[group->n++] = (struct piece) {
            .node = recorder->node,
            .from_ns = last ? later(recorder->started_ns, group->to_ns) : recorder->started_ns,
            .to_ns = recorder->alive_ns,
            .state = COVERAGE_RECORDED,
            .end = end,
            .serial = last ? last->serial + 1 : 1,
            .is_told = true,
            .is_running = recorder->is_alive,
        };
    }
    group->to_ns = recorder->alive_ns;
}

static int compare_serials(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return a < b ? -1 : a > b;
}

static void group_settle(struct group *group)
{
    group->to_ns = INT64_MIN;
    for (uint32_t i = 0; i < group->n; i++)
        group->to_ns = later(group->to_ns, group->pieces[i].to_ns);
    if (group->recorder)
        add_quiet_recorder(group);
    for (uint32_t i = 0; i < group->n; i++) {
        const struct segment_account *account = group->pieces[i].account;

        group->is_dead |=
            account && account->is_open && !group->pieces[i].is_running && !is_open_import(&group->pieces[i]);
    }
    group->is_dead |= group->recorder && !group->recorder->is_alive;
    for (uint32_t i = 0; i < group->n; i++)
        group->serials[i] = group->pieces[i].serial;
    if (group->n)
        qsort(group->serials, group->n, sizeof *group->serials, compare_serials);
}

/* ---- spans ---- */

static bool add_span(struct coverage_node *node, int64_t from_ns, int64_t to_ns, enum coverage_state state,
                     enum coverage_cause cause)
{
    struct coverage_span *last = node->n_spans ? &node->spans[node->n_spans - 1] : NULL;

    if (from_ns >= to_ns)
        return true;
    if (state == COVERAGE_RECORDED || state == COVERAGE_HELD)
        node->covered_ns += to_ns - from_ns;
    if (last && last->to_ns == from_ns && last->state == state && last->cause == cause) {
        last->to_ns = to_ns;
        return true;
    }
    if ((node->n_spans & (node->n_spans - 1)) == 0) { /* room is a power of two */
        uint32_t cap = node->n_spans ? node->n_spans * 2 : 1;
        struct coverage_span *spans = realloc(node->spans, cap * sizeof *spans);

        if (spans == NULL)
            return false;
        node->spans = spans;
    }
    node->spans[node->n_spans++] = (struct coverage_span) { from_ns, to_ns, state, cause };
    return true;
}

static uint32_t n_serials_up_to(const struct group *group, uint32_t serial)
{
    uint32_t low = 0, high = group->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (group->serials[middle] <= serial)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool lacks_serials(const struct group *group, uint32_t after, uint32_t before)
{
    if (before <= after || before - after == 1)
        return false;
    return n_serials_up_to(group, before - 1) - n_serials_up_to(group, after) < before - after - 1;
}

static enum coverage_state state_of_cause(enum coverage_cause cause)
{
    switch (cause) {
    case COVERAGE_BETWEEN:
    case COVERAGE_UNWATCHED:
    case COVERAGE_UNINDEXED:
    case COVERAGE_IMPORTING:
        return COVERAGE_UNKNOWN;
    default:
        return COVERAGE_GAP;
    }
}

static enum coverage_cause cause_before(const struct group *group, const struct piece *first)
{
    uint32_t lowest = first->serial;

    if (group->serials[0] < lowest)
        lowest = group->serials[0];
    return lowest > 1 ? COVERAGE_DELETED : COVERAGE_NOT_BEGUN;
}

static enum coverage_cause cause_behind(const struct piece *last)
{
    if (is_open_import(last))
        return COVERAGE_IMPORTING;
    if (last->is_running)
        return COVERAGE_UNFLUSHED;
    if (last->is_uncertain)
        return last->account && last->account->is_open ? COVERAGE_KILLED : COVERAGE_UNINDEXED;
    if (!last->is_told)
        return COVERAGE_ENDED;
    switch (last->end) {
    case RECORDING_STOPPED:
        return COVERAGE_STOPPED;
    case RECORDING_GOES_ON:
        return COVERAGE_UNWATCHED;
    case RECORDING_CUT:
        break;
    }
    return COVERAGE_KILLED;
}

static enum coverage_cause cause_between(const struct group *group, const struct piece *before,
                                         const struct piece *next)
{
    if (lacks_serials(group, before->serial, next->serial))
        return COVERAGE_DELETED;
    if (is_open_import(before))
        return COVERAGE_IMPORTING;
    if (before->is_uncertain)
        return before->account->is_open ? COVERAGE_KILLED : COVERAGE_UNINDEXED;
    if (!before->is_told || !next->is_told)
        return COVERAGE_BETWEEN;
    return cause_behind(before);
}

static bool add_gap(struct coverage_node *node, int64_t from_ns, int64_t to_ns, enum coverage_cause cause)
{
    return add_span(node, from_ns, to_ns, state_of_cause(cause), cause);
}

static bool add_spans(struct coverage_node *node, const struct group *group, struct time_range range,
                      int64_t now_ns)
{
    const struct piece *before = NULL;
    int64_t at_ns = range.from_ns;
    bool ok = true;

    for (uint32_t i = 0; ok && i < group->n; i++) {
        const struct piece *piece = &group->pieces[i];
        int64_t from_ns = earlier(later(piece->from_ns, range.from_ns), range.to_ns);
        int64_t to_ns = earlier(piece->to_ns, range.to_ns);

        if (from_ns > at_ns)
            ok = add_gap(node, at_ns, from_ns,
                         before ? cause_between(group, before, piece) : cause_before(group, piece));
        at_ns = later(at_ns, from_ns);
        ok = ok && add_span(node, at_ns, to_ns, piece->state, COVERAGE_NO_CAUSE);
        at_ns = later(at_ns, to_ns);
        if (before == NULL || piece->to_ns >= before->to_ns)
            before = piece;
    }
    if (ok && before && before->to_ns < range.to_ns)
        ok = add_gap(node, at_ns, earlier(range.to_ns, now_ns), cause_behind(before));
    at_ns = later(at_ns, now_ns);
    return ok && add_gap(node, at_ns, range.to_ns, COVERAGE_FUTURE);
}

/* ---- losses ---- */

static uint64_t less(uint64_t all, uint64_t known)
{
    return all > known ? all - known : 0;
}

/*
 * What the recorder at work has dropped and no segment of its says yet. When segments of its run are deleted
 * already, that is more than was lost since.
 */
static void add_untold_losses(struct coverage_losses *losses, const struct group *group)
{
    const struct coverage_recorder *recorder = group->recorder;
    struct segment_recording told = { 0 };

    for (uint32_t i = 0; i < group->n; i++) {
        const struct segment_account *account = group->pieces[i].account;

        if (account == NULL || account->is_open || account->recording.since_ns < recorder->started_ns)
            continue;
        told.n_received += account->recording.n_received;
        told.n_kernel += account->recording.n_kernel;
        told.n_queue += account->recording.n_queue;
        told.n_disk += account->recording.n_disk;
    }
    losses->n_received += less(recorder->n_received, told.n_received);
    losses->n_kernel += less(recorder->n_kernel, told.n_kernel);
    losses->n_queue += less(recorder->n_queue, told.n_queue);
    losses->n_disk += less(recorder->n_disk, told.n_disk);
}

static void add_losses(struct coverage_node *node, const struct group *group, struct time_range range)
{
    struct coverage_losses *losses = &node->losses;

    for (uint32_t i = 0; i < group->n; i++) {
        const struct piece *piece = &group->pieces[i];
        const struct segment_account *account = piece->account;

        if (piece->to_ns < range.from_ns || piece->from_ns > range.to_ns)
            continue;
        node->n_segments += account != NULL;
        if (group->recorder && (account == NULL || account->is_open || piece->is_running))
            add_untold_losses(losses, group);
        if (account == NULL || (account->is_open && group->recorder))
            continue;
        if (account->recording.has_statistics) {
            losses->n_received += account->recording.n_received;
            losses->n_kernel += account->recording.n_kernel;
            losses->n_queue += account->recording.n_queue;
            losses->n_disk += account->recording.n_disk;
            losses->n_truncated_mirror += account->recording.n_truncated_mirror;
        } else {
            node->n_without_counters += !is_open_import(piece); /* which drops nothing */
        }
        losses->n_cut += account->recording.n_cut;
        losses->n_bindings_cut += account->n_bindings_cut;
    }
}

/* ---- all nodes ---- */

static uint32_t n_open_imports(const struct group *groups, uint32_t n_groups)
{
    uint32_t n = 0;

    for (uint32_t g = 0; g < n_groups; g++)
        for (uint32_t i = 0; i < groups[g].n; i++)
            n += is_open_import(&groups[g].pieces[i]);
    return n;
}

/* An open end is closed by what is there: a recorder that ought to run is asked about up to now. */
static void close_range(struct coverage *coverage, const struct group *groups,
                        const struct coverage_question *question)
{
    struct time_range *range = &coverage->range;
    int64_t from_ns = INT64_MAX, to_ns = INT64_MIN;

    for (uint32_t i = 0; i < coverage->n_nodes; i++) {
        from_ns = earlier(from_ns, groups[i].pieces[0].from_ns);
        to_ns = later(to_ns, groups[i].to_ns);
        if (groups[i].is_dead)
            to_ns = later(to_ns, question->now_ns);
    }
    if (coverage->n_nodes == 0)
        from_ns = to_ns = question->now_ns;
    if (coverage->is_from_open)
        range->from_ns = coverage->is_to_open ? from_ns : earlier(from_ns, range->to_ns);
    if (coverage->is_to_open && coverage->is_from_open && n_open_imports(groups, coverage->n_nodes) > 0)
        range->to_ns = later(to_ns, range->from_ns + 1); /* there may be no more than its first packet */
    else if (coverage->is_to_open)
        range->to_ns = to_ns > range->from_ns ? to_ns : later(question->now_ns, range->from_ns);
}

/* A node is not held against an open end that others reach further to. */
static struct time_range range_of_node(const struct coverage *coverage, const struct group *group,
                                       int64_t now_ns)
{
    struct time_range range = coverage->range;
    int64_t to_ns = group->is_dead ? later(group->to_ns, now_ns) : group->to_ns;

    if (coverage->is_from_open)
        range.from_ns = earlier(later(range.from_ns, group->pieces[0].from_ns), range.to_ns);
    if (coverage->is_to_open && to_ns > range.from_ns)
        range.to_ns = earlier(range.to_ns, to_ns);
    return range;
}

static bool is_beside(const struct coverage_node *node)
{
    for (uint32_t i = 0; i < node->n_spans; i++) {
        switch (node->spans[i].cause) {
        case COVERAGE_NOT_BEGUN:
        case COVERAGE_STOPPED:
        case COVERAGE_ENDED:
        case COVERAGE_FUTURE:
            break;
        default:
            return false;
        }
    }
    return true;
}

static void mark_elsewhere(struct coverage *coverage)
{
    bool is_covered = false;

    for (uint32_t i = 0; i < coverage->n_nodes; i++)
        is_covered |= coverage->nodes[i].covered_ns > 0;
    for (uint32_t i = 0; is_covered && i < coverage->n_nodes; i++)
        coverage->nodes[i].is_elsewhere = is_beside(&coverage->nodes[i]);
}

/* Pieces are in order; each group gets a free place behind its own, for a recorder without a segment. */
static uint32_t make_groups(struct piece *from, uint32_t n, struct piece *to, uint32_t *serials,
                            struct group *groups, const struct coverage_question *question)
{
    uint32_t n_groups = 0, at = 0;

    for (uint32_t i = 0; i < n;) {
        struct group *group = &groups[n_groups++];
        uint32_t begin = i;

        group->pieces = to + at;
        group->serials = serials + at;
        group->recorder = recorder_of(question, from[i].node);
        for (; i < n && strcmp(from[i].node, from[begin].node) == 0; i++)
            group->pieces[group->n++] = from[i];
        at += group->n + 1;
        group_settle(group);
    }
    for (uint32_t r = 0; r < question->n_recorders; r++) {
        struct group alone = { .pieces = to + at,
                               .serials = serials + at,
                               .recorder = &question->recorders[r] };
        bool is_known = false;

        for (uint32_t i = 0; i < n; i++)
            is_known |= strcmp(from[i].node, alone.recorder->node) == 0;
        group_settle(&alone);
        if (is_known || alone.n == 0)
            continue;
        groups[n_groups++] = alone;
        at += 1;
    }
    return n_groups;
}

static bool reckon_nodes(struct coverage *coverage, const struct group *groups,
                         const struct coverage_question *question)
{
    bool ok = true;

    for (uint32_t i = 0; ok && i < coverage->n_nodes; i++) {
        struct coverage_node *node = &coverage->nodes[i];
        struct time_range range = range_of_node(coverage, &groups[i], question->now_ns);

        node->name = groups[i].pieces[0].node;
        ok = add_spans(node, &groups[i], range, question->now_ns);
        add_losses(node, &groups[i], range);
    }
    return ok;
}

bool coverage_reckon(struct segment_account *accounts, uint32_t n, const struct coverage_question *question,
                     struct coverage *coverage, struct error *error)
{
    size_t most = (size_t)n + question->n_recorders + 1;
    struct piece *pieces = calloc(most, sizeof *pieces), *placed = calloc(2 * most, sizeof *placed);
    struct group *groups = calloc(most, sizeof *groups);
    uint32_t *serials = calloc(2 * most, sizeof *serials);
    bool ok = pieces && placed && groups && serials;

    *coverage = (struct coverage) { .range = question->range,
                                    .is_from_open = question->range.from_ns == INT64_MIN,
                                    .is_to_open = question->range.to_ns == INT64_MAX,
                                    .n_segments = n };
    if (coverage->range.to_ns == coverage->range.from_ns)
        coverage->range.to_ns++; /* a moment is asked about: spans are half open */
    for (uint32_t i = 0; ok && i < n; i++)
        pieces[i] = piece_of(&accounts[i], recorder_of(question, accounts[i].node), question->now_ns);
    if (ok && n > 0)
        qsort(pieces, n, sizeof *pieces, compare_pieces);
    if (ok) {
        coverage->n_nodes = make_groups(pieces, n, placed, serials, groups, question);
        coverage->nodes = calloc((size_t)coverage->n_nodes + 1, sizeof *coverage->nodes);
        ok = coverage->nodes != NULL;
    }
    if (ok) {
        close_range(coverage, groups, question);
        ok = reckon_nodes(coverage, groups, question);
        mark_elsewhere(coverage);
    }
    free(pieces);
    free(placed);
    free(serials);
    free(groups);
    if (ok)
        return true;
    coverage_clear(coverage);
    return error_set(error, ERROR_SYSTEM, "no memory to tell what %u segments cover", n);
}

bool coverage_find(const struct catalog *catalog, const struct coverage_question *question,
                   struct coverage *coverage, struct error *error)
{
    struct segment_account *accounts = calloc((size_t)catalog->n + 1, sizeof *accounts);
    struct digest *digest;
    bool is_done;

    *coverage = (struct coverage) { 0 };
    if (accounts == NULL)
        return error_set(error, ERROR_SYSTEM, "no memory to tell what %u segments cover", catalog->n);
    digest = digest_open(catalog);
    for (uint32_t i = 0; i < catalog->n; i++) {
        if (digest == NULL || !digest_account(digest, i, &accounts[i]))
            segment_account_read(&catalog->entries[i], &accounts[i]);
    }
    digest_close(digest);
    is_done = coverage_reckon(accounts, catalog->n, question, coverage, error);
    free(accounts);
    return is_done;
}

void coverage_clear(struct coverage *coverage)
{
    for (uint32_t i = 0; coverage->nodes && i < coverage->n_nodes; i++)
        free(coverage->nodes[i].spans);
    free(coverage->nodes);
    *coverage = (struct coverage) { 0 };
}

/* ---- in short ---- */

bool coverage_node_is_complete(const struct coverage_node *node)
{
    const struct coverage_losses *losses = &node->losses;

    for (uint32_t i = 0; i < node->n_spans; i++)
        if (node->spans[i].state != COVERAGE_RECORDED && node->spans[i].state != COVERAGE_HELD)
            return node->is_elsewhere;
    return losses->n_kernel + losses->n_queue + losses->n_disk == 0;
}

bool coverage_is_complete(const struct coverage *coverage)
{
    for (uint32_t i = 0; i < coverage->n_nodes; i++)
        if (!coverage_node_is_complete(&coverage->nodes[i]))
            return false;
    return coverage->n_nodes > 0;
}

static const struct {
    const char *name, *words;
} causes[COVERAGE_CAUSES] = {
    [COVERAGE_NO_CAUSE] = { "", "" },
    [COVERAGE_NOT_BEGUN] = { "not_begun", "nothing earlier was recorded" },
    [COVERAGE_DELETED] = { "deleted", "deleted by the archive's budget or by hand" },
    [COVERAGE_STOPPED] = { "stopped", "the recorder was stopped" },
    [COVERAGE_KILLED] = { "killed", "the recorder was killed or crashed" },
    [COVERAGE_ENDED] = { "ended", "nothing later is there" },
    [COVERAGE_BETWEEN] = { "between", "between imported packets; whether any are missing is not known" },
    [COVERAGE_UNWATCHED] = { "unwatched", "quiet, or the recorder was gone; nobody wrote it down" },
    [COVERAGE_UNINDEXED] = { "unindexed",
                             "a segment without a usable index: it is searched, but where it ends is not "
                             "known (tapdeck check --repair)" },
    [COVERAGE_IMPORTING] = { "importing",
                             "an import is at work, or was killed and may be started again: what it has "
                             "not sealed is searched, but where it ends is not known" },
    [COVERAGE_UNFLUSHED] = { "unflushed", "not flushed yet by the recorder" },
    [COVERAGE_FUTURE] = { "future", "has not come yet" },
};

const char *coverage_cause_words(enum coverage_cause cause)
{
    return causes[cause].words;
}

const char *coverage_cause_name(enum coverage_cause cause)
{
    return causes[cause].name;
}

const char *coverage_state_name(enum coverage_state state)
{
    static const char *const names[] = {
        [COVERAGE_RECORDED] = "recorded",
        [COVERAGE_HELD] = "held",
        [COVERAGE_GAP] = "gap",
        [COVERAGE_UNKNOWN] = "unknown",
    };

    return names[state];
}
