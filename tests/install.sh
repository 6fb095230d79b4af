#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what is missing of the Debian packages that a set of purposes needs: build, run, test, bench for what the
# HTTP benchmark compares with, and pages for what the player page and browser tests take from npm. Quick if all is there.
#   tests/install.sh build run test bench pages
set -euo pipefail

# Meson looks for what the tests link to as well.
build="g++ meson ninja-build pkg-config libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libsoup-3.0-dev
  libglib2.0-dev libjson-glib-dev libgnutls28-dev libcurl4-openssl-dev prometheus-cpp-dev gobject-introspection libgirepository1.0-dev
  python3 check"
run="gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-x"
test="clang openssl libclang-rt-14-dev llvm-14 ffmpeg chromium curl nginx varnish
  haproxy hitch python3-gi gir1.2-gstreamer-1.0 fonts-dejavu-core groff-base prometheus"
bench="nginx varnish wrk valgrind"
pages="nodejs npm"
# Node and npm are taken from wherever they come.
! command -v npm >/dev/null || pages=""

wanted=""
for purpose in "$@"; do wanted+=" ${!purpose}"; done

missing=""
for package in $wanted; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=" $package"
done
[[ -n "$missing" ]] || exit 0

as_root=""
[[ $(id -u) -eq 0 ]] || as_root="sudo"
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive

# Tests start servers themselves: those of the system shall neither run nor hold a port, now or after a restart.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap '$as_root rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
fi
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
for service in nginx varnish varnishncsa haproxy hitch prometheus; do
  [[ " $missing " != *" ${service%ncsa} "* ]] || $as_root update-rc.d "$service" disable >/dev/null 2>&1 || true
done
