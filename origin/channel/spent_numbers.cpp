// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/spent_numbers.hpp"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"

namespace origin::channel {

namespace {

constexpr size_t kLongest = 73;  // three numbers of 64 bits and one of 32, with what is between them

// Those that earlier versions wrote have two numbers.
std::optional<SpentNumbers::Numbers> parse(std::string_view text) {
  const std::optional<uint64_t> sequence = parse_number(take_until(text, ' '));
  const std::optional<uint64_t> discontinuity = parse_number(take_until(text, ' '));
  if (!sequence || !discontinuity) return std::nullopt;
  const std::optional<uint64_t> target = parse_number(take_until(text, ' '));
  const std::optional<uint64_t> segment = parse_number(text);
  if (!target || !segment || *target > UINT32_MAX) return SpentNumbers::Numbers{*sequence, *discontinuity};
  return SpentNumbers::Numbers{*sequence, *discontinuity, static_cast<uint32_t>(*target), *segment};
}

}  // namespace

SpentNumbers::Numbers SpentNumbers::last(const std::string& presentation) const {
  if (folder_.empty() || !is_ours()) return {};
  gchar* text = nullptr;
  gsize length = 0;
  if (!g_file_get_contents(path(presentation).c_str(), &text, &length, nullptr)) return {};
  const GCharPtr owned(text);
  if (length > kLongest) return {};
  return parse({text, length}).value_or(Numbers{});
}

bool SpentNumbers::remember(const std::string& presentation, Numbers numbers) const {
  if (folder_.empty()) return true;
  const std::string name = path(presentation), fresh = name + ".new";
  if (numbers == Numbers{}) return g_unlink(name.c_str()) == 0 || errno == ENOENT;
  if (g_mkdir_with_parents(folder_.c_str(), 0700) != 0 || !is_ours()) return false;
  // Whoever is killed meanwhile leaves the old file or the new one.
  std::ofstream file(fresh, std::ios::trunc);
  file << numbers.sequence << ' ' << numbers.next_discontinuity << ' ' << numbers.target_duration << ' '
       << numbers.segment_duration;
  file.close();
  return file && g_rename(fresh.c_str(), name.c_str()) == 0;
}

// Others may write next to it, as in a folder for temporary files.
bool SpentNumbers::is_ours() const {
  const GCharPtr parent(g_path_get_dirname(folder_.c_str()));
  for (const char* folder : {static_cast<const char*>(parent.get()), folder_.c_str()}) {
    struct stat about = {};
    if (lstat(folder, &about) != 0 || !S_ISDIR(about.st_mode) || about.st_uid != geteuid() ||
        (about.st_mode & (S_IWGRP | S_IWOTH)))
      return false;
  }
  return true;
}

}  // namespace origin::channel
