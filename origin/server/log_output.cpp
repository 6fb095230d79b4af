// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/server/log_output.hpp"

#include <glib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace origin::server {

namespace {

bool is_ours(std::span<const GLogField> fields) {
  return std::ranges::any_of(fields, [](const GLogField& field) {
    return std::strcmp(field.key, "GLIB_DOMAIN") == 0 && field.length < 0 &&
           std::strcmp(static_cast<const char*>(field.value), "origin") == 0;
  });
}

// GLib's own writer drops what is only information, unless G_MESSAGES_DEBUG asks for it together with all
// that is for debugging.
GLogWriterOutput write_log(GLogLevelFlags level, const GLogField* fields, gsize count, gpointer) {
  if ((level & G_LOG_LEVEL_MASK) != G_LOG_LEVEL_INFO || !is_ours({fields, count}))
    return g_log_writer_default(level, fields, count, nullptr);
  static const bool is_journal = g_log_writer_is_journald(STDERR_FILENO);
  if (is_journal && g_log_writer_journald(level, fields, count, nullptr) == G_LOG_WRITER_HANDLED)
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_standard_streams(level, fields, count, nullptr);
}

}  // namespace

void send_log_to_operator() {
  g_log_writer_default_set_use_stderr(TRUE);
  g_log_set_writer_func(write_log, nullptr, nullptr);
}

}  // namespace origin::server
