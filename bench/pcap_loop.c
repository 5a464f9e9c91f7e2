/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcap_loop - the yardstick of bench/run: a libpcap loop that reads each packet of a file and does nothing
 * else. What any tool built on libpcap pays before its first look at a byte.
 *
 *   cc -O2 -o pcap_loop pcap_loop.c -lpcap && ./pcap_loop FILE
 */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    char problem[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *header;
    const u_char *bytes;
    uint64_t n_packets = 0, n_bytes = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: pcap_loop FILE\n");
        return 2;
    }
    pcap_t *file = pcap_open_offline(argv[1], problem);
    if (!file) {
        fprintf(stderr, "pcap_loop: %s\n", problem);
        return 2;
    }
    while (pcap_next_ex(file, &header, &bytes) == 1) {
        n_packets++;
        n_bytes += header->caplen;
    }
    pcap_close(file);
    printf("%" PRIu64 " packets, %" PRIu64 " bytes\n", n_packets, n_bytes);
    return 0;
}
