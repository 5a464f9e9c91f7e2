/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture_probe - the live sources and the capture group with nothing behind them, for live_test.py and for
 * measuring what the capture itself can do.
 *
 *   capture_probe [-f BPF] [-s SNAPLEN] [-R RING_BYTES] [-M MEMORY_BYTES] [-S STALL_MS] [-x] (IFACE |
 * vxlan:PORT)...
 *
 * Prints "ready"; then with -x each packet as "INTERFACE LINKTYPE CAPLEN LEN TS_NS HEX"; captures until its
 * standard input ends; then the statistics of each source. -S: takes nothing for so long after the start.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "source/capture_thread.h"
#include "source/openers.h"

static void packet_print(const struct packet *packet, const struct interface_table *interfaces)
{
    printf("packet\t%s\t%u\t%u\t%u\t%lld\t", interfaces->items[packet->interface].name, packet->linktype,
           packet->caplen, packet->len, (long long)packet->ts_ns);
    for (uint32_t i = 0; i < packet->caplen; i++)
        printf("%02x", packet->data[i]);
    putchar('\n');
}

static void stats_print(const struct capture_group *group)
{
    for (uint32_t i = 0; i < capture_group_sources(group); i++) {
        struct source_stats s = capture_group_stats(group, i);

        printf("stats\t%s\tpackets %llu bytes %llu kernel %llu queue %llu truncated %llu refused %llu\n",
               capture_group_name(group, i), (unsigned long long)s.n_packets, (unsigned long long)s.n_bytes,
               (unsigned long long)s.n_dropped_kernel, (unsigned long long)s.n_dropped_queue,
               (unsigned long long)s.n_truncated_mirror, (unsigned long long)s.n_refused);
    }
}

static bool input_ended(void)
{
    struct pollfd poll_fd = { .fd = STDIN_FILENO, .events = POLLIN };
    char byte;

    return poll(&poll_fd, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

static struct source *source_named(const char *name, const struct afpacket_options *like,
                                   struct interface_table *interfaces, struct error *error)
{
    struct afpacket_options options = *like;
    struct vxlan_listener_options vxlan = { .filter = like->filter, .snaplen = like->snaplen };

    if (strncmp(name, "vxlan:", 6) == 0) {
        vxlan.port = (uint16_t)strtoul(name + 6, NULL, 10);
        return vxlan_listener_open(&vxlan, interfaces, error);
    }
    options.interface = name;
    return afpacket_open(&options, interfaces, error);
}

static int run(struct capture_group *group, struct interface_table *interfaces, unsigned stall_ms,
               bool is_printed)
{
    struct error error = { 0 };
    struct captured captured;
    enum capture_result result;
    struct rusage usage;
    uint64_t n = 0;
    bool is_stopped = false;

    puts("ready");
    fflush(stdout);
    usleep(stall_ms * 1000);
    while ((result = capture_group_next(group, 100, &captured, &error)) != CAPTURE_END) {
        if (result == CAPTURE_PACKETS) {
            for (uint32_t i = 0; is_printed && i < captured.batch->n; i++)
                packet_print(&captured.batch->packets[i], interfaces);
            n += captured.batch->n;
            capture_group_release(group, &captured);
            fflush(stdout);
        } else if (result == CAPTURE_SOURCE_FAULT) {
            printf("fault\t%s\n", error.text);
            fflush(stdout);
        }
        if (!is_stopped && input_ended()) {
            capture_group_stop(group);
            is_stopped = true;
        }
    }
    stats_print(group);
    getrusage(RUSAGE_SELF, &usage);
    printf("taken %llu cpu %.3f max_rss_kib %ld\n", (unsigned long long)n,
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
           usage.ru_maxrss);
    return 0;
}

int main(int argc, char **argv)
{
    struct interface_table interfaces = { 0 };
    struct capture_options capture = { 0 };
    struct afpacket_options options = { 0 };
    struct error error = { 0 };
    struct capture_group *group;
    unsigned stall_ms = 0;
    bool is_printed = false, is_right = true;
    int letter, code = 2;

    while ((letter = getopt(argc, argv, "f:s:R:M:S:x")) != -1) {
        if (letter == 'f')
            options.filter = optarg;
        else if (letter == 's')
            options.snaplen = (uint32_t)strtoul(optarg, NULL, 10);
        else if (letter == 'R')
            options.ring_bytes = (uint32_t)strtoul(optarg, NULL, 10);
        else if (letter == 'M')
            capture.memory_bytes = strtoul(optarg, NULL, 10);
        else if (letter == 'S')
            stall_ms = (unsigned)strtoul(optarg, NULL, 10);
        else if (letter == 'x')
            is_printed = true;
        else
            return 2;
    }
    group = capture_group_new(&capture, &interfaces, &error);
    for (int i = optind; group && is_right && i < argc; i++)
        is_right = capture_group_add(group, source_named(argv[i], &options, &interfaces, &error), &error);
    if (group && is_right && capture_group_start(group, &error))
        code = run(group, &interfaces, stall_ms, is_printed);
    else
        fprintf(stderr, "capture_probe: %s\n", error.text);
    capture_group_close(group);
    interface_table_clear(&interfaces);
    return code;
}
