// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/store/upload.hpp"

#include <algorithm>
#include <cstdlib>

namespace origin::store {

namespace {

// Small enough for a thousand uploads that never go on, and large enough for few pieces of a long one.
constexpr size_t kLeastBlock = 16 * 1024;
constexpr size_t kMostBlock = 1024 * 1024;
// Hexadecimal digits of the content's SHA-256 that an entity tag has.
constexpr size_t kTagDigits = 32;

TopicOptions topic_options(const Upload::Options& options) {
  TopicOptions topic;
  topic.hold_limit = options.hold_limit;
  topic.growing = true;
  topic.expected_size = options.expected_size;
  topic.headers = options.headers;
  return topic;
}

}  // namespace

Upload::Upload(Store& store, Options options)
    : store_(store),
      options_(std::move(options)),
      topic_(std::make_shared<Topic>(options_.name, topic_options(options_))),
      checksum_(g_checksum_new(G_CHECKSUM_SHA256)),
      offered_(store.offer(topic_)) {}

Upload::~Upload() {
  if (!over_) store_.withdraw(topic_);
}

Status Upload::write(std::string_view bytes) {
  g_checksum_update(checksum_.get(), reinterpret_cast<const guchar*>(bytes.data()),
                    static_cast<gssize>(bytes.size()));
  while (!bytes.empty()) {
    if (blocks_.empty() || blocks_.back().filled == blocks_.back().memory.size()) {
      if (Status added = add_block(bytes.size()); !added) return added;
    }
    Block& block = blocks_.back();
    const size_t count = std::min(bytes.size(), block.memory.size() - block.filled);
    std::copy_n(bytes.data(), count, block.data + block.filled);
    block.filled += count;
    size_ += count;
    bytes.remove_prefix(count);
  }
  return {};
}

// As long as all before it, within bounds, but no longer than what is to come if that is known.
Status Upload::add_block(size_t wanted) {
  uint64_t length = std::clamp<uint64_t>(size_, kLeastBlock, kMostBlock);
  if (options_.expected_size && *options_.expected_size > size_)
    length = std::min(length, *options_.expected_size - size_);
  length = std::max<uint64_t>(length, std::min(wanted, kLeastBlock));
  auto* data = static_cast<uint8_t*>(std::calloc(1, length));
  if (!data) return Error{ErrorCode::kLimit, "no memory for " + std::to_string(length) + " bytes more"};
  const Bytes memory(Ref<GBytes>::adopt(g_bytes_new_with_free_func(data, length, std::free, data)));
  Result<Bytes> admitted = store_.admit(memory);
  if (!admitted) return admitted.error();
  blocks_.push_back({*std::move(admitted), data, 0});
  return {};
}

Body Upload::body() const {
  Body body;
  body.reserve(blocks_.size());
  for (const Block& block : blocks_) body.push_back(block.memory.slice(0, block.filled));
  return body;
}

void Upload::show() {
  if (!offered_) return;
  topic_->publish(std::make_shared<const Message>(Position{size_, 0}, make_object(body(), options_.headers)));
}

// What was set aside for more is given back where it is worth a copy.
void Upload::trim_last_block() {
  if (blocks_.empty()) return;
  Block& block = blocks_.back();
  if (block.filled > block.memory.size() / 4 * 3) return;
  const Bytes copy = Bytes::copy_of(ByteSpan(block.data, block.filled));
  block.memory = store_.count(copy);
  block.data = nullptr;
}

Result<Upload::Completed> Upload::complete() {
  trim_last_block();
  std::string tag = g_checksum_get_string(checksum_.get());
  tag.resize(kTagDigits);
  Object object{.body = body(), .headers = options_.headers, .persistence = options_.persistence};
  object.headers.etag = '"' + tag + '"';
  object.headers.last_modified = store_.clock().utc();
  Completed completed{false, object.headers.etag};
  const Result<bool> created =
      store_.commit(topic_, std::move(object), {.pinned = false, .ttl = options_.ttl}, options_.precondition);
  if (!created) return created.error();
  over_ = true;
  completed.created = *created;
  return completed;
}

}  // namespace origin::store
