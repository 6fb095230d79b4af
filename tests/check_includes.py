#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails on an #include that the table of rooms does not have or that is not root-relative, on a GStreamer header or
GObject boilerplate outside its places, and on a text file that could carry an SPDX line and has none."""

import pathlib
import re
import sys

PIPELINE = {"base", "media", "segmenter", "packager", "timeline", "store"}
ORIGIN_ROOMS = {
    "base": set(),
    "access": {"base"},
    "media": {"base"},
    "segmenter": {"base", "media"},
    "packager": {"base", "media"},
    "timeline": {"base", "media"},
    "store": {"base"},
    "transport": {"base"},
    "http": {"access", "base", "store", "transport"},
    "cluster": {"base", "store"},
    "publish": {"base", "media"},
    "channel": PIPELINE | {"cluster", "publish"},
    "api": {"access", "channel", "http", "cluster", "store", "media", "base"},
    "server": {"access", "api", "base"},
    "web": set(),
    "bench": {"base"},
}
ALLOWED = ORIGIN_ROOMS | {
    "gst": {"api", "base"},
    "examples": {"api"},
    "tests": set(ORIGIN_ROOMS),
}
USE_GSTREAMER = {"gst", "examples", "tests"}

SOURCES = {".c", ".h", ".cpp", ".hpp"}
OTHER_SOURCES = {".cc", ".cxx", ".c++", ".hh", ".hxx", ".inc", ".inl", ".ipp", ".tpp", ".m"}
COMMENTED = SOURCES | {
    ".1", ".cfg", ".conf", ".css", ".html", ".in", ".js", ".map", ".md", ".mjs", ".py", ".sh", ".supp", ".svg", ".vcl",
    ".xml"
}
COMMENTED_NAMES = {".clang-format", ".gitignore", ".npmrc", "meson.build", "meson_options.txt"}
TOPS = (".ci", "docs", "examples", "gst", "origin", "tests")

SPDX = "SPDX-License-Identifier: LGPL-2.1-or-later"
FIXED_FIRST_LINES = ("#!", "<?xml", "<!doctype")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
DIRECTIVE = re.compile(r"^\s*(?:#|%:)\s*(?:include|include_next|import)\b(.*)", re.MULTILINE)
INCLUDED = re.compile(r'\s*(?:"([^"]+)"|<([^>]+)>)')
GOBJECT = re.compile(r"\b(G_DEFINE_\w*(?:TYPE|INTERFACE)\w*|G_DECLARE_\w+_(?:TYPE|INTERFACE)|g_type_register_\w+)\b")


def room_of(path):
    """Of a file or an include in the tree; None where rooms are not kept."""
    parts = path.parts
    if parts[0] == "origin":
        return parts[1] if len(parts) > 2 else None
    return parts[0] if parts[0] in ALLOWED else None


def gobject_allowed(path):
    return room_of(path) in {"gst", "api"} or path.as_posix() == "origin/transport/soup_stream.cpp"


def include_fault(path, directive):
    room, include = room_of(path), INCLUDED.match(directive)
    if not include:
        return f"#include{directive} does not name a file"
    name = include[1] or include[2]
    target = pathlib.PurePosixPath(name)
    if target.is_absolute() or {".", ".."} & set(name.split("/")):
        return f"{name} is not root-relative"
    # gst/ is a folder of this tree and one of GStreamer's.
    if target.parts[0] == "gstreamer-1.0" or (target.parts[0] == "gst" and target.suffix != ".hpp"):
        return None if room in USE_GSTREAMER else f"{name} is a header of GStreamer; only {sorted(USE_GSTREAMER)} may"
    if target.parts[0] not in {"origin", "gst", "examples", "tests"}:
        return f"{name} is not root-relative" if include[1] else None
    if room_of(target) not in ALLOWED[room] | {room}:
        return f"room '{room}' may not include {name}; it may include {sorted(ALLOWED[room])}"
    return None


def has_spdx(text):
    lines = text.split("\n", 2)
    at = 1 if lines[0].lower().startswith(FIXED_FIRST_LINES) else 0
    return at < len(lines) and SPDX in lines[at]


def file_faults(path, text):
    if not has_spdx(text):
        yield f"the first line has no {SPDX}"
    if path.suffix not in SOURCES:
        if room_of(path) in ORIGIN_ROOMS.keys() | {"gst"} and DIRECTIVE.search(text) and path.suffix not in COMMENTED:
            yield f"sources end with one of {sorted(SOURCES)}"
        return
    if room_of(path) not in ALLOWED:
        yield f"room '{room_of(path)}' is not in the table"
        return
    if room_of(path) != "tests" and GOBJECT.search(text) and not gobject_allowed(path):
        yield "GObject boilerplate belongs to gst/, origin/api/ and the stream of origin/transport/"
    directives = DIRECTIVE.findall(COMMENT.sub("", text))
    yield from filter(None, (include_fault(path, directive) for directive in directives))


def is_checked(path):
    return path.suffix in COMMENTED or path.name in COMMENTED_NAMES or path.suffix in OTHER_SOURCES


def files(root):
    yield from (file for file in root.iterdir() if file.is_file())
    for top in TOPS:
        yield from (file for file in (root / top).rglob("*") if file.is_file())


def faults(root):
    for file in sorted(files(root)):
        path = pathlib.PurePosixPath(file.relative_to(root))
        if "node_modules" in path.parts:
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        if is_checked(path) or text.startswith("#!"):
            yield from (f"{path}: {fault}" for fault in file_faults(path, text))


GOOD = {
    "origin/store/x.cpp": '#include "origin/store/x.hpp"\n#include <map>\n#include "origin/base/bytes.hpp"\n',
    "origin/api/x.h": "#include <origin/api/origin-types.h>\n#include <gio/gio.h>\n",
    "gst/x.cpp": '#include <gst/gst.h>\n#include "gst/caps.hpp"\n#include <origin/api/origin.h>\n',
    "tests/test_x.cpp": '#include <gst/app/gstappsink.h>\n#include "origin/http/server.hpp"\n',
    "examples/x.c": "#include <gst/gst.h>\n#include <origin/api/origin.h>\n",
}
BAD = {
    "origin/store/x.cpp": (
        '#include "origin/http/server.hpp"',
        "# include <origin/http/server.hpp>",
        '#include "../http/server.hpp"',
        '#include "./store.hpp"',
        '#include "store.hpp"',
        '#include "origin/base/../http/server.hpp"',
        "#include </usr/include/gst/gst.h>",
        '#include "gst/caps.hpp"',
        "#include <gst/caps.hpp>",
        "#include <gst/gst.h>",
        "#include <gst/video/video.h>",
        "#include <gstreamer-1.0/gst/gst.h>",
        '#include "tests/simulation.hpp"',
        "#include SERVER_HEADER",
        '/* */ #include "origin/http/server.hpp"',
        '%:include "origin/http/server.hpp"',
        "G_DEFINE_TYPE(Foo, foo, G_TYPE_OBJECT)",
        "G_DEFINE_INTERFACE(Foo, foo, G_TYPE_OBJECT)",
        "g_type_register_dynamic(module, parent, name, &info, flags);",
    ),
    "origin/store/x.inl": ('#include "origin/http/server.hpp"', '#include "origin/store/x.hpp"'),
    "origin/unheard_of/x.cpp": ("",),
    "origin/x.cpp": ("",),
    "gst/x.cpp": ('#include "caps.hpp"', '#include "origin/store/store.hpp"'),
    "tests/test_x.cpp": ('#include "simulation.hpp"',),
    "examples/x.c": ("#include <origin/store/store.hpp>",),
}


def self_test():
    """The checks themselves can fail."""
    for name, text in GOOD.items():
        found = list(file_faults(pathlib.PurePosixPath(name), f"// {SPDX}\n{text}"))
        assert not found, found
    for name, texts in BAD.items():
        for text in texts:
            found = list(file_faults(pathlib.PurePosixPath(name), f"// {SPDX}\n{text}\n"))
            assert len(found) == 1, (name, text, found)
    for name in ("README.md", "tests/x.mjs", "origin/x.map", ".clang-format", "origin/web/meson.build", "tests/x.supp"):
        path = pathlib.PurePosixPath(name)
        assert is_checked(path), name
        assert len(list(file_faults(path, f"text\n# {SPDX}\n"))) == 1, name
        assert not list(file_faults(path, f"#!/bin/sh\n# {SPDX}\n")), name
    assert not has_spdx("#!/bin/sh") and not is_checked(pathlib.PurePosixPath("tests/golden/live.m3u8"))


def main():
    self_test()
    found = list(faults(pathlib.Path(sys.argv[1])))
    for fault in found:
        print(fault)
    print(f"{len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
