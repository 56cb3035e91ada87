#include "sentinel/shell/descriptors.h"

#include "common/base.h"

#include <sys/resource.h>

size_t descriptors_raise(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit wanted = { .rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max };
        if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
            limit = wanted;
    }
    return (size_t)MIN_OF(limit.rlim_cur, (rlim_t)INT32_MAX);
}

size_t descriptors_for_links(size_t descriptors) {
    size_t kept = MIN_OF(descriptors / DESCRIPTORS_CLIENTS_SHARE, (size_t)DESCRIPTORS_CLIENTS_KEPT);
    size_t others = DESCRIPTORS_OF_OWN + MAX_OF(kept, (size_t)DESCRIPTORS_CLIENTS_LEAST);
    return descriptors > others ? descriptors - others : 1;
}

size_t descriptors_for_clients(size_t descriptors, size_t links) {
    size_t reserved = DESCRIPTORS_OF_OWN + DESCRIPTORS_AHEAD + links;
    size_t left = descriptors > reserved ? descriptors - reserved : 0;
    return MAX_OF(left, (size_t)DESCRIPTORS_CLIENTS_LEAST);
}
