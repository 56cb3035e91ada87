#!/bin/bash
# Usage: test_runner.sh PROGRAM FOLDER CASE...
#
# Each file of wrong/ has to fail, and to say what its first line tells; blessed lines have to pass; and CASE... have
# to be all the files of cases/. The last line is "N passed, N failed".

set -uo pipefail

program=$1 folder=$2
shift 2
passed=0
failed=0

# check WHAT STATUS
check() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$1"
    fi
}

for file in "$folder"/wrong/*.scenario; do
    wanted=$(sed -n '1s/^# says: //p' "$file")
    said=$("$program" "$file" 2>&1)
    status=$?
    [ "$status" -eq 1 ] && [ -n "$wanted" ] && [[ $said == *"$wanted"* ]]
    check "$file: status $status, and it says: $said" $?
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for name in other_lines line_missing other_answer; do
    cp "$folder/wrong/$name.scenario" "$scratch/"
    "$program" --bless "$scratch/$name.scenario" >/dev/null && "$program" "$scratch/$name.scenario" >/dev/null &&
        [ "$(grep -c '^[^ ]' "$scratch/$name.scenario")" -eq "$(grep -c '^[^ ]' "$folder/wrong/$name.scenario")" ]
    check "$name: blessed, it does not pass, or lost a step" $?
done

diff <(printf '%s\n' "$@" | xargs -n 1 basename | sort) <(cd "$folder/cases" && printf '%s\n' *.scenario | sort)
check "meson.build does not name the files of cases/" $?

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
