// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/body_target.hpp"

#include <string>

namespace origin::http {

namespace {

class ObjectTarget final : public BodyTarget {
 public:
  ObjectTarget(store::Store& store, store::Upload::Options options, uint64_t max_bytes)
      : max_bytes_(max_bytes), upload_(store, std::move(options)) {}

  Status write(std::string_view bytes) override {
    if (upload_.size() + bytes.size() > max_bytes_) return too_large(max_bytes_);
    if (Status written = upload_.write(bytes); !written) return written;
    upload_.show();
    return {};
  }

  Status complete(Reply& reply) override {
    const Result<store::Upload::Completed> completed = upload_.complete();
    if (!completed) return completed.error();
    reply.status = completed->created ? 201 : 200;
    reply.add("ETag", completed->etag);
    reply.set_text({});
    return {};
  }

  int unsupported() const override { return 501; }

 private:
  const uint64_t max_bytes_;
  store::Upload upload_;
};

class PushTarget final : public BodyTarget {
 public:
  explicit PushTarget(std::unique_ptr<store::Push> push) : push_(std::move(push)) {}

  Status write(std::string_view bytes) override { return push_->write(bytes); }

  Status complete(Reply& reply) override {
    if (Status completed = push_->complete(); !completed) return completed;
    reply.set_text({});
    return {};
  }

  int unsupported() const override { return 415; }

 private:
  const std::unique_ptr<store::Push> push_;
};

}  // namespace

std::unique_ptr<BodyTarget> object_target(store::Store& store, store::Upload::Options options,
                                          uint64_t max_bytes) {
  return std::make_unique<ObjectTarget>(store, std::move(options), max_bytes);
}

std::unique_ptr<BodyTarget> push_target(std::unique_ptr<store::Push> push) {
  return std::make_unique<PushTarget>(std::move(push));
}

Error too_large(uint64_t max_bytes) {
  return {ErrorCode::kTooLarge, "an object has at most " + std::to_string(max_bytes) + " bytes here"};
}

}  // namespace origin::http
