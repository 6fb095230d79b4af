// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes fields of any width, most significant bit first. One thread.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "origin/base/bytes.hpp"

namespace origin::media {

class BitWriter {
 public:
  // REQUIRES: count <= 32; higher bits of value are ignored.
  void bits(uint32_t value, unsigned count) {
    while (count-- > 0) {
      if (used_ == 0) data_.push_back(0);
      data_.back() = static_cast<uint8_t>(data_.back() | (((value >> count) & 1) << (7 - used_)));
      used_ = (used_ + 1) % 8;
    }
  }
  void flag(bool value) { bits(value, 1); }
  // REQUIRES: a byte boundary.
  void bytes(ByteSpan span) { data_.insert(data_.end(), span.begin(), span.end()); }

  Bytes finish() && { return Bytes::take(std::move(data_)); }

 private:
  std::vector<uint8_t> data_;
  unsigned used_ = 0;
};

}  // namespace origin::media
