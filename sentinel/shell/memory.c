#include "sentinel/shell/memory.h"

#include "common/slice.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

uint64_t memory_needed(size_t groups) {
    return MEMORY_OF_PROCESS + groups * MEMORY_OF_GROUP;
}

uint64_t memory_used(void) {
    char text[128];
    uint64_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    if (fgets(text, sizeof(text), f) != NULL) { /* "SIZE RESIDENT ..." */
        struct slice rest = slice_of(text);
        (void)slice_cut(&rest, ' ');
        if (!slice_to_u64(slice_cut(&rest, ' '), &pages))
            pages = 0;
    }
    (void)fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t of_machine(void) {
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;
}

/* "max", or a number of bytes. */
static uint64_t read_limit(const char *folder, const char *name) {
    char path[PATH_MAX], text[32];
    uint64_t limit = UINT64_MAX;
    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
        return limit;
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return limit;
    if (fgets(text, sizeof(text), f) == NULL || !slice_to_u64(slice_trim(slice_of(text)), &limit))
        limit = UINT64_MAX;
    (void)fclose(f);
    return limit;
}

/* Of the group and of all above it. */
static uint64_t of_groups(const char *root, const char *group, const char *name) {
    char folder[PATH_MAX];
    size_t root_size = strlen(root);
    if (snprintf(folder, sizeof(folder), "%s%s", root, group) >= (int)sizeof(folder))
        return UINT64_MAX;
    uint64_t least = read_limit(folder, name);
    for (char *cut; strlen(folder) > root_size && (cut = strrchr(folder, '/')) != NULL;) {
        *cut = '\0';
        least = MIN_OF(least, read_limit(folder, name));
    }
    return least;
}

/* "4:memory:/path" or, of the unified hierarchy, "0::/path". */
static uint64_t of_line(struct slice line, const char *mounted) {
    char root[PATH_MAX], group[PATH_MAX];
    (void)slice_cut(&line, ':');
    struct slice controllers = slice_cut(&line, ':');
    bool is_unified = controllers.size == 0;
    if (!is_unified && !slice_is(controllers, "memory"))
        return UINT64_MAX;
    slice_copy(slice_trim(line), group, sizeof(group));
    if (snprintf(root, sizeof(root), "%s%s", mounted, is_unified ? "" : "/memory") >=
        (int)sizeof(root))
        return UINT64_MAX;
    return of_groups(root, group, is_unified ? "memory.max" : "memory.limit_in_bytes");
}

uint64_t memory_allowed(const char *cgroups, const char *mounted) {
    char line[PATH_MAX];
    uint64_t least = of_machine();
    FILE *f = fopen(cgroups, "re");
    if (f == NULL)
        return least;
    while (fgets(line, sizeof(line), f) != NULL)
        least = MIN_OF(least, of_line(slice_of(line), mounted));
    (void)fclose(f);
    return least;
}
