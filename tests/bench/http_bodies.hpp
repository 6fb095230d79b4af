// SPDX-License-Identifier: LGPL-2.1-or-later
// What servers of the HTTP benchmark serve from memory: the files of a folder, with headers such as media
// has.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "origin/base/bytes.hpp"

namespace origin::tests {

// The same that nginx is told to send (http_subjects.py).
inline constexpr const char* kCacheControl = "max-age=60";
inline constexpr int64_t kModifiedSeconds = 784111777;  // since 1970
inline constexpr const char* kModifiedDate = "Sun, 06 Nov 1994 08:49:37 GMT";

struct ServedFile {
  std::string name;  // the path below the folder
  std::string content_type;
  std::string etag;
  Bytes body;
};

// Ends the program where there is no such folder or nothing in it.
inline std::vector<ServedFile> read_files(const std::filesystem::path& folder) {
  std::vector<ServedFile> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    if (!entry.is_regular_file()) continue;
    // In one piece: a string that grows leaves memory behind, from which connections would seem to come for
    // free.
    std::string content(entry.file_size(), '\0');
    std::ifstream(entry.path(), std::ios::binary)
        .read(content.data(), static_cast<std::streamsize>(content.size()));
    const bool is_playlist = entry.path().extension() == ".m3u8";
    files.push_back({.name = std::filesystem::relative(entry.path(), folder),
                     .content_type = is_playlist ? "application/vnd.apple.mpegurl" : "video/mp4",
                     .etag = "\"" + std::to_string(content.size()) + "-1\"",
                     .body = Bytes::take(std::move(content))});
  }
  if (files.empty()) {
    std::fprintf(stderr, "no files in %s to serve\n", folder.c_str());
    std::exit(EXIT_FAILURE);
  }
  return files;
}

}  // namespace origin::tests
