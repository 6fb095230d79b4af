// SPDX-License-Identifier: LGPL-2.1-or-later
// What the body of a request that writes goes into: an object, or a publishing point. On the worker's thread.
#pragma once

#include <memory>
#include <string_view>

#include "origin/base/result.hpp"
#include "origin/http/reply.hpp"
#include "origin/store/sink.hpp"
#include "origin/store/upload.hpp"

namespace origin::http {

// Without complete(), the body broke off.
class BodyTarget {
 public:
  virtual ~BodyTarget() = default;
  virtual Status write(std::string_view bytes) = 0;
  // That was all of it: sets the reply.
  virtual Status complete(Reply& reply) = 0;
  // The status for kUnsupported.
  virtual int unsupported() const = 0;
};

std::unique_ptr<BodyTarget> object_target(store::Store& store, store::Upload::Options options,
                                          uint64_t max_bytes);
std::unique_ptr<BodyTarget> push_target(std::unique_ptr<store::Push> push);

// kTooLarge
Error too_large(uint64_t max_bytes);

}  // namespace origin::http
