#include "common/endpoint.h"

#include "common/buf.h"
#include "common/ensure.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define PORT_MAX  65535
#define IPV6_SIZE 16 /* bytes of an address */

/* The family of an IP literal, with its bytes in `ret_address`; 0 for a name. */
static int ip_family(const char *host, unsigned char ret_address[static IPV6_SIZE]) {
    bool has_digit_first = host[0] >= '0' && host[0] <= '9';
    int family = strchr(host, ':') != NULL ? AF_INET6 : has_digit_first ? AF_INET : 0;
    return family != 0 && inet_pton(family, host, ret_address) == 1 ? family : 0;
}

static int host_family(struct slice host) {
    char text[INET6_ADDRSTRLEN];
    unsigned char address[IPV6_SIZE];
    if (host.size == 0 || host.size >= sizeof(text) || memchr(host.data, '\0', host.size) != NULL)
        return 0;
    return ip_family(slice_copy(host, text, sizeof(text)), address);
}

/* One text for each address. IPv4 has no other: leading zeros are not read. */
static void canonicalise(struct endpoint *e) {
    unsigned char address[IPV6_SIZE];
    char text[INET6_ADDRSTRLEN];
    if (ip_family(e->host, address) != AF_INET6)
        return;
    ensure(inet_ntop(AF_INET6, address, text, sizeof(text)) != NULL);
    *e = (struct endpoint){ .port = e->port };
    slice_copy(slice_of(text), e->host, sizeof(e->host));
}

bool host_is_ip(struct slice host) {
    return host_family(host) != 0;
}

static bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters, digits, '-', '_' and dots, and not a mistyped IPv4 address: resolvers read a name whose
 * last label is a number as one ("10.1" is 10.0.0.1). */
static bool name_is_plausible(struct slice host) {
    bool label_has_letter = false;
    for (size_t i = 0; i < host.size; i++) {
        char c = host.data[i];
        if (!is_alnum(c) && c != '-' && c != '_' && c != '.')
            return false;
        bool label_starts = i == 0 || host.data[i - 1] == '.';
        if (label_starts && (c == '.' || c == '-'))
            return false;
        if (label_starts)
            label_has_letter = false;
        if (c != '.' && (c < '0' || c > '9'))
            label_has_letter = true;
    }
    return label_has_letter;
}

bool host_is_name(struct slice host) {
    return host.size < ENDPOINT_HOST_MAX && name_is_plausible(host);
}

/* What stands between brackets: an IPv6 literal, possibly with a zone ("fe80::1%eth0"). */
static bool bracketed_is_plausible(struct slice host) {
    struct slice zone = host;
    struct slice address = slice_cut(&zone, '%');
    if (host_family(address) != AF_INET6)
        return false;
    return zone.data == NULL || name_is_plausible(zone);
}

bool endpoint_parse(struct slice text, struct endpoint *ret) {
    struct slice host, port;
    if (text.size > 0 && text.data[0] == '[') {
        port = slice_sub(text, 1, text.size);
        host = slice_cut(&port, ']');
        if (!bracketed_is_plausible(host) || !slice_starts_with(port, ":"))
            return false;
        port = slice_sub(port, 1, port.size);
    } else {
        port = text;
        host = slice_cut(&port, ':');
        if (host_family(host) != AF_INET && !name_is_plausible(host))
            return false;
    }
    uint64_t number;
    if (!slice_to_u64(port, &number) || number > PORT_MAX)
        return false;
    return endpoint_make(host, (int64_t)number, ret);
}

static bool has_blank_or_control(struct slice host) {
    for (size_t i = 0; i < host.size; i++) {
        unsigned char c = (unsigned char)host.data[i];
        if (c <= ' ' || c == 0x7f)
            return true;
    }
    return false;
}

bool endpoint_make(struct slice host, int64_t port, struct endpoint *ret) {
    if (host.size == 0 || host.size >= ENDPOINT_HOST_MAX || has_blank_or_control(host))
        return false;
    if (port < 0 || port > PORT_MAX)
        return false;

    struct endpoint e = { .port = (uint16_t)port };
    slice_copy(host, e.host, sizeof(e.host));
    canonicalise(&e);
    *ret = e;
    return true;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b) {
    return a->port == b->port && slice_equal_nocase(slice_of(a->host), slice_of(b->host));
}

bool endpoint_is_ip(const struct endpoint *e) {
    return host_is_ip(slice_of(e->host));
}

bool endpoint_is_path(const struct endpoint *e) {
    return e->port == 0 && e->host[0] != '\0' && !endpoint_is_ip(e);
}

bool endpoint_is_ipv6(const struct endpoint *e) {
    return host_family(slice_of(e->host)) == AF_INET6;
}

size_t endpoint_network(const struct endpoint *e, unsigned char ret[static ENDPOINT_NETWORK_MAX]) {
    static const unsigned char mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    unsigned char address[IPV6_SIZE];
    struct slice zone = slice_of(e->host); /* "fe80::1%eth0" */
    char host[ENDPOINT_HOST_MAX];
    int family = ip_family(slice_copy(slice_cut(&zone, '%'), host, sizeof(host)), address);
    bool is_mapped = family == AF_INET6 && memcmp(address, mapped, sizeof(mapped)) == 0;
    if (family == 0)
        return 0;
    size_t size = family == AF_INET || is_mapped ? 4 : 8;
    memcpy(ret, is_mapped ? address + sizeof(mapped) : address, size);
    return size;
}

void endpoint_print(const struct endpoint *e, struct buf *out) {
    char text[ENDPOINT_TEXT_MAX];
    buf_add_text(out, endpoint_text(e, text));
}

const char *endpoint_text(const struct endpoint *e, char text[static ENDPOINT_TEXT_MAX]) {
    /* By the colon, so that an address with a zone is bracketed too. */
    bool bracketed = strchr(e->host, ':') != NULL;
    snprintf(text, ENDPOINT_TEXT_MAX, bracketed ? "[%s]:%u" : "%s:%u", e->host, (unsigned)e->port);
    return text;
}
