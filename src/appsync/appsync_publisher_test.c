/* SPDX-License-Identifier: Apache-2.0 */
#include "appsync/appsync_publisher.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* An HTTP server for one connection at a time, that answers as it is told: a status a request. */
struct api {
    int listener;
    pthread_t thread;
    char url[64];
    int statuses[32]; /* of the first requests; 0: 200 with all taken */
    unsigned n_requests;
    char bodies[32][1024];
    char head[1024]; /* of the last one */
};

static void copy_text(char *to, size_t to_bytes, const char *text)
{
    size_t len = strlen(text);

    if (len >= to_bytes)
        len = to_bytes - 1;
    memcpy(to, text, len);
    to[len] = '\0';
}

static bool read_request(int fd, char *head, size_t head_bytes, char *body, size_t body_bytes)
{
    char text[4096];
    size_t len = 0, wanted = 0;
    char *end = NULL;

    while (end == NULL || len < wanted) {
        ssize_t n = read(fd, text + len, sizeof text - 1 - len);

        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
        end = strstr(text, "\r\n\r\n");
        if (end) {
            char *length = strcasestr(text, "content-length:");

            wanted = (size_t)(end + 4 - text) + (length ? strtoul(length + 15, NULL, 10) : 0);
        }
    }
    *end = '\0';
    copy_text(head, head_bytes, text);
    copy_text(body, body_bytes, end + 4);
    return true;
}

static void *serve(void *context)
{
    struct api *api = context;

    for (;;) {
        int fd = accept(api->listener, NULL, NULL);

        if (fd < 0)
            return NULL;
        while (read_request(fd, api->head, sizeof api->head, api->bodies[api->n_requests % 32],
                            sizeof *api->bodies)) {
            int status = api->statuses[api->n_requests++ % 32];
            const char *body = status == 0   ? "{\"failed\":[],\"successful\":[]}"
                               : status == 1 ? "{\"failed\":[{\"index\":0}],\"successful\":[]}"
                                             : "{\"errors\":[{\"errorType\":\"X\"}]}";

            dprintf(fd, "HTTP/1.1 %d X\r\ncontent-length: %zu\r\n\r\n%s", status < 2 ? 200 : status,
                    strlen(body), body);
        }
        close(fd);
    }
}

static void api_start(struct api *api)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;

    api->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(api->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(api->listener, 8), 0);
    getsockname(api->listener, (struct sockaddr *)&address, &len);
    snprintf(api->url, sizeof api->url, "http://127.0.0.1:%u/event", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&api->thread, NULL, serve, api), 0);
}

static void api_stop(struct api *api)
{
    shutdown(api->listener, SHUT_RDWR);
    pthread_join(api->thread, NULL);
    close(api->listener);
}

static struct appsync_publisher *publisher_of(const char *url, size_t queue_bytes)
{
    struct appsync_publisher_options options = { .url = url,
                                                 .key = "da2-key",
                                                 .queue_bytes = queue_bytes,
                                                 .first_pause_ns = 1000000,
                                                 .batch_wait_ms = 20 };
    struct error error;
    struct appsync_publisher *publisher = appsync_publisher_new(&options, &error);

    if (publisher == NULL)
        fail_msg("%s", error.text);
    return publisher;
}

static void put(struct appsync_publisher *publisher, const char *channel_name, unsigned number)
{
    struct appsync_channel channel;
    char text[32];

    assert_true(appsync_channel_parse(bytes_text(channel_name), false, &channel));
    snprintf(text, sizeof text, "{\"n\":%u}", number);
    appsync_publisher_put(publisher, &channel, bytes_text(text));
}

static void events_arrive_in_order_in_batches_of_five(void **state)
{
    struct api *api = calloc(1, sizeof *api);
    struct appsync_publisher *publisher;
    struct appsync_publisher_statistics statistics;
    unsigned n = 0;

    (void)state;
    api_start(api);
    publisher = publisher_of(api->url, 0);
    for (unsigned i = 0; i < 23; i++)
        put(publisher, "/packets/capture", i);
    put(publisher, "/packets/other", 23);
    appsync_publisher_close(publisher, 20000, &statistics);
    api_stop(api);

    assert_int_equal(statistics.n_put, 24);
    assert_int_equal(statistics.n_published, 24);
    assert_int_equal(statistics.n_dropped_queue + statistics.n_dropped_failed + statistics.n_waiting, 0);
    assert_non_null(strcasestr(api->head, "\r\nx-api-key: da2-key\r\n"));
    assert_memory_equal(api->head, "POST /event HTTP/1.1", 20);
    assert_true(api->n_requests >= 6 && api->n_requests <= 12); /* most of them full */
    for (unsigned i = 0; i < api->n_requests; i++) {
        json_t *body = json_loads(api->bodies[i], 0, NULL), *events = json_object_get(body, "events");

        assert_in_range(json_array_size(events), 1, 5);
        for (size_t k = 0; k < json_array_size(events); k++) {
            char text[32];

            snprintf(text, sizeof text, "{\"n\":%u}", n++);
            assert_string_equal(json_string_value(json_array_get(events, k)), text);
            assert_string_equal(json_string_value(json_object_get(body, "channel")),
                                n <= 23 ? "/packets/capture" : "/packets/other");
        }
        json_decref(body);
    }
    assert_int_equal(n, 24);
    free(api);
}

static void what_may_pass_is_tried_again_and_what_is_refused_is_counted(void **state)
{
    struct api *api = calloc(1, sizeof *api);
    struct appsync_publisher *publisher;
    struct appsync_publisher_statistics statistics;

    (void)state;
    api->statuses[0] = 503;
    api->statuses[1] = 429; /* the third time it is taken */
    api->statuses[3] = 401;
    api->statuses[4] = 1; /* one of the events is not taken */
    api_start(api);
    publisher = publisher_of(api->url, 0);
    for (unsigned i = 0; i < 15; i++)
        put(publisher, "/packets/capture", i);
    appsync_publisher_close(publisher, 20000, &statistics);
    api_stop(api);
    assert_int_equal(api->n_requests, 5);
    assert_string_equal(api->bodies[0], api->bodies[2]);
    assert_int_equal(statistics.n_retries, 2);
    assert_int_equal(statistics.n_published, 9);
    assert_int_equal(statistics.n_dropped_failed, 6);
    free(api);
}

static void without_anybody_there_it_gives_up_and_says_why(void **state)
{
    struct appsync_publisher *publisher = publisher_of("http://127.0.0.1:1/event", 0);
    struct appsync_publisher_statistics statistics;

    (void)state;
    put(publisher, "/packets/capture", 0);
    do {
        usleep(5000);
        appsync_publisher_statistics(publisher, &statistics);
    } while (statistics.n_waiting > 0);
    assert_int_equal(statistics.n_requests, APPSYNC_PUBLISHER_TRIES);
    assert_int_equal(statistics.n_dropped_failed, 1);
    assert_non_null(strstr(statistics.trouble, "connect"));
    appsync_publisher_close(publisher, 0, NULL);
}

static void what_finds_no_room_is_dropped_and_counted(void **state)
{
    struct appsync_publisher *publisher = publisher_of("http://127.0.0.1:1/event", 2048);
    struct appsync_publisher_statistics statistics;

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        put(publisher, "/packets/capture", i);
    appsync_publisher_close(publisher, 0, &statistics);
    assert_int_equal(statistics.n_put, 100);
    assert_true(statistics.n_dropped_queue > 50);
    assert_int_equal(statistics.n_dropped_queue + statistics.n_dropped_failed, 100);
}

static void an_address_without_tls_is_for_this_machine_only(void **state)
{
    struct appsync_publisher_options options = { .url = "http://example.org/event", .key = "k" };
    struct error error;

    (void)state;
    assert_null(appsync_publisher_new(&options, &error));
    assert_non_null(strstr(error.text, "https://"));
    options.url = "http://127.0.0.1.example.org/event";
    assert_null(appsync_publisher_new(&options, &error));
    options.url = "https://example.org/event";
    options.key = "";
    assert_null(appsync_publisher_new(&options, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_arrive_in_order_in_batches_of_five),
        cmocka_unit_test(what_may_pass_is_tried_again_and_what_is_refused_is_counted),
        cmocka_unit_test(without_anybody_there_it_gives_up_and_says_why),
        cmocka_unit_test(what_finds_no_room_is_dropped_and_counted),
        cmocka_unit_test(an_address_without_tls_is_for_this_machine_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
