#!/usr/bin/env bash
# Runs runc's own bats tests, of Debian's source package, with each runtime, and compares:
#   runc-bats.sh [--runtime NAME]... [--suite NAME]... [--file X.bats] [--filter REGEX] [--again]
# A whole run of a peer is kept in .cache/conformance/results and measured once. With --file or
# --filter one test takes seconds, and only what it ran is changed in the results.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=tests/conformance/runtimes.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/runtimes.sh"

readonly TEST_SECONDS=${CONFORMANCE_TEST_SECONDS:-60} FILE_SECONDS=${CONFORMANCE_FILE_SECONDS:-900}

# Runs one bats file, and puts what it came to into the results.
run_file() {
  local tests=$1 name=$2 logs=$3 watch
  export RUNC=$4
  : > "$logs/$name.tap"
  end_hung_tests "$logs/$name.tap" &
  watch=$!
  timeout --foreground --kill-after=5 "$FILE_SECONDS" \
    bats --timing --tap ${filter:+--filter "$filter"} "$tests/$name" \
    > "$logs/$name.tap" 2> "$logs/$name.err" </dev/null || true
  kill "$watch"
  bun "$here/results.ts" record "$5" "$name" "$logs/$name.tap" ${filter:+--partial}
}

# Kills what a test runs when nothing was reported for too long; the test then fails.
# bats' own time limit cannot be used: its timer is a child of the test, and `wait` waits for that.
end_hung_tests() {
  local report=$1 pid
  while sleep 5; do
    (($(date +%s) - $(stat -c %Y "$report") > TEST_SECONDS)) || continue
    for pid in $(pgrep -f bats-exec-test); do
      pkill -KILL -P "$pid" --ignore-ancestors || true
    done
    # crun joins a frozen cgroup, and then no signal reaches it.
    find /sys/fs/cgroup/freezer -mindepth 2 -name freezer.state 2>/dev/null | while read -r state; do
      echo THAWED > "$state" || true
    done
    # A helper that a failed test has left keeps bats waiting for the end of its output.
    for pid in recvtty pidfd-kill seccompagent; do pkill -KILL -x "$pid" || true; done
  done
}

run_suite() {
  local suite=$1 runtime=$2 tests=$3 logs path name
  path=$(runtime_path "$runtime" runc)
  name=$(runtime_name "$runtime")
  logs=$cache/logs/runc-$suite/$name
  mkdir -p "$logs"
  export PATH="$cache/helpers:$PATH"
  cd "$tests"
  local bats
  for bats in ${file:-*.bats}; do
    run_file "$tests" "$bats" "$logs" "$path" "$results/runc-$suite/$name.tsv"
    [[ -z $verbose ]] || cat "$logs/$bats.tap" "$logs/$bats.err"
  done
  [[ -n $file$filter ]] || touch "$results/runc-$suite/$name.whole"
}

if [[ ${1:-} == --inside ]]; then
  suite=$2 runtime=$3 file=$4 filter=$5 verbose=$6
  run_suite "$suite" "$runtime" "$cache/sources/$suite/runc/tests/integration"
  exit
fi

parse_options "$@"
((${#suites[@]} > 0)) || suites=(bookworm trixie forky)
((${#runtimes[@]} > 0)) || runtimes=(runc crun runc@forky crun@forky bunker)
"$here/prepare.sh"
for suite in "${suites[@]}"; do
  for runtime in "${runtimes[@]}"; do
    is_measured "runc-$suite" "$(runtime_name "$runtime")" && continue
    CONFORMANCE_REALTIME=yes \
      "$here/enclose.sh" "$(readlink -f "$0")" --inside "$suite" "$runtime" "$file" "$filter" "$verbose"
  done
done
exec bun "$here/compare.ts" --results "$results" "${suites[@]/#/runc-}"
