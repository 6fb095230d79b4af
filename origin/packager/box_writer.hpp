// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes ISO base media boxes (ISO/IEC 14496-12 4.2), big endian, filling each box's size in when it is
// closed. One thread.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "origin/base/bytes.hpp"
#include "origin/base/populate.hpp"

namespace origin::packager {

class BoxWriter {
 public:
  // Never allocates again as long as no more than capacity bytes are written.
  explicit BoxWriter(size_t capacity) {
    data_.reserve(capacity);
    populate(data_.data(), capacity);
  }
  BoxWriter(const BoxWriter&) = delete;
  BoxWriter& operator=(const BoxWriter&) = delete;

  size_t size() const { return data_.size(); }

  void u8(uint8_t value) { data_.push_back(value); }
  void u16(uint16_t value) { big_endian<2>(value); }
  void u24(uint32_t value) { big_endian<3>(value); }
  void u32(uint32_t value) { big_endian<4>(value); }
  void u64(uint64_t value) { big_endian<8>(value); }
  void zeros(size_t count) { data_.resize(data_.size() + count); }
  void bytes(ByteSpan span) { data_.insert(data_.end(), span.begin(), span.end()); }
  void text(std::string_view text) { bytes(as_bytes(text)); }

  // Overwrites four bytes that are written already.
  void patch_u32(size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) data_[at + i] = static_cast<uint8_t>(value >> (24 - 8 * i));
  }

  // An open box: closed when it goes out of scope, innermost first.
  class [[nodiscard]] Box {
   public:
    Box(BoxWriter& writer, std::string_view type) : writer_(writer), start_(writer.size()) {
      assert(type.size() == 4);
      writer.u32(0);
      writer.text(type);
    }
    ~Box() {
      assert(writer_.size() - start_ <= UINT32_MAX);
      writer_.patch_u32(start_, static_cast<uint32_t>(writer_.size() - start_));
    }
    Box(const Box&) = delete;
    Box& operator=(const Box&) = delete;

   private:
    BoxWriter& writer_;
    size_t start_;
  };
  Box box(std::string_view type) { return Box(*this, type); }

  // FullBox, ISO/IEC 14496-12 4.2.2.
  class [[nodiscard]] FullBox : public Box {
   public:
    FullBox(BoxWriter& writer, std::string_view type, uint8_t version, uint32_t flags) : Box(writer, type) {
      writer.u8(version);
      writer.u24(flags);
    }
  };
  FullBox full_box(std::string_view type, uint8_t version, uint32_t flags) {
    return FullBox(*this, type, version, flags);
  }

  Bytes finish() && { return Bytes::take(std::move(data_)); }

 private:
  template <size_t kCount>
  void big_endian(uint64_t value) {
    std::array<uint8_t, kCount> bytes;
    for (size_t i = 0; i < kCount; ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * (kCount - 1 - i)));
    data_.insert(data_.end(), bytes.begin(), bytes.end());
  }

  std::vector<uint8_t> data_;
};

}  // namespace origin::packager
