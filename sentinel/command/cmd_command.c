/* COMMAND: the table of commands, told to clients. */
#include "common/glob.h"
#include "sentinel/command/call.h"
#include "sentinel/command/doc.h"
#include "sentinel/command/naming.h"
#include "sentinel/command/server.h"
#include "sentinel/core/core.h"

static enum compat compat_of(const struct call *call) {
    return core_compat(call->core);
}

static const struct naming *names_of(const struct call *call) {
    return &call->server->naming;
}

/* Calls `visit` for each command and, behind its container, each subcommand. */
static void walk(
    const struct call *call, void (*visit)(const struct command *c, void *context), void *context) {
    enum compat compat = compat_of(call);
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        if (!naming_has(names_of(call), c))
            continue;
        visit(c, context);
        for (size_t k = 0; k < c->subcommand_count; k++) {
            if (command_is_told(&c->subcommands[k], compat))
                visit(&c->subcommands[k], context);
        }
    }
}

/* ---- INFO ---- */

/* The names of the bits that are set, each behind `prefix`. */
static void write_bits(struct resp_writer *w, unsigned bits, const char *const *names,
    size_t name_count, const char *prefix) {
    resp_set(w, (size_t)__builtin_popcount(bits));
    for (size_t i = 0; i < name_count; i++) {
        if ((bits & 1u << i) == 0)
            continue;
        buf_printf(w->out, "+%s%s\r\n", prefix, names[i]);
    }
}

static void write_tips(struct resp_writer *w, const char *tips) {
    size_t count = tips != NULL;
    for (const char *c = tips; c != NULL && *c != '\0'; c++)
        count += *c == ' ';
    resp_set(w, count);
    struct slice rest = slice_of(tips);
    for (size_t i = 0; i < count; i++)
        resp_bulk(w, slice_cut(&rest, ' '));
}

/* Ten elements; no command here has keys. */
static void write_info(struct resp_writer *w, const struct command *c, enum compat compat) {
    resp_array(w, 10);
    resp_bulk(w, c->name);
    resp_integer(w, command_arity(c, compat));
    write_bits(w, c->flags, command_flag_names, COMMAND_FLAG_COUNT, "");
    for (int key = 0; key < 3; key++)
        resp_integer(w, 0); /* first key, last key, step */
    write_bits(w, command_categories(c), command_category_names, COMMAND_CATEGORY_COUNT, "@");
    write_tips(w, c->tips);
    resp_set(w, 0); /* key specifications */

    if (c->subcommand_count == 0 && compat != COMPAT_VALKEY) {
        resp_set(w, 0);
        return;
    }
    resp_array(w, command_count_told(c->subcommands, c->subcommand_count, compat));
    for (size_t i = 0; i < c->subcommand_count; i++) {
        if (command_is_told(&c->subcommands[i], compat))
            write_info(w, &c->subcommands[i], compat);
    }
}

void run_command(struct call *call) {
    resp_array(&call->reply, naming_count(names_of(call)));
    for (size_t i = 0; i < command_count; i++) {
        if (naming_has(names_of(call), &command_table[i]))
            write_info(&call->reply, &command_table[i], compat_of(call));
    }
}

void run_command_info(struct call *call) {
    if (call->count == 2) {
        run_command(call);
        return;
    }
    resp_array(&call->reply, call->count - 2);
    for (size_t i = 2; i < call->count; i++) {
        const struct command *c =
            command_find_served(names_of(call), call->args[i], compat_of(call));
        if (c != NULL)
            write_info(&call->reply, c, compat_of(call));
        else
            resp_null(&call->reply);
    }
}

/* ---- GETKEYS ---- */

/* No command of this process has keys, so that nothing is left but the reasons to refuse. */
void run_command_getkeys(struct call *call) {
    const struct command *c =
        command_of(names_of(call), call->args + 2, call->count - 2, compat_of(call));
    resp_error(&call->reply,
        c == NULL ? SLICE_LITERAL("ERR Invalid command specified")
                  : SLICE_LITERAL("ERR The command has no key arguments"));
}

void run_command_count(struct call *call) {
    resp_integer(&call->reply, (int64_t)naming_count(names_of(call)));
}

/* ---- DOCS ---- */

static void write_pair(struct resp_writer *w, const char *key, const char *value) {
    resp_bulk_text(w, key);
    resp_bulk_text(w, value);
}

static void write_optional(struct resp_writer *w, const char *key, const char *value) {
    if (value != NULL)
        write_pair(w, key, value);
}

static void write_argument(struct resp_writer *w, const struct argument *a);

static void write_arguments(struct resp_writer *w, const struct argument *list, size_t count) {
    if (count == 0)
        return;
    resp_bulk_text(w, "arguments");
    resp_array(w, count);
    for (size_t i = 0; i < count; i++)
        write_argument(w, &list[i]);
}

static void write_argument(struct resp_writer *w, const struct argument *a) {
    static const char *const types[ARGUMENT_TYPE_COUNT] = { "string", "integer", "pattern",
        "pure-token", "oneof", "block" };
    static const char *const flags[] = { "optional", "multiple", "multiple_token" };
    resp_map(w,
        2U + (a->token != NULL) + (a->since != NULL) + (a->deprecated_since != NULL) +
            (a->flags != 0) + (a->part_count > 0));
    write_pair(w, "name", a->name);
    write_pair(w, "type", types[a->type]);
    write_optional(w, "token", a->token);
    write_optional(w, "since", a->since);
    write_optional(w, "deprecated_since", a->deprecated_since);
    if (a->flags != 0) {
        resp_bulk_text(w, "flags");
        write_bits(w, a->flags, flags, ARRAY_SIZE(flags), "");
    }
    write_arguments(w, a->parts, a->part_count);
}

static void write_deprecation(struct resp_writer *w, const struct command_doc *doc) {
    resp_bulk_text(w, "doc_flags");
    resp_set(w, 1);
    resp_status(w, "deprecated");
    write_pair(w, "deprecated_since", doc->deprecated_since);
    write_pair(w, "replaced_by", doc->replaced_by);
}

static void write_docs(
    struct resp_writer *w, const struct command *c, const char *group, enum compat compat) {
    static const struct command_doc nothing = { .command = "" };
    const struct command_doc *found = command_doc_find(c->name);
    const struct command_doc *doc = found != NULL ? found : &nothing;
    bool is_deprecated = doc->deprecated_since != NULL;
    resp_bulk(w, c->name);
    resp_map(w,
        3U + (doc->complexity != NULL) + (is_deprecated ? 3 : 0) + (doc->argument_count > 0) +
            (c->subcommand_count > 0));
    write_pair(w, "summary", c->summary);
    write_pair(w, "since", c->since);
    write_pair(w, "group", group);
    write_optional(w, "complexity", doc->complexity);
    if (is_deprecated)
        write_deprecation(w, doc);
    write_arguments(w, doc->arguments, doc->argument_count);
    if (c->subcommand_count == 0)
        return;
    resp_bulk_text(w, "subcommands");
    resp_map(w, command_count_told(c->subcommands, c->subcommand_count, compat));
    for (size_t i = 0; i < c->subcommand_count; i++) {
        if (command_is_told(&c->subcommands[i], compat))
            write_docs(w, &c->subcommands[i], group, compat);
    }
}

static const char *group_of(const struct command *c) {
    struct slice rest = c->name;
    const struct command *container = command_find(slice_cut(&rest, '|'));
    return container->group;
}

void run_command_docs(struct call *call) {
    if (call->count == 2) {
        resp_map(&call->reply, naming_count(names_of(call)));
        for (size_t i = 0; i < command_count; i++) {
            const struct command *c = &command_table[i];
            if (naming_has(names_of(call), c))
                write_docs(&call->reply, c, c->group, compat_of(call));
        }
        return;
    }
    size_t known = 0;
    for (size_t i = 2; i < call->count; i++)
        known += command_find_served(names_of(call), call->args[i], compat_of(call)) != NULL;
    resp_map(&call->reply, known);
    for (size_t i = 2; i < call->count; i++) {
        const struct command *c =
            command_find_served(names_of(call), call->args[i], compat_of(call));
        if (c != NULL)
            write_docs(&call->reply, c, group_of(c), compat_of(call));
    }
}

/* ---- LIST ---- */

enum list_filter { LIST_ALL, LIST_MODULE, LIST_CATEGORY, LIST_PATTERN };

/* Passes over the table twice: first to count, then to write. */
struct listing {
    enum list_filter filter;
    struct slice value;
    size_t count;
    struct resp_writer *out; /* NULL while counting */
};

static bool is_listed(const struct command *c, const struct listing *l) {
    switch (l->filter) {
    case LIST_ALL:
        return true;
    case LIST_MODULE:
        return false; /* there are no modules */
    case LIST_CATEGORY:
        return (command_categories(c) & command_category_of(l->value)) != 0;
    case LIST_PATTERN:
        return glob_match(l->value, c->name, true);
    }
    return false;
}

static void visit_listed(const struct command *c, void *context) {
    struct listing *l = context;
    if (!is_listed(c, l))
        return;
    if (l->out == NULL)
        l->count++;
    else
        resp_bulk(l->out, c->name);
}

/* false if the words are no filter. */
static bool read_listing(const struct call *call, struct listing *ret) {
    if (call->count == 2)
        return true;
    if (call->count != 5 || !slice_is_nocase(call->args[2], "filterby"))
        return false;
    static const struct {
        const char *word;
        enum list_filter filter;
    } filters[] = {
        { "module", LIST_MODULE },
        { "aclcat", LIST_CATEGORY },
        { "pattern", LIST_PATTERN },
    };
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        if (slice_is_nocase(call->args[3], filters[i].word)) {
            ret->filter = filters[i].filter;
            ret->value = call->args[4];
            return true;
        }
    }
    return false;
}

void run_command_list(struct call *call) {
    struct listing listing = { .filter = LIST_ALL };
    if (!read_listing(call, &listing)) {
        resp_error(&call->reply, SLICE_LITERAL("ERR syntax error"));
        return;
    }
    walk(call, visit_listed, &listing);
    resp_array(&call->reply, listing.count);
    listing.out = &call->reply;
    walk(call, visit_listed, &listing);
}

void run_command_help(struct call *call) {
    reply_help(call, "command", "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
}
