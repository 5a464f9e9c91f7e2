/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two slots, written in turn, so that a write that is cut off leaves the one before. The file's length never
 * changes: a full disk does not keep numbers back.
 */
#include "archive/packet_numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "archive/segment_account.h"
#include "archive/segment_file.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/reader.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define NUMBERS_MAGIC "TDNUMB\r\n"

enum { SLOT_BYTES = 40, SLOTS = 2, FILE_BYTES = SLOTS * SLOT_BYTES };

struct slot {
    uint64_t generation; /* of the newest; 0: none is whole */
    uint64_t next;       /* below it all may have been given */
    uint64_t began;
};

struct packet_numbers {
    int fd;
    char path[SEGMENT_PATH_BYTES];
    uint64_t next, end; /* ours */
    uint64_t n_used;    /* since the opening: runs grow with it */
    atomic_bool is_unsynced;
    bool is_failing;
};

/* ---- the file ---- */

static struct slot slots_parse(struct bytes file)
{
    struct slot newest = { 0 };

    for (size_t at = 0; at + SLOT_BYTES <= file.len; at += SLOT_BYTES) {
        struct reader r = reader_over(bytes_of(file.data + at, SLOT_BYTES));
        struct slot slot;
        struct bytes magic;
        uint64_t sum;

        if (reader_bytes(&r, 8, &magic) && bytes_equal(magic, bytes_of(NUMBERS_MAGIC, 8)) &&
            reader_u64le(&r, &slot.generation) && reader_u64le(&r, &slot.next) &&
            reader_u64le(&r, &slot.began) && reader_u64le(&r, &sum) &&
            sum == XXH3_64bits(file.data + at, SLOT_BYTES - 8) && slot.began > 0 && slot.next >= slot.began &&
            slot.next < UINT64_MAX / 2 && slot.generation > newest.generation)
            newest = slot;
    }
    return newest;
}

static bool slots_read(int fd, const char *path, struct slot *slot, struct error *error)
{
    uint8_t file[FILE_BYTES];
    ptrdiff_t n = segment_file_read(fd, path, 0, file, sizeof file, error);

    if (n < 0)
        return false;
    *slot = slots_parse(bytes_of(file, (size_t)n));
    return true;
}

static bool slot_write(struct packet_numbers *numbers, const struct slot *slot, struct error *error)
{
    struct buffer bytes;
    bool ok;

    buffer_init(&bytes, SLOT_BYTES);
    buffer_put(&bytes, NUMBERS_MAGIC, 8);
    buffer_put_u64le(&bytes, slot->generation);
    buffer_put_u64le(&bytes, slot->next);
    buffer_put_u64le(&bytes, slot->began);
    ok = !bytes.is_full && buffer_put_u64le(&bytes, XXH3_64bits(bytes.data, SLOT_BYTES - 8));
    if (!ok)
        error_set(error, ERROR_SYSTEM, "%s: no memory", numbers->path);
    else if (pwrite(numbers->fd, bytes.data, SLOT_BYTES, (off_t)(slot->generation % SLOTS * SLOT_BYTES)) !=
             SLOT_BYTES)
        ok = error_system(error, "%s: cannot be written", numbers->path);
    buffer_clear(&bytes);
    atomic_store_explicit(&numbers->is_unsynced, true, memory_order_relaxed);
    return ok;
}

static bool file_path(const char *directory, const char *node, char path[static SEGMENT_PATH_BYTES])
{
    return snprintf(path, SEGMENT_PATH_BYTES, "%s/%s.numbers", directory, node) < SEGMENT_PATH_BYTES;
}

/* ---- what the segments say ---- */

struct survey {
    uint64_t first, end;   /* of numbered packets; 0: there are none */
    uint64_t n_unnumbered; /* packets of segments from before */
};

static bool survey_segments(const char *directory, const char *node, struct survey *survey,
                            struct error *error)
{
    struct catalog catalog;

    *survey = (struct survey) { 0 };
    if (!catalog_load(&catalog, directory, error))
        return false;
    for (uint32_t i = 0; i < catalog.n; i++) {
        struct segment_account account;
        uint64_t first;

        if (strcmp(catalog.entries[i].node, node) != 0)
            continue;
        segment_account_read(&catalog.entries[i], &account);
        first = account.recording.first_number;
        if (first == 0) {
            survey->n_unnumbered += account.n_packets;
            continue;
        }
        if (survey->first == 0 || first < survey->first)
            survey->first = first;
        if (first + account.n_packets > survey->end)
            survey->end = first + account.n_packets;
    }
    catalog_clear(&catalog);
    return true;
}

/* A lost file: numbers behind the last packet kept may have been told to somebody, so they are passed over.
 */
static struct slot slot_of_segments(const struct survey *survey)
{
    struct slot slot = { .began = survey->n_unnumbered + 1, .next = survey->n_unnumbered + 1 };

    if (survey->first) {
        slot.began = survey->first;
        slot.next = survey->end + NUMBERS_RUN_MOST;
    }
    return slot;
}

/* ---- runs ---- */

static uint64_t run_length(const struct packet_numbers *numbers)
{
    if (numbers->n_used < NUMBERS_RUN_LEAST)
        return NUMBERS_RUN_LEAST;
    return numbers->n_used < NUMBERS_RUN_MOST ? numbers->n_used : NUMBERS_RUN_MOST;
}

/* Another run, if it follows ours or ours is used up. */
static bool take_run(struct packet_numbers *numbers, struct error *error)
{
    struct slot slot;
    bool ok;

    while (flock(numbers->fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return error_system(error, "%s: cannot be locked", numbers->path);
    ok = slots_read(numbers->fd, numbers->path, &slot, error) &&
         (slot.generation > 0 || error_set(error, ERROR_DAMAGED, "%s: was damaged", numbers->path));
    if (ok && (slot.next == numbers->end || numbers->next == numbers->end)) {
        uint64_t first = slot.next > numbers->end ? slot.next : numbers->end;
        struct slot taken = { slot.generation + 1, first + run_length(numbers), slot.began };

        ok = slot_write(numbers, &taken, error);
        if (ok && first != numbers->end)
            numbers->next = first;
        if (ok)
            numbers->end = taken.next;
    }
    flock(numbers->fd, LOCK_UN);
    return ok;
}

uint64_t packet_numbers_next(struct packet_numbers *numbers)
{
    struct error error;

    if (numbers->next < numbers->end)
        return numbers->next;
    /* Capture goes on without the file; what is given then is known from the segments alone. */
    if (!take_run(numbers, &error)) {
        numbers->end += NUMBERS_RUN_MOST;
        if (!numbers->is_failing)
            log_write(LEVEL_WARNING, "%s; packets are numbered on without it", error.text);
        numbers->is_failing = true;
    }
    return numbers->next;
}

void packet_numbers_use(struct packet_numbers *numbers)
{
    struct error ignored; /* told when the run is used up */

    numbers->next++;
    numbers->n_used++;
    if (numbers->end - numbers->next == NUMBERS_RUN_LEAST / 2)
        take_run(numbers, &ignored);
}

void packet_numbers_sync(struct packet_numbers *numbers)
{
    /* A disk that cannot sync this file tells it of the segment's, which is synced with it. */
    if (numbers && atomic_exchange_explicit(&numbers->is_unsynced, false, memory_order_relaxed))
        (void)fdatasync(numbers->fd);
}

/* ---- life ---- */

static bool begin(struct packet_numbers *numbers, const char *directory, const char *node,
                  struct error *error)
{
    struct slot slot;
    struct survey survey;

    while (flock(numbers->fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return error_system(error, "%s: cannot be locked", numbers->path);
    if (!slots_read(numbers->fd, numbers->path, &slot, error) ||
        !survey_segments(directory, node, &survey, error))
        return false;
    if (slot.generation == 0) {
        if (lseek(numbers->fd, 0, SEEK_END) > 0)
            log_write(LEVEL_WARNING, "%s: is damaged; packets are numbered on from what the segments say",
                      numbers->path);
        slot = slot_of_segments(&survey);
        for (unsigned i = 0; i < SLOTS; i++) { /* both, so that the file has its length */
            slot.generation++;
            if (!slot_write(numbers, &slot, error))
                return false;
        }
    }
    if (survey.end > slot.next) /* segments were brought here from elsewhere, or the file is an older copy */
        slot.next = survey.end;
    slot.generation++;
    if (!slot_write(numbers, &slot, error))
        return false;
    numbers->next = numbers->end = slot.next;
    flock(numbers->fd, LOCK_UN);
    packet_numbers_sync(numbers);
    return true;
}

struct packet_numbers *packet_numbers_open(const char *directory, const char *node, struct error *error)
{
    struct packet_numbers *numbers = calloc(1, sizeof *numbers);

    if (numbers == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory for packet numbers");
        return NULL;
    }
    numbers->fd = -1;
    if (!file_path(directory, node, numbers->path))
        error_set(error, ERROR_USAGE, "%s: the path is too long", directory);
    else if ((numbers->fd = open(numbers->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640)) < 0)
        error_system(error, "%s: cannot be opened", numbers->path);
    else if (begin(numbers, directory, node, error))
        return numbers;
    packet_numbers_close(numbers);
    return NULL;
}

static void give_back(struct packet_numbers *numbers)
{
    struct error ignored;
    struct slot slot;

    if (flock(numbers->fd, LOCK_EX) < 0)
        return; /* a gap is left, as after a kill */
    if (slots_read(numbers->fd, numbers->path, &slot, &ignored) && slot.generation > 0 &&
        slot.next == numbers->end && numbers->next < slot.next) {
        slot.generation++;
        slot.next = numbers->next;
        slot_write(numbers, &slot, &ignored);
    }
}

void packet_numbers_close(struct packet_numbers *numbers)
{
    if (numbers == NULL)
        return;
    if (numbers->fd >= 0) {
        give_back(numbers);
        close(numbers->fd); /* and with it the lock */
    }
    free(numbers);
}

bool packet_numbers_give(const char *directory, const char *node, uid_t user, gid_t group,
                         struct error *error)
{
    char path[SEGMENT_PATH_BYTES];

    if (!file_path(directory, node, path) || lchown(path, user, group) == 0 || errno == ENOENT)
        return true;
    return error_system(error, "cannot give %s to another user", path);
}

uint64_t packet_numbers_began(const char *directory, const char *node)
{
    char path[SEGMENT_PATH_BYTES];
    struct slot slot = { .generation = 0 };
    struct error ignored;
    int fd = file_path(directory, node, path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        if (!slots_read(fd, path, &slot, &ignored))
            slot.generation = 0;
        close(fd);
    }
    return slot.generation ? slot.began : 0;
}
