#include "tests/lib/sealed.h"

#include "config/keys.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/seal.h"

bool hello_is_sealed(struct slice keys, const struct hello *h) {
    while (keys.size > 0) {
        char own[DIGEST_HEX_SIZE];
        seal_make(keys_cut(&keys), SEAL_HELLO, h->sealed, own);
        if (slice_is(h->seal, own))
            return true;
    }
    return false;
}
