// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/publish/track_buffer.hpp"

#include <utility>

namespace origin::publish {

namespace {

// A segment of which there is no more than that it is the track's last (ISO/IEC 14496-12 8.16.2).
constexpr std::string_view kEndOfTrack("\0\0\0\x14styplmsg\0\0\0\0lmsg", 20);

}  // namespace

void TrackBuffer::add_header(const Bytes& bytes, Body& released) {
  if (ended_ || bytes.empty() || (has_header() && bytes == header_)) return;
  released.push_back(std::exchange(header_, bytes));
  ++format_;
  opens_segment_ = true;
}

bool TrackBuffer::add_chunk(const Bytes& bytes, bool starts_segment) {
  if (ended_ || bytes.empty()) return true;
  if (!has_header()) return false;
  const bool starts = starts_segment || std::exchange(opens_segment_, false);
  opens_segment_ = false;
  skips_ &= !starts;
  if (skips_) return false;
  if (starts) segments_.push_back({.header = header_, .format = format_, .chunks = {}});
  has_media_ = true;
  bytes_ += bytes.size();
  unsent_ += bytes.size();
  segments_.back().chunks.push_back({.bytes = bytes});
  return true;
}

void TrackBuffer::end(bool of_track) {
  if (std::exchange(ended_, true)) return;
  end_is_to_be_said_ = of_track;
}

Piece TrackBuffer::next(MonotonicTime now) {
  // The last one may still grow.
  while (at_ + 1 < segments_.size() && is_sent(segments_[at_])) ++at_;
  if (at_ < segments_.size() && !is_sent(segments_[at_])) {
    Segment& segment = segments_[at_];
    if (segment.format != given_format_) return give_header(segment.header, segment.format);
    Chunk& chunk = segment.chunks[segment.sent++];
    chunk.was_sent = true;
    segment.sent_at = now;
    if (!began_) began_ = now;
    unsent_ -= chunk.bytes.size();
    return {Piece::Kind::kChunk, chunk.bytes};
  }
  if (given_format_ != format_) return give_header(header_, format_);
  if (!ended_) return {};
  if (end_is_to_be_said_ && !std::exchange(end_was_said_, true))
    return {Piece::Kind::kEndOfTrack, Bytes::of_static(kEndOfTrack)};
  return {Piece::Kind::kDone, {}};
}

bool TrackBuffer::is_at_end_of_track() const {
  return ended_ && end_is_to_be_said_ && !end_was_said_ && unsent_ == 0 && given_format_ == format_;
}

Piece TrackBuffer::give_header(const Bytes& header, uint64_t format) {
  given_format_ = format;
  return {Piece::Kind::kHeader, header};
}

void TrackBuffer::rewind() {
  for (Segment& segment : segments_) segment.sent = 0;
  at_ = 0;
  unsent_ = bytes_;
  given_format_ = 0;
  began_.reset();
  end_was_said_ = false;
}

TrackBuffer::Loss TrackBuffer::drop_oldest(Body& released) {
  Segment& oldest = segments_.front();
  if (oldest.sent > 0 && !is_sent(oldest)) {
    release_sent_chunks(oldest, released);
    return {};
  }
  // The newest is still open: what follows of it cannot be used without what is dropped. If all of it is
  // sent, it goes on where it is, and there is nothing to skip.
  const bool is_open = segments_.size() == 1;
  if (is_open && oldest.sent > 0) {
    release_sent_chunks(oldest, released);
    return {};
  }
  skips_ |= is_open;
  return release_segment(released);
}

void TrackBuffer::release_sent_chunks(Segment& segment, Body& released) {
  for (; segment.sent > 0; --segment.sent) {
    bytes_ -= segment.chunks.front().bytes.size();
    released.push_back(std::move(segment.chunks.front().bytes));
    segment.chunks.pop_front();
  }
}

TrackBuffer::Loss TrackBuffer::release_segment(Body& released) {
  Segment& oldest = segments_.front();
  Loss loss;
  for (size_t i = 0; i < oldest.chunks.size(); ++i) {
    Chunk& chunk = oldest.chunks[i];
    const uint64_t size = chunk.bytes.size();
    bytes_ -= size;
    if (i >= oldest.sent) unsent_ -= size;
    if (!chunk.was_sent) loss = {loss.bytes + size, loss.chunks + 1};
    released.push_back(std::move(chunk.bytes));
  }
  released.push_back(std::move(oldest.header));
  segments_.pop_front();
  if (at_ > 0) --at_;
  return loss;
}

void TrackBuffer::forget_sent(MonotonicTime then, Body& released) {
  while (segments_.size() > 1 && is_sent(segments_.front()) && segments_.front().sent_at <= then)
    release_segment(released);
}

void TrackBuffer::clear(Body& released) {
  while (!segments_.empty()) release_segment(released);
  released.push_back(std::exchange(header_, {}));
}

}  // namespace origin::publish
