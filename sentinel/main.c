/* vedette: the daemon. */

#include "common/buf.h"
#include "sentinel/shell/convert.h"
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
    "       vedette --version\n"
    "       vedette --help\n"
    "\n"
    "Exit status: 0 after a clean stop, 1 if the configuration or the state is refused, 2 for bad usage.\n"
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

static int run(const char *file, char **words) {
    struct buf lines = BUF_INIT;
    add_lines(words, &lines);
    int status = service_run(file, buf_slice(&lines));
    buf_fini(&lines);
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
    if (first[0] == '-')
        return bad_usage("unknown option ", first);
    if (argc > at + 1 && strncmp(argv[at + 1], "--", 2) != 0)
        return bad_usage("one configuration file is enough; unexpected: ", argv[at + 1]);
    return run(first, &argv[at + 1]);
}
