// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/write_access.hpp"

#include <string>

namespace origin::http {

namespace {

constexpr std::string_view kProxyFields[] = {"forwarded", "x-forwarded-for", "x-real-ip", "via"};

bool is_loopback(std::string_view address) {
  if (address == "::1") return true;
  if (address.starts_with("::ffff:")) address.remove_prefix(7);
  return address.starts_with("127.") && address.find_first_not_of("0123456789.") == std::string_view::npos;
}

// "127.0.0.1:8080", "[::1]:8080", "localhost": without its port.
bool is_loopback_authority(std::string_view authority) {
  if (authority.starts_with('[')) return authority.starts_with("[::1]");
  const std::string_view host = authority.substr(0, authority.find(':'));
  return transport::equals_ignoring_case(host, "localhost") || is_loopback(host);
}

}  // namespace

Status may_write_without_key(const transport::RequestHead& head, std::string_view remote_address) {
  const auto refuse = [](const std::string& why) {
    return Error{ErrorCode::kInvalid, "without a key, this is for direct requests from this machine; " + why};
  };
  if (!is_loopback(remote_address)) return refuse("this one comes from another address");
  for (const std::string_view field : kProxyFields) {
    if (head.field(field).data()) return refuse("this one came through a proxy (" + std::string(field) + ")");
  }
  const std::string_view page = head.field("origin");
  if (!page.data()) return {};
  const std::string_view host = head.field("host");
  if (page != "http://" + std::string(host) || !is_loopback_authority(host))
    return refuse("this one is of a page from elsewhere (Origin)");
  return {};
}

Status may_administer_without_key(const transport::RequestHead& head, std::string_view remote_address) {
  if (Status may = may_write_without_key(head, remote_address); !may) return may;
  const std::string_view host = head.field("host");
  if (!host.data() || is_loopback_authority(host)) return {};
  return Error{
      ErrorCode::kInvalid,
      "without a key, this is for who asks for localhost or a loopback address, not " + std::string(host)};
}

}  // namespace origin::http
