// SPDX-License-Identifier: LGPL-2.1-or-later
// What players tell of themselves, in a header field and in a query, is always written as good JSON.
#include <json-glib/json-glib.h>

#include <cstdlib>

#include "origin/http/access_log.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const origin::transport::HeaderField field{"CMCD-Request", text};
  origin::transport::RequestHead head;
  head.path = head.query = text;
  head.fields = &field;
  head.field_count = 1;
  const std::string line = format_entry(origin::http::describe_request(head));
  JsonParser* parser = json_parser_new();
  if (!json_parser_load_from_data(parser, line.data(), static_cast<gssize>(line.size()), nullptr))
    std::abort();
  g_object_unref(parser);
  if (line.find('\n') != line.size() - 1) std::abort();
  return 0;
}
