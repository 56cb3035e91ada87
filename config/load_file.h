/* Reads files that the user or a configuration names. It never waits for anybody. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

#define CONFIG_FILE_MAX (16 * 1024 * 1024) /* bytes */

enum { LOAD_FILE_E_KIND = 1 };

/* Reads the file at `path` whole, at most CONFIG_FILE_MAX: 0 or negative errno, -EFBIG beyond.
 * Outcomes: LOAD_FILE_E_KIND: no regular file; the content of others may never come. */
int load_file(const char *path, struct slice *ret_text); /* ret_text->data owned: mem_free */
const char *load_file_why(int error);                    /* for people; error != 0 */
