/* SPDX-License-Identifier: Apache-2.0 */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ACCEPTS_A_TURN = 64, /* then others get their turn first */
    HOST_BYTES = 256,
};

struct listener {
    struct loop *loop;
    struct listener_options options;
    struct loop_watch watch;
    struct loop_task again;
    int fd, reserve_fd;
    char address[LISTENER_ADDRESS_BYTES];
    char unix_path[sizeof((struct sockaddr_un *)NULL)->sun_path]; /* "" for TCP */
};

static struct ip_address source_of(const struct sockaddr_storage *from)
{
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;

        return ip_address_of(bytes_of(&in->sin_addr, 4));
    }
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)from;

        if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
            return ip_address_of(bytes_of(in6->sin6_addr.s6_addr + 12, 4));
        return ip_address_of(bytes_of(&in6->sin6_addr, 16));
    }
    return (struct ip_address) { .family = 0 };
}

static int reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Takes one connection off the queue only to close it. False when none was there: the descriptors are asked
 * for before the queue is, so accept() cannot tell that it is empty. */
static bool turn_away(struct listener *listener)
{
    int fd;

    if (listener->reserve_fd >= 0)
        close(listener->reserve_fd);
    fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        admission_count_fd_refusal(listener->options.admission);
        close(fd);
    }
    listener->reserve_fd = reserve();
    return fd >= 0;
}

static void admit(struct listener *listener, int fd, const struct sockaddr_storage *from)
{
    struct ip_address source = source_of(from);
    int one = 1;

    if (!admission_enter(listener->options.admission, &source)) {
        close(fd);
        return;
    }
    /* Frames are put together here already: waiting for more would only make them late. */
    if (source.family != 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    listener->options.accepted(listener->options.context, fd, &source);
}

static void accept_all(void *context)
{
    struct listener *listener = context;

    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
        socklen_t from_len = sizeof from;
        int fd = accept4(listener->fd, (struct sockaddr *)&from, &from_len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            admit(listener, fd, &from);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        else if ((errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) &&
                 !turn_away(listener))
            return;
        /* Any other fault is of that one connection: accept(2), "Error handling". */
    }
    loop_defer(listener->loop, &listener->again);
}

static void listener_ready(void *context, uint32_t epoll_events)
{
    (void)epoll_events;
    accept_all(context);
}

static bool split_address(const char *address, char host[HOST_BYTES], const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t len;

    if (colon == NULL || colon[1] == '\0')
        return false;
    len = (size_t)(colon - address);
    if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    } else if (memchr(address, ':', len)) {
        return false; /* an IPv6 address without brackets: where does the port begin? */
    }
    if (len >= HOST_BYTES)
        return false;
    memcpy(host, address, len);
    host[len] = '\0';
    *port = colon + 1;
    return true;
}

static bool bind_and_listen(struct listener *listener, const struct addrinfo *at, bool is_dual)
{
    int one = 1, v6_only = !is_dual;

    listener->fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0)
        return false;
    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (at->ai_family == AF_INET6 &&
        setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only) < 0)
        return false;
    return bind(listener->fd, at->ai_addr, at->ai_addrlen) == 0 &&
           listen(listener->fd, listener->options.backlog ? listener->options.backlog : SOMAXCONN) == 0;
}

static void describe_tcp(struct listener *listener)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    char host[INET6_ADDRSTRLEN + 16], port[8];

    if (getsockname(listener->fd, (struct sockaddr *)&at, &len) == 0 &&
        getnameinfo((struct sockaddr *)&at, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(listener->address, sizeof listener->address, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
                 port);
}

static bool open_tcp(struct listener *listener, const char *address, struct error *error)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
    struct addrinfo *found;
    char host[HOST_BYTES];
    const char *port;
    bool is_any, is_bound;
    int failure;

    if (!split_address(address, host, &port))
        return error_set(error, ERROR_USAGE,
                         "'%s' is no address to listen on: write ADDRESS:PORT, [IPV6]:PORT, "
                         ":PORT or unix:PATH",
                         address);
    is_any = host[0] == '\0' || strcmp(host, "*") == 0;
    failure = getaddrinfo(is_any ? "::" : host, port, &hints, &found);
    if (failure)
        return error_set(error, ERROR_USAGE, "cannot listen on %s: %s", address, gai_strerror(failure));
    is_bound = bind_and_listen(listener, found, is_any);
    freeaddrinfo(found);
    if (!is_bound && is_any && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
        if (listener->fd >= 0)
            close(listener->fd);
        listener->fd = -1;
        if (getaddrinfo("0.0.0.0", port, &hints, &found) == 0) {
            is_bound = bind_and_listen(listener, found, false);
            freeaddrinfo(found);
        }
    }
    if (!is_bound)
        return error_system(error, "cannot listen on %s", address);
    describe_tcp(listener);
    return true;
}

/* A socket file whose owner is gone answers "refused"; only such a one is removed. */
static void remove_abandoned(const struct sockaddr_un *at)
{
    struct stat status;
    int fd;

    if (lstat(at->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)at, sizeof *at) < 0 && errno == ECONNREFUSED)
        unlink(at->sun_path);
    close(fd);
}

static bool open_unix(struct listener *listener, const char *path, struct error *error)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };

    if (strlen(path) == 0 || strlen(path) >= sizeof at.sun_path)
        return error_set(error, ERROR_USAGE, "unix:%s: a socket's path has 1 to %zu characters", path,
                         sizeof at.sun_path - 1);
    strcpy(at.sun_path, path);
    remove_abandoned(&at);
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0)
        return error_system(error, "cannot listen on unix:%s", path);
    /* Rights before the name is there: bind() gives the file those of the socket, less the umask. */
    if (fchmod(listener->fd, listener->options.unix_mode) < 0 ||
        bind(listener->fd, (struct sockaddr *)&at, sizeof at) < 0)
        return error_system(error, "cannot listen on unix:%s", path);
    strcpy(listener->unix_path, path);
    if (chmod(path, listener->options.unix_mode) < 0 ||
        listen(listener->fd, listener->options.backlog ? listener->options.backlog : SOMAXCONN) < 0)
        return error_system(error, "cannot listen on unix:%s", path);
    snprintf(listener->address, sizeof listener->address, "unix:%s", path);
    return true;
}

struct listener *listener_open(struct loop *loop, const char *address, const struct listener_options *options,
                               struct error *error)
{
    struct listener *listener = calloc(1, sizeof *listener);
    bool is_open;

    if (listener == NULL) {
        error_set(error, ERROR_SYSTEM, "no memory to listen on %s", address);
        return NULL;
    }
    listener->loop = loop;
    listener->options = *options;
    listener->fd = -1;
    listener->watch = (struct loop_watch) { .fd = -1, .ready = listener_ready, .context = listener };
    listener->again = (struct loop_task) { .run = accept_all, .context = listener };
    listener->reserve_fd = reserve();
    is_open = strncmp(address, "unix:", 5) == 0 ? open_unix(listener, address + 5, error)
                                                : open_tcp(listener, address, error);
    if (!is_open || !loop_watch_add(loop, &listener->watch, listener->fd, error)) {
        listener_close(listener);
        return NULL;
    }
    return listener;
}

void listener_close(struct listener *listener)
{
    if (listener == NULL)
        return;
    loop_watch_remove(listener->loop, &listener->watch);
    loop_task_cancel(&listener->again);
    if (listener->fd >= 0)
        close(listener->fd);
    if (listener->reserve_fd >= 0)
        close(listener->reserve_fd);
    if (listener->unix_path[0])
        unlink(listener->unix_path);
    free(listener);
}

const char *listener_address(const struct listener *listener)
{
    return listener->address;
}
