# Sourced by the scripts: installs what is missing, on Debian 12 and 13.
# shellcheck shell=bash

# How to see that a thing is there (a program, a path or a pattern of one, a module) | the package that brings it.
deps_build='
gcc                                 gcc
/usr/include/stdio.h                libc6-dev
meson                               meson
ninja                               ninja-build
pkg-config                          pkg-config
/usr/include/ares.h                 libc-ares-dev
/usr/include/ev.h                   libev-dev
/usr/include/hiredis/hiredis.h      libhiredis-dev
/usr/include/yaml.h                 libyaml-dev
/usr/include/sqlite3.h              libsqlite3-dev
/usr/include/openssl/evp.h          libssl-dev
/usr/include/seccomp.h              libseccomp-dev
/usr/include/zlib.h                 zlib1g-dev
'
deps_run='
redis-server                        redis-server
redis-cli                           redis-tools
/usr/bin/python3                    python3
py:redis                            python3-redis
'
deps_test='
clang                               clang
/usr/include/cmocka.h               libcmocka-dev
redis-sentinel                      redis-sentinel
ip                                  iproute2
nft                                 nftables
sysctl                              procps
curl                                curl
systemd-analyze                     systemd
py:pytest                           python3-pytest
py:cryptography                     python3-cryptography
node                                nodejs
npm                                 npm
prometheus-redis-exporter           prometheus-redis-exporter
'
deps_fuzz='
clang                               clang
/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a libclang-rt-dev
'
deps_newer='
debootstrap                         debootstrap
'
deps_lint='
clang                               clang
clang-format                        clang-format
clang-tidy                          clang-tidy
cppcheck                            cppcheck
/usr/bin/python3                    python3
'

deps_have() {
    case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    py:*) /usr/bin/python3 -c "import ${1#py:}" 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# Debian starts a service as soon as its package is installed. We want the programs only: a policy file,
# there for as long as apt runs, says so; an administrator's own policy is left alone.
deps_apt_install='
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap "rm -f $policy" EXIT
    trap "exit 130" INT TERM
    printf "#!/bin/sh\nexit 101\n" >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends "$@" >/dev/null
'

# ensure_deps build|run|test|lint...
ensure_deps() {
    local kind table probe package missing=()
    for kind in "$@"; do
        table=deps_$kind
        while read -r probe package; do
            if [ -n "$probe" ] && ! deps_have "$probe"; then
                missing+=("$package")
            fi
        done <<<"${!table}"
    done
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi

    command -v apt-get >/dev/null || die "missing: ${missing[*]} (names of Debian packages; install them and try again)"
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "missing: ${missing[*]}; install them as root, or install sudo"
        sudo=(sudo)
    fi
    note "installing ${missing[*]}"
    "${sudo[@]}" sh -ec "$deps_apt_install" sh "${missing[@]}" </dev/null ||
        die "apt could not install: ${missing[*]}"
    if [[ " ${missing[*]} " == *" redis-se"* || " ${missing[*]} " == *-exporter* ]]; then
        note "Debian's own redis services were not started now, but are enabled for the next boot"
    fi
}
