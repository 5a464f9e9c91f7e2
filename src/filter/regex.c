/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    REGEX_STACK_BYTES = 40 * 1024, /* for one match without JIT; more and it fails */
    REGEX_MATCH_LIMIT = 100000,    /* steps of backtracking */
};

struct regex {
    struct regex *next;
    pcre2_code *code;
};

const struct regex *regex_compile(struct regex_list *list, struct bytes pattern, char *message,
                                  size_t message_cap)
{
    struct regex *regex = malloc(sizeof *regex);
    int code = 0;
    PCRE2_SIZE offset = 0;

    if (regex == NULL) {
        snprintf(message, message_cap, "no memory");
        return NULL;
    }
    /* \C would split characters of UTF-8, but subjects are bytes; nothing here is UTF. */
    regex->code =
        pcre2_compile(pattern.data, pattern.len, PCRE2_CASELESS | PCRE2_NEVER_UTF, &code, &offset, NULL);
    if (regex->code == NULL) {
        char reason[160];

        free(regex);
        pcre2_get_error_message(code, (PCRE2_UCHAR *)reason, sizeof reason);
        snprintf(message, message_cap, "%s (at byte %zu of the pattern)", reason, (size_t)offset);
        return NULL;
    }
    pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE); /* where it cannot, pcre2_match interprets */
    regex->next = list->first;
    list->first = regex;
    return regex;
}

void regex_list_clear(struct regex_list *list)
{
    while (list->first) {
        struct regex *regex = list->first;

        list->first = regex->next;
        pcre2_code_free(regex->code);
        free(regex);
    }
}

struct stack_memory {
    size_t used;
    _Alignas(16) uint8_t data[REGEX_STACK_BYTES];
};

static void *stack_take(size_t size, void *context)
{
    struct stack_memory *memory = context;
    void *piece = memory->data + memory->used;

    if (size > sizeof memory->data - memory->used - 15)
        return NULL;
    memory->used = (memory->used + size + 15) & ~(size_t)15;
    return piece;
}

static void stack_give(void *piece, void *context)
{
    (void)piece; /* all of it goes when the match returns */
    (void)context;
}

bool regex_match(const struct regex *regex, struct bytes subject, bool *is_cut)
{
    struct stack_memory memory;
    pcre2_general_context *general;
    pcre2_match_context *limits;
    pcre2_match_data *data;
    int result;

    memory.used = 0;
    general = pcre2_general_context_create(stack_take, stack_give, &memory);
    limits = general ? pcre2_match_context_create(general) : NULL;
    data = limits ? pcre2_match_data_create(1, general) : NULL;
    if (data == NULL) {
        *is_cut = true;
        return false;
    }
    pcre2_set_match_limit(limits, REGEX_MATCH_LIMIT);
    result = pcre2_match(regex->code, subject.data ? subject.data : (const uint8_t *)"", subject.len, 0, 0,
                         data, limits);
    *is_cut |= result < 0 && result != PCRE2_ERROR_NOMATCH;
    return result >= 0;
}
