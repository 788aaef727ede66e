// SPDX-License-Identifier: MIT
//
// The format: "Trace Event Format", in its JSON object form. Times are in microseconds.

#include "hub/inspect/trace_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace tendril::detail {

using Kind = TraceEvent::Kind;

namespace {

constexpr std::uint64_t hub_track = 0;  // no green thread has this id

double microseconds(std::int64_t ns) noexcept {
    return static_cast<double>(ns) / 1000;
}

std::string title_of(std::uint64_t id, const TracedGreenlet& g) {
    std::string title = g.name;
    if (title.empty() && !g.main) {
        const std::string_view file = g.where.file;
        title = file.substr(file.rfind('/') + 1);
        title += title.empty() ? "green thread" : ':' + std::to_string(g.where.line);
    }
    return (title.empty() ? "main" : title) + " #" + std::to_string(id);
}

}  // namespace

TraceWriter::TraceWriter() {
    json_.object().member("displayTimeUnit", "ns").key("traceEvents").array();
}

std::string TraceWriter::take() {
    return json_.end_array().end_object().take();
}

void TraceWriter::add(TraceRing& ring) {
    std::vector<TraceEvent> events;
    std::map<std::uint64_t, TracedGreenlet> greenlets;
    std::size_t first = 0;
    {
        const MutexLock lock(ring.mutex);
        events = ring.events;
        greenlets = ring.greenlets;
        first = ring.count > events.size() ? ring.count % ring.capacity : 0;
    }
    std::rotate(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(first), events.end());
    process_ = ring.os_thread;
    tracks_.clear();
    slept_ns_ = woke_ns_ = 0;
    for (const TraceEvent& each : events) {
        add_event(each);
    }
    if (!events.empty()) {
        const std::int64_t end = events.back().at_ns;
        for (const auto& [id, track] : std::map(tracks_)) {
            change(id, Track::State::ended, end);
        }
    }
    write_names(ring, greenlets);
}

void TraceWriter::add_event(const TraceEvent& event) {
    switch (event.kind) {
    case Kind::yields:
    case Kind::waits:
    case Kind::ends:
    case Kind::sleeps:
        leave(event);
        break;
    case Kind::spawned:
    case Kind::woken:
        wake(event);
        break;
    case Kind::wakes:
        if (slept_ns_ != 0) {
            write_slice(hub_track, "sleeps", slept_ns_, event.at_ns);
        }
        slept_ns_ = 0;
        woke_ns_ = event.at_ns;
        break;
    }
}

// A green thread stops running, perhaps for another one.
void TraceWriter::leave(const TraceEvent& event) {
    const Track::State before = tracks_[event.greenlet].state;
    const bool only_polled = before == Track::State::waits && event.kind != Kind::yields && event.kind != Kind::ends;
    if (event.kind == Kind::sleeps) {
        slept_ns_ = event.at_ns;
    } else if (event.other != 0) {
        change(event.other, Track::State::runs, event.at_ns);
    }
    if (only_polled || before == Track::State::ended || event.greenlet == 0) {
        return;  // others were found ready on its stack; what it waits for has not come, or it has ended
    }
    if (before != Track::State::runs && woke_ns_ != 0) {
        change(event.greenlet, Track::State::runs, woke_ns_);  // it went on after the poll, without a switch
    }
    const Track::State state = event.kind == Kind::yields ? Track::State::ready
                               : event.kind == Kind::ends ? Track::State::ended
                                                          : Track::State::waits;
    change(event.greenlet, state, event.at_ns, event.call);
}

void TraceWriter::wake(const TraceEvent& event) {
    const bool spawned = event.kind == Kind::spawned;
    begin_event("i", spawned ? "spawned" : "woken", event.greenlet, event.at_ns);
    json_.member("s", "t").key("args").object().member("by", event.other).end_object().end_object();
    change(event.greenlet, event.call != nullptr ? Track::State::waits : Track::State::ready, event.at_ns, event.call);
    tracks_[event.greenlet].arrow = ++arrows_;
    write_arrow('s', event.other, arrows_, event.at_ns);
}

void TraceWriter::change(std::uint64_t greenlet, Track::State state, std::int64_t now_ns, const char* call) {
    Track& track = tracks_[greenlet];
    switch (track.state) {
    case Track::State::runs:
        write_slice(greenlet, "runs", track.since_ns, now_ns);
        break;
    case Track::State::waits:
        write_slice(greenlet, track.call != nullptr ? track.call : "waits", track.since_ns, now_ns);
        break;
    case Track::State::ready:
        write_slice(greenlet, "ready", track.since_ns, now_ns);
        break;
    case Track::State::unknown:
    case Track::State::ended:
        break;
    }
    track.state = state;
    track.since_ns = now_ns;
    track.call = call;
    if (state == Track::State::runs && track.arrow != 0) {
        write_arrow('f', greenlet, std::exchange(track.arrow, 0), now_ns);
    }
}

void TraceWriter::begin_event(const char* phase, const char* name, std::uint64_t track, std::int64_t at_ns) {
    json_.object().member("ph", phase).member("name", name).member("pid", process_).member("tid", track);
    json_.member("ts", microseconds(at_ns));
}

void TraceWriter::write_slice(std::uint64_t track, const char* name, std::int64_t from_ns, std::int64_t to_ns) {
    begin_event("X", name, track, from_ns);
    json_.member("dur", microseconds(std::max<std::int64_t>(to_ns - from_ns, 0))).end_object();
}

void TraceWriter::write_arrow(char end, std::uint64_t track, std::uint64_t number, std::int64_t at_ns) {
    begin_event(end == 's' ? "s" : "f", "wake-up", track, at_ns);
    json_.member("cat", "wake-up").member("id", number);
    if (end == 'f') {
        json_.member("bp", "e");
    }
    json_.end_object();
}

void TraceWriter::write_names(const TraceRing& ring, const std::map<std::uint64_t, TracedGreenlet>& greenlets) {
    const auto name = [&](const char* what, std::uint64_t track, const std::string& text) {
        begin_event("M", what, track, 0);
        json_.key("args").object().member("name", text);
    };
    name("process_name", hub_track,
         "hub of OS thread " + std::to_string(ring.os_thread) + " (" + std::to_string(ring.kernel_thread) + ")");
    json_.end_object().end_object();
    name("thread_name", hub_track, "hub");
    json_.end_object().end_object();
    for (const auto& [id, g] : greenlets) {
        name("thread_name", id, title_of(id, g));
        json_.member("file", g.where.file).member("line", g.where.line).member("function", g.where.function);
        json_.member("spawner", g.spawner).end_object().end_object();
    }
}

}  // namespace tendril::detail
