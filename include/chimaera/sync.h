// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// All tools by which coroutines of one executor wait for each other.
#pragma once

#include <chimaera/event.h>
#include <chimaera/gate.h>
#include <chimaera/mutex.h>
#include <chimaera/semaphore.h>
#include <chimaera/timer.h>
