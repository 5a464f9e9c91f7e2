/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vxlan_listener - a mirror's frames, taken from a UDP socket (RFC 7348): each datagram holds one, and its
 * outer source address and VNI name the interface it was seen on.
 *
 * A bound socket is all a mirror needs: no root, no raw capture, and the kernel reassembles what the mirror's
 * path fragmented. Datagrams are received many at a call into a staging area and their frames copied from
 * there closely packed, so that a batch of short frames is full when its bytes are, not when 64 KiB slots
 * are.
 *
 * Rejected: UDP_GRO, by which the kernel hands over runs of equal datagrams of one flow at once. It took six
 * times as many a second here from a sender that sends such runs, but the kernel then counts a lost run as
 * one (146,672 counted where 8,800,320 were lost), a run shares one time stamp, and a mirror's runs are
 * short: its source ports follow the inner flows.
 */
#include "source/openers.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/ip_address.h"
#include "base/timestamp.h"
#include "packet/mirror_interfaces.h"
#include "source/bpf.h"
#include "source/vxlan_datagram.h"

enum {
    RECEIVE_BYTES_DEFAULT = 32 << 20,
    DATAGRAM_BYTES = 65536, /* longer than any there is */
    DATAGRAMS = 64,         /* received by one call */
    CONTROL_BYTES = CMSG_SPACE(sizeof(struct timespec)),
};

/* One received datagram. */
struct staged {
    struct sockaddr_storage sender;
    alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
    int64_t ts_ns;
    size_t len;
    struct ip_address address;
    bool is_cut; /* longer than DATAGRAM_BYTES */
};

struct vxlan_listener {
    struct source source;
    int fd;
    uint32_t snaplen;
    struct bpf *filter;
    uint8_t *bytes; /* DATAGRAMS times DATAGRAM_BYTES */
    struct mmsghdr messages[DATAGRAMS];
    struct iovec parts[DATAGRAMS];
    struct staged staged[DATAGRAMS];
    unsigned n_staged, next_staged;
    uint32_t n_drops_seen;
    struct mirror_interfaces *mirrors;
};

static struct vxlan_listener *listener_of(struct source *source)
{
    return (struct vxlan_listener *)source;
}

static struct ip_address sender_address(const struct sockaddr_storage *sender)
{
    if (sender->ss_family == AF_INET6)
        return ip_address_of(bytes_of(&((const struct sockaddr_in6 *)sender)->sin6_addr, 16));
    return ip_address_of(bytes_of(&((const struct sockaddr_in *)sender)->sin_addr, 4));
}

/*
 * One datagram's frame into the batch. False when it has no room left, or with *error set and *result
 * SOURCE_FAULT.
 */
static bool deliver(struct vxlan_listener *listener, const struct staged *staged, struct bytes payload,
                    struct batch *batch, enum source_result *result, struct error *error)
{
    struct source_stats *stats = &listener->source.stats;
    struct packet *packet = &batch->packets[batch->n];
    struct bytes frame;
    uint32_t vni, len;
    size_t caplen;

    if (!vxlan_datagram_parse(payload, &vni, &frame)) {
        stats->n_refused++;
        return true;
    }
    len = ethernet_frame_len(frame);
    if (staged->is_cut && len == frame.len)
        len++; /* how long it was is not known, that it was longer is */
    if (!bpf_matches(listener->filter, frame, len))
        return true;
    caplen = frame.len < listener->snaplen ? frame.len : listener->snaplen;
    if (batch->n == BATCH_PACKETS || caplen > batch->cap_bytes - batch->used_bytes)
        return false;
    *packet = (struct packet) {
        .ts_ns = staged->ts_ns,
        .data = memcpy(batch->data + batch->used_bytes, frame.data, caplen),
        .caplen = (uint32_t)caplen,
        .len = len,
        .linktype = LINKTYPE_ETHERNET,
        .interface = mirror_interfaces_get(listener->mirrors, listener->source.interfaces, &staged->address,
                                           vni, error),
    };
    if (packet->interface == UINT32_MAX) {
        *result = SOURCE_FAULT;
        return false;
    }
    batch->n++;
    batch->used_bytes += caplen;
    stats->n_packets++;
    stats->n_bytes += caplen;
    stats->n_truncated_mirror += packet->caplen < len;
    return true;
}

/* Empties the staging area into the batch; false when the batch is full, or at a fault. */
static bool deliver_staged(struct vxlan_listener *listener, struct batch *batch, enum source_result *result,
                           struct error *error)
{
    for (; listener->next_staged < listener->n_staged; listener->next_staged++) {
        const struct staged *staged = &listener->staged[listener->next_staged];
        const uint8_t *bytes = listener->bytes + (size_t)listener->next_staged * DATAGRAM_BYTES;

        if (!deliver(listener, staged, bytes_of(bytes, staged->len), batch, result, error))
            return false;
    }
    return true;
}

/* When the datagram came, as the kernel says beside it; else now. */
static int64_t stamp_of(struct msghdr *message)
{
    struct timespec at;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            memcpy(&at, CMSG_DATA(c), sizeof at);
            return (int64_t)at.tv_sec * NS_PER_SECOND + at.tv_nsec;
        }
    return timestamp_now();
}

/* Fills the staging area with what has come; 0 for nothing, -1 with errno. */
static int receive(struct vxlan_listener *listener)
{
    int n;

    for (unsigned i = 0; i < DATAGRAMS; i++)
        listener->messages[i].msg_hdr = (struct msghdr) {
            .msg_name = &listener->staged[i].sender,
            .msg_namelen = sizeof listener->staged[i].sender,
            .msg_iov = &listener->parts[i],
            .msg_iovlen = 1,
            .msg_control = listener->staged[i].control,
            .msg_controllen = CONTROL_BYTES,
        };
    n = recvmmsg(listener->fd, listener->messages, DATAGRAMS, MSG_DONTWAIT, NULL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    for (int i = 0; i < n; i++) {
        struct staged *staged = &listener->staged[i];

        staged->ts_ns = stamp_of(&listener->messages[i].msg_hdr);
        staged->len = listener->messages[i].msg_len;
        staged->is_cut = listener->messages[i].msg_hdr.msg_flags & MSG_TRUNC;
        staged->address = sender_address(&staged->sender);
    }
    listener->next_staged = 0;
    listener->n_staged = (unsigned)n;
    return n;
}

/* SO_MEMINFO tells the count SO_RXQ_OVFL sends along, but also when nothing comes after the loss. */
static void count_drops(struct vxlan_listener *listener)
{
    uint32_t memory[SK_MEMINFO_VARS];
    socklen_t len = sizeof memory;

    if (getsockopt(listener->fd, SOL_SOCKET, SO_MEMINFO, memory, &len) != 0)
        return;
    listener->source.stats.n_dropped_kernel += memory[SK_MEMINFO_DROPS] - listener->n_drops_seen;
    listener->n_drops_seen = memory[SK_MEMINFO_DROPS];
}

static enum source_result vxlan_listener_next(struct source *source, struct batch *batch, int timeout_ms,
                                              struct error *error)
{
    struct vxlan_listener *listener = listener_of(source);
    enum source_result result = SOURCE_IDLE;
    int n;

    assert(batch->cap_bytes >= DATAGRAM_BYTES);
    batch_empty(batch);
    while (deliver_staged(listener, batch, &result, error)) {
        n = receive(listener);
        if (n == 0 && batch->n == 0 && timeout_ms > 0) {
            struct pollfd poll_fd = { .fd = listener->fd, .events = POLLIN };

            if (poll(&poll_fd, 1, timeout_ms) > 0)
                n = receive(listener);
            timeout_ms = 0;
        }
        if (n < 0) {
            error_system(error, "%s: receiving", source->name);
            result = SOURCE_FAULT;
        }
        if (n <= 0)
            break;
    }
    count_drops(listener);
    return batch->n ? SOURCE_PACKETS : result;
}

static void vxlan_listener_close(struct source *source)
{
    struct vxlan_listener *listener = listener_of(source);

    if (listener->fd >= 0)
        close(listener->fd);
    bpf_free(listener->filter);
    free(listener->bytes);
    mirror_interfaces_free(listener->mirrors);
    free(listener);
}

static const struct source_ops vxlan_listener_ops = {
    .is_live = true,
    .next = vxlan_listener_next,
    .close = vxlan_listener_close,
};

static bool socket_bind(struct vxlan_listener *listener, const char *address, const char *port,
                        struct error *error)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_DGRAM,
                              .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
    int failure, yes = 1, no = 0, family;
    struct addrinfo *found;
    bool is_bound;

    failure = getaddrinfo(address, port, &hints, &found);
    if (failure != 0)
        return error_set(error, ERROR_USAGE, "%s: \"%s\" is no IP address: %s", listener->source.name,
                         address, gai_strerror(failure));
    family = found->ai_family;
    listener->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    /* stamps first: a datagram that waited before they were asked for is stamped when it is read */
    is_bound =
        listener->fd >= 0 && setsockopt(listener->fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes) == 0 &&
        (family != AF_INET6 || setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) == 0) &&
        bind(listener->fd, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    if (!is_bound && errno == EADDRINUSE)
        return error_set(error, ERROR_SYSTEM,
                         "%s: the port is taken by another program, or by a vxlan device of the kernel",
                         listener->source.name);
    if (!is_bound)
        return error_system(error, "%s", listener->source.name);
    return true;
}

/* The kernel doubles what is asked, for its own overhead, and tells the double. */
static void receive_buffer_size(struct vxlan_listener *listener, uint32_t wanted_bytes)
{
    int asked = wanted_bytes > INT32_MAX / 2 ? INT32_MAX / 2 : (int)wanted_bytes, got = 0;
    socklen_t len = sizeof got;

    if (setsockopt(listener->fd, SOL_SOCKET, SO_RCVBUFFORCE, &asked, sizeof asked) != 0)
        (void)setsockopt(listener->fd, SOL_SOCKET, SO_RCVBUF, &asked, sizeof asked);
    if (getsockopt(listener->fd, SOL_SOCKET, SO_RCVBUF, &got, &len) == 0 && got / 2 < asked)
        snprintf(
            listener->source.notice, sizeof listener->source.notice,
            "%s: the receive buffer is %d KiB instead of %d KiB, bursts may be dropped; raise it by sysctl "
            "net.core.rmem_max=%d",
            listener->source.name, got / 2 / 1024, asked / 1024, asked);
}

/* Strangers choose who they say they are: the table is hashed with a seed. */
static bool make_mirrors(struct vxlan_listener *listener, const char *filter, struct error *error)
{
    struct interface pattern = { .linktype = LINKTYPE_ETHERNET, .snaplen = listener->snaplen, .tsresol = 9 };
    uint64_t seed;

    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return error_system(error, "%s: random seed", listener->source.name);
    snprintf(pattern.description, sizeof pattern.description, "mirrored to %s", listener->source.name);
    snprintf(pattern.filter, sizeof pattern.filter, "%s", filter ? filter : "");
    listener->mirrors = mirror_interfaces_new(&pattern, seed, error);
    return listener->mirrors;
}

static bool vxlan_listener_start(struct vxlan_listener *listener,
                                 const struct vxlan_listener_options *options, struct error *error)
{
    bool is_v6 = options->address == NULL || strchr(options->address, ':');
    const char *address = options->address ? options->address : "::";
    char port[8];

    snprintf(port, sizeof port, "%u", options->port ? options->port : VXLAN_PORT);
    snprintf(listener->source.name, sizeof listener->source.name, is_v6 ? "vxlan [%s]:%s" : "vxlan %s:%s",
             address, port);
    listener->bytes = malloc((size_t)DATAGRAMS * DATAGRAM_BYTES);
    if (listener->bytes == NULL)
        return error_system(error, "%s", listener->source.name);
    if (!make_mirrors(listener, options->filter, error))
        return false;
    for (size_t i = 0; i < DATAGRAMS; i++)
        listener->parts[i] = (struct iovec) { listener->bytes + i * DATAGRAM_BYTES, DATAGRAM_BYTES };
    listener->filter = bpf_compile(options->filter, LINKTYPE_ETHERNET, error);
    if (listener->filter == NULL)
        return false;
    if (!socket_bind(listener, address, port, error)) {
        if (options->address || listener->fd >= 0) /* else a kernel without IPv6 */
            return false;
        if (!socket_bind(listener, "0.0.0.0", port, error))
            return false;
    }
    receive_buffer_size(listener, options->receive_bytes ? options->receive_bytes : RECEIVE_BYTES_DEFAULT);
    return true;
}

struct source *vxlan_listener_open(const struct vxlan_listener_options *options,
                                   struct interface_table *interfaces, struct error *error)
{
    struct vxlan_listener *listener = calloc(1, sizeof *listener);

    if (listener == NULL) {
        error_system(error, "vxlan listener");
        return NULL;
    }
    listener->source.ops = &vxlan_listener_ops;
    listener->source.interfaces = interfaces;
    listener->fd = -1;
    listener->snaplen = options->snaplen ? options->snaplen : SNAPLEN_MAX;
    if (!vxlan_listener_start(listener, options, error)) {
        vxlan_listener_close(&listener->source);
        return NULL;
    }
    return &listener->source;
}
