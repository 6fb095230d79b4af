// SPDX-License-Identifier: LGPL-2.1-or-later
// What constants and numbers of a presentation the time of day does not tell, where a process that follows
// one that was killed finds them: a file of a few bytes for each presentation, in a folder that should be
// memory. Any thread.
#pragma once

#include <cstdint>
#include <string>

namespace origin::channel {

class SpentNumbers {
 public:
  struct Numbers {
    uint64_t sequence = 0;  // the newest that a segment has had before its time; 0: none
    uint64_t next_discontinuity =
        0;  // the first discontinuity sequence number that is free; 0: of none is known
    // What playlists have as target duration, and the segment duration that it is for; 0: not known yet.
    uint32_t target_duration = 0;   // seconds
    uint64_t segment_duration = 0;  // nanoseconds
    bool operator==(const Numbers&) const = default;
  };

  // The folder and the one that it is in are made when there is something to remember, for this user alone;
  // nobody else's is used. Empty: nothing is remembered, which is no error.
  explicit SpentNumbers(std::string folder) : folder_(std::move(folder)) {}

  // What is remembered of a presentation, whose name is valid.
  Numbers last(const std::string& presentation) const;
  // Instead of what was remembered before; nothing if all are 0. False if it cannot be written.
  bool remember(const std::string& presentation, Numbers numbers) const;
  const std::string& folder() const { return folder_; }

 private:
  bool is_ours() const;
  std::string path(const std::string& presentation) const {
    return folder_ + "/" + presentation + ".numbers";
  }

  const std::string folder_;
};

}  // namespace origin::channel
