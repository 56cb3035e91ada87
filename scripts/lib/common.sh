# Sourced by the scripts: where we are, and how to speak to the user.
# shellcheck shell=bash

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

# Debian's own, which has python3-pytest and python3-redis; another may come first on the PATH.
python=/usr/bin/python3

note() {
    printf '== %s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Prints the comment at the top of the calling script.
help() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

wrong_usage() {
    printf '%s: %s; see %s --help\n' "${0##*/}" "$1" "$0" >&2
    exit 2
}

# Runs a command silently; shows what it printed only when it fails.
quietly() {
    local output status=0
    output=$("$@" 2>&1) || status=$?
    if [ "$status" -ne 0 ]; then
        printf '%s\n' "$output"
    fi
    return "$status"
}

# configure DIR [MESON OPTION]...: sets a build folder up once; ninja keeps it up to date afterwards.
configure() {
    local dir=$1
    shift
    if [ -f "$dir/build.ninja" ]; then
        return
    fi
    rm -rf "$dir"
    quietly meson setup "$dir" "$@" || return
}

# release_build DIR [MESON OPTION]...: the vedette that a measurement takes, unless VEDETTE names one.
release_build() {
    if [ -n "${VEDETTE:-}" ]; then
        return
    fi
    configure "$1" --buildtype=release "${@:2}" || die "meson could not set up $1/"
    quietly ninja -C "$1" vedette || die "the build failed"
    if grep -q -- -fsanitize "$1/compile_commands.json"; then
        die "$1/ is a sanitizer build, its figures mean nothing"
    fi
    export VEDETTE=$root/$1/vedette
}
