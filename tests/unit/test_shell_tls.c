/* Contexts and sessions of TLS, without a network: two sessions of one process are each other's far
 * end. */
#include "sentinel/shell/tls.h"

#include "tests/unit/unit.h"

#include "common/buf.h"
#include "common/mem.h"
#include "common/rng.h"
#include "config/settings.h"
#include "sentinel/shell/clock.h"
#include "sentinel/shell/complaint.h"
#include "sentinel/shell/logsink.h"
#include "sentinel/shell/tls_session.h"
#include "tests/lib/certificates.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "test_shell_tls.d"

struct fixture {
    struct certificates *good, *strange;
    struct settings settings;
    struct logsink log;
    struct clock clock;
    struct complaints complaints;
    struct tls *tls;
    struct tls_session *near, *far; /* a link, and what was accepted */
    struct endpoint to;
};

static void set_path(char **path, const char *value) {
    mem_free(*path);
    *path = mem_strdup(value);
}

static void commit(struct fixture *f) {
    struct buf why = BUF_INIT;
    bool prepared = tls_prepare(f->tls, &f->settings.tls, &why);
    assert_string_equal(buf_text(&why), "");
    assert_true(prepared);
    tls_commit(f->tls, &f->settings.tls);
    buf_fini(&why);
}

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){ .near = NULL };
    f->good = certificates_new(FOLDER, "authority");
    certificates_issue(f->good, "server");
    f->strange = certificates_new(FOLDER "/strange", "stranger");
    certificates_issue(f->strange, "server");
    settings_init(&f->settings);
    struct tls_settings *t = &f->settings.tls;
    assert_true(endpoint_make(SLICE_LITERAL("127.0.0.1"), 7, &t->listen.at[0]));
    t->listen.count = 1;
    t->links = true;
    set_path(&t->server.cert, FOLDER "/server.pem");
    set_path(&t->server.key, FOLDER "/server.key");
    set_path(&t->ca_file, FOLDER "/ca.pem");
    logsink_init(&f->log, LOG_DEBUG, STDERR_FILENO);
    clock_init(&f->clock, 1000, 0);
    complaints_init(&f->complaints, &f->log, &f->clock);
    f->tls = tls_new(&f->complaints);
    assert_true(endpoint_make(SLICE_LITERAL("127.0.0.1"), 7, &f->to));
    commit(f);
    *state = f;
    return 0;
}

static void end_sessions(struct fixture *f) {
    tls_session_free(f->near);
    tls_session_free(f->far);
    f->near = f->far = NULL;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    end_sessions(f);
    tls_free(f->tls);
    buf_clear(&f->log.lines);
    logsink_fini(&f->log);
    settings_fini(&f->settings);
    certificates_free(f->good);
    certificates_free(f->strange);
    return 0;
}

static void begin(struct fixture *f, const char *name) {
    end_sessions(f);
    f->near = tls_connect(f->tls, &f->to, name);
    f->far = tls_accept(f->tls, &f->to);
    assert_non_null(f->near);
    assert_non_null(f->far);
}

/* Up to so many bytes. Returns how many. */
static size_t carry(struct tls_session *from, struct tls_session *to, size_t max) {
    struct buf *out = tls_session_output(from);
    struct slice part = slice_sub(buf_slice(out), 0, max);
    if (part.size > 0)
        tls_session_take(to, part);
    buf_consume(out, part.size);
    return part.size;
}

/* Goes on until both stand or one has failed. Returns the bytes that the far end sent. */
static size_t shake(struct fixture *f, size_t piece) {
    size_t sent = 0;
    for (int i = 0; i < 100000; i++) {
        enum tls_progress near = tls_session_shake(f->near);
        carry(f->near, f->far, piece);
        enum tls_progress far = tls_session_shake(f->far);
        sent += carry(f->far, f->near, piece);
        if ((near == TLS_DONE && far == TLS_DONE) || near == TLS_FAILED || far == TLS_FAILED)
            return sent;
    }
    fail_msg("no end of the handshake");
    return 0;
}

static void expect_fresh_session(struct fixture *f, const char *name) {
    begin(f, name);
    shake(f, SIZE_MAX);
    assert_string_equal(tls_session_why(f->near), "");
    assert_string_equal(tls_session_why(f->far), "");
}

/* All that `to` is told of what `from` has written. */
static void expect_told(
    struct tls_session *from, struct tls_session *to, size_t piece, struct slice expected) {
    struct buf told = BUF_INIT;
    char text[1000];
    size_t size = 0;
    do {
        while (tls_session_read(to, text, sizeof(text), &size) == TLS_DONE)
            buf_add(&told, text, size);
    } while (carry(from, to, piece) > 0);
    assert_int_equal(buf_size(&told), expected.size);
    assert_memory_equal(buf_text(&told), expected.data, expected.size);
    buf_fini(&told);
}

static void a_session_stands_however_its_bytes_are_cut(void **state) {
    struct fixture *f = *state;
    static const size_t pieces[] = { 1, 7, 100, SIZE_MAX };
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        begin(f, "");
        shake(f, pieces[i]);
        assert_true(tls_session_write(f->near, SLICE_LITERAL("PING\r\n")));
        expect_told(f->near, f->far, pieces[i], SLICE_LITERAL("PING\r\n"));
        assert_true(tls_session_write(f->far, SLICE_LITERAL("+PONG\r\n")));
        expect_told(f->far, f->near, pieces[i], SLICE_LITERAL("+PONG\r\n"));
    }
    assert_int_equal(buf_size(&f->log.lines), 0);
}

static void much_goes_both_ways(void **state) {
    struct fixture *f = *state;
    static char bytes[300000];
    struct rng rng;
    rng_init(&rng, 7);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)rng_between(&rng, 0, 255);
    expect_fresh_session(f, "");
    for (size_t size = 1; size < sizeof(bytes); size = size * 3 + 1) {
        struct slice all = { .data = bytes, .size = size };
        assert_true(tls_session_write(f->near, all));
        assert_true(tls_session_write(f->far, all));
        expect_told(f->near, f->far, 1000, all);
        expect_told(f->far, f->near, SIZE_MAX, all);
    }
}

static void a_last_word_is_an_end(void **state) {
    struct fixture *f = *state;
    char text[10];
    size_t size;
    expect_fresh_session(f, "");
    assert_true(tls_session_write(f->near, SLICE_LITERAL("x")));
    tls_session_close(f->near);
    carry(f->near, f->far, SIZE_MAX);
    assert_int_equal(tls_session_read(f->far, text, sizeof(text), &size), TLS_DONE);
    assert_int_equal(size, 1);
    assert_int_equal(tls_session_read(f->far, text, sizeof(text), &size), TLS_ENDED);
    assert_string_equal(tls_session_why(f->far), "");
}

static void expect_log(struct fixture *f, const char *text) {
    if (!slice_contains(buf_slice(&f->log.lines), slice_of(text)))
        fail_msg("no \"%s\" in %s", text, buf_text(&f->log.lines));
    buf_clear(&f->log.lines);
}

static void what_is_changed_on_the_way_ends_it(void **state) {
    struct fixture *f = *state;
    char text[100];
    size_t size;
    expect_fresh_session(f, "");
    assert_true(tls_session_write(f->near, SLICE_LITERAL("PING\r\n")));
    struct buf *out = tls_session_output(f->near);
    out->data[out->size - 1] ^= 1;
    carry(f->near, f->far, SIZE_MAX);
    assert_int_equal(tls_session_read(f->far, text, sizeof(text), &size), TLS_FAILED);
    assert_int_equal(tls_session_read(f->far, text, sizeof(text), &size), TLS_FAILED);
    assert_false(tls_session_write(f->far, SLICE_LITERAL("x")));
    expect_log(f, "client 127.0.0.1: TLS: decryption failed or bad record mac");
}

static void plain_bytes_are_told_apart(void **state) {
    struct fixture *f = *state;
    begin(f, "");
    tls_session_take(f->far, SLICE_LITERAL("PING\r\n"));
    assert_int_equal(tls_session_shake(f->far), TLS_FAILED);
    expect_log(f, "client 127.0.0.1: TLS: it does not speak TLS: what it sends is plain");
    assert_int_equal(tls_session_shake(f->near), TLS_WANTS);
    tls_session_take(f->near, SLICE_LITERAL("-ERR unknown command\r\n"));
    assert_int_equal(tls_session_shake(f->near), TLS_FAILED);
    assert_string_equal(
        tls_session_why(f->near), "TLS: it does not speak TLS: what it sends is plain");
}

static void names_are_checked_where_they_are_known(void **state) {
    struct fixture *f = *state;
    static const struct {
        enum tls_names verify;
        const char *host, *name, *why;
    } cases[] = {
        { TLS_NAMES_KNOWN, "127.0.0.1", "server.test", "" },
        { TLS_NAMES_KNOWN, "127.0.0.1", "other.test",
            "TLS: its certificate is refused: hostname mismatch, of /CN=server" },
        { TLS_NAMES_KNOWN, "10.0.0.1", "", "" },
        { TLS_NAMES_NO, "10.0.0.1", "other.test", "" },
        { TLS_NAMES_ALWAYS, "127.0.0.1", "", "" },
        { TLS_NAMES_ALWAYS, "10.0.0.1", "",
            "TLS: its certificate is refused: IP address mismatch, of /CN=server" },
        { TLS_NAMES_ALWAYS, "fe80::1%eth0", "",
            "TLS: its certificate is refused: hostname mismatch, of /CN=server" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        slice_copy(slice_of(cases[i].host), f->to.host, sizeof(f->to.host));
        f->settings.tls.verify_names = cases[i].verify;
        commit(f);
        begin(f, cases[i].name);
        shake(f, SIZE_MAX);
        assert_string_equal(tls_session_why(f->near), cases[i].why);
    }
}

static void strangers_are_refused(void **state) {
    struct fixture *f = *state;
    set_path(&f->settings.tls.client.cert, FOLDER "/strange/server.pem");
    set_path(&f->settings.tls.client.key, FOLDER "/strange/server.key");
    commit(f);
    begin(f, "");
    shake(f, SIZE_MAX);
    assert_string_equal(tls_session_why(f->far),
        "TLS: its certificate is refused: unable to get local issuer certificate, of /CN=server");
    f->settings.tls.auth_clients = TLS_AUTH_OPTIONAL;
    commit(f);
    begin(f, "");
    shake(f, SIZE_MAX);
    assert_true(strstr(tls_session_why(f->far), "refused") != NULL);
    f->settings.tls.auth_clients = TLS_AUTH_NO;
    commit(f);
    expect_fresh_session(f, "");
}

static void protocols_are_those_that_are_asked_for(void **state) {
    struct fixture *f = *state;
    f->settings.tls.protocols = TLS_1_2;
    commit(f);
    expect_fresh_session(f, "");
    struct tls_session *old = tls_connect(f->tls, &f->to, "");
    f->settings.tls.protocols = TLS_1_3;
    commit(f);
    begin(f, "");
    tls_session_free(f->near);
    f->near = old; /* goes on with what it began with */
    shake(f, SIZE_MAX);
    assert_string_equal(tls_session_why(f->far), "TLS: unsupported protocol");
}

/* A handshake that takes one up sends no certificate. */
static void a_link_takes_up_its_last_session(void **state) {
    struct fixture *f = *state;
    static const int64_t protocols[] = { TLS_1_2, TLS_1_3 };
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        f->settings.tls.protocols = protocols[i];
        f->settings.tls.session_caching = true;
        commit(f);
        size_t sizes[4];
        for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
            f->to.port = k == 3 ? 8 : 7; /* another far end */
            begin(f, "");
            sizes[k] = shake(f, SIZE_MAX);
            expect_told(f->far, f->near, SIZE_MAX, SLICE_EMPTY); /* the ticket */
        }
        assert_true(sizes[1] < sizes[0]);
        assert_true(sizes[2] < sizes[0]);
        assert_true(sizes[3] > sizes[2]);
        f->to.port = 7;
        f->settings.tls.session_caching = false;
        commit(f);
        for (size_t k = 0; k < 2; k++) {
            begin(f, "");
            sizes[k] = shake(f, SIZE_MAX);
        }
        assert_true(sizes[1] + 100 > sizes[0]);
    }
}

static void sessions_of_many_far_ends_are_bounded(void **state) {
    struct fixture *f = *state;
    for (uint16_t port = 1; port <= TLS_SESSIONS_OFFERED / 8; port++) {
        f->to.port = port;
        expect_fresh_session(f, "");
        expect_told(f->far, f->near, SIZE_MAX, SLICE_EMPTY);
    }
}

/* ---- files ---- */

static void expect_refused(struct fixture *f, const char *text) {
    struct buf why = BUF_INIT;
    assert_false(tls_prepare(f->tls, &f->settings.tls, &why));
    if (!slice_starts_with(buf_slice(&why), text))
        fail_msg("%s instead of %s", buf_text(&why), text);
    buf_fini(&why);
    expect_fresh_session(f, ""); /* nothing has changed */
}

static void bad_files_are_named(void **state) {
    struct fixture *f = *state;
    struct tls_settings *t = &f->settings.tls;
    set_path(&t->server.cert, FOLDER "/missing");
    expect_refused(f, "the certificate " FOLDER "/missing: No such file or directory");
    set_path(&t->server.cert, FOLDER "/server.key");
    expect_refused(f, "the certificate " FOLDER "/server.key: no start line");
    set_path(&t->server.cert, FOLDER "/strange/server.pem");
    expect_refused(f, "the key " FOLDER "/server.key: key values mismatch");
    set_path(&t->server.cert, FOLDER "/server.pem");
    set_path(&t->server.key, FOLDER "/missing");
    expect_refused(f, "the key " FOLDER "/missing: No such file or directory");
    set_path(&t->server.key, FOLDER "/server.key");
    set_path(&t->ca_file, FOLDER "/missing");
    expect_refused(f, "those who vouch for others " FOLDER "/missing: ");
    set_path(&t->ca_file, FOLDER "/ca.pem");
    set_path(&t->ciphers, "none");
    expect_refused(f, "tls.ciphers none: no cipher match");
    set_path(&t->ciphers, NULL);
    set_path(&t->ciphersuites, "none");
    expect_refused(f, "tls.ciphersuites none: no cipher match");
    set_path(&t->ciphersuites, NULL);
    set_path(&t->dh_params_file, FOLDER "/server.pem");
    expect_refused(f, "the DH parameters " FOLDER "/server.pem: ");
    set_path(&t->dh_params_file, NULL);
    commit(f);
}

static void files_that_change_are_read_again(void **state) {
    struct fixture *f = *state;
    struct buf why = BUF_INIT;
    int64_t now_ms = 0;
    assert_int_equal(tls_refresh(f->tls, now_ms, &why), TLS_UNCHANGED);
    assert_int_equal(tls_deadline(f->tls), TLS_REFRESH_MS);
    FILE *file = fopen(FOLDER "/server.pem", "a");
    assert_non_null(file);
    fputs("more\n", file);
    fclose(file);
    assert_int_equal(tls_refresh(f->tls, now_ms + 1, &why), TLS_UNCHANGED); /* not yet */
    now_ms += TLS_REFRESH_MS;
    assert_int_equal(tls_refresh(f->tls, now_ms, &why), TLS_CHANGED);
    assert_int_equal(tls_refresh(f->tls, now_ms += TLS_REFRESH_MS, &why), TLS_UNCHANGED);
    expect_fresh_session(f, "");
    assert_int_equal(unlink(FOLDER "/server.key"), 0);
    assert_int_equal(tls_refresh(f->tls, now_ms += TLS_REFRESH_MS, &why), TLS_REFUSED);
    assert_string_equal(buf_text(&why), "the key " FOLDER "/server.key: No such file or directory");
    assert_int_equal(tls_refresh(f->tls, now_ms += TLS_REFRESH_MS, &why), TLS_UNCHANGED);
    expect_fresh_session(f, ""); /* what was read before holds */
    certificates_issue(f->good, "server");
    assert_int_equal(tls_refresh(f->tls, now_ms += TLS_REFRESH_MS, &why), TLS_CHANGED);
    expect_fresh_session(f, "");
    buf_fini(&why);
}

static void without_tls_there_is_nothing_to_look_at(void **state) {
    struct fixture *f = *state;
    struct buf why = BUF_INIT;
    f->settings.tls.links = false;
    f->settings.tls.listen.count = 0;
    commit(f);
    assert_null(tls_accept(f->tls, &f->to));
    assert_null(tls_connect(f->tls, &f->to, ""));
    assert_int_equal(tls_deadline(f->tls), TSTAMP_NEVER);
    assert_int_equal(tls_refresh(f->tls, TLS_REFRESH_MS * 2, &why), TLS_UNCHANGED);
    buf_fini(&why);
}

/* ---- complaints ---- */

static void a_line_is_told_once_a_minute(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 5; i++)
        complaints_tell(&f->complaints, "client %s: no", "10.0.0.1");
    expect_log(f, "client 10.0.0.1: no\n");
    complaints_tell(&f->complaints, "client 10.0.0.1: no");
    assert_int_equal(buf_size(&f->log.lines), 0);
    f->clock.now.mono_ms += 60 * 1000;
    complaints_tell(&f->complaints, "client 10.0.0.1: no");
    expect_log(f, "client 10.0.0.1: no (5 lines like this were left out)\n");
}

static size_t count_lines(const struct fixture *f) {
    size_t count = 0;
    struct slice rest = buf_slice(&f->log.lines);
    for (; rest.size > 0; count++)
        slice_cut(&rest, '\n');
    return count;
}

static void so_many_lines_are_told_a_minute(void **state) {
    struct fixture *f = *state;
    for (int minute = 0; minute < 3; minute++) {
        for (int i = 0; i < 1000; i++)
            complaints_tell(&f->complaints, "client 10.0.0.%d: no", i);
        assert_int_equal(count_lines(f), COMPLAINTS_A_MINUTE);
        buf_clear(&f->log.lines);
        f->clock.now.mono_ms += 60 * 1000;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_session_stands_however_its_bytes_are_cut),
        TEST(much_goes_both_ways),
        TEST(a_last_word_is_an_end),
        TEST(what_is_changed_on_the_way_ends_it),
        TEST(plain_bytes_are_told_apart),
        TEST(names_are_checked_where_they_are_known),
        TEST(strangers_are_refused),
        TEST(protocols_are_those_that_are_asked_for),
        TEST(a_link_takes_up_its_last_session),
        TEST(sessions_of_many_far_ends_are_bounded),
        TEST(bad_files_are_named),
        TEST(files_that_change_are_read_again),
        TEST(without_tls_there_is_nothing_to_look_at),
        TEST(a_line_is_told_once_a_minute),
        TEST(so_many_lines_are_told_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
