#include "sentinel/shell/classic_state.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "sentinel/shell/store.h"
#include "sentinel/shell/store_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char ID_FILE[] = "ffffffffffffffffffffffffffffffffffffffff";
static const char ID_PEER[] = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";

struct fixture {
    char folder[32];
    struct store *store;
    struct state file; /* what the file's state lines say */
};

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    snprintf(f->folder, sizeof(f->folder), "/tmp/vedette-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    struct store_place place;
    store_place_in(&place, f->folder);
    struct buf why = BUF_INIT;
    f->store = store_open(&place, &why);
    assert_string_equal(buf_text(&why), "");
    buf_fini(&why);
    store_place_fini(&place);
    state_init(&f->file);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    store_close(f->store);
    state_fini(&f->file);
    char command[64];
    snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of our own */
    return 0;
}

static struct delta group(uint64_t config_epoch, uint64_t vote_epoch, const char *vote_for) {
    struct delta d = {
        .kind = DELTA_GROUP,
        .group = slice_of("g"),
        .record = { .config_epoch = config_epoch, .vote_epoch = vote_epoch },
    };
    slice_copy(slice_of(vote_for), d.record.vote_for, sizeof(d.record.vote_for));
    return d;
}

static void what_the_file_knows_is_taken_over_at_first(void **state) {
    struct fixture *f = *state;
    struct endpoint replica, peer;
    endpoint_parse(SLICE_LITERAL("10.0.0.2:6379"), &replica);
    endpoint_parse(SLICE_LITERAL("10.0.0.3:26379"), &peer);
    struct delta deltas[] = {
        { .kind = DELTA_EPOCH, .epoch = 12 },
        group(5, 6, ""),
        { .kind = DELTA_REPLICA, .group = slice_of("g"), .address = replica },
        { .kind = DELTA_PEER, .group = slice_of("g"), .id = slice_of(ID_PEER), .address = peer },
    };
    for (size_t i = 0; i < ARRAY_SIZE(deltas); i++)
        state_apply(&f->file, &deltas[i]);
    memcpy(f->file.id, ID_FILE, sizeof(ID_FILE));
    classic_state_take(f->store, &f->file);
    assert_true(store_commit(f->store));
    state_listing(&f->file, f->file.listing);
    assert_true(state_equal(store_state(f->store), &f->file));
}

static void without_an_id_in_the_file_ours_stays(void **state) {
    struct fixture *f = *state;
    char id[ID_SIZE];
    memcpy(id, store_state(f->store)->id, sizeof(id));
    classic_state_take(f->store, &f->file);
    assert_string_equal(store_state(f->store)->id, id);
}

static void epochs_and_votes_never_fall(void **state) {
    struct fixture *f = *state;
    static const struct {
        uint64_t known_config, known_vote, file_config, file_vote, config, vote;
        const char *vote_for;
    } cases[] = {
        { 5, 6, 5, 6, 5, 6, "known" },
        { 5, 6, 4, 5, 5, 6, "known" },
        { 5, 6, 7, 5, 7, 6, "known" },
        { 5, 6, 4, 8, 5, 8, "file" },
        { 5, 6, 9, 9, 9, 9, "file" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct delta known[] = {
            { .kind = DELTA_EPOCH, .epoch = 10 },
            group(cases[i].known_config, cases[i].known_vote, "known"),
        };
        store_add(f->store, known, ARRAY_SIZE(known));
        struct delta file = group(cases[i].file_config, cases[i].file_vote, "file");
        state_apply(&f->file, &file);
        f->file.current_epoch = 9 + i;
        classic_state_take(f->store, &f->file);
        assert_true(store_commit(f->store));
        const struct state *s = store_state(f->store);
        const struct group_record *r = &state_group(s, slice_of("g"))->record;
        assert_int_equal(s->current_epoch, MAX_OF(10, 9 + i));
        assert_int_equal(r->config_epoch, cases[i].config);
        assert_int_equal(r->vote_epoch, cases[i].vote);
        assert_string_equal(r->vote_for, cases[i].vote_for);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_the_file_knows_is_taken_over_at_first),
        TEST(without_an_id_in_the_file_ours_stays),
        TEST(epochs_and_votes_never_fall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
