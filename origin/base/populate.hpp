// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

namespace origin {

// Has the kernel map fresh memory that is about to be filled, all of it at once where that pays: page by
// page, as it is touched, costs more than filling it, above all in virtual machines. No effect on what it
// holds. Any thread.
void populate(void* memory, size_t size);

}  // namespace origin
