#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# systemd knows every line of the unit, and finds its sandbox a good one. What the unit starts is not installed yet, so
# it is checked with the program of the build folder in its place.
#   check_unit.sh UNIT PROGRAM
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unit=$folder/origin-server.service
sed "s|^ExecStart=[^ ]*|ExecStart=$(realpath "$2")|" "$1" >"$unit"

# The other units of the machine are none of our business.
complaints=$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F "$unit" || true)
[[ -z $complaints ]] || { echo "$complaints"; exit 1; }

# 0 is no exposure at all, 10 no sandbox; since systemd 250 it looks at a file.
if systemd-analyze security --help | grep -q -- --offline; then
  systemd-analyze security --no-pager --offline=yes --threshold=20 "$unit" | tail -n 1
fi
