/* Certificates for tests, made when they are asked for. */
#pragma once

struct certificates;

/* Makes an authority of that name: `folder`/ca.pem. The folder is made, too. */
struct certificates *certificates_new(const char *folder, const char *name);
/* Leaves the files where they are. */
void certificates_free(struct certificates *c);
/* `folder`/NAME.pem and NAME.key, vouched for by the authority; good for 127.0.0.1 and the host
 * NAME.test. A second one of a name replaces it. */
void certificates_issue(struct certificates *c, const char *name);
