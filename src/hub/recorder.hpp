// SPDX-License-Identifier: MIT
//
// Recorder: keeps the last switches, waits, wake-ups and spawns of a hub, in a ring, for a trace (trace_recorder.hpp).
//
// Wake-ups leave no call behind: each would pay for it. The recorder finds them at the next switch, as what has come to
// the end of the run queue since the last one. So it knows by which green thread, and about when. Of spawns it is told
// where SpawnHooks are: it has a mark, an empty hook, among them.
//
// The ring outlives its hub, and is read by other OS threads, under its mutex.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tendril/detail/base/mutex.hpp>
#include <tendril/site.hpp>

#include "hub/switch_watch.hpp"

namespace tendril::detail {

struct HubCore;
struct Fiber;

struct TraceEvent {
    enum class Kind : std::uint8_t {
        yields,   // `greenlet` leaves for `other`, and is ready
        waits,    // ... and waits in `call`
        ends,     // ... and has ended
        spawned,  // `greenlet`, by `other`; to wait in `call` first, unless that is nullptr
        woken,    // `greenlet`, by `other`; 0: by an event, a timer or another OS thread
        sleeps,   // the hub: no green thread is ready; `greenlet` waits in `call`; 0: it has ended
        wakes,    // the hub
    };
    std::int64_t at_ns;
    std::uint64_t greenlet;
    std::uint64_t other;
    const char* call;
    Kind kind;
};

// Who a green thread is.
struct TracedGreenlet {
    std::string name;
    Site where;
    std::uint64_t spawner = 0;
    bool main = false;
    bool ended = false;
    bool begins = false;  // it was spawned: that it comes to the run queue is no wake-up
};

struct TraceRing {
    const std::uint64_t os_thread;
    const int kernel_thread;
    const std::size_t capacity;
    Mutex mutex{Rank::blocking_watch};  // as that of the Traces
    std::vector<TraceEvent> events TENDRIL_GUARDED_BY(mutex);
    std::uint64_t count TENDRIL_GUARDED_BY(mutex) = 0;  // so far; event i lies at i % capacity
    std::map<std::uint64_t, TracedGreenlet> greenlets TENDRIL_GUARDED_BY(mutex);

    TraceRing(std::uint64_t serial, int thread, std::size_t most)
        : os_thread(serial), kernel_thread(thread), capacity(most) {}

    void add(const TraceEvent& event) TENDRIL_REQUIRES(mutex);
    void forget_ended() TENDRIL_REQUIRES(mutex);  // those that no event names any more
};

class Recorder final : SwitchWatch {
public:
    // Records from now on. Throws: std::bad_alloc.
    Recorder(HubCore& hub, std::shared_ptr<TraceRing> ring);
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;
    ~Recorder();

    void spawned(const Fiber& fiber) noexcept;

private:
    void switches(std::uint64_t to, std::int64_t now_ns) noexcept override;
    void sleeps(std::int64_t now_ns) noexcept override;
    void wakes(std::int64_t now_ns) noexcept override;
    void find_woken(std::uint64_t by, std::int64_t now_ns, std::uint64_t popped) TENDRIL_REQUIRES(ring_->mutex);
    void note_woken(std::uint64_t id, std::uint64_t by, std::int64_t now_ns) TENDRIL_REQUIRES(ring_->mutex);
    TracedGreenlet& know(const Fiber& fiber) TENDRIL_REQUIRES(ring_->mutex);

    HubCore& hub_;
    const std::shared_ptr<TraceRing> ring_;
    std::size_t seen_;  // the place in the run queue up to which wake-ups were noted
};

}  // namespace tendril::detail
