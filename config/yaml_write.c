#include "config/yaml_write.h"

#include "common/buf.h"
#include "config/diag.h"
#include "config/merge.h"
#include "config/option.h"
#include "config/secret_text.h"
#include "config/settings.h"

#include <string.h>

struct writer {
    struct buf *out;
    struct diag *diag;
    enum option_scope scope;
    const char *subject;  /* whose options: for findings */
    const void *settings; /* by the scope */
    const void *standard;
    int indent;
    struct slice map; /* the one that is open: "auth" of "auth.user"; empty = none */
    bool valid;
};

/* How many bytes the UTF-8 character at the front takes; 0 if it is none that YAML prints. */
static size_t character_size(struct slice s) {
    unsigned char first = (unsigned char)s.data[0];
    size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    uint32_t code = first < 0x80 ? first : first & (0x7fU >> size);
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || size > s.size)
        return 0;
    for (size_t i = 1; i < size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if ((c & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (c & 0x3f);
    }
    bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    bool printable = code >= 0x20 && (code < 0x7f || code > 0x9f) && code != 0xfeff &&
        (code < 0xd800 || code > 0xdfff) && code != 0xfffe && code != 0xffff && code <= 0x10ffff;
    return overlong || !printable ? 0 : size;
}

/* In double quotes. false: bytes that no YAML text can stand for. */
static bool add_text(struct buf *out, struct slice text) {
    buf_add_char(out, '"');
    while (text.size > 0) {
        size_t size = character_size(text);
        if (size == 0)
            return false;
        if (text.data[0] == '"' || text.data[0] == '\\')
            buf_add_char(out, '\\');
        buf_add_slice(out, slice_sub(text, 0, size));
        text = slice_sub(text, size, SIZE_MAX);
    }
    buf_add_char(out, '"');
    return true;
}

static bool add_listen(struct buf *out, const struct listen *l) {
    char text[ENDPOINT_TEXT_MAX];
    buf_add_char(out, '[');
    for (size_t i = 0; i < l->count; i++)
        buf_printf(out, "%s'%s'", i > 0 ? ", " : "", endpoint_text(&l->at[i], text));
    buf_add_char(out, ']');
    return true;
}

static bool add_renames(struct buf *out, const struct group_settings *g) {
    bool valid = true;
    buf_add_char(out, '{');
    for (size_t i = 0; i < g->rename_count && valid; i++) {
        buf_add_text(out, i > 0 ? ", " : "");
        valid = add_text(out, slice_of(g->renames[i].command));
        buf_add_text(out, ": ");
        valid = valid && add_text(out, slice_of(g->renames[i].name));
    }
    buf_add_char(out, '}');
    return valid;
}

static bool add_users(struct buf *out, const struct users *u) {
    bool valid = true;
    buf_add_char(out, '{');
    for (size_t i = 0; i < u->count && valid; i++) {
        buf_add_text(out, i > 0 ? ", " : "");
        valid = add_text(out, user_name(&u->items[i]));
        buf_add_text(out, ": ");
        struct buf rules = BUF_INIT;
        secret_text_write_rules(secret_reveal(&u->items[i].rules), &rules);
        valid = valid && add_text(out, buf_slice(&rules));
        buf_fini(&rules);
    }
    buf_add_char(out, '}');
    return valid;
}

static bool add_secret(struct buf *out, const struct secret *password) {
    struct buf text = BUF_INIT;
    secret_text_write(secret_reveal(password), &text);
    bool valid = add_text(out, buf_slice(&text));
    buf_fini(&text);
    return valid;
}

static bool add_commands(struct buf *out, const struct command_renames *r) {
    bool valid = true;
    buf_add_char(out, '{');
    for (size_t i = 0; i < r->count && valid; i++) {
        buf_add_text(out, i > 0 ? ", " : "");
        valid = add_text(out, slice_of(r->items[i].command));
        buf_add_text(out, ": ");
        valid = valid && add_text(out, slice_of(r->items[i].name));
    }
    buf_add_char(out, '}');
    return valid;
}

static bool add_quoted(const struct option *o, const void *settings, struct buf *out) {
    struct buf value = BUF_INIT;
    option_write(o, settings, &value);
    bool valid = add_text(out, buf_slice(&value));
    buf_fini(&value);
    return valid;
}

static bool add_value(const struct writer *w, const struct option *o, struct buf *out) {
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT_LIST:
        return add_listen(out, option_const_value(o, w->settings));
    case OPTION_TYPE_RENAMES:
        return add_renames(out, w->settings);
    case OPTION_TYPE_ENDPOINT:
    case OPTION_TYPE_TEXT:
    case OPTION_TYPE_SERVERS:
    case OPTION_TYPE_PATHS:
    case OPTION_TYPE_IP:
    case OPTION_TYPE_PATH:
        return add_quoted(o, w->settings, out);
    case OPTION_TYPE_SECRET:
        return add_secret(out, option_const_value(o, w->settings));
    case OPTION_TYPE_COUNT:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_SIZE:
    case OPTION_TYPE_MODE:
    case OPTION_TYPE_BOOL:
    case OPTION_TYPE_LOG_LEVEL:
    case OPTION_TYPE_WORD:
    case OPTION_TYPE_WORDS:
        option_print(o, w->settings, out);
        return true;
    case OPTION_TYPE_USERS:
        return add_users(out, &((const struct settings *)w->settings)->users);
    case OPTION_TYPE_COMMANDS:
        return add_commands(out, &((const struct settings *)w->settings)->renames);
    case OPTION_TYPE_SECRET_FILE:
    case OPTION_TYPE_KEYS_FILE:
        break;
    }
    return true;
}

/* "auth.user": opens the map if it is another one than that of the option before. */
static void begin_line(struct writer *w, const struct option *o) {
    struct slice name = slice_of(o->key);
    struct slice map = slice_cut(&name, '.');
    bool nested = name.data != NULL;
    if (nested && !slice_equal(map, w->map))
        buf_printf(w->out, "%*s" SLICE_FMT ":\n", w->indent, "", SLICE_ARG(map));
    w->map = nested ? map : SLICE_EMPTY;
    buf_printf(w->out, "%*s" SLICE_FMT ": ", nested ? w->indent + 2 : w->indent, "",
        SLICE_ARG(nested ? name : map));
}

static void write_option(struct writer *w, const struct option *o) {
    if (o->scope != w->scope || o->type == OPTION_TYPE_SECRET_FILE ||
        o->type == OPTION_TYPE_KEYS_FILE)
        return;
    /* Those of an ACL file stand there. */
    if (o->type == OPTION_TYPE_USERS && ((const struct settings *)w->settings)->acl_file != NULL)
        return;
    if (!o->required && option_equal(o, w->settings, w->standard))
        return;
    begin_line(w, o);
    if (!add_value(w, o, w->out)) {
        diag_add(w->diag, 0, 0, "%s of %s is no UTF-8 text, and YAML cannot hold it", o->key,
            w->subject);
        w->valid = false;
    }
    buf_add_char(w->out, '\n');
}

static void write_options(struct writer *w) {
    for (size_t i = 0; i < option_count; i++)
        write_option(w, &option_table[i]);
}

static bool write_groups(const struct plan *plan, struct buf *out, struct diag *diag) {
    struct group_settings standard;
    bool valid = true;
    group_settings_init(&standard);
    buf_add_text(out, plan->group_count > 0 ? "groups:\n" : "groups: {}\n");
    for (size_t i = 0; i < plan->group_count; i++) {
        const struct group_settings *g = &plan->groups[i].active;
        struct writer w = {
            .out = out,
            .diag = diag,
            .scope = OPTION_GROUP,
            .subject = g->name,
            .settings = g,
            .standard = &standard,
            .indent = 4,
            .valid = true,
        };
        buf_add_text(out, "  ");
        if (!add_text(out, slice_of(g->name))) {
            diag_add(diag, 0, 0, "the name of group %s is no UTF-8 text", g->name);
            valid = false;
        }
        buf_add_text(out, ":\n");
        write_options(&w);
        valid = valid && w.valid;
    }
    group_settings_fini(&standard);
    return valid;
}

bool yaml_write(const struct plan *plan, struct buf *out, struct diag *diag) {
    struct settings standard;
    settings_init(&standard);
    struct writer w = {
        .out = out,
        .diag = diag,
        .scope = OPTION_PROCESS,
        .subject = "the process",
        .settings = &plan->active,
        .standard = &standard,
        .valid = true,
    };
    write_options(&w);
    bool groups_valid = write_groups(plan, out, diag);
    settings_fini(&standard);
    return w.valid && groups_valid;
}
