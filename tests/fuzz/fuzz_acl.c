/* Lines of users and their rules, as in an ACL file: what is taken prints as lines that make the
 * same users, with the same rights to every command. The first byte chooses the defaults. */
#include "common/buf.h"
#include "common/mem.h"
#include "sentinel/command/acl.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

/* What two users may do. */
struct pair {
    const struct acl_user *a, *b;
};

static const struct slice arguments[] = {
    { "x", 1 },
    { "news.art", 8 },
    { "", 0 },
    { "\xff*", 2 },
};

static void check_command(const struct pair *p, const struct command *c) {
    struct slice words[4];
    struct slice rest = c->name;
    size_t count = 0;
    while (rest.data != NULL && count < 2)
        words[count++] = slice_cut(&rest, '|');
    for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
        words[count] = words[count + 1] = arguments[i];
        for (size_t more = 0; more <= 2; more++) {
            size_t at_a = 0, at_b = 0;
            enum acl_verdict a = acl_user_check(p->a, c, words, count + more, &at_a);
            enum acl_verdict b = acl_user_check(p->b, c, words, count + more, &at_b);
            fuzz_check(a == b);
            fuzz_check(at_a == at_b);
            fuzz_check(at_a < count + more);
        }
    }
    for (size_t i = 0; i < c->subcommand_count; i++)
        check_command(p, &c->subcommands[i]);
}

static void check_same_rights(const struct pair *p) {
    for (size_t i = 0; i < command_count; i++)
        check_command(p, &command_table[i]);
    for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
        struct slice word = arguments[i];
        fuzz_check(acl_user_accepts(p->a, word) == acl_user_accepts(p->b, word));
        for (int is_pattern = 0; is_pattern <= 1; is_pattern++)
            fuzz_check(acl_user_allows_channel(p->a, word, is_pattern == 1) ==
                acl_user_allows_channel(p->b, word, is_pattern == 1));
    }
}

/* Its rules by themselves, as an override or a YAML file has them. */
static void check_rules(const struct acl_user *u, const struct acl_style *style) {
    struct acl_user *again = acl_user_new(acl_user_name(u), style);
    struct buf printed = BUF_INIT, second = BUF_INIT;
    struct slice *rules = NULL, open = SLICE_EMPTY;
    size_t count = 0;
    acl_user_print(u, &printed);
    fuzz_check(acl_split_rules(buf_slice(&printed), &rules, &count, &open));
    fuzz_check(acl_change_user(again, rules, count).error == ACL_OK);
    acl_user_print(again, &second);
    fuzz_check(slice_equal(buf_slice(&printed), buf_slice(&second)));
    acl_rules_free(rules, count);
    acl_user_free(again);
    buf_fini(&printed);
    buf_fini(&second);
}

static void check_reads_back(const struct acl *a) {
    struct acl again;
    struct buf text = BUF_INIT, second = BUF_INIT, why = BUF_INIT;
    acl_print(a, &text);
    if (getenv("FUZZ_TRACE") != NULL)
        fputs(buf_text(&text), stderr);
    acl_init(&again, &a->style);
    fuzz_check(acl_read(&again, "f", buf_slice(&text), &why));
    acl_print(&again, &second);
    fuzz_check(slice_equal(buf_slice(&text), buf_slice(&second)));
    map_for_each(u, &a->users, struct acl_user) {
        struct pair p = { .a = u, .b = acl_find(&again, acl_user_name(u)) };
        fuzz_check(p.b != NULL);
        check_same_rights(&p);
        check_rules(u, &a->style);
    }
    acl_fini(&again);
    buf_fini(&text);
    buf_fini(&second);
    buf_fini(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_bytes bytes = { .data = data, .size = size };
    uint8_t choice = fuzz_byte(&bytes);
    struct acl_style style = {
        .sanitize = choice & 2 ? ACL_SANITIZE : ACL_SANITIZE_UNSAID,
        .all_channels = (choice & 1) != 0,
    };
    struct acl acl;
    struct buf why = BUF_INIT;
    acl_init(&acl, &style);
    bool taken = acl_read(&acl, "f", fuzz_slice(bytes.data, bytes.size), &why);
    fuzz_check(taken == (buf_size(&why) == 0));
    if (taken)
        check_reads_back(&acl);
    acl_fini(&acl);
    buf_fini(&why);
    return 0;
}
