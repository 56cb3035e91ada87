/* vedette-sim: runs seeds, each in a process of its own, and shows what is needed to understand one
 * that fails. */
#include "common/buf.h"
#include "common/mem.h"
#include "common/slice.h"
#include "tests/sim/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX    64
#define TAIL_LINES  40
#define MARKS_SEEDS 200 /* the least counts of marks are for so many seeds */

struct options {
    uint64_t from, seeds;
    int64_t time_s;
    enum mutant mutant;
    size_t jobs;
    bool shows_marks, wants_marks;
    bool is_trace;
};

struct tally {
    uint64_t passed, failed;
    int64_t virtual_us;
    struct marks marks;
};

/* A seed in a process of its own. */
struct job {
    pid_t pid; /* 0: free */
    int pipe;  /* its result comes here */
    uint64_t seed;
};

static void print_usage(FILE *out) {
    fputs(
        "Usage: vedette-sim [--seeds N] [--from S] [--time SECONDS] [--jobs N] [--marks]\n"
        "       vedette-sim --trace SEED [--time SECONDS]\n"
        "\n"
        "Runs whole clusters in virtual time, one for each seed. The last line is\n"
        "\"N passed, N failed\"; the exit status is 0 when all laws held.\n"
        "\n"
        "  --seeds N       so many seeds (200)\n"
        "  --from S        the first one (1)\n"
        "  --time SECONDS  so long a virtual time at least, instead of ten minutes\n"
        "  --jobs N        so many processes at the same time (1)\n"
        "  --marks         fail too if what should happen in such a run did not happen often enough\n"
        "  --trace SEED    print the story of one seed\n"
        "  --mutant NAME   the world itself goes wrong, to see that it is noticed:\n"
        "                 ",
        out);
    for (int i = 0; i < MUTANT_COUNT; i++)
        fprintf(out, " %s", mutant_names[i]);
    fputs("\n", out);
}

static bool parse_number(const char *text, uint64_t *ret) {
    return text != NULL && slice_to_u64(slice_of(text), ret);
}

static bool parse_mutant(const char *text, enum mutant *ret) {
    for (int i = 0; text != NULL && i < MUTANT_COUNT; i++) {
        if (strcmp(mutant_names[i], text) == 0) {
            *ret = (enum mutant)i;
            return true;
        }
    }
    return false;
}

static bool parse_options(char **argv, struct options *o) {
    for (; *argv != NULL; argv++) {
        uint64_t number = 0;
        if (strcmp(*argv, "--marks") == 0) {
            o->wants_marks = true;
            continue;
        }
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
        .mutant = o->mutant,
    };
}

/* ---- one seed ---- */

static void print_replay(const struct options *o, uint64_t seed) {
    printf("  replay: scripts/sim --trace %llu", (unsigned long long)seed);
    if (o->time_s > 0)
        printf(" --time %lld", (long long)o->time_s);
    if (o->mutant != MUTANT_NONE)
        printf(" --mutant %s", mutant_names[o->mutant]);
    printf("\n");
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

static void count_result(const struct options *o, struct tally *t, uint64_t seed,
    const struct run_result *result, int status) {
    if (result != NULL) {
        t->virtual_us += result->virtual_us;
        marks_add(&t->marks, &result->marks);
    }
    if (result != NULL && !result->has_failed && status == 0) {
        t->passed++;
        return;
    }
    t->failed++;
    if (result != NULL && result->has_failed)
        printf("seed %llu broke the law \"%s\": %s\n", (unsigned long long)seed, result->law,
            result->text);
    else
        printf("seed %llu ended its process, status %d\n", (unsigned long long)seed, status);
    print_tail(o, seed);
    print_replay(o, seed);
    fflush(stdout);
}

static bool job_start(const struct options *o, struct job *j, uint64_t seed) {
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        struct run_options run = options_of(o, seed);
        struct run_result result;
        run_seed(&run, &result);
        _exit(write(ends[1], &result, sizeof(result)) == sizeof(result) ? 0 : 1);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return false;
    }
    *j = (struct job){ .pid = pid, .pipe = ends[0], .seed = seed };
    return true;
}

static void job_end(const struct options *o, struct job *j, int status, struct tally *t) {
    struct run_result result;
    bool is_whole = read(j->pipe, &result, sizeof(result)) == sizeof(result);
    close(j->pipe);
    j->pid = 0;
    count_result(o, t, j->seed, is_whole ? &result : NULL, status);
}

/* ---- all of them ---- */

static bool wait_for_one(const struct options *o, struct job *jobs, struct tally *t) {
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    if (pid < 0)
        return errno == EINTR;
    for (size_t i = 0; i < o->jobs; i++)
        if (jobs[i].pid == pid)
            job_end(o, &jobs[i], status, t);
    return true;
}

static bool run_all(const struct options *o, struct tally *t) {
    struct job jobs[JOBS_MAX] = { { .pid = 0 } };
    uint64_t next = o->from, end = o->from + o->seeds;
    size_t busy = 0;
    while (next < end || busy > 0) {
        busy = 0;
        for (size_t i = 0; i < o->jobs; i++) {
            if (jobs[i].pid == 0 && next < end && !job_start(o, &jobs[i], next++))
                return false;
            busy += jobs[i].pid != 0;
        }
        if (busy > 0 && !wait_for_one(o, jobs, t))
            return false;
    }
    return true;
}

static void print_marks(const struct options *o, struct tally *t) {
    printf("%-20s %10s  %s\n", "mark", "hit", "what");
    for (size_t i = 0; i < MARK_COUNT; i++) {
        const struct mark_row *row = &mark_table[i];
        bool is_rare = t->marks.counts[i] * MARKS_SEEDS < row->least * o->seeds;
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

int main(int argc, char **argv) {
    struct options o = { .from = 1, .seeds = MARKS_SEEDS, .jobs = 1 };
    if (argc < 1 || !parse_options(argv + 1, &o)) {
        print_usage(stderr);
        return 2;
    }
    if (o.is_trace)
        return trace_one(&o);

    struct tally tally = { .passed = 0 };
    double begun = seconds_now();
    if (!run_all(&o, &tally)) {
        fprintf(stderr, "vedette-sim: cannot start processes: %s\n", strerror(errno));
        tally.failed++;
    }
    double seconds = seconds_now() - begun;
    print_marks(&o, &tally);
    printf("%.1f virtual hours in %.1f s, %.1f seeds a second\n", (double)tally.virtual_us / 3.6e9,
        seconds, (double)o.seeds / seconds);
    printf("%llu passed, %llu failed\n", (unsigned long long)tally.passed,
        (unsigned long long)tally.failed);
    return tally.failed == 0 ? 0 : 1;
}
