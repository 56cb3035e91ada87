/* A recording that may be anything: read, written again and replayed. That of an engine that ran is
 * made by fuzz_inputs.c, where it has to replay the same. */
#include "tests/fuzz/replayed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    (void)replayed(fuzz_slice(data, size));
    return 0;
}
