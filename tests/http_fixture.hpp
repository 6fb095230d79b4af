// SPDX-License-Identifier: LGPL-2.1-or-later
// A store and an http::Server over it on a free port, as the HTTP tests want it.
#pragma once

#include <memory>
#include <string>

#include "origin/http/server.hpp"
#include "tests/check_main.hpp"
#include "tests/http_client.hpp"

namespace origin::tests {

struct HttpFixture {
  static http::Server::Options options() {
    http::Server::Options options;
    options.transport.threads = 2;
    return options;
  }

  explicit HttpFixture(http::Server::Options server_options = options())
      : store({.memory_limit = 64 << 20}, Clock::system()), server(server_options, store) {
    const Result<uint16_t> listening = server.listen("127.0.0.1", 0);
    ck_assert_msg(listening.ok(), "%s", listening.ok() ? "" : listening.error().message.c_str());
    port = *listening;
  }

  HttpClient connect() const { return HttpClient(port); }
  HttpReply get(std::string_view target, const HeaderList& headers = {}) const {
    return connect().get(target, headers);
  }

  HttpReply send(std::string_view method, std::string_view target, const std::string& body = {},
                 HeaderList headers = {}) const {
    HttpClient client = connect();
    headers.emplace_back("Content-Length", std::to_string(body.size()));
    client.send_request(method, target, headers);
    client.send(body);
    return client.read_reply();
  }

  // An object of `pieces`, admitted to the store's budget.
  store::ObjectRef put(const std::string& name, std::vector<std::string> pieces,
                       store::Headers headers = {}) {
    return store.put(name, make_object(std::move(pieces), std::move(headers)), {.pinned = true});
  }
  store::Object make_object(std::vector<std::string> pieces, store::Headers headers = {}) {
    store::Object object;
    for (std::string& piece : pieces) object.body.push_back(*store.admit(Bytes::take(std::move(piece))));
    object.headers = std::move(headers);
    return object;
  }
  store::MessageRef message(store::Position position, const std::string& text, store::Headers headers = {}) {
    return std::make_shared<const store::Message>(
        position, store::make_object(make_object({text}).body, std::move(headers)));
  }

  store::Store store;
  http::Server server;
  uint16_t port = 0;
};

inline constexpr UtcTime kModified{std::chrono::seconds(784111777)};
inline constexpr const char* kModifiedDate = "Sun, 06 Nov 1994 08:49:37 GMT";

inline store::Headers segment_headers() {
  return {.content_type = "video/mp4",
          .cache_control = "max-age=12",
          .etag = "\"v1\"",
          .last_modified = kModified,
          .custom = {{"Origin-Track", "video_0"}, {"Bad\r\nName", "x"}, {"Bad-Value", "a\r\nInjected: yes"}}};
}

// With ten bytes in three pieces at /live/v/1.m4s.
struct SegmentFixture : HttpFixture {
  SegmentFixture() { put("live/v/1.m4s", {"0123", "4567", "89"}, segment_headers()); }
};

// Headers that every answer has, whatever it is.
inline void check_common_headers(const HttpReply& reply) {
  ck_assert(reply.header("Access-Control-Allow-Origin") == "*");
  ck_assert(reply.header("Timing-Allow-Origin") == "*");
  ck_assert(reply.header("X-Content-Type-Options") == "nosniff");
  ck_assert_uint_eq(reply.header("Origin-Request-Id").size(), 36);
  ck_assert(reply.header("Date").ends_with(" GMT"));
  ck_assert(!reply.has("Age"));
  ck_assert(!reply.has("Transfer-Encoding"));
  const std::string exposed = reply.header("Access-Control-Expose-Headers");
  for (const char* name : {"Age", "Date", "Content-Length", "Content-Range", "ETag", "Origin-Request-Id"}) {
    ck_assert_msg(exposed.find(name) != std::string::npos, "%s is not exposed", name);
  }
}

// A status, with its reason as one line of JSON.
inline void check_error(const HttpReply& reply, int status) {
  ck_assert_int_eq(reply.status, status);
  check_common_headers(reply);
  ck_assert(reply.header("Content-Type") == "application/json");
  ck_assert(reply.has("Cache-Control"));
  ck_assert_msg(reply.body.starts_with("{\"error\":\"") && reply.body.ends_with("\"}\n"), "%s",
                reply.body.c_str());
  ck_assert_uint_eq(reply.body.find('\n'), reply.body.size() - 1);
}

// What was compressed, of which `size` is known; fails the test if it is not gzip or longer.
inline std::string gunzip(const std::string& packed, size_t size) {
  const auto inflate =
      Ref<GConverter>::adopt(G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP)));
  std::string text(size + 1, '\0');
  gsize read = 0, written = 0;
  ck_assert_int_eq(g_converter_convert(inflate.get(), packed.data(), packed.size(), text.data(), text.size(),
                                       G_CONVERTER_INPUT_AT_END, &read, &written, nullptr),
                   G_CONVERTER_FINISHED);
  text.resize(written);
  return text;
}

// The number that stands behind "name": in a JSON document; fails the test if there is none.
inline uint64_t json_number(const std::string& json, const std::string& name) {
  const size_t at = json.find("\"" + name + "\":");
  ck_assert_msg(at != std::string::npos, "no %s in %s", name.c_str(), json.c_str());
  return std::stoull(json.substr(at + name.size() + 3));
}

}  // namespace origin::tests
