#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what is missing, builds three times and runs every test. Ends with one line: N passed, N failed, N skipped.
#   build/       g++, warnings are errors: all suites
#   build-asan/  clang++ with AddressSanitizer and UndefinedBehaviourSanitizer, warnings are errors: all but browsers
#   build-tsan/  clang++ with ThreadSanitizer: all but browsers and fuzzers
set -uo pipefail
cd "$(dirname "$0")/.."

tests/install.sh build run test bench || exit 1
tests/install.sh pages || echo "going on without npm: browser tests will be skipped"

configure() { # folder, compiler, options…
  local folder=$1 cc=$2 cxx=$3
  shift 3
  [[ -f $folder/build.ninja ]] || CC=$cc CXX=$cxx meson setup "$folder" --werror "$@" >"$folder.log" 2>&1 ||
    { cat "$folder.log"; return 1; }
}
fail_early() {
  echo "$1"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
}

configure build gcc g++ || fail_early "meson setup build failed"
configure build-asan clang clang++ -Db_sanitize=address,undefined -Db_lundef=false \
  -Dcpp_args=-fsanitize=fuzzer-no-link -Dc_args=-fsanitize=fuzzer-no-link || fail_early "meson setup build-asan failed"
configure build-tsan clang clang++ -Db_sanitize=thread -Db_lundef=false || fail_early "meson setup build-tsan failed"

for folder in build build-asan build-tsan; do
  echo "== building $folder"
  ninja -C "$folder" >"$folder.log" 2>&1 || { tail -n 60 "$folder.log"; fail_early "building $folder failed"; }
done

# Most tests wait more than they work. Nothing else runs meanwhile: some play in real time.
status=0
echo "== testing build"
meson test -C build --no-rebuild --print-errorlogs --num-processes 3 || status=1

# With sanitizers there is nothing that plays: both at once.
declare -A running
for folder in build-asan build-tsan; do
  meson test -C "$folder" --no-rebuild --print-errorlogs --num-processes 2 >"$folder.log" 2>&1 &
  running[$folder]=$!
done
for folder in build-asan build-tsan; do
  wait "${running[$folder]}" || status=1
  echo "== testing $folder"
  cat "$folder.log"
done

python3 tests/tally.py build build-asan build-tsan || status=1
exit $status
