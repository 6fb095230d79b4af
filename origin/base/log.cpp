// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/base/log.hpp"

#include <glib.h>

#include <cstdarg>

namespace origin {

namespace {
constexpr const char* kDomain = "origin";
}

// G_LOG_LEVEL_MESSAGE: a GLib "warning" means a programming error and is fatal under G_DEBUG=fatal-warnings.
void log_warning(const char* format, ...) {
  va_list args;
  va_start(args, format);
  g_logv(kDomain, G_LOG_LEVEL_MESSAGE, format, args);
  va_end(args);
}

void log_info(const char* format, ...) {
  va_list args;
  va_start(args, format);
  g_logv(kDomain, G_LOG_LEVEL_INFO, format, args);
  va_end(args);
}

void log_debug(const char* format, ...) {
  va_list args;
  va_start(args, format);
  g_logv(kDomain, G_LOG_LEVEL_DEBUG, format, args);
  va_end(args);
}

}  // namespace origin
