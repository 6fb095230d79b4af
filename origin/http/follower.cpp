// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/follower.hpp"

#include <cinttypes>
#include <cstdio>

#include "origin/http/range.hpp"

namespace origin::http {

Follower::Follower(HoldList& holds, Shared& shared, transport::Connection& connection, store::TopicRef topic,
                   bool chunked, access::GrantRef grant, Visit visit, std::string_view request_id)
    : holds_(holds),
      shared_(shared),
      connection_(connection),
      topic_(std::move(topic)),
      chunked_(chunked),
      grant_(std::move(grant)),
      visit_(std::move(visit)),
      request_id_(request_id) {
  visit_.note_held();
  connection_.on_gone([this] {
    over_ = true;
    end_visit();
    holds_.drop(*this);
  });
}

Follower::~Follower() {
  if (!over_) connection_.on_gone({});
}

Hold Follower::hold() const {
  return {topic_, {sent_ + 1, 0}, Duration::max()};
}

std::optional<Hold> Follower::look_again() {
  const bool sealed = topic_->sealed();  // asked first: no message comes after it
  const store::MessageRef newest = topic_->newest();
  if (newest && newest->position().major > sent_) send_from(*newest->form({}));
  if (over_) return std::nullopt;
  if (!sealed) return hold();
  end(topic_->completed());
  return std::nullopt;
}

void Follower::send_from(const store::Object& object) {
  Body piece = slice_body(object.body, {sent_, object.size - 1});
  if (chunked_) {
    char size[24];
    const int length = std::snprintf(size, sizeof size, "%" PRIx64 "\r\n", object.size - sent_);
    piece.insert(piece.begin(), Bytes::copy_of(std::string_view(size, static_cast<size_t>(length))));
    piece.push_back(Bytes::of_static("\r\n"));
  }
  shared_.charge(topic_->name(), Namespaces::Traffic::kRead, object.size - sent_);
  sent_ = object.size;
  connection_.continue_response(std::move(piece));
}

void Follower::end(bool complete) {
  over_ = true;
  connection_.on_gone({});
  if (complete && chunked_) connection_.continue_response({Bytes::of_static("0\r\n\r\n")});
  connection_.end_response(complete);
  end_visit();
}

void Follower::end_visit() {
  Reply reply;
  reply.stored = true;
  visit_.end(reply, request_id_, connection_);
}

bool Follower::is_still_admitted() const {
  return shared_.gate.still_admits(grant_, access::Right::kRead, topic_->name());
}

void Follower::give_up(std::string_view, bool) {
  end(false);
}

}  // namespace origin::http
