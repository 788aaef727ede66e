// SPDX-License-Identifier: MIT
//
// A worker as a program of its own, for workers.hpp.

#include <tendril/amqp/worker.hpp>

#include "tasks.hpp"

int main(int argc, char** argv) {
    using namespace tendril::amqp::testing;
    return tendril::amqp::worker_main(argc, argv,
                                      {shout_task, add_task, die_task, at_second_task, nap_task, meet_task});
}
