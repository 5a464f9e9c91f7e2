/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>

static atomic_bool stop_asked;
static atomic_bool rotate_asked;

static void on_stop(int number)
{
    struct sigaction again = { .sa_handler = SIG_DFL };

    atomic_store(&stop_asked, true);
    sigaction(number, &again, NULL);
}

static void on_rotate(int number)
{
    (void)number;
    atomic_store(&rotate_asked, true);
}

void signals_listen(void)
{
    struct sigaction stop = { .sa_handler = on_stop }, rotate = { .sa_handler = on_rotate };

    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, &rotate, NULL);
}

const atomic_bool *signals_stop(void)
{
    return &stop_asked;
}

bool signals_take_rotate(void)
{
    return atomic_exchange(&rotate_asked, false);
}
