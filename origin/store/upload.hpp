// SPDX-License-Identifier: LGPL-2.1-or-later
// An object on its way in: bytes as they come, readable meanwhile where its name was free, an object in one
// step at the end. One thread at a time; no I/O.
#pragma once

#include <memory>
#include <string>

#include "origin/base/ref.hpp"
#include "origin/store/store.hpp"

namespace origin::store {

class Upload {
 public:
  struct Options {
    std::string name;
    Headers headers;  // without etag and last_modified, which come with the content
    std::optional<uint64_t> expected_size;
    Duration hold_limit = 10s;  // of who waits for it
    Persistence persistence = Persistence::kEphemeral;
    std::optional<Duration> ttl;
    Precondition precondition;
  };
  // The store outlives it.
  Upload(Store& store, Options options);
  // Breaks it off unless it has been completed: what was there before stays as it was.
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  uint64_t size() const { return size_; }
  // Appends; readers get it when show() is called. kLimit: no memory.
  Status write(std::string_view bytes);
  void show();

  struct Completed {
    bool created = false;  // nothing had the name
    std::string etag;
  };
  // That was all. Errors: see Store::commit; it is broken off then.
  Result<Completed> complete();

 private:
  // Memory that is filled from its beginning on, while slices of what is filled are being read.
  struct Block {
    Bytes memory;  // counted by the budget
    uint8_t* data = nullptr;
    size_t filled = 0;
  };
  Status add_block(size_t wanted);
  void trim_last_block();
  Body body() const;

  Store& store_;
  Options options_;
  const TopicRef topic_;
  const GChecksumPtr checksum_;
  bool offered_ = false;
  bool over_ = false;
  uint64_t size_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace origin::store
