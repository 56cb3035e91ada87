#include "config/keys.h"

#include "common/buf.h"
#include "common/mem.h"
#include "common/secret.h"
#include "config/value.h"

#include <string.h>

static bool check_key(struct slice key, size_t line, struct buf *why) {
    if (key.size >= KEY_SIZE_MIN && key.size <= KEY_SIZE_MAX && !value_has_control(key))
        return true;
    if (value_has_control(key))
        buf_printf(why, "line %zu must not contain control characters", line);
    else
        buf_printf(why, "line %zu must have %d to %d bytes", line, KEY_SIZE_MIN, KEY_SIZE_MAX);
    return false;
}

/* Copies the keys to `out`, which has room for the text. */
static bool collect(struct slice text, char *out, size_t *ret_size, struct buf *why) {
    size_t count = 0, size = 0;
    for (size_t line = 1; text.data != NULL; line++) {
        struct slice key = slice_trim(slice_cut(&text, '\n'));
        if (key.size == 0 || key.data[0] == '#')
            continue;
        if (!check_key(key, line, why))
            return false;
        if (++count > KEYS_MAX) {
            buf_printf(why, "must not hold more than %d secrets", KEYS_MAX);
            return false;
        }
        if (size > 0)
            out[size++] = '\n';
        memcpy(out + size, key.data, key.size);
        size += key.size;
    }
    if (count == 0)
        buf_add_text(why, "must hold a secret");
    *ret_size = size;
    return count > 0;
}

bool keys_read(struct slice text, struct secret *ret, struct buf *why) {
    char *keys = mem_alloc(text.size + 1);
    size_t size = 0;
    bool valid = collect(text, keys, &size, why);
    if (valid)
        secret_set(ret, (struct slice){ .data = keys, .size = size });
    explicit_bzero(keys, text.size + 1);
    mem_free(keys);
    return valid;
}
