/* SPDX-License-Identifier: Apache-2.0 */
#include "net/shared_bytes.h"

#include <stdlib.h>

struct shared_bytes *shared_bytes_new(size_t len)
{
    struct shared_bytes *shared;

    if (len > SIZE_MAX - sizeof *shared)
        return NULL;
    shared = malloc(sizeof *shared + len);
    if (shared == NULL)
        return NULL;
    atomic_init(&shared->n_references, 1);
    shared->len = len;
    shared->data = shared->own;
    shared->lent_back = NULL;
    shared->context = NULL;
    return shared;
}

struct shared_bytes *shared_bytes_copy(struct bytes bytes)
{
    struct shared_bytes *shared = shared_bytes_new(bytes.len);

    if (shared && bytes.len)
        memcpy(shared->own, bytes.data, bytes.len);
    return shared;
}

struct shared_bytes *shared_bytes_over(struct bytes bytes, void (*lent_back)(void *context), void *context)
{
    struct shared_bytes *shared = shared_bytes_new(0);

    if (shared == NULL)
        return NULL;
    shared->data = bytes.data;
    shared->len = bytes.len;
    shared->lent_back = lent_back;
    shared->context = context;
    return shared;
}

struct shared_bytes *shared_bytes_take(struct shared_bytes *shared)
{
    atomic_fetch_add_explicit(&shared->n_references, 1, memory_order_relaxed);
    return shared;
}

void shared_bytes_release(struct shared_bytes *shared)
{
    /* Acquire and release: the thread that frees must see all reading done. */
    if (shared == NULL || atomic_fetch_sub_explicit(&shared->n_references, 1, memory_order_acq_rel) != 1)
        return;
    if (shared->lent_back)
        shared->lent_back(shared->context);
    free(shared);
}
