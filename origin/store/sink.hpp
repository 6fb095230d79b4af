// SPDX-License-Identifier: LGPL-2.1-or-later
// Between who receives pushed media and who understands it: what is pushed to a publishing point is not
// stored as it comes, but taken apart and published. Called on HTTP workers; must not block.
#pragma once

#include <memory>
#include <string_view>

#include "origin/base/result.hpp"

namespace origin::store {

// The body of one request. One thread at a time.
class Push {
 public:
  // Without complete(), it broke off: what it has brought until then counts.
  virtual ~Push() = default;
  // The next bytes. Errors: kInvalid, kUnsupported (not what is taken here), kPrecondition (media whose
  // header is not there), kTooLarge, kLimit (memory is short), kEnded.
  virtual Status write(std::string_view bytes) = 0;
  // That was all of it.
  virtual Status complete() = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Opens what comes under a name below the publishing points, "live/video.cmfv". `query`: undecoded. Errors:
  // kInvalid, kNotFound (there is no such point), kExists (its presentation has another publisher).
  virtual Result<std::unique_ptr<Push>> push(std::string_view name, std::string_view query) = 0;
  // Ends a point, "live", or one of its tracks, "live/video.cmfv". Errors: kNotFound.
  virtual Status end(std::string_view name) = 0;
};

}  // namespace origin::store
