/* SPDX-License-Identifier: Apache-2.0 */
#include "base/option.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/timestamp.h"

enum {
    HELP_COLUMN_MOST = 30, /* an option whose name is wider has its help on the next line */
    WORD_BYTES = 80,
    FRACTION_MOST = 1000000, /* further digits of a size's fraction are dropped */
};

/* What --help shows when the table says nothing of -h and --help itself. */
static const struct option option_of_help = { 'h', "help", OPTION_FLAG, 0, NULL, "show this help" };

void text_list_clear(struct text_list *list)
{
    free(list->items);
    *list = (struct text_list) { 0 };
}

static bool text_list_add(struct text_list *list, const char *item)
{
    /* Grown at powers of two: n alone tells the room there is. */
    if ((list->n & (list->n - 1)) == 0) {
        uint32_t cap = list->n ? list->n * 2 : 1;
        const char **items = cap > list->n ? realloc(list->items, cap * sizeof *items) : NULL;

        if (items == NULL)
            return false;
        list->items = items;
    }
    list->items[list->n++] = item;
    return true;
}

bool size_parse(const char *text, uint64_t *size_bytes)
{
    static const char letters[] = "kmgtpe";
    uint64_t whole = 0, unit = 1, numerator = 0, denominator = 1; /* 1.25: whole 1, 25 / 100 */
    const char *letter;

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, (uint64_t)(*text - '0'), &whole))
            return false;
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++)
            if (denominator < FRACTION_MOST) {
                numerator = numerator * 10 + (uint64_t)(*text - '0');
                denominator *= 10;
            }
    letter = *text ? strchr(letters, *text | 0x20) : NULL;
    if (letter) {
        bool is_binary = text[1] == 'i';

        for (const char *l = letters; l <= letter; l++)
            unit *= is_binary ? 1024 : 1000;
        text += is_binary ? 2 : 1;
    }
    if (*text == 'B')
        text++;
    if (*text != '\0' || __builtin_mul_overflow(whole, unit, &whole) ||
        __builtin_add_overflow(whole, (uint64_t)((double)unit / (double)denominator * (double)numerator),
                               &whole))
        return false;
    *size_bytes = whole;
    return true;
}

static bool count_parse(const char *text, uint64_t *count)
{
    uint64_t result = 0;

    if (*text == '\0')
        return false;
    for (; *text; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(result, 10, &result) ||
            __builtin_add_overflow(result, (uint64_t)(*text - '0'), &result))
            return false;
    *count = result;
    return true;
}

/* The option as the user may have written it: "-A" or "--archive". */
static const char *option_spelling(const struct option *option, bool is_long, char word[static WORD_BYTES])
{
    if (is_long || option->letter == 0)
        snprintf(word, WORD_BYTES, "--%s", option->name);
    else
        snprintf(word, WORD_BYTES, "-%c", option->letter);
    return word;
}

static bool option_store(const struct option *option, const char *spelling, const char *text, void *settings,
                         struct error *error)
{
    void *member = (char *)settings + option->offset;

    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)member = true;
        return true;
    case OPTION_TEXT:
    case OPTION_TIME:
        *(const char **)member = text;
        return true;
    case OPTION_LIST:
        if (!text_list_add(member, text))
            return error_set(error, ERROR_SYSTEM, "%s: out of memory", spelling);
        return true;
    case OPTION_COUNT:
        if (!count_parse(text, member))
            return error_set(error, ERROR_USAGE, "%s \"%s\" is not a number; write digits only", spelling,
                             text);
        return true;
    case OPTION_SIZE:
        if (!size_parse(text, member))
            return error_set(error, ERROR_USAGE,
                             "%s \"%s\" is not a size; write 500, 10k, 64M, 2G, or 64Ki, 16Mi, 1Gi", spelling,
                             text);
        return true;
    case OPTION_DURATION:
        if (!duration_parse(text, member))
            return error_set(error, ERROR_USAGE,
                             "%s \"%s\" is not a span of time; write 250ms, 90s, 15m, 2h, 7d or 1h30m",
                             spelling, text);
        return true;
    case OPTION_END:
        break;
    }
    return error_set(error, ERROR_USAGE, "%s is declared without a kind", spelling);
}

static const struct option *find_letter(const struct option *options, char letter)
{
    for (; options->kind != OPTION_END; options++)
        if (options->letter == letter)
            return options;
    return NULL;
}

static const struct option *find_name(const struct option *options, const char *name, size_t len)
{
    for (; options->kind != OPTION_END; options++)
        if (options->name && strlen(options->name) == len && memcmp(options->name, name, len) == 0)
            return options;
    return NULL;
}

static bool unknown_name(const struct option *options, const char *name, size_t len, struct error *error)
{
    struct nearest nearest;

    nearest_init(&nearest, name, len);
    for (const struct option *o = options; o->kind != OPTION_END; o++)
        if (o->name)
            nearest_offer(&nearest, o->name);
    nearest_offer(&nearest, option_of_help.name);
    if (nearest_name(&nearest))
        return error_set(error, ERROR_USAGE, "unknown option --%.*s; did you mean --%s?",
                         (int)(len < 60 ? len : 60), name, nearest_name(&nearest));
    return error_set(error, ERROR_USAGE, "unknown option --%.*s", (int)(len < 60 ? len : 60), name);
}

struct parsing {
    const struct option *options;
    int argc, at; /* at: the word that is being read */
    char **argv;
    void *settings;
    struct error *error;
};

/* Stores with the value that stands in the same word, or else the next word. */
static bool option_take(struct parsing *p, const struct option *option, bool is_long, const char *attached)
{
    char spelling[WORD_BYTES];

    option_spelling(option, is_long, spelling);
    if (option->kind != OPTION_FLAG && attached == NULL) {
        if (p->at + 1 >= p->argc)
            return error_set(p->error, ERROR_USAGE, "%s wants %s behind it", spelling, option->argument);
        attached = p->argv[++p->at];
    }
    return option_store(option, spelling, attached, p->settings, p->error);
}

static enum option_result parse_long(struct parsing *p, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    const struct option *option = find_name(p->options, word, len);

    if (option == NULL) {
        if (len == strlen(option_of_help.name) && memcmp(word, option_of_help.name, len) == 0)
            return OPTION_HELP;
        unknown_name(p->options, word, len, p->error);
        return OPTION_WRONG;
    }
    if (option->kind == OPTION_FLAG && equals) {
        error_set(p->error, ERROR_USAGE, "--%s takes no value", option->name);
        return OPTION_WRONG;
    }
    return option_take(p, option, true, equals ? equals + 1 : NULL) ? OPTION_RUN : OPTION_WRONG;
}

static enum option_result parse_letters(struct parsing *p, const char *letters)
{
    for (; *letters; letters++) {
        const struct option *option = find_letter(p->options, *letters);

        if (option == NULL) {
            if (*letters == option_of_help.letter)
                return OPTION_HELP;
            error_set(p->error, ERROR_USAGE, "unknown option -%c", *letters);
            return OPTION_WRONG;
        }
        if (!option_take(p, option, false, letters[1] ? letters + 1 : NULL))
            return OPTION_WRONG;
        if (option->kind != OPTION_FLAG)
            break;
    }
    return OPTION_RUN;
}

enum option_result option_parse(const struct command *command, int argc, char **argv, void *settings,
                                struct text_list *operands, struct error *error)
{
    struct parsing p = { command->options, argc, 1, argv, settings, error };
    bool is_options_over = false;

    for (; p.at < argc; p.at++) {
        const char *word = argv[p.at];
        enum option_result result = OPTION_RUN;

        if (is_options_over || word[0] != '-' || word[1] == '\0') {
            if (!text_list_add(operands, word)) {
                error_set(error, ERROR_SYSTEM, "out of memory");
                return OPTION_WRONG;
            }
        } else if (word[1] != '-') {
            result = parse_letters(&p, word + 1);
        } else if (word[2] == '\0') {
            is_options_over = true;
        } else {
            result = parse_long(&p, word + 2);
        }
        if (result == OPTION_HELP)
            option_help(command, stdout);
        if (result != OPTION_RUN)
            return result;
    }
    return OPTION_RUN;
}

/* "  -A, --archive DIR" */
static int option_left_side(const struct option *option, char text[static WORD_BYTES])
{
    char letter[8] = "    ";

    if (option->letter)
        snprintf(letter, sizeof letter, "-%c%s", option->letter, option->name ? ", " : "");
    return snprintf(text, WORD_BYTES, "  %s%s%s%s%s", letter, option->name ? "--" : "",
                    option->name ? option->name : "", option->argument ? " " : "",
                    option->argument ? option->argument : "");
}

static void option_print(const struct option *option, int column, FILE *out)
{
    char left[WORD_BYTES];
    int n = option_left_side(option, left);

    fprintf(out, "%s", left);
    if (n > column - 2) {
        fputc('\n', out);
        n = 0;
    }
    fprintf(out, "%*s", column - n, "");
    for (const char *at = option->help; *at; at++) {
        fputc(*at, out);
        if (*at == '\n')
            fprintf(out, "%*s", column, "");
    }
    fputc('\n', out);
}

void option_help(const struct command *command, FILE *out)
{
    const struct option *options = command->options;
    int column = 0;
    char left[WORD_BYTES];
    bool has_letter = find_letter(options, option_of_help.letter) != NULL;
    struct option help = option_of_help;

    for (const struct option *o = options; o->kind != OPTION_END; o++) {
        int n = option_left_side(o, left) + 2;

        if (n > column && n <= HELP_COLUMN_MOST)
            column = n;
    }
    if (column < 16)
        column = 16;
    if (has_letter)
        help.letter = 0;

    fprintf(out, "tapdeck %s - %s\n\nusage: tapdeck %s%s%s\n\noptions:\n", command->name, command->summary,
            command->name, command->usage && *command->usage ? " " : "",
            command->usage ? command->usage : "");
    for (const struct option *o = options; o->kind != OPTION_END; o++)
        option_print(o, column, out);
    if (find_name(options, help.name, strlen(help.name)) == NULL)
        option_print(&help, column, out);
    if (command->notes)
        fprintf(out, "\n%s%s", command->notes,
                command->notes[strlen(command->notes) - 1] == '\n' ? "" : "\n");
}
