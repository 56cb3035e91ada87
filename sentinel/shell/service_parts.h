/* The parts of the process, among themselves. */
#pragma once

#include "config/merge.h"
#include "sentinel/command/facts.h"
#include "sentinel/shell/config_file.h"
#include "sentinel/shell/logsink.h"
#include "sentinel/shell/process.h"
#include "sentinel/shell/service.h"
#include "sentinel/shell/shell.h"

struct diag;
struct plan;
struct recorder;
struct rewriter;
struct store;

struct service {
    const char *path;    /* borrowed: the file as it was named */
    char *absolute_path; /* owned */
    char *folder;        /* owned: that we were started in */
    struct slice more;   /* borrowed: configuration lines of the command line */
    char *record;        /* owned: absolute path of the recording; NULL = none */
    int64_t record_size;
    struct recorder *recorder; /* NULL = none */
    enum supervised supervisor;
    struct pid_file pid_file;
    bool gave_up_privileges;
    char *executable;        /* owned */
    struct config_file file; /* in force */
    struct logsink log;
    struct store *store;
    struct rewriter *rewriter; /* of a classic file that we may write; else NULL */
    struct shell shell;
    struct process_facts facts;
    char os[256];
};

/* ---- service.c ---- */

/* Reads the file anew, as config_file_load does. */
bool service_load(const struct service *s, struct config_file *ret, struct diag *diag);
struct config_source service_source(const struct service *s); /* borrows from the service */
void service_log_findings(struct service *s, const struct diag *diag);
void service_log_warnings(struct service *s, const struct diag *diag);

/* ---- service_start.c ---- */

/* All up to the engine: an exit status, told on standard error if it is not SERVICE_OK. */
int service_start(struct service *s, struct plan *plan);
void service_start_engine(struct service *s, const struct plan *plan);
/* What is to be known of the start, when there is a log. */
void service_log_start(struct service *s);
void service_warn_of_lost_rights(struct service *s);
void service_warn_of_memory(struct service *s, size_t groups);
void service_write_pid_file(struct service *s);
int service_enter_sandbox(struct service *s); /* an exit status; when all else has started */

/* Settings of the file that the shell has to be told of, at the start and at a reload. */
enum merge_style service_style(const struct config_file *f);
void service_set_limits(struct service *s);
void service_set_name_servers(struct service *s);
void service_set_source(struct service *s);
void service_set_script_folders(struct service *s);
void service_log_to_system(struct service *s);
int service_seconds(int64_t ms); /* as TCP counts */
void service_say_cannot_listen(
    const struct service *s, const struct endpoint *at, int error, struct buf *why);

/* ---- service_reload.c ---- */

void service_reload(void *context); /* the struct service; when the shell is settled */
