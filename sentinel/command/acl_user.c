#include "sentinel/command/acl_user.h"

#include "common/buf.h"
#include "common/mem.h"

#include <string.h>

#define HASH_SIZE (DIGEST_HEX_SIZE - 1)

/* ---- life ---- */

/* To what a new user and its selectors begin with. */
static void begin(struct acl_user *u, struct acl_selector *s) {
    acl_selector_init(s);
    s->channels.all = u->style.all_channels;
}

struct acl_user *acl_user_new(struct slice name, const struct acl_style *style) {
    struct acl_user *u = mem_new(struct acl_user);
    u->name = slice_dup(name);
    u->name_size = name.size;
    u->style = *style;
    u->sanitize = style->sanitize;
    begin(u, &u->root);
    return u;
}

static void drop_selectors(struct acl_user *u) {
    for (size_t i = 0; i < u->selector_count; i++)
        acl_selector_fini(&u->selectors[i]);
    mem_free(u->selectors);
    u->selectors = NULL;
    u->selector_count = u->selector_capacity = 0;
}

static void drop_passwords(struct acl_user *u) {
    mem_free(u->passwords);
    u->passwords = NULL;
    u->password_count = u->password_capacity = 0;
}

void acl_user_free(struct acl_user *u) {
    if (u == NULL)
        return;
    drop_selectors(u);
    drop_passwords(u);
    acl_selector_fini(&u->root);
    mem_free(u->name);
    mem_free(u);
}

void acl_user_reset(struct acl_user *u) {
    drop_selectors(u);
    drop_passwords(u);
    acl_selector_fini(&u->root);
    begin(u, &u->root);
    u->enabled = u->no_password = false;
    u->sanitize = u->style.sanitize;
}

static struct acl_selector *add_selector(struct acl_user *u) {
    mem_grow(&u->selectors, &u->selector_capacity, u->selector_count + 1, sizeof(u->selectors[0]));
    return &u->selectors[u->selector_count++];
}

static void add_password(struct acl_user *u, const char *hex) {
    mem_grow(&u->passwords, &u->password_capacity, u->password_count + 1, sizeof(u->passwords[0]));
    memcpy(u->passwords[u->password_count++].hex, hex, DIGEST_HEX_SIZE);
}

void acl_user_copy(struct acl_user *to, const struct acl_user *from) {
    acl_user_reset(to);
    to->enabled = from->enabled;
    to->no_password = from->no_password;
    to->sanitize = from->sanitize;
    for (size_t i = 0; i < from->password_count; i++)
        add_password(to, from->passwords[i].hex);
    to->style = from->style;
    acl_selector_copy(&to->root, &from->root);
    for (size_t i = 0; i < from->selector_count; i++)
        acl_selector_copy(add_selector(to), &from->selectors[i]);
}

/* ---- names ---- */

struct slice acl_user_name(const struct acl_user *u) {
    return (struct slice){ .data = u->name, .size = u->name_size };
}

bool acl_user_name_is_valid(struct slice name) {
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c == '\0' || c == ' ' || (c >= '\t' && c <= '\r'))
            return false;
    }
    return true;
}

/* ---- passwords ---- */

static size_t find_password(const struct acl_user *u, const char *hex) {
    for (size_t i = 0; i < u->password_count; i++) {
        if (memcmp(u->passwords[i].hex, hex, HASH_SIZE) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* The digest that a rule names: of the password behind '>' and '<', or itself behind '#' and '!'.
 */
static enum acl_error read_password(struct slice rule, char ret_hex[static DIGEST_HEX_SIZE]) {
    struct slice text = slice_sub(rule, 1, SIZE_MAX);
    if (rule.data[0] == '>' || rule.data[0] == '<') {
        digest_hex(text, ret_hex);
        return ACL_OK;
    }
    if (!digest_is_hex(text))
        return ACL_E_BAD_HASH;
    slice_copy(text, ret_hex, DIGEST_HEX_SIZE);
    return ACL_OK;
}

static enum acl_error change_password(struct acl_user *u, struct slice rule) {
    char hex[DIGEST_HEX_SIZE];
    enum acl_error error = read_password(rule, hex);
    if (error != ACL_OK)
        return error;
    size_t at = find_password(u, hex);
    bool adds = rule.data[0] == '>' || rule.data[0] == '#';
    if (!adds && at == SIZE_MAX)
        return ACL_E_NO_PASSWORD;
    if (adds && u->password_count == ACL_ITEMS_MAX)
        return ACL_E_TOO_MANY;
    if (!adds) {
        u->password_count--;
        memmove(&u->passwords[at], &u->passwords[at + 1],
            (u->password_count - at) * sizeof(u->passwords[0]));
        return ACL_OK;
    }
    u->no_password = false;
    if (at == SIZE_MAX)
        add_password(u, hex);
    return ACL_OK;
}

bool acl_user_accepts(const struct acl_user *u, struct slice password) {
    if (!u->enabled)
        return false;
    if (u->no_password)
        return true;
    char hex[DIGEST_HEX_SIZE];
    digest_hex(password, hex);
    bool accepted = false;
    for (size_t i = 0; i < u->password_count; i++)
        accepted |= digest_hex_equal(u->passwords[i].hex, slice_of(hex));
    return accepted;
}

/* ---- rules ---- */

/* "(+ping ~x)": a set of rights of its own. A rule in it that ends as the whole does could not be
 * told from the last one, where the user is read from a file. */
static enum acl_error apply_selector(struct acl_user *u, struct slice rule) {
    if (u->selector_count == ACL_ITEMS_MAX)
        return ACL_E_TOO_MANY;
    struct acl_selector s;
    begin(u, &s);
    struct slice rest = slice_sub(rule, 1, rule.size - 2);
    enum acl_error error = ACL_OK;
    while (error == ACL_OK && rest.size > 0) {
        struct slice one = slice_cut(&rest, ' ');
        error = one.size > 0 && one.data[one.size - 1] == ')' ? ACL_E_SYNTAX
                                                              : acl_selector_apply(&s, one);
    }
    if (error == ACL_OK)
        *add_selector(u) = s;
    else
        acl_selector_fini(&s);
    return error;
}

static void set_no_password(struct acl_user *u, bool no_password) {
    drop_passwords(u);
    u->no_password = no_password;
}

enum acl_error acl_user_apply(struct acl_user *u, struct slice rule) {
    if (rule.size == 0)
        return ACL_OK;
    if (slice_is_nocase(rule, "on"))
        u->enabled = true;
    else if (slice_is_nocase(rule, "off"))
        u->enabled = false;
    else if (slice_is_nocase(rule, "nopass"))
        set_no_password(u, true);
    else if (slice_is_nocase(rule, "resetpass"))
        set_no_password(u, false);
    else if (slice_is_nocase(rule, "sanitize-payload"))
        u->sanitize = ACL_SANITIZE;
    else if (slice_is_nocase(rule, "skip-sanitize-payload"))
        u->sanitize = ACL_SANITIZE_SKIP;
    else if (slice_is_nocase(rule, "clearselectors"))
        drop_selectors(u);
    else if (slice_is_nocase(rule, "reset"))
        acl_user_reset(u);
    else if (memchr("><#!", rule.data[0], 4) != NULL)
        return change_password(u, rule);
    else if (rule.data[0] == '(' && rule.data[rule.size - 1] == ')')
        return apply_selector(u, rule);
    else
        return acl_selector_apply(&u->root, rule);
    return ACL_OK;
}

/* ---- questions ---- */

/* The denial that says most: that of a channel, of a later argument. */
static void weigh_denial(
    enum acl_verdict denial, size_t at, enum acl_verdict *worst, size_t *worst_at) {
    if (denial > *worst || (denial == *worst && at > *worst_at)) {
        *worst = denial;
        *worst_at = at;
    }
}

enum acl_verdict acl_user_check(const struct acl_user *u, const struct command *c,
    const struct slice *args, size_t count, size_t *ret_at) {
    enum acl_verdict worst = ACL_DENIED_COMMAND;
    size_t worst_at = 0;
    for (size_t i = 0; i <= u->selector_count; i++) {
        size_t at = 0;
        enum acl_verdict v =
            acl_selector_check(i == 0 ? &u->root : &u->selectors[i - 1], c, args, count, &at);
        if (v == ACL_ALLOWED)
            return ACL_ALLOWED;
        weigh_denial(v, at, &worst, &worst_at);
    }
    *ret_at = worst_at;
    return worst;
}

bool acl_user_allows_channel(const struct acl_user *u, struct slice channel, bool is_pattern) {
    for (size_t i = 0; i < u->selector_count; i++) {
        if (acl_selector_allows_channel(&u->selectors[i], channel, is_pattern))
            return true;
    }
    return acl_selector_allows_channel(&u->root, channel, is_pattern);
}

/* ---- as text ---- */

size_t acl_user_flags(const struct acl_user *u, const char *ret_flags[static ACL_FLAGS_MAX]) {
    size_t count = 0;
    ret_flags[count++] = u->enabled ? "on" : "off";
    if (u->no_password)
        ret_flags[count++] = "nopass";
    if (u->sanitize != ACL_SANITIZE_UNSAID)
        ret_flags[count++] =
            u->sanitize == ACL_SANITIZE ? "sanitize-payload" : "skip-sanitize-payload";
    return count;
}

void acl_user_print(const struct acl_user *u, struct buf *out) {
    const char *flags[ACL_FLAGS_MAX];
    size_t flag_count = acl_user_flags(u, flags);
    for (size_t i = 0; i < flag_count; i++)
        buf_printf(out, "%s ", flags[i]);
    for (size_t i = 0; i < u->password_count; i++)
        buf_printf(out, "#%s ", u->passwords[i].hex);
    acl_selector_print(&u->root, out);
    for (size_t i = 0; i < u->selector_count; i++) {
        buf_add_text(out, " (");
        acl_selector_print(&u->selectors[i], out);
        buf_add_char(out, ')');
    }
}
