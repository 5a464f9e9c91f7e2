/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list_packets - prints time, length, captured length and interface of each packet of capture files, as
 * `tshark -T fields -e frame.time_epoch -e frame.len -e frame.cap_len -e frame.interface_id` does: for
 * tests/compare_captures, which lays the two side by side. With -q it prints counts only; with -w it writes
 * the packets to a file by the name's kind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "packet/pcap_writer.h"
#include "source/openers.h"

struct totals {
    uint64_t n_packets, n_bytes;
    uint64_t sum; /* of a byte or two of each packet: looks at them as a filter would */
};

static void print_packet(const struct packet *packet)
{
    int64_t seconds = packet->ts_ns / NS_PER_SECOND, fraction = packet->ts_ns % NS_PER_SECOND;

    if (fraction < 0) {
        fraction += NS_PER_SECOND;
        seconds--;
    }
    printf("%lld.%09lld\t%u\t%u\t%u\n", (long long)seconds, (long long)fraction, packet->len, packet->caplen,
           packet->interface);
}

static int fail(const struct error *error)
{
    fflush(stdout);
    fprintf(stderr, "list_packets: %s\n", error->text);
    return 2;
}

static struct source *open_all(char **paths, uint32_t n, struct interface_table *interfaces,
                               struct error *error)
{
    struct source **sources = calloc(n, sizeof *sources);
    struct source *source;

    if (sources == NULL)
        abort();
    for (uint32_t i = 0; i < n; i++) {
        sources[i] = pcap_file_open(paths[i], interfaces, error);
        if (sources[i] == NULL) {
            while (i-- > 0)
                source_close(sources[i]);
            free(sources);
            return NULL;
        }
    }
    source = merge_open(sources, n, interfaces, error);
    free(sources);
    return source;
}

static int read_all(struct source *source, bool is_quiet, struct pcap_writer *writer, struct totals *totals,
                    struct error *error)
{
    enum source_result result;
    struct batch batch;

    if (!batch_init(&batch, 0))
        abort();
    while ((result = source_next(source, &batch, -1, error)) == SOURCE_PACKETS || result == SOURCE_IDLE) {
        for (uint32_t i = 0; i < batch.n; i++) {
            totals->n_packets++;
            totals->n_bytes += batch.packets[i].caplen;
            if (batch.packets[i].caplen > 50)
                totals->sum += batch.packets[i].data[12] + batch.packets[i].data[50];
            if (writer && !pcap_writer_add(writer, &batch.packets[i], error))
                return fail(error);
            if (!is_quiet)
                print_packet(&batch.packets[i]);
        }
    }
    batch_clear(&batch);
    return result == SOURCE_END ? 0 : fail(error);
}

int main(int argc, char **argv)
{
    struct interface_table interfaces = { 0 };
    bool is_quiet = false;
    struct totals totals = { 0 };
    struct error error;
    struct source *source;
    struct pcap_writer *writer = NULL;
    const char *path = NULL;
    int option, status;

    while ((option = getopt(argc, argv, "qw:")) != -1) {
        if (option == 'q')
            is_quiet = true;
        else if (option == 'w')
            path = optarg;
        else
            return 2;
    }
    source = open_all(argv + optind, (uint32_t)(argc - optind), &interfaces, &error);
    if (source == NULL)
        return fail(&error);
    if (path) {
        enum pcap_format format;
        enum pcap_packing packing;

        pcap_writer_formats_of(path, &format, &packing);
        writer = pcap_writer_open(path, format, packing, &interfaces, &error);
        if (writer == NULL)
            return fail(&error);
    }
    status = read_all(source, is_quiet, writer, &totals, &error);
    if (writer && !pcap_writer_close(writer, &error))
        status = fail(&error);
    if (is_quiet)
        printf("%llu packets, %llu bytes, sum %llu\n", (unsigned long long)totals.n_packets,
               (unsigned long long)totals.n_bytes, (unsigned long long)totals.sum);
    source_close(source);
    interface_table_clear(&interfaces);
    return status;
}
