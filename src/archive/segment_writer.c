/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets gather as pcapng in `raw`. A full block is packed into `pending`, in one call if no flush came
 * before, and pending goes to the file at `written`. A write that fails is taken back by segment_file_append
 * and pending stays, so whatever is called next begins by trying it again; only when pending is out does a
 * block count as done.
 */
#include "archive/segment_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/block_codec.h"
#include "archive/segment_file.h"
#include "archive/segment_format.h"
#include "archive/segment_seal.h"
#include "packet/pcap_read.h"
#include "packet/pcapng_encode.h"

struct written_interface {
    uint32_t number; /* in the stream's table */
    uint64_t n_packets;
    int64_t min_ts_ns, max_ts_ns;
};

struct segment_writer {
    int fd;
    char path[SEGMENT_PATH_BYTES]; /* with ".open" */
    enum codec codec;
    uint32_t block_bytes;
    const struct interface_table *table;
    struct block_packer packer;

    struct buffer raw;        /* of the block under way */
    size_t n_packed;          /* of raw, by flushes so far */
    bool is_packed;           /* the whole block is in pending: nothing may be added to it */
    struct segment_block row; /* of the block under way */
    struct buffer pending;    /* packed, not yet in the file */
    uint64_t written;         /* bytes of the file that are good */

    struct segment_block *blocks; /* done */
    uint32_t n_blocks, cap_blocks;
    uint64_t raw_bytes, n_packets;
    struct segment_recording recording;

    struct written_interface *interfaces; /* in the section's order */
    uint32_t n_interfaces, cap_interfaces;
    uint32_t *section_numbers; /* by number in the table: number in the section plus 1, 0 not yet */
    uint32_t cap_numbers;
};

/* ---- opening ---- */

/* One more than the largest serial of the node in the directory. */
static bool next_serial(const char *directory, const char *node, uint32_t *serial, struct error *error)
{
    DIR *dir = opendir(directory);
    struct segment_name name;
    struct dirent *entry;

    if (dir == NULL)
        return error_system(error, "%s: cannot be read", directory);
    *serial = 1;
    while ((entry = readdir(dir)) != NULL) {
        if (segment_name_parse(entry->d_name, &name) && strcmp(name.node, node) == 0 &&
            name.serial >= *serial && name.serial < UINT32_MAX)
            *serial = name.serial + 1;
    }
    closedir(dir);
    return true;
}

/* Creates the file under a lock. Another process may take the same number: then the next one is tried. */
static bool create_file(struct segment_writer *writer, const struct segment_options *options,
                        int64_t first_ts_ns, struct error *error)
{
    struct segment_name name = { .ts_ns = first_ts_ns, .codec = options->codec, .is_open = true };
    char text[SEGMENT_NAME_BYTES];

    snprintf(name.node, sizeof name.node, "%s", options->node);
    if (!next_serial(options->directory, options->node, &name.serial, error))
        return false;
    for (;; name.serial++) {
        segment_name_format(&name, text);
        if (snprintf(writer->path, sizeof writer->path, "%s/%s", options->directory, text) >=
            (int)sizeof writer->path)
            return error_set(error, ERROR_USAGE, "%s: the path is too long", options->directory);
        writer->fd = open(writer->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
        if (writer->fd >= 0)
            break;
        if (errno != EEXIST)
            return error_system(error, "%s: cannot be created", writer->path);
    }
    if (flock(writer->fd, LOCK_EX | LOCK_NB) < 0) {
        error_system(error, "%s: cannot be locked", writer->path);
        return false;
    }
    return true;
}

static void writer_free(struct segment_writer *writer)
{
    if (writer->fd >= 0)
        close(writer->fd); /* and with it the lock */
    block_packer_clear(&writer->packer);
    buffer_clear(&writer->raw);
    buffer_clear(&writer->pending);
    free(writer->blocks);
    free(writer->interfaces);
    free(writer->section_numbers);
    free(writer);
}

static uint32_t choose_block_bytes(uint32_t asked)
{
    if (asked == 0)
        return SEGMENT_BLOCK_BYTES;
    if (asked < SEGMENT_BLOCK_LEAST_BYTES)
        return SEGMENT_BLOCK_LEAST_BYTES;
    return asked < SEGMENT_BLOCK_MOST_BYTES ? asked : SEGMENT_BLOCK_MOST_BYTES;
}

struct segment_writer *segment_writer_open(const struct segment_options *options, int64_t first_ts_ns,
                                           const struct interface_table *interfaces, struct error *error)
{
    struct segment_writer *writer;
    char comment[RECORDING_COMMENT_BYTES];
    bool ok;

    if (!segment_node_is_valid(options->node)) {
        error_set(error, ERROR_USAGE,
                  "\"%s\" cannot be a node's name: 1 to 63 letters, digits, '-', '_' or '.' are wanted",
                  options->node);
        return NULL;
    }
    writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for a segment");
        return NULL;
    }
    writer->fd = -1;
    writer->codec = options->codec;
    writer->block_bytes = choose_block_bytes(options->block_bytes);
    writer->table = interfaces;
    writer->row = segment_block_begin(0, 0);
    writer->recording.kind = options->recording;
    writer->recording.since_ns = options->recording_since_ns;
    writer->recording.first_number = options->first_number;
    buffer_init(&writer->raw, SEGMENT_RAW_LIMIT_BYTES);
    buffer_init(&writer->pending, SIZE_MAX / 2);

    ok = block_packer_init(&writer->packer, options->codec, options->level, writer->block_bytes, error) &&
         create_file(writer, options, first_ts_ns, error);
    if (ok && !pcapng_put_section(&writer->raw, "tapdeck " TAPDECK_VERSION,
                                  recording_section_comment(&writer->recording, comment)))
        ok = error_set(error, ERROR_SYSTEM, "no memory for a segment");
    ok = ok && segment_writer_flush(writer, error);
    if (ok)
        return writer;
    if (writer->fd >= 0)
        unlink(writer->path); /* nothing is in it yet */
    writer_free(writer);
    return NULL;
}

/* ---- blocks to the file ---- */

static bool write_pending(struct segment_writer *writer, struct error *error)
{
    if (writer->pending.len == 0)
        return true;
    if (!segment_file_append(writer->fd, writer->path, writer->written, buffer_bytes(&writer->pending),
                             error))
        return false;
    writer->written += writer->pending.len;
    buffer_empty(&writer->pending);
    return true;
}

static bool make_room_for_block(struct segment_writer *writer, struct error *error)
{
    uint32_t cap = writer->cap_blocks ? writer->cap_blocks * 2 : 256;
    struct segment_block *blocks;

    if (writer->n_blocks < writer->cap_blocks)
        return true;
    blocks = realloc(writer->blocks, cap * sizeof *blocks);
    if (blocks == NULL)
        return error_set(error, ERROR_SYSTEM, "%s: no memory for block %u", writer->path, writer->n_blocks);
    writer->blocks = blocks;
    writer->cap_blocks = cap;
    return true;
}

/* Packs and writes the block under way; when that is done, begins the next. May be tried again. */
static bool end_block(struct segment_writer *writer, struct error *error)
{
    if (writer->raw.len == 0)
        return write_pending(writer, error);
    if (!make_room_for_block(writer, error))
        return false;
    if (!writer->is_packed) {
        struct bytes rest = { writer->raw.data + writer->n_packed, writer->raw.len - writer->n_packed };
        bool ok = writer->n_packed == 0
                      ? block_pack(&writer->packer, rest, &writer->pending, error)
                      : block_pack_part(&writer->packer, rest, true, &writer->pending, error);

        if (!ok)
            return false;
        writer->is_packed = true;
    }
    if (!write_pending(writer, error))
        return false;
    writer->row.stored_bytes = (uint32_t)(writer->written - writer->row.offset);
    writer->row.raw_bytes = (uint32_t)writer->raw.len;
    writer->blocks[writer->n_blocks++] = writer->row;
    writer->raw_bytes += writer->raw.len;
    writer->row = segment_block_begin(writer->written, writer->n_packets);
    writer->n_packed = 0;
    writer->is_packed = false;
    buffer_empty(&writer->raw);
    return true;
}

bool segment_writer_flush(struct segment_writer *writer, struct error *error)
{
    struct bytes rest = { writer->raw.data + writer->n_packed, writer->raw.len - writer->n_packed };

    /* A header alone makes no member of its own: it waits for the first packet. */
    if (writer->is_packed || (writer->codec == CODEC_GZIP && writer->row.n_packets))
        return end_block(writer, error);
    if (rest.len > 0 && writer->codec != CODEC_GZIP) {
        if (!block_pack_part(&writer->packer, rest, false, &writer->pending, error))
            return false;
        writer->n_packed = writer->raw.len;
    }
    return write_pending(writer, error);
}

bool segment_writer_sync(struct segment_writer *writer, struct error *error)
{
    return fdatasync(writer->fd) == 0 || error_system(error, "%s: cannot be synced", writer->path);
}

void segment_writer_touch(struct segment_writer *writer)
{
    /* A file that cannot be touched makes a killed recorder seem to have ended earlier: never too late. */
    if (futimens(writer->fd, NULL) < 0)
        return;
}

/* ---- packets ---- */

static uint32_t section_number(const struct segment_writer *writer, uint32_t interface)
{
    return interface < writer->cap_numbers ? writer->section_numbers[interface] : 0;
}

/* What an interface's description takes at most; exact enough to decide with, since it is asked twice. */
static size_t interface_bytes(const struct segment_writer *writer, uint32_t interface)
{
    const struct interface *described = &writer->table->items[interface];

    if (section_number(writer, interface))
        return 0;
    return 64 + strlen(described->name) + strlen(described->description) + strlen(described->filter) +
           strlen(described->os);
}

static bool needs_new_block(const struct segment_writer *writer, const struct packet *packet)
{
    size_t more = pcapng_packet_bytes(packet) + interface_bytes(writer, packet->interface);

    return writer->is_packed || (writer->row.n_packets && writer->raw.len + more > writer->block_bytes);
}

uint32_t segment_writer_block(struct segment_writer *writer, const struct packet *packet)
{
    assert(packet->interface < writer->table->n);
    return writer->n_blocks + needs_new_block(writer, packet);
}

static bool describe_interface(struct segment_writer *writer, uint32_t interface, struct error *error)
{
    if (interface >= writer->cap_numbers) {
        uint32_t cap = writer->table->cap;
        uint32_t *numbers = realloc(writer->section_numbers, cap * sizeof *numbers);

        if (numbers == NULL)
            return error_set(error, ERROR_SYSTEM, "%s: no memory for interface %u", writer->path, interface);
        memset(numbers + writer->cap_numbers, 0, (cap - writer->cap_numbers) * sizeof *numbers);
        writer->section_numbers = numbers;
        writer->cap_numbers = cap;
    }
    if (writer->n_interfaces == writer->cap_interfaces) {
        uint32_t cap = writer->cap_interfaces ? writer->cap_interfaces * 2 : 16;
        struct written_interface *interfaces = realloc(writer->interfaces, cap * sizeof *interfaces);

        if (interfaces == NULL)
            return error_set(error, ERROR_SYSTEM, "%s: no memory for interface %u", writer->path, interface);
        writer->interfaces = interfaces;
        writer->cap_interfaces = cap;
    }
    if (!pcapng_put_interface(&writer->raw, &writer->table->items[interface]))
        return error_set(error, ERROR_SYSTEM, "%s: no memory for interface %u", writer->path, interface);
    writer->interfaces[writer->n_interfaces++] =
        (struct written_interface) { .number = interface, .min_ts_ns = INT64_MAX, .max_ts_ns = INT64_MIN };
    writer->section_numbers[interface] = writer->n_interfaces;
    return true;
}

bool segment_writer_add(struct segment_writer *writer, const struct packet *packet, struct error *error)
{
    struct written_interface *interface;

    assert(packet->interface < writer->table->n);
    if (packet->caplen > pcap_packet_limit(packet->linktype))
        return error_set(error, ERROR_LIMIT,
                         "a packet of %u bytes cannot be stored: other programs take no more than %u",
                         packet->caplen, pcap_packet_limit(packet->linktype));
    if (needs_new_block(writer, packet) && !end_block(writer, error))
        return false;
    if (section_number(writer, packet->interface) == 0 &&
        !describe_interface(writer, packet->interface, error))
        return false;
    if (!pcapng_put_packet(&writer->raw, packet, section_number(writer, packet->interface) - 1))
        return error_set(error, ERROR_SYSTEM, "%s: no memory for a packet of %u bytes", writer->path,
                         packet->caplen);
    interface = &writer->interfaces[section_number(writer, packet->interface) - 1];
    interface->n_packets++;
    if (packet->ts_ns < interface->min_ts_ns)
        interface->min_ts_ns = packet->ts_ns;
    if (packet->ts_ns > interface->max_ts_ns)
        interface->max_ts_ns = packet->ts_ns;
    segment_block_count(&writer->row, packet->ts_ns);
    writer->n_packets++;
    writer->recording.n_cut += packet->caplen < packet->len;
    return true;
}

uint64_t segment_writer_bytes(const struct segment_writer *writer)
{
    return writer->written;
}

uint64_t segment_writer_raw_bytes(const struct segment_writer *writer)
{
    return writer->raw_bytes + writer->raw.len;
}

const char *segment_writer_name(const struct segment_writer *writer)
{
    const char *slash = strrchr(writer->path, '/');

    return slash ? slash + 1 : writer->path;
}

/* ---- sealing ---- */

void segment_writer_recorded(struct segment_writer *writer, int64_t until_ns, enum recording_end end)
{
    writer->recording.until_ns = until_ns;
    writer->recording.end = end;
}

int64_t segment_writer_max_ts(const struct segment_writer *writer)
{
    int64_t max_ts_ns = INT64_MIN;

    for (uint32_t i = 0; i < writer->n_interfaces; i++) {
        if (writer->interfaces[i].max_ts_ns > max_ts_ns)
            max_ts_ns = writer->interfaces[i].max_ts_ns;
    }
    return max_ts_ns;
}

/* What an interface lost is told although it kept nothing: then it has no description yet. */
static bool describe_losers(struct segment_writer *writer, const struct interface_drops *drops,
                            uint32_t n_drops, struct error *error)
{
    for (uint32_t i = 0; i < n_drops && i < writer->table->n; i++) {
        const struct interface_drops *lost = &drops[i];

        if (section_number(writer, i) == 0 &&
            lost->n_kernel + lost->n_queue + lost->n_disk + lost->n_truncated_mirror > 0 &&
            !describe_interface(writer, i, error))
            return false;
    }
    return true;
}

static void count_drops(struct segment_recording *recording, const struct interface_drops *drops)
{
    recording->n_received += drops->n_received;
    recording->n_kernel += drops->n_kernel;
    recording->n_queue += drops->n_queue;
    recording->n_disk += drops->n_disk;
    recording->n_truncated_mirror += drops->n_truncated_mirror;
}

static bool put_statistics(struct segment_writer *writer, const struct interface_drops *drops,
                           uint32_t n_drops, struct error *error)
{
    struct segment_recording *recording = &writer->recording;

    recording->has_statistics = true;
    if (!describe_losers(writer, drops, n_drops, error))
        return false;
    for (uint32_t i = 0; i < writer->n_interfaces; i++) {
        const struct written_interface *interface = &writer->interfaces[i];
        struct interface_drops missing = { .n_received = interface->n_packets };
        struct segment_recording alone = { .end = recording->end };
        char comment[RECORDING_COMMENT_BYTES];
        bool is_told = recording->kind != RECORDING_UNTOLD, has_packets = interface->n_packets > 0;
        int64_t end_ns = is_told || !has_packets ? recording->until_ns : interface->max_ts_ns;
        struct pcapng_statistics statistics = {
            .interface = i,
            .ts_ns = end_ns,
            .start_ns = is_told || !has_packets ? recording->since_ns : interface->min_ts_ns,
            .end_ns = end_ns,
            .comment = comment,
        };

        if (interface->number < n_drops)
            missing = drops[interface->number];
        count_drops(&alone, &missing);
        count_drops(recording, &missing);
        recording_statistics_comment(&alone, comment);
        statistics.n_received = missing.n_received;
        statistics.n_dropped = missing.n_kernel + missing.n_queue;
        statistics.n_dropped_os = missing.n_disk;
        if (!pcapng_put_statistics(&writer->raw, &statistics))
            return error_set(error, ERROR_SYSTEM, "%s: no memory for its statistics", writer->path);
        if (writer->raw.len > writer->block_bytes && !end_block(writer, error))
            return false;
    }
    return true;
}

/* The interfaces as the section has them, in its order. */
static struct interface *list_interfaces(const struct segment_writer *writer)
{
    struct interface *interfaces = calloc((size_t)writer->n_interfaces + 1, sizeof *interfaces);

    for (uint32_t i = 0; interfaces && i < writer->n_interfaces; i++)
        interfaces[i] = writer->table->items[writer->interfaces[i].number];
    return interfaces;
}

static uint64_t size_of(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static uint64_t sealed_bytes(const char *open_path)
{
    char path[SEGMENT_PATH_BYTES];
    uint64_t bytes;

    snprintf(path, sizeof path, "%.*s", (int)(strlen(open_path) - strlen(".open")), open_path);
    bytes = size_of(path);
    return segment_path_sibling(open_path, ".tdx", path) ? bytes + size_of(path) : bytes;
}

bool segment_writer_seal(struct segment_writer *writer, const struct segment_index_builder *builder,
                         const struct interface_drops *drops, uint32_t n_drops, uint64_t *stored_bytes,
                         struct error *error)
{
    struct interface *interfaces = list_interfaces(writer);
    struct segment_description segment = {
        .codec = writer->codec,
        .interfaces = interfaces,
        .n_interfaces = writer->n_interfaces,
    };
    bool ok = interfaces || error_set(error, ERROR_SYSTEM, "%s: no memory to seal it", writer->path);

    /* A block that was packed but could not be written is full: the statistics go behind it. */
    ok = ok && (!writer->is_packed || end_block(writer, error)) &&
         put_statistics(writer, drops, n_drops, error) && end_block(writer, error);
    if (ok) {
        segment.blocks = writer->blocks;
        segment.n_blocks = writer->n_blocks;
        segment.segment_bytes = writer->written;
        segment.recording = writer->recording;
        ok = segment_seal(writer->fd, writer->path, &segment, builder, error);
    }
    if (ok && stored_bytes)
        *stored_bytes = sealed_bytes(writer->path);
    free(interfaces);
    writer_free(writer);
    return ok;
}
