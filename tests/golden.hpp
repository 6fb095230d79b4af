// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares text with a file of tests/golden. `ORIGIN_REWRITE_GOLDENS=1 meson test -C build` writes the files
// anew.
#pragma once

#include <check.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

inline void check_golden(const std::string& name, const std::string& text) {
  const char* folder = std::getenv("ORIGIN_GOLDENS");
  ck_assert_msg(folder, "ORIGIN_GOLDENS is not set; run through meson test");
  const std::string path = std::string(folder) + "/" + name;
  if (std::getenv("ORIGIN_REWRITE_GOLDENS")) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ck_assert_msg(file.good(), "no golden %s", path.c_str());
  std::ostringstream wanted;
  wanted << file.rdbuf();
  ck_assert_msg(wanted.str() == text, "%s differs; wanted:\n%s\ngot:\n%s", name.c_str(), wanted.str().c_str(),
                text.c_str());
}
