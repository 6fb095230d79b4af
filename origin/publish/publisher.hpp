// SPDX-License-Identifier: LGPL-2.1-or-later
// Sends one presentation to a remote origin over HTTP: docs/http-api.md, "Pushed media". Any thread, but for
// the destructor and finish(): not from a Listener. Only finish() and wait_for_room() wait.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "origin/base/bytes.hpp"
#include "origin/base/result.hpp"
#include "origin/base/time.hpp"

namespace origin::publish {

struct Options {
  // "http://origin:8080" or https, perhaps with a path before which everything is:
  // "https://edge/live-origin". Certificates are verified with those that the system trusts; proxies of the
  // environment (http_proxy, no_proxy) are used.
  std::string location;
  std::string presentation;  // its name there
  // How the presentation is to be, without '?' ("segment_duration=2&part_duration=0.5"). publisher=<a random
  // text> and aligned=true are added.
  std::string query;
  std::string api_key;  // sent as Authorization: Bearer; empty: none
  // Bytes of all tracks that are kept for being sent, or for being sent again.
  uint64_t max_buffered = 32 << 20;
  // What was sent so recently is sent again on a new connection, since nobody knows what has arrived.
  Duration keep_sent = 10s;
  // Between tries; doubles from one to the next. A connection that holds for longer than retry_after counts.
  Duration retry_after = 250ms;
  Duration max_retry_after = 2s;
  // A connection that takes nothing for so long although there is something to send is given up, and so is
  // one without an answer.
  Duration stall_timeout = 10s;
};

// Told what happens. Called on the publisher's thread with no lock held; must not wait.
class Listener {
 public:
  virtual ~Listener() = default;
  // All tracks that have a header are being sent. First, and after each disconnected().
  virtual void connected() = 0;
  // Something is not being sent, and is tried again. Once per outage, also where the first try fails.
  // `reason` is one line for a person.
  virtual void disconnected(const std::string& reason) = 0;
  // Media that was never sent is lost, since more would be kept than max_buffered. Once for a track until all
  // that is left of it has been sent; Stats has what it comes to.
  virtual void dropped(const std::string& track, uint64_t bytes, uint64_t chunks) = 0;
  // The server will not have it, and trying again will not change that. Once; nothing is kept or sent any
  // more. kInvalid, kNotFound, kTooLarge or kUnsupported, with the server's status and words.
  virtual void refused(const Error& error) = 0;
};

struct Stats {
  uint64_t bytes_sent = 0;      // of media, and each time that it is sent
  uint64_t bytes_buffered = 0;  // kept now, sent ones included
  uint64_t bytes_unsent = 0;    // of those
  uint64_t bytes_dropped = 0;   // lost: never sent, since the buffer was full
  uint64_t chunks_dropped = 0;
  uint64_t reconnections = 0;  // outages that are over
  bool connected = false;
  std::string last_failure;  // why a request ended before its time; empty if none has
};

class Publisher {
 public:
  using TrackId = uint32_t;

  // Returns at once; the first connection is made when there is a header. `listener` may be null. Errors:
  // kInvalid, naming the value and what would be right.
  static Result<std::unique_ptr<Publisher>> start(Options options, std::shared_ptr<Listener> listener);
  // Ends at once, whatever the network does; what is not sent by then is not sent.
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // `name` is what the track is called at the server, and of no other track here. It outlives the track's
  // end. Errors: kInvalid, kExists.
  Result<TrackId> add_track(const std::string& name);

  // What is said of a track, from its next connection on: name=value&name=value, escaped.
  void describe(TrackId track, std::string query);

  // What follows is of one thread at a time for each track. After end(), finish() or Listener::refused() it
  // does nothing.

  // A CMAF header (ftyp moov). A second one is a new format, and the next chunk starts a segment.
  void header(TrackId track, const Bytes& bytes);
  // One CMAF chunk ([styp] [prft] moof mdat), sent as soon as it is there. Only a reference is kept. One that
  // comes before a header, or when what it depends on had to be dropped, is dropped.
  void chunk(TrackId track, const Bytes& bytes, bool starts_segment);
  // Nothing follows: the server is told that the track has ended. Not before it knows all tracks that have
  // media by then, since a presentation is over once all that it knows have ended.
  void end(TrackId track);

  // Waits until there is room, or nothing is taken any more: less than half of max_buffered is unsent. For
  // media that comes faster than it can be sent, and is to lose nothing. False: not within the timeout.
  bool wait_for_room(Duration timeout);

  // Waits until all is sent and the server has confirmed it, `timeout` at most, and closes. Tracks that have
  // not ended stay as they are at the server, and somebody may go on with them. Errors: kUnavailable (not
  // within the timeout), or what refused() said. Once.
  Status finish(Duration timeout);

  Stats stats() const;

 private:
  struct Impl;
  explicit Publisher(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace origin::publish
