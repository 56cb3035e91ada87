/* From the configuration to an engine that runs, in the order of rights. */
#include "sentinel/shell/service_parts.h"

#include "common/mem.h"
#include "config/diag.h"
#include "sentinel/engine/engine.h"
#include "sentinel/shell/classic_state.h"
#include "sentinel/shell/descriptors.h"
#include "sentinel/shell/dns.h"
#include "sentinel/shell/draw.h"
#include "sentinel/shell/file_replace.h"
#include "sentinel/shell/loop.h"
#include "sentinel/shell/memory.h"
#include "sentinel/shell/privileges.h"
#include "sentinel/shell/recorder.h"
#include "sentinel/shell/refusal.h"
#include "sentinel/shell/rewriter.h"
#include "sentinel/shell/runner.h"
#include "sentinel/shell/sandbox.h"
#include "sentinel/shell/socket.h"
#include "sentinel/shell/spawner.h"
#include "sentinel/shell/store.h"
#include "sentinel/shell/store_place.h"
#include "sentinel/shell/test_disk.h"
#include "sentinel/shell/test_hook.h"
#include "sentinel/shell/tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ---- the process ---- */

static void gather_facts(struct service *s) {
    struct utsname system;
    if (uname(&system) == 0)
        snprintf(s->os, sizeof(s->os), "%.60s %.60s %.60s", system.sysname, system.release,
            system.machine);
    s->facts = (struct process_facts){
        .process_id = getpid(),
        .executable = s->executable,
        .config_file = s->absolute_path,
        .os = s->os,
        .compiler = __VERSION__,
        .multiplexer = loop_backend(s->shell.loop),
        .arch_bits = 8 * (int)sizeof(void *),
    };
    draw_id(s->facts.run_id);
}

/* ---- starting ---- */

/* A classic file is written for a process that works in its `dir`. */
static int take_place(struct service *s) {
    const struct settings *settings = &s->file.settings;
    if (s->file.format == CONFIG_CLASSIC) {
        int r = process_enter(settings->state_dir);
        if (r < 0)
            return refuse("Can't chdir to '%s': %s", settings->state_dir, strerror(-r));
    }
    s->supervisor = process_supervisor((enum supervised)settings->supervised);
    if (!settings->daemonize || s->supervisor != SUPERVISED_NO)
        return SERVICE_OK;
    int r = process_daemonize();
    s->log.pid = getpid();
    return r < 0 ? refuse("cannot go on in the background: %s", strerror(-r)) : SERVICE_OK;
}

static void open_pid_file(struct service *s) {
    const struct settings *settings = &s->file.settings;
    const char *path = settings->pid_file;
    if (path == NULL && settings->daemonize && s->supervisor == SUPERVISED_NO)
        path = settings->compat == COMPAT_VALKEY ? "/var/run/valkey.pid" : "/var/run/redis.pid";
    if (path != NULL)
        pid_file_open(&s->pid_file, path);
}

/* Without one there may still be a failover: it is no reason not to start. */
void service_write_pid_file(struct service *s) {
    int r = pid_file_write(&s->pid_file);
    if (r < 0)
        logsink_printf(&s->log, s->shell.clock.now.wall_ms, LOG_WARNING,
            "The pid file %s cannot be written: %s", s->pid_file.path, strerror(-r));
}

static int open_store(struct service *s) {
    struct store_place place;
    if (s->file.format == CONFIG_YAML)
        store_place_in(&place, s->file.settings.state_dir);
    else
        store_place_beside(&place, s->absolute_path, s->file.settings.state_dir);
    struct buf why = BUF_INIT;
    test_disk_install();
    s->store = store_open(&place, &why);
    int status = SERVICE_OK;
    if (s->store != NULL)
        shell_set_store(&s->shell, s->store);
    else
        status = refuse("the state is refused: %s", buf_text(&why));
    buf_fini(&why);
    store_place_fini(&place);
    return status;
}

static int take_classic_state(struct service *s) {
    if (s->file.format != CONFIG_CLASSIC)
        return SERVICE_OK;
    classic_state_take(s->store, &s->file.state);
    if (store_commit(s->store))
        return SERVICE_OK;
    return refuse("the state lines of %s cannot be saved: %s", s->path, store_error(s->store));
}

enum merge_style service_style(const struct config_file *f) {
    return f->format == CONFIG_YAML ? MERGE_YAML : MERGE_CLASSIC;
}

static int merge(struct service *s, struct plan *ret_plan) {
    struct diag diag;
    diag_init(&diag, s->path);
    int status = SERVICE_OK;
    if (!config_merge(
            &s->file.settings, store_state(s->store), service_style(&s->file), ret_plan, &diag))
        status = refuse_findings(s->path, &diag);
    diag_fini(&diag);
    return status;
}

void service_log_to_system(struct service *s) {
    const struct settings *settings = &s->file.settings;
    logsink_to_system(&s->log, settings->syslog_enabled ? settings->syslog_ident : NULL,
        (int)settings->syslog_facility);
}

static int open_log(struct service *s) {
    service_log_to_system(s);
    const char *path = s->file.settings.log_file;
    int r = logsink_open(&s->log, path);
    if (r < 0)
        return refuse("the log file %s cannot be written: %s", path, strerror(-r));
    return SERVICE_OK;
}

/* TCP counts in seconds: less than one is one. */
int service_seconds(int64_t ms) {
    return (int)((ms + 999) / 1000);
}

/* Permission is what is lacking where it was given up. */
void service_say_cannot_listen(
    const struct service *s, const struct endpoint *at, int error, struct buf *why) {
    char text[ENDPOINT_TEXT_MAX];
    buf_printf(why, "cannot listen on %s: %s", endpoint_text(at, text), socket_why(error));
    if (error == -EACCES && s->gave_up_privileges)
        buf_add_text(why, "; what took root was given up at the start: this takes a restart");
}

/* Nothing is accepted before all else is in order. */
static int bind_addresses(struct service *s) {
    const struct settings *settings = &s->file.settings;
    struct listeners *l = &s->shell.listeners;
    l->backlog = (int)settings->backlog;
    l->keepalive_s = service_seconds(settings->keepalive_ms);
    const struct endpoint *failed = NULL;
    int r = listeners_prepare(l, &settings->listen, &settings->tls.listen, &failed);
    if (r == 0)
        return SERVICE_OK;
    struct buf why = BUF_INIT;
    service_say_cannot_listen(s, failed, r, &why);
    int status = refuse("%s", buf_text(&why));
    buf_fini(&why);
    return status;
}

/* Before there is a thread, and before the state is looked at: that is the user's. */
static int give_up_privileges(struct service *s) {
    if (!privileges_are_given_up(&s->file.settings))
        return SERVICE_OK;
    struct buf why = BUF_INIT;
    s->gave_up_privileges = privileges_give_up(&s->file.settings, &why);
    int status = s->gave_up_privileges ? SERVICE_OK
                                       : refuse("root cannot be left behind: %s", buf_text(&why));
    buf_fini(&why);
    return status;
}

static int listen_first(struct service *s) {
    const struct settings *settings = &s->file.settings;
    struct listeners *l = &s->shell.listeners;
    listeners_commit(l);
    if (settings->unix_socket == NULL)
        return SERVICE_OK;
    int r = listeners_open_local(l, settings->unix_socket, (unsigned)settings->unix_socket_mode);
    if (r < 0)
        return refuse("cannot listen on %s: %s", settings->unix_socket, strerror(-r));
    return SERVICE_OK;
}

static int start_tls(struct service *s) {
    struct buf why = BUF_INIT;
    int status = SERVICE_OK;
    if (tls_prepare(s->shell.tls, &s->file.settings.tls, &why))
        tls_commit(s->shell.tls, &s->file.settings.tls);
    else
        status = refuse("TLS: %s", buf_text(&why));
    buf_fini(&why);
    return status;
}

/* Of those who connect. */
void service_set_limits(struct service *s) {
    const struct settings *settings = &s->file.settings;
    clients_set_limits(&s->shell.clients, &settings->limits);
    s->shell.handshakes.max = (size_t)settings->limits.max[LIMIT_HANDSHAKES];
    s->shell.handshakes.timeout_ms = settings->tls.handshake_timeout_ms;
}

/* A classic file is kept up to date, as its users expect, if it can be. */
static int start_rewriter(struct service *s) {
    if (s->file.format != CONFIG_CLASSIC)
        return SERVICE_OK;
    int r = file_can_be_replaced(s->absolute_path);
    if (r < 0) {
        logsink_printf(&s->log, s->shell.clock.now.wall_ms, LOG_WARNING,
            "The configuration file %s cannot be written and is left as it is: %s. What is learned "
            "and changed is kept in the state beside it",
            s->absolute_path, strerror(-r));
        return SERVICE_OK;
    }
    struct buf why = BUF_INIT;
    char *folder = process_absolute(s->file.settings.state_dir);
    const struct rewriter_options options = {
        .path = s->absolute_path,
        .folder = folder[0] == '/' ? folder : NULL,
        .settings = &s->file.settings,
        .state = store_state(s->store),
    };
    s->rewriter = rewriter_start(&options, &why);
    int status = SERVICE_OK;
    if (s->rewriter == NULL)
        status = refuse("the configuration file cannot be kept up to date: %s", buf_text(&why));
    else
        shell_set_rewriter(&s->shell, s->rewriter);
    mem_free(folder);
    buf_fini(&why);
    return status;
}

void service_set_name_servers(struct service *s) {
    const char *servers = s->file.settings.name_servers;
    dns_set_servers(s->shell.dns, servers != NULL ? servers : test_hook_name_servers());
}

void service_set_source(struct service *s) {
    const char *host = s->file.settings.source_address;
    struct endpoint *source = &s->shell.streams.source;
    *source = (struct endpoint){ .host = "" };
    if (host != NULL)
        endpoint_make(slice_of(host), 0, source);
}

void service_set_script_folders(struct service *s) {
    runner_set_folders(s->shell.runner, s->file.settings.script_dirs);
}

static int start_recorder(struct service *s) {
    if (s->record == NULL)
        return SERVICE_OK;
    struct buf why = BUF_INIT;
    s->recorder = s->shell.recorder = recorder_start(s->record, s->record_size, &why);
    int status = s->recorder != NULL ? SERVICE_OK : refuse("%s", buf_text(&why));
    buf_fini(&why);
    return status;
}

/* ---- the sandbox ---- */

static enum seccomp seccomp_of(const struct service *s) {
    return (enum seccomp)s->file.settings.seccomp;
}

/* Who it is that starts scripts is settled, and there is no thread yet. */
static int start_spawner(struct service *s) {
    if (seccomp_of(s) == SECCOMP_NO)
        return SERVICE_OK;
    const struct config_source from = service_source(s);
    struct spawner *spawner;
    int r = spawner_start(&from, &s->file.settings, &spawner);
    if (r < 0)
        return refuse("the process that starts scripts cannot be made: %s", strerror(-r));
    shell_set_spawner(&s->shell, spawner);
    return SERVICE_OK;
}

/* All that takes more has been done. */
int service_enter_sandbox(struct service *s) {
    if (seccomp_of(s) == SECCOMP_NO)
        return SERVICE_OK;
    struct buf why = BUF_INIT;
    int status = SERVICE_OK;
    if (sandbox_enter(seccomp_of(s), &why)) {
        logsink_printf(&s->log, s->shell.clock.now.wall_ms, LOG_NOTICE,
            "System calls that are never needed are %s from now on",
            seccomp_of(s) == SECCOMP_YES ? "refused" : "logged by the kernel");
        test_hook_try_forbidden();
    } else {
        status = refuse("seccomp: the filter of system calls cannot be had: %s", buf_text(&why));
    }
    buf_fini(&why);
    return status;
}

/* ---- starting, the whole ---- */

/* What may take root. */
static int start_outside(struct service *s) {
    size_t descriptors = descriptors_raise();
    int status = take_place(s);
    if (status != SERVICE_OK)
        return status;
    if (!shell_init(&s->shell, &s->log, descriptors))
        return refuse("the system refuses an event loop");
    status = bind_addresses(s);
    if (status != SERVICE_OK)
        return status;
    open_pid_file(s);
    status = give_up_privileges(s);
    return status == SERVICE_OK ? start_spawner(s) : status;
}

int service_start(struct service *s, struct plan *plan) {
    int status = start_outside(s);
    if (status == SERVICE_OK)
        status = open_store(s);
    if (status == SERVICE_OK)
        status = take_classic_state(s);
    if (status == SERVICE_OK)
        status = merge(s, plan);
    if (status == SERVICE_OK)
        status = open_log(s);
    if (status != SERVICE_OK)
        return status;
    service_set_limits(s);
    service_set_name_servers(s);
    service_set_source(s);
    service_set_script_folders(s);
    gather_facts(s);
    status = start_tls(s);
    if (status == SERVICE_OK)
        status = listen_first(s);
    if (status == SERVICE_OK)
        status = start_rewriter(s);
    return status == SERVICE_OK ? start_recorder(s) : status;
}

void service_log_start(struct service *s) {
    int64_t wall_ms = s->shell.clock.now.wall_ms;
    logsink_printf(&s->log, wall_ms, LOG_NOTICE,
        "Vedette " VEDETTE_VERSION " is starting, pid %lld, configuration %s",
        (long long)s->facts.process_id, s->absolute_path);
    if (store_is_fresh(s->store))
        logsink_printf(&s->log, wall_ms, LOG_NOTICE, "This is a first start: a new state was made");
    logsink_printf(&s->log, wall_ms, LOG_NOTICE, "Sentinel ID is %s", store_state(s->store)->id);
}

/* What root has read, and a reload will not. */
void service_warn_of_lost_rights(struct service *s) {
    if (!s->gave_up_privileges)
        return;
    struct diag diag;
    struct config_file file;
    diag_init(&diag, s->path);
    if (!service_load(s, &file, &diag)) {
        logsink_printf(&s->log, s->shell.clock.now.wall_ms, LOG_WARNING,
            "As user %s we cannot read what root has read: a reload will be refused",
            s->file.settings.user);
        service_log_findings(s, &diag);
    }
    config_file_fini(&file);
    diag_fini(&diag);
}

void service_warn_of_memory(struct service *s, size_t groups) {
    const uint64_t mib = 1024 * 1024;
    uint64_t needed = memory_needed(groups);
    uint64_t allowed = memory_allowed(MEMORY_CGROUPS, MEMORY_MOUNTED);
    if (needed > allowed)
        logsink_printf(&s->log, s->shell.clock.now.wall_ms, LOG_WARNING,
            "%zu groups are likely to take %llu MiB of memory, clients not counted, and %llu MiB "
            "are allowed (systemd: MemoryMax, containers: their limit)",
            groups, (unsigned long long)(needed / mib), (unsigned long long)(allowed / mib));
}

void service_start_engine(struct service *s, const struct plan *plan) {
    struct engine_options options = {
        .state = store_state(s->store),
        .plan = plan,
        .writes_file = s->rewriter != NULL,
        .facts = &s->facts,
        .seed = draw_seed(),
        .descriptors = shell_descriptors(&s->shell),
    };
    draw_bytes(options.challenge_key, sizeof(options.challenge_key));
    recorder_begin(s->recorder, &options, s->shell.clock.now);
    s->shell.engine = engine_new(&options, s->shell.clock.now, &s->shell.effects);
    recorder_effects(s->recorder, s->shell.engine, &s->shell.effects, 0);
}
