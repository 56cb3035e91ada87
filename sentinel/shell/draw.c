#include "sentinel/shell/draw.h"

#include "common/ensure.h"

#include <errno.h>
#include <sys/random.h>

static void draw(void *bytes, size_t size) {
    ssize_t n;
    do
        n = getrandom(bytes, size, 0); /* up to 256 bytes come whole */
    while (n < 0 && errno == EINTR);
    ensure(n == (ssize_t)size);
}

void draw_bytes(void *bytes, size_t size) {
    for (size_t at = 0; at < size; at += 256)
        draw((char *)bytes + at, MIN_OF(size - at, (size_t)256));
}

void draw_id(char ret_id[static ID_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[ID_LENGTH / 2];
    draw(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        ret_id[2 * i] = digits[bytes[i] >> 4];
        ret_id[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_id[ID_LENGTH] = '\0';
}

uint64_t draw_seed(void) {
    uint64_t seed;
    draw(&seed, sizeof(seed));
    return seed;
}
