/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/external.h"

#include "base/number_set.h"

#include <stdlib.h>

struct external_answers {
    struct number_set sets[EXTERNAL_TESTS];
};

struct external_answers *external_answers_new(void)
{
    return calloc(1, sizeof(struct external_answers));
}

void external_answers_free(struct external_answers *answers)
{
    if (answers == NULL)
        return;
    for (uint32_t i = 0; i < EXTERNAL_TESTS; i++)
        number_set_clear(&answers->sets[i]);
    free(answers);
}

bool external_answers_put(struct external_answers *answers, uint32_t test, uint64_t packet)
{
    return test < EXTERNAL_TESTS && number_set_add(&answers->sets[test], packet);
}

bool external_answers_find(const struct external_answers *answers, uint32_t test, uint64_t packet)
{
    return test < EXTERNAL_TESTS && number_set_has(&answers->sets[test], packet);
}
