/* What every unit test needs: cmocka with the headers it wants to see first, and slices compared.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/slice.h"

/* Compares bytes, and names the line of the test when they differ. */
#define assert_slice_equal(got, expected) \
    do { \
        struct slice got_ = (got), expected_ = (expected); \
        if (!slice_equal(got_, expected_)) \
            fail_msg("got \"" SLICE_FMT "\" (%zu bytes), expected \"" SLICE_FMT "\"", \
                SLICE_ARG(got_), got_.size, SLICE_ARG(expected_)); \
    } while (0)

#define assert_slice(got, text) assert_slice_equal(got, slice_of(text))
