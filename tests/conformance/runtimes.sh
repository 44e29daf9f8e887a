# For the runners of the suites, to be sourced: their options, and the path of each runtime.
# A runtime is `bunker`, `runc` or `crun` (of this Debian), `runc@SUITE` or `crun@SUITE` (of a newer
# one), or a path; its name in the results is what was given, or the base name of the path.

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
repository=$(readlink -f "$here/../..")
cache=$repository/.cache/conformance
export PATH="$repository/node_modules/.bin:$PATH"

# What is found on a pure v2 host, such as the virtual machine's, is kept apart.
results=$cache/results
[[ $(stat -fc %T /sys/fs/cgroup) != cgroup2fs ]] || results=$cache/results-v2

runtimes=() suites=() file='' filter='' again='' verbose=''

usage() {
  cat <<USAGE
usage: $(basename "$0") [OPTION...]
  --runtime NAME   bunker, runc, crun, runc@trixie, crun@forky ..., or a path; may be repeated
  --suite NAME     the Debian suite whose tests are run: bookworm, trixie, forky; may be repeated
  --file NAME      only this file of the tests
  --filter REGEX   only the tests whose name matches
  --again          measure a peer again whose results are there
  --verbose        show what failed tests say
USAGE
}

parse_options() {
  while (($# > 0)); do
    case $1 in
      --runtime) runtimes+=("$2"); shift 2 ;;
      --suite) suites+=("$2"); shift 2 ;;
      --file) file=$2; shift 2 ;;
      --filter) filter=$2; shift 2 ;;
      --again) again=yes; shift ;;
      --verbose) verbose=yes; shift ;;
      -h | --help) usage; exit 0 ;;
      *) usage >&2; exit 2 ;;
    esac
  done
}

# Prints the path of the program of a runtime; $2 is the name that the tests expect it to have.
runtime_path() {
  case $1 in
    # help.bats wants the runtime's own name in the help: bunker goes by what it is called as. A copy,
    # so that a build meanwhile changes nothing.
    bunker)
      mkdir -p "$cache/as"
      cp "$repository/dist/bunker" "$cache/as/.$2"
      mv "$cache/as/.$2" "$cache/as/$2"
      echo "$cache/as/$2"
      ;;
    runc | crun) command -v "$1" ;;
    *@*) echo "$cache/peers/${1#*@}/${1%@*}" ;;
    *) readlink -f "$1" ;;
  esac
}

runtime_name() {
  case $1 in
    */*) basename "$1" ;;
    *) echo "$1" ;;
  esac
}

# Whether a whole run of a peer is there already.
is_measured() {
  [[ -z $again && -z $filter && -z $file && $2 != bunker && -e $results/$1/$2.whole ]]
}
