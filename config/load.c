#include "config/load.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/map.h"
#include "common/mem.h"
#include "config/diag.h"
#include "config/exposure.h"
#include "config/keys.h"
#include "config/option.h"
#include "config/secret_text.h"
#include "config/suggest.h"
#include "config/tls.h"
#include "config/value.h"
#include "config/yaml.h"

#include <stdio.h>
#include <string.h>

#define PATH_TEXT_MAX 64           /* of an option's path: "auth.password_file" */
#define QUOTE_MAX     ((size_t)80) /* bytes of the file that a finding quotes */

#define QUOTED(s) (int)MIN_OF((s).size, QUOTE_MAX), (s).data

/* ---- the format ---- */

static bool ends_with_nocase(struct slice s, const char *end) {
    size_t size = strlen(end);
    return s.size >= size && slice_is_nocase(slice_sub(s, s.size - size, size), end);
}

/* A line of a classic file starts with a bare word and goes on after a blank; a key of YAML ends in
 * a colon. */
static bool looks_like_yaml(struct slice line) {
    if (memchr("-%{[\"'?", line.data[0], 7) != NULL)
        return true;
    struct slice rest = line;
    struct slice word = slice_cut(&rest, ' ');
    return memchr(word.data, ':', word.size) != NULL;
}

enum config_format config_format_of(struct slice path, struct slice text) {
    if (ends_with_nocase(path, ".yaml") || ends_with_nocase(path, ".yml"))
        return CONFIG_YAML;
    if (ends_with_nocase(path, ".conf"))
        return CONFIG_CLASSIC;
    while (text.size > 0) {
        struct slice line = slice_trim(slice_cut(&text, '\n'));
        if (line.size > 0 && line.data[0] != '#')
            return looks_like_yaml(line) ? CONFIG_YAML : CONFIG_CLASSIC;
    }
    return CONFIG_YAML;
}

/* ---- single values ---- */

static const char *shape_name(enum yaml_shape shape) {
    switch (shape) {
    case YAML_TEXT:
        return "a single value";
    case YAML_LIST:
        return "a list";
    case YAML_MAP:
        return "a mapping";
    }
    return "";
}

/* Whether `v`, the value of `name`, can be looked at as one of `shape`. */
static bool expect_shape(
    const struct yaml_value *v, const char *name, enum yaml_shape shape, struct diag *diag) {
    if (v->refused)
        return false;
    if (yaml_tree_is_null(v)) {
        diag_add(diag, v->line, v->column, "%s has no value", name);
        return false;
    }
    if (v->shape != shape) {
        diag_add(diag, v->line, v->column, "%s must be %s, not %s", name, shape_name(shape),
            shape_name(v->shape));
        return false;
    }
    return true;
}

/* Where the file itself says a password, the first of each scope. */
static void note_password(enum option_scope scope, void *settings, int line, int column) {
    struct place *at = scope == OPTION_GROUP ? &((struct group_settings *)settings)->password_at
                                             : &((struct settings *)settings)->password_at;
    if (at->line == 0)
        *at = (struct place){ line, column };
}

static void load_secret(
    const struct option *o, void *settings, const struct yaml_value *v, struct diag *diag) {
    if (!expect_shape(v, o->key, YAML_TEXT, diag))
        return;
    struct buf why = BUF_INIT;
    struct slice password;
    enum secret_text read = secret_text_read(v->text, &password, &why);
    if (read == SECRET_TEXT_BAD || !option_read(o, settings, password, &why))
        diag_add(diag, v->line, v->column, "%s %s", o->key, buf_text(&why));
    else if (read == SECRET_TEXT_OWN)
        note_password(o->scope, settings, v->line, v->column);
    buf_fini(&why);
}

static void load_scalar(
    const struct option *o, void *settings, const struct yaml_value *v, struct diag *diag) {
    struct buf why = BUF_INIT;
    if (expect_shape(v, o->key, YAML_TEXT, diag) && !option_read(o, settings, v->text, &why))
        diag_add(diag, v->line, v->column, "%s %s", o->key, buf_text(&why));
    buf_fini(&why);
}

/* Without the newline that editors and echo leave at the end. */
static struct slice without_newline(struct slice text) {
    if (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    if (text.size > 0 && text.data[text.size - 1] == '\r')
        text.size--;
    return text;
}

static bool take_password(struct slice text, struct secret *ret, struct buf *why) {
    struct slice password = without_newline(text);
    bool valid = value_check_text(password, why);
    if (valid)
        secret_set(ret, password);
    return valid;
}

static void load_secret_file(
    const struct option *o, void *settings, const struct yaml_value *v, struct diag *diag) {
    if (!expect_shape(v, o->key, YAML_TEXT, diag))
        return;
    struct buf why = BUF_INIT;
    struct slice text = SLICE_EMPTY;
    char *path = slice_dup(v->text);
    int error = 0;

    if (!value_check_text(v->text, &why)) {
        diag_add(diag, v->line, v->column, "%s %s", o->key, buf_text(&why));
    } else if ((error = load_file(path, &text)) != 0) {
        diag_add(
            diag, v->line, v->column, "%s: cannot read %s: %s", o->key, path, load_file_why(error));
    } else {
        bool of_keys = o->type == OPTION_TYPE_KEYS_FILE;
        exposure_check(diag, NULL, v->line, v->column, path);
        bool taken = of_keys ? keys_read(text, option_value(o, settings), &why)
                             : take_password(text, option_value(o, settings), &why);
        if (!taken)
            diag_add(diag, v->line, v->column, "%s: %s %s %s", o->key,
                of_keys ? "the file" : "the password in", path, buf_text(&why));
        explicit_bzero((void *)(uintptr_t)text.data, text.size);
        mem_free((void *)(uintptr_t)text.data);
    }
    mem_free(path);
    buf_fini(&why);
}

/* ---- lists and maps ---- */

static void load_listen_address(
    struct listen *l, const char *key, const struct yaml_value *v, struct diag *diag) {
    struct buf why = BUF_INIT;
    struct endpoint e;
    char text[ENDPOINT_TEXT_MAX];
    bool valid = expect_shape(v, key, YAML_TEXT, diag);
    if (valid && !value_read_endpoint(v->text, &e, &why)) {
        diag_add(diag, v->line, v->column, "%s %s", key, buf_text(&why));
        valid = false;
    }
    buf_fini(&why);
    for (size_t i = 0; valid && i < l->count; i++) {
        if (endpoint_equal(&l->at[i], &e)) {
            diag_add(diag, v->line, v->column, "%s names %s twice", key, endpoint_text(&e, text));
            return;
        }
    }
    if (valid && l->count == LISTEN_MAX)
        diag_add(diag, v->line, v->column, "%s names more than %d addresses", key, LISTEN_MAX);
    else if (valid)
        l->at[l->count++] = e;
}

/* One address, or a list of them. */
static void load_listen(
    struct listen *l, const char *key, const struct yaml_value *v, struct diag *diag) {
    *l = (struct listen){ .count = 0 };
    if (v->shape == YAML_TEXT) {
        load_listen_address(l, key, v, diag);
        return;
    }
    if (!expect_shape(v, key, YAML_LIST, diag))
        return;
    for (size_t i = 0; i < v->item_count; i++)
        load_listen_address(l, key, v->items[i], diag);
}

/* One path, or a list of them. */
static void load_paths(
    const struct option *o, void *settings, const struct yaml_value *v, struct diag *diag) {
    if (v->shape == YAML_TEXT) {
        load_scalar(o, settings, v, diag);
        return;
    }
    if (!expect_shape(v, o->key, YAML_LIST, diag))
        return;
    struct buf all = BUF_INIT, why = BUF_INIT;
    bool valid = true;
    for (size_t i = 0; i < v->item_count; i++) {
        const struct yaml_value *item = v->items[i];
        if (!expect_shape(item, o->key, YAML_TEXT, diag)) {
            valid = false;
            continue;
        }
        buf_add_text(&all, buf_size(&all) > 0 ? ":" : "");
        buf_add_slice(&all, item->text);
    }
    if (valid && !option_read(o, settings, buf_slice(&all), &why))
        diag_add(diag, v->line, v->column, "%s %s", o->key, buf_text(&why));
    buf_fini(&all);
    buf_fini(&why);
}

static void load_rename(struct group_settings *g, const struct yaml_value *v, struct diag *diag) {
    char name[PATH_TEXT_MAX * 2];
    snprintf(name, sizeof(name), "rename_commands: %.*s", QUOTED(v->key));
    if (!expect_shape(v, name, YAML_TEXT, diag))
        return;

    struct buf why = BUF_INIT;
    struct rename r;
    bool bad_key = !value_is_command(v->key);
    if (!value_read_rename(v->key, v->text, &r, &why))
        diag_add(diag, bad_key ? v->key_line : v->line, bad_key ? v->key_column : v->column,
            "%s %s", name, buf_text(&why));
    else if (strcmp(group_settings_command(g, r.command), r.command) != 0)
        diag_add(diag, v->key_line, v->key_column, "rename_commands names %s twice", r.command);
    else if (!group_settings_rename(g, &r))
        diag_add(diag, v->key_line, v->key_column, "rename_commands has more than %d commands",
            RENAMES_MAX);
    buf_fini(&why);
}

static void load_renames(struct group_settings *g, const struct yaml_value *v, struct diag *diag) {
    if (!expect_shape(v, "rename_commands", YAML_MAP, diag))
        return;
    for (size_t i = 0; i < v->item_count; i++)
        load_rename(g, v->items[i], diag);
}

/* The rules in one text, or as a list. */
static void load_rules(struct settings *s, const struct yaml_value *v, const char *name,
    struct buf *rules, struct diag *diag) {
    struct buf why = BUF_INIT, read = BUF_INIT;
    if (!expect_shape(v, name, YAML_TEXT, diag))
        return;
    enum secret_text kind = secret_text_read_rules(v->text, &read, &why);
    bool valid = kind != SECRET_TEXT_BAD &&
        (buf_size(&read) == 0 || value_check_text(buf_slice(&read), &why));
    if (valid)
        buf_add_slice(rules, buf_slice(&read));
    else
        diag_add(diag, v->line, v->column, "%s %s", name, buf_text(&why));
    if (valid && kind == SECRET_TEXT_OWN)
        note_password(OPTION_PROCESS, s, v->line, v->column);
    buf_fini(&read);
    buf_fini(&why);
}

static void load_user(struct settings *s, const struct yaml_value *v, struct diag *diag) {
    char name[PATH_TEXT_MAX * 2];
    snprintf(name, sizeof(name), "clients.users: %.*s", QUOTED(v->key));
    struct buf rules = BUF_INIT;
    if (v->shape != YAML_LIST)
        load_rules(s, v, name, &rules, diag);
    for (size_t i = 0; v->shape == YAML_LIST && i < v->item_count; i++) {
        if (i > 0)
            buf_add_char(&rules, ' ');
        load_rules(s, v->items[i], name, &rules, diag);
    }
    struct user_rules *r = users_set(&s->users, v->key, buf_slice(&rules));
    r->line = v->key_line;
    r->column = v->key_column;
    buf_fini(&rules);
}

static void load_users(struct settings *s, const struct yaml_value *v, struct diag *diag) {
    if (!expect_shape(v, "clients.users", YAML_MAP, diag))
        return;
    if (v->item_count > USERS_MAX)
        diag_add(diag, v->key_line, v->key_column, "more than %d users", USERS_MAX);
    else
        for (size_t i = 0; i < v->item_count; i++)
            load_user(s, v->items[i], diag);
}

static void load_command(struct command_renames *r, const struct yaml_value *v, struct diag *diag) {
    char name[PATH_TEXT_MAX * 2];
    snprintf(name, sizeof(name), "clients.rename_commands: %.*s", QUOTED(v->key));
    if (!expect_shape(v, name, YAML_TEXT, diag))
        return;
    struct buf why = BUF_INIT;
    if (v->text.size > 0 && !value_check_text(v->text, &why)) {
        diag_add(diag, v->line, v->column, "%s %s", name, buf_text(&why));
    } else {
        struct command_rename *one = command_renames_add(r, v->key, v->text);
        one->line = v->key_line;
        one->column = v->key_column;
    }
    buf_fini(&why);
}

static void load_commands(
    struct command_renames *r, const struct yaml_value *v, struct diag *diag) {
    if (!expect_shape(v, "clients.rename_commands", YAML_MAP, diag))
        return;
    if (v->item_count > COMMAND_RENAMES_MAX)
        diag_add(diag, v->key_line, v->key_column,
            "clients.rename_commands has more than %d commands", COMMAND_RENAMES_MAX);
    else
        for (size_t i = 0; i < v->item_count; i++)
            load_command(r, v->items[i], diag);
}

static void load_option(
    const struct option *o, void *settings, const struct yaml_value *v, struct diag *diag) {
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT_LIST:
        load_listen(option_value(o, settings), o->key, v, diag);
        break;
    case OPTION_TYPE_SECRET_FILE:
    case OPTION_TYPE_KEYS_FILE:
        load_secret_file(o, settings, v, diag);
        break;
    case OPTION_TYPE_PATHS:
        load_paths(o, settings, v, diag);
        break;
    case OPTION_TYPE_SECRET:
        load_secret(o, settings, v, diag);
        break;
    case OPTION_TYPE_RENAMES:
        load_renames(settings, v, diag);
        break;
    case OPTION_TYPE_USERS:
        load_users(settings, v, diag);
        break;
    case OPTION_TYPE_COMMANDS:
        load_commands(option_value(o, settings), v, diag);
        break;
    case OPTION_TYPE_ENDPOINT:
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_SERVERS:
    case OPTION_TYPE_IP:
    case OPTION_TYPE_PATH:
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_SIZE:
    case OPTION_TYPE_MODE:
    case OPTION_TYPE_BOOL:
    case OPTION_TYPE_LOG_LEVEL:
    case OPTION_TYPE_WORD:
    case OPTION_TYPE_WORDS:
        load_scalar(o, settings, v, diag);
        break;
    }
}

/* ---- keys ---- */

/* One level of the file: the process, a group, or a map of options below either. */
struct level {
    enum option_scope scope;
    void *settings;     /* struct settings or struct group_settings, by scope */
    const char *prefix; /* of the keys in the table: "", "log.", "auth." */
    struct diag *diag;
};

static bool is_top(const struct level *l) {
    return l->scope == OPTION_PROCESS && l->prefix[0] == '\0';
}

/* Calls `suggest_consider` for each key that this level knows. */
static struct slice nearest_key(const struct level *l, struct slice key) {
    struct suggestion s = suggest(key);
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope != l->scope || !slice_starts_with(slice_of(o->key), l->prefix))
            continue;
        struct slice rest = slice_of(o->key + strlen(l->prefix));
        suggest_consider(&s, slice_cut(&rest, '.'));
    }
    if (is_top(l))
        suggest_consider(&s, SLICE_LITERAL("groups"));
    return s.best;
}

static void report_unknown(const struct level *l, const struct yaml_value *v) {
    struct slice near = nearest_key(l, v->key);
    const struct option *by_set_name = option_by_set_name(v->key);
    int line = v->key_line, column = v->key_column;

    if (near.size > 0)
        diag_add(l->diag, line, column, "unknown key '%.*s'; did you mean '" SLICE_FMT "'?",
            QUOTED(v->key), SLICE_ARG(near));
    else if (by_set_name != NULL && by_set_name->scope == l->scope)
        diag_add(l->diag, line, column, "unknown key '%.*s'; here it is called '%s'",
            QUOTED(v->key), by_set_name->key);
    else if (is_top(l) && option_by_key(OPTION_GROUP, v->key) != NULL)
        diag_add(
            l->diag, line, column, "unknown key '%.*s'; it belongs to a group", QUOTED(v->key));
    else
        diag_add(l->diag, line, column, "unknown key '%.*s'", QUOTED(v->key));
}

/* Whether there are options below a map of this name. */
static bool is_prefix(const struct level *l, const char *prefix) {
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].scope == l->scope &&
            slice_starts_with(slice_of(option_table[i].key), prefix))
            return true;
    }
    return false;
}

static void load_groups(struct settings *s, const struct yaml_value *v, struct diag *diag);

static void load_level(const struct level *l, const struct yaml_value *map) {
    for (size_t i = 0; i < map->item_count && !diag_is_full(l->diag); i++) {
        const struct yaml_value *v = map->items[i];
        if (is_top(l) && slice_is(v->key, "groups")) {
            load_groups(l->settings, v, l->diag);
            continue;
        }
        char path[PATH_TEXT_MAX] = "", prefix[PATH_TEXT_MAX + 1];
        bool plausible = v->key.size > 0 && strlen(l->prefix) + v->key.size < sizeof(path) &&
            memchr(v->key.data, '.', v->key.size) == NULL;
        if (plausible)
            snprintf(path, sizeof(path), "%s" SLICE_FMT, l->prefix, SLICE_ARG(v->key));
        snprintf(prefix, sizeof(prefix), "%s.", path);

        const struct option *o = option_by_key(l->scope, slice_of(path));
        if (o != NULL) {
            load_option(o, l->settings, v, l->diag);
        } else if (plausible && is_prefix(l, prefix)) {
            struct level below = *l;
            below.prefix = prefix;
            if (expect_shape(v, path, YAML_MAP, l->diag))
                load_level(&below, v);
        } else {
            report_unknown(l, v);
        }
    }
}

/* ---- groups ---- */

/* What the map `name` of `section` says of a password, and of a user who has it. */
static void check_login(const struct yaml_value *section, const char *name, struct diag *diag) {
    const struct yaml_value *login = yaml_tree_item(section, name);
    if (login == NULL || login->shape != YAML_MAP)
        return;
    const struct yaml_value *user = yaml_tree_item(login, "user");
    const struct yaml_value *password = yaml_tree_item(login, "password");
    const struct yaml_value *file = yaml_tree_item(login, "password_file");
    if (password != NULL && file != NULL)
        diag_add(diag, file->key_line, file->key_column,
            "%s must have password or password_file, not both", name);
    if (user != NULL && password == NULL && file == NULL)
        diag_add(diag, user->key_line, user->key_column,
            "%s.user needs a password or password_file beside it", name);
}

static void check_required(const struct yaml_value *section, struct diag *diag) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope == OPTION_GROUP && o->required && yaml_tree_item(section, o->key) == NULL)
            diag_add(diag, section->key_line, section->key_column, "group '%.*s' has no %s",
                QUOTED(section->key), o->key);
    }
}

static struct place place_of(const struct yaml_value *map, const char *key) {
    const struct yaml_value *v = yaml_tree_item(map, key);
    return v != NULL ? (struct place){ v->line, v->column } : (struct place){ 0, 0 };
}

static void load_group(struct settings *s, const struct yaml_value *section, struct diag *diag) {
    if (!group_name_is_valid(section->key))
        diag_add(diag, section->key_line, section->key_column,
            "group name '%.*s' must be 1 to %d bytes without commas, blanks and control characters",
            QUOTED(section->key), GROUP_NAME_MAX - 1); /* and on: all findings at once */
    char name[GROUP_NAME_MAX + 8];
    snprintf(name, sizeof(name), "group " SLICE_FMT, SLICE_ARG(section->key));
    if (!expect_shape(section, name, YAML_MAP, diag))
        return;

    struct group_settings *g = settings_add_group(s);
    slice_copy(section->key, g->name, sizeof(g->name));
    g->line = section->key_line;
    g->column = section->key_column;
    const struct yaml_value *master = yaml_tree_item(section, "master");
    if (master != NULL) {
        g->master_line = master->line;
        g->master_column = master->column;
    }
    load_level(&(struct level){ .scope = OPTION_GROUP, .settings = g, .prefix = "", .diag = diag },
        section);
    const struct yaml_value *scripts = yaml_tree_item(section, "scripts");
    if (scripts != NULL && scripts->shape == YAML_MAP) {
        g->notification_at = place_of(scripts, "notification");
        g->reconfig_at = place_of(scripts, "reconfig");
    }
    check_login(section, "auth", diag);
    check_required(section, diag);
}

static void load_groups(struct settings *s, const struct yaml_value *v, struct diag *diag) {
    if (yaml_tree_is_null(v))
        return; /* see check_groups */
    if (!expect_shape(v, "groups", YAML_MAP, diag))
        return;
    if (v->item_count > GROUPS_MAX) {
        diag_add(diag, v->key_line, v->key_column, "more than %d groups", GROUPS_MAX);
        return;
    }
    for (size_t i = 0; i < v->item_count && !diag_is_full(diag); i++)
        load_group(s, v->items[i], diag);
}

/* Finds groups with the same master: a question names an address, not a group. In a classic file
 * they are allowed, as with stock: who has it runs it already. */
static void check_masters(const struct settings *s, struct diag *diag) {
    struct map masters = MAP_INIT; /* address -> the first group with it */
    for (size_t i = 0; i < s->group_count; i++) {
        struct group_settings *g = &s->groups[i];
        char text[ENDPOINT_TEXT_MAX];
        struct slice address = slice_of(endpoint_text(&g->master, text));
        const struct group_settings *first = map_get(&masters, address);
        if (g->master.host[0] == '\0')
            continue;
        if (first == NULL)
            map_put(&masters, address, g);
        else
            diag_add(diag, g->master_line, g->master_column,
                "master %s of group %s is that of group %s already (line %d)", text, g->name,
                first->name, first->master_line);
    }
    map_fini(&masters);
}

/* Only now is it known whether names are resolved, wherever that stands in the file. */
static void check_names(const struct settings *s, struct diag *diag) {
    for (size_t i = 0; i < s->group_count && !s->resolve_hostnames; i++) {
        const struct group_settings *g = &s->groups[i];
        if (g->master.host[0] != '\0' && !endpoint_is_ip(&g->master))
            diag_add(diag, g->master_line, g->master_column,
                "Can't resolve instance hostname. A name is allowed with hostnames.resolve: yes");
    }
}

/* A file that came out empty must not pass for one that watches nothing. After other findings, such
 * as a misspelt key, it would only be noise. */
static void check_groups(const struct yaml_value *root, struct diag *diag) {
    const struct yaml_value *groups = yaml_tree_item(root, "groups");
    if (diag->count == 0 && (groups == NULL || yaml_tree_is_null(groups)))
        diag_add(diag, groups == NULL ? root->line : groups->key_line,
            groups == NULL ? root->column : groups->key_column,
            "no groups: name those to watch, or write 'groups: {}' if SENTINEL MONITOR makes them");
}

/* The same of the password of a key. */
static void check_key_password(
    const struct yaml_value *tls, const char *name, const char *file_name, struct diag *diag) {
    const struct yaml_value *file = yaml_tree_item(tls, file_name);
    if (file != NULL && yaml_tree_item(tls, name) != NULL)
        diag_add(diag, file->key_line, file->key_column, "tls must have %s or %s, not both", name,
            file_name);
}

/* After other findings it would only be noise. */
static void check_tls(const struct yaml_value *root, const struct settings *s, struct diag *diag) {
    const struct yaml_value *tls = yaml_tree_item(root, "tls");
    enum tls_lack lack = diag->count == 0 ? tls_lack(s) : TLS_LACKS_NOTHING;
    if (tls == NULL || tls->shape != YAML_MAP)
        return;
    check_key_password(tls, "key_password", "key_password_file", diag);
    check_key_password(tls, "client_key_password", "client_key_password_file", diag);
    if (lack != TLS_LACKS_NOTHING)
        diag_add(diag, tls->key_line, tls->key_column, "%s", tls_lack_text(lack));
}

static void check_listen(
    const struct yaml_value *root, const struct settings *s, struct diag *diag) {
    const struct yaml_value *listen = yaml_tree_item(root, "listen");
    if (listen != NULL && listen->shape == YAML_LIST && listen->item_count == 0 &&
        s->unix_socket == NULL && s->tls.listen.count == 0)
        diag_add(diag, listen->line, listen->column,
            "listen must name an address at least, unless there is tls.listen or "
            "clients.unix_socket");
}

static const struct yaml_value *peers_in(const struct yaml_value *section, const char *key) {
    bool has_peers = section != NULL && section->shape == YAML_MAP;
    const struct yaml_value *peers = has_peers ? yaml_tree_item(section, "peers") : NULL;
    return peers != NULL && peers->shape == YAML_MAP ? yaml_tree_item(peers, key) : NULL;
}

static void report_strict(const struct yaml_value *policy, struct diag *diag) {
    diag_add(diag, policy->line, policy->column,
        "peers.policy: strict needs peers.secret_file: without a secret nobody can prove anything");
}

/* Strict without a secret would refuse everybody. A file that cannot be read is told of already. */
static void check_policies(
    const struct yaml_value *root, const struct settings *s, struct diag *diag) {
    if (peers_in(root, "secret_file") != NULL)
        return;
    if (s->peer_policy == PEERS_STRICT)
        report_strict(peers_in(root, "policy"), diag);
    const struct yaml_value *groups = yaml_tree_item(root, "groups");
    for (size_t i = 0; i < s->group_count; i++) {
        const struct group_settings *g = &s->groups[i];
        const struct yaml_value *section = yaml_tree_item(groups, g->name);
        if (g->peer_policy == GROUP_PEERS_STRICT && peers_in(section, "secret_file") == NULL)
            report_strict(peers_in(section, "policy"), diag);
    }
}

static void check_user(const struct settings *s, struct diag *diag) {
    if (s->user_group != NULL && s->user == NULL)
        diag_add(diag, s->user_group_at.line, s->user_group_at.column,
            "group goes with a user, and there is none");
}

/* Users come from one place: the file itself, or an ACL file. */
static void load_acl_file(struct settings *s, const struct yaml_value *root, struct diag *diag) {
    if (s->acl_file == NULL)
        return;
    const struct yaml_value *clients = yaml_tree_item(root, "clients");
    const struct yaml_value *file = yaml_tree_item(clients, "acl_file");
    if (s->users.count > 0) {
        diag_add(diag, file->key_line, file->key_column,
            "clients must have users or acl_file, not both");
        return;
    }
    int error = users_read_file(&s->users, s->acl_file);
    if (error != 0)
        diag_add(diag, file->line, file->column, "clients.acl_file: cannot read %s: %s",
            s->acl_file, load_file_why(error));
    else if (users_hold_password(&s->users))
        exposure_check(diag, NULL, file->line, file->column, s->acl_file);
}

bool load_yaml(struct slice text, struct settings *ret, struct diag *diag) {
    settings_init(ret);
    struct yaml_value *root = yaml_tree_read(text, diag);
    if (root != NULL && expect_shape(root, "the file", YAML_MAP, diag)) {
        load_level(
            &(struct level){ .scope = OPTION_PROCESS, .settings = ret, .prefix = "", .diag = diag },
            root);
        ret->user_at = place_of(root, "user");
        ret->user_group_at = place_of(root, "group");
        check_login(root, "peers", diag);
        check_login(root, "clients", diag);
        load_acl_file(ret, root, diag);
        check_masters(ret, diag);
        check_names(ret, diag);
        check_listen(root, ret, diag);
        check_user(ret, diag);
        check_tls(root, ret, diag);
        check_groups(root, diag);
        check_policies(root, ret, diag);
    }
    yaml_tree_free(root);
    return diag->count == 0;
}
