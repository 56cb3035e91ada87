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

# is_configured DIR [MESON OPTION]...: whether the folder has been set up with these options, among others.
is_configured() {
    [ $# -eq 1 ] || "$python" -c '
import json, sys
with open(sys.argv[1] + "/meson-info/intro-buildoptions.json", encoding="utf-8") as file:
    has = {option["name"]: option["value"] for option in json.load(file)}
for option in sys.argv[2:]:
    name, value = option.lstrip("-").removeprefix("D").split("=", 1)
    if str(has.get(name)).lower() != value.lower():
        sys.exit(1)' "$@" 2>/dev/null
}

# configure DIR [MESON OPTION]...: sets a build folder up once; ninja keeps it up to date afterwards. One that was set up
# by hand, with other options, gets these.
configure() {
    local dir=$1
    shift
    if [ -f "$dir/build.ninja" ]; then
        is_configured "$dir" "$@" || quietly meson configure "$dir" "$@"
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
