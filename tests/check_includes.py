#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails on an #include that the design's table of rooms does not have, on GObject boilerplate outside its places, on a
GStreamer header outside gst/, and on a source file without an SPDX line."""

import pathlib
import re
import sys

PIPELINE = {"base", "media", "segmenter", "packager", "timeline", "store"}
ALLOWED = {
    "base": set(),
    "media": {"base"},
    "segmenter": {"base", "media"},
    "packager": {"base", "media"},
    "timeline": {"base", "media"},
    "store": {"base"},
    "transport": {"base"},
    "http": {"base", "store", "transport"},
    "cluster": {"base", "store"},
    "publish": {"base", "media"},
    "channel": PIPELINE | {"cluster", "publish"},
    "api": {"channel", "http", "cluster", "store", "media", "base"},
    "server": {"api", "base"},
    "web": set(),
    "gst": {"api", "base"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
GOBJECT = re.compile(r"\b(G_DEFINE_\w*TYPE\w*|G_DECLARE_\w+_TYPE|g_type_register_static)\b")
GSTREAMER = re.compile(r"^gst/(?!.*\.hpp$)|^gst/(app|video|audio|base|pbutils|tag|check)/")
SOURCES = {".c", ".h", ".cpp", ".hpp"}


def room_of(path):
    return path.parts[1] if path.parts[0] == "origin" else path.parts[0]


def gobject_allowed(path):
    return room_of(path) in {"gst", "api"} or path.as_posix() == "origin/transport/soup_stream.cpp"


def include_faults(path, text):
    room = room_of(path)
    for include in INCLUDE.findall(text):
        if GSTREAMER.match(include) and room != "gst":
            yield f"{path}: includes the GStreamer header {include}; only gst/ may"
            continue
        target = re.match(r"origin/(\w+)/", include)
        if target and target[1] != room and target[1] not in ALLOWED[room]:
            yield f"{path}: room '{room}' may not include {include}; it may include {sorted(ALLOWED[room])}"


def faults(root):
    for top in ("origin", "gst"):
        for file in sorted((root / top).rglob("*")):
            path = file.relative_to(root)
            if file.suffix not in SOURCES or "node_modules" in path.parts:
                continue
            text = file.read_text(encoding="utf-8")
            if "SPDX-License-Identifier: LGPL-2.1-or-later" not in text.split("\n", 3)[0]:
                yield f"{path}: the first line has no SPDX-License-Identifier"
            if GOBJECT.search(text) and not gobject_allowed(path):
                yield f"{path}: GObject boilerplate belongs to gst/, origin/api/ and the stream of origin/transport/"
            if top == "origin" and room_of(path) not in ALLOWED:
                yield f"{path}: room '{room_of(path)}' is not in the design's table"
                continue
            yield from include_faults(path, text)


def self_test():
    """The checks themselves can fail."""
    bad = pathlib.PurePosixPath("origin/store/x.cpp")
    assert list(include_faults(bad, '#include "origin/http/server.hpp"\n'))
    assert list(include_faults(bad, "#include <gst/gst.h>\n"))
    assert not list(include_faults(bad, '#include "origin/base/bytes.hpp"\n'))
    assert GOBJECT.search("G_DEFINE_TYPE(Foo, foo, G_TYPE_OBJECT)") and not gobject_allowed(bad)


def main():
    self_test()
    found = list(faults(pathlib.Path(sys.argv[1])))
    for fault in found:
        print(fault)
    print(f"{len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
