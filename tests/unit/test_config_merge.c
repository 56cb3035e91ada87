#include "config/merge.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/digest.h"
#include "config/diag.h"
#include "config/load.h"
#include "config/option.h"

#include <string.h>

/* A file, a state and what became of them. */
struct scene {
    struct settings file;
    struct state state;
    struct plan plan;
    struct diag diag;
};

static void begin(struct scene *s) {
    settings_init(&s->file);
    state_init(&s->state);
    plan_init(&s->plan);
    diag_init(&s->diag, "f");
}

static void end(struct scene *s) {
    settings_fini(&s->file);
    state_fini(&s->state);
    plan_fini(&s->plan);
    diag_fini(&s->diag);
}

/* Replaces the file by one with these groups, as YAML has them. */
static void write_file(struct scene *s, const char *groups) {
    struct buf text = BUF_INIT;
    buf_printf(&text, "groups:\n%s", groups);
    settings_fini(&s->file);
    assert_true(load_yaml(buf_slice(&text), &s->file, &s->diag));
    buf_fini(&text);
}

static struct endpoint endpoint(const char *text) {
    struct endpoint e;
    assert_true(endpoint_parse(slice_of(text), &e));
    return e;
}

static struct group_record *know(struct scene *s, const char *group, enum group_origin origin,
    const char *seed, const char *at) {
    struct delta d = {
        .kind = DELTA_GROUP,
        .group = slice_of(group),
        .record = { .origin = origin, .seed = endpoint(seed), .master = endpoint(at) },
    };
    state_apply(&s->state, &d);
    return &state_group(&s->state, d.group)->record;
}

static void override(struct scene *s, const char *group, const char *option, const char *value,
    const char *file_value) {
    struct delta d = {
        .kind = DELTA_OVERRIDE,
        .group = slice_of(group),
        .option = slice_of(option),
        .value = slice_of(value),
        .file_value = slice_of(file_value),
    };
    state_apply(&s->state, &d);
}

static bool merge(struct scene *s, enum merge_style style) {
    plan_fini(&s->plan);
    return config_merge(&s->file, &s->state, style, &s->plan, &s->diag);
}

static const struct plan_group *planned(const struct scene *s, const char *name) {
    for (size_t i = 0; i < s->plan.group_count; i++) {
        if (strcmp(s->plan.groups[i].active.name, name) == 0)
            return &s->plan.groups[i];
    }
    return NULL;
}

static void assert_master(const struct scene *s, const char *group, const char *address) {
    char text[ENDPOINT_TEXT_MAX];
    const struct plan_group *g = planned(s, group);
    assert_non_null(g);
    assert_string_equal(endpoint_text(&g->active.master, text), address);
}

static void assert_refused(const struct scene *s, const char *expected) {
    struct buf out = BUF_INIT;
    diag_print(&s->diag, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_fini(&out);
    assert_int_equal(s->plan.group_count, 0);
}

static void a_first_start_takes_the_file_as_it_is(void **state) {
    struct scene s;
    begin(&s);
    write_file(&s,
        "  two: {master: '10.0.0.2:1', quorum: 3}\n"
        "  one: {master: '10.0.0.1:1', quorum: 2, down_after: 5s}\n");
    assert_true(merge(&s, MERGE_YAML));
    assert_int_equal(s.plan.group_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct plan_group *g = &s.plan.groups[i];
        assert_int_equal(g->origin, GROUP_FROM_FILE);
        assert_true(group_settings_equal(&g->file, &s.file.groups[i]));
        assert_true(group_settings_equal(&g->active, &g->file));
    }
    assert_string_equal(s.plan.groups[0].active.name, "two");
    assert_int_equal(s.plan.dropped_count + s.plan.unhidden_count, 0);
    end(&s);
}

static void overrides_of_the_process_hold_and_give_way_as_those_of_a_group(void **state) {
    struct scene s;
    begin(&s);
    s.file.log_level = LOG_VERBOSE;
    secret_set(&s.file.peer_password, SLICE_LITERAL("old"));
    override(&s, "", "log.level", "debug", "verbose");
    override(&s, "", "announce", "10.0.0.7:0", ":0");
    override(&s, "", "hostnames.resolve", "yes", "no");
    override(&s, "", "peers.user", "u", "");
    override(&s, "", "peers.password", "p", "older");              /* the file has changed */
    override(&s, "", "state_dir", "/elsewhere", s.file.state_dir); /* takes a restart */
    override(&s, "", "of.another.version", "x", "y");
    assert_true(merge(&s, MERGE_YAML));
    const struct settings *active = &s.plan.active;
    assert_int_equal(s.plan.file.log_level, LOG_VERBOSE);
    assert_int_equal(active->log_level, LOG_DEBUG);
    assert_string_equal(active->announce.host, "10.0.0.7");
    assert_int_equal(active->announce.port, 0);
    assert_true(active->resolve_hostnames);
    assert_string_equal(active->peer_user, "u");
    assert_slice_equal(secret_reveal(&active->peer_password), SLICE_LITERAL("old"));
    assert_string_equal(active->state_dir, s.file.state_dir);

    assert_int_equal(s.plan.dropped_count, 3);
    const struct dropped_override *dropped = s.plan.dropped;
    assert_string_equal(dropped[0].group, "");
    assert_string_equal(dropped[0].option, "peers.password");
    assert_string_equal(dropped[0].value, "******");
    assert_string_equal(dropped[0].file_value, "******");
    assert_string_equal(dropped[1].option, "state_dir");
    assert_string_equal(dropped[2].option, "of.another.version");
    assert_string_equal(dropped[2].value, "******");
    assert_string_equal(dropped[2].file_value, "");
    end(&s);
}

/* A user is an override of its own. */
static void users_made_at_runtime_hold_until_the_file_says_something_else_of_them(void **state) {
    struct scene s;
    begin(&s);
    struct users *file = &s.file.users;
    char hex[DIGEST_HEX_SIZE];
    secret_set(&s.file.client_password, SLICE_LITERAL("p"));
    digest_hex(SLICE_LITERAL("p"), hex);
    users_set(file, SLICE_LITERAL("al"), SLICE_LITERAL("on"));
    users_set(file, SLICE_LITERAL("bob"), SLICE_LITERAL("on"));
    users_set(file, SLICE_LITERAL("joe"), SLICE_LITERAL("on"));
    override(&s, "", "clients.users.al", "=off", "=on");
    override(&s, "", "clients.users.bob", "", "=on");           /* removed */
    override(&s, "", "clients.users.joe", "=off", "=on +ping"); /* the file has changed */
    override(&s, "", "clients.users.new", "=", "");
    override(&s, "", "clients.users.default", "=off", hex);
    assert_true(merge(&s, MERGE_YAML));
    const struct users *active = &s.plan.active.users;
    assert_int_equal(active->count, 4);
    assert_slice(secret_reveal(&users_find(active, SLICE_LITERAL("al"))->rules), "off");
    assert_null(users_find(active, SLICE_LITERAL("bob")));
    assert_slice(secret_reveal(&users_find(active, SLICE_LITERAL("joe"))->rules), "on");
    assert_slice(secret_reveal(&users_find(active, SLICE_LITERAL("new"))->rules), "");
    assert_slice(secret_reveal(&users_find(active, SLICE_LITERAL("default"))->rules), "off");
    assert_int_equal(s.plan.file.users.count, 3);
    assert_int_equal(s.plan.dropped_count, 1);
    assert_string_equal(s.plan.dropped[0].option, "clients.users.joe");
    assert_string_equal(s.plan.dropped[0].value, SECRET_STARS);

    /* Another password is another thing said of the default user; an ACL file has all users. */
    secret_set(&s.file.client_password, SLICE_LITERAL("q"));
    assert_true(merge(&s, MERGE_YAML));
    assert_null(users_find(&s.plan.active.users, SLICE_LITERAL("default")));
    s.file.acl_file = slice_dup(SLICE_LITERAL("x"));
    users_fini(file);
    assert_true(merge(&s, MERGE_YAML));
    assert_int_equal(s.plan.active.users.count, 0);
    end(&s);
}

static void an_override_holds_while_the_file_stays_the_same(void **state) {
    struct scene s;
    begin(&s);
    write_file(&s, "  m: {master: '10.0.0.1:1', quorum: 2, down_after: 5s, auth: {password: p}}\n");
    know(&s, "m", GROUP_FROM_FILE, "10.0.0.1:1", "10.0.0.1:1");
    override(&s, "m", "quorum", "5", "2");
    override(&s, "m", "down_after", "700", "5000");
    override(&s, "m", "auth.user", "u", "");
    override(&s, "m", "auth.password", "", "p");
    override(&s, "m", "rename_commands", "CONFIG X,PING Y", "");
    assert_true(merge(&s, MERGE_YAML));
    const struct plan_group *g = planned(&s, "m");
    assert_int_equal(g->file.quorum, 2);
    assert_int_equal(g->active.quorum, 5);
    assert_int_equal(g->active.down_after_ms, 700);
    assert_string_equal(g->active.auth_user, "u");
    assert_false(secret_is_set(&g->active.auth_password));
    assert_string_equal(group_settings_command(&g->active, "PING"), "Y");
    assert_int_equal(s.plan.dropped_count, 0);
    end(&s);
}

static void a_changed_file_wins_and_the_override_is_dropped(void **state) {
    static const struct {
        const char *option, *value, *file_value, *shown, *file_shown;
    } cases[] = {
        { "quorum", "5", "4", "5", "2" }, { "down_after", "700", "30000", "700ms", "5s" },
        { "auth.user", "u", "v", "u", "" }, { "auth.password", "q", "r", "******", "******" },
        { "rename_commands", "A B", "", "{A: B}", "{CONFIG: X}" },
        { "parallel_syncs", "0", "1", "", "1" },          /* no value any more */
        { "of_another_version", "x", "y", "******", "" }, /* no option any more */
    };
    struct scene s;
    begin(&s);
    write_file(&s,
        "  m: {master: '10.0.0.1:1', quorum: 2, down_after: 5s, auth: {password: p},\n"
        "      rename_commands: {CONFIG: X}}\n");
    know(&s, "m", GROUP_FROM_FILE, "10.0.0.1:1", "10.0.0.1:1");
    override(&s, "m", "failover_timeout", "1000", "180000"); /* holds */
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        override(&s, "m", cases[i].option, cases[i].value, cases[i].file_value);
    assert_true(merge(&s, MERGE_YAML));

    const struct plan_group *g = planned(&s, "m");
    assert_int_equal(g->active.failover_timeout_ms, 1000);
    assert_int_equal(g->active.quorum, 2);
    assert_slice(secret_reveal(&g->active.auth_password), "p");
    assert_int_equal(s.plan.dropped_count, ARRAY_SIZE(cases));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct dropped_override *d = &s.plan.dropped[i];
        assert_string_equal(d->group, "m");
        assert_string_equal(d->option, cases[i].option);
        assert_string_equal(d->value, cases[i].shown);
        assert_string_equal(d->file_value, cases[i].file_shown);
    }
    end(&s);
}

static void a_known_group_keeps_its_learned_address(void **state) {
    struct scene s;
    begin(&s);
    know(&s, "m", GROUP_FROM_FILE, "10.0.0.1:1", "10.0.0.2:1");
    write_file(&s, "  m: {master: '10.0.0.1:1', quorum: 2}\n"); /* the seed of always */
    assert_true(merge(&s, MERGE_YAML));
    assert_master(&s, "m", "10.0.0.2:1");
    assert_string_equal(planned(&s, "m")->file.master.host, "10.0.0.1");
    assert_true(merge(&s, MERGE_CLASSIC));
    assert_master(&s, "m", "10.0.0.2:1");

    write_file(&s, "  m: {master: '10.0.0.2:1', quorum: 2}\n"); /* brought up to date */
    assert_true(merge(&s, MERGE_YAML));
    assert_master(&s, "m", "10.0.0.2:1");
    assert_true(merge(&s, MERGE_CLASSIC));
    assert_master(&s, "m", "10.0.0.2:1");
    end(&s);
}

static void a_changed_master_of_a_known_group_is_a_finding(void **state) {
    struct scene s;
    begin(&s);
    know(&s, "m", GROUP_FROM_FILE, "10.0.0.1:1", "10.0.0.2:1");
    write_file(&s,
        "  other: {master: '10.0.0.9:1', quorum: 2}\n"
        "  m: {master: '10.0.0.3:1', quorum: 2}\n");
    assert_false(merge(&s, MERGE_YAML));
    assert_refused(&s,
        "f:3:15: master of group m is 10.0.0.2:1 and cannot be changed to 10.0.0.3:1 here, since "
        "its peers would change it back: use SENTINEL FAILOVER m, or SENTINEL REMOVE m and "
        "SENTINEL MONITOR at all sentinels\n");

    /* A classic file is its sentinel's own memory: who edits it wants it so. */
    assert_true(merge(&s, MERGE_CLASSIC));
    assert_master(&s, "m", "10.0.0.3:1");
    end(&s);
}

static void a_removed_group_stays_hidden_until_its_section_changes(void **state) {
    struct scene s;
    begin(&s);
    write_file(&s,
        "  m: {master: '10.0.0.1:1', quorum: 2}\n"
        "  n: {master: '10.0.0.5:1', quorum: 2}\n");
    struct group_record *r = know(&s, "m", GROUP_REMOVED, "10.0.0.1:1", "10.0.0.2:1");
    merge_section_digest(&s.file.groups[0], r->section);
    override(&s, "m", "quorum", "9", "3");
    assert_true(merge(&s, MERGE_YAML));
    assert_null(planned(&s, "m"));
    assert_int_equal(s.plan.group_count, 1);
    assert_int_equal(s.plan.unhidden_count, 0);

    write_file(&s, "  m: {master: '10.0.0.7:1', quorum: 3}\n");
    assert_true(merge(&s, MERGE_YAML));
    assert_master(&s, "m", "10.0.0.7:1"); /* a fresh start: no finding, no learned address */
    assert_int_equal(planned(&s, "m")->active.quorum, 3);
    assert_int_equal(planned(&s, "m")->origin, GROUP_FROM_FILE);
    assert_int_equal(s.plan.unhidden_count, 1);
    assert_string_equal(s.plan.unhidden[0], "m");
    assert_int_equal(s.plan.dropped_count, 0);
    end(&s);
}

static void a_tombstone_without_section_hides_nothing(void **state) {
    struct scene s;
    begin(&s);
    know(&s, "m", GROUP_REMOVED, "10.0.0.1:1", "10.0.0.2:1");
    write_file(&s, "  m: {master: '10.0.0.3:1', quorum: 2}\n");
    assert_true(merge(&s, MERGE_YAML));
    assert_master(&s, "m", "10.0.0.3:1");
    assert_int_equal(s.plan.unhidden_count, 0);
    end(&s);
}

static void groups_made_at_runtime_stay(void **state) {
    struct scene s;
    begin(&s);
    write_file(&s, "  m: {master: '10.0.0.1:1', quorum: 2}\n");
    know(&s, "r", GROUP_FROM_RUNTIME, "10.0.0.5:1", "10.0.0.6:1");
    know(&s, "gone", GROUP_FROM_FILE, "10.0.0.8:1", "10.0.0.8:1");
    know(&s, "m", GROUP_FROM_FILE, "10.0.0.1:1", "10.0.0.1:1");
    override(&s, "r", "quorum", "4", "1");
    override(&s, "r", "down_after", "700", "what was the default once");
    override(&s, "r", "no_option", "x", "");
    assert_true(merge(&s, MERGE_YAML));
    assert_int_equal(s.plan.group_count, 2);
    assert_string_equal(s.plan.groups[0].active.name, "m");
    assert_null(planned(&s, "gone"));

    const struct plan_group *g = &s.plan.groups[1];
    assert_string_equal(g->active.name, "r");
    assert_string_equal(g->file.name, "r");
    assert_int_equal(g->origin, GROUP_FROM_RUNTIME);
    assert_master(&s, "r", "10.0.0.6:1");
    assert_string_equal(g->file.master.host, "10.0.0.5");
    assert_int_equal(g->active.quorum, 4);
    assert_int_equal(g->active.down_after_ms, 700);
    assert_int_equal(g->file.down_after_ms, 30000);
    assert_int_equal(s.plan.dropped_count, 1);
    assert_string_equal(s.plan.dropped[0].option, "no_option");
    end(&s);
}

static void a_runtime_group_becomes_the_files_when_the_file_names_it(void **state) {
    struct scene s;
    begin(&s);
    know(&s, "r", GROUP_FROM_RUNTIME, "10.0.0.5:1", "10.0.0.6:1");
    override(&s, "r", "quorum", "4", "1");
    write_file(&s, "  r: {master: '10.0.0.5:1', quorum: 1}\n");
    assert_true(merge(&s, MERGE_YAML));
    assert_int_equal(s.plan.group_count, 1);
    assert_int_equal(s.plan.groups[0].origin, GROUP_FROM_FILE);
    assert_int_equal(s.plan.groups[0].active.quorum, 1);
    assert_master(&s, "r", "10.0.0.6:1");
    assert_int_equal(s.plan.dropped_count, 1);

    write_file(&s, "  r: {master: '10.0.0.7:1', quorum: 1}\n");
    assert_false(merge(&s, MERGE_YAML));
    assert_int_equal(s.diag.count, 1);
    end(&s);
}

static void a_group_made_after_a_remove_goes_on_hiding_the_section(void **state) {
    struct scene s;
    begin(&s);
    write_file(&s, "  m: {master: '10.0.0.1:1', quorum: 2}\n");
    struct group_record *r = know(&s, "m", GROUP_FROM_RUNTIME, "10.0.0.5:1", "10.0.0.6:1");
    merge_section_digest(&s.file.groups[0], r->section);
    override(&s, "m", "quorum", "3", "1");
    assert_true(merge(&s, MERGE_YAML));
    assert_int_equal(s.plan.group_count, 1);
    assert_int_equal(s.plan.groups[0].origin, GROUP_FROM_RUNTIME);
    assert_int_equal(s.plan.groups[0].active.quorum, 3);
    assert_master(&s, "m", "10.0.0.6:1");

    write_file(&s, "  m: {master: '10.0.0.5:1', quorum: 2}\n"); /* the file follows */
    assert_true(merge(&s, MERGE_YAML));
    assert_int_equal(s.plan.groups[0].origin, GROUP_FROM_FILE);
    assert_int_equal(s.plan.groups[0].active.quorum, 2);
    assert_master(&s, "m", "10.0.0.6:1");
    end(&s);
}

static void a_new_group_must_not_watch_what_another_watches(void **state) {
    struct scene s;
    begin(&s);
    know(&s, "r", GROUP_FROM_RUNTIME, "10.0.0.5:1", "10.0.0.6:1");
    know(&s, "m", GROUP_FROM_FILE, "10.0.0.1:1", "10.0.0.2:1");
    know(&s, "gone", GROUP_FROM_FILE, "10.0.0.3:1", "10.0.0.3:1");
    know(&s, "dead", GROUP_REMOVED, "10.0.0.4:1", "10.0.0.4:1");
    write_file(&s,
        "  m: {master: '10.0.0.1:1', quorum: 2}\n"
        "  a: {master: '10.0.0.2:1', quorum: 2}\n"
        "  b: {master: '10.0.0.3:1', quorum: 2}\n"
        "  c: {master: '10.0.0.4:1', quorum: 2}\n"
        "  d: {master: '10.0.0.6:1', quorum: 2}\n");
    assert_false(merge(&s, MERGE_YAML));
    assert_refused(&s,
        "f:3:15: master 10.0.0.2:1 of group a is watched already as group m\n"
        "f:6:15: master 10.0.0.6:1 of group d is watched already as group r\n");
    end(&s);
}

static void digests_tell_sections_apart(void **state) {
    static const char *const sections[] = {
        "master: '10.0.0.1:1', quorum: 2",
        "master: '10.0.0.1:2', quorum: 2",
        "master: '10.0.0.1:1', quorum: 3",
        "master: '10.0.0.1:1', quorum: 2, down_after: 29s",
        "master: '10.0.0.1:1', quorum: 2, failover_timeout: 29s",
        "master: '10.0.0.1:1', quorum: 2, parallel_syncs: 2",
        "master: '10.0.0.1:1', quorum: 2, reboot_down_after: 1s",
        "master: '10.0.0.1:1', quorum: 2, auth: {password: p}",
        "master: '10.0.0.1:1', quorum: 2, auth: {password: q}",
        "master: '10.0.0.1:1', quorum: 2, auth: {user: u, password: p}",
        "master: '10.0.0.1:1', quorum: 2, rename_commands: {A: B}",
    };
    char digests[ARRAY_SIZE(sections)][65];
    struct scene s;
    begin(&s);
    for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
        struct buf text = BUF_INIT;
        buf_printf(&text, "  m: {%s}\n", sections[i]);
        write_file(&s, buf_text(&text));
        buf_fini(&text);
        merge_section_digest(&s.file.groups[0], digests[i]);
        assert_int_equal(strlen(digests[i]), 64);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(digests[i], digests[k]);
    }
    /* Written in another way, and at another place, it is the same section. */
    write_file(&s, "\n  m:\n    quorum: '2'\n    down_after: 30000ms\n    master: 10.0.0.1:1\n");
    char again[65];
    merge_section_digest(&s.file.groups[0], again);
    assert_string_equal(again, digests[0]);
    end(&s);
}

/* ---- the state lines of a classic file ---- */

static void list(struct state *s, const char *group, const char *replica, const char *peer) {
    struct slice name = slice_of(group);
    state_apply(
        s, &(struct delta){ .kind = DELTA_REPLICA, .group = name, .address = endpoint(replica) });
    state_apply(s,
        &(struct delta){ .kind = DELTA_PEER,
            .group = name,
            .id = slice_of(peer),
            .address = endpoint("10.9.9.9:26379") });
}

static struct group_record *record(struct state *s, const char *group, uint64_t config_epoch,
    uint64_t vote_epoch, const char *at) {
    struct delta d = { .kind = DELTA_GROUP,
        .group = slice_of(group),
        .record = { .master = endpoint(at),
            .seed = endpoint("10.0.0.1:1"),
            .config_epoch = config_epoch,
            .vote_epoch = vote_epoch } };
    state_apply(s, &d);
    return &state_group(s, d.group)->record;
}

static void apply(const struct delta *d, void *context) {
    state_apply(context, d);
}

static void take(struct state *ours, const struct state *file) {
    merge_classic_state(ours, file, apply, ours);
}

static void a_newer_classic_file_brings_its_address_and_lists(void **state) {
    struct state ours, file, before;
    state_init(&ours);
    state_init(&file);
    state_init(&before);
    file.current_epoch = 5;
    record(&file, "m", 5, 4, "10.0.0.2:1");
    list(&file, "m", "10.1.1.1:1", "peer");
    state_listing(&file, file.listing);
    for (int i = 0; i < 2; i++) { /* we knew nothing; then, all of it */
        take(&ours, &file);
        assert_true(state_equal(&ours, &file));
    }

    /* We went on meanwhile: what the file says is old. */
    ours.current_epoch = 9;
    strcpy(record(&ours, "m", 8, 9, "10.0.0.3:1")->vote_for, "x");
    list(&ours, "m", "10.1.1.2:1", "other");
    struct delta quorum = { .kind = DELTA_OVERRIDE,
        .group = SLICE_LITERAL("m"),
        .option = SLICE_LITERAL("quorum"),
        .value = SLICE_LITERAL("3"),
        .file_value = SLICE_LITERAL("2") };
    state_apply(&ours, &quorum);
    state_copy(&before, &ours);
    take(&ours, &file);
    assert_true(state_equal(&ours, &before));

    /* A vote alone. */
    record(&file, "m", 8, 10, "10.0.0.1:1");
    take(&ours, &file);
    const struct group_state *g = state_group(&ours, SLICE_LITERAL("m"));
    assert_int_equal(g->record.vote_epoch, 10);
    assert_string_equal(g->record.vote_for, "");
    assert_string_equal(g->record.master.host, "10.0.0.3");
    assert_int_equal(g->replica_count, 2);

    /* Someone else went on with the file. */
    file.current_epoch = 12;
    record(&file, "m", 12, 9, "10.0.0.1:1");
    take(&ours, &file);
    assert_int_equal(ours.current_epoch, 12);
    assert_int_equal(g->record.config_epoch, 12);
    assert_int_equal(g->record.vote_epoch, 10);
    assert_string_equal(g->record.master.host, "10.0.0.1");
    assert_int_equal(g->replica_count, 1);
    assert_string_equal(g->replicas[0].host, "10.1.1.1");
    assert_int_equal(g->peer_count, 1);
    assert_string_equal(g->peers[0].id, "peer");
    assert_int_equal(g->overrides.count, 1);
    state_fini(&ours);
    state_fini(&file);
    state_fini(&before);
}

static void lists_of_a_classic_file_that_somebody_else_wrote_win(void **state) {
    (void)state;
    struct state ours, file;
    state_init(&ours);
    state_init(&file);
    record(&file, "m", 5, 4, "10.0.0.1:1");
    list(&file, "m", "10.1.1.1:1", "peer");
    take(&ours, &file);
    list(&ours, "m", "10.1.1.2:1", "other"); /* learned, and then we were killed */
    const struct group_state *g = state_group(&ours, SLICE_LITERAL("m"));
    take(&ours, &file);
    assert_int_equal(g->replica_count, 2);
    assert_int_equal(g->peer_count, 2);

    list(&file, "m", "10.1.1.3:1", "third"); /* a stock sentinel ran on it */
    take(&ours, &file);
    assert_int_equal(g->replica_count, 2);
    assert_string_equal(g->replicas[1].host, "10.1.1.3");
    assert_string_equal(g->peers[1].id, "third");

    record(&ours, "m", 6, 4, "10.0.0.2:1"); /* it tells of what was before a failover */
    list(&file, "m", "10.1.1.4:1", "fourth");
    take(&ours, &file);
    assert_int_equal(g->replica_count, 2);
    assert_int_equal(g->record.config_epoch, 6);
    state_fini(&ours);
    state_fini(&file);
}

static void an_older_config_epoch_says_that_the_address_was_left(void **state) {
    (void)state;
    for (int kept = 0; kept < 2; kept++) {
        struct state ours, file;
        state_init(&ours);
        state_init(&file);
        struct group_record *known = record(&ours, "m", 6, 4, "10.0.0.3:1");
        record(&file, "m", 5, 4, "10.0.0.2:1"); /* the file went by 1 and 2 on its way to 3 */
        if (kept)
            strcpy(file.id, "somebody");
        take(&ours, &file);
        assert_string_equal(known->master.host, "10.0.0.3");
        assert_string_equal(known->seed.host, kept ? "10.0.0.2" : "10.0.0.1");
        state_fini(&ours);
        state_fini(&file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_start_takes_the_file_as_it_is),
        cmocka_unit_test(overrides_of_the_process_hold_and_give_way_as_those_of_a_group),
        cmocka_unit_test(users_made_at_runtime_hold_until_the_file_says_something_else_of_them),
        cmocka_unit_test(an_override_holds_while_the_file_stays_the_same),
        cmocka_unit_test(a_changed_file_wins_and_the_override_is_dropped),
        cmocka_unit_test(a_known_group_keeps_its_learned_address),
        cmocka_unit_test(a_changed_master_of_a_known_group_is_a_finding),
        cmocka_unit_test(a_removed_group_stays_hidden_until_its_section_changes),
        cmocka_unit_test(a_tombstone_without_section_hides_nothing),
        cmocka_unit_test(groups_made_at_runtime_stay),
        cmocka_unit_test(a_runtime_group_becomes_the_files_when_the_file_names_it),
        cmocka_unit_test(a_group_made_after_a_remove_goes_on_hiding_the_section),
        cmocka_unit_test(a_new_group_must_not_watch_what_another_watches),
        cmocka_unit_test(digests_tell_sections_apart),
        cmocka_unit_test(lists_of_a_classic_file_that_somebody_else_wrote_win),
        cmocka_unit_test(an_older_config_epoch_says_that_the_address_was_left),
        cmocka_unit_test(a_newer_classic_file_brings_its_address_and_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
