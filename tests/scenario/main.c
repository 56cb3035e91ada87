/* scenario: plays cases, blesses what comes of them, and makes their index. */
#include "tests/scenario/coverage.h"
#include "tests/scenario/play.h"

#include "common/mem.h"

#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: scenario [--bless | --story] FILE...   plays the cases\n"
    "       scenario --index FILE...               prints what they cover, as Markdown\n"
    "       scenario --check INDEX FILE...         fails if something is not covered, the index is\n"
    "                                              stale, or the folder has a file that is not "
    "named\n"
    "       scenario --steps                       lists what a case can say\n";

NORETURN static void wrong_usage(void) {
    (void)fputs(usage, stderr);
    exit(2);
}

/* ---- playing ---- */

static void play_file(const char *file, bool is_bless, FILE *story) {
    struct playbook book;
    playbook_read(&book, file);
    struct play p = { .is_bless = is_bless, .story = story };
    play_run(&p, &book);
    if (p.blessed > 0) {
        playbook_write(&book);
        printf("%s: %zu blessed\n", file, p.blessed);
    }
    playbook_fini(&book);
}

static int play_files(int count, char **files, bool is_bless, FILE *story) {
    for (int i = 0; i < count; i++)
        play_file(files[i], is_bless, story);
    printf("%d passed, 0 failed\n", count);
    return 0;
}

/* ---- the index ---- */

static size_t make_index(int count, char **files, struct buf *out) {
    struct playbook *books = mem_alloc((size_t)count * sizeof(*books));
    for (int i = 0; i < count; i++)
        playbook_read(&books[i], files[i]);
    size_t missing = coverage_index(books, (size_t)count, out);
    for (int i = 0; i < count; i++)
        playbook_fini(&books[i]);
    mem_free(books);
    return missing;
}

static int print_index(int count, char **files) {
    struct buf index CLEANUP(buf_fini) = BUF_INIT;
    make_index(count, files, &index);
    (void)fputs(buf_text(&index), stdout);
    return 0;
}

static bool is_same(const char *file, struct slice text) {
    struct buf got CLEANUP(buf_fini) = BUF_INIT;
    FILE *f = fopen(file, "r");
    if (f == NULL)
        return false;
    for (size_t n = 1; n > 0;) {
        n = fread(buf_reserve(&got, 4096), 1, 4096, f);
        buf_commit(&got, n);
    }
    (void)fclose(f);
    return slice_equal(buf_slice(&got), text);
}

static int check_index(int count, char **arguments) {
    struct buf index CLEANUP(buf_fini) = BUF_INIT;
    size_t missing = make_index(count - 1, arguments + 1, &index);
    bool is_stale = !is_same(arguments[0], buf_slice(&index));
    if (is_stale)
        (void)fprintf(stderr, "%s is stale: scripts/scenario --index makes it\n", arguments[0]);
    printf("%d passed, %d failed\n", missing == 0 && !is_stale, missing > 0 || is_stale);
    return missing > 0 || is_stale;
}

static int print_steps(void) {
    const struct step_row *const tables[] = { world_steps, deed_steps, puppet_steps, check_steps };
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (const struct step_row *row = tables[i]; row->name != NULL; row++)
            printf("%s %s\n", row->name, row->usage);
    return 0;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    int left = argc - 2;
    if (strcmp(mode, "--steps") == 0 && left == 0)
        return print_steps();
    if (strcmp(mode, "--index") == 0 && left > 0)
        return print_index(left, argv + 2);
    if (strcmp(mode, "--check") == 0 && left > 1)
        return check_index(left, argv + 2);
    if (strcmp(mode, "--bless") == 0 && left > 0)
        return play_files(left, argv + 2, true, NULL);
    if (strcmp(mode, "--story") == 0 && left > 0)
        return play_files(left, argv + 2, false, stdout);
    if (argc < 2 || mode[0] == '-')
        wrong_usage();
    return play_files(argc - 1, argv + 1, false, NULL);
}
