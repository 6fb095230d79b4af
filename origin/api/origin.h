/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public C API of liborigin. Include this one header. */
#pragma once

#include <origin/api/origin-presentation.h>
#include <origin/api/origin-server.h>
#include <origin/api/origin-track.h>
