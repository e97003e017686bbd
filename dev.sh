#!/usr/bin/env bash
# ./dev.sh VERB [ARGUMENTS]
#
#   setup [--dev] [--test]  install what is missing: packages, the inference engine; with --dev what
#                           lint, sanitize and fuzz need, with --test the Python that some tests run
#   build [PRESET]          configure and build (dev, release, asan, tsan, fuzz; default: release)
#   test [CTEST ARGS]       build and run every test
#   verify [CTEST ARGS]     check every cut of the networks, where `test` checks every eighth
#   sanitize                unit tests under the address and undefined-behaviour sanitizers, and the
#                           threaded tests under the thread sanitizer
#   lint                    check formatting, run clang-tidy over src/ and apps/
#   format                  format every C++ file
#   bench [ARGS]            run the benchmarks; results go to build/bench/*.json
#   fuzz [TARGET...]        run each fuzz target for FUZZ_SECONDS (default 30)
#   demo [ARGS]             build and run `cleave demo`
#   clean                   delete build/
#   help                    print this
#
# Downloads and the Python environment are kept in ${XDG_CACHE_HOME:-~/.cache}/cleave.
# OpenVINO_DIR, if set, names the CMake folder of an OpenVINO to use instead of the pinned one.
# CLEAVE_DATA names a folder of real networks and photos; tests that need it are skipped without it.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/cleave
logs=$cache/logs
jobs=$(nproc)
# Debian's own Python where there is one: another that comes first in PATH may be of any version.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

# Unfinished work goes here, and into its place by rename when it is whole.
scratch=
trap 'rm -rf "$scratch"' EXIT
new_scratch() {
  mkdir -p "$cache"
  scratch=$(mktemp -d "$cache/.new.XXXXXX")
}

say() { printf 'dev.sh: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# quietly NAME COMMAND...: keeps the output in a log, whose end is shown if the command fails.
quietly() {
  local log=$logs/$1.log
  shift
  mkdir -p "$logs"
  "$@" >"$log" 2>&1 </dev/null && return
  say "this failed: $*"
  tail -n 30 "$log" >&2
  die "all that it printed is in $log"
}

# retry COMMAND...: up to three times, because networks fail for moments.
retry() {
  "$@" && return
  for pause in 3 15; do
    echo "dev.sh: again in $pause s: $*"
    sleep "$pause"
    "$@" && return
  done
  return 1
}

# --- setup ---------------------------------------------------------------------------------------

# Moves a finished folder into place; another setup may have been faster, with the same result.
publish() {
  mv -T "$1" "$2" 2>/dev/null || [ -d "$2" ] || die "cannot write $2"
  rm -rf "$scratch"
}

setup_packages() {
  local wanted missing as_root=()
  wanted=$(grep -ohE '^[^#[:space:]]+' "$@")
  if ! command -v apt-get >/dev/null; then
    say "no apt-get here. These are needed, by Debian's names:" $wanted
    return
  fi
  missing=$(comm -23 <(sort -u <<<"$wanted") \
    <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^ii *//p' | sort -u))
  [ -n "$missing" ] || return 0
  missing=${missing//$'\n'/ }

  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      die "packages are missing; as root: apt-get update && apt-get install -y --no-install-recommends $missing"
    as_root=(sudo)
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120)
  say "installing packages: $missing"
  quietly apt-update retry "${apt[@]}" update
  quietly apt-install retry "${apt[@]}" install --no-install-recommends $missing
}

# The wheel is a C++ SDK in a zip file: pip fetches it and checks its hash, nothing installs it.
setup_openvino() {
  [ -z "${OpenVINO_DIR:-}" ] || return 0
  local version home platform
  version=$(sed -n 's/^openvino==\([^ ]*\).*/\1/p' deps/openvino.txt)
  home=$cache/openvino-$version
  export OpenVINO_DIR=$home/openvino/cmake
  [ ! -d "$home" ] || return 0

  case $(uname -sm) in
    'Linux x86_64') platform=manylinux_2_28_x86_64 ;;
    'Linux aarch64') platform=manylinux_2_35_aarch64 ;;
    *) die "no OpenVINO $version is pinned for $(uname -sm): set OpenVINO_DIR to the CMake folder of one" ;;
  esac
  say "fetching OpenVINO $version into $home"
  new_scratch
  quietly openvino-download retry "$python" -m pip download --disable-pip-version-check \
    --require-hashes --no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 \
    --platform "$platform" -d "$scratch" -r deps/openvino.txt
  quietly openvino-unpack "$python" -m zipfile -e "$scratch"/openvino-*.whl "$scratch/new"
  publish "$scratch/new" "$home"
}

# setup_python NAME: makes the Python of deps/NAME-python.txt and leaves its folder in $python_home. It
# moves after it is made, which its `python` survives and its scripts do not: use `python -m`.
setup_python() {
  local key
  key=$({ "$python" -V; cat "deps/$1-python.txt"; } | sha256sum)
  python_home=$cache/$1-venv-${key:0:8}
  [ ! -d "$python_home" ] || return 0

  say "making a Python of deps/$1-python.txt in $python_home"
  new_scratch
  quietly "$1-venv" "$python" -m venv "$scratch/new"
  quietly "$1-pip" retry "$scratch/new/bin/python" -m pip install --disable-pip-version-check \
    --require-hashes --no-deps --only-binary=:all: -r "deps/$1-python.txt"
  publish "$scratch/new" "$python_home"
}

verb_setup() {
  local option lists=(deps/debian.txt) pythons=()
  for option; do
    case $option in
      --dev) lists+=(deps/debian-dev.txt) pythons+=(lint) ;;
      --test) pythons+=(test) ;;
      *) say "setup takes --dev and --test, not '$option'"; exit 2 ;;
    esac
  done
  setup_packages "${lists[@]}"
  setup_openvino
  for option in "${pythons[@]}"; do
    setup_python "$option"
    case $option in
      lint) clang_tidy=$(echo "$python_home"/lib/python*/site-packages/clang_tidy/data/bin/clang-tidy) ;;
      test) export CLEAVE_TEST_PYTHON=$python_home/bin/python ;;
    esac
  done
}

# --- build and test ------------------------------------------------------------------------------

# build PRESET [CMAKE ARGS]: configures and builds a preset; setup has been done. What the build prints
# is progress: stderr.
build() {
  local preset=$1
  shift
  # One cache serves every checkout: paths below this folder count as relative, and a compiler is
  # known by its content. With debug information, paths may then name the checkout that compiled first.
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content
  export CCACHE_SLOPPINESS=include_file_ctime,include_file_mtime,time_macros
  say "building $preset"
  quietly "configure-$preset" cmake --preset "$preset" -DOpenVINO_DIR="$OpenVINO_DIR"
  cmake --build --preset "$preset" "$@" >&2
}

verb_build() {
  local preset=${1:-release}
  case $preset in
    asan | tsan | fuzz) verb_setup --dev ;;
    *) verb_setup ;;
  esac
  build "$preset"
}

# run_tests PRESET [CTEST ARGS]: ctest's own summary is the last thing printed.
run_tests() {
  local preset=$1 data=${CLEAVE_DATA:-../shared/data}
  shift
  if [ -d "$data" ]; then
    CLEAVE_DATA=$(cd "$data" && pwd)
    export CLEAVE_DATA
  fi
  ctest --preset "$preset" --output-on-failure "$@"
}

verb_test() {
  verb_setup --test
  build release
  run_tests release "$@"
}

verb_verify() {
  verb_setup --test
  build release
  CLEAVE_VERIFY_ALL=1 run_tests release -L '^verify$' "$@"
}

verb_sanitize() {
  verb_setup --dev --test
  build asan --target tests_unit
  run_tests asan -L '^unit$' -j "$jobs"
  build tsan --target tests_tsan
  run_tests tsan -L '^tsan$'
}

# --- lint ----------------------------------------------------------------------------------------

# Our C++ files, those not yet added to git included, NUL between them.
cpp_files() {
  git ls-files -z --cached --others --exclude-standard '*.cpp' '*.h' |
    while IFS= read -rd '' file; do [ ! -f "$file" ] || printf '%s\0' "$file"; done
}

# tidy FILE: one run of clang-tidy, skipped when nothing it read of ours has changed since it passed.
tidy() {
  local name=${1#"$PWD"/} stamp found
  stamp=$tidy_stamps/$({ echo "$tidy_context $name"; cat "$1"; } | sha256sum | cut -c1-32)
  if [ -e "$stamp" ]; then touch "$stamp"; return; fi
  echo "clang-tidy $name" >&2
  # The flags are g++'s, some of which clang does not know, and so is the library, whose stable_sort
  # uses what it calls deprecated.
  if found=$("$clang_tidy" --quiet -p build/release --extra-arg=-Wno-unknown-warning-option \
    --extra-arg=-Wno-ignored-optimization-argument --extra-arg=-Wno-deprecated-declarations \
    "$1" 2>&1); then
    touch "$stamp"
  else
    grep -v 'warnings generated\.$' <<<"$found" >&2
    return 1
  fi
}

verb_lint() {
  verb_setup --dev
  say "checking the format"
  cpp_files | xargs -0r clang-format-19 --dry-run -Werror || die "./dev.sh format puts this right"
  # Headers that are generated have to be there before clang-tidy reads what includes them.
  build release
  say "running clang-tidy"
  # Stamps are named by content, so that they hold for every checkout; old ones go.
  export clang_tidy tidy_stamps=$cache/tidy tidy_context
  mkdir -p "$tidy_stamps"
  find "$tidy_stamps" -type f -mtime +30 -delete
  tidy_context=$(find src apps proto .clang-tidy deps \( -name '*.h' -o -name '*.proto' -o -name .clang-tidy \
    -o -name '*.txt' -path 'deps/*' \) -print0 | sort -z | xargs -0 cat | sha256sum)
  export -f tidy
  sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build/release/compile_commands.json | sort -u |
    { grep -E "^$PWD/(src|apps)/" || true; } |
    xargs -r -d '\n' -n 1 -P "$jobs" bash -c 'tidy "$1"' _ || die "clang-tidy found faults"
}

verb_format() {
  verb_setup --dev
  cpp_files | xargs -0r clang-format-19 -i
}

# --- bench, fuzz, demo ---------------------------------------------------------------------------

verb_bench() {
  local program
  verb_build release
  mkdir -p build/bench
  for program in build/release/bench/bench_*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    say "running ${program##*/}"
    "$program" --benchmark_out="build/bench/${program##*/}.json" --benchmark_out_format=json "$@"
  done
}

verb_fuzz() {
  local program name seeds seconds=${FUZZ_SECONDS:-30} ran=0
  verb_build fuzz
  for program in build/fuzz/fuzz_*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    name=${program##*/fuzz_}
    [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
    # The first folder gets what is found; the seeds in the repository are only read.
    seeds=(build/fuzz/corpus/"$name")
    mkdir -p "${seeds[0]}"
    [ ! -d "tests/fuzz/corpus/$name" ] || seeds+=(tests/fuzz/corpus/"$name")
    say "fuzzing $name for $seconds s"
    quietly "fuzz-$name" "$program" -max_total_time="$seconds" -max_len=65536 -timeout=10 \
      -rss_limit_mb=2048 -artifact_prefix="build/fuzz/$name-" "${seeds[@]}"
    ran=$((ran + 1))
  done
  [ "$ran" -gt 0 ] || die "no such fuzz target${*:+: $*}"
  say "$ran fuzz targets found nothing"
}

verb_demo() {
  verb_build release
  exec build/release/cleave demo "$@"
}

verb_clean() { rm -rf build; }

verb_help() { sed -n '2,/^$/s/^# \{0,1\}//p' dev.sh; }

verb=${1:-help}
shift || true
case $verb in -h | --help) verb=help ;; esac
if ! declare -F "verb_$verb" >/dev/null; then
  say "unknown verb '$verb', expected one of $(declare -F | sed -n 's/.* verb_//p' | paste -sd ' ')"
  exit 2
fi
"verb_$verb" "$@"
