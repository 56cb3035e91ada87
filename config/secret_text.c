#include "config/secret_text.h"

#include "common/buf.h"
#include "common/mem.h"

#include <stdlib.h>

static bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* The name in "${NAME}"; empty if the text is something else. */
static struct slice name_in(struct slice text) {
    if (text.size < 4 || !slice_starts_with(text, "${") || text.data[text.size - 1] != '}')
        return SLICE_EMPTY;
    struct slice name = slice_sub(text, 2, text.size - 3);
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!is_letter(c) && (i == 0 || c < '0' || c > '9'))
            return SLICE_EMPTY;
    }
    return name;
}

/* "$${NAME}", with any number of dollars more. */
static bool is_escaped(struct slice text) {
    while (slice_starts_with(text, "$$"))
        text = slice_sub(text, 1, SIZE_MAX);
    return name_in(text).size > 0;
}

enum secret_text secret_text_read(struct slice text, struct slice *ret, struct buf *why) {
    struct slice name = name_in(text);
    *ret = text;
    if (name.size == 0) {
        if (is_escaped(text))
            *ret = slice_sub(text, 1, SIZE_MAX);
        return SECRET_TEXT_OWN;
    }
    char *variable = slice_dup(name);
    const char *value = getenv(variable);
    mem_free(variable);
    if (value == NULL) {
        buf_printf(
            why, "names the environment variable " SLICE_FMT ", which is not set", SLICE_ARG(name));
        return SECRET_TEXT_BAD;
    }
    *ret = slice_of(value);
    return SECRET_TEXT_REFERENCE;
}

static bool names_password(struct slice rule) {
    return rule.size > 1 && (rule.data[0] == '>' || rule.data[0] == '<');
}

/* One rule; blanks would make several of it. */
static enum secret_text read_rule(struct slice rule, struct buf *out, struct buf *why) {
    struct slice password;
    if (!names_password(rule)) {
        buf_add_slice(out, rule);
        return slice_starts_with(rule, "#") ? SECRET_TEXT_OWN : SECRET_TEXT_REFERENCE;
    }
    enum secret_text read = secret_text_read(slice_sub(rule, 1, SIZE_MAX), &password, why);
    if (read == SECRET_TEXT_BAD)
        return read;
    if (read == SECRET_TEXT_REFERENCE &&
        (password.size == 0 || memchr(password.data, ' ', password.size) != NULL)) {
        buf_printf(why, "names the environment variable " SLICE_FMT ", which %s",
            SLICE_ARG(name_in(slice_sub(rule, 1, SIZE_MAX))),
            password.size == 0 ? "is empty" : "has blanks, as no password in rules can have");
        return SECRET_TEXT_BAD;
    }
    buf_add_char(out, rule.data[0]);
    buf_add_slice(out, password);
    return read;
}

enum secret_text secret_text_read_rules(struct slice rules, struct buf *out, struct buf *why) {
    enum secret_text all = SECRET_TEXT_REFERENCE;
    for (bool first = true; rules.data != NULL; first = false) {
        if (!first)
            buf_add_char(out, ' ');
        enum secret_text read = read_rule(slice_cut(&rules, ' '), out, why);
        if (read == SECRET_TEXT_BAD)
            return read;
        if (read == SECRET_TEXT_OWN)
            all = read;
    }
    return all;
}

void secret_text_write(struct slice password, struct buf *out) {
    if (name_in(password).size > 0 || is_escaped(password))
        buf_add_char(out, '$');
    buf_add_slice(out, password);
}

void secret_text_write_rules(struct slice rules, struct buf *out) {
    for (bool first = true; rules.data != NULL; first = false) {
        struct slice rule = slice_cut(&rules, ' ');
        if (!first)
            buf_add_char(out, ' ');
        if (!names_password(rule)) {
            buf_add_slice(out, rule);
            continue;
        }
        buf_add_char(out, rule.data[0]);
        secret_text_write(slice_sub(rule, 1, SIZE_MAX), out);
    }
}
