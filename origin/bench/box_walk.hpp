// SPDX-License-Identifier: LGPL-2.1-or-later
// Walks over the top-level boxes of a media body (ISO/IEC 14496-12) as it arrives: when its producer wrote
// it, and whether it ends where a box ends. What is no ISO media (MPEG-TS, packed audio) is let pass. One
// thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "origin/base/time.hpp"

namespace origin::bench {

class BoxWalk {
 public:
  void feed(std::string_view bytes);

  // The body so far ends between two boxes, or has no boxes.
  bool is_whole() const;
  // Of the last prft box that says when a fragment was finished or written (ISO/IEC 14496-12 8.16.5): a part
  // of several chunks was ready with its last one. Others date a frame, as EXT-X-PROGRAM-DATE-TIME does.
  std::optional<UtcTime> produced() const { return produced_; }

 private:
  void on_header();
  void on_time(const uint8_t* content);

  // Size, type and large size; of a prft also all up to its time.
  std::array<uint8_t, 32> header_{};
  size_t have_ = 0;
  size_t want_ = 8;
  uint64_t left_ = 0;  // of the box behind what is in header_
  bool to_the_end_ = false;
  bool not_boxes_ = false;
  bool started_ = false;
  std::optional<UtcTime> produced_;
};

}  // namespace origin::bench
