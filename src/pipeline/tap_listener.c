/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tap_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 16, SOCKET_MODE = 0660 };

static int new_socket(const struct tap_address *address)
{
    return socket(address->socket.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* ---- a unix socket ---- */

/* Two recorders that start together must not each remove the other's: whoever removes holds the directory. */
static int lock_directory(const char *path, struct error *error)
{
    char directory[sizeof((struct tap_address *)NULL)->path];
    char *slash;
    int fd;

    strcpy(directory, path);
    slash = strrchr(directory, '/');
    if (slash == NULL)
        strcpy(directory, ".");
    else
        slash[slash == directory] = '\0';
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        error_system(error, "--tap unix:%s: %s", path, directory);
    } else if (flock(fd, LOCK_EX) < 0) {
        error_system(error, "--tap unix:%s: %s cannot be locked", path, directory);
        close(fd);
        fd = -1;
    }
    return fd;
}

/* True when nothing is there any more. */
static bool remove_stale(const struct tap_address *address, struct error *error)
{
    struct stat status;
    int fd, failure;

    if (lstat(address->path, &status) < 0)
        return errno == ENOENT || error_system(error, "--tap %s", address->text);
    if (!S_ISSOCK(status.st_mode))
        return error_set(error, ERROR_USAGE,
                         "--tap %s: there is a file of that name that is no socket; it is left alone",
                         address->text);
    fd = new_socket(address);
    if (fd < 0)
        return error_system(error, "--tap %s", address->text);
    failure = connect(fd, &address->socket.any, address->len) == 0 ? 0 : errno;
    close(fd);
    if (failure != ECONNREFUSED && failure != ENOENT)
        return error_set(error, ERROR_SYSTEM,
                         "--tap %s: a program that runs listens there already: end it, or take another path",
                         address->text);
    return unlink(address->path) == 0 || errno == ENOENT ||
           error_system(error, "--tap %s: the socket that a dead recorder left cannot be removed",
                        address->text);
}

/* The mode before the name, so that at no time the file is there with another; no thread runs yet. */
static bool bind_with_mode(int fd, const struct tap_address *address)
{
    mode_t mask = umask(0);
    bool ok = fchmod(fd, SOCKET_MODE) == 0 && bind(fd, &address->socket.any, address->len) == 0;

    umask(mask);
    return ok;
}

static bool bind_unix(struct tap_listener *listener, struct error *error)
{
    const struct tap_address *address = &listener->address;
    int lock = lock_directory(address->path, error);
    struct stat status;
    bool ok;

    if (lock < 0)
        return false;
    ok = remove_stale(address, error);
    if (ok && !bind_with_mode(listener->fd, address))
        ok = error_system(error, "--tap %s", address->text);
    if (ok && lstat(address->path, &status) == 0) {
        listener->device = status.st_dev;
        listener->inode = status.st_ino;
    }
    /* Before the lock goes: a socket that is bound and does not listen yet looks like a dead one's. */
    if (ok && listen(listener->fd, BACKLOG) < 0)
        ok = error_system(error, "--tap %s", address->text);
    close(lock);
    return ok;
}

/* ---- TCP ---- */

static bool bind_tcp(struct tap_listener *listener, bool is_insecure, struct error *error)
{
    const struct tap_address *address = &listener->address;
    int yes = 1;

    if (!address->is_loopback && !is_insecure)
        return error_set(
            error, ERROR_USAGE,
            "--tap %s: whoever reaches this address would read every packet, unencrypted and without "
            "a password.\n"
            "Use tcp:127.0.0.1:PORT or unix:PATH (and ssh to forward it), or say --insecure-tap",
            address->text);
    if (setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        bind(listener->fd, &address->socket.any, address->len) < 0 || listen(listener->fd, BACKLOG) < 0)
        return error_system(error, "--tap %s", address->text);
    return true;
}

bool tap_listener_open(struct tap_listener *listener, const char *where, bool is_insecure,
                       struct error *error)
{
    bool ok;

    *listener = (struct tap_listener) { .fd = -1 };
    if (!tap_address_parse(where, &listener->address, error)) {
        error_context(error, "--tap");
        return false;
    }
    listener->fd = new_socket(&listener->address);
    if (listener->fd < 0)
        return error_system(error, "--tap %s", where);
    ok = listener->address.path[0] ? bind_unix(listener, error) : bind_tcp(listener, is_insecure, error);
    if (!ok)
        tap_listener_close(listener);
    return ok;
}

bool tap_listener_give(const struct tap_listener *listener, uid_t user, gid_t group, struct error *error)
{
    if (listener->address.path[0] == '\0' || lchown(listener->address.path, user, group) == 0)
        return true;
    return error_system(error, "--user: cannot give it %s", listener->address.path);
}

void tap_listener_close(struct tap_listener *listener)
{
    struct stat status;

    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
    if (listener->inode && lstat(listener->address.path, &status) == 0 && status.st_dev == listener->device &&
        status.st_ino == listener->inode)
        (void)unlink(listener->address.path); /* one that stays is found dead by the next recorder */
}
