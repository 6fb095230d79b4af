#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs a build folder into a prefix of its own, and uses it as a stranger would: pkg-config, compiler, gst-inspect.
#   check_install.sh SOURCE BUILD
set -euo pipefail
source=$1 build=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

DESTDIR=$root meson install -C "$build" --no-rebuild --quiet
pc=$(find "$root" -name liborigin.pc)
plugin=$(find "$root" -name 'libgstorigin.so')
[[ -f $pc && -f $plugin ]] || { echo "no liborigin.pc or libgstorigin.so under $root"; exit 1; }
find "$root" -name 'Origin-0.typelib' | grep . >/dev/null || { echo "no introspection data"; exit 1; }

"$(find "$root" -name origin-bench -type f)" --help | grep 'Usage: origin-bench' >/dev/null ||
  { echo "no origin-bench that runs under $root"; exit 1; }

# Where GStreamer looks: its own plugin folder.
[[ ${plugin#"$root"} == "$(pkg-config --variable=pluginsdir gstreamer-1.0)"/libgstorigin.so ]] ||
  { echo "the plugin went to ${plugin#"$root"}"; exit 1; }

libdir=$root$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --variable=libdir liborigin)
includedir=$root$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --variable=includedir liborigin)
# shellcheck disable=SC2046
cc "$source/examples/embed.c" -I"$includedir/gst-origin" $(pkg-config --cflags --libs gstreamer-1.0 gio-2.0) \
  -L"$libdir" $(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --libs-only-l liborigin) -o "$root/embed"

# A program that only knows the plugin folder has to get liborigin.so with it, wherever the prefix is. Below DESTDIR it
# is not where the plugin says.
readelf -d "$plugin" | grep -E "\((RUNPATH|RPATH)\).*\[([^]]*:)?${libdir#"$root"}(:[^]]*)?\]" >/dev/null ||
  { echo "libgstorigin.so does not say that liborigin.so is in ${libdir#"$root"}"; exit 1; }
LD_LIBRARY_PATH=$libdir GST_PLUGIN_PATH=$(dirname "$plugin") GST_REGISTRY=$root/registry.bin gst-inspect-1.0 originsink | grep 'Media origin' >/dev/null

# Only the C API is visible.
if nm -D --defined-only "$libdir/liborigin.so" | awk '{print $3}' | grep -v '^origin_' | grep .; then
  echo "liborigin.so exports more than its API"
  exit 1
fi
