// SPDX-License-Identifier: LGPL-2.1-or-later
// What is in memory is answered without allocating any. Every allocation of the process is counted but those
// of the client's thread; so this is a program of its own, and not for sanitizers.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "tests/http_fixture.hpp"

using namespace origin;
using namespace origin::tests;

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
}

namespace {

std::atomic<uint64_t> allocations{0};  // of other threads than the client's
thread_local bool is_client = false;

void note_allocation() {
  if (!is_client) allocations.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

extern "C" void* malloc(size_t size) {
  note_allocation();
  return __libc_malloc(size);
}
extern "C" void* calloc(size_t count, size_t size) {
  note_allocation();
  return __libc_calloc(count, size);
}
extern "C" void* realloc(void* memory, size_t size) {
  note_allocation();
  return __libc_realloc(memory, size);
}

namespace {

struct Case {
  const char* name;
  const char* request;
  const char* status;
};

constexpr Case kCases[] = {
    {"object", "GET /live/v/1.m4s HTTP/1.1\r\nHost: a\r\nUser-Agent: a player of some length\r\n\r\n", "200"},
    {"head", "HEAD /live/v/1.m4s HTTP/1.1\r\nHost: a\r\n\r\n", "200"},
    {"not modified", "GET /live/v/1.m4s HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"v1\"\r\n\r\n", "304"},
    {"playlist", "GET /live/v/index.m3u8?CMCD=sid%3D1 HTTP/1.1\r\nHost: a\r\n\r\n", "200"},
    {"range", "GET /live/v/1.m4s HTTP/1.1\r\nHost: a\r\nRange: bytes=2-5\r\n\r\n", "206"},
    {"rest", "GET /live/v/1.m4s HTTP/1.1\r\nHost: a\r\nRange: bytes=2-\r\nIf-Range: \"v1\"\r\n\r\n", "206"},
    {"compressed", "GET /live/v/index.m3u8?_HLS_msn=9 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n",
     "200"},
};

int connect_to(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ck_assert_int_eq(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

// The answer to one request.
void exchange(int fd, std::string_view request, std::string_view status) {
  char answer[4096];
  ck_assert_int_eq(send(fd, request.data(), request.size(), MSG_NOSIGNAL),
                   static_cast<ssize_t>(request.size()));
  const ssize_t size = recv(fd, answer, sizeof(answer), 0);
  ck_assert_int_gt(size, 12);
  ck_assert_int_eq(std::memcmp(answer + 9, status.data(), 3), 0);
}

START_TEST(test_hit_allocates_nothing) {
  const Case& wanted = kCases[_i];
  is_client = true;
  http::Server::Options options = HttpFixture::options();
  options.transport.threads = 1;
  HttpFixture origin(options);
  origin.put("live/v/1.m4s", {"0123", "4567", "89"}, segment_headers());
  const auto render = [](uint8_t) {
    return store::make_object({Bytes::copy_of("#EXTM3U\n")}, {.etag = "\"1\""});
  };
  const store::Ahead ahead{
      .parts_before = 4, .max_parts = 6, .hold_limit = 1h, .awaited_cache_control = "max-age=12"};
  origin.store.create_topic("live/v/index.m3u8", {})
      ->publish(std::make_shared<const store::Message>(store::Position{10, 2}, render, nullptr, ahead));
  const int fd = connect_to(origin.port);
  // Whatever is made once is made now.
  for (int i = 0; i < 50; ++i) exchange(fd, wanted.request, wanted.status);
  const uint64_t before = allocations;
  for (int i = 0; i < 1000; ++i) exchange(fd, wanted.request, wanted.status);
  const uint64_t made = allocations - before;
  // The date is written once a second.
  ck_assert_msg(made < 50, "%s: %d allocations for 1000 answers", wanted.name, static_cast<int>(made));
  close(fd);
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {{test_hit_allocates_nothing, std::size(kCases)}};
  return run_tests("http allocations", tests);
}
