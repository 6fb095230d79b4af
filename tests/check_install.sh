#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs a build folder into a root of its own, and uses it from there as a stranger would: pkg-config, compiler, the
# introspection data, gst-inspect and gst-launch. Then, where everything would go if the prefix was somebody's home.
#   check_install.sh SOURCE BUILD
set -euo pipefail
source=$1 build=$2
root=$(mktemp -d)
# What `ninja uninstall` would take away stays what it was.
log=$build/meson-logs/install-log.txt
[[ ! -f $log ]] || cp "$log" "$root/log"
trap 'rm -f "$log"; [[ ! -f $root/log ]] || cp "$root/log" "$log"; rm -rf "$root"' EXIT

DESTDIR=$root meson install -C "$build" --no-rebuild --quiet
pc=$(find "$root" -name liborigin.pc)
plugin=$(find "$root" -name 'libgstorigin.so')
[[ -f $pc && -f $plugin ]] || { echo "no liborigin.pc or libgstorigin.so under $root"; exit 1; }

"$(find "$root" -name origin-bench -type f)" --help | grep 'Usage: origin-bench' >/dev/null ||
  { echo "no origin-bench that runs under $root"; exit 1; }

# The daemon with what belongs to it. What its unit starts it with is there, and stays what somebody makes of it.
server=$(find "$root" -name origin-server -type f)
unit=$(find "$root" -path '*/lib/systemd/system/origin-server.service')
read -r _ program option < <(sed -n 's/^ExecStart=/ExecStart /p' "$unit")
[[ $root$program == "$server" && -f $(find "$root" -name 'origin-server.1*') ]] ||
  { echo "no $program, or no manual page, under $root"; exit 1; }
configuration=$root${option#--config=}
"$server" --check-config --config="$configuration"
echo '[server]' >"$configuration"
DESTDIR=$root meson install -C "$build" --no-rebuild --quiet
[[ $(cat "$configuration") == '[server]' ]] || { echo "$configuration was overwritten"; exit 1; }

# Where GStreamer and GObject introspection look: their own folders.
[[ ${plugin#"$root"} == "$(pkg-config --variable=pluginsdir gstreamer-1.0)"/libgstorigin.so ]] ||
  { echo "the plugin went to ${plugin#"$root"}"; exit 1; }
typelibs=$(pkg-config --variable=typelibdir gobject-introspection-1.0)
[[ -f $root$typelibs/Origin-0.typelib ]] ||
  { echo "the introspection data went to $(find "$root" -name Origin-0.typelib)"; exit 1; }

libdir=$root$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --variable=libdir liborigin)
includedir=$root$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --variable=includedir liborigin)
# shellcheck disable=SC2046
cc "$source/examples/embed.c" -I"$includedir/gst-origin" $(pkg-config --cflags --libs gstreamer-1.0 gio-2.0) \
  -L"$libdir" $(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --libs-only-l liborigin) -o "$root/embed"

# A program that only knows the plugin folder has to get liborigin.so with it, wherever the prefix is. Below DESTDIR it
# is not where the plugin says.
readelf -d "$plugin" | grep -E "\((RUNPATH|RPATH)\).*\[([^]]*:)?${libdir#"$root"}(:[^]]*)?\]" >/dev/null ||
  { echo "libgstorigin.so does not say that liborigin.so is in ${libdir#"$root"}"; exit 1; }
export LD_LIBRARY_PATH=$libdir GST_PLUGIN_PATH=${plugin%/*} GI_TYPELIB_PATH=$root$typelibs GST_REGISTRY=$root/registry.bin
cp "$source"/examples/embed.py "$source"/tests/run_example.py "$root"
cd "$root"
gst-inspect-1.0 originsink | grep 'Media origin' >/dev/null
python3 run_example.py 2 ./embed 60
# Debian's Python has the introspection bindings; another one on the path may not.
python3 run_example.py 1 /usr/bin/python3 embed.py 60
python3 run_example.py 1 gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! originsink name=o port=0 \
  audiotestsrc is-live=true ! avenc_aac ! o.

# Only the C API is visible.
if nm -D --defined-only "$libdir/liborigin.so" | awk '{print $3}' | grep -v '^origin_' | grep .; then
  echo "liborigin.so exports more than its API"
  exit 1
fi

# A prefix that is not the system's keeps everything to itself.
meson setup "$root/build" "$source" --prefix="$root/home" >"$root/setup" || { cat "$root/setup"; exit 1; }
strays=$(meson introspect --installed "$root/build" |
  python3 -c 'import json, sys; print(*json.load(sys.stdin).values(), sep="\n")' | grep '^/' | grep -v "^$root/home/" || true)
[[ -z $strays ]] || { echo "not below the prefix: $strays"; exit 1; }
