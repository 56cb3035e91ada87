/* Bytes that a stranger sends to the port for TLS, however they are cut: a handshake that begins
 * with what a client says, changed, cut short or repeated as the input tells. Nothing of it is told
 * as what somebody said, since nobody has shown a certificate, and what is kept of it is bounded.
 */
#include "common/buf.h"
#include "common/endpoint.h"
#include "common/mem.h"
#include "config/settings.h"
#include "sentinel/shell/tls.h"
#include "sentinel/shell/tls_session.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/certificates.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FLIGHT_MAX (256 * 1024) /* what a session may answer to all of an input */

/* Made once: what is fuzzed is the session. */
static struct tls *tls;
static struct settings settings;
static struct endpoint far_end;

static char *path_in(const char *folder, const char *name) {
    struct buf path = BUF_INIT;
    buf_printf(&path, "%s/%s", folder, name);
    char *text = mem_strdup(buf_text(&path));
    buf_fini(&path);
    return text;
}

static void begin(void) {
    static const char *const files[] = { "ca.pem", "server.pem", "server.key" };
    char folder[] = "/tmp/vedette-fuzz-tls-XXXXXX";
    fuzz_check(mkdtemp(folder) != NULL);
    struct certificates *c = certificates_new(folder, "authority");
    certificates_issue(c, "server");
    certificates_free(c);
    settings_init(&settings);
    settings.tls.listen.count = 1;
    settings.tls.links = true;
    settings.tls.ca_file = path_in(folder, files[0]);
    settings.tls.server.cert = path_in(folder, files[1]);
    settings.tls.server.key = path_in(folder, files[2]);
    fuzz_check(endpoint_make(SLICE_LITERAL("127.0.0.1"), 7, &far_end));
    tls = tls_new(NULL);
    struct buf why = BUF_INIT;
    fuzz_check(tls_prepare(tls, &settings.tls, &why));
    tls_commit(tls, &settings.tls);
    buf_fini(&why);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char *path = path_in(folder, files[i]);
        unlink(path);
        mem_free(path);
    }
    rmdir(folder);
}

/* The first thing that a client says, with some bytes changed. */
static void add_hello(struct fuzz_bytes *b, struct buf *out) {
    struct tls_session *client = tls_connect(tls, &far_end, "");
    (void)tls_session_shake(client);
    struct buf *said = tls_session_output(client);
    for (size_t changes = fuzz_choice(b, 4); changes > 0; changes--) {
        size_t at = fuzz_number(b, 2) % buf_size(said);
        said->data[said->head + at] = (char)fuzz_byte(b);
    }
    buf_add_slice(out, slice_sub(buf_slice(said), 0, buf_size(said) - fuzz_choice(b, 3)));
    tls_session_free(client);
}

/* As a stream goes on with a session. */
static bool go_on(struct tls_session *s, size_t *flight) {
    enum tls_progress progress = tls_session_shake(s);
    fuzz_check(progress != TLS_DONE); /* without a certificate nobody gets so far */
    struct buf *out = tls_session_output(s);
    *flight += buf_size(out);
    fuzz_check(*flight <= FLIGHT_MAX);
    buf_consume(out, buf_size(out));
    if (progress == TLS_FAILED)
        fuzz_check(tls_session_why(s)[0] != '\0');
    return progress == TLS_WANTS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_bytes b = { .data = data, .size = size };
    struct buf bytes = BUF_INIT;
    if (tls == NULL)
        begin();
    size_t piece = fuzz_byte(&b) + (size_t)1;
    if (fuzz_byte(&b) % 2 == 0)
        add_hello(&b, &bytes);
    buf_add_slice(&bytes, fuzz_slice(b.data, b.size));

    struct tls_session *s = tls_accept(tls, &far_end);
    size_t flight = 0;
    bool goes_on = true;
    for (struct slice rest = buf_slice(&bytes); rest.size > 0 && goes_on;) {
        struct slice next = slice_sub(rest, 0, piece);
        tls_session_take(s, next);
        rest = slice_sub(rest, next.size, SIZE_MAX);
        goes_on = go_on(s, &flight);
    }
    tls_session_close(s);
    tls_session_free(s);
    buf_fini(&bytes);
    return 0;
}
