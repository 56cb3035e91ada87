/* A recording played back as `vedette --replay` does. */
#pragma once

#include "tests/fuzz/fuzz.h"

#define REPLAYED_INPUTS_MAX 2000

enum replayed {
    REPLAYED_SAME,    /* up to its end, and all was as recorded */
    REPLAYED_OPEN,    /* as recorded so far, and then it breaks off */
    REPLAYED_DIFFERS, /* or is no recording */
};

/* Every record that can be read is also written, and reads back the same. */
enum replayed replayed(struct slice bytes);
