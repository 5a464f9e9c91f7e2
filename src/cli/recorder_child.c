/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recorder_child.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timestamp.h"
#include "cli/signals.h"
#include "pipeline/status_file.h"

enum {
    ARGUMENTS_LIMIT = 256,
    PATH_BYTES = 4096,
    LOOK_MS = 20,
    AGAIN_LEAST_MS = 1000,
    AGAIN_MOST_MS = 30000,
    STEADY_MS = 60000, /* who lived so long is started again at once, and not later than the time before */
    STOP_MS = 30000,   /* sealing a segment takes its time; then it is left to itself */
};

struct recorder_child {
    char *arguments[ARGUMENTS_LIMIT + 3]; /* "tapdeck", "record", …, NULL */
    char *directory, *node, *tap;
    pid_t pid;    /* 0: none */
    bool is_ours; /* started by this process: waited for; else taken over */
    int64_t started_ns, again_ns;
    int64_t delay_ms;
    uint64_t n_restarts;
};

static int64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static void pause_ms(int64_t ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&time, NULL);
}

static bool is_listening(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_there;

    if (fd < 0)
        return false;
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    is_there = connect(fd, (const struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return is_there;
}

static bool spawn(struct recorder_child *child, struct error *error)
{
    pid_t pid = fork();

    if (pid < 0)
        return error_system(error, "cannot start the recorder");
    if (pid == 0) {
        setpgid(0, 0);
        execv("/proc/self/exe", child->arguments);
        _exit(127);
    }
    setpgid(pid, pid);
    child->pid = pid;
    child->is_ours = true;
    child->started_ns = clock_ns();
    return true;
}

/* True when it is gone; *status as waitpid() tells, 0 for one that was taken over. */
static bool is_gone(struct recorder_child *child, int *status)
{
    *status = 0;
    if (child->is_ours)
        return waitpid(child->pid, status, WNOHANG) == child->pid;
    return kill(child->pid, 0) != 0 && errno == ESRCH;
}

static bool wait_until_ready(struct recorder_child *child, struct error *error)
{
    int64_t until_ns = clock_ns() + RECORDER_READY_MS * (NS_PER_SECOND / 1000);
    int status;

    while (!is_listening(child->tap)) {
        if (is_gone(child, &status)) {
            child->pid = 0;
            return error_set(error, ERROR_SYSTEM, "the recorder did not start: see what it says above");
        }
        if (clock_ns() > until_ns || atomic_load(signals_stop()))
            return error_set(error, ERROR_SYSTEM, "the recorder is not ready after %d seconds",
                             RECORDER_READY_MS / 1000);
        pause_ms(LOOK_MS);
    }
    return true;
}

/* Of an earlier serve that died: it is known by its status file, and by its tap. */
static bool take_over(struct recorder_child *child)
{
    char path[PATH_BYTES];
    struct recorder_status *status;
    struct error ignored;

    if (!is_listening(child->tap))
        return false;
    status = calloc(1, sizeof *status);
    snprintf(path, sizeof path, "%s/%s.status.json", child->directory, child->node);
    if (status && status_file_read(path, status, &ignored) && status->pid > 1) {
        child->pid = (pid_t)status->pid;
        child->is_ours = false;
        child->started_ns = clock_ns();
        log_write(
            LEVEL_NOTICE,
            "the recorder of an earlier serve (process %d) is still running: it is taken over, with the "
            "sources it has",
            (int)child->pid);
    }
    free(status);
    return child->pid != 0;
}

static void child_free(struct recorder_child *child)
{
    for (size_t i = 0; child->arguments[i]; i++)
        free(child->arguments[i]);
    free(child->directory);
    free(child->node);
    free(child->tap);
    free(child);
}

static bool copy(struct recorder_child *child, char *const *arguments, const char *directory,
                 const char *node, const char *tap)
{
    size_t n = 0;

    child->arguments[n++] = strdup("tapdeck");
    child->arguments[n++] = strdup("record");
    for (size_t i = 0; arguments[i] && n < ARGUMENTS_LIMIT + 2; i++)
        child->arguments[n++] = strdup(arguments[i]);
    child->directory = strdup(directory);
    child->node = strdup(node);
    child->tap = strdup(tap);
    for (size_t i = 0; i < n; i++)
        if (child->arguments[i] == NULL)
            return false;
    return child->directory && child->node && child->tap;
}

struct recorder_child *recorder_child_start(char *const *arguments, const char *directory, const char *node,
                                            const char *tap, struct error *error)
{
    struct recorder_child *child = calloc(1, sizeof *child);

    if (child == NULL || !copy(child, arguments, directory, node, tap)) {
        error_set(error, ERROR_SYSTEM, "no memory to start a recorder");
        if (child)
            child_free(child);
        return NULL;
    }
    child->delay_ms = AGAIN_LEAST_MS;
    if (take_over(child))
        return child;
    if (!spawn(child, error) || !wait_until_ready(child, error)) {
        recorder_child_stop(child);
        return NULL;
    }
    return child;
}

static void note_death(struct recorder_child *child, int status)
{
    int64_t now_ns = clock_ns();
    char how[64] = "";

    if (child->is_ours && WIFSIGNALED(status))
        snprintf(how, sizeof how, ", by signal %d", WTERMSIG(status));
    else if (child->is_ours)
        snprintf(how, sizeof how, ", with status %d", WEXITSTATUS(status));
    if (now_ns - child->started_ns > STEADY_MS * (NS_PER_SECOND / 1000))
        child->delay_ms = AGAIN_LEAST_MS;
    log_write(LEVEL_ERROR, "the recorder ended%s; it is started again in %lld s", how,
              (long long)child->delay_ms / 1000);
    child->pid = 0;
    child->again_ns = now_ns + child->delay_ms * (NS_PER_SECOND / 1000);
    child->delay_ms = child->delay_ms * 2 < AGAIN_MOST_MS ? child->delay_ms * 2 : AGAIN_MOST_MS;
}

void recorder_child_look(struct recorder_child *child)
{
    struct error error;
    int status;

    if (child->pid) {
        if (is_gone(child, &status))
            note_death(child, status);
        return;
    }
    if (clock_ns() < child->again_ns)
        return;
    child->n_restarts++;
    if (!spawn(child, &error)) {
        log_write(LEVEL_ERROR, "%s", error.text);
        child->again_ns = clock_ns() + child->delay_ms * (NS_PER_SECOND / 1000);
    }
}

void recorder_child_stop(struct recorder_child *child)
{
    int64_t until_ns = clock_ns() + STOP_MS * (NS_PER_SECOND / 1000);
    int status;

    if (child == NULL)
        return;
    if (child->pid && kill(child->pid, SIGTERM) == 0) {
        while (!is_gone(child, &status) && clock_ns() < until_ns)
            pause_ms(LOOK_MS);
    }
    child_free(child);
}

uint64_t recorder_child_restarts(const struct recorder_child *child)
{
    return child->n_restarts;
}
