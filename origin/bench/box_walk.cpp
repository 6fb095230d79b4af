// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/box_walk.hpp"

#include <algorithm>
#include <cstring>

namespace origin::bench {

namespace {

constexpr int64_t kSecondsFrom1900To1970 = 2'208'988'800;
// Flags of a prft whose time is that of its movie fragment, not of one of its frames (ISO/IEC
// 14496-12 8.16.5).
constexpr uint64_t kFragmentFinished = 2;
constexpr uint64_t kFragmentWritten = 4;
// Version and flags, reference track, NTP time.
constexpr size_t kTimeEnd = 4 + 4 + 8;

uint64_t big_endian(const uint8_t* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | bytes[i];
  return value;
}

std::string_view type_of(const std::array<uint8_t, 32>& header) {
  return {reinterpret_cast<const char*>(header.data()) + 4, 4};
}

bool may_begin_media(std::string_view type) {
  static constexpr std::string_view kTypes[] = {"styp", "prft", "moof", "emsg", "sidx", "ssix",
                                                "ftyp", "free", "mdat", "uuid", "skip"};
  return std::ranges::find(kTypes, type) != std::end(kTypes);
}

// RFC 5905 6: 32 bits of seconds since 1900, 32 bits of fraction.
UtcTime from_ntp(uint64_t ntp) {
  const int64_t seconds = static_cast<int64_t>(ntp >> 32) - kSecondsFrom1900To1970;
  const auto nanoseconds = static_cast<int64_t>((ntp & 0xffffffff) * kNanosecondsPerSecond >> 32);
  return UtcTime(std::chrono::seconds(seconds) + Duration(nanoseconds));
}

}  // namespace

void BoxWalk::feed(std::string_view bytes) {
  while (!bytes.empty() && !not_boxes_ && !to_the_end_) {
    if (left_ > 0) {
      const size_t skipped = std::min<uint64_t>(left_, bytes.size());
      bytes.remove_prefix(skipped);
      left_ -= skipped;
      continue;
    }
    const size_t taken = std::min(want_ - have_, bytes.size());
    std::memcpy(header_.data() + have_, bytes.data(), taken);
    have_ += taken;
    bytes.remove_prefix(taken);
    if (have_ == want_) on_header();
  }
}

void BoxWalk::on_time(const uint8_t* content) {
  const uint64_t flags = big_endian(content + 1, 3);
  if (flags == kFragmentFinished || flags == kFragmentWritten)
    produced_ = from_ntp(big_endian(content + 8, 8));
}

bool BoxWalk::is_whole() const {
  return not_boxes_ || to_the_end_ || (left_ == 0 && have_ == 0);
}

// ISO/IEC 14496-12 4.2: a size of 1 has 64 more bits behind the type, a size of 0 is all that follows.
void BoxWalk::on_header() {
  const std::string_view type = type_of(header_);
  if (!started_ && !may_begin_media(type)) {
    not_boxes_ = true;
    return;
  }
  started_ = true;
  uint64_t size = big_endian(header_.data(), 4);
  const size_t header_size = size == 1 ? 16 : 8;
  if (have_ < header_size) {
    want_ = header_size;
    return;
  }
  if (size == 1) size = big_endian(header_.data() + 8, 8);
  const bool has_time = type == "prft" && size >= header_size + kTimeEnd;
  if (has_time && have_ < header_size + kTimeEnd) {
    want_ = header_size + kTimeEnd;
    return;
  }
  if (has_time) on_time(header_.data() + header_size);
  to_the_end_ = size == 0;
  // A box smaller than its header would be walked over for ever.
  not_boxes_ = size > 0 && size < have_;
  left_ = size > have_ ? size - have_ : 0;
  have_ = 0;
  want_ = 8;
}

}  // namespace origin::bench
