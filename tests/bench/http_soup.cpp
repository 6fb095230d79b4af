// SPDX-License-Identifier: LGPL-2.1-or-later
// Plain SoupServer with its own listener and one thread: what http_servers.py compares the origin with.
//   http_soup FOLDER
// serves the files of the folder from memory, prints "listening http://127.0.0.1:PORT", and runs until it is
// killed.
#include <libsoup/soup.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unordered_map>

#include "origin/base/ref.hpp"
#include "tests/bench/http_bodies.hpp"

using namespace origin;

namespace {

using Files = std::unordered_map<std::string, tests::ServedFile>;

void answer(SoupServer*, SoupServerMessage* message, const char* path, GHashTable*, gpointer data) {
  const Files& files = *static_cast<const Files*>(data);
  const auto found = files.find(path);
  if (found == files.end()) {
    soup_server_message_set_status(message, SOUP_STATUS_NOT_FOUND, nullptr);
    return;
  }
  const tests::ServedFile& file = found->second;
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  soup_message_headers_replace(headers, "Content-Type", file.content_type.c_str());
  soup_message_headers_replace(headers, "Cache-Control", tests::kCacheControl);
  soup_message_headers_replace(headers, "ETag", file.etag.c_str());
  soup_message_headers_replace(headers, "Last-Modified", tests::kModifiedDate);
  // libsoup closes the connection but does not say so, and wrk would take that for an error.
  if (soup_message_headers_header_contains(soup_server_message_get_request_headers(message), "Connection",
                                           "close")) {
    soup_message_headers_replace(headers, "Connection", "close");
  }
  soup_message_body_append_bytes(soup_server_message_get_response_body(message), file.body.get());
  soup_server_message_set_status(message, SOUP_STATUS_OK, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: http_soup FOLDER\n");
    return 2;
  }
  Files files;
  for (tests::ServedFile& file : tests::read_files(argv[1])) files.emplace("/" + file.name, std::move(file));
  const auto server = Ref<SoupServer>::adopt(soup_server_new("server-header", "soup", nullptr));
  soup_server_add_handler(server.get(), nullptr, answer, &files, nullptr);
  GError* error = nullptr;
  if (!soup_server_listen_local(server.get(), 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error)) {
    std::fprintf(stderr, "http_soup: %s\n", error->message);
    return EXIT_FAILURE;
  }
  GSList* uris = soup_server_get_uris(server.get());
  std::printf("listening http://127.0.0.1:%d\n", g_uri_get_port(static_cast<GUri*>(uris->data)));
  std::fflush(stdout);
  g_slist_free_full(uris, reinterpret_cast<GDestroyNotify>(g_uri_unref));
  g_main_loop_run(g_main_loop_new(nullptr, FALSE));
}
