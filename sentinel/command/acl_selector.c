#include "sentinel/command/acl_selector.h"

#include "common/buf.h"
#include "common/glob.h"
#include "common/mem.h"

#include <string.h>

const char *acl_error_text(enum acl_error error) {
    switch (error) {
    case ACL_OK:
    case ACL_ERROR_COUNT:
        break;
    case ACL_E_SYNTAX:
        return "Syntax error";
    case ACL_E_UNKNOWN:
        return "Unknown command or category name in ACL";
    case ACL_E_ALL_KEYS:
        return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
               "not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    case ACL_E_ALL_CHANNELS:
        return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
               "does not have any effect. Try 'resetchannels' to start with an empty list of "
               "channels";
    case ACL_E_NO_PASSWORD:
        return "The password you are trying to remove from the user does not exist";
    case ACL_E_BAD_HASH:
        return "The password hash must be exactly 64 characters and contain only lowercase "
               "hexadecimal characters";
    case ACL_E_FIRST_ARGUMENT:
        return "Allowing first-arg of a subcommand is not supported";
    case ACL_E_TOO_MANY:
        return "Too many passwords, patterns, selectors or first arguments";
    }
    return "";
}

/* ---- sets of commands ---- */

static bool has(const struct acl_commands *set, const struct command *c) {
    return (set->words[c->number / 64] & UINT64_C(1) << c->number % 64) != 0;
}

static void put_one(struct acl_commands *set, const struct command *c, bool allowed) {
    uint64_t bit = UINT64_C(1) << c->number % 64;
    if (allowed)
        set->words[c->number / 64] |= bit;
    else
        set->words[c->number / 64] &= ~bit;
}

/* A container brings its subcommands. */
static void put(struct acl_commands *set, const struct command *c, bool allowed) {
    put_one(set, c, allowed);
    for (size_t i = 0; i < c->subcommand_count; i++)
        put_one(set, &c->subcommands[i], allowed);
}

static void put_all(struct acl_commands *set, bool allowed) {
    memset(set->words, allowed ? 0xff : 0, sizeof(set->words));
}

/* ---- life ---- */

static void patterns_fini(struct acl_patterns *p) {
    for (size_t i = 0; i < p->count; i++)
        mem_free(p->items[i].text);
    mem_free(p->items);
    *p = (struct acl_patterns){ .all = false };
}

static void patterns_add(struct acl_patterns *p, struct slice text, unsigned access) {
    mem_grow(&p->items, &p->capacity, p->count + 1, sizeof(p->items[0]));
    p->items[p->count++] =
        (struct acl_pattern){ .text = slice_dup(text), .size = text.size, .access = access };
}

static struct slice pattern_text(const struct acl_pattern *p) {
    return (struct slice){ .data = p->text, .size = p->size };
}

static void patterns_copy(struct acl_patterns *to, const struct acl_patterns *from) {
    *to = (struct acl_patterns){ .all = from->all };
    for (size_t i = 0; i < from->count; i++)
        patterns_add(to, pattern_text(&from->items[i]), from->items[i].access);
}

static void add_first_argument(
    struct acl_selector *s, const struct command *command, struct slice word) {
    mem_grow(&s->first_arguments, &s->first_argument_capacity, s->first_argument_count + 1,
        sizeof(s->first_arguments[0]));
    s->first_arguments[s->first_argument_count++] =
        (struct acl_first_argument){ .command = command, .word = slice_dup(word) };
}

static void drop_first_arguments(struct acl_selector *s) {
    for (size_t i = 0; i < s->first_argument_count; i++)
        mem_free(s->first_arguments[i].word);
    s->first_argument_count = 0;
}

void acl_selector_init(struct acl_selector *s) {
    *s = (struct acl_selector){ .unrestricted = false };
}

void acl_selector_fini(struct acl_selector *s) {
    patterns_fini(&s->keys);
    patterns_fini(&s->channels);
    drop_first_arguments(s);
    mem_free(s->first_arguments);
    mem_free(s->rules);
    acl_selector_init(s);
}

void acl_selector_copy(struct acl_selector *to, const struct acl_selector *from) {
    acl_selector_init(to);
    to->unrestricted = from->unrestricted;
    to->future = from->future;
    to->commands = from->commands;
    to->rules = mem_strdup(from->rules);
    patterns_copy(&to->keys, &from->keys);
    patterns_copy(&to->channels, &from->channels);
    for (size_t i = 0; i < from->first_argument_count; i++)
        add_first_argument(
            to, from->first_arguments[i].command, slice_of(from->first_arguments[i].word));
}

/* ---- rules about commands ---- */

/* What cannot stand in a line of rules. */
static bool has_blanks(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\0' || (text.data[i] >= '\t' && text.data[i] <= '\r') ||
            text.data[i] == ' ')
            return true;
    }
    return false;
}

/* Whether a later rule about `name` makes void what an earlier one said of `said`: the same, or a
 * part of it. */
static bool covers(struct slice name, struct slice said) {
    return slice_equal_nocase(name, slice_sub(said, 0, name.size)) &&
        (said.size == name.size || said.data[name.size] == '|');
}

/* Keeps the rule "+name" or "-name" in place of those that it makes void. */
static void keep_rule(struct acl_selector *s, struct slice rule) {
    struct slice name = slice_sub(rule, 1, SIZE_MAX);
    struct slice rest = slice_of(s->rules);
    struct buf kept = BUF_INIT;
    while (rest.size > 0) {
        struct slice said = slice_cut(&rest, ' ');
        if (covers(name, slice_sub(said, 1, SIZE_MAX)))
            continue;
        buf_add_slice(&kept, said);
        buf_add_char(&kept, ' ');
    }
    for (size_t i = 0; i < rule.size; i++) {
        char c = rule.data[i];
        buf_add_char(&kept, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    mem_free(s->rules);
    s->rules = slice_dup(buf_slice(&kept));
    buf_fini(&kept);
}

static void set_all_commands(struct acl_selector *s, bool allowed) {
    put_all(&s->commands, allowed);
    s->unrestricted = s->future = allowed;
    drop_first_arguments(s);
    mem_free(s->rules);
    s->rules = NULL;
}

/* What was said of a first argument of commands of which all is allowed now, or nothing. */
static void forget_first_arguments(struct acl_selector *s, const struct command *c) {
    size_t kept = 0;
    for (size_t i = 0; i < s->first_argument_count; i++) {
        if (s->first_arguments[i].command == c)
            mem_free(s->first_arguments[i].word);
        else
            s->first_arguments[kept++] = s->first_arguments[i];
    }
    s->first_argument_count = kept;
}

static void set_command(struct acl_selector *s, const struct command *c, bool allowed) {
    put(&s->commands, c, allowed);
    forget_first_arguments(s, c);
    if (!allowed)
        s->unrestricted = false;
}

static enum acl_error set_category(struct acl_selector *s, struct slice name, bool allowed) {
    unsigned category = command_category_of(name);
    if (category == 0)
        return ACL_E_UNKNOWN;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &command_table[i];
        if ((command_categories(c) & category) != 0)
            set_command(s, c, allowed);
        for (size_t k = 0; k < c->subcommand_count; k++) {
            if ((command_categories(&c->subcommands[k]) & category) != 0)
                set_command(s, &c->subcommands[k], allowed);
        }
    }
    return ACL_OK;
}

/* "ping|hi" allows PING with the argument hi, case aside: a command without subcommands. */
static enum acl_error allow_first_argument(
    struct acl_selector *s, const struct command *c, struct slice word) {
    for (size_t i = 0; i < s->first_argument_count; i++) {
        const struct acl_first_argument *a = &s->first_arguments[i];
        if (a->command == c && slice_is_nocase(word, a->word))
            return ACL_OK;
    }
    if (s->first_argument_count == ACL_ITEMS_MAX)
        return ACL_E_TOO_MANY;
    add_first_argument(s, c, word);
    return ACL_OK;
}

/* Where the last '|' stands; SIZE_MAX without one. */
static size_t last_bar(struct slice name) {
    for (size_t i = name.size; i > 0; i--) {
        if (name.data[i - 1] == '|')
            return i - 1;
    }
    return SIZE_MAX;
}

static enum acl_error allow_command(struct acl_selector *s, struct slice name) {
    size_t bar = last_bar(name);
    const struct command *whole = command_find(name);
    if (bar == SIZE_MAX && whole == NULL)
        return ACL_E_UNKNOWN;
    if (bar != SIZE_MAX) {
        const struct command *head = command_find(slice_sub(name, 0, bar));
        struct slice word = slice_sub(name, bar + 1, SIZE_MAX);
        if (head == NULL)
            return ACL_E_UNKNOWN;
        if (head->name.size != head->word.size)
            return ACL_E_FIRST_ARGUMENT;
        if (word.size == 0)
            return ACL_E_SYNTAX;
        if (head->subcommand_count == 0)
            return has_blanks(word) ? ACL_E_SYNTAX : allow_first_argument(s, head, word);
        if (whole == NULL)
            return ACL_E_UNKNOWN;
    }
    set_command(s, whole, true);
    return ACL_OK;
}

static enum acl_error deny_command(struct acl_selector *s, struct slice name) {
    const struct command *c = command_find(name);
    if (c == NULL)
        return ACL_E_UNKNOWN;
    set_command(s, c, false);
    return ACL_OK;
}

static enum acl_error change_commands(struct acl_selector *s, struct slice rule) {
    bool allowed = rule.data[0] == '+';
    struct slice name = slice_sub(rule, 1, SIZE_MAX);
    enum acl_error error;
    if (slice_is_nocase(name, "@all")) {
        set_all_commands(s, allowed);
        return ACL_OK;
    }
    if (slice_starts_with(name, "@"))
        error = set_category(s, slice_sub(name, 1, SIZE_MAX), allowed);
    else
        error = allowed ? allow_command(s, name) : deny_command(s, name);
    if (error == ACL_OK)
        keep_rule(s, rule);
    return error;
}

/* ---- rules about keys and channels ---- */

static void set_patterns(struct acl_patterns *p, bool all) {
    patterns_fini(p);
    p->all = all;
}

static enum acl_error add_pattern(struct acl_patterns *p, struct slice text, unsigned access) {
    if (has_blanks(text))
        return ACL_E_SYNTAX;
    for (size_t i = 0; i < p->count; i++) {
        if (slice_equal(pattern_text(&p->items[i]), text)) {
            p->items[i].access |= access;
            return ACL_OK;
        }
    }
    if (p->count == ACL_ITEMS_MAX)
        return ACL_E_TOO_MANY;
    patterns_add(p, text, access);
    return ACL_OK;
}

/* What stands between the '%' and the '~' of a rule; 0 if it is no access, or named twice. */
static unsigned read_access(struct slice letters) {
    unsigned access = 0;
    for (size_t i = 0; i < letters.size; i++) {
        char letter = letters.data[i];
        unsigned right = letter == 'R' || letter == 'r' ? ACL_READ
            : letter == 'W' || letter == 'w'            ? ACL_WRITE
                                                        : 0;
        if (right == 0 || (access & right) != 0)
            return 0;
        access |= right;
    }
    return access;
}

/* "%R~*" and "%W~*" make "~*": it is printed so, and read back as what it is. */
static bool has_all_keys(const struct acl_patterns *p) {
    for (size_t i = 0; i < p->count; i++)
        if (slice_is(pattern_text(&p->items[i]), "*") &&
            p->items[i].access == (ACL_READ | ACL_WRITE))
            return true;
    return false;
}

static enum acl_error add_keys(struct acl_selector *s, struct slice rule) {
    if (s->keys.all)
        return ACL_E_ALL_KEYS;
    struct slice pattern = slice_sub(rule, 1, SIZE_MAX);
    unsigned access = ACL_READ | ACL_WRITE;
    if (rule.data[0] == '%') {
        access = read_access(slice_cut(&pattern, '~'));
        if (access == 0)
            return ACL_E_SYNTAX;
        if (pattern.data == NULL)
            pattern = SLICE_EMPTY;
    }
    enum acl_error error = add_pattern(&s->keys, pattern, access);
    if (has_all_keys(&s->keys))
        set_patterns(&s->keys, true);
    return error;
}

static enum acl_error add_channels(struct acl_selector *s, struct slice pattern) {
    if (s->channels.all)
        return ACL_E_ALL_CHANNELS;
    return add_pattern(&s->channels, pattern, 0);
}

/* ---- rules ---- */

enum acl_error acl_selector_apply(struct acl_selector *s, struct slice rule) {
    if (rule.size == 0)
        return ACL_OK;
    if (slice_is_nocase(rule, "allkeys") || slice_is(rule, "~*"))
        set_patterns(&s->keys, true);
    else if (slice_is_nocase(rule, "resetkeys"))
        set_patterns(&s->keys, false);
    else if (slice_is_nocase(rule, "allchannels") || slice_is(rule, "&*"))
        set_patterns(&s->channels, true);
    else if (slice_is_nocase(rule, "resetchannels"))
        set_patterns(&s->channels, false);
    else if (slice_is_nocase(rule, "allcommands"))
        set_all_commands(s, true);
    else if (slice_is_nocase(rule, "nocommands"))
        set_all_commands(s, false);
    else if (rule.data[0] == '~' || rule.data[0] == '%')
        return add_keys(s, rule);
    else if (rule.data[0] == '&')
        return add_channels(s, slice_sub(rule, 1, SIZE_MAX));
    else if (rule.data[0] == '+' || rule.data[0] == '-')
        return change_commands(s, rule);
    else
        return ACL_E_SYNTAX;
    return ACL_OK;
}

/* ---- questions ---- */

static bool allows_first_argument(
    const struct acl_selector *s, const struct command *c, const struct slice *args, size_t count) {
    for (size_t i = 0; count > 1 && i < s->first_argument_count; i++) {
        const struct acl_first_argument *a = &s->first_arguments[i];
        if (a->command == c && slice_is_nocase(args[1], a->word))
            return true;
    }
    return false;
}

bool acl_selector_allows_channel(
    const struct acl_selector *s, struct slice channel, bool is_pattern) {
    if (s->channels.all)
        return true;
    for (size_t i = 0; i < s->channels.count; i++) {
        struct slice own = pattern_text(&s->channels.items[i]);
        if (is_pattern ? slice_equal(own, channel) : glob_match(own, channel, false))
            return true;
    }
    return false;
}

static bool allows_channels(const struct acl_selector *s, const struct command *c,
    const struct slice *args, size_t count, size_t *ret_at) {
    size_t end = c->channels == COMMAND_CHANNELS_FIRST ? MIN_OF(count, (size_t)2) : count;
    for (size_t i = 1; i < end; i++) {
        if (!acl_selector_allows_channel(s, args[i], c->channels == COMMAND_CHANNELS_PATTERNS)) {
            *ret_at = i;
            return false;
        }
    }
    return true;
}

enum acl_verdict acl_selector_check(const struct acl_selector *s, const struct command *c,
    const struct slice *args, size_t count, size_t *ret_at) {
    bool may_call = s->unrestricted || (c->flags & COMMAND_NO_AUTH) != 0 || has(&s->commands, c) ||
        allows_first_argument(s, c, args, count);
    if (!may_call)
        return ACL_DENIED_COMMAND;
    if (c->channels == COMMAND_CHANNELS_NONE || s->channels.all ||
        allows_channels(s, c, args, count, ret_at))
        return ACL_ALLOWED;
    return ACL_DENIED_CHANNEL;
}

/* ---- as text ---- */

void acl_selector_print_commands(const struct acl_selector *s, struct buf *out) {
    buf_add_text(out, s->future ? "+@all" : "-@all");
    if (s->rules != NULL)
        buf_printf(out, " %s", s->rules);
}

static const char *key_prefix(unsigned access) {
    switch (access) {
    case ACL_READ:
        return "%R~";
    case ACL_WRITE:
        return "%W~";
    default:
        return "~";
    }
}

void acl_selector_print_keys(const struct acl_selector *s, struct buf *out) {
    if (s->keys.all)
        buf_add_text(out, "~*");
    for (size_t i = 0; i < s->keys.count; i++) {
        const struct acl_pattern *p = &s->keys.items[i];
        buf_printf(out, "%s%s", i > 0 ? " " : "", key_prefix(p->access));
        buf_add_slice(out, pattern_text(p));
    }
}

void acl_selector_print_channels(const struct acl_selector *s, struct buf *out) {
    if (s->channels.all)
        buf_add_text(out, "&*");
    for (size_t i = 0; i < s->channels.count; i++) {
        buf_add_text(out, i > 0 ? " &" : "&");
        buf_add_slice(out, pattern_text(&s->channels.items[i]));
    }
}

void acl_selector_print(const struct acl_selector *s, struct buf *out) {
    size_t before = buf_size(out);
    acl_selector_print_keys(s, out);
    if (buf_size(out) > before)
        buf_add_char(out, ' ');
    if (!s->channels.all)
        buf_add_text(out, "resetchannels ");
    before = buf_size(out);
    acl_selector_print_channels(s, out);
    if (buf_size(out) > before)
        buf_add_char(out, ' ');
    acl_selector_print_commands(s, out);
}
