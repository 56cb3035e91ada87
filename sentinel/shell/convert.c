#include "sentinel/shell/convert.h"

#include "common/buf.h"
#include "common/mem.h"
#include "config/classic_include.h"
#include "config/classic_server.h"
#include "config/classic_write.h"
#include "config/diag.h"
#include "config/merge.h"
#include "config/option.h"
#include "config/tls.h"
#include "config/yaml_write.h"
#include "sentinel/shell/classic_state.h"
#include "sentinel/shell/config_file.h"
#include "sentinel/shell/file_replace.h"
#include "sentinel/shell/process.h"
#include "sentinel/shell/refusal.h"
#include "sentinel/shell/service.h"
#include "sentinel/shell/store.h"
#include "sentinel/shell/store_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file with all that is known beside it. */
struct source {
    char *path; /* owned: absolute */
    struct config_file file;
    struct store *store; /* NULL: there is none beside it */
    struct state state;  /* of both, merged */
    struct plan plan;
    struct diag diag;
};

/* The state is opened as a vedette opens it: one that runs keeps us out. */
static int open_state(struct source *s) {
    struct store_place place;
    struct buf why = BUF_INIT;
    int status = SERVICE_OK;
    if (s->file.format == CONFIG_YAML)
        store_place_in(&place, s->file.settings.state_dir);
    else
        store_place_beside(&place, s->path, s->file.settings.state_dir);
    if (access(place.marker, F_OK) == 0) {
        s->store = store_open(&place, &why);
        if (s->store == NULL)
            status = refuse("the state is refused: %s", buf_text(&why));
    }
    buf_fini(&why);
    store_place_fini(&place);
    return status;
}

static void apply(const struct delta *d, void *context) {
    state_apply(context, d);
}

static void merge_state(struct source *s) {
    if (s->store != NULL)
        state_copy(&s->state, store_state(s->store));
    if (s->file.format != CONFIG_CLASSIC)
        return;
    if (s->file.state.id[0] != '\0')
        memcpy(s->state.id, s->file.state.id, sizeof(s->state.id));
    merge_classic_state(&s->state, &s->file.state, apply, &s->state);
}

static int open_source(struct source *s, const char *path) {
    *s = (struct source){ .path = process_absolute(path) };
    diag_init(&s->diag, path);
    state_init(&s->state);
    plan_init(&s->plan);
    char *folder = process_folder();
    const struct config_source from = { .path = s->path, .folder = folder };
    bool loaded = config_file_load(&from, &s->file, &s->diag);
    mem_free(folder);
    if (!loaded)
        return refuse_findings(s->path, &s->diag);
    int status = open_state(s);
    if (status != SERVICE_OK)
        return status;
    merge_state(s);
    enum merge_style style = s->file.format == CONFIG_YAML ? MERGE_YAML : MERGE_CLASSIC;
    if (!config_merge(&s->file.settings, &s->state, style, &s->plan, &s->diag))
        return refuse_findings(s->path, &s->diag);
    return SERVICE_OK;
}

static void close_source(struct source *s) {
    store_close(s->store);
    plan_fini(&s->plan);
    state_fini(&s->state);
    config_file_fini(&s->file);
    diag_fini(&s->diag);
    mem_free(s->path);
}

static int print(const struct buf *text) {
    size_t size = buf_size(text);
    bool written = fwrite(buf_text(text), 1, size, stdout) == size && fflush(stdout) == 0;
    return written ? SERVICE_OK : refuse("standard output cannot be written");
}

/* ---- YAML to classic ---- */

static void tell_left_out(const char *key, const char *subject) {
    fprintf(stderr, "vedette: %s of %s is left out: a sentinel.conf has no word for it\n", key,
        subject);
}

static void tell_options_left_out(const struct source *s) {
    struct settings standards;
    settings_init(&standards);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        bool differs = o->scope == OPTION_PROCESS && o->type != OPTION_TYPE_SECRET_FILE &&
            strcmp(o->key, "state_dir") != 0 && !option_equal(o, &s->plan.active, &standards);
        if (differs && !classic_says(o))
            tell_left_out(o->key, "the process");
    }
    settings_fini(&standards);
    for (size_t i = 0; i < s->plan.group_count; i++) {
        const struct group_settings *g = &s->plan.groups[i].active;
        if (g->crash_after_ms != 0)
            tell_left_out("crash_after", g->name);
        if (secret_is_set(&g->peer_keys) || g->peer_policy != GROUP_PEERS_AS_PROCESS)
            tell_left_out("peers", g->name);
    }
}

static bool has_one_port(const struct listen *l) {
    for (size_t i = 1; i < l->count; i++)
        if (l->at[i].port != l->at[0].port)
            return false;
    return true;
}

/* Whether the addresses of both differ in nothing but the port. */
static bool has_same_hosts(const struct listen *a, const struct listen *b) {
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->at[i].host, b->at[i].host) != 0)
            return false;
    return true;
}

static bool has_classic_ports(const struct settings *s) {
    bool has_both = s->listen.count > 0 && s->tls.listen.count > 0;
    return has_one_port(&s->listen) && has_one_port(&s->tls.listen) &&
        (!has_both || has_same_hosts(&s->listen, &s->tls.listen));
}

static int print_classic(const struct source *s) {
    if (!has_classic_ports(&s->plan.active))
        return refuse("%s listens on several ports, and a sentinel.conf has one (and one for TLS "
                      "at the same addresses)",
            s->path);
    struct settings standards;
    struct buf out = BUF_INIT;
    settings_init(&standards);
    classic_server_standards(&standards);
    const struct classic_content content = {
        .said = &standards,
        .settings = &s->plan.active,
        .plan = &s->plan,
        .state = &s->state,
    };
    tell_options_left_out(s);
    classic_write(SLICE_EMPTY, &content, &out);
    int status = print(&out);
    settings_fini(&standards);
    buf_fini(&out);
    return status;
}

/* ---- classic to YAML ---- */

static void make_absolute(const char *folder, char **path) {
    if (*path == NULL || (*path)[0] == '/')
        return;
    struct buf whole = BUF_INIT;
    buf_printf(&whole, "%s/%s", folder, *path);
    mem_free(*path);
    *path = slice_dup(buf_slice(&whole));
    buf_fini(&whole);
}

/* Its own folder, and paths that hold wherever it is started. */
static void adapt_paths(struct source *s, const char *state_dir) {
    struct settings *p = &s->plan.active;
    struct settings standards;
    settings_init(&standards);
    mem_free(p->state_dir);
    p->state_dir =
        state_dir != NULL ? process_absolute(state_dir) : mem_strdup(standards.state_dir);
    settings_fini(&standards);
    if (p->announce.host[0] == '\0' && p->announce.port != 0) {
        fputs("vedette: announce-port is left out: YAML has no word for it without an address\n",
            stderr);
        p->announce.port = 0;
    } else if (p->announce.host[0] != '\0' && p->announce.port == 0) {
        uint16_t port = settings_announced_port(p);
        p->announce.port = port > 0 ? port : LISTEN_PORT;
    }
    char *folder = getcwd(NULL, 0);
    if (folder != NULL) {
        make_absolute(folder, &p->log_file);
        make_absolute(folder, &p->acl_file);
        char **paths[TLS_PATHS];
        tls_paths(&p->tls, paths);
        for (size_t i = 0; i < TLS_PATHS; i++)
            make_absolute(folder, paths[i]);
    }
    free(folder);
}

static const struct plan_group *find_group(const struct plan *plan, struct slice name) {
    for (size_t i = 0; i < plan->group_count; i++)
        if (slice_is(name, plan->groups[i].active.name))
            return &plan->groups[i];
    return NULL;
}

struct import {
    const struct source *source;
    struct store *store;
};

/* The new file says what was changed at runtime; its addresses are those in force. */
static void import_one(const struct delta *d, void *context) {
    const struct import *i = context;
    struct delta copy = *d;
    if (d->kind == DELTA_OVERRIDE || d->kind == DELTA_LISTING)
        return;
    if (d->kind == DELTA_GROUP) {
        const struct plan_group *g = find_group(&i->source->plan, d->group);
        copy.record.origin = g != NULL ? GROUP_FROM_FILE : GROUP_REMOVED;
        copy.record.section[0] = '\0';
        if (g != NULL)
            copy.record.seed = copy.record.master = g->active.master;
    }
    store_add(i->store, &copy, 1);
}

static int import_state(const struct source *s, const char *state_dir) {
    struct store_place place;
    struct buf why = BUF_INIT;
    int status = SERVICE_OK;
    store_place_in(&place, state_dir);
    if (access(place.marker, F_OK) == 0) {
        status = refuse("%s holds a state already", state_dir);
    } else {
        struct import i = { .source = s, .store = store_open(&place, &why) };
        if (i.store == NULL) {
            status = refuse("the state is refused: %s", buf_text(&why));
        } else {
            if (s->state.id[0] != '\0')
                store_adopt_id(i.store, s->state.id);
            state_deltas(&s->state, import_one, &i);
            if (!store_commit(i.store))
                status = refuse("the state cannot be saved: %s", store_error(i.store));
        }
        store_close(i.store);
    }
    buf_fini(&why);
    store_place_fini(&place);
    return status;
}

/* What one format takes the other may not. */
static bool can_be_read(struct source *s, struct slice text) {
    struct settings settings;
    bool valid = load_yaml(text, &settings, &s->diag);
    settings_fini(&settings);
    return valid;
}

static int print_yaml(struct source *s, const char *state_dir) {
    struct buf out = BUF_INIT;
    adapt_paths(s, state_dir);
    int status = SERVICE_OK;
    if (!yaml_write(&s->plan, &out, &s->diag) || !can_be_read(s, buf_slice(&out)))
        status = refuse_findings(s->path, &s->diag);
    if (status == SERVICE_OK && state_dir != NULL)
        status = import_state(s, state_dir);
    if (status == SERVICE_OK)
        status = print(&out);
    buf_fini(&out);
    return status;
}

/* ---- the commands ---- */

int convert_file(const char *path, const char *state_dir) {
    struct source s;
    int status = open_source(&s, path);
    if (status == SERVICE_OK && s.file.format == CONFIG_CLASSIC)
        status = print_yaml(&s, state_dir);
    else if (status == SERVICE_OK && state_dir != NULL)
        status = refuse("%s is YAML: its state_dir says where the state is", path);
    else if (status == SERVICE_OK)
        status = print_classic(&s);
    close_source(&s);
    return status;
}

static int sync_file(struct source *s) {
    struct slice old;
    int r = load_file(s->path, &old);
    if (r < 0)
        return refuse("%s cannot be read: %s", s->path, strerror(-r));
    struct buf new = BUF_INIT, included = BUF_INIT;
    classic_included(s->path, old, &included);
    const struct classic_content content = {
        .included = buf_slice(&included),
        .said = &s->file.settings,
        .settings = &s->plan.active,
        .plan = &s->plan,
        .state = &s->state,
    };
    classic_write(old, &content, &new);
    r = file_replace(s->path, buf_slice(&new));
    mem_free((void *)(uintptr_t)old.data);
    buf_fini(&new);
    buf_fini(&included);
    return r == 0 ? SERVICE_OK : refuse("%s cannot be written: %s", s->path, strerror(-r));
}

int convert_sync_state(const char *path) {
    struct source s;
    int status = open_source(&s, path);
    if (status == SERVICE_OK && s.file.format != CONFIG_CLASSIC)
        status = refuse("%s is YAML, which is never written", path);
    else if (status == SERVICE_OK && s.store == NULL)
        status = refuse("there is no state of a vedette beside %s", path);
    if (status == SERVICE_OK)
        status = sync_file(&s);
    if (status == SERVICE_OK)
        printf("%s says all that the state does\n", path);
    close_source(&s);
    return status;
}
