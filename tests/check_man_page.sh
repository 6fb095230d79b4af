#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The manual page is well-formed, and has every option of the program and every key of the example configuration.
#   check_man_page.sh SOURCE PROGRAM
set -euo pipefail
page=$1/docs/origin-server.1 example=$1/origin/server/origin-server.conf program=$2

warnings=$(groff -mdoc -Tutf8 -ww -z "$page" 2>&1)
! command -v mandoc >/dev/null || warnings+=$(mandoc -T lint -W warning "$page" 2>&1 || true)
[[ -z $warnings ]] || { echo "$warnings"; exit 1; }

options=$("$program" --help | grep -o -- '--[a-z-]*' | sort -u)
keys=$(sed -n 's/^#\([a-z-]*\)=.*/\1/p' "$example")
[[ -n $options && -n $keys ]] || { echo "no options or no keys"; exit 1; }
for option in $options; do
  grep -qE "^\.It Fl Fl ${option#--}( |$)" "$page" || { echo "$page does not have $option"; exit 1; }
done
for key in $keys; do
  grep -qE "^\.(It )?Cm $key( |$)" "$page" || { echo "$page does not have the key $key"; exit 1; }
done
