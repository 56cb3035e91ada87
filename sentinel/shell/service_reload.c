/* The configuration read anew: all of it or nothing. */
#include "sentinel/shell/service_parts.h"

#include "config/diag.h"
#include "config/option.h"
#include "sentinel/shell/rewriter.h"
#include "sentinel/shell/spawner.h"
#include "sentinel/shell/store.h"
#include "sentinel/shell/tls.h"

static void refuse_reload(struct service *s, const char *why) {
    shell_take(&s->shell, &(struct input){ .kind = INPUT_RELOAD_FAILED, .why = slice_of(why) });
}

static void refuse_reload_for(struct service *s, const struct diag *diag) {
    struct buf text = BUF_INIT;
    service_log_findings(s, diag);
    buf_printf(&text, "%s has %zu finding%s", s->path, diag->count, diag->count == 1 ? "" : "s");
    refuse_reload(s, buf_text(&text));
    buf_fini(&text);
}

static bool prepare_listeners(struct service *s, const struct settings *new, struct buf *why) {
    const struct endpoint *failed = NULL;
    int r = listeners_prepare(&s->shell.listeners, &new->listen, &new->tls.listen, &failed);
    if (r < 0)
        service_say_cannot_listen(s, failed, r, why);
    return r == 0;
}

static bool prepare_log(struct service *s, const struct settings *new, struct buf *why) {
    int r = logsink_open(&s->log, new->log_file);
    if (r < 0)
        buf_printf(why, "the log file %s cannot be written: %s", new->log_file, strerror(-r));
    return r == 0;
}

static bool prepare_tls(struct service *s, const struct settings *new, struct buf *why) {
    struct buf reason = BUF_INIT;
    bool prepared = tls_prepare(s->shell.tls, &new->tls, &reason);
    if (!prepared)
        buf_printf(why, "TLS: %s", buf_text(&reason));
    buf_fini(&reason);
    return prepared;
}

/* The last steps that can fail: the files of TLS, addresses, then the log file. */
static bool prepare_outside(struct service *s, const struct settings *new) {
    struct buf why = BUF_INIT;
    bool ok =
        prepare_tls(s, new, &why) && prepare_listeners(s, new, &why) && prepare_log(s, new, &why);
    if (!ok) {
        tls_abort(s->shell.tls);
        listeners_abort(&s->shell.listeners);
        refuse_reload(s, buf_text(&why));
    }
    buf_fini(&why);
    return ok;
}

static void warn_of_restart(struct service *s, const struct settings *new) {
    for (size_t i = 0; i < option_count; i++) {
        const struct option *o = &option_table[i];
        if (o->scope == OPTION_PROCESS && o->live == OPTION_RESTART &&
            !option_equal(o, &s->file.settings, new))
            logsink_printf(&s->log, s->shell.clock.now.wall_ms, LOG_WARNING,
                "%s was changed in the file: this takes a restart", o->key);
    }
}

static void commit_reload(struct service *s, struct config_file *new, const struct plan *plan) {
    listeners_commit(&s->shell.listeners);
    warn_of_restart(s, &new->settings);
    if (s->rewriter != NULL)
        rewriter_rebase_on_file(s->rewriter, &new->settings);
    config_file_fini(&s->file);
    s->file = *new;
    tls_commit(s->shell.tls, &s->file.settings.tls);
    service_set_limits(s);
    service_set_name_servers(s);
    service_set_source(s);
    service_set_script_folders(s);
    service_log_to_system(s);
    s->shell.listeners.keepalive_s = service_seconds(s->file.settings.keepalive_ms);
    if (s->shell.spawner != NULL)
        spawner_read(s->shell.spawner);
    shell_take(&s->shell,
        &(struct input){
            .kind = INPUT_RELOAD,
            .plan = plan,
        });
}

/* Not before the wake-up has settled: the merge reads the store, which must know what the engine
 * does. */
void service_reload(void *context) {
    struct service *s = context;
    struct diag diag;
    struct config_file new;
    struct plan plan;
    diag_init(&diag, s->path);
    plan_init(&plan);
    bool ok = service_load(s, &new, &diag) &&
        config_merge(&new.settings, store_state(s->store), service_style(&new), &plan, &diag);
    service_log_warnings(s, &diag);
    if (!ok)
        refuse_reload_for(s, &diag);
    ok = ok && prepare_outside(s, &new.settings);
    if (ok)
        commit_reload(s, &new, &plan);
    else
        config_file_fini(&new);
    plan_fini(&plan);
    diag_fini(&diag);
}
