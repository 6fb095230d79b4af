// SPDX-License-Identifier: LGPL-2.1-or-later
// Changes MP4 boxes, for tests: what is around a box keeps fitting. Paths are those of tests/box_reader.hpp;
// throws like it. Any thread.
#pragma once

#include <string_view>
#include <vector>

#include "origin/base/bytes.hpp"
#include "tests/box_reader.hpp"

namespace tests {

// A box with this content.
origin::Bytes make_box(std::string_view type, const origin::Bytes& content);

// The file with another box instead of the one on the path; without it, if that is empty.
origin::Bytes replace_box(const origin::Bytes& file, std::string_view path, const origin::Bytes& by);
// With another box at the end of the one on the path.
origin::Bytes append_to_box(const origin::Bytes& file, std::string_view path, const origin::Bytes& box);
// With other bytes in the content of the box on the path.
origin::Bytes patch_box(const origin::Bytes& file, std::string_view path, size_t at, const origin::Bytes& by);

origin::Bytes join(const std::vector<origin::Bytes>& parts);

}  // namespace tests
