// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads HTTP/1.1 responses as they come off a socket (RFC 9112). One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace origin::bench {

class ResponseParser {
 public:
  // Takes bytes off the front of `rest` and gives what of them is body, empty if none. Takes nothing more
  // once the response is complete or has failed: what is left then belongs to the next one, after reset().
  std::string_view feed(std::string_view& rest);
  // The peer has closed. Whether the response is complete by that.
  bool finish();
  void reset();

  bool started() const { return started_; }
  bool complete() const { return stage_ == Stage::kComplete; }
  bool failed() const { return stage_ == Stage::kFailed; }
  // Head read, body not finished.
  bool in_body() const { return stage_ > Stage::kField && stage_ < Stage::kComplete; }
  // What is wrong, for a person. REQUIRES: failed().
  const char* error() const { return error_; }

  // From here on REQUIRES: the head has been read.
  int status() const { return status_; }
  // The connection can carry another request. REQUIRES: complete().
  bool keeps_alive() const;
  // Of the first field of this name, whatever its case; empty if there is none.
  std::string_view field(std::string_view name) const;
  bool contradicts(std::string_view name, std::string_view value) const;

 private:
  enum class Stage {
    kStatusLine,
    kField,
    kLength,
    kUntilClose,
    kChunkSize,
    kChunk,
    kChunkEnd,
    kTrailer,
    kComplete,
    kFailed
  };

  bool take_line(std::string_view& rest);
  void on_line();
  void on_status_line();
  void on_field();
  void on_head();
  void on_length(std::string_view lengths);
  void on_chunk_size();
  std::string_view take_body(std::string_view& rest);
  void fail(const char* error);

  Stage stage_ = Stage::kStatusLine;
  bool started_ = false;
  std::string line_;  // the one being read
  std::string head_;  // field lines, each with '\n' at its end
  int status_ = 0;
  int minor_version_ = 1;
  bool until_close_ = false;
  uint64_t left_ = 0;  // of the body or the chunk
  const char* error_ = "";
};

}  // namespace origin::bench
