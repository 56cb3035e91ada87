/* INFO of a server: what is read is within bounds, lies in the text, and does not depend on how
 * lines end; and a text that is kept comes back as it was. */
#include "common/buf.h"
#include "sentinel/core/info.h"
#include "sentinel/core/info_text.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_within(struct slice part, struct slice text) {
    if (part.size > 0)
        fuzz_check(part.data >= text.data && part.data + part.size <= text.data + text.size);
}

static void check_endpoint(const struct endpoint *e) {
    struct endpoint again;
    fuzz_check(e->port > 0);
    fuzz_check(memchr(e->host, '\0', sizeof(e->host)) != NULL);
    fuzz_check(e->host[0] != '\0');
    fuzz_check(endpoint_make(slice_of(e->host), e->port, &again));
    fuzz_check(endpoint_equal(e, &again));
}

static void check_info(const struct info *info, struct slice text) {
    check_within(info->run_id, text);
    check_within(info->master_host, text);
    check_within(info->failover, text);
    fuzz_check(info->run_id.size == 0 || info->run_id.size == ID_LENGTH);
    fuzz_check(info->replica_count <= INFO_REPLICAS_MAX);
    for (size_t i = 0; i < info->replica_count; i++)
        check_endpoint(&info->replicas[i]);
}

static void check_same(const struct info *a, const struct info *b) {
    fuzz_check(slice_equal(a->run_id, b->run_id));
    fuzz_check(a->role == b->role);
    fuzz_check(a->link_down_ms == b->link_down_ms);
    fuzz_check(slice_equal(a->master_host, b->master_host));
    fuzz_check(a->has_master_port == b->has_master_port);
    fuzz_check(slice_equal(a->failover, b->failover));
    fuzz_check(a->replica_count == b->replica_count);
    for (size_t i = 0; i < a->replica_count; i++)
        fuzz_check(endpoint_equal(&a->replicas[i], &b->replicas[i]));
}

/* The lines with the other end: \r\n where there was \n. Those that end so already stay. */
static void change_ends(struct slice text, struct buf *out) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\n' && (i == 0 || text.data[i - 1] != '\r'))
            buf_add_char(out, '\r');
        buf_add_char(out, text.data[i]);
    }
}

static void check_kept(struct info_texts *all, struct info_text *t, struct slice text) {
    struct buf back = BUF_INIT;
    fuzz_check(info_text_keep(all, t, text, SIZE_MAX));
    info_text_add(t, &back);
    fuzz_check(slice_equal(buf_slice(&back), text));
    buf_fini(&back);
}

/* Texts of which each may be the template of the next: the whole, its halves as they were, and
 * these swapped. */
static void check_keeping(struct slice text) {
    struct info_texts all = { .held = 0 };
    struct info_text kept[4] = { { .base = NULL } };
    struct slice halves[] = { slice_sub(text, 0, text.size / 2),
        slice_sub(text, text.size / 2, text.size) };
    struct buf swapped = BUF_INIT;
    buf_add_slice(&swapped, halves[1]);
    buf_add_slice(&swapped, halves[0]);
    check_kept(&all, &kept[0], text);
    check_kept(&all, &kept[1], buf_slice(&swapped));
    check_kept(&all, &kept[2], halves[0]);
    check_kept(&all, &kept[3], halves[1]);
    check_kept(&all, &kept[0], buf_slice(&swapped));
    for (size_t i = 0; i < 4; i++)
        info_text_drop(&all, &kept[i]);
    fuzz_check(all.held == 0);
    info_texts_fini(&all);
    buf_fini(&swapped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct info info, again; /* large */
    struct slice text = fuzz_slice(data, size);
    struct buf changed = BUF_INIT;
    info_parse(text, &info);
    check_info(&info, text);
    change_ends(text, &changed);
    info_parse(buf_slice(&changed), &again);
    check_info(&again, buf_slice(&changed));
    check_same(&info, &again);
    check_keeping(text);
    buf_fini(&changed);
    return 0;
}
