/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

unsigned edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    /* Three rows of the usual matrix: a swap looks two back. */
    unsigned rows[3][NEAREST_NAME_BYTES + 1];

    if (a_len > NEAREST_NAME_BYTES || b_len > NEAREST_NAME_BYTES)
        return UINT_MAX;
    for (unsigned j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            bool is_same = lower(a[i - 1]) == lower(b[j - 1]);

            row[j] = least(least(row[j - 1], above[j]) + 1, above[j - 1] + !is_same);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void nearest_init(struct nearest *nearest, const char *word, size_t len)
{
    *nearest = (struct nearest) { .word = word, .len = len, .distance = UINT_MAX };
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    size_t len = strlen(name);
    unsigned distance = edit_distance(nearest->word, nearest->len, name, len);

    /* Who stopped typing early, or copied the end of a dotted name, is near however much is missing. */
    if (nearest->len >= 3 && len > nearest->len &&
        (memcmp(name, nearest->word, nearest->len) == 0 ||
         memcmp(name + len - nearest->len, nearest->word, nearest->len) == 0))
        distance = least(distance, 2);
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = name;
    }
}

const char *nearest_name(const struct nearest *nearest)
{
    unsigned limit = nearest->len < 3 ? 1 : (unsigned)(nearest->len + 2) / 3;

    return nearest->distance <= limit ? nearest->best : NULL;
}
