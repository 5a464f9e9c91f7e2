/* SPDX-License-Identifier: Apache-2.0 */
/*
 * people_fuzz - what strangers say of themselves and of where they are: hello, place, follow and bring, by
 * two guests of one link and a member; each line of the input is one message.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/http_fields.h"
#include "web/people.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void told(void *context, struct shared_bytes *frame)
{
    *(size_t *)context += frame->len;
}

static struct access access_of(enum access_kind kind, const char *person)
{
    struct access access = { .kind = kind, .scope = scope_of_all(), .expires_ns = INT64_MAX };

    access.role = kind == ACCESS_MEMBER ? ROLE_CONTROL : ROLE_VIEW;
    snprintf(access.person, sizeof access.person, "%s", person);
    snprintf(access.link, sizeof access.link, "%s", kind == ACCESS_LINK ? "link" : "");
    return access;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n_bytes = 0;
    struct people_seat seats[3] = { { .send = told, .context = &n_bytes },
                                    { .send = told, .context = &n_bytes },
                                    { .send = told, .context = &n_bytes } };
    const struct access access[3] = { access_of(ACCESS_MEMBER, "ann"), access_of(ACCESS_LINK, "bob"),
                                      access_of(ACCESS_LINK, "eve") };
    struct bytes rest = bytes_of(data, size), line;
    struct error error;
    struct loop *loop = loop_new(&error);
    struct people *people = loop ? people_new(loop, NULL, 1, &error) : NULL;
    unsigned turn = 0;

    assert(people);
    for (unsigned i = 0; i < 3; i++)
        people_sit(people, &seats[i], &access[i], NULL);
    while (http_list_next(&rest, '\n', &line)) {
        json_t *message = json_loadb((const char *)line.data, line.len, 0, NULL);
        const char *code, *words;
        struct people_seat *seat = &seats[turn++ % 3];

        if (message && json_object_get(message, "name"))
            people_rename(people, seat, message);
        if (message && !people_message(people, seat, message, &code, &words))
            assert(code && words);
        json_decref(message);
    }
    loop_turn(loop, 0, &error);
    for (unsigned i = 0; i < 3; i++)
        people_leave(people, &seats[i]);
    people_free(people);
    loop_free(loop);
    return 0;
}
