/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcap_file - a capture file or a stream of one, as a source. Brings bytes; what they mean is
 * packet/pcap_read and packet/pcapng_read.
 *
 * Bytes come by read() into a window that slides: packets are lent from it, and it moves only at the next
 * call. The window fits the processor's second-level cache, so that what the kernel copied is still there
 * when it is looked at: a scan of 1 GB of small frames took 0.50 s of CPU this way, and 0.54 s from a map
 * (0.51 s with its pages fetched ahead). A map would also need an answer to SIGBUS, for a file that another
 * program cuts short takes its pages away; here it just ends early. Under a sieve, which looks at less than
 * is copied, the balance is another: long plain pcap files are then left to scan.c, which hands back what is
 * odd.
 */
#include "source/openers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "packet/pcap_resume.h"
#include "source/scan.h"
#include "source/unpack.h"
#include "source/unpack_ahead.h"

enum {
    WINDOW_BYTES = 1 << 17, /* grows only for a single block that is larger, to PCAPNG_BLOCK_LIMIT_BYTES */
    MAGIC_BYTES = 4,
    SCAN_LEAST_BYTES = 8 << 20, /* for less, threads are not worth it */
    PAUSE_BYTES = 16 << 20,     /* at most so much is passed over before the caller hears of it */
};

enum file_format { FORMAT_UNKNOWN, FORMAT_PCAP, FORMAT_PCAPNG };

struct pcap_file {
    struct source base;
    int fd;
    bool is_regular;
    uint64_t size_bytes;         /* 0: unknown */
    _Atomic uint64_t read_bytes; /* brought from fd, by whichever thread unpacks */
    int timeout_ms;              /* of the call that is going on */

    struct unpack *unpack;
    struct unpack_ahead *ahead; /* NULL: this thread unpacks */
    uint8_t *window;
    size_t window_cap;
    bool is_ended; /* no more bytes will come */

    struct bytes bytes; /* those not yet taken, in the window */
    uint64_t offset;    /* of bytes in the file, or in what it unpacks to */
    enum file_format format;
    struct pcap_header header; /* classic */
    uint32_t interface;        /* classic: the only one */
    struct pcapng_reader *pcapng;
    struct pcap_sifting sifting; /* sieve NULL: all packets are handed over */
    unsigned n_threads;          /* to sift by; 0: as many as there are processors */
    struct scan *scan;           /* under way; NULL: none */
    bool is_scan_over;           /* something in the file has to be read */
    uint64_t n_to_pass_over;     /* packets */
    uint32_t last_seconds;       /* of the newest packet's time, as in its record */
    bool steps_over_damage;
    struct pcap_file_damage damage;
    struct error fault; /* kind ERROR_NONE: none yet; else every later call gives it again */
};

static_assert(offsetof(struct pcap_file, base) == 0, "a source is its file");

static struct pcap_file *file_of(const struct source *source)
{
    return (struct pcap_file *)(uintptr_t)source;
}

static void take(struct pcap_file *file, size_t n)
{
    file->bytes = (struct bytes) { file->bytes.data + n, file->bytes.len - n };
    file->offset += n;
}

/* Bytes for unpack: from the file's descriptor, waiting no longer than the call may. */
static enum unpack_result read_descriptor(void *context, uint8_t *data, size_t cap, size_t *len,
                                          struct error *error)
{
    struct pcap_file *file = context;
    struct pollfd ready = { .fd = file->fd, .events = POLLIN };
    ssize_t n;

    if (!file->is_regular) {
        int answer = poll(&ready, 1, file->timeout_ms);

        if (answer == 0 || (answer < 0 && errno == EINTR))
            return UNPACK_IDLE;
    }
    n = read(file->fd, data, cap);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return UNPACK_IDLE;
    if (n < 0) {
        error_system(error, "cannot be read at offset %llu", (unsigned long long)file->read_bytes);
        return UNPACK_FAULT;
    }
    file->read_bytes += (uint64_t)n;
    *len = (size_t)n;
    return n ? UNPACK_BYTES : UNPACK_END;
}

/* Makes the window hold what is left at its start, with room for at least `needed` bytes in all. */
static bool make_window(struct pcap_file *file, size_t needed, struct error *error)
{
    size_t cap = needed > WINDOW_BYTES ? needed : WINDOW_BYTES;
    uint8_t *window = file->window;

    if (cap > file->window_cap) {
        window = malloc(cap);
        if (window == NULL)
            return error_set(error, ERROR_SYSTEM, "no memory for a block of %zu bytes", needed);
    }
    if (file->bytes.len)
        memmove(window, file->bytes.data, file->bytes.len);
    if (window != file->window) {
        free(file->window);
        file->window = window;
        file->window_cap = cap;
    }
    file->bytes.data = window;
    return true;
}

/* Brings more bytes until there are at least `needed`, or none come. */
static enum unpack_result bring(struct pcap_file *file, size_t needed, struct error *error)
{
    if (file->is_ended)
        return UNPACK_END;
    if (!make_window(file, needed, error))
        return UNPACK_FAULT;
    while (file->bytes.len < needed) {
        enum unpack_result result;
        size_t len;

        uint8_t *to = file->window + file->bytes.len;
        size_t room = file->window_cap - file->bytes.len;

        result = file->ahead ? unpack_ahead_read(file->ahead, to, room, &len, error)
                             : unpack_read(file->unpack, to, room, &len, error);
        if (result == UNPACK_END)
            file->is_ended = true;
        if (result != UNPACK_BYTES)
            return result;
        file->bytes.len += len;
    }
    return UNPACK_BYTES;
}

static const char *kind_of_offset(const struct pcap_file *file)
{
    return file->unpack && unpack_is_packed(file->unpack) ? " of the unpacked data" : "";
}

static bool fault_cut(const struct pcap_file *file, const char *what, size_t needed, struct error *error)
{
    return error_set(error, ERROR_DAMAGED,
                     "ends in the middle of a %s: at offset %llu%s %zu bytes are needed, %zu are there", what,
                     (unsigned long long)file->offset, kind_of_offset(file), needed, file->bytes.len);
}

static bool fault_unknown(const struct pcap_file *file, struct error *error)
{
    char first[3 * MAGIC_BYTES + 1] = "";

    for (size_t i = 0; i < MAGIC_BYTES && i < file->bytes.len; i++)
        snprintf(first + 3 * i, sizeof first - 3 * i, " %02x", file->bytes.data[i]);
    return error_set(error, ERROR_UNSUPPORTED,
                     "is no capture file: begins with%s; pcap and pcapng, also packed by gzip, zstd or lz4, "
                     "are read",
                     first);
}

/* Answers PCAP_READ when the format is known and its file header taken. */
static enum pcap_result find_format(struct pcap_file *file, size_t *needed, struct error *error)
{
    struct interface interface = { 0 };
    enum pcap_result result;

    *needed = MAGIC_BYTES;
    if (file->bytes.len < MAGIC_BYTES)
        return PCAP_SHORT;
    if (pcapng_is_magic(file->bytes)) {
        file->pcapng = pcapng_reader_new(file->base.interfaces);
        if (file->pcapng == NULL) {
            error_set(error, ERROR_SYSTEM, "no memory to read pcapng");
            return PCAP_DAMAGED;
        }
        file->format = FORMAT_PCAPNG;
        return PCAP_READ;
    }
    if (!pcap_is_magic(file->bytes)) {
        fault_unknown(file, error);
        return PCAP_DAMAGED;
    }
    result = pcap_read_header(file->bytes, &file->header, needed, error);
    if (result != PCAP_READ)
        return result;
    take(file, file->header.header_bytes);
    if (file->is_regular)
        pcap_guess_records(&file->header, file->bytes); /* a pipe may hold no record yet */
    interface.linktype = file->header.linktype;
    interface.snaplen = file->header.snaplen;
    interface.tsresol = file->header.fraction_ns == 1 ? 9 : 6;
    file->interface = interface_table_map(file->base.interfaces, &interface, 0, error);
    if (file->interface == UINT32_MAX)
        return PCAP_DAMAGED;
    file->format = FORMAT_PCAP;
    return PCAP_READ;
}

static enum pcap_result read_packets(struct pcap_file *file, struct batch *batch, size_t *needed,
                                     struct error *error)
{
    enum pcap_result result;
    size_t used;

    if (file->format == FORMAT_PCAPNG)
        result = pcapng_read_packets(file->pcapng, file->bytes, file->offset, batch->packets, BATCH_PACKETS,
                                     &batch->n, &used, needed, error);
    else if (file->sifting.sieve)
        result = pcap_sift_packets(&file->header, &file->sifting, file->bytes, file->offset, batch->packets,
                                   BATCH_PACKETS, &batch->n, &used, needed, error);
    else
        result = pcap_read_packets(&file->header, file->bytes, file->offset, batch->packets, BATCH_PACKETS,
                                   &batch->n, &used, needed, error);
    take(file, used);
    return result;
}

/* Packets sifted have their numbers. */
static void count_sifted(struct pcap_file *file, struct batch *batch)
{
    for (uint32_t i = 0; i < batch->n; i++)
        batch->packets[i].interface = file->interface;
    file->base.stats.n_packets = file->sifting.n_packets;
    file->base.stats.n_bytes = file->sifting.n_bytes;
    file->base.stats.n_truncated_mirror = file->sifting.n_cut;
}

static void count(struct pcap_file *file, struct batch *batch)
{
    uint64_t n_bytes = 0, n_cut = 0, number = file->base.stats.n_packets;

    file->last_seconds = (uint32_t)(batch->packets[batch->n - 1].ts_ns / NS_PER_SECOND);
    for (uint32_t i = 0; i < batch->n; i++) {
        struct packet *packet = &batch->packets[i];

        packet->number = ++number;
        if (file->format == FORMAT_PCAP)
            packet->interface = file->interface;
        n_bytes += packet->caplen;
        n_cut += packet->caplen < packet->len;
    }
    file->base.stats.n_packets = number;
    file->base.stats.n_bytes += n_bytes;
    file->base.stats.n_truncated_mirror += n_cut;
}

/* The bytes ended: rightly, or in the middle of something. */
static enum source_result end_of_bytes(const struct pcap_file *file, size_t needed, struct error *error)
{
    if (file->read_bytes < file->size_bytes) {
        error_set(error, ERROR_DAMAGED,
                  "was cut short by another program while it was read: from %llu to %llu bytes",
                  (unsigned long long)file->size_bytes, (unsigned long long)file->read_bytes);
        return SOURCE_FAULT;
    }
    if (file->bytes.len == 0 && (file->format != FORMAT_UNKNOWN || file->offset == 0))
        return SOURCE_END;
    if (file->format == FORMAT_UNKNOWN)
        fault_cut(file, "file header", needed, error);
    else
        fault_cut(file, file->format == FORMAT_PCAP ? "packet" : "block", needed, error);
    return SOURCE_FAULT;
}

/* All bytes that came from the descriptor are in the window or taken: so the next record is in the file at
 * offset. */
static bool may_scan(const struct pcap_file *file)
{
    return file->sifting.sieve && !file->is_scan_over && file->is_regular &&
           !unpack_is_packed(file->unpack) && file->read_bytes == file->offset + file->bytes.len &&
           file->size_bytes >= file->offset + SCAN_LEAST_BYTES;
}

/* The window is read anew, from offset on. */
static bool go_to(struct pcap_file *file, uint64_t offset, struct error *error)
{
    if (lseek(file->fd, (off_t)offset, SEEK_SET) < 0)
        return error_system(error, "cannot be read at offset %llu", (unsigned long long)offset);
    file->bytes.len = 0;
    file->read_bytes = offset;
    file->offset = offset;
    file->is_ended = false;
    return true;
}

/* True when there is an answer; else the scan is over, and reading goes on where it ended. */
static bool scan_batch(struct pcap_file *file, struct batch *batch, enum source_result *result,
                       struct error *error)
{
    bool is_stuck, goes_on;
    uint64_t offset;

    if (file->scan == NULL)
        file->scan = scan_new(file->fd, file->size_bytes, file->offset, &file->header, &file->sifting,
                              file->n_threads);
    if (file->scan == NULL) {
        file->is_scan_over = true;
        return false;
    }
    offset = file->offset;
    goes_on = scan_next(file->scan, batch, &offset, &is_stuck);
    count_sifted(file, batch);
    *result = SOURCE_PACKETS;
    if (goes_on) {
        file->read_bytes = offset; /* for who asks how far */
        file->offset = offset;
        file->bytes.len = 0;
        return true;
    }
    scan_free(file->scan);
    file->scan = NULL;
    file->is_scan_over = is_stuck;
    if (go_to(file, offset, error))
        return false;
    *result = SOURCE_FAULT;
    return true;
}

static void note_damage(struct pcap_file *file, const struct error *error)
{
    if (file->damage.n_places++ > 0)
        return;
    file->damage.first = *error;
    error_context(&file->damage.first, "%s", file->base.name);
}

/* From damage on to where records make sense again, or to the end. False: the file faults. */
static bool step_over(struct pcap_file *file, struct error *error)
{
    if (!file->steps_over_damage || file->format != FORMAT_PCAP)
        return false;
    note_damage(file, error);
    for (size_t tried = 1;;) {
        size_t wanted = tried + PCAP_RESUME_BYTES, n;
        bool is_found;

        if (!file->is_ended && file->bytes.len < wanted && bring(file, wanted, error) == UNPACK_FAULT)
            return false;
        if (file->bytes.len < wanted && !file->is_ended)
            continue; /* interrupted */
        n = file->bytes.len > tried ? file->bytes.len : tried;
        is_found = pcap_resume(&file->header, file->last_seconds, file->bytes, file->is_ended, tried, &n);
        if (n > file->bytes.len)
            n = file->bytes.len;
        file->damage.n_bytes += n;
        take(file, n);
        if (is_found || (file->is_ended && file->bytes.len == 0))
            return true;
        tried = 0;
    }
}

/*
 * Lengths may lead from record to record although they are none: a hole that a power cut or a full disk left
 * is full of zeroes, which read as empty records of 1970; and four bytes lost, where caplen and len are
 * alike, make of each fraction the seconds. So a record that is empty, or of quite another time, has to be
 * followed by others that go with it. Takes the batch back to before the first that has not; true when there
 * was one.
 */
static bool stop_at_nonsense(struct pcap_file *file, struct batch *batch, struct error *error)
{
    uint32_t before = file->last_seconds;
    bool is_first = file->base.stats.n_packets == 0;

    for (uint32_t i = 0; i < batch->n; i++) {
        const struct packet *packet = &batch->packets[i];
        uint32_t seconds = (uint32_t)(packet->ts_ns / NS_PER_SECOND);
        struct bytes rest = file->bytes;
        size_t back;

        if ((is_first || pcap_is_near(seconds, before)) && (packet->len > 0 || packet->ts_ns != 0)) {
            before = seconds;
            is_first = false;
            continue;
        }
        back = (size_t)(file->bytes.data - packet->data) + file->header.record_header_bytes;
        rest = (struct bytes) { file->bytes.data - back, file->bytes.len + back };
        if (pcap_records_begin(&file->header, 0, rest, file->is_ended)) {
            before = seconds;
            continue;
        }
        file->bytes = rest;
        file->offset -= back;
        batch->n = i;
        error_set(error, ERROR_DAMAGED, "at offset %llu%s: no record makes sense",
                  (unsigned long long)file->offset, kind_of_offset(file));
        return true;
    }
    return false;
}

static enum source_result fill_batch(struct pcap_file *file, struct batch *batch, struct error *error)
{
    const uint64_t pause = file->read_bytes + PAUSE_BYTES;

    while (file->scan || may_scan(file)) {
        enum source_result answer;

        if (scan_batch(file, batch, &answer, error))
            return answer;
    }
    for (;;) {
        size_t needed = 0;
        enum pcap_result result = file->format == FORMAT_UNKNOWN ? find_format(file, &needed, error)
                                                                 : read_packets(file, batch, &needed, error);

        if (file->steps_over_damage && file->format == FORMAT_PCAP && stop_at_nonsense(file, batch, error))
            result = PCAP_DAMAGED;
        if (file->sifting.sieve)
            count_sifted(file, batch);
        else if (batch->n > 0)
            count(file, batch);
        if (batch->n > 0 || (file->sifting.sieve && file->read_bytes >= pause && result != PCAP_DAMAGED)) {
            return SOURCE_PACKETS; /* damage behind them is met again by the next call */
        }
        if (result == PCAP_DAMAGED && step_over(file, error))
            continue;
        if (result == PCAP_DAMAGED)
            return SOURCE_FAULT;
        if (result == PCAP_READ && file->bytes.len > 0)
            continue; /* blocks without packets; a call ends early to give memory back */
        if (result == PCAP_READ)
            needed = 1;
        switch (bring(file, needed, error)) {
        case UNPACK_BYTES:
            break;
        case UNPACK_IDLE:
            return SOURCE_IDLE;
        case UNPACK_END:
            return end_of_bytes(file, needed, error);
        case UNPACK_FAULT:
            return SOURCE_FAULT;
        }
    }
}

/* True when nothing of the batch is left to hand over. */
static bool pass_over(struct pcap_file *file, struct batch *batch)
{
    uint32_t n = file->n_to_pass_over < batch->n ? (uint32_t)file->n_to_pass_over : batch->n;

    batch->n -= n;
    memmove(batch->packets, batch->packets + n, batch->n * sizeof *batch->packets);
    file->n_to_pass_over -= n;
    return batch->n == 0;
}

static enum source_result pcap_file_next(struct source *source, struct batch *batch, int timeout_ms,
                                         struct error *error)
{
    struct pcap_file *file = file_of(source);
    enum source_result result;

    batch_empty(batch);
    if (file->fault.kind != ERROR_NONE) {
        *error = file->fault;
        return SOURCE_FAULT;
    }
    file->timeout_ms = timeout_ms;
    do {
        result = fill_batch(file, batch, error);
    } while (result == SOURCE_PACKETS && file->n_to_pass_over > 0 && pass_over(file, batch));
    if (result == SOURCE_FAULT) {
        error_context(error, "%s", file->base.name);
        file->fault = *error;
    }
    return result;
}

static void pcap_file_close(struct source *source)
{
    struct pcap_file *file = file_of(source);

    scan_free(file->scan);
    unpack_ahead_close(file->ahead);
    unpack_free(file->unpack);
    pcapng_reader_free(file->pcapng);
    free(file->window);
    if (file->fd > STDERR_FILENO)
        close(file->fd);
    free(file);
}

static const struct source_ops pcap_file_ops = { .next = pcap_file_next, .close = pcap_file_close };

static bool open_bytes(struct pcap_file *file, struct error *error)
{
    struct stat status;

    if (fstat(file->fd, &status) < 0)
        return error_system(error, "cannot be asked for its size");
    if (S_ISDIR(status.st_mode))
        return error_set(error, ERROR_USAGE, "is a directory; an archive is read by -A");
    file->is_regular = S_ISREG(status.st_mode);
    file->size_bytes = file->is_regular ? (uint64_t)status.st_size : 0;
    file->unpack = unpack_new(read_descriptor, file, error);
    return file->unpack != NULL;
}

/* What can be known without waiting is known at open, so that a wrong file is refused there. */
static bool open_format(struct pcap_file *file, struct error *error)
{
    while (file->is_regular && file->format == FORMAT_UNKNOWN) {
        size_t needed;
        enum pcap_result result = find_format(file, &needed, error);

        if (result == PCAP_DAMAGED)
            return false;
        if (result == PCAP_READ)
            return true;
        switch (bring(file, needed, error)) {
        case UNPACK_BYTES:
        case UNPACK_IDLE:
            break;
        case UNPACK_FAULT:
            return false;
        case UNPACK_END:
            return end_of_bytes(file, needed, error) == SOURCE_END; /* an empty file is an empty capture */
        }
    }
    return true;
}

struct source *pcap_file_open(const char *path, struct interface_table *interfaces, struct error *error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct pcap_file *file = calloc(1, sizeof *file);

    if (file == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory to open %s", path);
        return NULL;
    }
    file->base = (struct source) { .ops = &pcap_file_ops, .interfaces = interfaces };
    snprintf(file->base.name, sizeof file->base.name, "%s", is_stdin ? "standard input" : path);
    file->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0) {
        error_system(error, "%s: cannot be opened", path);
        pcap_file_close(&file->base);
        return NULL;
    }
    if (!open_bytes(file, error) || !open_format(file, error)) {
        error_context(error, "%s", file->base.name);
        pcap_file_close(&file->base);
        return NULL;
    }
    return &file->base;
}

bool pcap_file_sift(struct source *source, const struct packet_sieve *sieve, unsigned n_threads)
{
    struct pcap_file *file = file_of(source);

    if (source->ops != &pcap_file_ops || file->format != FORMAT_PCAP)
        return false;
    file->sifting = (struct pcap_sifting) { .sieve = sieve };
    file->n_threads = n_threads;
    return true;
}

void pcap_file_progress(const struct source *source, uint64_t *done_bytes, uint64_t *size_bytes)
{
    const struct pcap_file *file = file_of(source);

    *size_bytes = file->size_bytes;
    *done_bytes = file->read_bytes;
}

bool pcap_file_unpack_ahead(struct source *source)
{
    struct pcap_file *file = file_of(source);

    if (file->ahead == NULL && file->is_regular && unpack_is_packed(file->unpack))
        file->ahead = unpack_ahead_open(file->unpack);
    return file->ahead != NULL;
}

void pcap_file_pass_over(struct source *source, uint64_t n_packets)
{
    file_of(source)->n_to_pass_over = n_packets;
}

void pcap_file_step_over_damage(struct source *source)
{
    file_of(source)->steps_over_damage = true;
}

const struct pcap_file_damage *pcap_file_damage(const struct source *source)
{
    return &file_of(source)->damage;
}

struct bytes pcap_file_extra_blocks(const struct source *source)
{
    const struct pcap_file *file = file_of(source);

    return file->pcapng ? pcapng_reader_extra_blocks(file->pcapng) : (struct bytes) { 0 };
}

const struct pcapng_reader_counts *pcap_file_counts(const struct source *source)
{
    const struct pcap_file *file = file_of(source);

    return file->pcapng ? pcapng_reader_counts(file->pcapng) : NULL;
}
