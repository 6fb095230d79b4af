// SPDX-License-Identifier: LGPL-2.1-or-later
// Ten thousand requests that wait for one version of a playlist. They come from a process of their own, since
// each of both ends is a descriptor.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/http_fixture.hpp"

using namespace origin;
using namespace origin::tests;

namespace {

constexpr size_t kClients = 10'000;
constexpr rlim_t kOtherDescriptors = 200;
constexpr char kPlaylist[] = "live/v/index.m3u8";

size_t clients_that_fit() {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
  return std::min<rlim_t>(kClients, limit.rlim_max - kOtherDescriptors);
}

HeaderList headers_of(size_t client) {
  return client % 2 ? HeaderList{{"Accept-Encoding", "gzip"}} : HeaderList{};
}

// In the other process. Whether all got the same bytes.
bool wait_for_a_version(uint16_t port, size_t count) {
  std::vector<HttpClient> clients;
  for (size_t i = 0; i < count; ++i) {
    clients.emplace_back(port);
    clients.back().send_request("GET", "/live/v/index.m3u8?_HLS_msn=10&_HLS_part=2", headers_of(i));
  }
  std::string bodies[2];
  for (size_t i = 0; i < count; ++i) {
    const HttpReply reply = clients[i].read_reply();
    std::string& first = bodies[i % 2];
    if (first.empty()) first = reply.body;
    if (reply.status != 200 || reply.body != first) return false;
  }
  return gunzip(bodies[1], bodies[0].size()) == bodies[0];
}

class OtherProcess {
 public:
  explicit OtherProcess(size_t clients) {
    ck_assert_int_eq(pipe(port_), 0);
    id_ = fork();
    ck_assert_int_ge(id_, 0);
    if (id_ > 0) return;
    uint16_t port = 0;
    const bool told = read(port_[0], &port, sizeof(port)) == sizeof(port);
    _exit(told && wait_for_a_version(port, clients) ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  ~OtherProcess() {
    close(port_[0]);
    close(port_[1]);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  void begin(uint16_t port) const { ck_assert_int_eq(write(port_[1], &port, sizeof(port)), sizeof(port)); }
  bool succeeded() const {
    int status = 0;
    ck_assert_int_eq(waitpid(id_, &status, 0), id_);
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
  }

 private:
  int port_[2];
  pid_t id_;
};

http::Server::Options for_one_address(size_t clients) {
  http::Server::Options options = HttpFixture::options();
  options.transport.limits.max_connections_per_address = static_cast<uint32_t>(clients) + 10;
  return options;
}

store::MessageRef version(const HttpFixture& origin, uint64_t parts) {
  const auto render = [](uint8_t edition) -> store::ObjectRef {
    return edition ? nullptr : store::make_object({Bytes::take(std::string(10'000, '#'))}, {});
  };
  return std::make_shared<const store::Message>(
      store::Position{10, parts}, render, origin.store.renderings(),
      store::Ahead{.parts_before = 4, .max_parts = 6, .hold_limit = 60s, .awaited_cache_control = ""});
}

}  // namespace

START_TEST(test_ten_thousand_who_wait_cost_one_rendering) {
  const size_t clients = clients_that_fit();
  const OtherProcess other(clients);  // before this one has threads
  HttpFixture origin(for_one_address(clients));
  const auto topic = origin.store.create_topic(kPlaylist, {.hold_limit = 60s});
  topic->publish(version(origin, 2));
  other.begin(origin.port);
  while (json_number(origin.get("/api/server").body, "held") < clients) g_usleep(10'000);
  topic->publish(version(origin, 3));
  ck_assert(other.succeeded());
  const std::string statistics = origin.get("/api/server").body;
  ck_assert_uint_eq(json_number(statistics, "rendered"), 1);
  ck_assert_uint_eq(json_number(statistics, "compressed"), 1);
}
END_TEST

int main() {
  const Test tests[] = {test_ten_thousand_who_wait_cost_one_rendering};
  return run_tests("http waiters", tests, 240);
}
