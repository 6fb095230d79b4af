// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/output_queue.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace origin::transport {

namespace {

constexpr size_t kPieces = 64;  // of one system call

struct Pieces {
  void add(const void* data, size_t size) {
    if (size == 0) return;
    vector[count++] = {const_cast<void*>(data), size};
    total += size;
  }

  iovec vector[kPieces];
  size_t count = 0;
  size_t total = 0;
};

// Bytes sent; -1 with kBlocked or kBroken in `result`.
ssize_t send_pieces(int fd, Pieces& pieces, OutputQueue::Result& result) {
  msghdr message = {};
  message.msg_iov = pieces.vector;
  message.msg_iovlen = pieces.count;
  for (;;) {
    const ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    const bool full = errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
    result = full ? OutputQueue::Result::kBlocked : OutputQueue::Result::kBroken;
    return -1;
  }
}

// Calls visit(piece, offset, size) for each piece of the body that has bytes from `offset` on, until it
// returns false.
template <typename Visit>
void for_each_piece(const Body& body, uint64_t offset, uint64_t length, Visit visit) {
  for (const Bytes& piece : body) {
    if (length == 0) return;
    if (offset >= piece.size()) {
      offset -= piece.size();
      continue;
    }
    const uint64_t size = std::min<uint64_t>(length, piece.size() - offset);
    if (!visit(piece, static_cast<size_t>(offset), static_cast<size_t>(size))) return;
    offset = 0;
    length -= size;
  }
}

// An assignment would keep the memory.
template <typename Container>
void let_go(Container& container) {
  Container().swap(container);
}

}  // namespace

void OutputQueue::push(Body body) {
  std::erase_if(body, [](const Bytes& bytes) { return bytes.empty(); });
  if (body_.empty()) {
    body_ = std::move(body);
  } else {
    body_.insert(body_.end(), body.begin(), body.end());
  }
}

void OutputQueue::clear() {
  let_go(text_);
  text_offset_ = 0;
  let_go(body_);
  body_index_ = body_offset_ = 0;
}

void OutputQueue::advance(size_t count) {
  const size_t of_text = std::min(count, text_.size() - text_offset_);
  text_offset_ += of_text;
  count -= of_text;
  if (text_offset_ == text_.size()) {
    let_go(text_);
    text_offset_ = 0;
  }
  while (count > 0) {
    const size_t of_piece = std::min(count, body_[body_index_].size() - body_offset_);
    body_offset_ += of_piece;
    count -= of_piece;
    if (body_offset_ < body_[body_index_].size()) break;
    body_[body_index_++] = {};  // a slow reader holds only what it has not got
    body_offset_ = 0;
  }
  if (body_index_ == body_.size()) {
    let_go(body_);
    body_index_ = 0;
  }
}

OutputQueue::Result OutputQueue::begin(int fd, const Response& response, size_t budget, uint64_t& sent) {
  Pieces pieces;
  for (const std::string_view text : response.head) pieces.add(text.data(), text.size());
  const uint64_t whole = pieces.total + response.length;
  if (response.length > 0) {
    for_each_piece(*response.body, response.offset, response.length,
                   [&](const Bytes& piece, size_t offset, size_t size) {
                     pieces.add(piece.data() + offset, size);
                     return pieces.count < kPieces && pieces.total < budget;
                   });
  }
  Result result = Result::kBlocked;
  const ssize_t count = budget > 0 ? send_pieces(fd, pieces, result) : 0;
  if (count < 0 && result == Result::kBroken) return result;
  const auto gone = static_cast<uint64_t>(std::max<ssize_t>(count, 0));
  sent += gone;
  if (gone == whole) return Result::kDone;
  keep(response, gone);
  if (gone < pieces.total) return Result::kBlocked;
  return send(fd, budget - std::min<size_t>(budget, gone), sent);
}

// What is left of a response of which `sent` bytes are gone.
void OutputQueue::keep(const Response& response, uint64_t sent) {
  for (std::string_view text : response.head) {
    const size_t of_text = std::min<uint64_t>(sent, text.size());
    text_.append(text.substr(of_text));
    sent -= of_text;
  }
  if (response.length == 0) return;
  for_each_piece(*response.body, response.offset + sent, response.length - sent,
                 [&](const Bytes& piece, size_t offset, size_t size) {
                   body_.push_back(piece.slice(offset, size));
                   return true;
                 });
}

OutputQueue::Result OutputQueue::send(int fd, size_t budget, uint64_t& sent) {
  while (!empty()) {
    if (budget == 0) return Result::kBudget;
    Pieces pieces;
    pieces.add(text_.data() + text_offset_, text_.size() - text_offset_);
    size_t offset = body_offset_;
    for (size_t i = body_index_; i < body_.size() && pieces.count < kPieces && pieces.total < budget; ++i) {
      pieces.add(body_[i].data() + offset, std::min(body_[i].size() - offset, budget - pieces.total));
      offset = 0;
    }
    Result result = Result::kDone;
    const ssize_t count = send_pieces(fd, pieces, result);
    if (count < 0) return result;
    sent += static_cast<uint64_t>(count);
    advance(static_cast<size_t>(count));
    if (static_cast<size_t>(count) < pieces.total) return Result::kBlocked;
    budget -= std::min(budget, pieces.total);
  }
  return Result::kDone;
}

ssize_t OutputQueue::send_with(int fd, std::string_view data, uint64_t& sent, Result& result) {
  result = Result::kDone;
  Pieces pieces;
  const size_t held = text_.size() - text_offset_;
  pieces.add(text_.data() + text_offset_, held);
  pieces.add(data.data(), data.size());
  const ssize_t count = send_pieces(fd, pieces, result);
  if (count < 0) return -1;
  sent += static_cast<uint64_t>(count);
  if (static_cast<size_t>(count) < pieces.total) result = Result::kBlocked;
  const size_t of_held = std::min(held, static_cast<size_t>(count));
  advance(of_held);
  if (of_held < held) return -1;
  return count - static_cast<ssize_t>(of_held);
}

}  // namespace origin::transport
