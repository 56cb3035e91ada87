/* What goes wrong before there is a log: told on standard error. */
#pragma once

#include "common/base.h"

struct diag;

/* Each warning as a line. Nothing is refused for them. */
void warn_of_findings(const struct diag *diag);
/* "vedette: ..." as one line. Both return SERVICE_REFUSED, the exit status. */
int refuse(const char *format, ...) PRINTF_LIKE(1, 2);
/* The findings, and that `path` is refused for them. */
int refuse_findings(const char *path, const struct diag *diag);
