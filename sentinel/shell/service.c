#include "sentinel/shell/service_parts.h"

#include "common/mem.h"
#include "config/diag.h"
#include "sentinel/shell/draw.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/privileges.h"
#include "sentinel/shell/recorder.h"
#include "sentinel/shell/refusal.h"
#include "sentinel/shell/rewriter.h"
#include "sentinel/shell/store.h"
#include "sentinel/shell/tls.h"

#include <signal.h>
#include <stdio.h>

static void log_lines(struct service *s, const struct buf *text) {
    struct slice rest = buf_slice(text);
    while (rest.size > 0)
        logsink_write(&s->log, s->shell.clock.now.wall_ms, LOG_WARNING, slice_cut(&rest, '\n'));
}

void service_log_findings(struct service *s, const struct diag *diag) {
    struct buf text = BUF_INIT;
    diag_print(diag, &text);
    log_lines(s, &text);
    buf_fini(&text);
}

void service_log_warnings(struct service *s, const struct diag *diag) {
    struct buf text = BUF_INIT;
    diag_print_warnings(diag, &text);
    log_lines(s, &text);
    buf_fini(&text);
}

/* ---- the file ---- */

struct config_source service_source(const struct service *s) {
    return (struct config_source){
        .path = s->absolute_path,
        .folder = s->folder,
        .more = s->more,
    };
}

bool service_load(const struct service *s, struct config_file *ret, struct diag *diag) {
    const struct config_source from = service_source(s);
    return config_file_load(&from, ret, diag);
}

/* What the files of TLS hold is no matter of lines. */
static void check_tls(const struct settings *settings, struct diag *diag) {
    struct tls *tls = tls_new(NULL);
    struct buf why = BUF_INIT;
    if (!tls_prepare(tls, &settings->tls, &why))
        diag_add(diag, 0, 0, "TLS: %s", buf_text(&why));
    buf_fini(&why);
    tls_free(tls);
}

int service_check(const char *path) {
    struct diag diag;
    diag_init(&diag, path);
    struct config_file file;
    int status = SERVICE_OK;
    struct service s = {
        .path = path,
        .absolute_path = process_absolute(path),
        .folder = process_folder(),
    };
    bool ok = service_load(&s, &file, &diag);
    if (ok)
        check_tls(&file.settings, &diag);
    privileges_check(&file.settings, &diag);
    if (ok && diag.count == 0)
        printf("%s is in order: %zu group%s\n", path, file.settings.group_count,
            file.settings.group_count == 1 ? "" : "s");
    else
        status = refuse_findings(path, &diag);
    warn_of_findings(&diag);
    config_file_fini(&file);
    diag_fini(&diag);
    mem_free(s.absolute_path);
    mem_free(s.folder);
    return status;
}

/* ---- signals ---- */

static void on_stop(void *context, int signal_number) {
    struct service *s = context;
    shell_take(&s->shell,
        &(struct input){
            .kind = INPUT_STOP,
            .why = slice_of(signal_number == SIGINT ? "SIGINT" : "SIGTERM"),
        });
}

/* A log file that was moved away is replaced even if the new configuration is refused. */
static void on_hangup(void *context, int signal_number) {
    (void)signal_number;
    struct service *s = context;
    int r = logsink_open(&s->log, s->log.path);
    if (r < 0)
        logsink_printf(&s->log, s->shell.clock.now.wall_ms, LOG_WARNING,
            "The log file %s cannot be opened again: %s", s->log.path, strerror(-r));
    shell_when_settled(&s->shell, service_reload, s);
}

static void watch_signals(struct service *s) {
    signal(SIGPIPE, SIG_IGN);
    loop_signal(s->shell.loop, SIGTERM, on_stop, s);
    loop_signal(s->shell.loop, SIGINT, on_stop, s);
    loop_signal(s->shell.loop, SIGHUP, on_hangup, s);
}

/* ---- the end without memory ---- */

static struct logsink *last_log; /* NULL = none is open */

static void hear_last_words(const char *text) {
    if (last_log != NULL && last_log->fd != STDERR_FILENO) /* where they are said already */
        logsink_last_words(last_log, clock_wall_ms(), text);
}

/* ---- the whole ---- */

static void stop_rewriter(struct service *s) {
    struct buf why = BUF_INIT;
    shell_set_rewriter(&s->shell, NULL);
    struct rewriter_outcome outcome = rewriter_stop(s->rewriter, &why);
    if (outcome.saved && outcome.rewritten)
        logsink_write(&s->log, clock_wall_ms(), LOG_NOTICE,
            SLICE_LITERAL("Sentinel new configuration saved on disk"));
    if (outcome.failed)
        logsink_printf(&s->log, clock_wall_ms(), LOG_WARNING,
            "WARNING: Sentinel was not able to save the new configuration on disk!!!: %s",
            buf_text(&why));
    rewriter_plan_free(outcome.plan);
    buf_fini(&why);
}

static int run(struct service *s, const struct diag *diag) {
    struct plan plan;
    plan_init(&plan);
    int status = service_start(s, &plan);
    if (status == SERVICE_OK) {
        service_log_start(s);
        service_log_warnings(s, diag);
        service_warn_of_lost_rights(s);
        service_warn_of_memory(s, plan.group_count);
        service_start_engine(s, &plan);
        watch_signals(s);
        status = service_enter_sandbox(s);
    }
    plan_fini(&plan);
    if (status != SERVICE_OK)
        return status;
    service_write_pid_file(s);
    process_tell_ready(s->supervisor);
    status = shell_run(&s->shell);
    s->shell.recorder = NULL;
    recorder_stop(s->recorder, "a stop");
    process_tell_stopping(s->supervisor);
    pid_file_close(&s->pid_file);
    stop_rewriter(s);
    logsink_write(&s->log, clock_wall_ms(), LOG_WARNING,
        SLICE_LITERAL("Sentinel is now ready to exit, bye bye..."));
    return status;
}

/* The folder may change before it is opened. */
static char *absolute_record(const struct service *s, const char *path) {
    struct buf text = BUF_INIT;
    if (path == NULL)
        return NULL;
    if (path[0] != '/')
        buf_printf(&text, "%s/", s->folder);
    buf_add_text(&text, path);
    char *absolute = mem_strdup(buf_text(&text));
    buf_fini(&text);
    return absolute;
}

int service_run(const struct service_options *options) {
    const char *path = options->path;
    process_fill_streams();
    map_set_key(&(struct siphash_key){ { draw_seed(), draw_seed() } });
    struct service s = {
        .path = path,
        .absolute_path = process_absolute(path),
        .folder = process_folder(),
        .more = options->more,
        .record_size = options->record_size,
        .executable = process_absolute("/proc/self/exe"),
    };
    s.record = absolute_record(&s, options->record);
    struct diag diag;
    diag_init(&diag, path);
    int status;
    bool ok = service_load(&s, &s.file, &diag);
    privileges_check(&s.file.settings, &diag);
    ok = ok && diag.count == 0;
    bool is_classic = s.file.format == CONFIG_CLASSIC;
    logsink_init(&s.log, s.file.settings.log_level, is_classic ? STDOUT_FILENO : STDERR_FILENO);
    last_log = &s.log;
    mem_set_last_words(hear_last_words);
    if (ok)
        status = run(&s, &diag);
    else
        status = refuse_findings(path, &diag);
    mem_set_last_words(NULL);
    last_log = NULL;
    shell_fini(&s.shell);
    store_close(s.store);
    logsink_fini(&s.log);
    config_file_fini(&s.file);
    diag_fini(&diag);
    mem_free(s.absolute_path);
    mem_free(s.folder);
    pid_file_close(&s.pid_file);
    mem_free(s.record);
    mem_free(s.executable);
    return status;
}
