// SPDX-License-Identifier: LGPL-2.1-or-later
// Immutable shared memory. A copy of a Bytes is a reference, never a copy of the memory. Any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "origin/base/ref.hpp"

namespace origin {

using ByteSpan = std::span<const uint8_t>;

inline ByteSpan as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(Ref<GBytes> bytes) : bytes_(std::move(bytes)) {}

  static Bytes copy_of(ByteSpan span) {
    return Bytes(Ref<GBytes>::adopt(g_bytes_new(span.data(), span.size())));
  }
  static Bytes copy_of(std::string_view text) { return copy_of(as_bytes(text)); }
  // Memory that lives as long as the process.
  static Bytes of_static(std::string_view text) {
    return Bytes(Ref<GBytes>::adopt(g_bytes_new_static(text.data(), text.size())));
  }
  // Takes over a container (std::string, std::vector<uint8_t>) without copying its content.
  template <typename Container>
  static Bytes take(Container&& container) {
    static_assert(std::is_rvalue_reference_v<Container&&>);
    auto* owned = new std::remove_reference_t<Container>(std::move(container));
    return Bytes(Ref<GBytes>::adopt(g_bytes_new_with_free_func(
        owned->data(), owned->size(),
        [](gpointer data) { delete static_cast<std::remove_reference_t<Container>*>(data); }, owned)));
  }

  const uint8_t* data() const {
    return bytes_ ? static_cast<const uint8_t*>(g_bytes_get_data(bytes_.get(), nullptr)) : nullptr;
  }
  size_t size() const { return bytes_ ? g_bytes_get_size(bytes_.get()) : 0; }
  bool empty() const { return size() == 0; }
  ByteSpan span() const { return {data(), size()}; }
  std::string_view view() const { return {reinterpret_cast<const char*>(data()), size()}; }
  // The same memory from offset on. REQUIRES: offset + length <= size().
  Bytes slice(size_t offset, size_t length) const {
    if (offset == 0 && length == size()) return *this;
    return Bytes(Ref<GBytes>::adopt(g_bytes_new_from_bytes(bytes_.get(), offset, length)));
  }
  // Borrowed; null for an empty default-constructed Bytes.
  GBytes* get() const { return bytes_.get(); }

  friend bool operator==(const Bytes& a, const Bytes& b) {
    return a.size() == b.size() && (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size()) == 0);
  }

 private:
  Ref<GBytes> bytes_;
};

// The content of an object or message: a short list of Bytes, sent one after the other.
using Body = std::vector<Bytes>;

inline uint64_t body_size(const Body& body) {
  uint64_t size = 0;
  for (const Bytes& bytes : body) size += bytes.size();
  return size;
}

// All of it in one string; for tests and small documents.
inline std::string flatten(const Body& body) {
  std::string text;
  text.reserve(body_size(body));
  for (const Bytes& bytes : body) text.append(bytes.view());
  return text;
}

}  // namespace origin
