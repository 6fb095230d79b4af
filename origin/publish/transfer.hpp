// SPDX-License-Identifier: LGPL-2.1-or-later
// One request: a POST whose body comes piece by piece, as long as there is more. Of the thread that drives
// the curl multi handle.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "origin/base/time.hpp"
#include "origin/publish/answer.hpp"
#include "origin/publish/peer_watch.hpp"
#include "origin/publish/track_buffer.hpp"

namespace origin::publish {

class Transfer {
 public:
  struct Request {
    std::string url;
    std::string api_key;  // empty: none
    Duration stall_timeout{};
    // Unacknowledged bytes of this age end the connection.
    Duration loss_timeout{};
  };
  // What the body is; called from within curl_multi_perform.
  using Source = std::function<Piece(MonotonicTime now)>;

  // Begins at the next curl_multi_perform. `multi` outlives it. Null if there is no memory.
  static std::unique_ptr<Transfer> start(CURLM* multi, const Request& request, Source source,
                                         MonotonicTime now);
  // Closes the connection, without waiting for anything.
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return easy_.get(); }
  // The source had nothing; resume() asks it again.
  bool is_paused() const { return paused_; }
  void resume(MonotonicTime now);

  // When the head had been sent, that is, on a connection.
  std::optional<MonotonicTime> started() const { return started_; }
  // To be polled for something to read: the peer says or does something too early. -1 while there is none.
  int descriptor() const { return watch_.descriptor(); }
  // Whether it is over although curl goes on; to be asked after each curl_multi_perform.
  bool has_failed(MonotonicTime now);

  // ---- Once it is over ----
  const Answer& answer() const { return answer_; }
  // The whole body was sent, and the server has taken it.
  bool is_confirmed() const { return body_ended_ && answer_.status >= 200 && answer_.status < 300; }
  bool body_ended() const { return body_ended_; }
  // Why, on one line; `code` is curl's word, CURLE_OK if it has not spoken.
  std::string failure(CURLcode code) const;

 private:
  struct EasyCleanup {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct ListFree {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  Transfer(CURLM* multi, Source source, Duration stall_timeout, Duration loss_timeout, MonotonicTime now);
  bool set_up(const Request& request);
  bool add_header(const std::string& line);
  size_t read(char* buffer, size_t room);
  void take_header(std::string_view line);
  void begin(MonotonicTime now);

  CURLM* const multi_;
  const Source source_;
  const Duration stall_timeout_, loss_timeout_;
  PeerWatch watch_;
  std::unique_ptr<CURL, EasyCleanup> easy_;
  std::unique_ptr<curl_slist, ListFree> headers_;
  char error_[CURL_ERROR_SIZE] = "";
  bool added_ = false;

  Bytes piece_;  // that is being sent
  size_t taken_ = 0;
  bool paused_ = false;
  bool body_ended_ = false;
  std::optional<MonotonicTime> started_;
  MonotonicTime progress_;  // the newest sign of life
  curl_off_t uploaded_ = 0;
  Answer answer_;
  bool answered_ = false;  // a whole head, and not of an interim answer
  std::string failure_;    // found by has_failed()
};

}  // namespace origin::publish
