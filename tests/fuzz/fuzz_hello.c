/* Hellos, a line each: what is read prints as a hello that says the same. */
#include "common/buf.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/seal.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void print(const struct hello *h, struct buf *out) {
    buf_printf(out, "%s,%u," SLICE_FMT ",%llu,", h->sentinel.host, (unsigned)h->sentinel.port,
        SLICE_ARG(h->id), (unsigned long long)h->current_epoch);
    buf_add_slice(out, h->group);
    buf_printf(out, ",%s,%u,%llu", h->master.host, (unsigned)h->master.port,
        (unsigned long long)h->config_epoch);
    if (h->is_signed) {
        buf_printf(out, "," SIGNED_TAG ",%llu,", (unsigned long long)h->counter);
        buf_add_slice(out, h->seal); /* any bytes */
    }
}

/* What the seal is over is all before it, so that nothing of the line is said without it. */
static void check_signature(const struct hello *h, struct slice line) {
    fuzz_check(h->counter > 0 && h->counter <= INT64_MAX);
    fuzz_check(h->seal.size == SEAL_SIZE);
    fuzz_check(h->sealed.data == line.data);
    fuzz_check(h->sealed.size + h->seal.size == line.size);
    fuzz_check(h->sealed.data[h->sealed.size - 1] == ',');
}

static void check_endpoint(const struct endpoint *e) {
    fuzz_check(memchr(e->host, '\0', sizeof(e->host)) != NULL);
    fuzz_check(e->host[0] != '\0');
    fuzz_check(e->port > 0);
}

static void check_line(struct slice line) {
    struct hello h, again;
    struct buf printed = BUF_INIT;
    if (!hello_parse(line, &h))
        return;
    check_endpoint(&h.sentinel);
    if (h.master_is_valid)
        check_endpoint(&h.master);
    fuzz_check(id_is_plausible(h.id));
    fuzz_check(h.current_epoch <= INT64_MAX);
    fuzz_check(h.config_epoch <= INT64_MAX);
    if (h.is_signed)
        check_signature(&h, line);
    print(&h, &printed);
    fuzz_check(hello_parse(buf_slice(&printed), &again));
    fuzz_check(endpoint_equal(&h.sentinel, &again.sentinel));
    fuzz_check(slice_equal(h.id, again.id));
    fuzz_check(h.current_epoch == again.current_epoch);
    fuzz_check(slice_equal(h.group, again.group));
    fuzz_check(h.master_is_valid == again.master_is_valid);
    if (h.master_is_valid)
        fuzz_check(endpoint_equal(&h.master, &again.master));
    fuzz_check(h.config_epoch == again.config_epoch);
    fuzz_check(h.is_signed == again.is_signed && h.counter == again.counter);
    fuzz_check(slice_equal(h.seal, again.seal));
    buf_fini(&printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_bytes bytes = { .data = data, .size = size };
    while (bytes.size > 0)
        check_line(fuzz_part(&bytes, '\n'));
    return 0;
}
