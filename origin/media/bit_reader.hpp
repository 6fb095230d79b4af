// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads fields of any width, most significant bit first. Never reads outside its span. One thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "origin/base/bytes.hpp"

namespace origin::media {

class BitReader {
 public:
  explicit BitReader(ByteSpan data) : data_(data) {}

  // False once anything was read past the end or was not a number that the syntax allows; everything is 0
  // from then on.
  bool ok() const { return ok_; }
  size_t bits_left() const { return data_.size() * 8 - position_; }

  // REQUIRES: count <= 32.
  uint32_t bits(unsigned count) {
    if (count > bits_left()) return fail();
    uint32_t value = 0;
    while (count > 0) {
      const unsigned in_byte = 8 - static_cast<unsigned>(position_ % 8);
      const unsigned take = std::min(count, in_byte);
      value = (value << take) | ((data_[position_ / 8] >> (in_byte - take)) & ((1u << take) - 1));
      position_ += take;
      count -= take;
    }
    return value;
  }
  uint8_t byte() { return static_cast<uint8_t>(bits(8)); }
  bool flag() { return bits(1) != 0; }

  void skip(size_t count) {
    if (count > bits_left()) {
      fail();
    } else {
      position_ += count;
    }
  }

  // The next count bytes. REQUIRES: a byte boundary.
  ByteSpan bytes(size_t count) {
    const size_t start = position_ / 8;
    if (count > data_.size() - start) {
      fail();
      return {};
    }
    position_ += count * 8;
    return data_.subspan(start, count);
  }
  ByteSpan rest() { return bytes(bits_left() / 8); }

  // Exponential Golomb code, ue(v) of ITU-T H.264 9.1; AV1 calls it uvlc().
  uint32_t ue() {
    unsigned zeros = 0;
    while (ok_ && !flag()) ++zeros;
    if (!ok_ || zeros > 31) return fail();
    const uint32_t suffix = bits(zeros);
    return ok_ ? (1u << zeros) - 1 + suffix : 0;
  }
  // se(v): only ever skipped here.
  void skip_se() { ue(); }

 private:
  uint32_t fail() {
    ok_ = false;
    position_ = data_.size() * 8;
    return 0;
  }

  ByteSpan data_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace origin::media
