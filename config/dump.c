#include "config/dump.h"

#include "common/buf.h"
#include "common/log.h"
#include "config/option.h"
#include "config/value.h"

#include <string.h>

#define PROSE_WIDTH ((size_t)96) /* columns */

/* The name of the map that an option stands in: "auth" of "auth.user", else empty; and its name
 * there. */
static struct slice parent_of(const struct option *o, struct slice *ret_name) {
    struct slice name = slice_of(o->key);
    struct slice parent = slice_cut(&name, '.');
    bool nested = name.data != NULL;
    *ret_name = nested ? name : parent;
    return nested ? parent : SLICE_EMPTY;
}

/* Shown, but switched off: without a default there is no value that would change nothing. */
static bool is_commented_out(const struct option *o) {
    return o->standard == NULL && !o->required;
}

static const char *shown_value(const struct option *o) {
    return o->example != NULL ? o->example : o->standard;
}

/* ---- config/example.yaml ---- */

/* How lines of the example begin: blanks, "#" if they are commented out, blanks. */
struct margin {
    int outer, inner;
    bool commented_out;
};

static void begin_line(struct margin m, struct buf *out) {
    buf_printf(out, "%*s%s%*s", m.outer, "", m.commented_out ? "#" : "", m.inner, "");
}

/* A comment, broken between words. */
static void write_prose(struct margin m, struct slice text, struct buf *out) {
    m.commented_out = m.commented_out && m.inner > 0; /* else it is a comment already */
    size_t start = (size_t)(m.outer + m.inner) + 1, column = 0;
    while (text.size > 0) {
        struct slice word = slice_cut(&text, ' ');
        if (column == 0 || column + 1 + word.size > PROSE_WIDTH) {
            if (column > 0)
                buf_add_char(out, '\n');
            begin_line(m, out);
            buf_add_char(out, '#');
            column = start;
        }
        buf_add_char(out, ' ');
        buf_add_slice(out, word);
        column += 1 + word.size;
    }
    buf_add_char(out, '\n');
}

static void write_example(
    const struct option *o, struct slice name, struct margin m, struct buf *out) {
    struct buf prose = BUF_INIT;
    buf_add_text(&prose, o->doc);
    if (o->standard != NULL)
        buf_printf(&prose, " Default: %s.", o->standard);
    if (o->required)
        buf_add_text(&prose, " Required.");
    if (o->live == OPTION_RESTART)
        buf_add_text(&prose, " A change needs a restart.");
    write_prose(m, buf_slice(&prose), out);
    buf_fini(&prose);

    begin_line(m, out);
    buf_printf(out, SLICE_FMT ": %s\n", SLICE_ARG(name), shown_value(o));
}

/* Whether every option below a map is commented out: then so is the map. */
static bool is_map_commented_out(enum option_scope scope, struct slice map) {
    for (size_t i = 0; i < option_count; i++) {
        struct slice name;
        const struct option *o = &option_table[i];
        if (o->scope == scope && slice_equal(parent_of(o, &name), map) && !is_commented_out(o))
            return false;
    }
    return true;
}

/* Options of one map stand together in the table. */
static void write_scope(enum option_scope scope, int outer, struct buf *out) {
    struct slice map = SLICE_EMPTY;
    bool map_commented_out = false;
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope != scope)
            continue;
        first = MIN_OF(first, i);
        struct slice name;
        struct slice parent = parent_of(o, &name);
        if (parent.size > 0 && !slice_equal(parent, map)) {
            buf_add_char(out, '\n');
            map_commented_out = is_map_commented_out(scope, parent);
            begin_line((struct margin){ .outer = outer, .commented_out = map_commented_out }, out);
            buf_printf(out, SLICE_FMT ":\n", SLICE_ARG(parent));
        }
        map = parent;
        if (parent.size == 0 && i > first)
            buf_add_char(out, '\n');
        struct margin m = { .outer = outer, .commented_out = is_commented_out(o) };
        if (parent.size > 0 && map_commented_out)
            m.inner = 2;
        else if (parent.size > 0)
            m.outer += 2;
        write_example(o, name, m, out);
    }
}

void dump_example(struct buf *out) {
    buf_add_text(out,
        "# All options of Vedette, generated from config/option_table.c by scripts/generate.\n"
        "# Durations have a unit: ms, s, m or h; sizes: B, KiB, MiB or GiB. Addresses have a port.\n"
        "# `vedette --check FILE` tells what is wrong with a file, and does nothing else.\n"
        "\n");
    write_scope(OPTION_PROCESS, 0, out);
    buf_add_text(out,
        "\n"
        "# What is watched, by name. May be left out: SENTINEL MONITOR adds groups at runtime.\n"
        "groups:\n"
        "  mymaster:\n");
    write_scope(OPTION_GROUP, 4, out);
}

/* ---- docs/options.md ---- */

static void write_words(const struct option *o, struct buf *out) {
    for (struct slice rest = slice_of(o->words); rest.size > 0;) {
        struct slice word = slice_cut(&rest, '|');
        buf_printf(out, "`" SLICE_FMT "`%s", SLICE_ARG(word), rest.size > 0 ? ", " : "");
    }
}

static void write_values(const struct option *o, struct buf *out) {
    switch (o->type) {
    case OPTION_TYPE_ENDPOINT:
        buf_add_text(out, "`ip:port` or `name:port`");
        break;
    case OPTION_TYPE_ENDPOINT_LIST:
        buf_add_text(out, "`ip:port`, or a list of them");
        break;
    case OPTION_TYPE_TEXT:
        buf_add_text(out, "text");
        break;
    case OPTION_TYPE_PATHS:
        buf_add_text(out, "absolute path, or a list of them");
        break;
    case OPTION_TYPE_SERVERS:
        buf_add_text(out, "`ip` or `ip:port`, separated by commas");
        break;
    case OPTION_TYPE_IP:
        buf_add_text(out, "IP address");
        break;
    case OPTION_TYPE_PATH:
        buf_add_text(out, "path");
        break;
    case OPTION_TYPE_SECRET:
        buf_add_text(out, "text, never shown");
        break;
    case OPTION_TYPE_SECRET_FILE:
        buf_add_text(out, "path of a file; its last newline does not count");
        break;
    case OPTION_TYPE_KEYS_FILE:
        buf_add_text(out, "path of a file; a secret of 16 to 256 bytes a line");
        break;
    case OPTION_TYPE_COUNT:
        buf_printf(out, "%lld to %lld", (long long)o->min, (long long)o->max);
        break;
    case OPTION_TYPE_DURATION:
        value_write_duration(o->min, out);
        buf_add_text(out, " to ");
        value_write_duration(o->max, out);
        break;
    case OPTION_TYPE_SIZE:
        value_write_size(o->min, out);
        buf_add_text(out, " to ");
        value_write_size(o->max, out);
        break;
    case OPTION_TYPE_MODE:
        buf_add_text(out, "octal, 0 to 777");
        break;
    case OPTION_TYPE_BOOL:
        buf_add_text(out, "`yes`, `no`");
        break;
    case OPTION_TYPE_LOG_LEVEL:
        for (int level = 0; level < LOG_LEVEL_COUNT; level++)
            buf_printf(out, "%s`%s`", level > 0 ? ", " : "", log_level_name((enum log_level)level));
        break;
    case OPTION_TYPE_WORD:
        write_words(o, out);
        break;
    case OPTION_TYPE_WORDS:
        write_words(o, out);
        buf_add_text(out, "; some of them, separated by blanks");
        break;
    case OPTION_TYPE_RENAMES:
        buf_add_text(out, "`{COMMAND: NAME}`");
        break;
    case OPTION_TYPE_COMMANDS:
        buf_add_text(out, "`{COMMAND: NAME}`");
        break;
    case OPTION_TYPE_USERS:
        buf_add_text(out, "`{NAME: RULES}`");
        break;
    }
}

static void write_row(const struct option *o, struct buf *out) {
    buf_printf(out, "| `%s` | ", o->key);
    write_values(o, out);
    if (o->required)
        buf_add_text(out, " | required");
    else if (o->standard != NULL)
        buf_printf(out, " | `%s`", o->standard);
    else
        buf_add_text(out, " | none");
    buf_add_text(out, o->live == OPTION_LIVE ? " | at a reload | " : " | at a restart | ");
    if (o->scope == OPTION_GROUP && o->set_name != NULL)
        buf_printf(out, "`%s` | ", o->set_name);
    else if (o->scope == OPTION_GROUP)
        buf_add_text(out, "| ");
    buf_printf(out, "%s |\n", o->doc);
}

static void write_table(enum option_scope scope, struct buf *out) {
    bool is_group = scope == OPTION_GROUP;
    buf_printf(out, "| key | value | default | a change counts | %swhat it is |\n",
        is_group ? "`SENTINEL SET` | " : "");
    buf_printf(out, "| --- | --- | --- | --- | %s--- |\n", is_group ? "--- | " : "");
    for (size_t i = 0; i < option_count; i++) {
        if (option_table[i].scope == scope)
            write_row(&option_table[i], out);
    }
}

void dump_reference(struct buf *out) {
    buf_add_text(out,
        "# Options\n"
        "\n"
        "Generated from `config/option_table.c` by `scripts/generate`; `config/example.yaml` shows them in\n"
        "place. A key with a dot stands in a map: `log.level` is `log: {level: ...}`. A duration is a\n"
        "whole number and its unit: `200ms`, `5s`, `1m`, `2h`; so is a size: `512B`, `64KiB`, `1MiB`,\n"
        "`1GiB`.\n"
        "\n"
        "## Of the process\n"
        "\n");
    write_table(OPTION_PROCESS, out);
    buf_add_text(out,
        "\n"
        "## Of each group, below `groups: {NAME: ...}`\n"
        "\n"
        "The name has 1 to 255 bytes without commas, blanks and control characters. `SENTINEL SET`\n"
        "changes an option at runtime, durations in milliseconds without unit. The change is kept as\n"
        "long as the file goes on saying what it said then.\n"
        "\n");
    write_table(OPTION_GROUP, out);
}
