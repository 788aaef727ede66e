// SPDX-License-Identifier: MIT
//
// Traces: the rings of all hubs that are recorded, or were; and what the environment asks of them.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <tendril/detail/base/mutex.hpp>

#include "base/at_fork.hpp"
#include "hub/recorder.hpp"

namespace tendril::detail {

class Traces {
public:
    static Traces& the() noexcept;

    void record_new_hubs(std::size_t events);  // 0: no more
    // Returns a ring for a new hub; nullptr if it is not to be recorded. Throws: std::bad_alloc.
    std::shared_ptr<TraceRing> ring_for(HubCore& hub);
    std::shared_ptr<TraceRing> make_ring(HubCore& hub, std::size_t events);

    // All of them as trace events, as JSON. Throws: std::bad_alloc.
    std::string text();
    void write(const std::string& file);
    void write_own_file() noexcept;  // the environment's; reports an error. Does nothing without one
    bool has_own_file();

private:
    static constexpr std::size_t most_ended = 64;

    Traces() = default;
    void configure_once() TENDRIL_REQUIRES(mutex_);
    TENDRIL_NOT_ANALYZED void forked() noexcept;
    std::vector<std::shared_ptr<TraceRing>> rings();

    // Taken while a hub is made, which a Shared object may do under its own.
    Mutex mutex_{Rank::blocking_watch};
    std::vector<std::shared_ptr<TraceRing>> rings_ TENDRIL_GUARDED_BY(mutex_);
    std::size_t events_ TENDRIL_GUARDED_BY(mutex_) = 0;  // of each new hub
    std::string file_ TENDRIL_GUARDED_BY(mutex_);
    bool configured_ TENDRIL_GUARDED_BY(mutex_) = false;

    const AtFork at_fork_{this, [](void* self) noexcept { static_cast<Traces*>(self)->forked(); }};
};

}  // namespace tendril::detail
