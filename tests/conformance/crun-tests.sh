#!/usr/bin/env bash
# Runs crun's own tests, of Debian's source package, with each runtime, and compares:
#   crun-tests.sh [--runtime NAME]... [--suite NAME]... [--file test_x.py] [--filter REGEX] [--again]
# A whole run of a peer is kept in .cache/conformance/results and measured once. With --file or
# --filter one test takes seconds, and only what it ran is changed in the results.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=tests/conformance/runtimes.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/runtimes.sh"

readonly TEST_SECONDS=60

# Prints the names of the tests of a file.
list_tests() {
  /usr/bin/python3 - "$1" <<'PYTHON'
import runpy, sys
sys.path.insert(0, ".")
import tests_utils
tests_utils.tests_main = lambda tests: print("\n".join(tests))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
PYTHON
}

# What the tests use of util-linux's Python module, which Debian does not have.
write_libmount() {
  cat > "$1/libmount.py" <<'PYTHON'
class Table:
    def __init__(self, path):
        with open(path) as file:
            self.lines = [line.split() for line in file if " - " in line]

    def find_target(self, target):
        for fields in reversed(self.lines):
            if fields[4] == target:
                return Mount(fields)

class Mount:
    def __init__(self, fields):
        self.vfs_options = fields[5]
        self.fs_options = fields[fields.index("-") + 3]
PYTHON
}

# runc has neither of two flags that crun's tests always give, with the values that are the defaults.
wrap_runc() {
  cat > "$work/runc" <<WRAPPER
#!/bin/bash
words=()
while ((\$# > 0)); do
  case \$1 in
    --cgroup-manager | --config) shift 2 ;;
    *) words+=("\$1"); shift ;;
  esac
done
exec $1 "\${words[@]}"
WRAPPER
  chmod +x "$work/runc"
  echo "$work/runc"
}

# Tests that need what crun can be compiled without ask `--version` for it; sd_notify is "+SYSTEMD".
wrap_bunker() {
  cat > "$work/crun" <<WRAPPER
#!/bin/sh
case " \$* " in *' --version '*) echo +SYSTEMD ;; esac
exec $1 "\$@"
WRAPPER
  chmod +x "$work/crun"
  echo "$work/crun"
}

run_suite() {
  local suite=$1 runtime=$2 tests=$3 logs path name
  path=$(runtime_path "$runtime" crun)
  name=$(runtime_name "$runtime")
  logs=$cache/logs/crun-$suite/$name
  mkdir -p "$logs"
  # The tests keep their containers below the working folder.
  work=$(mktemp -d)
  chmod 755 "$work"
  cp -r "$tests" "$work/tests"
  write_libmount "$work/tests"
  [[ $runtime != runc* ]] || path=$(wrap_runc "$path")
  [[ $runtime != bunker ]] || path=$(wrap_bunker "$path")
  cd "$work"
  export OCI_RUNTIME=$path INIT=$work/tests/init PYTHONPATH=$work/tests PYTHONDONTWRITEBYTECODE=1
  local script test status
  for script in ${file:-$(cd tests && echo test_*.py)}; do
    : > "$logs/$script.tap"
    for test in $(cd tests && list_tests "$script"); do
      [[ -z $filter || $test =~ $filter ]] || continue
      status=0
      # Apart: what is said without the end of a line would hide the result that follows.
      RUN_TESTS=$test timeout --foreground --kill-after=5 "$TEST_SECONDS" /usr/bin/python3 "tests/$script" \
        > "$work/out" 2> "$work/said" </dev/null || status=$?
      if grep -qE '^(not )?ok ' "$work/out"; then
        sed -n -E 's/^((not )?ok [0-9]+ - [^ ]+.*)$/\1/p' "$work/out" | tail -n 1
      else
        echo "not ok 1 - $test"
        ((status < 124)) || echo "# ended after $TEST_SECONDS seconds"
      fi >> "$logs/$script.tap"
      grep -hvE '^(not ok|ok|1\.\.1)' "$work/out" "$work/said" | sed 's/^/# /' >> "$logs/$script.tap" || true
    done
    bun "$here/results.ts" record "$results/crun-$suite/$name.tsv" "$script" "$logs/$script.tap" \
      ${filter:+--partial}
    [[ -z $verbose ]] || cat "$logs/$script.tap"
  done
  [[ -n $file$filter ]] || touch "$results/crun-$suite/$name.whole"
}

if [[ ${1:-} == --inside ]]; then
  suite=$2 runtime=$3 file=$4 filter=$5 verbose=$6
  run_suite "$suite" "$runtime" "$cache/sources/$suite/crun/tests"
  exit
fi

parse_options "$@"
((${#suites[@]} > 0)) || suites=(bookworm trixie)
((${#runtimes[@]} > 0)) || runtimes=(runc crun runc@forky crun@forky bunker)
"$here/prepare.sh"
for suite in "${suites[@]}"; do
  for runtime in "${runtimes[@]}"; do
    is_measured "crun-$suite" "$(runtime_name "$runtime")" && continue
    "$here/enclose.sh" "$(readlink -f "$0")" --inside "$suite" "$runtime" "$file" "$filter" "$verbose"
  done
done
exec bun "$here/compare.ts" --results "$results" "${suites[@]/#/crun-}"
