// SPDX-License-Identifier: MIT
//
// Tasks in a shared library, for tendril-worker.

#include <tendril/amqp/worker.hpp>

#include "tasks.hpp"

using namespace tendril::amqp::testing;

TENDRIL_TASKS(shout_task, nap_task)
