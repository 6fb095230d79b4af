// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/fast_lane.hpp"

#include "origin/http/directives.hpp"
#include "origin/http/follower.hpp"
#include "origin/http/name.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

namespace {

// Fields that ask for something else than an answer to this request.
constexpr std::string_view kForeignFields[] = {"upgrade", "expect", "content-length", "http2-settings"};

// Sorts the fields of a head into their places. False if one of them is not for the fast lane, or is there
// twice, which only libsoup joins.
bool sort_fields(const transport::RequestHead& head, RequestFields& fields) {
  for (size_t i = 0; i < head.field_count; ++i) {
    const transport::HeaderField& field = head.fields[i];
    for (const std::string_view name : kForeignFields) {
      if (transport::equals_ignoring_case(field.name, name)) return false;
    }
    for (const NamedField& known : kRequestFields) {
      if (!transport::equals_ignoring_case(field.name, known.name)) continue;
      std::string_view& value = fields.*known.value;
      if (value.data()) return false;
      value = field.value;
      break;
    }
  }
  return true;
}

// An HTTP/1.1 GET or HEAD in origin form and without a body.
bool is_plain(const transport::RequestHead& head) {
  if ((head.method != "GET" && head.method != "HEAD") || head.has_body) return false;
  const std::string_view line = head.bytes.substr(0, head.bytes.find('\r'));
  return line[head.method.size() + 1] == '/' && line.ends_with(" HTTP/1.1");
}

}  // namespace

// A held request: what its answer depends on, and where it goes.
class FastLane::Parked final : public HoldList::Waiter {
 public:
  Parked(FastLane& lane, transport::Connection& connection, const Request& request, bool keep_alive,
         Visit visit)
      : lane_(lane),
        connection_(connection),
        keep_alive_(keep_alive),
        visit_(std::move(visit)),
        request_(request) {
    visit_.note_held();
    keep();
    connection_.on_gone([this] {
      gone_ = true;
      lane_.holds_.drop(*this);
    });
  }
  ~Parked() override {
    if (!gone_ && !answered_) connection_.on_gone({});
  }

  std::optional<Hold> look_again() override {
    Hold hold;
    if (lane_.router_.route(request_, lane_.reply_, hold) == Router::Outcome::kHold) return hold;
    send();
    return std::nullopt;
  }

  bool is_still_admitted() const override {
    return lane_.shared_.gate.still_admits(request_.grant, access::Right::kRead, request_.name);
  }

  void give_up(std::string_view reason, bool close) override {
    set_unavailable(lane_.reply_, reason);
    lane_.reply_.has_body = request_.method == Method::kGet;
    lane_.reply_.close = close;
    lane_.reply_.not_yet = !close;
    send();
  }

 private:
  // Copies what the request's views point at, and lets go of what only matters at the first look.
  void keep() {
    request_.again = true;
    request_.may_follow = false;
    request_.fields.user_agent = request_.fields.forwarded_for = {};
    request_.remote_address = {};
    const std::string directives = directives_of(request_.query);
    request_.query = directives;
    std::string_view* kept[2 + std::size(kRequestFields)] = {&request_.name, &request_.query};
    size_t count = 2, size = request_.name.size() + request_.query.size();
    for (const NamedField& field : kRequestFields) {
      std::string_view& value = request_.fields.*field.value;
      size += value.size();
      kept[count++] = &value;
    }
    text_.reserve(size);
    for (std::string_view* view : kept) {
      const size_t begin = text_.size();
      text_.append(*view);
      *view = std::string_view(text_).substr(begin);
    }
  }

  void send() {
    answered_ = true;
    lane_.send(connection_, keep_alive_, std::move(visit_));
  }

  FastLane& lane_;
  transport::Connection& connection_;
  const bool keep_alive_;
  bool gone_ = false;
  bool answered_ = false;
  Visit visit_;
  Request request_;
  std::string text_;
};

bool FastLane::take(transport::Connection& connection, const transport::RequestHead& head,
                    const access::GrantRef& grant, Visit& visit) {
  if (!is_plain(head)) return false;
  Request request{.method = head.method == "GET" ? Method::kGet : Method::kHead,
                  .name = head.path.substr(1),
                  .query = head.query,
                  .remote_address = connection.remote_address(),
                  .fields = {},
                  .grant = grant};
  if (!sort_fields(head, request.fields)) return false;
  request.may_follow = request.method == Method::kGet && request.fields.range.empty();
  // The guard lets nothing else through that a name cannot have.
  if (request.name.find('%') != std::string_view::npos) {
    Result<std::string> name = parse_name(head.path);
    if (!name) return false;
    name_ = *std::move(name);
    request.name = name_;
  }
  Hold hold;
  const Router::Outcome outcome = router_.route_stored(request, reply_, hold);
  if (outcome == Router::Outcome::kNotStored) return false;
  shared_.requests_in_fast_lane.fetch_add(1, std::memory_order_relaxed);
  if (outcome != Router::Outcome::kReply) {
    if (holds_.has_room()) {
      if (outcome == Router::Outcome::kFollow) {
        follow(connection, std::move(hold), head.keep_alive, grant, std::move(visit));
        return true;
      }
      holds_.add(std::move(hold),
                 std::make_unique<Parked>(*this, connection, request, head.keep_alive, std::move(visit)));
      return true;
    }
    set_unavailable(reply_, shared_.no_room_reason());
    reply_.has_body = request.method == Method::kGet;
  }
  send(connection, head.keep_alive, std::move(visit));
  return true;
}

void FastLane::follow(transport::Connection& connection, Hold hold, bool keep_alive, access::GrantRef grant,
                      Visit visit) {
  wire_.begin(connection, reply_, keep_alive);
  const bool chunked = !reply_.content_length;
  reply_.reset();
  // Nobody would tell the follower any more.
  if (connection.delivery() == transport::Connection::Delivery::kBroken) return;
  auto follower = std::make_unique<Follower>(holds_, shared_, connection, hold.topic, chunked,
                                             std::move(grant), std::move(visit), wire_.request_id());
  hold = follower->hold();
  holds_.add(std::move(hold), std::move(follower));
}

void FastLane::send(transport::Connection& connection, bool keep_alive, Visit visit) {
  wire_.send(connection, reply_, 1, keep_alive, std::move(visit));
  // The object is not to be kept until the next request.
  reply_.reset();
}

}  // namespace origin::http
