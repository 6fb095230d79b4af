// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/server/settings.hpp"

#include <algorithm>
#include <optional>
#include <type_traits>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"
#include "origin/server/named_settings.hpp"
#include "origin/server/value_text.hpp"

namespace origin::server {

namespace {

// Beyond these, somebody has mistaken a unit; tables are made as large as some of them say.
constexpr uint32_t kMaxThreads = 1024;
constexpr uint32_t kMaxParts = 10'000;  // of a request: header lines, ranges
constexpr uint32_t kMinHead = 256;      // bytes
constexpr uint32_t kMaxHead = 16u << 20;
constexpr uint32_t kMaxPiece = 1u << 30;
constexpr uint64_t kMinMemory = 1ull << 20;
constexpr uint64_t kMaxMemory = 1ull << 50;
constexpr Duration kMaxTime = 24h;
constexpr int64_t kMaxTtl = 20ll * 365 * 24 * 3600;  // seconds
constexpr uint32_t kMaxListed = 1'000'000;
// In the place of a number: made of others at the start.
constexpr std::string_view kAuto = "auto";

template <typename Number>
std::string set_count(Number& count, std::string_view value, uint32_t min, uint32_t max) {
  const std::optional<uint64_t> number = parse_number(value);
  if (!number || *number < min || *number > max)
    return "is not a number from " + std::to_string(min) + " to " + std::to_string(max);
  count = static_cast<Number>(*number);
  return {};
}

template <typename Number>
std::string set_size(Number& size, std::string_view value, uint64_t min, uint64_t max) {
  const std::optional<uint64_t> number = parse_size(value);
  if (!number || *number < min || *number > max) {
    return "is not a number of bytes from " + format_size(min) + " to " + format_size(max) +
           ", where K, M and G stand for 1024, 1024² and 1024³";
  }
  size = static_cast<Number>(*number);
  return {};
}

std::string set_duration(Duration& duration, std::string_view value, Duration min, Duration max) {
  const std::optional<Duration> time = parse_duration(value);
  if (!time || *time < min || *time > max) {
    return "is not a time from " + format_duration(min) + " to " + format_duration(max) +
           ", like 10, 2.5s or 500ms";
  }
  duration = *time;
  return {};
}

std::string set_host(std::string& host, std::string_view value) {
  const std::string text(value);
  if (text != "localhost" && !g_hostname_is_ip_address(text.c_str()))
    return "is not an IPv4 or IPv6 address (127.0.0.1, 0.0.0.0, ::1, ::) or localhost";
  host = text;
  return {};
}

std::string set_play_host(Configuration& configuration, std::string_view value) {
  if (!value.empty()) return set_host(configuration.play_host, value);
  configuration.play_host.clear();
  return {};
}

template <typename Owner, typename Type>
Owner owner_of(Type Owner::*);

// A limit, in the room that it belongs to.
template <auto kMember>
auto& limit_in(auto& configuration) {
  if constexpr (std::is_same_v<decltype(owner_of(kMember)), transport::Limits>) {
    return configuration.origin.http.transport.limits.*kMember;
  } else if constexpr (std::is_same_v<decltype(owner_of(kMember)), access::GateLimits>) {
    return configuration.origin.http.access.*kMember;
  } else if constexpr (std::is_same_v<decltype(owner_of(kMember)), channel::IngestLimits>) {
    return configuration.origin.ingest.*kMember;
  } else {
    return configuration.origin.http.limits.*kMember;
  }
}

template <auto kMember, uint32_t kMin = 0, uint32_t kMax = UINT32_MAX>
constexpr Setting count_limit(std::string_view key) {
  constexpr bool is_of_access = std::is_same_v<decltype(owner_of(kMember)), access::GateLimits>;
  return {is_of_access ? "access" : "limits", key,
          [](Configuration& c, std::string_view v) { return set_count(limit_in<kMember>(c), v, kMin, kMax); },
          [](const Configuration& c) { return std::to_string(limit_in<kMember>(c)); }};
}

template <auto kMember, uint64_t kMin = 0, uint64_t kMax = UINT32_MAX>
constexpr Setting size_limit(std::string_view key) {
  return {"limits", key,
          [](Configuration& c, std::string_view v) { return set_size(limit_in<kMember>(c), v, kMin, kMax); },
          [](const Configuration& c) { return format_size(limit_in<kMember>(c)); }};
}

template <auto kMember, int64_t kMinMilliseconds = 1, int64_t kMaxSeconds = kMaxTime / 1s>
constexpr Setting time_limit(std::string_view key) {
  return {"limits", key,
          [](Configuration& c, std::string_view v) {
            return set_duration(limit_in<kMember>(c), v, std::chrono::milliseconds(kMinMilliseconds),
                                std::chrono::seconds(kMaxSeconds));
          },
          [](const Configuration& c) { return format_duration(limit_in<kMember>(c)); }};
}

std::string set_connections_per_address(Configuration& configuration, std::string_view value) {
  auto& limit = limit_in<&transport::Limits::max_connections_per_address>(configuration);
  uint32_t count = 0;
  if (value != kAuto) {
    const std::string problem = set_count(count, value, 0, UINT32_MAX);
    if (!problem.empty()) return problem + ", or " + std::string(kAuto);
  }
  limit = value == kAuto ? std::nullopt : std::optional<uint32_t>(count);
  return {};
}

std::string connections_per_address(const Configuration& configuration) {
  const auto& limit = limit_in<&transport::Limits::max_connections_per_address>(configuration);
  return limit ? std::to_string(*limit) : std::string(kAuto);
}

// The daemon gives the origin a whole policy whenever the file was read.
constexpr auto kWithPolicy = [](api::Origin&, const Configuration&) {};

using Transport = transport::Limits;
using Http = http::Limits;
using Ingest = channel::IngestLimits;

// A new key is a line here, and one in origin-server.conf and docs/origin-server.1; tests compare them.
constexpr Setting kSettings[] = {
    {kServerGroup, "host", [](Configuration& c, std::string_view v) { return set_host(c.host, v); },
     [](const Configuration& c) { return c.host; }},
    {kServerGroup, "port",
     [](Configuration& c, std::string_view v) { return set_count(c.port, v, 0, UINT16_MAX); },
     [](const Configuration& c) { return std::to_string(c.port); }},
    {kServerGroup, "play-host", set_play_host, [](const Configuration& c) { return c.play_host; }},
    {kServerGroup, "play-port",
     [](Configuration& c, std::string_view v) { return set_count(c.play_port, v, 0, UINT16_MAX); },
     [](const Configuration& c) { return std::to_string(c.play_port); }},
    {kServerGroup, "threads",
     [](Configuration& c, std::string_view v) {
       return set_count(c.origin.http.transport.threads, v, 0, kMaxThreads);
     },
     [](const Configuration& c) { return std::to_string(c.origin.http.transport.threads); }},
    {kServerGroup, "memory-limit",
     [](Configuration& c, std::string_view v) {
       return set_size(c.origin.store.memory_limit, v, kMinMemory, kMaxMemory);
     },
     [](const Configuration& c) { return format_size(c.origin.store.memory_limit); }},

    {kServerGroup, "access-log",
     [](Configuration& c, std::string_view v) {
       c.access_log = v;
       return std::string();
     },
     [](const Configuration& c) { return c.access_log; }},

    {"access", "open",
     [](Configuration& c, std::string_view v) -> std::string {
       Result<access::PathPrefixes> paths = parse_paths(v);
       if (!paths) return "is wrong: " + paths.error().message;
       c.policy.open = *std::move(paths);
       return {};
     },
     [](const Configuration& c) { return format_paths(c.policy.open); }, kWithPolicy},
    {"access", "jwks-file",
     [](Configuration& c, std::string_view v) {
       c.jwks_file = v;
       return std::string();
     },
     [](const Configuration& c) { return c.jwks_file; }, kWithPolicy},
    {"access", "audience",
     [](Configuration& c, std::string_view v) {
       c.policy.audience = v;
       return std::string();
     },
     [](const Configuration& c) { return c.policy.audience; }, kWithPolicy},
    count_limit<&access::GateLimits::max_failures, 1>("max-failures"),
    count_limit<&access::GateLimits::max_failing_addresses, 1>("max-failing-addresses"),
    count_limit<&access::GateLimits::max_verified, 1>("max-verified"),

    count_limit<&Transport::max_connections>("max-connections"),
    count_limit<&Transport::reserved_descriptors>("reserved-descriptors"),
    {"limits", "max-connections-per-address", set_connections_per_address, connections_per_address},
    size_limit<&Transport::max_head_bytes, kMinHead, kMaxHead>("max-head-bytes"),
    size_limit<&Transport::max_target_bytes, kMinHead, kMaxHead>("max-target-bytes"),
    count_limit<&Transport::max_headers, 1, kMaxParts>("max-headers"),
    time_limit<&Transport::head_timeout>("head-timeout"),
    time_limit<&Transport::idle_timeout>("idle-timeout"),
    time_limit<&Transport::body_stall_timeout>("body-stall-timeout"),
    time_limit<&Transport::write_stall_timeout>("write-stall-timeout"),
    size_limit<&Transport::min_send_rate>("min-send-rate"),
    time_limit<&Transport::send_rate_window>("send-rate-window"),
    size_limit<&Transport::min_send_rate_short_of_memory>("min-send-rate-short-of-memory"),
    time_limit<&Transport::send_time_short_of_memory>("send-time-short-of-memory"),
    time_limit<&Transport::patience>("patience"),
    size_limit<&Transport::max_unsent_bytes, 0, kMaxPiece>("max-unsent-bytes"),

    count_limit<&Http::max_held, 1>("max-held"),
    count_limit<&Http::max_ranges, 1, kMaxParts>("max-ranges"),
    size_limit<&Http::max_object_bytes, 1, kMaxMemory>("max-object-bytes"),
    count_limit<&Http::max_uploads, 1>("max-uploads"),
    time_limit<&Http::max_ttl, 1000, kMaxTtl>("max-ttl"),
    count_limit<&Http::max_listed, 1, kMaxListed>("max-listed"),
    count_limit<&Ingest::max_publishing_points, 1>("max-publishing-points"),
    count_limit<&Ingest::max_pushed_tracks, 1>("max-pushed-tracks"),
    size_limit<&Ingest::max_cmaf_header, 1024, kMaxPiece>("max-cmaf-header"),
    size_limit<&Ingest::max_cmaf_chunk, 1024, kMaxPiece>("max-cmaf-chunk"),
    time_limit<&Ingest::publisher_timeout>("publisher-timeout"),
    time_limit<&Ingest::header_timeout>("header-timeout"),
    time_limit<&Http::viewer_window>("viewer-window"),
    count_limit<&Http::max_viewers, 1>("max-viewers"),
    count_limit<&Http::max_logged, 1>("max-logged"),
    time_limit<&Http::stop_grace, 0>("stop-grace"),
};

}  // namespace

std::span<const Setting> settings() {
  return kSettings;
}

const Setting* find_setting(std::string_view group, std::string_view key) {
  const Setting* found = std::ranges::find_if(
      kSettings, [&](const Setting& setting) { return setting.group == group && setting.key == key; });
  return found == std::end(kSettings) ? nullptr : found;
}

std::vector<std::string_view> groups() {
  std::vector<std::string_view> names;
  for (const Setting& setting : kSettings) {
    if (names.empty() || names.back() != setting.group) names.push_back(setting.group);
  }
  return names;
}

std::vector<std::string_view> keys_of(std::string_view group) {
  std::vector<std::string_view> keys;
  for (const Setting& setting : kSettings) {
    if (setting.group == group) keys.push_back(setting.key);
  }
  return keys;
}

std::vector<const Setting*> differences(const Configuration& one, const Configuration& other) {
  std::vector<const Setting*> found;
  for (const Setting& setting : kSettings) {
    if (setting.get(one) != setting.get(other)) found.push_back(&setting);
  }
  return found;
}

}  // namespace origin::server
