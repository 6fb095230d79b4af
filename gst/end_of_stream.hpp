// SPDX-License-Identifier: LGPL-2.1-or-later
// Which pads still bring data, and so when a presentation is over. Knows no pads, only their keys, and no
// time. Not locked: its owner does.
#pragma once

#include <map>

namespace gst {

class EndOfStream {
 public:
  using Key = const void*;
  enum class Verdict {
    kRunning,
    kWaitingForIdle,  // every pad that brought data has ended; some never brought any
    kOver,
  };

  void add(Key pad) { pads_.emplace(pad, State::kIdle); }
  // A pad that goes away counts as ended.
  void remove(Key pad) {
    if (pads_.erase(pad) > 0) any_ended_ = true;
  }
  void data(Key pad) { set(pad, State::kFlowing); }
  void ended(Key pad) {
    set(pad, State::kEnded);
    any_ended_ = true;
  }
  // Starts again with the same pads.
  void reset() {
    for (auto& [pad, state] : pads_) state = State::kIdle;
    any_ended_ = false;
  }

  Verdict verdict() const {
    bool idle = false;
    for (const auto& [pad, state] : pads_) {
      if (state == State::kFlowing) return Verdict::kRunning;
      idle |= state == State::kIdle;
    }
    if (!any_ended_) return Verdict::kRunning;
    return idle ? Verdict::kWaitingForIdle : Verdict::kOver;
  }

 private:
  enum class State { kIdle, kFlowing, kEnded };
  void set(Key pad, State state) {
    if (const auto found = pads_.find(pad); found != pads_.end()) found->second = state;
  }

  std::map<Key, State> pads_;
  bool any_ended_ = false;
};

}  // namespace gst
