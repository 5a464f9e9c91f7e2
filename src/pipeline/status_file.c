/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/status_file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/timestamp.h"

#define STALE_NS (5 * NS_PER_SECOND) /* a live recorder writes every second */

enum { PATH_BYTES = 4096 };

/* ---- writing ---- */

static void put_time(struct json_writer *json, const char *name, int64_t ts_ns)
{
    char text[TIMESTAMP_TEXT_BYTES];

    json_writer_name(json, name);
    json_writer_string(json, timestamp_format(ts_ns, false, text));
}

static void put_text(struct json_writer *json, const char *name, const char *text)
{
    json_writer_name(json, name);
    json_writer_string(json, text);
}

static void put_source(struct json_writer *json, const struct source_status *source)
{
    json_writer_object(json);
    put_text(json, "name", source->name);
    json_writer_named_number(json, "packets", source->n_packets);
    json_writer_named_number(json, "bytes", source->n_bytes);
    json_writer_named_number(json, "kernel", source->n_kernel);
    json_writer_named_number(json, "queue", source->n_queue);
    json_writer_named_number(json, "disk", source->n_disk);
    json_writer_named_number(json, "truncated", source->n_truncated);
    json_writer_named_number(json, "refused", source->n_refused);
    json_writer_end(json);
}

static void put_tap(struct json_writer *json, const struct recorder_status *status)
{
    json_writer_name(json, "tap");
    json_writer_object(json);
    json_writer_named_number(json, "connected", status->tap.n_connected);
    json_writer_named_number(json, "refused", status->tap.n_refused);
    json_writer_named_number(json, "stalled", status->tap.n_stalled);
    json_writer_named_number(json, "dropped", status->tap.n_dropped);
    json_writer_name(json, "readers");
    json_writer_array(json);
    for (uint32_t i = 0; i < status->n_readers; i++) {
        json_writer_object(json);
        put_text(json, "name", status->readers[i].name);
        json_writer_named_number(json, "packets", status->readers[i].n_packets);
        json_writer_named_number(json, "dropped", status->readers[i].n_dropped);
        json_writer_named_number(json, "queued_bytes", status->readers[i].n_queued_bytes);
        json_writer_end(json);
    }
    json_writer_end(json);
    json_writer_end(json);
}

void status_put_members(struct json_writer *json, const struct recorder_status *status)
{
    put_text(json, "node", status->node);
    json_writer_name(json, "pid");
    json_writer_signed(json, status->pid);
    put_time(json, "started", status->started_ns);
    put_time(json, "updated", status->updated_ns);
    json_writer_name(json, "sources");
    json_writer_array(json);
    for (uint32_t i = 0; i < status->n_sources; i++)
        put_source(json, &status->sources[i]);
    json_writer_end(json);
    json_writer_named_number(json, "packets", status->n_packets);
    json_writer_named_number(json, "bytes", status->n_bytes);
    json_writer_named_number(json, "written_bytes", status->n_written_bytes);
    json_writer_named_number(json, "disk", status->n_disk);
    put_text(json, "segment", status->segment);
    put_text(json, "trouble", status->trouble);
    json_writer_name(json, "rates");
    json_writer_object(json);
    json_writer_named_number(json, "packets_per_second", status->packets_per_second);
    json_writer_named_number(json, "bytes_per_second", status->bytes_per_second);
    json_writer_end(json);
    json_writer_name(json, "budget");
    json_writer_object(json);
    json_writer_named_number(json, "keep_bytes", status->budget.keep_bytes);
    json_writer_named_number(json, "keep_age_ns", (uint64_t)status->budget.keep_age_ns);
    json_writer_named_number(json, "min_free_bytes", status->budget.min_free_bytes);
    json_writer_named_number(json, "min_free_percent", status->budget.min_free_percent);
    json_writer_end(json);
    if (status->has_tap)
        put_tap(json, status);
}

static bool status_encode(struct buffer *out, const struct recorder_status *status)
{
    struct json_writer json;

    json_writer_init(&json, out, JSON_WRITER_INDENTED);
    json_writer_object(&json);
    status_put_members(&json, status);
    json_writer_end(&json);
    return buffer_put_u8(out, '\n');
}

static bool file_write(const char *path, struct bytes text, struct error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0)
        return error_system(error, "%s", path);
    while (text.len > 0) {
        ssize_t n = write(fd, text.data, text.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            error_system(error, "%s", path);
            close(fd);
            return false;
        }
        text = bytes_of(text.data + n, text.len - (size_t)n);
    }
    if (close(fd) != 0)
        return error_system(error, "%s", path);
    return true;
}

bool status_file_write(const char *directory, const struct recorder_status *status, struct error *error)
{
    char path[PATH_BYTES], fresh[PATH_BYTES + 8];
    struct buffer text;
    bool is_written = false;

    buffer_init(&text, STATUS_FILE_LIMIT_BYTES);
    snprintf(path, sizeof path, "%s/%s.status.json", directory, status->node);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    if (!status_encode(&text, status))
        error_set(error, ERROR_LIMIT, "%s: longer than %d bytes", path, STATUS_FILE_LIMIT_BYTES);
    else if (!file_write(fresh, buffer_bytes(&text), error))
        unlink(fresh);
    else if (rename(fresh, path) != 0)
        error_system(error, "%s", path);
    else
        is_written = true;
    buffer_clear(&text);
    return is_written;
}

void status_file_remove(const char *directory, const char *node)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/%s.status.json", directory, node);
    unlink(path);
}

/* ---- reading ---- */

static bool get_number(const json_t *object, const char *name, uint64_t *number)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *number = (uint64_t)json_integer_value(value);
    return true;
}

static bool get_text(const json_t *object, const char *name, char *text, size_t cap)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_string(value))
        return false;
    snprintf(text, cap, "%s", json_string_value(value));
    return true;
}

static bool get_time(const json_t *object, const char *name, int64_t *ts_ns)
{
    char text[TIMESTAMP_TEXT_BYTES];

    return get_text(object, name, text, sizeof text) && timestamp_parse(text, 0, false, ts_ns);
}

static bool get_source(const json_t *object, struct source_status *source)
{
    return get_text(object, "name", source->name, sizeof source->name) &&
           get_number(object, "packets", &source->n_packets) &&
           get_number(object, "bytes", &source->n_bytes) && get_number(object, "kernel", &source->n_kernel) &&
           get_number(object, "queue", &source->n_queue) && get_number(object, "disk", &source->n_disk) &&
           get_number(object, "truncated", &source->n_truncated) &&
           get_number(object, "refused", &source->n_refused);
}

static bool get_budget(const json_t *root, struct retention *budget)
{
    const json_t *object = json_object_get(root, "budget");
    uint64_t age_ns, percent;

    if (object == NULL)
        return true;
    if (!get_number(object, "keep_bytes", &budget->keep_bytes) ||
        !get_number(object, "keep_age_ns", &age_ns) ||
        !get_number(object, "min_free_bytes", &budget->min_free_bytes) ||
        !get_number(object, "min_free_percent", &percent) || percent > 100)
        return false;
    budget->keep_age_ns = (int64_t)age_ns; /* jansson's integers have a sign */
    budget->min_free_percent = (unsigned)percent;
    return true;
}

static bool get_reader(const json_t *object, struct reader_status *reader)
{
    return get_text(object, "name", reader->name, sizeof reader->name) &&
           get_number(object, "packets", &reader->n_packets) &&
           get_number(object, "dropped", &reader->n_dropped) &&
           get_number(object, "queued_bytes", &reader->n_queued_bytes);
}

static bool get_tap(const json_t *root, struct recorder_status *status)
{
    const json_t *object = json_object_get(root, "tap"), *readers = json_object_get(object, "readers");

    if (object == NULL)
        return true;
    if (!get_number(object, "connected", &status->tap.n_connected) ||
        !get_number(object, "refused", &status->tap.n_refused) ||
        !get_number(object, "stalled", &status->tap.n_stalled) ||
        !get_number(object, "dropped", &status->tap.n_dropped) || !json_is_array(readers) ||
        json_array_size(readers) > STATUS_READERS)
        return false;
    for (; status->n_readers < json_array_size(readers); status->n_readers++)
        if (!get_reader(json_array_get(readers, status->n_readers), &status->readers[status->n_readers]))
            return false;
    status->has_tap = true;
    return true;
}

static bool get_status(const json_t *root, struct recorder_status *status)
{
    const json_t *sources = json_object_get(root, "sources"), *rates = json_object_get(root, "rates");
    uint64_t pid;

    if (!get_text(root, "node", status->node, sizeof status->node) || !get_number(root, "pid", &pid) ||
        pid > INT_MAX || !get_time(root, "started", &status->started_ns) ||
        !get_time(root, "updated", &status->updated_ns) || !get_number(root, "packets", &status->n_packets) ||
        !get_number(root, "bytes", &status->n_bytes) ||
        !get_number(root, "written_bytes", &status->n_written_bytes) ||
        !get_number(root, "disk", &status->n_disk) ||
        !get_text(root, "segment", status->segment, sizeof status->segment) ||
        !get_text(root, "trouble", status->trouble, sizeof status->trouble) ||
        !get_number(rates, "packets_per_second", &status->packets_per_second) ||
        !get_number(rates, "bytes_per_second", &status->bytes_per_second) || !json_is_array(sources) ||
        json_array_size(sources) > STATUS_SOURCES || !get_budget(root, &status->budget) ||
        !get_tap(root, status))
        return false;
    status->pid = (int64_t)pid;
    for (; status->n_sources < json_array_size(sources); status->n_sources++)
        if (!get_source(json_array_get(sources, status->n_sources), &status->sources[status->n_sources]))
            return false;
    return true;
}

bool status_parse(struct bytes text, struct recorder_status *status, struct error *error)
{
    json_error_t fault;
    json_t *root = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &fault);
    struct recorder_status *read = calloc(1, sizeof *read);
    bool is_read = false;

    if (read == NULL)
        error_set(error, ERROR_SYSTEM, "out of memory");
    else if (root == NULL)
        error_set(error, ERROR_DAMAGED, "line %d: %s", fault.line, fault.text);
    else if (!get_status(root, read))
        error_set(error, ERROR_DAMAGED, "not a recorder's status: a member is missing or of another type");
    else
        is_read = true;
    if (is_read)
        *status = *read;
    free(read);
    json_decref(root);
    return is_read;
}

bool status_file_read(const char *path, struct recorder_status *status, struct error *error)
{
    struct buffer text;
    uint8_t *room;
    ssize_t n = 0;
    bool is_read = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return error_system(error, "%s", path);
    buffer_init(&text, STATUS_FILE_LIMIT_BYTES);
    while ((room = buffer_room(&text, 4096)) != NULL && (n = read(fd, room, 4096)) > 0)
        text.len += (size_t)n;
    if (n < 0)
        error_system(error, "%s", path);
    else if (room == NULL)
        error_set(error, ERROR_LIMIT, "%s: longer than %d bytes", path, STATUS_FILE_LIMIT_BYTES);
    else if (!status_parse(buffer_bytes(&text), status, error))
        error_context(error, "%s", path);
    else
        is_read = true;
    buffer_clear(&text);
    close(fd);
    return is_read;
}

enum recorder_life recorder_life(const struct recorder_status *status, int64_t now_ns)
{
    /* The file's age first: a recorder in a container has another process number out here. */
    if (now_ns - status->updated_ns < STALE_NS)
        return RECORDER_ALIVE;
    return kill((pid_t)status->pid, 0) != 0 && errno == ESRCH ? RECORDER_DEAD : RECORDER_STUCK;
}
