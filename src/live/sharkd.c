/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that it is given is a memfd, which it reads as /proc/self/fd/3: nothing of a packet comes to a
 * disk. Between fork and exec only system calls are made, for other threads may hold locks.
 */
#include "live/sharkd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "live/sharkd_tree.h"

enum { CAPTURE_FD = 3 };

static const char *const programs[] = { "/usr/bin/sharkd", "/usr/local/bin/sharkd" };

struct sharkd {
    pthread_mutex_t lock;
    pid_t pid; /* 0: none runs */
    int to, from;
    int capture; /* memfd */
    struct buffer answer;
    uint64_t n_asked;
    bool was_started;
    struct sharkd_statistics statistics;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *program(void)
{
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (access(programs[i], X_OK) == 0)
            return programs[i];
    return NULL;
}

bool sharkd_is_installed(void)
{
    return program() != NULL;
}

struct sharkd *sharkd_new(void)
{
    struct sharkd *sharkd = calloc(1, sizeof *sharkd);

    if (sharkd == NULL)
        return NULL;
    pthread_mutex_init(&sharkd->lock, NULL);
    buffer_init(&sharkd->answer, SHARKD_ANSWER_LIMIT_BYTES);
    sharkd->to = sharkd->from = sharkd->capture = -1;
    return sharkd;
}

static void forget(struct sharkd *sharkd)
{
    close(sharkd->to);
    close(sharkd->from);
    close(sharkd->capture);
    sharkd->to = sharkd->from = sharkd->capture = -1;
    sharkd->pid = 0;
}

static void stop(struct sharkd *sharkd)
{
    if (sharkd->pid == 0)
        return;
    kill(sharkd->pid, SIGKILL);
    while (waitpid(sharkd->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    forget(sharkd);
}

void sharkd_free(struct sharkd *sharkd)
{
    if (sharkd == NULL)
        return;
    stop(sharkd);
    buffer_clear(&sharkd->answer);
    pthread_mutex_destroy(&sharkd->lock);
    free(sharkd);
}

/* ---- the child, before it becomes sharkd ---- */

static void allow_reading(int ruleset, const char *path)
{
    struct landlock_path_beneath_attr beneath = { .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
                                                                    LANDLOCK_ACCESS_FS_READ_DIR |
                                                                    LANDLOCK_ACCESS_FS_EXECUTE,
                                                  .parent_fd = open(path, O_PATH | O_CLOEXEC) };

    if (beneath.parent_fd < 0)
        return;
    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    close(beneath.parent_fd);
}

/* As far as this kernel goes: what it does not know is left out. */
static void shut_in(void)
{
    static const char *const readable[] = { "/usr",  "/lib",      "/lib64",      "/etc",
                                            "/proc", "/dev/null", "/dev/urandom" };
    struct landlock_ruleset_attr attributes = { .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
    struct rlimit memory = { SHARKD_MEMORY_BYTES, SHARKD_MEMORY_BYTES }, none = { 0, 0 }, files = { 64, 64 };
    int ruleset;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_FSIZE, &none);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_NOFILE, &files);
    if (unshare(CLONE_NEWNET) < 0)
        unshare(CLONE_NEWUSER | CLONE_NEWNET);
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (ruleset < 0)
        return;
    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++)
        allow_reading(ruleset, readable[i]);
    syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
}

static void become(const char *path, int in, int out, int capture)
{
    static char *const environment[] = { "HOME=/nonexistent", "LC_ALL=C.UTF-8",
                                         "XDG_CONFIG_HOME=/nonexistent", NULL };
    char *const arguments[] = { "sharkd", "-", NULL };
    sigset_t none;
    int null = open("/dev/null", O_WRONLY);

    /* First out of the way of 0 to 3, then to their places. */
    in = fcntl(in, F_DUPFD, 10);
    out = fcntl(out, F_DUPFD, 10);
    capture = fcntl(capture, F_DUPFD, 10);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0 || dup2(capture, CAPTURE_FD) < 0)
        _exit(127);
    syscall(SYS_close_range, CAPTURE_FD + 1, ~0U, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    shut_in();
    execve(path, arguments, environment);
    _exit(127);
}

static bool start(struct sharkd *sharkd, struct error *error)
{
    const char *path = program();
    int in[2] = { -1, -1 }, out[2] = { -1, -1 };

    if (path == NULL)
        return error_set(error, ERROR_UNSUPPORTED, "sharkd is not installed");
    sharkd->capture = memfd_create("capture", MFD_CLOEXEC);
    if (sharkd->capture < 0 || pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) {
        error_system(error, "sharkd: no pipe to it");
    } else if ((sharkd->pid = fork()) == 0) {
        become(path, in[0], out[1], sharkd->capture);
    } else if (sharkd->pid > 0) {
        close(in[0]);
        close(out[1]);
        sharkd->to = in[1];
        sharkd->from = out[0];
        fcntl(sharkd->to, F_SETFL, O_NONBLOCK);
        fcntl(sharkd->from, F_SETFL, O_NONBLOCK);
        sharkd->statistics.n_restarts += sharkd->was_started;
        sharkd->was_started = true;
        return true;
    } else {
        error_system(error, "sharkd: cannot be started");
    }
    sharkd->pid = 0;
    for (size_t i = 0; i < 2; i++) {
        if (in[i] >= 0)
            close(in[i]);
        if (out[i] >= 0)
            close(out[i]);
    }
    if (sharkd->capture >= 0)
        close(sharkd->capture);
    sharkd->capture = -1;
    return false;
}

/* ---- a question ---- */

static bool wait_for(int fd, short events, int64_t deadline_ms)
{
    struct pollfd wanted = { fd, events, 0 };
    int64_t left_ms = deadline_ms - now_ms();

    return left_ms > 0 && poll(&wanted, 1, (int)left_ms) > 0;
}

static bool send_line(struct sharkd *sharkd, const char *line, int64_t deadline_ms)
{
    size_t len = strlen(line), at = 0;

    while (at < len && wait_for(sharkd->to, POLLOUT, deadline_ms)) {
        ssize_t n = write(sharkd->to, line + at, len - at);

        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return at == len;
}

/* One line, without its end, in sharkd->answer. */
static bool take_line(struct sharkd *sharkd, int64_t deadline_ms)
{
    buffer_empty(&sharkd->answer);
    while (wait_for(sharkd->from, POLLIN, deadline_ms)) {
        uint8_t *room = buffer_room(&sharkd->answer, 65536);
        ssize_t n = room ? read(sharkd->from, room, 65536) : 0;

        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
            return false;
        sharkd->answer.len += n > 0 ? (size_t)n : 0;
        if (sharkd->answer.len && sharkd->answer.data[sharkd->answer.len - 1] == '\n')
            return true;
    }
    return false;
}

static bool ask(struct sharkd *sharkd, struct bytes capture, uint32_t n_frames, int64_t deadline_ms)
{
    char line[256];
    size_t at = 0;

    if (ftruncate(sharkd->capture, 0) < 0)
        return false;
    while (at < capture.len) {
        ssize_t n = pwrite(sharkd->capture, capture.data + at, capture.len - at, (off_t)at);

        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    if (!send_line(
            sharkd,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"load\",\"params\":{\"file\":\"/proc/self/fd/3\"}}\n",
            deadline_ms) ||
        !take_line(sharkd, deadline_ms) ||
        memmem(sharkd->answer.data, sharkd->answer.len, "\"OK\"", 4) == NULL)
        return false;
    snprintf(line, sizeof line,
             "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"frame\",\"params\":{\"frame\":%u,\"proto\":true}}\n",
             n_frames);
    return send_line(sharkd, line, deadline_ms) && take_line(sharkd, deadline_ms);
}

bool sharkd_layers(struct sharkd *sharkd, struct bytes capture, uint32_t n_frames, struct buffer *layers,
                   struct error *error)
{
    int64_t deadline_ms;
    bool is_done = false;

    pthread_mutex_lock(&sharkd->lock);
    /* One that died since the last question is replaced; one that dies of this question is not asked again.
     */
    if (sharkd->pid && waitpid(sharkd->pid, NULL, WNOHANG) == sharkd->pid)
        forget(sharkd);
    deadline_ms = now_ms() + (sharkd->pid ? SHARKD_TIME_MS : SHARKD_START_MS);
    if (sharkd->pid || start(sharkd, error)) {
        is_done = ask(sharkd, capture, n_frames, deadline_ms);
        if (!is_done) {
            sharkd->statistics.n_timeouts += now_ms() >= deadline_ms;
            stop(sharkd);
            error_set(error, ERROR_LIMIT, "sharkd gave no answer%s",
                      now_ms() >= deadline_ms ? " in time" : "");
        } else if (!sharkd_tree_put(buffer_bytes(&sharkd->answer), layers)) {
            is_done = error_set(error, ERROR_DAMAGED, "sharkd's answer is no tree");
        } else {
            sharkd->statistics.n_answers++;
        }
    }
    pthread_mutex_unlock(&sharkd->lock);
    return is_done;
}

void sharkd_statistics(struct sharkd *sharkd, struct sharkd_statistics *statistics)
{
    pthread_mutex_lock(&sharkd->lock);
    *statistics = sharkd->statistics;
    pthread_mutex_unlock(&sharkd->lock);
}
