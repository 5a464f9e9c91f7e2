/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem - an error as a client reads it: application/problem+json, RFC 9457; or as a person does, who came
 * to an address by himself.
 */
#pragma once

#include "base/buffer.h"

#define PROBLEM_CONTENT_TYPE "application/problem+json"

/* {"type":"about:blank","title":"Not Found","status":404,"code":code,"detail":detail} */
bool problem_put(struct buffer *out, unsigned status, const char *code, const char *detail);

/* A page of HTML with the same words, and a way on. */
bool problem_put_page(struct buffer *html, unsigned status, const char *detail);
