// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/publish/transfer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "origin/base/clock.hpp"
#include "origin/base/text.hpp"

namespace origin::publish {

namespace {

constexpr size_t kMostBody = 4096;          // of an answer
constexpr long kUploadBuffer = 256 * 1024;  // bytes; most chunks are less, and leave in one piece
constexpr int kMostUnsent = 128 * 1024;     // in the kernel and not on its way: what waits shall wait here

// What is in the kernel counts as sent: a network that is gone has to be noticed while that is still kept.
void set_socket_options(curl_socket_t socket, Duration loss_timeout) {
  const auto ms = static_cast<unsigned>(std::chrono::ceil<std::chrono::milliseconds>(loss_timeout).count());
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
  setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMostUnsent, sizeof kMostUnsent);
}

bool is_field(std::string_view line, std::string_view name, std::string_view& value) {
  const size_t colon = line.find(':');
  if (colon != name.size() || g_ascii_strncasecmp(line.data(), name.data(), colon) != 0) return false;
  value = trimmed(line.substr(colon + 1));
  return true;
}

}  // namespace

std::unique_ptr<Transfer> Transfer::start(CURLM* multi, const Request& request, Source source,
                                          MonotonicTime now) {
  std::unique_ptr<Transfer> transfer(
      new Transfer(multi, std::move(source), request.stall_timeout, request.loss_timeout, now));
  if (!transfer->set_up(request)) return nullptr;
  return transfer;
}

Transfer::Transfer(CURLM* multi, Source source, Duration stall_timeout, Duration loss_timeout,
                   MonotonicTime now)
    : multi_(multi),
      source_(std::move(source)),
      stall_timeout_(stall_timeout),
      loss_timeout_(loss_timeout),
      easy_(curl_easy_init()),
      progress_(now) {}

Transfer::~Transfer() {
  if (added_) curl_multi_remove_handle(multi_, easy_.get());
}

bool Transfer::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
  if (!longer) return false;
  (void)headers_.release();
  headers_.reset(longer);
  return true;
}

bool Transfer::set_up(const Request& request) {
  if (!easy_) return false;
  bool good = add_header("Content-Type: video/mp4") && add_header("Transfer-Encoding: chunked") &&
              add_header("Expect:");
  if (!request.api_key.empty()) good &= add_header("Authorization: Bearer " + request.api_key);
  const auto set = [&](CURLoption option, auto value) {
    good &= curl_easy_setopt(easy_.get(), option, value) == CURLE_OK;
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_POST, 1L);
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_USERAGENT, "gst-origin");
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kUploadBuffer);
  // A request whose body cannot be had twice needs a connection that is certainly good.
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);                // no wait for a resolver
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // what a proxy says is no answer
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_READDATA, this);
  set(
      CURLOPT_READFUNCTION, +[](char* buffer, size_t size, size_t count, void* self) {
        return static_cast<Transfer*>(self)->read(buffer, size * count);
      });
  set(CURLOPT_HEADERDATA, this);
  set(
      CURLOPT_HEADERFUNCTION, +[](char* line, size_t size, size_t count, void* self) {
        static_cast<Transfer*>(self)->take_header({line, size * count});
        return size * count;
      });
  set(CURLOPT_WRITEDATA, &answer_.body);
  set(
      CURLOPT_WRITEFUNCTION, +[](char* bytes, size_t size, size_t count, void* body) {
        auto& kept = *static_cast<std::string*>(body);
        kept.append(bytes, std::min(size * count, kMostBody - kept.size()));
        return size * count;
      });
  set(CURLOPT_SOCKOPTDATA, this);
  set(
      CURLOPT_SOCKOPTFUNCTION, +[](void* self, curl_socket_t socket, curlsocktype) {
        auto* transfer = static_cast<Transfer*>(self);
        set_socket_options(socket, transfer->loss_timeout_);
        transfer->watch_.add(socket);
        return static_cast<int>(CURL_SOCKOPT_OK);
      });
  added_ = good && curl_multi_add_handle(multi_, easy_.get()) == CURLM_OK;
  return added_;
}

// The head of the request has been sent.
void Transfer::begin(MonotonicTime now) {
  started_ = now;
  long port = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_LOCAL_PORT, &port);
  watch_.settle(port);
}

size_t Transfer::read(char* buffer, size_t room) {
  // Nothing is asked for any more; curl would go on.
  if (answered_) return CURL_READFUNC_ABORT;
  progress_ = Clock::system().monotonic();
  if (!started_) begin(progress_);
  if (taken_ == piece_.size()) {
    Piece piece = source_(progress_);
    piece_ = std::move(piece.bytes);
    taken_ = 0;
    paused_ = piece.kind == Piece::Kind::kNothing;
    body_ended_ = piece.kind == Piece::Kind::kDone;
    if (paused_) return CURL_READFUNC_PAUSE;
    if (body_ended_) return 0;
  }
  const size_t size = std::min(room, piece_.size() - taken_);
  std::memcpy(buffer, piece_.data() + taken_, size);
  taken_ += size;
  // The buffer of the track may let go of it, and so does the connection.
  if (taken_ == piece_.size()) {
    piece_ = {};
    taken_ = 0;
  }
  return size;
}

void Transfer::take_header(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  std::string_view value;
  if (line.starts_with("HTTP/")) {
    take_until(line, ' ');
    answer_.status = static_cast<int>(parse_number(take_until(line, ' ')).value_or(0));
  } else if (is_field(line, "location", value)) {
    answer_.redirect = value;
  } else if (line.empty() && answer_.status >= 200) {
    answered_ = true;
  }
}

void Transfer::resume(MonotonicTime now) {
  paused_ = false;
  progress_ = now;
  curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

bool Transfer::has_failed(MonotonicTime now) {
  if (answered_ && !body_ended_ && answer_.status < 300) {
    failure_ = answer_.text() + " before the end";
    return true;
  }
  // Refused: the body of the answer says why. curl reads it once it does not wait for ours any more.
  if (answered_ && paused_) resume(now);
  if (!answered_ && watch_.has_closed()) {
    failure_ = "the server has closed the connection";
    return true;
  }
  curl_off_t uploaded = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_UPLOAD_T, &uploaded);
  if (std::exchange(uploaded_, uploaded) != uploaded) progress_ = now;
  if (paused_ || now - progress_ < stall_timeout_) return false;
  if (!started_) {
    failure_ = "no connection within " + std::to_string(to_seconds(stall_timeout_)) + " s";
  } else {
    failure_ = body_ended_ ? "the server does not answer" : "the server takes nothing any more";
  }
  return true;
}

std::string Transfer::failure(CURLcode code) const {
  if (answer_.status >= 300) return answer_.text();
  if (!failure_.empty()) return failure_;
  if (answered_) return answer_.text() + " before the end";
  if (error_[0]) return error_;
  return code == CURLE_OK ? "the connection has ended" : curl_easy_strerror(code);
}

}  // namespace origin::publish
