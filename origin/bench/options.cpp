// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/options.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>

#include "origin/base/text.hpp"
#include "origin/bench/time_text.hpp"

namespace origin::bench {

namespace {

using namespace std::string_literals;

struct Option {
  const char* name;
  // What is wrong with the value, empty if nothing; ends the sentence "--name=value …".
  std::string (*set)(Options& options, std::string_view value);
};

std::string set_count(unsigned& count, std::string_view value, unsigned max) {
  const std::optional<uint64_t> number = parse_number(value);
  if (!number || *number < 1 || *number > max) return "is not a number from 1 to " + std::to_string(max);
  count = static_cast<unsigned>(*number);
  return {};
}

std::string set_seconds(Duration& duration, std::string_view value) {
  const std::optional<Duration> seconds = parse_seconds(value);
  if (!seconds || *seconds < 100ms || *seconds > 24h) return "is not a number of seconds from 0.1 to 86400";
  duration = *seconds;
  return {};
}

std::string set_parts(Options& options, std::string_view value) {
  if (value == "hinted")
    options.parts = PartRequests::kHinted;
  else if (value == "listed")
    options.parts = PartRequests::kListed;
  else if (value == "none")
    options.parts = PartRequests::kNone;
  else
    return "is not hinted, listed or none";
  return {};
}

bool is_field_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  });
}

std::string set_published_header(Options& options, std::string_view value) {
  if (!is_field_name(value)) return "is not the name of a header, like Origin-Published";
  options.published_header = value;
  return {};
}

std::string add_header(Options& options, std::string_view value) {
  const size_t colon = value.find(':');
  const bool has_control =
      std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (colon == std::string_view::npos || !is_field_name(value.substr(0, colon)) || has_control) {
    return "is not a header like 'Authorization: Bearer abc'";
  }
  options.headers.append(value).append("\r\n");
  return {};
}

std::string set_text(std::string& text, std::string_view value, const char* what) {
  if (value.empty()) return "is empty; give "s + what;
  text = value;
  return {};
}

constexpr Option kOptions[] = {
    {"clients", [](Options& o, std::string_view v) { return set_count(o.clients, v, 1'000'000); }},
    {"seconds", [](Options& o, std::string_view v) { return set_seconds(o.seconds, v); }},
    {"parts", set_parts},
    {"rendition",
     [](Options& o, std::string_view v) {
       return set_text(o.rendition, v, "highest, lowest, all, a number or a piece of a URI");
     }},
    {"connect-rate", [](Options& o, std::string_view v) { return set_count(o.connect_rate, v, 1'000'000); }},
    {"timeout", [](Options& o, std::string_view v) { return set_seconds(o.timeout, v); }},
    {"published-header", set_published_header},
    {"header", add_header},
    {"clients-per-address",
     [](Options& o, std::string_view v) { return set_count(o.clients_per_address, v, 60'000); }},
    {"json", [](Options& o,
                std::string_view v) { return set_text(o.json, v, "a file name, or - for standard output"); }},
};

struct Flag {
  const char* name;
  bool Options::*member;
};

constexpr Flag kFlags[] = {{"delta", &Options::delta},
                           {"gzip", &Options::gzip},
                           {"help", &Options::help},
                           {"version", &Options::version}};

Error wrong(const std::string& message) {
  return {ErrorCode::kInvalid, message};
}

std::string all_names() {
  std::string names;
  for (const Option& option : kOptions) names += " --"s + option.name;
  for (const Flag& flag : kFlags) names += " --"s + flag.name;
  return names;
}

// Takes an option, with its value if that stands behind it, off `arguments`.
Status take_option(std::span<const char* const>& arguments, Options& options) {
  std::string_view text = std::string_view(arguments.front()).substr(2);
  arguments = arguments.subspan(1);
  const bool has_value = text.find('=') != std::string_view::npos;
  const std::string_view name = text.substr(0, text.find('='));
  std::string_view value = has_value ? text.substr(name.size() + 1) : std::string_view();
  for (const Flag& flag : kFlags) {
    if (name != flag.name) continue;
    if (has_value) return wrong("--"s + flag.name + " takes no value, but has '" + std::string(value) + "'");
    options.*flag.member = true;
    return {};
  }
  const auto option = std::ranges::find(kOptions, name, &Option::name);
  if (option == std::end(kOptions)) {
    return wrong("--" + std::string(name) + " is no option; there are" + all_names());
  }
  if (!has_value) {
    if (arguments.empty())
      return wrong("--"s + option->name + " needs a value: --" + option->name + "=VALUE");
    value = arguments.front();
    arguments = arguments.subspan(1);
  }
  const std::string problem = option->set(options, value);
  if (!problem.empty()) return wrong("--"s + option->name + "=" + std::string(value) + " " + problem);
  return {};
}

}  // namespace

Result<Options> parse_options(std::span<const char* const> arguments) {
  Options options;
  std::vector<std::string_view> urls;
  while (!arguments.empty()) {
    if (std::string_view(arguments.front()).starts_with("--")) {
      if (const Status status = take_option(arguments, options); !status) return status.error();
    } else {
      urls.emplace_back(arguments.front());
      arguments = arguments.subspan(1);
    }
  }
  if (options.help || options.version) return options;
  if (urls.empty())
    return wrong("no URL is given; one of a playlist, like http://127.0.0.1:8080/live/index.m3u8");
  if (urls.size() > 1) return wrong("one URL is taken, but '" + std::string(urls[1]) + "' is given as well");
  Result<Url> url = parse_url(urls[0]);
  if (!url) return url.error();
  options.url = std::move(*url);
  return options;
}

const char* usage() {
  return "Usage: origin-bench [OPTION…] URL\n"
         "Clients that follow the live edge of an HLS presentation, and how soon it reaches them.\n"
         "URL is a multivariant or media playlist on any server.\n\n"
         "  --clients=N              how many (1)\n"
         "  --seconds=S              how long to measure once all have started (10)\n"
         "  --parts=WHICH            hinted: ask for the hinted part and be held; listed: reload and be "
         "held, then ask\n"
         "                           for what is new; none: playlists only (hinted)\n"
         "  --rendition=WHICH        of a multivariant playlist: highest, lowest, a number from 0, a piece "
         "of its URI;\n"
         "                           all: clients are spread over all (highest)\n"
         "  --delta                  reload with delta updates where the server has them\n"
         "  --gzip                   accept playlists with gzip\n"
         "  --connect-rate=N         clients that start in a second (1000)\n"
         "  --timeout=S              for an answer; one that may be held has three target durations more "
         "(10)\n"
         "  --published-header=NAME  response header with the time of publication, microseconds or RFC 3339\n"
         "                           (Origin-Published)\n"
         "  --header='NAME: VALUE'   another header of each request; may be repeated\n"
         "  --clients-per-address=N  towards 127.0.0.0/8: clients with the same source address (4000)\n"
         "  --json=FILE              results as JSON; - is standard output, the table then goes to standard "
         "error\n"
         "  --help, --version\n";
}

}  // namespace origin::bench
