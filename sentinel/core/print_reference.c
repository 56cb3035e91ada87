/* Prints docs/events.md. Run by scripts/generate. */
#include "common/buf.h"
#include "sentinel/core/reference.h"

#include <stdio.h>

int main(void) {
    struct buf text = BUF_INIT;
    event_reference(&text);
    size_t size = buf_size(&text);
    bool written = fwrite(buf_text(&text), 1, size, stdout) == size && fflush(stdout) == 0;
    buf_fini(&text);
    return written ? 0 : 1;
}
