/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared_bytes - bytes made once and sent to many: counted references to a run that no longer changes.
 *
 * Whoever makes one fills data, then shares it; from then on it is read only, from any thread. The count is
 * atomic, so a frame built in one thread may be let go in another.
 */
#pragma once

#include <stdatomic.h>

#include "base/bytes.h"

struct shared_bytes {
    atomic_size_t n_references;
    size_t len;
    const uint8_t *data;
    void (*lent_back)(void *context); /* for bytes that are someone else's */
    void *context;
    uint8_t own[];
};

/* One reference, the caller's; own[0..len) is his to fill. NULL when there is no memory. */
struct shared_bytes *shared_bytes_new(size_t len);

/* A copy of bytes. NULL when there is no memory. */
struct shared_bytes *shared_bytes_copy(struct bytes bytes);

/*
 * Over bytes that are not copied (an asset in the program, a mapped file): lent_back (may be NULL) is called
 * when the last reference is gone, in that thread. NULL when there is no memory; lent_back is not called
 * then.
 */
struct shared_bytes *shared_bytes_over(struct bytes bytes, void (*lent_back)(void *context), void *context);

/* One more reference; answers its argument. */
struct shared_bytes *shared_bytes_take(struct shared_bytes *shared);

/* One less; the last one frees. NULL is fine. */
void shared_bytes_release(struct shared_bytes *shared);

static inline struct bytes shared_bytes_view(const struct shared_bytes *shared)
{
    return (struct bytes) { shared->data, shared->len };
}
