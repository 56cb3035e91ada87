#include "config/exposure.h"

#include "config/diag.h"
#include "config/load_file.h"

#define OTHERS_READ  04
#define OTHERS_WRITE 02

static void check(struct diag *diag, const char *file, int line, int column, const char *path,
    const char *secret) {
    unsigned mode = load_file_mode(path);
    if ((mode & (OTHERS_READ | OTHERS_WRITE)) == 0)
        return;
    diag_warn(diag, file, line, column,
        "%s holds a %s, and others may %s it (mode %04o; 'chmod o-rwx' mends that)", path, secret,
        mode & OTHERS_WRITE ? "change" : "read", mode);
}

void exposure_check(struct diag *diag, const char *file, int line, int column, const char *path) {
    check(diag, file, line, column, path, "password");
}

void exposure_check_key(struct diag *diag, const char *path) {
    check(diag, NULL, 0, 0, path, "private key");
}
