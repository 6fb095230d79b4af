// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers that name another address to ask (RFC 9110 15.4). Any thread.
#pragma once

#include <string_view>

#include "origin/bench/url.hpp"

namespace origin::bench {

// In a row: there may be a loop.
constexpr int kMaxRedirects = 5;

// 301, 302, 307 or 308: the same request goes elsewhere.
bool is_redirect(int status);
// Where `location`, of an answer from `from`, leads, for the redirect number `count` of a request (from 1).
// An error where there is no such place, or not for http, or where there were too many.
Result<Url> follow_redirect(const Url& from, std::string_view location, int count);

}  // namespace origin::bench
