#include "config/option.h"

#include "common/buf.h"
#include "common/ensure.h"
#include "common/mem.h"
#include "config/value.h"

#include <string.h>

void *option_value(const struct option *o, void *settings) {
    return (char *)settings + o->offset;
}

const void *option_const_value(const struct option *o, const void *settings) {
    return (const char *)settings + o->offset;
}

/* Empty unsets. */
static void set_text(char **owned, struct slice text) {
    mem_free(*owned);
    *owned = text.size == 0 ? NULL : slice_dup(text);
}

bool option_read(const struct option *o, void *settings, struct slice text, struct buf *why) {
    void *value = option_value(o, settings);
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT:
        return value_read_address(text, value, why);
    case OPTION_TYPE_SERVERS:
        if (!value_check_servers(text, why))
            return false;
        set_text(value, text);
        return true;
    case OPTION_TYPE_IP:
        if (!value_check_ip(text, why))
            return false;
        set_text(value, text);
        return true;
    case OPTION_TYPE_PATHS:
        if (!value_check_paths(text, why))
            return false;
        set_text(value, text);
        return true;
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_PATH:
        if (!value_check_text(text, why))
            return false;
        set_text(value, text);
        return true;
    case OPTION_TYPE_SECRET:
        if (!value_check_text(text, why))
            return false;
        secret_set(value, text);
        return true;
    case OPTION_TYPE_COUNT:
        return value_read_count(text, o->min, o->max, value, why);
    case OPTION_TYPE_DURATION:
        return value_read_duration(text, o->min, o->max, value, why);
    case OPTION_TYPE_SIZE:
        return value_read_size(text, o->min, o->max, value, why);
    case OPTION_TYPE_MODE:
        return value_read_mode(text, value, why);
    case OPTION_TYPE_BOOL:
        return value_read_bool(text, value, why);
    case OPTION_TYPE_WORD:
        return value_read_word(text, o->words, value, why);
    case OPTION_TYPE_WORDS:
        return value_read_words(text, o->words, value, why);
    case OPTION_TYPE_LOG_LEVEL:
        return value_read_log_level(text, value, why);
    case OPTION_TYPE_ENDPOINT_LIST:
    case OPTION_TYPE_SECRET_FILE:
    case OPTION_TYPE_KEYS_FILE:
    case OPTION_TYPE_RENAMES:
    case OPTION_TYPE_USERS:
    case OPTION_TYPE_COMMANDS:
        break;
    }
    ensure_failed("option_read of a scalar", __FILE__, __LINE__);
}

static bool is_number(const struct option *o) {
    return o->type == OPTION_TYPE_COUNT || o->type == OPTION_TYPE_DURATION ||
        o->type == OPTION_TYPE_SIZE;
}

static bool is_scalar(const struct option *o) {
    return o->type != OPTION_TYPE_ENDPOINT_LIST && o->type != OPTION_TYPE_SECRET_FILE &&
        o->type != OPTION_TYPE_KEYS_FILE && o->type != OPTION_TYPE_RENAMES &&
        o->type != OPTION_TYPE_USERS && o->type != OPTION_TYPE_COMMANDS;
}

void option_set_standards(enum option_scope scope, void *settings) {
    struct buf why = BUF_INIT;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope != scope || !is_scalar(o))
            continue;
        if (o->standard != NULL) {
            bool read = option_read(o, settings, slice_of(o->standard), &why);
            ensure(read);
        } else if (is_number(o)) {
            *(int64_t *)option_value(o, settings) = o->min;
        }
    }
    buf_fini(&why);
}

static bool is_text(const struct option *o) {
    return o->type == OPTION_TYPE_TEXT || o->type == OPTION_TYPE_PATH ||
        o->type == OPTION_TYPE_SERVERS || o->type == OPTION_TYPE_IP || o->type == OPTION_TYPE_PATHS;
}

static bool is_secret(const struct option *o) {
    return o->type == OPTION_TYPE_SECRET || o->type == OPTION_TYPE_KEYS_FILE;
}

void option_fini_owned(enum option_scope scope, void *settings) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope == scope && is_text(o))
            set_text(option_value(o, settings), SLICE_EMPTY);
        else if (o->scope == scope && is_secret(o))
            secret_fini(option_value(o, settings));
        else if (o->scope == scope && o->type == OPTION_TYPE_USERS)
            users_fini(option_value(o, settings));
        else if (o->scope == scope && o->type == OPTION_TYPE_COMMANDS)
            command_renames_fini(option_value(o, settings));
    }
}

void option_copy_owned(enum option_scope scope, void *settings) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope == scope && is_text(o)) {
            char **text = option_value(o, settings);
            *text = mem_strdup(*text);
        } else if (o->scope == scope && is_secret(o)) {
            struct secret *secret = option_value(o, settings);
            struct secret original = *secret;
            *secret = (struct secret){ .value = NULL };
            secret_set(secret, secret_reveal(&original));
        } else if (o->scope == scope && o->type == OPTION_TYPE_USERS) {
            struct users *users = option_value(o, settings);
            const struct users original = *users;
            users_copy(users, &original);
        } else if (o->scope == scope && o->type == OPTION_TYPE_COMMANDS) {
            struct command_renames *renames = option_value(o, settings);
            const struct command_renames original = *renames;
            command_renames_copy(renames, &original);
        }
    }
}

static bool assign_number(const struct option *o, int64_t *value, struct slice text) {
    int64_t number;
    if (!slice_to_i64(text, &number) || number < o->min || number > o->max)
        return false;
    *value = number;
    return true;
}

static bool is_settable_text(struct slice text) {
    return text.size <= VALUE_TEXT_MAX && !value_has_control(text);
}

/* "COMMAND NAME" */
static bool assign_rename(struct group_settings *g, struct slice text) {
    struct buf why = BUF_INIT;
    struct rename r;
    struct slice name = text;
    struct slice command = slice_cut(&name, ' ');
    bool valid = value_read_rename(command, name, &r, &why);
    buf_fini(&why);
    return valid && group_settings_rename(g, &r);
}

/* Of the process, any part of an address may be missing: "10.0.0.7:0", ":26379", or all of it. */
static bool assign_endpoint(const struct option *o, struct endpoint *value, struct slice text) {
    struct buf why = BUF_INIT;
    struct endpoint read = { .host = "" };
    bool valid = o->scope == OPTION_PROCESS ? value_read_part_of_endpoint(text, &read)
                                            : value_read_address(text, &read, &why);
    buf_fini(&why);
    if (valid)
        *value = read;
    return valid;
}

static bool assign_bool(bool *value, struct slice text) {
    bool is_yes = slice_is_nocase(text, "yes");
    if (!is_yes && !slice_is_nocase(text, "no"))
        return false;
    *value = is_yes;
    return true;
}

bool option_assign(const struct option *o, void *settings, struct slice text) {
    void *value = option_value(o, settings);
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT:
        return assign_endpoint(o, value, text);
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_PATH:
        if (!is_settable_text(text))
            return false;
        set_text(value, text);
        return true;
    case OPTION_TYPE_SECRET:
        if (!is_settable_text(text))
            return false;
        secret_set(value, text);
        return true;
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_SIZE:
        return assign_number(o, value, text);
    case OPTION_TYPE_BOOL:
        return assign_bool(value, text);
    case OPTION_TYPE_LOG_LEVEL:
        return log_level_parse(text, value);
    case OPTION_TYPE_RENAMES:
        return assign_rename(settings, text);
    case OPTION_TYPE_MODE:
    case OPTION_TYPE_SECRET_FILE: /* these do not change at runtime */
    case OPTION_TYPE_KEYS_FILE:
    case OPTION_TYPE_SERVERS:
    case OPTION_TYPE_PATHS:
    case OPTION_TYPE_IP:
    case OPTION_TYPE_ENDPOINT_LIST:
    case OPTION_TYPE_COMMANDS:
    case OPTION_TYPE_USERS: /* by users_restore_one */
    case OPTION_TYPE_WORD:
    case OPTION_TYPE_WORDS:
        break;
    }
    return false;
}

/* "COMMAND NAME,COMMAND NAME" */
static bool restore_renames(struct group_settings *g, struct slice text) {
    struct group_settings restored = { .name = "" };
    bool valid = true;
    while (text.size > 0 && valid)
        valid = assign_rename(&restored, slice_cut(&text, ','));
    if (valid) {
        mem_free(g->renames);
        g->renames = restored.renames;
        g->rename_count = restored.rename_count;
        restored.renames = NULL;
    }
    group_settings_fini(&restored);
    return valid;
}

bool option_restore(const struct option *o, void *settings, struct slice text) {
    return o->type == OPTION_TYPE_RENAMES ? restore_renames(settings, text)
                                          : option_assign(o, settings, text);
}

static void write_renames(const struct group_settings *g, struct buf *out) {
    for (size_t i = 0; i < g->rename_count; i++)
        buf_printf(out, "%s%s %s", i > 0 ? "," : "", g->renames[i].command, g->renames[i].name);
}

void option_write(const struct option *o, const void *settings, struct buf *out) {
    const void *value = option_const_value(o, settings);
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT:
        endpoint_print(value, out);
        break;
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_SERVERS:
    case OPTION_TYPE_PATHS:
    case OPTION_TYPE_IP:
    case OPTION_TYPE_PATH:
        buf_add_slice(out, slice_of(*(char *const *)value));
        break;
    case OPTION_TYPE_SECRET:
        buf_add_slice(out, secret_reveal(value));
        break;
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_SIZE:
        buf_add_i64(out, *(const int64_t *)value);
        break;
    case OPTION_TYPE_MODE:
        buf_printf(out, "%o", (unsigned)*(const int64_t *)value);
        break;
    case OPTION_TYPE_BOOL:
        buf_add_text(out, *(const bool *)value ? "yes" : "no");
        break;
    case OPTION_TYPE_WORD:
        buf_add_slice(out, value_word(o->words, *(const int64_t *)value));
        break;
    case OPTION_TYPE_WORDS:
        value_write_words(o->words, *(const int64_t *)value, out);
        break;
    case OPTION_TYPE_LOG_LEVEL:
        buf_add_text(out, log_level_name(*(const enum log_level *)value));
        break;
    case OPTION_TYPE_RENAMES:
        write_renames(settings, out);
        break;
    case OPTION_TYPE_SECRET_FILE: /* where a password came from is not kept */
    case OPTION_TYPE_KEYS_FILE:   /* keys stay in their file */
    case OPTION_TYPE_ENDPOINT_LIST:
    case OPTION_TYPE_COMMANDS:
    case OPTION_TYPE_USERS: /* by users_write_one */
        break;
    }
}

static void print_renames(const struct group_settings *g, struct buf *out) {
    buf_add_char(out, '{');
    for (size_t i = 0; i < g->rename_count; i++)
        buf_printf(out, "%s%s: %s", i > 0 ? ", " : "", g->renames[i].command, g->renames[i].name);
    buf_add_char(out, '}');
}

void option_print(const struct option *o, const void *settings, struct buf *out) {
    const void *value = option_const_value(o, settings);
    switch (o->type) {
    case OPTION_TYPE_DURATION:
        value_write_duration(*(const int64_t *)value, out);
        break;
    case OPTION_TYPE_SIZE:
        value_write_size(*(const int64_t *)value, out);
        break;
    case OPTION_TYPE_SECRET:
    case OPTION_TYPE_KEYS_FILE:
        buf_add_text(out, secret_print(value));
        break;
    case OPTION_TYPE_RENAMES:
        print_renames(settings, out);
        break;
    case OPTION_TYPE_USERS:
        buf_add_text(out, SECRET_STARS);
        break;
    case OPTION_TYPE_COMMANDS:
        command_renames_print(value, out);
        break;
    case OPTION_TYPE_ENDPOINT:
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_SERVERS:
    case OPTION_TYPE_PATHS:
    case OPTION_TYPE_IP:
    case OPTION_TYPE_PATH:
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_MODE:
    case OPTION_TYPE_BOOL:
    case OPTION_TYPE_SECRET_FILE:
    case OPTION_TYPE_ENDPOINT_LIST:
    case OPTION_TYPE_LOG_LEVEL:
    case OPTION_TYPE_WORD:
    case OPTION_TYPE_WORDS:
        option_write(o, settings, out);
        break;
    }
}

static bool text_equal(const char *a, const char *b) {
    return slice_equal(slice_of(a), slice_of(b));
}

static bool listens_equal(const struct listen *a, const struct listen *b) {
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!endpoint_equal(&a->at[i], &b->at[i]) || a->optional[i] != b->optional[i])
            return false;
    }
    return true;
}

static bool renames_equal(const struct group_settings *a, const struct group_settings *b) {
    if (a->rename_count != b->rename_count)
        return false;
    for (size_t i = 0; i < a->rename_count; i++) {
        if (strcmp(a->renames[i].command, b->renames[i].command) != 0 ||
            strcmp(a->renames[i].name, b->renames[i].name) != 0)
            return false;
    }
    return true;
}

bool option_equal(const struct option *o, const void *a, const void *b) {
    const void *left = option_const_value(o, a);
    const void *right = option_const_value(o, b);
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT:
        return endpoint_equal(left, right);
    case OPTION_TYPE_ENDPOINT_LIST:
        return listens_equal(left, right);
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_SERVERS:
    case OPTION_TYPE_PATHS:
    case OPTION_TYPE_IP:
    case OPTION_TYPE_PATH:
        return text_equal(*(char *const *)left, *(char *const *)right);
    case OPTION_TYPE_SECRET:
    case OPTION_TYPE_SECRET_FILE:
    case OPTION_TYPE_KEYS_FILE:
        return secret_equal(left, right);
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_SIZE:
    case OPTION_TYPE_WORD:
    case OPTION_TYPE_WORDS:
    case OPTION_TYPE_MODE:
        return *(const int64_t *)left == *(const int64_t *)right;
    case OPTION_TYPE_LOG_LEVEL:
        return *(const enum log_level *)left == *(const enum log_level *)right;
    case OPTION_TYPE_BOOL:
        return *(const bool *)left == *(const bool *)right;
    case OPTION_TYPE_RENAMES:
        return renames_equal(a, b);
    case OPTION_TYPE_USERS:
        return users_equal(left, right);
    case OPTION_TYPE_COMMANDS:
        return command_renames_equal(left, right);
    }
    return false;
}
