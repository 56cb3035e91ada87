#include "tests/scenario/play.h"

#include "tests/scenario/coverage.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct step_row *const all_steps[] = { world_steps, deed_steps, puppet_steps,
    check_steps };

/* ---- failures ---- */

void play_fail(const struct play *p, const struct step *at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "%s:%zu: ", p->book->file, at->line);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    exit(1);
}

void play_for(struct play *p, const struct step *at, int64_t us) {
    const struct laws *l = &p->stage.world->laws;
    if (!stage_run(&p->stage, us))
        play_fail(p, at, "the law \"%s\" is broken: %s", law_table[l->broken].name, l->text);
}

/* ---- comparison ---- */

/* The number of the first line that differs, from 1; 0 if none does. How far a line is indented
 * does not count. */
static size_t first_difference(struct slice expected, struct slice got) {
    for (size_t line = 1; expected.size > 0 || got.size > 0; line++)
        if (!slice_equal(slice_trim(slice_cut(&expected, '\n')), slice_trim(slice_cut(&got, '\n'))))
            return line;
    return 0;
}

static void print_marked(const char *title, struct slice text, size_t marked) {
    (void)fprintf(stderr, "  %s:\n", title);
    size_t line = 1;
    for (; text.size > 0; line++) {
        struct slice one = slice_cut(&text, '\n');
        (void)fprintf(stderr, "  %s " SLICE_FMT "\n", line == marked ? ">>" : "  ", SLICE_ARG(one));
    }
    if (line <= marked)
        (void)fprintf(stderr, "  >> (ends here)\n");
}

void play_compare(struct play *p, struct step *at, const char *who, struct slice got) {
    const struct buf *expected = at->is_blessed ? &at->blessed : &at->block;
    size_t line = first_difference(buf_slice(expected), got);
    if (line == 0)
        return;
    if (p->is_bless && !at->is_blessed) {
        at->is_blessed = true;
        buf_add_slice(&at->blessed, got);
        p->blessed++;
        return;
    }
    (void)fprintf(stderr, "%s:%zu: %s: other lines than expected, from line %zu of them on\n",
        p->book->file, at->line, who, line);
    print_marked("expected", buf_slice(expected), line);
    print_marked("got", got, line);
    exit(1);
}

/* ---- names ---- */

struct server *play_take_server(struct play *p, struct words *w) {
    const struct word *got = words_take(w, "a server");
    struct server *s = stage_server(&p->stage, got->text);
    if (s == NULL)
        words_fail(w, "there is no server \"%s\"", got->text);
    return s;
}

struct vedette *play_take_vedette(struct play *p, struct words *w) {
    const struct word *got = words_take(w, "a vedette");
    struct vedette *v = stage_vedette(&p->stage, got->text);
    if (v == NULL)
        words_fail(w, "there is no vedette \"%s\"", got->text);
    return v;
}

struct puppet *play_take_puppet(struct play *p, struct words *w) {
    const struct word *got = words_take(w, "a peer");
    struct puppet *one = stage_puppet(&p->stage, got->text);
    if (one == NULL)
        words_fail(w, "there is no peer \"%s\"; the step \"peer\" makes one", got->text);
    return one;
}

const struct party *play_take_party(struct play *p, struct words *w) {
    const struct word *got = words_take(w, "somebody");
    const struct party *one = stage_party(&p->stage, got->text);
    if (one == NULL)
        words_fail(w, "there is no \"%s\"", got->text);
    return one;
}

/* ---- requests ---- */

static void expand_word(struct play *p, struct slice text, char joint, struct buf *out) {
    char name[8];
    slice_copy(slice_sub(text, 0, sizeof(name) - 1), name, sizeof(name));
    const struct server *s = stage_server(&p->stage, name);
    const struct vedette *v = stage_vedette(&p->stage, name);
    const struct puppet *peer = stage_puppet(&p->stage, name);
    if (s != NULL)
        buf_printf(out, "%s%c%u", s->party.address.host, joint, s->party.address.port);
    else if (v != NULL || peer != NULL)
        buf_add_text(out, v != NULL ? v->id : peer->id);
    else
        buf_add_slice(out, text);
}

/* Words end at a blank, or at a comma, as in a hello. */
void play_expand(struct play *p, const char *text, struct buf *out) {
    char before = ' ';
    while (*text != '\0') {
        size_t size = strcspn(text, " ,");
        char after = text[size];
        bool in_hello = before == ',' || after == ',';
        expand_word(p, (struct slice){ .data = text, .size = size }, in_hello ? ',' : ' ', out);
        if (after != '\0')
            buf_add_char(out, after);
        before = after;
        text += size + (after != '\0');
    }
}

/* ---- the play ---- */

static const struct step_row *find_row(const struct playbook *s, const struct step *step) {
    for (size_t i = 0; i < ARRAY_SIZE(all_steps); i++)
        for (const struct step_row *row = all_steps[i]; row->name != NULL; row++)
            if (strcmp(row->name, step->words[0].text) == 0)
                return row;
    playbook_fail(s, step, &step->words[0], "there is no step \"%s\"", step->words[0].text);
}

static void raise_curtain(struct play *p, const struct step *at) {
    struct buf why CLEANUP(buf_fini) = BUF_INIT;
    p->is_open = true;
    if (!stage_open(&p->stage, &p->draw, p->story, &why))
        play_fail(p, at, "the world does not come to rest: %s%s", buf_text(&why),
            p->stage.world->laws.text);
}

static void run_step(struct play *p, struct step *step) {
    const struct step_row *row = find_row(p->book, step);
    if (row->is_before && p->is_open)
        playbook_fail(p->book, step, NULL, "\"%s\" comes too late, the play has begun", row->name);
    if (!row->is_before && !p->is_open)
        raise_curtain(p, step);
    if (!row->has_block && buf_size(&step->block) > 0)
        playbook_fail(p->book, step, NULL, "\"%s\" takes no lines below it", row->name);
    struct words w = { .book = p->book, .step = step, .next = 1 };
    row->run(p, &w);
    words_end(&w);
}

static void check_coverage(const struct play *p) {
    for (size_t i = 0; i < p->book->step_count; i++) {
        const struct step *step = &p->book->steps[i];
        if (strcmp(step->words[0].text, "covers") != 0)
            continue;
        for (size_t w = 1; w < step->count; w++)
            if (!coverage_was_seen(&p->stage.chronicle, step->words[w].text))
                playbook_fail(p->book, step, &step->words[w], "\"%s\" did not come about",
                    step->words[w].text);
    }
}

void play_run(struct play *p, struct playbook *book) {
    p->book = book;
    draw_plain(&p->draw);
    for (int i = 0; i < SIM_GROUPS_MAX; i++) {
        p->draw.group[i] = p->draw.group[0];
        p->draw.group[i].priorities[1] = 10; /* s2 is the choice, unless the world says otherwise */
    }
    for (size_t i = 0; i < book->step_count; i++)
        run_step(p, &book->steps[i]);
    if (!p->is_open) {
        (void)fprintf(stderr, "%s: nothing is played\n", book->file);
        exit(1);
    }
    check_coverage(p);
    stage_close(&p->stage);
}
