/* SPDX-License-Identifier: Apache-2.0 */
#include "web/password.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

enum {
    COST_BITS = 15, /* with 8 and 1: 32 MiB */
    BLOCK = 8,
    LANES = 1,
    COST_BITS_MOST = 18, /* of a line somebody else made: 256 MiB */
    SALT_BYTES = 16,
    HASH_BYTES = 32,
    MEMORY_SPARE_BYTES = 1 << 20,
};

static const char prefix[] = "scrypt:";

struct password {
    unsigned cost_bits;
    uint8_t salt[SALT_BYTES], hash[HASH_BYTES];
    char line[PASSWORD_LINE_BYTES];
};

static bool derive(struct bytes given, unsigned cost_bits, const uint8_t salt[static SALT_BYTES],
                   uint8_t hash[static HASH_BYTES])
{
    uint64_t cost = UINT64_C(1) << cost_bits;

    return EVP_PBE_scrypt((const char *)given.data, given.len, salt, SALT_BYTES, cost, BLOCK, LANES,
                          cost * 128 * BLOCK + MEMORY_SPARE_BYTES, hash, HASH_BYTES) == 1;
}

static void put_hex(char *text, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex(const char **text, uint8_t *bytes, size_t n, char end)
{
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit((*text)[0]), low = high < 0 ? -1 : hex_digit((*text)[1]);

        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
        *text += 2;
    }
    if (**text != end)
        return false;
    (*text)++;
    return true;
}

static bool parse_line(const char *line, struct password *password)
{
    char *end;
    unsigned long bits = strtoul(line + strlen(prefix), &end, 10);
    const char *at = end;

    if (bits < 10 || bits > COST_BITS_MOST || strncmp(at, ":8:1:", 5) != 0)
        return false;
    at += 5;
    password->cost_bits = (unsigned)bits;
    if (!take_hex(&at, password->salt, SALT_BYTES, ':') || !take_hex(&at, password->hash, HASH_BYTES, '\0'))
        return false;
    snprintf(password->line, sizeof password->line, "%s", line);
    return true;
}

bool password_hash(struct bytes given, char line[static PASSWORD_LINE_BYTES], struct error *error)
{
    uint8_t salt[SALT_BYTES], hash[HASH_BYTES];
    size_t len;

    if (given.len == 0)
        return error_set(error, ERROR_USAGE, "an empty password opens to everybody");
    if (RAND_bytes(salt, sizeof salt) != 1 || !derive(given, COST_BITS, salt, hash))
        return error_set(error, ERROR_SYSTEM, "cannot hash the password: no memory, or no randomness");
    len = (size_t)snprintf(line, PASSWORD_LINE_BYTES, "%s%d:%d:%d:", prefix, COST_BITS, BLOCK, LANES);
    put_hex(line + len, salt, sizeof salt);
    len += 2 * sizeof salt;
    line[len++] = ':';
    put_hex(line + len, hash, sizeof hash);
    return true;
}

static bool read_line(const char *path, char text[static PASSWORD_LIMIT_BYTES], struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    ssize_t len;
    char *end;

    if (fd < 0)
        return error_system(error, "cannot read the password file %s", path);
    if (fstat(fd, &status) == 0 && (status.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)) != 0 &&
        S_ISREG(status.st_mode)) {
        close(fd);
        return error_set(error, ERROR_USAGE,
                         "others may read the password file %s: chmod 600 it, and think of a new password",
                         path);
    }
    len = read(fd, text, PASSWORD_LIMIT_BYTES - 1);
    close(fd);
    if (len < 0)
        return error_system(error, "cannot read the password file %s", path);
    text[len] = '\0';
    end = strpbrk(text, "\r\n");
    if (end)
        *end = '\0';
    else if (len == PASSWORD_LIMIT_BYTES - 1)
        return error_set(error, ERROR_LIMIT, "the password in %s is longer than %d bytes", path,
                         PASSWORD_LIMIT_BYTES - 2);
    return true;
}

struct password *password_load(const char *path, struct error *error)
{
    struct password *password = calloc(1, sizeof *password);
    char text[PASSWORD_LIMIT_BYTES], line[PASSWORD_LINE_BYTES];
    bool is_good = false;

    if (password == NULL)
        error_set(error, ERROR_SYSTEM, "no memory for a password");
    else if (!read_line(path, text, error))
        is_good = false;
    else if (strncmp(text, prefix, strlen(prefix)) == 0)
        is_good = parse_line(text, password) ||
                  error_set(error, ERROR_USAGE,
                            "the password file %s begins like a hash and is none; tapdeck serve "
                            "--hash-password makes one",
                            path);
    else
        is_good = password_hash(bytes_text(text), line, error) && parse_line(line, password);
    OPENSSL_cleanse(text, sizeof text);
    if (!is_good) {
        password_free(password);
        return NULL;
    }
    return password;
}

void password_free(struct password *password)
{
    if (password)
        OPENSSL_cleanse(password, sizeof *password);
    free(password);
}

bool password_is(const struct password *password, struct bytes given)
{
    uint8_t hash[HASH_BYTES];

    return given.len > 0 && given.len < PASSWORD_LIMIT_BYTES &&
           derive(given, password->cost_bits, password->salt, hash) &&
           CRYPTO_memcmp(hash, password->hash, sizeof hash) == 0;
}

const char *password_line(const struct password *password)
{
    return password->line;
}
