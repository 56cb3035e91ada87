#include "config/exposure.h"

#include "config/diag.h"

#include <sys/stat.h>

void exposure_check(struct diag *diag, const char *file, int line, int column, const char *path) {
    struct stat st;
    if (stat(path, &st) < 0 || (st.st_mode & (S_IROTH | S_IWOTH)) == 0)
        return;
    diag_warn(diag, file, line, column,
        "%s holds a password, and others may %s it (mode %04o; 'chmod o-rwx' mends that)", path,
        st.st_mode & S_IWOTH ? "change" : "read", (unsigned)(st.st_mode & 07777));
}
