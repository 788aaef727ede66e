// SPDX-License-Identifier: MIT
// Floor: hub
//
// once(): a callback for one event, without a watcher to keep (libev's ev_once).
//
//     once(fd, IoEvents::read, 5s, [](IoEvents came) { any(came) ? go_on() : give_up(); });

#pragma once

#include <tendril/deadline.hpp>
#include <tendril/watchers.hpp>

namespace tendril {

// Runs the callback once in this OS thread's hub: with the events, when the descriptor is ready; with `none`, when the
// deadline came first; with `closed`, if the number was closed. It must not wait (HubBlocked); the hub's error handler
// gets what it throws. Until then it keeps the hub from throwing LoopExit. With fd = -1 and no events, it is for the
// deadline alone. It is dropped, without a run, at the hub's end and in the child of a fork(). Never waits.
// Throws: as Io and Timer; std::invalid_argument if it could never run.
void once(int fd, IoEvents events, Deadline deadline, detail::Callback<void(IoEvents)> callback,
          Site at = Site::here());

}  // namespace tendril
