/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flood - sends Ethernet frames on one interface as fast as one core can, or a given number of them at a
 * given pace: what a live capture is measured with. For interfaces of a network namespace made for it, never
 * for a real one.
 *
 *   flood IFACE [-n FRAMES] [-t SECONDS] [-r FRAMES_PER_SECOND] [-s BYTES] [-f FLOWS] [-Q TCI]
 *
 * Each frame is IPv4/UDP from 10.1.0.0/16 by its flow, port 5684, and carries its number from 0 (64 bit, big
 * endian) at the start of its payload, so that a receiver can say which are missing. Past the queueing
 * discipline (PACKET_QDISC_BYPASS) and many at a call. Prints: frames sent, frames the interface refused,
 * seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    TOGETHER = 64,
    FRAME_LIMIT = 9000,
    LINK_BYTES = 14,
    TAG_BYTES = 4,
    HEADERS_BYTES = 28,
    LEAST_BYTES = 64
};

struct flood {
    const char *interface;
    uint64_t n_frames; /* 0: no limit */
    double seconds;    /* 0: no limit */
    double per_second; /* 0: as fast as possible */
    unsigned frame_bytes;
    unsigned n_flows;
    int tci; /* a VLAN tag; -1: none */
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void put(uint8_t *at, uint64_t value, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        at[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
}

static unsigned ip_offset(const struct flood *flood)
{
    return LINK_BYTES + (flood->tci >= 0 ? TAG_BYTES : 0);
}

static void frame_make(const struct flood *flood, uint8_t *frame)
{
    unsigned at = ip_offset(flood), ip_bytes = flood->frame_bytes - at;

    for (unsigned i = 0; i < flood->frame_bytes; i++)
        frame[i] = (uint8_t)(i * 7);
    memcpy(frame, "\x02\0\0\0\0\2\x02\0\0\0\0\1", 12);
    if (flood->tci >= 0) {
        put(frame + 12, ETH_P_8021Q, 2);
        put(frame + 14, (uint64_t)flood->tci, 2);
    }
    put(frame + at - 2, ETH_P_IP, 2);
    memcpy(frame + at, "\x45\0\0\0\0\0\x40\0\x40\x11\0\0\x0a\1\0\0\x0a\2\0\1", 20);
    put(frame + at + 2, ip_bytes, 2);
    put(frame + at + 20, 40000, 2);
    put(frame + at + 22, 5684, 2);
    put(frame + at + 24, ip_bytes - 20, 2);
    put(frame + at + 26, 0, 2);
}

static void frame_number(const struct flood *flood, uint8_t *frame, uint64_t number)
{
    put(frame + ip_offset(flood) + 14, number % flood->n_flows, 2); /* of the source address */
    put(frame + ip_offset(flood) + HEADERS_BYTES, number, 8);
}

static int flood_open(const struct flood *flood)
{
    struct sockaddr_ll address = { .sll_family = AF_PACKET,
                                   .sll_protocol = 0,
                                   .sll_ifindex = (int)if_nametoindex(flood->interface) };
    int fd = socket(AF_PACKET, SOCK_RAW, 0), yes = 1, bytes = 4 << 20;

    if (fd < 0 || address.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0) {
        fprintf(stderr, "flood: %s: %s\n", flood->interface, strerror(errno));
        exit(2);
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
    return fd;
}

static void flood_send(const struct flood *flood)
{
    static uint8_t frames[TOGETHER][FRAME_LIMIT];
    static struct mmsghdr messages[TOGETHER];
    static struct iovec parts[TOGETHER];
    uint64_t n_sent = 0, n_refused = 0;
    int fd = flood_open(flood);
    double started_s = now_s(), until_s = started_s + flood->seconds;

    for (unsigned i = 0; i < TOGETHER; i++) {
        frame_make(flood, frames[i]);
        parts[i] = (struct iovec) { frames[i], flood->frame_bytes };
        messages[i].msg_hdr = (struct msghdr) { .msg_iov = &parts[i], .msg_iovlen = 1 };
    }
    while (flood->n_frames == 0 || n_sent < flood->n_frames) {
        uint64_t left = flood->n_frames ? flood->n_frames - n_sent : TOGETHER;
        unsigned n_wanted = left < TOGETHER ? (unsigned)left : TOGETHER;
        double now = now_s();
        int n;

        if (flood->seconds > 0 && now >= until_s)
            break;
        if (flood->per_second > 0) {
            double due = (now - started_s) * flood->per_second - (double)n_sent;

            if (due < 1) {
                usleep(200);
                continue;
            }
            if (due < n_wanted)
                n_wanted = (unsigned)due;
        }
        for (unsigned i = 0; i < n_wanted; i++)
            frame_number(flood, frames[i], n_sent + i);
        n = sendmmsg(fd, messages, n_wanted, 0);
        if (n > 0)
            n_sent += (uint64_t)n;
        else if (errno == ENOBUFS || errno == EAGAIN)
            n_refused++; /* tried again: the receiving side has no room in its backlog */
        else {
            fprintf(stderr, "flood: %s: %s\n", flood->interface, strerror(errno));
            exit(2);
        }
    }
    printf("sent %llu refused %llu seconds %.6f\n", (unsigned long long)n_sent, (unsigned long long)n_refused,
           now_s() - started_s);
    close(fd);
}

int main(int argc, char **argv)
{
    struct flood flood = { .frame_bytes = 200, .n_flows = 1000, .tci = -1 };
    int letter;

    while ((letter = getopt(argc, argv, "n:t:r:s:f:Q:")) != -1) {
        switch (letter) {
        case 'n':
            flood.n_frames = strtoull(optarg, NULL, 10);
            break;
        case 't':
            flood.seconds = strtod(optarg, NULL);
            break;
        case 'r':
            flood.per_second = strtod(optarg, NULL);
            break;
        case 's':
            flood.frame_bytes = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'f':
            flood.n_flows = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'Q':
            flood.tci = (int)strtol(optarg, NULL, 10);
            break;
        default:
            return 2;
        }
    }
    if (optind + 1 != argc || flood.n_frames + (uint64_t)(flood.seconds * 1000) == 0 ||
        flood.frame_bytes < LEAST_BYTES || flood.frame_bytes > FRAME_LIMIT || flood.n_flows == 0) {
        fputs("usage: flood IFACE -n FRAMES | -t SECONDS [-r FRAMES_PER_SECOND] [-s BYTES] [-f FLOWS] [-Q "
              "TCI]\n",
              stderr);
        return 2;
    }
    flood.interface = argv[optind];
    flood_send(&flood);
    return 0;
}
