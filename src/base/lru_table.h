/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lru_table - a hash table of bounded size for what strangers' traffic makes us remember: keys and values of
 * fixed sizes, hashed with a seed; when it is full, the entry untouched for longest is let go, and counted.
 *
 * Grows with use up to its limit. Values stay where they are for as long as their entry lives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lru_table;

struct lru_table_options {
    size_t key_bytes; /* compared and hashed whole: no padding */
    size_t value_bytes;
    uint32_t limit; /* entries */
    uint64_t hash_seed;
    void (*let_go)(void *context, const void *key, void *value); /* frees what a value owns; may be NULL */
    void *context;
};

struct lru_table *lru_table_new(const struct lru_table_options *options); /* NULL without memory */
void lru_table_free(struct lru_table *table);

/* The value of a key, now the most recently used; NULL when it is not there. */
void *lru_table_find(struct lru_table *table, const void *key);

/* The same, made (zeroed) when it is not there; *is_new, if not NULL, tells. NULL without memory. */
void *lru_table_put(struct lru_table *table, const void *key, bool *is_new);

/* Forgets a key; let_go is called. */
void lru_table_remove(struct lru_table *table, const void *key);

uint32_t lru_table_count(const struct lru_table *table);
uint64_t lru_table_forgotten(const struct lru_table *table); /* let go for want of room */
