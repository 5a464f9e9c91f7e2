/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tshark.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum {
    CAPTURE_FD = 3, /* in the child */
    COMPLAINT_BYTES = 400,
    READ_BYTES = 1 << 16,
};

struct child {
    pid_t pid;
    int out;       /* its standard output; -1 when it goes nowhere */
    int complaint; /* a memory file with its standard error */
};

bool tshark_is_installed(void)
{
    const char *path = getenv("PATH");
    char name[4096];

    while (path && *path) {
        size_t len = strcspn(path, ":");

        if (len + sizeof "/tshark" <= sizeof name) {
            snprintf(name, sizeof name, "%.*s/tshark", (int)len, path);
            if (access(name, X_OK) == 0)
                return true;
        }
        path += len + (path[len] == ':');
    }
    return false;
}

/* What it said, but for what it always says to root; one line, fit for an error. */
static void complaint_text(int file, char text[static COMPLAINT_BYTES])
{
    char said[4096];
    ssize_t n = pread(file, said, sizeof said - 1, 0);
    size_t len = 0;

    said[n > 0 ? n : 0] = '\0';
    for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "Running as user", 15) == 0 || strspn(line, " ^~\t") == strlen(line))
            continue;
        if (strncmp(line, "tshark: ", 8) == 0)
            line += 8;
        for (; *line && len + 2 < COMPLAINT_BYTES; line++)
            text[len++] = isprint((unsigned char)*line) ? *line : '?';
        break;
    }
    text[len] = '\0';
}

/* Makes the child see its files at the places it is told of, and nothing of how we treat signals. */
static int spawn(struct child *child, int capture, int out, char *const *words)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    int result;

    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGTERM);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, child->complaint, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files, capture, CAPTURE_FD);
    result = posix_spawnp(&child->pid, "tshark", &files, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return result;
}

static bool begin(struct child *child, int capture, char *const *words, struct error *error)
{
    int pipe_ends[2], result;

    *child = (struct child) { .out = -1 };
    child->complaint = memfd_create("tshark", MFD_CLOEXEC);
    if (child->complaint < 0)
        return error_system(error, "tshark");
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
        close(child->complaint);
        return error_system(error, "tshark");
    }
    result = spawn(child, capture, pipe_ends[1], words);
    close(pipe_ends[1]);
    child->out = pipe_ends[0];
    if (result == 0)
        return true;
    close(child->out);
    close(child->complaint);
    errno = result;
    return error_system(error, "tshark could not be run");
}

/* Waits for its end; false with *error set unless it went well. is_over: kill what still runs. */
static bool finish(struct child *child, bool is_over, const char *filter, struct error *error)
{
    char complaint[COMPLAINT_BYTES];
    int status = 0;

    close(child->out);
    if (is_over)
        kill(child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    complaint_text(child->complaint, complaint);
    close(child->complaint);
    if (is_over)
        return false;
    if (WIFSIGNALED(status))
        return error_set(error, ERROR_SYSTEM,
                         "tshark was ended by signal %d while it was asked for \"%.200s\"", WTERMSIG(status),
                         filter);
    if (WEXITSTATUS(status) == 0)
        return true;
    return error_set(error, ERROR_SYSTEM, "tshark could not tell \"%.200s\": %s", filter,
                     *complaint ? complaint : "it failed and said nothing");
}

struct numbers {
    uint64_t number;
    bool has_digits;
    bool (*take)(void *context, uint64_t number);
    void *context;
};

/* One number a line, however the reads cut them. */
static bool take_text(struct numbers *numbers, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] >= '0' && text[i] <= '9') {
            numbers->number = numbers->number * 10 + (uint64_t)(text[i] - '0');
            numbers->has_digits = true;
            continue;
        }
        if (numbers->has_digits && !numbers->take(numbers->context, numbers->number))
            return false;
        numbers->number = 0;
        numbers->has_digits = false;
    }
    return true;
}

static bool read_numbers(struct child *child, struct numbers *numbers, struct error *error)
{
    char *text = malloc(READ_BYTES);
    bool is_good = text != NULL;

    if (text == NULL)
        error_system(error, "tshark");
    while (is_good) {
        ssize_t n = read(child->out, text, READ_BYTES);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            is_good = error_system(error, "tshark");
        else if (n == 0)
            break;
        else if (!take_text(numbers, text, (size_t)n))
            is_good = error_set(error, ERROR_SYSTEM, "tshark: its answers could not be kept");
    }
    free(text);
    return is_good;
}

bool tshark_filter(const struct tshark_options *options, int capture, const char *filter,
                   bool (*take)(void *context, uint64_t number), void *context, struct error *error)
{
    static const char *const always[] = { "tshark", "-n",           "-r", "/proc/self/fd/3", "-T", "fields",
                                          "-e",     "frame.number", "-Y" };
    struct numbers numbers = { .take = take, .context = context };
    const struct text_list *lists[] = { options ? options->preferences : NULL,
                                        options ? options->decode_as : NULL };
    size_t n = 0, n_more = (lists[0] ? lists[0]->n : 0) + (lists[1] ? lists[1]->n : 0);
    char **words = calloc(sizeof always / sizeof *always + 2 * n_more + 2, sizeof *words);
    struct child child;
    bool is_good;

    if (words == NULL)
        return error_system(error, "tshark");
    for (; n < sizeof always / sizeof *always; n++)
        words[n] = (char *)(uintptr_t)always[n]; /* argv is not written to, though not const */
    words[n++] = (char *)(uintptr_t)filter;
    for (size_t l = 0; l < 2; l++)
        for (uint32_t i = 0; lists[l] && i < lists[l]->n; i++) {
            words[n++] = (char *)(uintptr_t)(l == 0 ? "-o" : "-d");
            words[n++] = (char *)(uintptr_t)lists[l]->items[i];
        }
    is_good = begin(&child, capture, words, error);
    free(words);
    if (!is_good)
        return false;
    is_good = read_numbers(&child, &numbers, error);
    return finish(&child, !is_good, filter, error);
}

static bool no_number(void *context, uint64_t number)
{
    (void)context;
    (void)number;
    return true;
}

bool tshark_knows(void *context, const char *name)
{
    /* A capture of no packets: a filter that is the name alone is refused when there is none such. */
    static const uint8_t empty[24] = { 0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0,
                                       0,    0,    0,    0,    0, 0, 0, 4, 0, 1 };
    int file = memfd_create("empty", MFD_CLOEXEC);
    struct error ignored = { 0 };
    bool is_known;

    (void)context;
    if (file < 0)
        return false;
    is_known = write(file, empty, sizeof empty) == (ssize_t)sizeof empty &&
               tshark_filter(NULL, file, name, no_number, NULL, &ignored);
    close(file);
    return is_known;
}
