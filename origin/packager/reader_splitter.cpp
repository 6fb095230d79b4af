// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/packager/reader_splitter.hpp"

#include <algorithm>
#include <array>

namespace origin::packager {

namespace {

bool is_before_moof(std::string_view type) {
  return type == "styp" || type == "prft" || type == "emsg";
}

// Boxes that a unit consists of.
bool has_place(std::string_view type) {
  return type == "ftyp" || type == "moov" || type == "moof" || type == "mdat" || is_before_moof(type);
}

// What a stream may begin with: an MPD or HTML would be a huge box of an unknown type.
bool may_begin(std::string_view type) {
  constexpr std::array<std::string_view, 6> kOthers{"sidx", "ssix", "free", "skip", "uuid", "mfra"};
  return has_place(type) || std::find(kOthers.begin(), kOthers.end(), type) != kOthers.end();
}

// Made for a payload that has been announced; most chunks have less.
constexpr size_t kMostRoom = 1 << 20;

}  // namespace

Status Splitter::push(ByteSpan piece, std::vector<Unit>& units) {
  while (status_ && !piece.empty()) {
    const ByteSpan rest = in_body_ ? take_body(piece) : take_header(piece);
    position_ += piece.size() - rest.size();
    piece = rest;
    if (status_ && in_body_ && body_left_ == 0) end_box(units);
  }
  return status_;
}

ByteSpan Splitter::take_header(ByteSpan piece) {
  if (bytes_.size() == box_at_) box_start_ = position_;
  while (!piece.empty()) {
    bytes_.push_back(piece.front());
    piece = piece.subspan(1);
    if (const auto header = parse_box_header(ByteSpan(bytes_).subspan(box_at_))) {
      status_ = begin_box(*header);
      break;
    }
  }
  return piece;
}

ByteSpan Splitter::take_body(ByteSpan piece) {
  const auto taken = static_cast<size_t>(std::min<uint64_t>(piece.size(), body_left_));
  if (kept_) bytes_.insert(bytes_.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(taken));
  body_left_ -= taken;
  return piece.subspan(taken);
}

Status Splitter::begin_box(const BoxHeader& header) {
  type_ = header.type;
  if (Status status = check_order(type_); !status) return status;
  if (Status status = check_size(header); !status) return status;
  if (type_ == "ftyp" && stage_ == Stage::kStart) {  // a styp or the like that nothing follows
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(box_at_));
    start_over();
  }
  // Between moof and mdat everything stays: the former has offsets into the latter.
  kept_ = stage_ == Stage::kMoof || (has_place(type_) && !(stage_ == Stage::kFtyp && is_before_moof(type_)));
  if (kept_) {
    if (box_at_ == 0) unit_.offset = box_start_;
    // What is not there yet may never come.
    if (type_ == "mdat") bytes_.reserve(box_at_ + std::min<size_t>(header.size, kMostRoom));
  } else {
    bytes_.resize(box_at_);
  }
  body_left_ = header.size - header.length;
  if (type_ == "mfra") track_ended_ = true;
  in_body_ = true;
  return {};
}

Status Splitter::check_order(std::string_view type) const {
  const auto misplaced = [&](std::string_view wanted) {
    return Error{ErrorCode::kInvalid, place() + std::string(wanted)};
  };
  if (!is_printable(type) || (box_start_ == 0 && !may_begin(type)))
    return misplaced(" is no box of CMAF, which begins with 'ftyp', 'styp' or 'moof'");
  if (!has_place(type)) return {};
  switch (stage_) {
    case Stage::kMoof:
      if (type != "mdat") return misplaced(" comes where the 'mdat' that belongs to 'moof' should");
      return {};
    case Stage::kFtyp:
      if (type != "moov" && !is_before_moof(type))
        return misplaced(" comes where the 'moov' that belongs to 'ftyp' should");
      return {};
    case Stage::kNothing:
    case Stage::kStart:
      if (type == "moov") return misplaced(" comes without 'ftyp' before it");
      if (type == "mdat")
        return misplaced(" comes without 'moof' before it: samples have to be in movie fragments");
  }
  return {};
}

Status Splitter::check_size(const BoxHeader& header) const {
  if (header.size == 0) {
    return Error{ErrorCode::kInvalid,
                 place() + " goes on to the end (size 0); a pushed box has to say its size"};
  }
  if (header.size < header.length) {
    return Error{ErrorCode::kInvalid, place() + " has a size of " + std::to_string(header.size) +
                                          ", less than its header's " + std::to_string(header.length)};
  }
  const bool in_chunk = header.type == "mdat" || (!has_place(header.type) && stage_ != Stage::kMoof);
  const size_t limit = in_chunk ? limits_.chunk : limits_.header;
  const size_t before = has_place(header.type) || stage_ == Stage::kMoof ? box_at_ : 0;
  if (before > limit || header.size > limit - before) {
    return Error{ErrorCode::kTooLarge, place() + " has " + std::to_string(header.size) + " bytes; with the " +
                                           std::to_string(before) + " before it there may be " +
                                           std::to_string(limit)};
  }
  return {};
}

void Splitter::end_box(std::vector<Unit>& units) {
  in_body_ = false;
  if (!kept_) return;
  const ByteSpan box = ByteSpan(bytes_).subspan(box_at_);
  box_at_ = bytes_.size();
  if (type_ == "ftyp") {
    stage_ = Stage::kFtyp;
  } else if (type_ == "moov") {
    emit(Unit::Kind::kHeader, units);
  } else if (type_ == "moof") {
    stage_ = Stage::kMoof;
  } else if (type_ == "mdat") {
    emit(Unit::Kind::kChunk, units);
  } else if (stage_ == Stage::kNothing) {
    stage_ = Stage::kStart;
  }
  if (type_ == "styp") read_brands(box);
}

// SegmentTypeBox: like ftyp (ISO/IEC 14496-12 4.3) major_brand, minor_version, compatible_brands.
void Splitter::read_brands(ByteSpan styp) {
  bool starts_fragment = false, is_later_chunk = false;
  media::BitReader reader(styp.subspan(parse_box_header(styp)->length));
  for (size_t i = 0; reader.bits_left() >= 32; ++i) {
    const ByteSpan brand = reader.bytes(4);
    if (i == 1) continue;  // minor_version
    const std::string_view name(reinterpret_cast<const char*>(brand.data()), brand.size());
    unit_.ends_track |= name == "lmsg";
    unit_.is_filler |= name == "slat";
    starts_fragment |= name == "cmfs" || name == "cmff";
    is_later_chunk |= name == "cmfl";
  }
  unit_.starts_segment |= starts_fragment || !is_later_chunk;
  track_ended_ |= unit_.ends_track;
}

void Splitter::emit(Unit::Kind kind, std::vector<Unit>& units) {
  unit_.kind = kind;
  unit_.bytes = Bytes::take(std::move(bytes_));
  units.push_back(std::move(unit_));
  bytes_ = {};
  start_over();
}

void Splitter::start_over() {
  unit_ = {};
  stage_ = Stage::kNothing;
  box_at_ = 0;
}

Status Splitter::finish() const {
  if (!status_) return status_;
  if (in_body_) {
    return Error{ErrorCode::kInvalid,
                 "the end comes " + std::to_string(body_left_) + " bytes before that of " + place()};
  }
  if (bytes_.size() > box_at_) {
    return Error{ErrorCode::kInvalid,
                 "the end comes in the header of a box, at byte " + std::to_string(position_)};
  }
  const auto without = [](std::string_view what) {
    return Error{ErrorCode::kInvalid, "the end comes " + std::string(what)};
  };
  if (stage_ == Stage::kFtyp) return without("after 'ftyp', without its 'moov'");
  if (stage_ == Stage::kMoof) return without("after 'moof', without its 'mdat'");
  // Of a last segment there may be no more than that it is one.
  if (stage_ == Stage::kStart && !unit_.ends_track) return without("where the 'moof' of a chunk should");
  return {};
}

std::string Splitter::place() const {
  return quoted(type_) + " at byte " + std::to_string(box_start_);
}

}  // namespace origin::packager
