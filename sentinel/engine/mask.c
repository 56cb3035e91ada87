#include "sentinel/engine/mask.h"

#include "common/buf.h"
#include "common/mem.h"
#include "common/quoted.h"
#include "config/option.h"
#include "config/users.h"
#include "config/value.h"
#include "sentinel/command/secrecy.h"

#include <string.h>

#define OWN_MIN   8    /* bytes: a shorter stand-in could meet another */
#define OWN_MAX   1024 /* bytes of a stand-in */
#define SIZES_MAX 100000
#define BLOT      'x'

void mask_init(struct mask *m, const char key[static MASK_KEY_SIZE]) {
    *m = (struct mask){ .sizes = MAP_INIT };
    memcpy(m->key, key, MASK_KEY_SIZE);
}

void mask_fini(struct mask *m) {
    map_for_each(size, &m->sizes, size_t)
        mem_free(size);
    map_fini(&m->sizes);
    explicit_bzero(m->key, sizeof(m->key));
}

/* ---- one password ---- */

/* Once a password is configured the size of its stand-in stays. */
static size_t size_of(struct mask *m, struct slice hex, size_t own_size, enum mask_origin origin) {
    const size_t *known = map_get(&m->sizes, hex);
    if (known != NULL)
        return *known;
    if (origin == MASK_TRIED || map_count(&m->sizes) >= SIZES_MAX)
        return MASK_SIZE;
    size_t size = own_size >= OWN_MIN && own_size <= OWN_MAX ? own_size : MASK_SIZE;
    map_put(&m->sizes, hex, mem_dup(&size, sizeof(size)));
    return size;
}

/* As many letters as are asked for, made of `seed` and the key. */
static void add_letters(const struct mask *m, struct slice seed, size_t size, struct buf *out) {
    static const char letters[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    struct slice key = { .data = m->key, .size = sizeof(m->key) };
    struct buf block CLEANUP(buf_fini) = BUF_INIT;
    for (uint64_t number = 0; size > 0; number++) {
        unsigned char digest[DIGEST_SIZE];
        buf_clear(&block);
        buf_add_u64(&block, number);
        buf_add_char(&block, ' ');
        buf_add_slice(&block, seed);
        digest_keyed(key, buf_slice(&block), digest);
        for (size_t i = 0; i < DIGEST_SIZE && size > 0; i++, size--)
            buf_add_char(out, letters[digest[i] % 64]);
    }
}

static void mask_digest(
    struct mask *m, struct slice hex, size_t own_size, enum mask_origin origin, struct buf *out) {
    add_letters(m, hex, size_of(m, hex, own_size, origin), out);
}

void mask_password(
    struct mask *m, struct slice password, enum mask_origin origin, struct buf *out) {
    char hex[DIGEST_HEX_SIZE];
    digest_hex(password, hex);
    mask_digest(m, slice_of(hex), password.size, origin, out);
}

void mask_setting(struct mask *m, struct slice value, struct buf *out) {
    if (value.size > VALUE_TEXT_MAX || value_has_control(value))
        mask_blot(value, out);
    else if (value.size > 0)
        mask_password(m, value, MASK_CONFIGURED, out);
}

void mask_keys(struct mask *m, struct slice keys, struct buf *out) {
    while (keys.size > 0) {
        mask_password(m, slice_cut(&keys, '\n'), MASK_CONFIGURED, out);
        if (keys.size > 0)
            buf_add_char(out, '\n');
    }
}

void mask_hash(struct mask *m, struct slice hex, struct buf *out) {
    if (!digest_is_hex(hex)) {
        mask_blot(hex, out);
        return;
    }
    struct buf password CLEANUP(buf_fini) = BUF_INIT;
    char masked[DIGEST_HEX_SIZE];
    mask_digest(m, hex, MASK_SIZE, MASK_CONFIGURED, &password);
    digest_hex(buf_slice(&password), masked);
    buf_add_text(out, masked);
}

void mask_random(struct mask *m, struct slice bytes, struct buf *out) {
    char hex[DIGEST_HEX_SIZE];
    digest_hex(bytes, hex);
    add_letters(m, slice_of(hex), bytes.size, out);
}

/* ---- blots ---- */

void mask_blot(struct slice bytes, struct buf *out) {
    for (size_t i = 0; i < bytes.size; i++)
        buf_add_char(out, value_has_control(slice_sub(bytes, i, 1)) ? bytes.data[i] : BLOT);
}

void mask_blot_garbage(struct slice bytes, struct buf *out) {
    for (size_t i = 0; i < bytes.size; i++) {
        char c = bytes.data[i];
        bool matters = quoted_is_blank(c) || c == '"' || c == '\'' || c == '\\';
        buf_add_char(out, matters ? c : BLOT);
    }
}

/* ---- rules of users ---- */

static void mask_rule(struct mask *m, struct slice rule, struct buf *out) {
    struct slice rest = slice_sub(rule, 1, SIZE_MAX);
    bool has_sign = rule.size > 0 && memchr("><#!", rule.data[0], 4) != NULL;
    if (has_sign)
        buf_add_char(out, rule.data[0]);
    if (has_sign && (rule.data[0] == '#' || rule.data[0] == '!'))
        mask_hash(m, rest, out);
    else if (has_sign)
        mask_password(m, rest, MASK_CONFIGURED, out);
    else if (secrecy_is_plain_rule(rule))
        buf_add_slice(out, rule);
    else
        mask_blot(rule, out);
}

/* Moves `rest` behind the word that it begins with, and the blanks before it, which go to `out`. */
static struct slice take_word(struct slice *rest, struct buf *out) {
    size_t begin = 0;
    while (begin < rest->size && quoted_is_blank(rest->data[begin]))
        begin++;
    size_t end = begin;
    while (end < rest->size && !quoted_is_blank(rest->data[end]))
        end++;
    buf_add_slice(out, slice_sub(*rest, 0, begin));
    struct slice word = slice_sub(*rest, begin, end - begin);
    *rest = slice_sub(*rest, end, SIZE_MAX);
    return word;
}

void mask_rules(struct mask *m, struct slice rules, struct buf *out) {
    while (rules.size > 0)
        mask_rule(m, take_word(&rules, out), out);
}

void mask_acl_file(struct mask *m, struct slice text, struct buf *out) {
    while (text.size > 0) {
        struct slice line = slice_cut(&text, '\n');
        struct slice word = take_word(&line, out);
        if (slice_is_nocase(word, "user")) {
            buf_add_slice(out, word);
            buf_add_slice(out, take_word(&line, out));
            mask_rules(m, line, out);
        } else { /* a comment, or a mistake */
            mask_blot_garbage(word, out);
            mask_blot_garbage(line, out);
        }
        if (text.data != NULL)
            buf_add_char(out, '\n');
    }
}

/* ---- overrides ---- */

/* "=" and rules; or, of the default user, the digest of its password; or nothing. */
static void mask_user(struct mask *m, struct slice value, struct buf *out) {
    if (value.size > 0 && value.data[0] == '=') {
        buf_add_char(out, '=');
        mask_rules(m, slice_sub(value, 1, SIZE_MAX), out);
    } else {
        mask_hash(m, value, out);
    }
}

void mask_override(
    struct mask *m, bool of_process, struct slice option, struct slice value, struct buf *out) {
    const struct option *o = option_by_key(of_process ? OPTION_PROCESS : OPTION_GROUP, option);
    if (of_process && slice_starts_with(option, USERS_OVERRIDE))
        mask_user(m, value, out);
    else if (o == NULL || o->type == OPTION_TYPE_SECRET)
        mask_setting(m, value, out); /* what we do not know may be one */
    else
        buf_add_slice(out, value);
}
