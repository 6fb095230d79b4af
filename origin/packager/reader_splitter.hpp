// SPDX-License-Identifier: LGPL-2.1-or-later
// Cuts pushed CMAF (ISO/IEC 23000-19, DASH-IF Live Media Ingest interface 1), which comes in pieces of any
// size, into its headers and chunks. No I/O. One thread at a time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "origin/base/bytes.hpp"
#include "origin/base/result.hpp"
#include "origin/packager/reader_boxes.hpp"

namespace origin::packager {

struct Unit {
  enum class Kind : uint8_t {
    kHeader,  // ftyp moov
    kChunk,   // [styp] [prft] [emsg…] moof mdat
  };
  Kind kind = Kind::kHeader;
  Bytes bytes;          // those boxes; others (sidx, free, mfra, unknown ones) are left out
  uint64_t offset = 0;  // of the first of them, in the stream
  // By a chunk's styp (ISO/IEC 14496-12 8.16.2, ISO/IEC 23000-19 7.2).
  bool starts_segment = false;  // it has one, and not one of a later chunk (cmfl alone)
  bool ends_track = false;      // brand lmsg: of the track's last segment
  bool is_filler = false;       // brand slat: stands in for media that the source has lost
};

struct SplitterLimits {
  size_t header = 1 << 20;  // bytes of ftyp and moov, and of what comes before a chunk's mdat
  size_t chunk = 64 << 20;  // bytes of a chunk, and of a box that is left out
};

class Splitter {
 public:
  explicit Splitter(const SplitterLimits& limits = {}) : limits_(limits) {}

  // Takes the stream's next bytes, and appends the units that they complete. Payload of up
  // to 1 MiB is copied once: room for it is made when its header has come; more room as more comes. Errors,
  // from then on: kInvalid for what is no CMAF, kTooLarge for a box beyond a limit; units before it are good.
  Status push(ByteSpan piece, std::vector<Unit>& units);

  // At the end of the stream: kInvalid where that is in the middle of a unit.
  Status finish() const;

  // The track is over: a styp had the brand lmsg, with or without a chunk behind it, or there was an mfra,
  // which is the last box of a file (ISO/IEC 14496-12 8.8.9) and means that in a stream, too.
  bool track_ended() const { return track_ended_; }

 private:
  // What the unit begins with, and so what may come next.
  enum class Stage : uint8_t { kNothing, kFtyp, kStart, kMoof };

  ByteSpan take_header(ByteSpan piece);
  ByteSpan take_body(ByteSpan piece);
  Status begin_box(const BoxHeader& header);
  Status check_order(std::string_view type) const;
  Status check_size(const BoxHeader& header) const;
  void end_box(std::vector<Unit>& units);
  void read_brands(ByteSpan styp);
  void emit(Unit::Kind kind, std::vector<Unit>& units);
  void start_over();
  std::string place() const;

  const SplitterLimits limits_;
  std::vector<uint8_t> bytes_;  // of the unit that is not complete
  Unit unit_;                   // what is known of it
  Stage stage_ = Stage::kNothing;
  uint64_t position_ = 0;   // in the stream
  size_t box_at_ = 0;       // the open box's first byte in bytes_
  uint64_t box_start_ = 0;  // ditto, in the stream
  bool in_body_ = false;
  bool kept_ = true;  // the open box's body goes into bytes_
  uint64_t body_left_ = 0;
  std::string type_;  // of the open box
  bool track_ended_ = false;
  Status status_;
};

}  // namespace origin::packager
