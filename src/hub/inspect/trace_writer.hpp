// SPDX-License-Identifier: MIT
//
// TraceWriter: makes trace events of what Recorders have kept, in the JSON that Perfetto and chrome://tracing read: a
// "process" for each hub, with a "thread" for each green thread, and one for the hub's sleeps.

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "hub/inspect/json_writer.hpp"
#include "hub/recorder.hpp"

namespace tendril::detail {

class TraceWriter {
public:
    TraceWriter();
    void add(TraceRing& ring);  // throws std::bad_alloc
    std::string take();

private:
    // What a green thread has been doing since when.
    struct Track {
        enum class State : std::uint8_t { unknown, runs, waits, ready, ended };
        State state = State::unknown;
        std::int64_t since_ns = 0;
        const char* call = nullptr;  // while it waits
        std::uint64_t arrow = 0;     // from what woke it, to where it runs next; 0: none
    };

    void add_event(const TraceEvent& event);
    void leave(const TraceEvent& event);
    void wake(const TraceEvent& event);
    void change(std::uint64_t greenlet, Track::State state, std::int64_t now_ns, const char* call = nullptr);
    void write_slice(std::uint64_t track, const char* name, std::int64_t from_ns, std::int64_t to_ns);
    void write_arrow(char end, std::uint64_t track, std::uint64_t number, std::int64_t at_ns);
    void write_names(const TraceRing& ring, const std::map<std::uint64_t, TracedGreenlet>& greenlets);
    void begin_event(const char* phase, const char* name, std::uint64_t track, std::int64_t at_ns);

    JsonWriter json_;
    std::uint64_t process_ = 0;
    std::map<std::uint64_t, Track> tracks_;
    std::int64_t slept_ns_ = 0;  // since when the hub sleeps; 0: it does not
    std::int64_t woke_ns_ = 0;   // when it last did
    std::uint64_t arrows_ = 0;
};

}  // namespace tendril::detail
