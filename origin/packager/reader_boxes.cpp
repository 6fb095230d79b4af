// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/packager/reader_boxes.hpp"

#include <algorithm>

#include "origin/base/text.hpp"

namespace origin::packager {

std::optional<BoxHeader> parse_box_header(ByteSpan data) {
  constexpr size_t kShort = 8, kLong = 16;
  constexpr uint64_t kSizeIsLong = 1;
  if (data.size() < kShort) return std::nullopt;
  media::BitReader reader(data);
  BoxHeader header;
  header.size = reader.bits(32);
  header.type = {reinterpret_cast<const char*>(reader.bytes(4).data()), 4};
  header.length = header.size == kSizeIsLong ? kLong : kShort;
  if (data.size() < header.length) return std::nullopt;
  if (header.size == kSizeIsLong) header.size = read_u64(reader);
  return header;
}

bool is_printable(std::string_view type) {
  return std::all_of(type.begin(), type.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string quoted(std::string_view type) {
  if (!is_printable(type)) return "0x" + to_hex(as_bytes(type));
  return "'" + std::string(type) + "'";
}

std::string Box::place() const {
  return quoted(type) + " at byte " + std::to_string(start);
}

Result<std::vector<Box>> read_boxes(const Box& parent, size_t skipped) {
  if (skipped > parent.content.size()) return too_short(parent);
  std::vector<Box> boxes;
  size_t at = skipped;
  while (at < parent.content.size()) {
    const ByteSpan rest = parent.content.subspan(at);
    const std::optional<BoxHeader> header = parse_box_header(rest);
    if (!header) {
      return Error{ErrorCode::kInvalid, parent.place() + " ends with " + std::to_string(rest.size()) +
                                            " bytes that are too few for a box"};
    }
    if (header->size < header->length || header->size > rest.size()) {
      return Error{ErrorCode::kInvalid, quoted(header->type) + " in " + parent.place() + " has a size of " +
                                            std::to_string(header->size) + "; it must be " +
                                            std::to_string(header->length) + " to " +
                                            std::to_string(rest.size())};
    }
    const auto size = static_cast<size_t>(header->size);
    const size_t start = parent.content_at + at;
    boxes.push_back(
        {header->type, start, start + header->length, rest.subspan(header->length, size - header->length)});
    at += size;
  }
  return boxes;
}

const Box* find_box(const std::vector<Box>& boxes, std::string_view type) {
  const auto found =
      std::find_if(boxes.begin(), boxes.end(), [&](const Box& box) { return box.type == type; });
  return found == boxes.end() ? nullptr : &*found;
}

Result<Box> get_box(const Box& parent, std::string_view path) {
  Box box = parent;
  while (!path.empty()) {
    const std::string_view type = take_until(path, '/');
    const Result<std::vector<Box>> boxes = read_boxes(box);
    if (!boxes) return boxes.error();
    const Box* found = find_box(*boxes, type);
    if (!found) return Error{ErrorCode::kInvalid, box.place() + " has no " + quoted(type)};
    box = *found;
  }
  return box;
}

uint64_t read_u64(media::BitReader& fields) {
  const uint64_t high = fields.bits(32);
  return high << 32 | fields.bits(32);
}

uint64_t read_sized(FullBox& box) {
  return box.version == 0 ? box.fields.bits(32) : read_u64(box.fields);
}

Error too_short(const Box& box) {
  return {ErrorCode::kInvalid, box.place() + " is too short for what it should have: " +
                                   std::to_string(box.content.size()) + " bytes"};
}

}  // namespace origin::packager
