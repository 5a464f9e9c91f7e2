/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_rows - what the hub's thread does for a packet, and what it costs: dissect, device, questions, row,
 * frames. Everything but the threads; the clock is made up, so that a second has PER-SECOND packets.
 *
 *     live_rows CAPTURE QUESTIONS PER-SECOND
 *
 * The questions are all different; with 0 there is one that every packet matches.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "live/group_stream.h"
#include "live/row_maker.h"
#include "protocol/state.h"
#include "source/openers.h"

enum { QUESTIONS_LIMIT = 256 };

struct bench {
    struct group_stream *streams[QUESTIONS_LIMIT];
    unsigned n;
    uint64_t n_rows, n_frames, n_bytes;
};

static double cpu(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static bool take_frame(void *context, struct shared_bytes *frame, uint32_t n_rows, uint64_t first,
                       uint64_t last)
{
    struct bench *bench = context;

    (void)first;
    (void)last;
    bench->n_frames++;
    bench->n_rows += n_rows;
    bench->n_bytes += frame->len;
    shared_bytes_release(frame);
    return true;
}

static void take_count(void *context, const struct hub_count *count)
{
    (void)context;
    (void)count;
}

static void take_bars(void *context, const struct hub_bar *bars, uint32_t n)
{
    (void)context;
    (void)bars;
    (void)n;
}

static void take_gap(void *context, const struct hub_gap *gap)
{
    (void)context;
    (void)gap;
}

static bool ask(struct bench *bench, unsigned i, bool is_all)
{
    static const char *const forms[] = {
        "ip.addr == 10.%u.0.0/16",
        "udp.port in {%u..%u}",
        "dtls.record.content_type == %u && frame.len > 200",
        "frame.len == %u || coap.code >= 128",
        "not udp && tcp.port > %u",
    };
    struct group_outlet outlet = { bench, take_frame, take_count, take_bars, take_gap };
    struct question question = { .scope = scope_of_all() };
    struct live_question *asked;
    struct error error;
    char filter[128];

    snprintf(filter, sizeof filter, forms[i % 5], i % 5 == 1 ? 1000 * i : i, 1000 * i + 400);
    question.filter = is_all ? NULL : filter;
    asked = live_question_new(&question, NULL, &error);
    if (asked == NULL) {
        fprintf(stderr, "%s: %s\n", filter, error.text);
        return false;
    }
    bench->streams[i] = group_stream_new(asked, &outlet);
    group_stream_want_rows(bench->streams[i], true);
    return true;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    static struct row_maker maker;
    static struct dissection d;
    struct demand demand;
    struct interface_table interfaces = { 0 };
    struct live_devices *devices = live_devices_new(1);
    struct dissect_state *state = dissect_state_new(1);
    struct batch batch;
    struct source *source;
    struct error error;
    uint64_t n = 0, n_found = 0;
    double begun, used;
    int64_t now_ns = 0, step_ns;

    if (argc != 4) {
        fprintf(stderr, "usage: live_rows CAPTURE QUESTIONS PER-SECOND\n");
        return 2;
    }
    bench.n = (unsigned)atoi(argv[2]) ? (unsigned)atoi(argv[2]) : 1;
    step_ns = 1000000000 / atol(argv[3]);
    source = pcap_file_open(argv[1], &interfaces, &error);
    if (bench.n > QUESTIONS_LIMIT || source == NULL || !batch_init(&batch, 0)) {
        fprintf(stderr, "%s\n", source ? "too many questions" : error.text);
        return 2;
    }
    row_maker_init(&maker);
    demand_init(&demand);
    row_maker_demand(&maker, &demand);
    live_devices_demand(&demand);
    for (unsigned i = 0; i < bench.n; i++) {
        if (!ask(&bench, i, atoi(argv[2]) == 0))
            return 2;
        live_question_demand(group_stream_question(bench.streams[i]), &demand);
    }
    demand_settle(&demand);
    dissection_init(&d, &demand, state, &interfaces);
    begun = cpu();
    while (source_next(source, &batch, 0, &error) == SOURCE_PACKETS) {
        for (uint32_t p = 0; p < batch.n; p++) {
            struct packet packet = batch.packets[p];
            struct packet_owner owner;
            struct row row;
            bool is_made = false;

            packet.packet_id = packet.number = ++n;
            now_ns += step_ns;
            dissect(&d, &packet);
            live_devices_packet(devices, &d, &owner);
            for (unsigned i = 0; i < bench.n; i++) {
                if (!group_stream_saw(bench.streams[i], n, packet.ts_ns) ||
                    !live_question_match(group_stream_question(bench.streams[i]), &d, &owner))
                    continue;
                if (!is_made)
                    row_make(&maker, &d, &owner, &row);
                is_made = true;
                n_found++;
                group_stream_matched(bench.streams[i], &row, maker.summary.protocol, now_ns);
            }
        }
        for (unsigned i = 0; i < bench.n; i++)
            group_stream_tick(bench.streams[i], now_ns);
    }
    used = cpu() - begun;
    printf("%llu packets, %u questions: %llu matches, %llu rows in %llu frames, %.1f bytes a row\n",
           (unsigned long long)n, bench.n, (unsigned long long)n_found, (unsigned long long)bench.n_rows,
           (unsigned long long)bench.n_frames,
           bench.n_rows ? (double)bench.n_bytes / (double)bench.n_rows : 0.0);
    printf("%.2f us a packet, %.0f packets a second of one core; %.1f %% of a core at %s a second\n",
           used / (double)n * 1e6, (double)n / used, used / (double)n * 100 * atof(argv[3]), argv[3]);
    return 0;
}
