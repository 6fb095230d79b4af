// SPDX-License-Identifier: LGPL-2.1-or-later
// The element's GObject properties: their descriptions, and their values in and out of Settings. Any thread.
#pragma once

#include "gst/settings.hpp"

namespace gst {

void install_properties(GObjectClass* object_class);
// False: no such property.
// What is wrong with values that each property takes for itself; empty: nothing. The origin checks what it is
// given.
std::string problem_of(const Settings& settings);
bool set_property(Settings& settings, guint id, const GValue* value);
bool get_property(const Settings& settings, guint current_port, guint id, GValue* value);

}  // namespace gst
