/* SPDX-License-Identifier: Apache-2.0 */
/*
 * afpacket - a live interface, by Linux's AF_PACKET ring (TPACKET_V3, packet(7)).
 *
 * The kernel writes frames into blocks of a ring we share; a batch lends the frames of one block, and the
 * block goes back to the kernel once all its batches are released, in any order. So the ring is the queue
 * between wire and worker, nothing is copied on the way, and what finds no room is counted by the kernel.
 * Linux takes VLAN tags off and a cooked socket has no link header; both are put back in front of the frame,
 * in room the ring reserves for it. Rejected: libpcap's own reading (one packet a call, its ring is never
 * lent beyond it).
 *
 * Frames that a network card or a local sender keeps together (GSO, GRO) arrive as one long frame, and stay
 * it.
 */
#include "source/openers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "source/bpf.h"

enum {
    RING_BYTES_DEFAULT = 64 << 20,
    BLOCK_BYTES =
        512 << 10, /* holds the longest frame; small enough that a quiet link does not fill a ring */
    BLOCK_LIMIT = 4096,
    BLOCK_RETIRE_MS = 50, /* a block that is not full is handed over after this */
    LENT_NAP_NS = 1000000,
    MAC_BYTES = 12, /* both addresses: what stands before a VLAN tag */
    VLAN_TAG_BYTES = 4,
    SLL2_HEADER_BYTES = 20,
    FRAME_ADDRESS_OFFSET =
        (sizeof(struct tpacket3_hdr) + TPACKET_ALIGNMENT - 1) / TPACKET_ALIGNMENT * TPACKET_ALIGNMENT,
};

/*
 * One block of the ring. is_out is cleared only after the kernel has been given the block back, so that the
 * walk never takes a block for new that is merely still lent.
 */
struct ring_block {
    struct tpacket_block_desc *desc;
    atomic_uint n_loans; /* batches that lend from it, and one of the walk's own */
    atomic_bool is_out;
};

struct afpacket {
    struct source source;
    int fd;
    uint8_t *ring;
    size_t ring_bytes;
    struct ring_block *blocks;
    uint32_t n_blocks;
    uint32_t current;          /* the block being walked, or waited for */
    uint32_t n_left;           /* its frames not handed over yet */
    struct tpacket3_hdr *next; /* the first of them */
    uint32_t snaplen;
    uint32_t interface;
    int loopback_index; /* sees each frame twice, out and in: out is left away */
    uint16_t linktype;
    bool is_cooked;
    int fault; /* errno the socket reported; told once the ring is read out */
};

static struct afpacket *afpacket_of(struct source *source)
{
    return (struct afpacket *)source;
}

static void block_give_back(struct ring_block *block)
{
    if (atomic_fetch_sub_explicit(&block->n_loans, 1, memory_order_acq_rel) != 1)
        return;
    __atomic_store_n(&block->desc->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    atomic_store_explicit(&block->is_out, false, memory_order_release);
}

static bool block_is_ready(const struct afpacket *afpacket)
{
    const struct ring_block *block = &afpacket->blocks[afpacket->current];

    return !atomic_load_explicit(&block->is_out, memory_order_acquire) &&
           (__atomic_load_n(&block->desc->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) != 0;
}

static void block_begin(struct afpacket *afpacket)
{
    struct ring_block *block = &afpacket->blocks[afpacket->current];
    const struct tpacket_hdr_v1 *header = &block->desc->hdr.bh1;

    atomic_store_explicit(&block->is_out, true, memory_order_relaxed);
    atomic_store_explicit(&block->n_loans, 1, memory_order_relaxed);
    afpacket->n_left = header->num_pkts;
    afpacket->next = (struct tpacket3_hdr *)((uint8_t *)block->desc + header->offset_to_first_pkt);
}

static void block_end(struct afpacket *afpacket)
{
    block_give_back(&afpacket->blocks[afpacket->current]);
    afpacket->current = (afpacket->current + 1) % afpacket->n_blocks;
}

static void put_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* The tag goes back between the addresses and the type, by moving the addresses to the front. */
static void put_vlan_tag(struct packet *packet, uint8_t *frame, uint16_t tpid, uint16_t tci)
{
    memmove(frame - VLAN_TAG_BYTES, frame, MAC_BYTES);
    frame -= VLAN_TAG_BYTES;
    put_u16(frame + MAC_BYTES, tpid);
    put_u16(frame + MAC_BYTES + 2, tci);
    packet->data = frame;
    packet->caplen += VLAN_TAG_BYTES;
    packet->len += VLAN_TAG_BYTES;
}

/* tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html; a VLAN tag follows it, as the protocol then says. */
static void put_cooked_header(struct packet *packet, uint8_t *frame, const struct sockaddr_ll *from,
                              bool is_tagged, uint16_t tpid, uint16_t tci)
{
    if (is_tagged) {
        frame -= VLAN_TAG_BYTES;
        put_u16(frame, tci);
        memcpy(frame + 2, &from->sll_protocol, 2);
        packet->caplen += VLAN_TAG_BYTES;
        packet->len += VLAN_TAG_BYTES;
    }
    frame -= SLL2_HEADER_BYTES;
    memset(frame, 0, SLL2_HEADER_BYTES);
    if (is_tagged)
        put_u16(frame, tpid);
    else
        memcpy(frame, &from->sll_protocol, 2);
    put_u16(frame + 4, (uint32_t)from->sll_ifindex >> 16);
    put_u16(frame + 6, (uint32_t)from->sll_ifindex);
    put_u16(frame + 8, from->sll_hatype);
    frame[10] = from->sll_pkttype;
    frame[11] = from->sll_halen;
    memcpy(frame + 12, from->sll_addr, from->sll_halen < 8 ? from->sll_halen : 8);
    packet->data = frame;
    packet->caplen += SLL2_HEADER_BYTES;
    packet->len += SLL2_HEADER_BYTES;
}

/* False for a frame that must not be shown. */
static bool frame_read(struct afpacket *afpacket, struct tpacket3_hdr *header, struct packet *packet)
{
    const struct sockaddr_ll *from = (const struct sockaddr_ll *)((uint8_t *)header + FRAME_ADDRESS_OFFSET);
    uint8_t *frame = (uint8_t *)header + header->tp_mac;
    bool is_tagged = header->tp_status & TP_STATUS_VLAN_VALID;
    uint16_t tpid = header->tp_status & TP_STATUS_VLAN_TPID_VALID ? header->hv1.tp_vlan_tpid : ETH_P_8021Q;
    uint16_t tci = (uint16_t)header->hv1.tp_vlan_tci;

    if (from->sll_pkttype == PACKET_OUTGOING && from->sll_ifindex == afpacket->loopback_index)
        return false;
    *packet = (struct packet) {
        .ts_ns = (int64_t)header->tp_sec * NS_PER_SECOND + header->tp_nsec,
        .data = frame,
        .caplen = header->tp_snaplen,
        .len = header->tp_len,
        .linktype = afpacket->linktype,
        .interface = afpacket->interface,
    };
    if (afpacket->is_cooked)
        put_cooked_header(packet, frame, from, is_tagged, tpid, tci);
    else if (is_tagged && packet->caplen >= MAC_BYTES)
        put_vlan_tag(packet, frame, tpid, tci);
    if (packet->caplen > afpacket->snaplen)
        packet->caplen = afpacket->snaplen;
    return true;
}

/* Fills the batch from the current block as far as either goes. */
static void batch_borrow(struct afpacket *afpacket, struct batch *batch)
{
    struct source_stats *stats = &afpacket->source.stats;
    struct ring_block *block = &afpacket->blocks[afpacket->current];

    while (afpacket->n_left && batch->n < BATCH_PACKETS) {
        struct tpacket3_hdr *header = afpacket->next;
        struct packet *packet = &batch->packets[batch->n];

        afpacket->n_left--;
        afpacket->next = (struct tpacket3_hdr *)((uint8_t *)header + header->tp_next_offset);
        if (!frame_read(afpacket, header, packet))
            continue;
        batch->n++;
        stats->n_packets++;
        stats->n_bytes += packet->caplen;
        stats->n_truncated_mirror += packet->caplen < packet->len;
    }
    if (batch->n) {
        atomic_fetch_add_explicit(&block->n_loans, 1, memory_order_relaxed);
        batch->loan = block;
    }
    if (afpacket->n_left == 0)
        block_end(afpacket);
}

/* The kernel's counters start again with each reading. */
static void count_drops(struct afpacket *afpacket)
{
    struct tpacket_stats_v3 stats;
    socklen_t len = sizeof stats;

    if (getsockopt(afpacket->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
        afpacket->source.stats.n_dropped_kernel += stats.tp_drops;
}

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the kernel hands over a block; false when timeout_ms passed without one. */
static bool block_wait(struct afpacket *afpacket, int64_t timeout_ms)
{
    int64_t until_ms = monotonic_ms() + timeout_ms;

    while (!block_is_ready(afpacket)) {
        struct pollfd poll_fd = { .fd = afpacket->fd, .events = POLLIN };
        int64_t left_ms = until_ms - monotonic_ms();

        if (left_ms <= 0)
            return false;
        if (poll(&poll_fd, 1, (int)left_ms) <= 0)
            continue;
        if ((poll_fd.revents & POLLERR) && afpacket->fault == 0) {
            socklen_t len = sizeof afpacket->fault;

            if (getsockopt(afpacket->fd, SOL_SOCKET, SO_ERROR, &afpacket->fault, &len) != 0)
                afpacket->fault = errno;
            until_ms = monotonic_ms() + 2 * BLOCK_RETIRE_MS; /* what the last block holds comes within this */
        }
        /* poll calls the socket readable for as long as the block before this one is lent: do not spin on it
         */
        if (!block_is_ready(afpacket))
            nanosleep(&(struct timespec) { .tv_nsec = LENT_NAP_NS }, NULL);
    }
    return true;
}

static void afpacket_release(struct source *source, struct batch *batch)
{
    (void)source;
    if (batch->loan)
        block_give_back(batch->loan);
    batch->loan = NULL;
    batch_empty(batch);
}

static enum source_result afpacket_fault(struct afpacket *afpacket, struct error *error)
{
    bool is_there = if_nametoindex(afpacket->source.name) != 0;

    if (afpacket->fault == ENETDOWN)
        error_set(error, ERROR_SYSTEM,
                  is_there ? "interface %s went down; bring it up (ip link set %s up) and start again"
                           : "interface %s is gone (it was %s)",
                  afpacket->source.name, afpacket->source.name);
    else {
        errno = afpacket->fault;
        error_system(error, "interface %s: capturing stopped", afpacket->source.name);
    }
    return SOURCE_FAULT;
}

static enum source_result afpacket_next(struct source *source, struct batch *batch, int timeout_ms,
                                        struct error *error)
{
    struct afpacket *afpacket = afpacket_of(source);

    afpacket_release(source, batch);
    while (batch->n == 0) {
        if (afpacket->n_left == 0) {
            if (!block_wait(afpacket, afpacket->fault ? 0 : timeout_ms)) {
                count_drops(afpacket);
                return afpacket->fault ? afpacket_fault(afpacket, error) : SOURCE_IDLE;
            }
            count_drops(afpacket);
            block_begin(afpacket);
        }
        batch_borrow(afpacket, batch);
    }
    return SOURCE_PACKETS;
}

static void afpacket_close(struct source *source)
{
    struct afpacket *afpacket = afpacket_of(source);

    if (afpacket->ring)
        munmap(afpacket->ring, afpacket->ring_bytes);
    if (afpacket->fd >= 0)
        close(afpacket->fd);
    free(afpacket->blocks);
    free(afpacket);
}

static const struct source_ops afpacket_ops = {
    .is_live = true,
    .next = afpacket_next,
    .release = afpacket_release,
    .close = afpacket_close,
};

static bool no_such_interface(const char *name, struct error *error)
{
    struct if_nameindex *all = if_nameindex();
    char names[512] = "";

    for (size_t i = 0, len = 0; all && all[i].if_index && len < sizeof names; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s, ", all[i].if_name);
    if (all)
        if_freenameindex(all);
    return error_set(error, ERROR_USAGE, "no interface \"%s\"; there are: %sany", name, names);
}

static bool interface_number_of(int fd, const char *name, struct ifreq *request)
{
    memset(request, 0, sizeof *request);
    if (strlen(name) >= sizeof request->ifr_name) {
        errno = ENODEV;
        return false;
    }
    memcpy(request->ifr_name, name, strlen(name));
    return ioctl(fd, SIOCGIFINDEX, request) == 0;
}

/*
 * Ethernet and plain IP are taken as they come; every other kind of link by a cooked socket, which leaves its
 * header away and tells the same of all.
 */
static bool link_find(struct afpacket *afpacket, const char *name, int *index, struct error *error)
{
    struct ifreq request;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_found = false;

    if (fd < 0)
        return error_system(error, "interface %s", name);
    if (interface_number_of(fd, "lo", &request))
        afpacket->loopback_index = request.ifr_ifindex;
    afpacket->linktype = LINKTYPE_LINUX_SLL2;
    if (strcmp(name, "any") == 0) {
        is_found = true;
    } else if (!interface_number_of(fd, name, &request)) {
        no_such_interface(name, error);
    } else {
        *index = request.ifr_ifindex;
        is_found = ioctl(fd, SIOCGIFHWADDR, &request) == 0 || error_system(error, "interface %s", name);
        if (request.ifr_hwaddr.sa_family == ARPHRD_ETHER || request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK)
            afpacket->linktype = LINKTYPE_ETHERNET;
        else if (request.ifr_hwaddr.sa_family == ARPHRD_NONE || request.ifr_hwaddr.sa_family == ARPHRD_RAWIP)
            afpacket->linktype = LINKTYPE_RAW;
    }
    afpacket->is_cooked = afpacket->linktype == LINKTYPE_LINUX_SLL2;
    close(fd);
    return is_found;
}

static bool ring_map(struct afpacket *afpacket, uint32_t ring_bytes, struct error *error)
{
    const char *name = afpacket->source.name;
    int version = TPACKET_V3;
    unsigned reserve = VLAN_TAG_BYTES + (afpacket->is_cooked ? SLL2_HEADER_BYTES : 0);
    struct tpacket_req3 request = { .tp_block_size = BLOCK_BYTES,
                                    .tp_frame_size = 2048, /* V3 packs frames of any length; must divide */
                                    .tp_retire_blk_tov = BLOCK_RETIRE_MS };

    afpacket->n_blocks = ring_bytes / BLOCK_BYTES;
    if (afpacket->n_blocks < 2)
        afpacket->n_blocks = 2;
    if (afpacket->n_blocks > BLOCK_LIMIT)
        afpacket->n_blocks = BLOCK_LIMIT;
    request.tp_block_nr = afpacket->n_blocks;
    request.tp_frame_nr = request.tp_block_size / request.tp_frame_size * request.tp_block_nr;
    if (setsockopt(afpacket->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0 ||
        setsockopt(afpacket->fd, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof reserve) != 0 ||
        setsockopt(afpacket->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0)
        return error_system(error, "interface %s: a ring of %u MiB", name,
                            (unsigned)((uint64_t)afpacket->n_blocks * BLOCK_BYTES >> 20));
    afpacket->ring_bytes = (size_t)afpacket->n_blocks * BLOCK_BYTES;
    afpacket->blocks = calloc(afpacket->n_blocks, sizeof *afpacket->blocks);
    afpacket->ring = mmap(NULL, afpacket->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, afpacket->fd, 0);
    if (afpacket->ring == MAP_FAILED)
        afpacket->ring = NULL;
    if (afpacket->ring == NULL || afpacket->blocks == NULL)
        return error_system(error, "interface %s: mapping the ring", name);
    for (uint32_t i = 0; i < afpacket->n_blocks; i++)
        afpacket->blocks[i].desc = (struct tpacket_block_desc *)(afpacket->ring + (size_t)i * BLOCK_BYTES);
    return true;
}

static bool bind_to(struct afpacket *afpacket, int index, struct error *error)
{
    const char *name = afpacket->source.name;
    struct sockaddr_ll address = { .sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_ALL),
                                   .sll_ifindex = index };
    struct packet_mreq promiscuous = { .mr_ifindex = index, .mr_type = PACKET_MR_PROMISC };
    int fault = 0, yes = 1;
    socklen_t len = sizeof fault;

    if (index != 0 && index == afpacket->loopback_index) /* saves the ring half its frames; Linux >= 4.20 */
        (void)setsockopt(afpacket->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
    if (bind(afpacket->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockopt(afpacket->fd, SOL_SOCKET, SO_ERROR, &fault, &len) != 0)
        return error_system(error, "interface %s", name);
    if (fault == ENETDOWN)
        return error_set(error, ERROR_SYSTEM, "interface %s is down; bring it up: ip link set %s up", name,
                         name);
    if (fault) {
        errno = fault;
        return error_system(error, "interface %s", name);
    }
    if (index != 0 &&
        setsockopt(afpacket->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) != 0)
        return error_system(error, "interface %s: promiscuous mode", name);
    return true;
}

static bool interface_describe(struct afpacket *afpacket, const struct afpacket_options *options,
                               struct error *error)
{
    struct interface *interface = calloc(1, sizeof *interface);

    if (interface == NULL)
        return error_system(error, "interface %s", options->interface);
    interface->linktype = afpacket->linktype;
    interface->snaplen = afpacket->snaplen;
    interface->tsresol = 9;
    snprintf(interface->name, sizeof interface->name, "%s", options->interface);
    if (options->filter)
        snprintf(interface->filter, sizeof interface->filter, "%s", options->filter);
    afpacket->interface = interface_table_add(afpacket->source.interfaces, interface, error);
    free(interface);
    return afpacket->interface != UINT32_MAX;
}

static bool afpacket_start(struct afpacket *afpacket, const struct afpacket_options *options,
                           struct error *error)
{
    int index = 0;

    if (!link_find(afpacket, options->interface, &index, error))
        return false;
    /* protocol 0: hears nothing until it is bound, and by then it has its filter */
    afpacket->fd = socket(AF_PACKET, (afpacket->is_cooked ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC, 0);
    if (afpacket->fd < 0 && errno == EPERM)
        return error_set(error, ERROR_SYSTEM,
                         "interface %s: capturing needs CAP_NET_RAW: run as root, or once: setcap "
                         "cap_net_raw+ep on the program",
                         options->interface);
    if (afpacket->fd < 0)
        return error_system(error, "interface %s", options->interface);
    return ring_map(afpacket, options->ring_bytes ? options->ring_bytes : RING_BYTES_DEFAULT, error) &&
           bpf_attach(afpacket->fd, options->filter, options->interface, afpacket->linktype,
                      afpacket->is_cooked, afpacket->snaplen, error) &&
           bind_to(afpacket, index, error) && interface_describe(afpacket, options, error);
}

struct source *afpacket_open(const struct afpacket_options *options, struct interface_table *interfaces,
                             struct error *error)
{
    struct afpacket *afpacket = calloc(1, sizeof *afpacket);

    if (afpacket == NULL) {
        error_system(error, "interface %s", options->interface);
        return NULL;
    }
    afpacket->source.ops = &afpacket_ops;
    afpacket->source.interfaces = interfaces;
    snprintf(afpacket->source.name, sizeof afpacket->source.name, "%s", options->interface);
    afpacket->fd = -1;
    afpacket->snaplen = options->snaplen ? options->snaplen : SNAPLEN_MAX;
    if (!afpacket_start(afpacket, options, error)) {
        afpacket_close(&afpacket->source);
        return NULL;
    }
    return &afpacket->source;
}
