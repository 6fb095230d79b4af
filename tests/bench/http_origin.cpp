// SPDX-License-Identifier: LGPL-2.1-or-later
// The origin's HTTP server over a store, without media: what http_servers.py measures.
//   http_origin FOLDER THREADS
// serves the files of the folder from memory, prints "listening http://127.0.0.1:PORT", and runs until it is
// killed.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "origin/http/server.hpp"
#include "tests/bench/http_bodies.hpp"

using namespace origin;

namespace {

void put_files(store::Store& store, const char* folder) {
  for (const tests::ServedFile& file : tests::read_files(folder)) {
    const Result<Bytes> body = store.admit(file.body);
    if (!body.ok()) {
      std::fprintf(stderr, "http_origin: %s: %s\n", file.name.c_str(), body.error().message.c_str());
      std::exit(EXIT_FAILURE);
    }
    store::Object object;
    object.body = {*body};
    object.headers = {.content_type = file.content_type,
                      .cache_control = tests::kCacheControl,
                      .etag = file.etag,
                      .last_modified = UtcTime(std::chrono::seconds(tests::kModifiedSeconds))};
    store.put(file.name, std::move(object), {.pinned = true});
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc == 3 ? std::atoi(argv[2]) : 0;
  if (threads < 1) {
    std::fprintf(stderr, "usage: http_origin FOLDER THREADS: at least one thread\n");
    return 2;
  }
  store::Store store({}, Clock::system());
  put_files(store, argv[1]);
  http::Server::Options options;
  options.transport.threads = static_cast<unsigned>(threads);
  options.transport.limits.max_connections_per_address = 0;  // all of them come from the loopback
  http::Server server(options, store);
  const Result<uint16_t> port = server.listen("127.0.0.1", 0);
  if (!port.ok()) {
    std::fprintf(stderr, "http_origin: %s\n", port.error().message.c_str());
    return EXIT_FAILURE;
  }
  std::printf("listening http://127.0.0.1:%u\n", unsigned{*port});
  std::fflush(stdout);
  for (;;) pause();
}
