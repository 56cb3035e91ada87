/* vedette-sim: runs seeds, each in a process of its own, and shows what is needed to understand one
 * that fails. */
#include "common/buf.h"
#include "common/mem.h"
#include "common/slice.h"
#include "tests/sim/jobs.h"
#include "tests/sim/mutants.h"
#include "tests/sim/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TAIL_LINES   40
#define SEEDS        200  /* when nobody says how many */
#define MUTANT_SEEDS 2000 /* that a mutant survives at most */

struct options {
    uint64_t from, seeds;
    int64_t time_s;
    const struct mutant *mutant; /* NULL = none */
    size_t jobs;
    bool wants_marks, is_trace, is_stock, hunts, is_taped;
    enum mutants_which hunted;
};

struct tally {
    const struct options *options;
    uint64_t passed, failed;
    int64_t virtual_us;
    struct marks marks;
};

static void print_usage(FILE *out) {
    fputs(
        "Usage: vedette-sim [--seeds N] [--from S] [--time SECONDS] [--jobs N] [--marks] [--record]\n"
        "       vedette-sim --trace SEED [--time SECONDS]\n"
        "       vedette-sim --mutants | --quick-mutants [--seeds N] [--from S] [--jobs N]\n"
        "\n"
        "Runs whole clusters in virtual time, one for each seed. The last line is\n"
        "\"N passed, N failed\"; the exit status is 0 when all laws held.\n"
        "\n"
        "  --seeds N       so many seeds (200)\n"
        "  --from S        the first one (1)\n"
        "  --time SECONDS  so long a virtual time at least, instead of ten minutes\n"
        "  --jobs N        so many processes at the same time (1)\n"
        "  --stock         stock Sentinels alone, as models, instead of vedettes\n"
        "  --marks         fail too if what should happen in such a run did not happen often enough\n"
        "  --record        each life of a vedette is recorded, and has to replay the same\n"
        "  --trace SEED    print the story of one seed\n"
        "  --mutants       fail if there is a bug that no seed (of 2000) notices, and print by what law\n"
        "                  each was noticed; --quick-mutants: those that few seeds notice\n"
        "  --mutant NAME   one of them:\n",
        out);
    for (size_t i = 0; i < mutant_count; i++)
        fprintf(out, "      %-21s %s (%s)\n", mutant_table[i].name, mutant_table[i].what,
            mutant_table[i].rule);
}

static bool parse_number(const char *text, uint64_t *ret) {
    return text != NULL && slice_to_u64(slice_of(text), ret);
}

static bool parse_flag(const char *name, struct options *o) {
    if (strcmp(name, "--marks") == 0)
        o->wants_marks = true;
    else if (strcmp(name, "--stock") == 0)
        o->is_stock = true;
    else if (strcmp(name, "--record") == 0)
        o->is_taped = true;
    else if (strcmp(name, "--mutants") == 0 || strcmp(name, "--quick-mutants") == 0)
        o->hunts = true;
    else
        return false;
    o->hunted = strcmp(name, "--mutants") == 0 ? MUTANTS_ALL : MUTANTS_QUICK;
    return true;
}

/* Whether this build can have it. */
static bool parse_mutant(const char *name, const struct mutant **ret) {
    *ret = name == NULL ? NULL : mutant_find(name);
    return *ret != NULL && planted_choose((*ret)->planted);
}

static bool parse_options(char **argv, struct options *o) {
    for (; *argv != NULL; argv++) {
        uint64_t number = 0;
        if (parse_flag(*argv, o))
            continue;
        if (strcmp(*argv, "--mutant") == 0) {
            if (!parse_mutant(*++argv, &o->mutant))
                return false;
            continue;
        }
        const char *name = *argv;
        if (argv[1] == NULL || !parse_number(*++argv, &number))
            return false;
        if (strcmp(name, "--seeds") == 0) {
            o->seeds = number;
        } else if (strcmp(name, "--from") == 0) {
            o->from = number;
        } else if (strcmp(name, "--time") == 0 && number <= 1000000) {
            o->time_s = (int64_t)number;
        } else if (strcmp(name, "--jobs") == 0 && number >= 1 && number <= JOBS_MAX) {
            o->jobs = number;
        } else if (strcmp(name, "--trace") == 0) {
            o->is_trace = true;
            o->from = number;
        } else {
            return false;
        }
    }
    return true;
}

static struct run_options options_of(const struct options *o, uint64_t seed) {
    return (struct run_options){
        .seed = seed,
        .time_s = o->time_s,
        .is_stock = o->is_stock,
        .mutant = o->mutant,
        .is_taped = o->is_taped,
    };
}

/* ---- one seed ---- */

static void print_replay(const struct options *o, uint64_t seed) {
    printf("  replay: scripts/sim --trace %llu", (unsigned long long)seed);
    if (o->time_s > 0)
        printf(" --time %lld", (long long)o->time_s);
    if (o->is_stock)
        printf(" --stock");
    if (o->mutant != NULL)
        printf(" --mutant %s", o->mutant->name);
    printf("%s\n", o->is_taped ? " --record" : "");
}

/* The end of the story, told by a run of its own, which may die like the first one. */
static void print_tail(const struct options *o, uint64_t seed) {
    FILE *story = tmpfile();
    fflush(stdout);
    pid_t pid = story == NULL ? -1 : fork();
    if (pid == 0) {
        struct run_options run = options_of(o, seed);
        struct run_result result;
        run.is_traced = true;
        run.story = story;
        run_seed(&run, &result);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, NULL, 0) < 0) {
        if (story != NULL)
            fclose(story);
        return;
    }
    rewind(story);
    char *lines[TAIL_LINES] = { NULL };
    size_t count = 0, capacity = 0;
    char *line = NULL;
    while (getline(&line, &capacity, story) >= 0) {
        free(lines[count % TAIL_LINES]);
        lines[count++ % TAIL_LINES] = line;
        line = NULL;
        capacity = 0;
    }
    free(line);
    for (size_t i = 0; i < TAIL_LINES; i++) {
        char *one = lines[(count + i) % TAIL_LINES];
        if (one != NULL)
            printf("  %s", one);
        free(one);
    }
    fclose(story);
}

static bool count_result(
    void *context, uint64_t seed, const struct run_result *result, int status) {
    struct tally *t = context;
    if (result != NULL) {
        t->virtual_us += result->virtual_us;
        marks_add(&t->marks, &result->marks);
    }
    if (result != NULL && !result->has_failed) {
        t->passed++;
        return true;
    }
    t->failed++;
    if (result != NULL)
        printf("seed %llu broke the law \"%s\": %s\n", (unsigned long long)seed, result->law,
            result->text);
    else
        printf("seed %llu ended its process, status %d\n", (unsigned long long)seed, status);
    print_tail(t->options, seed);
    print_replay(t->options, seed);
    fflush(stdout);
    return true;
}

static void print_marks(const struct options *o, struct tally *t) {
    printf("%-20s %10s  %s\n", "mark", "hit", "what");
    for (size_t i = 0; i < MARK_COUNT; i++) {
        const struct mark_row *row = &mark_table[i];
        bool is_rare = t->marks.counts[i] < row->least * o->seeds / MARKS_SEEDS;
        bool is_missing = o->wants_marks && is_rare;
        printf("%-20s %10llu  %s%s\n", row->name, (unsigned long long)t->marks.counts[i], row->doc,
            is_missing ? " - TOO RARE" : "");
        t->failed += is_missing;
    }
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int trace_one(const struct options *o) {
    struct run_options run = options_of(o, o->from);
    struct run_result result;
    run.is_traced = true;
    run.story = stdout;
    run_seed(&run, &result);
    printf("story %016llx\n", (unsigned long long)result.hash);
    if (result.has_failed)
        printf("seed %llu broke the law \"%s\": %s\n", (unsigned long long)o->from, result.law,
            result.text);
    printf("%d passed, %d failed\n", !result.has_failed, result.has_failed);
    return result.has_failed ? 1 : 0;
}

static int print_verdict(uint64_t passed, uint64_t failed) {
    printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
    return failed == 0 ? 0 : 1;
}

static int hunt_mutants(const struct options *o) {
    uint64_t seeds = o->seeds == 0 ? MUTANT_SEEDS : o->seeds;
    struct hunted hunted = mutants_run(o->hunted, o->from, seeds, o->jobs);
    return print_verdict(hunted.noticed, hunted.survived);
}

static int run_all(const struct options *o) {
    struct tally tally = { .options = o };
    double begun = seconds_now();
    const struct run_options run = options_of(o, 0);
    int error = jobs_run(&run, o->from, o->seeds, o->jobs, count_result, &tally);
    if (error < 0) {
        fprintf(stderr, "vedette-sim: cannot start processes: %s\n", strerror(-error));
        tally.failed++;
    }
    double seconds = seconds_now() - begun;
    print_marks(o, &tally);
    printf("%.1f virtual hours in %.1f s, %.1f seeds a second\n", (double)tally.virtual_us / 3.6e9,
        seconds, (double)o->seeds / seconds);
    return print_verdict(tally.passed, tally.failed);
}

int main(int argc, char **argv) {
    struct options o = { .from = 1, .jobs = 1 };
    if (argc < 1 || !parse_options(argv + 1, &o)) {
        print_usage(stderr);
        return 2;
    }
    if (o.hunts)
        return hunt_mutants(&o);
    if (o.seeds == 0)
        o.seeds = SEEDS;
    return o.is_trace ? trace_one(&o) : run_all(&o);
}
