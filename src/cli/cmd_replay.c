/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay - sends a capture again, as a mirror would: each Ethernet frame in a VXLAN datagram, or the payloads
 * of its UDP packets alone.
 *
 * Sends to the one address given and nowhere else; nothing in the file can name another. Frames go out from
 * where the source lends them, many at a call. Signals are asked for between the calls instead of handled, so
 * that the pause between two packets is also where an interrupt is heard.
 */
#include "cli/commands.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/progress.h"
#include "base/timestamp.h"
#include "cli/replay_target.h"
#include "packet/udp_payload.h"
#include "source/openers.h"
#include "source/vxlan_datagram.h"

enum {
    OUTBOX_DATAGRAMS = 64,
    VNI_DEFAULT = 1,
    TOGETHER_NS = 200000, /* what is due within this goes out with one call */
    NAP_NS_LIMIT = 200000000,
    SEND_BYTES = 4 << 20,
};

struct settings {
    const char *to;
    const char *speed;
    uint64_t n_limit;
    uint64_t n_loops;
    bool is_quiet;
};

static const struct option options[] = {
    { 0, "to", OPTION_TEXT, offsetof(struct settings, to), "TARGET",
      "vxlan://HOST[:PORT][/VNI]: every Ethernet frame in VXLAN, port 4789 unless said\n"
      "udp://HOST:PORT: the payloads of the UDP packets" },
    { 0, "speed", OPTION_TEXT, offsetof(struct settings, speed), "N",
      "N times the pace of the capture (1 unless said); max: as fast as possible" },
    { 'c', "count", OPTION_COUNT, offsetof(struct settings, n_limit), "N", "stop after N packets" },
    { 0, "loop", OPTION_COUNT, offsetof(struct settings, n_loops), "N", "send the file N times" },
    { 'q', "quiet", OPTION_FLAG, offsetof(struct settings, is_quiet), NULL, "no closing line" },
    { 0 },
};

/* Why packets were not sent, or how they were. */
struct tally {
    uint64_t n_wrapped, n_as_is, n_payloads, n_bytes;
    uint64_t n_other_link; /* no Ethernet frame, for VXLAN */
    uint64_t n_no_udp;     /* no whole UDP packet, for udp:// */
    uint64_t n_too_long;   /* for one datagram */
    uint64_t n_failed;     /* the system refused; last_errno says why */
    uint64_t n_unheard;    /* times the target said that nobody listens */
    int last_errno;
};

struct replay {
    struct replay_target target;
    double speed; /* 0: as fast as possible */
    uint64_t n_limit;
    uint64_t n_seen;
    struct interface_table interfaces;
    struct source *source;
    struct progress progress;
    int fd;
    bool is_interrupted;
    struct tally tally;
    int64_t first_ts_ns, first_sent_ns; /* of this round; the pace is kept from here */
    uint32_t n_outbox;
    struct mmsghdr messages[OUTBOX_DATAGRAMS];
    struct iovec parts[OUTBOX_DATAGRAMS][2];
    uint8_t headers[OUTBOX_DATAGRAMS][VXLAN_HEADER_BYTES];
};

static bool speed_parse(const char *text, double *speed, struct error *error)
{
    char *end;

    if (strcmp(text, "max") == 0) {
        *speed = 0;
        return true;
    }
    *speed = strtod(text, &end);
    if (end == text || *end != '\0' || !(*speed >= 0 && *speed <= 1e9))
        return error_set(error, ERROR_USAGE, "--speed \"%s\": a number such as 1, 0.5 or 10, or max", text);
    return true;
}

static bool target_open(struct replay *replay, struct error *error)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV };
    int failure, bytes = SEND_BYTES;
    struct addrinfo *found;
    bool is_open;

    failure = getaddrinfo(replay->target.host, replay->target.port, &hints, &found);
    if (failure != 0)
        return error_set(error, ERROR_USAGE, "--to: host %s: %s", replay->target.host, gai_strerror(failure));
    replay->fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    is_open = replay->fd >= 0 && connect(replay->fd, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    if (!is_open)
        return error_system(error, "--to: host %s port %s", replay->target.host, replay->target.port);
    (void)setsockopt(replay->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    return true;
}

/* Waits so long for an interrupt; true once one has come. */
static bool interrupt_wait(struct replay *replay, int64_t ns)
{
    struct timespec timeout = { ns / NS_PER_SECOND, (long)(ns % NS_PER_SECOND) };
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (!replay->is_interrupted && sigtimedwait(&signals, NULL, &timeout) > 0)
        replay->is_interrupted = true;
    return replay->is_interrupted;
}

static void count_unsent(struct replay *replay, int cause)
{
    if (cause == EMSGSIZE)
        replay->tally.n_too_long++;
    else
        replay->tally.n_failed++;
    if (cause != EMSGSIZE)
        replay->tally.last_errno = cause;
}

static void count_sent(struct replay *replay, uint32_t i)
{
    size_t n_parts = replay->messages[i].msg_hdr.msg_iovlen;

    replay->tally.n_bytes += replay->messages[i].msg_len;
    if (!replay->target.is_vxlan)
        replay->tally.n_payloads++;
    else if (n_parts == 2)
        replay->tally.n_wrapped++;
    else
        replay->tally.n_as_is++;
}

static void outbox_send(struct replay *replay)
{
    for (uint32_t at = 0; at < replay->n_outbox;) {
        int n = sendmmsg(replay->fd, replay->messages + at, replay->n_outbox - at, 0);

        if (n > 0) {
            for (uint32_t i = 0; i < (uint32_t)n; i++)
                count_sent(replay, at + i);
            at += (uint32_t)n;
        } else if (errno == ECONNREFUSED) {
            replay->tally.n_unheard++; /* said of an earlier datagram; this one is still to go */
        } else if (errno != EINTR) {
            count_unsent(replay, errno);
            at++;
        }
    }
    replay->n_outbox = 0;
}

static void outbox_add(struct replay *replay, const uint8_t *header, struct bytes bytes)
{
    uint32_t i = replay->n_outbox++;
    struct iovec *parts = replay->parts[i];
    size_t n = 0;

    if (header) {
        memcpy(replay->headers[i], header, VXLAN_HEADER_BYTES);
        parts[n++] = (struct iovec) { replay->headers[i], VXLAN_HEADER_BYTES };
    }
    parts[n++] = (struct iovec) { (void *)(uintptr_t)bytes.data, bytes.len };
    replay->messages[i] = (struct mmsghdr) { .msg_hdr = { .msg_iov = parts, .msg_iovlen = n } };
}

static uint32_t vni_for(const struct replay *replay, const struct packet *packet)
{
    uint32_t vni;

    if (replay->target.has_vni)
        return replay->target.vni;
    if (packet->interface < replay->interfaces.n &&
        replay_vni_of(replay->interfaces.items[packet->interface].name, &vni))
        return vni;
    return VNI_DEFAULT;
}

/* A capture of a mirror's own datagrams goes out as the mirror sent it, VNI and all. */
static void packet_put(struct replay *replay, const struct packet *packet)
{
    struct bytes frame = bytes_of(packet->data, packet->caplen), inner;
    uint8_t header[VXLAN_HEADER_BYTES];
    struct udp_payload payload;
    uint32_t vni;
    bool is_udp = udp_payload_find(frame, packet->linktype, &payload);

    if (!replay->target.is_vxlan) {
        if (is_udp)
            outbox_add(replay, NULL, payload.bytes);
        else
            replay->tally.n_no_udp++;
    } else if (is_udp && payload.port == VXLAN_PORT && vxlan_datagram_parse(payload.bytes, &vni, &inner)) {
        outbox_add(replay, NULL, payload.bytes);
    } else if (packet->linktype != LINKTYPE_ETHERNET) {
        replay->tally.n_other_link++;
    } else {
        vxlan_header_write(vni_for(replay, packet), header);
        outbox_add(replay, header, frame);
    }
}

/* Until the packet's time has come; false at an interrupt. */
static bool pace(struct replay *replay, int64_t ts_ns)
{
    double since_ns = (double)(ts_ns - replay->first_ts_ns) / replay->speed;
    int64_t left_ns;

    for (;;) {
        left_ns = (int64_t)(since_ns - (double)(timestamp_now() - replay->first_sent_ns));
        if (left_ns <= TOGETHER_NS)
            return true;
        outbox_send(replay);
        if (interrupt_wait(replay, left_ns < NAP_NS_LIMIT ? left_ns : NAP_NS_LIMIT))
            return false;
    }
}

/* False when enough has been sent. */
static bool batch_send(struct replay *replay, const struct batch *batch)
{
    bool goes_on = true;

    for (uint32_t i = 0; goes_on && i < batch->n; i++) {
        const struct packet *packet = &batch->packets[i];

        if (replay->first_sent_ns == 0) {
            replay->first_sent_ns = timestamp_now();
            replay->first_ts_ns = packet->ts_ns;
        }
        if (replay->speed > 0 && !pace(replay, packet->ts_ns))
            break;
        packet_put(replay, packet);
        if (replay->n_outbox == OUTBOX_DATAGRAMS)
            outbox_send(replay);
        goes_on = ++replay->n_seen != replay->n_limit;
    }
    outbox_send(replay);
    return goes_on && !interrupt_wait(replay, 0);
}

static void progress_draw(struct replay *replay)
{
    uint64_t done_bytes, size_bytes;

    pcap_file_progress(replay->source, &done_bytes, &size_bytes);
    progress_show(&replay->progress, done_bytes, size_bytes, replay->n_seen, timestamp_now());
}

/* The file once. False with *error set. */
static bool round_send(struct replay *replay, const char *path, struct batch *batch, bool *goes_on,
                       struct error *error)
{
    enum source_result result = SOURCE_END;

    replay->first_sent_ns = 0;
    replay->source = pcap_file_open(path, &replay->interfaces, error);
    if (replay->source == NULL)
        return false;
    while (*goes_on && (result = source_next(replay->source, batch, 0, error)) != SOURCE_END) {
        if (result == SOURCE_FAULT)
            break;
        *goes_on = batch_send(replay, batch);
        progress_draw(replay);
    }
    source_release(replay->source, batch);
    source_close(replay->source);
    return !*goes_on || result == SOURCE_END;
}

static void tally_print(const struct replay *replay, const char *to, int64_t elapsed_ns)
{
    const struct tally *t = &replay->tally;
    unsigned long long n_sent = t->n_wrapped + t->n_as_is + t->n_payloads;

    fprintf(stderr, "replay: %llu datagrams, %llu bytes sent to %s in %.3f s\n", n_sent,
            (unsigned long long)t->n_bytes, to, (double)elapsed_ns / NS_PER_SECOND);
    if (t->n_wrapped)
        fprintf(stderr, "  %llu frames wrapped in VXLAN\n", (unsigned long long)t->n_wrapped);
    if (t->n_as_is)
        fprintf(stderr, "  %llu were VXLAN already and sent as they were, VNI kept\n",
                (unsigned long long)t->n_as_is);
    if (t->n_other_link)
        fprintf(stderr, "  %llu not sent: no Ethernet frames, which is all VXLAN carries\n",
                (unsigned long long)t->n_other_link);
    if (t->n_no_udp)
        fprintf(stderr, "  %llu not sent: no whole UDP packets\n", (unsigned long long)t->n_no_udp);
    if (t->n_too_long)
        fprintf(stderr, "  %llu not sent: too long for one datagram\n", (unsigned long long)t->n_too_long);
    if (t->n_failed)
        fprintf(stderr, "  %llu not sent: %s\n", (unsigned long long)t->n_failed, strerror(t->last_errno));
    if (t->n_unheard)
        fprintf(stderr, "  nobody listens there: the target said so %llu times\n",
                (unsigned long long)t->n_unheard);
}

static bool replay_file(struct replay *replay, const struct settings *settings, const char *path,
                        struct error *error)
{
    bool goes_on = true, is_right = true;
    struct batch batch;

    if (!batch_init(&batch, BATCH_BYTES))
        return error_system(error, "replay");
    progress_init(&replay->progress, "replay", timestamp_now());
    for (uint64_t i = 0; is_right && goes_on && i < settings->n_loops; i++)
        is_right = round_send(replay, path, &batch, &goes_on, error);
    progress_clear(&replay->progress);
    batch_clear(&batch);
    return is_right;
}

static bool settings_check(const struct settings *settings, const struct text_list *operands,
                           struct replay *replay, struct error *error)
{
    if (operands->n != 1)
        return error_set(error, ERROR_USAGE, "one FILE is needed, or - for standard input");
    if (settings->to == NULL)
        return error_set(error, ERROR_USAGE, "--to is needed: where to send");
    if (strcmp(operands->items[0], "-") == 0 && settings->n_loops > 1)
        return error_set(error, ERROR_USAGE, "--loop: standard input can be read only once");
    replay->n_limit = settings->n_limit;
    return replay_target_parse(settings->to, &replay->target, error) &&
           speed_parse(settings->speed, &replay->speed, error);
}

static int replay_run(int argc, char **argv)
{
    struct settings settings = { .speed = "1", .n_loops = 1 };
    struct text_list operands = { 0 };
    struct error error = { 0 };
    struct replay *replay = calloc(1, sizeof *replay);
    int code = EXIT_ERROR;
    int64_t started_ns = timestamp_now();
    enum option_result parsed = option_parse(&command_replay, argc, argv, &settings, &operands, &error);
    sigset_t signals;
    bool is_right;

    if (parsed == OPTION_HELP) {
        code = EXIT_FOUND;
        goto out;
    }
    if (replay == NULL) {
        error_system(&error, "replay");
        code = command_fault(&command_replay, &error);
        goto out;
    }
    replay->fd = -1;
    if (parsed == OPTION_WRONG || !settings_check(&settings, &operands, replay, &error) ||
        !target_open(replay, &error)) {
        code = command_fault(&command_replay, &error);
        goto out;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    is_right = replay_file(replay, &settings, operands.items[0], &error);
    if (!settings.is_quiet)
        tally_print(replay, settings.to, timestamp_now() - started_ns);
    if (!is_right)
        code = command_fault(&command_replay, &error);
    else
        code = replay->tally.n_wrapped + replay->tally.n_as_is + replay->tally.n_payloads ? EXIT_FOUND
                                                                                          : EXIT_NONE;
out:
    if (replay && replay->fd >= 0)
        close(replay->fd);
    if (replay)
        interface_table_clear(&replay->interfaces);
    free(replay);
    text_list_clear(&operands);
    return code;
}

const struct command command_replay = {
    .name = "replay",
    .summary = "sends a capture again, as a mirror would",
    .usage = "FILE --to TARGET [options]",
    .options = options,
    .notes = "  tapdeck replay fleet.pcap --to vxlan://127.0.0.1:4789/42 --speed 10\n"
             "  tapdeck replay coap.pcapng --to udp://127.0.0.1:5683 --speed max\n"
             "\n"
             "Frames that are VXLAN datagrams to port 4789 already are sent on as they are. Others get the "
             "VNI of\n"
             "the target, else the one in the name of the interface they were recorded on, else 1.\n",
    .run = replay_run,
};
