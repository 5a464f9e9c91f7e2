/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate - the certificate that a server signs for itself, kept beside the archive (serve.pem, 0600): so
 * that people compare its fingerprint once, and not after each start.
 */
#pragma once

#include "net/tls.h"

enum { CERTIFICATE_RENEW_DAYS = 14 }; /* one that ends sooner is made anew */

/*
 * Takes the one of that directory, or makes it. names: hosts and addresses it stands for, when it is made.
 * *is_kept false: it could not be written, and lasts as long as the process. NULL with *error set.
 */
struct tls *certificate_open(const char *directory, const char *const *names, size_t n_names, int64_t now_s,
                             bool *is_kept, struct error *error);
