// SPDX-License-Identifier: MIT
//
// The hubs of a worker program, one in each OS thread, and how all of them are told to stop.

#pragma once

#include <functional>

#include <tendril/amqp/worker.hpp>
#include <tendril/shared_event.hpp>

namespace tendril::amqp::detail {

// May be used by any OS thread.
class WorkerStop {
public:
    // Tells every Worker to stop; the second call: at once.
    void ask() { (asked_.is_set() ? insisted_ : asked_).set(); }
    // The same, but never more than once.
    void ask_once() { asked_.set(); }

    void asked() { asked_.wait(); }  // waits until it is
    // Stops this Worker of the calling hub whenever that is asked for. Yields: until the caller is killed, or twice
    // was asked.
    void follow(Worker& worker) {
        asked();
        worker.stop();
        insisted_.wait();
        worker.stop();
    }

private:
    SharedEvent asked_;
    SharedEvent insisted_;
};

// Calls work() in that many hubs at once: the caller's, and one in each OS thread that it starts. The hub of a call
// that throws stops the others. Yields: until all have returned. Throws: what the first of them threw; Interrupt: the
// others are told to stop, and awaited.
void in_hubs(unsigned hubs, WorkerStop& stop, const std::function<void()>& work);

}  // namespace tendril::amqp::detail
