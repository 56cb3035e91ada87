/* vedette: the daemon. */

#include "common/buf.h"
#include "config/value.h"
#include "sentinel/shell/convert.h"
#include "sentinel/shell/recorder.h"
#include "sentinel/shell/replay.h"
#include "sentinel/shell/service.h"

#include <stdio.h>
#include <string.h>

#define BAD_USAGE 2

static const char USAGE[] =
    "Usage: vedette FILE            watch the groups that FILE names (YAML, or a classic sentinel.conf)\n"
    "       vedette FILE [--sentinel] [--DIRECTIVE VALUE ...] ...\n"
    "                               the same with further lines of a classic file, as redis-sentinel takes them\n"
    "       vedette --check FILE    check the file and do nothing else\n"
    "       vedette --convert FILE [--state DIR]\n"
    "                               write the file in the other format to standard output: YAML of a sentinel.conf,\n"
    "                               whose state is imported into the empty folder DIR; or a sentinel.conf of YAML\n"
    "       vedette --sync-state FILE\n"
    "                               bring a sentinel.conf up to date with the state beside it, after a crash\n"
    "       vedette --record RECORD [--record-size SIZE] FILE ...\n"
    "                               run as above and write all that happens into RECORD, without passwords,\n"
    "                               up to SIZE (1GiB); what lies there becomes RECORD.1, and that RECORD.2\n"
    "       vedette --replay RECORD tell what happened, on standard output, and whether this program does the same\n"
    "       vedette --version\n"
    "       vedette --help\n"
    "\n"
    "Exit status: 0 after a clean stop, 1 if the configuration or the state is refused, or a replay differs,\n"
    "2 for bad usage.\n"
    "Signals: SIGTERM and SIGINT stop, SIGHUP reads FILE again and opens the log file anew.\n";

static int bad_usage(const char *what, const char *subject) {
    fprintf(stderr, "vedette: %s%s\n\n%s", what, subject, USAGE);
    return BAD_USAGE;
}

static int show(const char *text) {
    fputs(text, stdout);
    return SERVICE_OK;
}

static int convert(int argc, char **argv) {
    if (argc == 3)
        return convert_file(argv[2], NULL);
    if (argc == 5 && strcmp(argv[3], "--state") == 0)
        return convert_file(argv[2], argv[4]);
    return bad_usage("--convert takes one file, and --state a folder", "");
}

/* One line for each "--DIRECTIVE VALUE ...". "--sentinel" alone makes one that says nothing.
 * Source: spec 14.1. */
static void add_lines(char **words, struct buf *out) {
    for (; *words != NULL; words++) {
        if (strncmp(*words, "--", 2) == 0) {
            buf_printf(out, "%s%s", buf_size(out) > 0 ? "\n" : "", *words + 2);
        } else {
            buf_add_text(out, " \"");
            buf_add_escaped(out, slice_of(*words));
            buf_add_char(out, '"');
        }
    }
    if (buf_size(out) > 0)
        buf_add_char(out, '\n');
}

/* Passwords among them are for nobody who lists processes. */
static void hide_values(char **words) {
    for (; *words != NULL; words++)
        if (strncmp(*words, "--", 2) != 0)
            memset(*words, '*', strlen(*words));
}

/* The configuration and what follows it. */
static int run(struct service_options *options, char **words) {
    const char *file = *words;
    if (file == NULL)
        return bad_usage("a configuration file is needed", "");
    if (file[0] == '-')
        return bad_usage("unknown option ", file);
    words++;
    if (*words != NULL && strncmp(*words, "--", 2) != 0)
        return bad_usage("one configuration file is enough; unexpected: ", *words);
    struct buf lines = BUF_INIT;
    add_lines(words, &lines);
    hide_values(words);
    options->path = file;
    options->more = buf_slice(&lines);
    int status = service_run(options);
    buf_fini(&lines);
    return status;
}

/* "--record RECORD [--record-size SIZE] FILE ..." */
static int record(char **words) {
    struct service_options options = { .record_size = RECORDER_SIZE_STANDARD };
    options.record = words[1];
    if (options.record == NULL || options.record[0] == '\0' || words[2] == NULL)
        return bad_usage("--record takes a file to write, and the configuration", "");
    words += 2;
    if (strcmp(*words, "--record-size") != 0)
        return run(&options, words);
    struct buf why = BUF_INIT;
    bool is_size = words[1] != NULL &&
        value_read_size(
            slice_of(words[1]), RECORDER_SIZE_MIN, RECORDER_SIZE_MAX, &options.record_size, &why);
    int status = is_size ? run(&options, words + 2) : bad_usage("--record-size ", buf_text(&why));
    buf_fini(&why);
    return status;
}

int main(int argc, char **argv) {
    int at = argc > 1 && strcmp(argv[1], "--sentinel") == 0 ? 2 : 1;
    if (argc <= at)
        return bad_usage("a configuration file is needed", "");
    const char *first = argv[at];
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
        return show(USAGE);
    if (strcmp(first, "--version") == 0 || strcmp(first, "-v") == 0)
        return show("vedette " VEDETTE_VERSION "\n");
    if (strcmp(first, "--check") == 0)
        return argc == 3 ? service_check(argv[2]) : bad_usage("--check takes one file", "");
    if (strcmp(first, "--convert") == 0)
        return convert(argc, argv);
    if (strcmp(first, "--sync-state") == 0)
        return argc == 3 ? convert_sync_state(argv[2])
                         : bad_usage("--sync-state takes one file", "");
    if (strcmp(first, "--record") == 0)
        return record(&argv[at]);
    if (strcmp(first, "--replay") == 0)
        return argc == 3 ? replay_file(argv[2]) : bad_usage("--replay takes one file", "");
    return run(&(struct service_options){ .record = NULL }, &argv[at]);
}
