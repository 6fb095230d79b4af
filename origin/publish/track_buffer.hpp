// SPDX-License-Identifier: LGPL-2.1-or-later
// What one track has to send, and what it may have to send again, in segments. Knows neither clock nor
// network. One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "origin/base/bytes.hpp"
#include "origin/base/time.hpp"

namespace origin::publish {

// What a connection is to send next.
struct Piece {
  enum class Kind : uint8_t {
    kNothing,  // for now
    kHeader,
    kChunk,
    kEndOfTrack,  // the boxes that say so
    kDone,        // the body is over
  };
  Kind kind = Kind::kNothing;
  Bytes bytes;
};

class TrackBuffer {
 public:
  // What was never sent, and now never will be.
  struct Loss {
    uint64_t bytes = 0;
    uint64_t chunks = 0;
  };

  // Memory that is not needed any more is put into `released`, to be freed where no lock is held.

  // The next chunk starts a segment, unless the header is the one that counts already.
  void add_header(const Bytes& bytes, Body& released);
  // False: it is lost, since there is no header, or the beginning of its segment was dropped.
  bool add_chunk(const Bytes& bytes, bool starts_segment);
  // Nothing follows; `of_track`: ever, which is then said in the stream.
  void end(bool of_track);

  // What comes next counts as sent from `now` on.
  Piece next(MonotonicTime now);
  // A new connection: all that is kept is to be sent, after its header.
  void rewind();

  // Makes room. What was sent on this connection goes first, then the oldest segment; of one that is still
  // open, the rest is dropped as it comes. REQUIRES: bytes() > 0.
  Loss drop_oldest(Body& released);
  // Lets go of whole segments that were sent by `then`.
  void forget_sent(MonotonicTime then, Body& released);
  // Lets go of everything.
  void clear(Body& released);

  uint64_t bytes() const { return bytes_; }
  uint64_t unsent_bytes() const { return unsent_; }  // on this connection
  bool has_header() const { return format_ > 0; }
  bool has_ended() const { return ended_; }
  bool has_media() const { return has_media_; }  // had some, ever
  // When the first chunk was sent on this connection; nothing if none has been.
  std::optional<MonotonicTime> began() const { return began_; }
  // All is sent but that the track has ended.
  bool is_at_end_of_track() const;
  // What comes is dropped, until a segment starts.
  bool is_skipping() const { return skips_; }
  // Whether next() has something to say.
  bool has_next() const { return unsent_ > 0 || given_format_ != format_ || ended_; }

 private:
  struct Chunk {
    Bytes bytes;
    bool was_sent = false;  // on any connection
  };
  struct Segment {
    Bytes header;
    uint64_t format = 0;
    std::deque<Chunk> chunks;
    size_t sent = 0;  // chunks, on this connection
    MonotonicTime sent_at{};
  };

  bool is_sent(const Segment& segment) const { return segment.sent == segment.chunks.size(); }
  Piece give_header(const Bytes& header, uint64_t format);
  void release_sent_chunks(Segment& segment, Body& released);
  Loss release_segment(Body& released);

  std::deque<Segment> segments_;  // oldest first
  size_t at_ = 0;                 // before it, all are sent
  uint64_t bytes_ = 0;
  uint64_t unsent_ = 0;
  Bytes header_;
  uint64_t format_ = 0;        // counts headers
  uint64_t given_format_ = 0;  // that the connection is in
  std::optional<MonotonicTime> began_;
  bool has_media_ = false;
  bool opens_segment_ = false;
  bool skips_ = false;  // until a segment starts
  bool ended_ = false;
  bool end_is_to_be_said_ = false;
  bool end_was_said_ = false;
};

}  // namespace origin::publish
