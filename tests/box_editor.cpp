// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/box_editor.hpp"

#include <algorithm>

namespace tests {

namespace {

using origin::Bytes;
using origin::ByteSpan;

std::vector<uint8_t> copy_of(const Bytes& bytes) {
  return {bytes.data(), bytes.data() + bytes.size()};
}

void put_size(std::vector<uint8_t>& bytes, size_t at, size_t size) {
  for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<uint8_t>(size >> (24 - 8 * i));
}

// The bytes from `begin` to `end`, which are within the box on the path or are that box, replaced; the sizes
// of the boxes around them follow.
Bytes splice(const Bytes& file, std::string_view around, size_t begin, size_t end, ByteSpan by) {
  std::vector<uint8_t> edited = copy_of(file);
  const std::vector<Box> boxes = read_boxes(file.span());
  for (size_t slash = around.find('/'); !around.empty(); slash = around.find('/', slash + 1)) {
    const Box& box = get_box(boxes, around.substr(0, slash));
    put_size(edited, box.offset, box.whole.size() + by.size() - (end - begin));
    if (slash == around.npos) break;
  }
  edited.erase(edited.begin() + static_cast<ptrdiff_t>(begin), edited.begin() + static_cast<ptrdiff_t>(end));
  edited.insert(edited.begin() + static_cast<ptrdiff_t>(begin), by.begin(), by.end());
  return Bytes::take(std::move(edited));
}

}  // namespace

Bytes make_box(std::string_view type, const Bytes& content) {
  std::vector<uint8_t> bytes(4);
  put_size(bytes, 0, 8 + content.size());
  bytes.insert(bytes.end(), type.begin(), type.end());
  bytes.insert(bytes.end(), content.data(), content.data() + content.size());
  return Bytes::take(std::move(bytes));
}

Bytes replace_box(const Bytes& file, std::string_view path, const Bytes& by) {
  const std::vector<Box> boxes = read_boxes(file.span());
  const Box& box = get_box(boxes, path);
  const size_t slash = path.rfind('/');
  const std::string_view around = slash == path.npos ? std::string_view() : path.substr(0, slash);
  return splice(file, around, box.offset, box.offset + box.whole.size(), by.span());
}

Bytes append_to_box(const Bytes& file, std::string_view path, const Bytes& added) {
  const std::vector<Box> boxes = read_boxes(file.span());
  const Box& box = get_box(boxes, path);
  const size_t end = box.offset + box.whole.size();
  return splice(file, path, end, end, added.span());
}

Bytes patch_box(const Bytes& file, std::string_view path, size_t at, const Bytes& by) {
  const std::vector<Box> boxes = read_boxes(file.span());
  const Box& box = get_box(boxes, path);
  std::vector<uint8_t> edited = copy_of(file);
  const size_t content_at = box.offset + box.whole.size() - box.content.size();
  std::copy_n(by.data(), by.size(), edited.begin() + static_cast<ptrdiff_t>(content_at + at));
  return Bytes::take(std::move(edited));
}

Bytes join(const std::vector<Bytes>& parts) {
  std::vector<uint8_t> all;
  for (const Bytes& part : parts) all.insert(all.end(), part.data(), part.data() + part.size());
  return Bytes::take(std::move(all));
}

}  // namespace tests
