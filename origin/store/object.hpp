// SPDX-License-Identifier: LGPL-2.1-or-later
// Immutable bytes under a name, and what HTTP needs to answer for them. Any thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "origin/base/bytes.hpp"
#include "origin/base/time.hpp"

namespace origin::store {

struct Headers {
  std::string content_type = "application/octet-stream";
  std::string cache_control;  // of a successful answer; empty: none is sent
  std::string etag;           // strong validator with its quotes; empty: none is sent
  UtcTime last_modified{};
  bool gzip = false;                                        // the body is compressed
  bool has_forms = false;                                   // the same content is there compressed and plain
  std::vector<std::pair<std::string, std::string>> custom;  // given back as they are
};

enum class Persistence : uint8_t { kEphemeral, kDurable };

// A text that readers make of an object once, for all who come after. A copy of the object begins without.
class Memo {
 public:
  Memo() = default;
  Memo(const Memo&) {}
  Memo& operator=(const Memo&) = delete;
  ~Memo() { delete text_.load(std::memory_order_relaxed); }

  // Every caller has to ask for the same text.
  template <typename Make>
  const std::string& get(Make make) const {
    if (const std::string* text = text_.load(std::memory_order_acquire)) return *text;
    auto made = std::make_unique<const std::string>(make());
    const std::string* first = nullptr;
    if (text_.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel)) return *made.release();
    return *first;
  }

 private:
  mutable std::atomic<const std::string*> text_{nullptr};
};

struct Object {
  Body body;
  Headers headers;
  Persistence persistence = Persistence::kEphemeral;
  // That of the body: computed by Store::put and make_object().
  uint64_t size = 0;
  // The lines that every whole answer with this object begins with.
  Memo response_fields{};
};

using ObjectRef = std::shared_ptr<const Object>;

inline ObjectRef make_object(Body body, Headers headers) {
  const uint64_t size = body_size(body);
  return std::make_shared<const Object>(
      Object{.body = std::move(body), .headers = std::move(headers), .size = size});
}

}  // namespace origin::store
