/* SPDX-License-Identifier: Apache-2.0 */
#include "web/pin_sweeper.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/timestamp.h"
#include "web/job_pool.h"
#include "web/pins.h"
#include "web/site.h"

enum { AFTER_MS = 2000 /* behind the last moment to undo */ };

struct pin_sweeper {
    struct site *site;
    struct loop_timer timer;
};

/* In a worker: the site's directory stays what it is. */
static void sweep(struct job *job, void *context)
{
    const struct pin_sweeper *sweeper = context;
    struct error error;

    (void)job;
    if (!pins_forget(sweeper->site->archive, timestamp_now(), &error))
        log_write(LEVEL_WARNING, "pins that were taken away are not deleted: %s", error.text);
}

static void swept(void *context)
{
    (void)context; /* the site's own */
}

static void begin(void *context)
{
    struct pin_sweeper *sweeper = context;

    if (job_start(sweeper->site->jobs, NULL, sweep, sweeper, swept) == NULL)
        pin_sweeper_expect(sweeper); /* too much to do just now */
}

void pin_sweeper_expect(struct pin_sweeper *sweeper)
{
    if (sweeper)
        loop_timer_set(sweeper->site->loop, &sweeper->timer,
                       loop_now_ns(sweeper->site->loop) + PIN_UNDO_NS + AFTER_MS * (NS_PER_SECOND / 1000));
}

struct pin_sweeper *pin_sweeper_new(struct site *site, struct error *error)
{
    struct pin_sweeper *sweeper = calloc(1, sizeof *sweeper);

    if (sweeper == NULL) {
        error_system(error, "pins");
        return NULL;
    }
    sweeper->site = site;
    sweeper->timer = (struct loop_timer) { .fire = begin, .context = sweeper };
    if (loop_timer_add(site->loop, &sweeper->timer, error)) {
        pin_sweeper_expect(sweeper);
        return sweeper;
    }
    free(sweeper);
    return NULL;
}

void pin_sweeper_free(struct pin_sweeper *sweeper)
{
    if (sweeper == NULL)
        return;
    loop_timer_remove(sweeper->site->loop, &sweeper->timer);
    free(sweeper);
}
