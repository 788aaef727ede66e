// SPDX-License-Identifier: MIT

#include "hub/inspect/traces.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <new>
#include <ostream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <tendril/trace_recorder.hpp>

#include "base/on_exit.hpp"
#include "base/once.hpp"
#include "base/report.hpp"
#include "base/sys.hpp"
#include "hub/hub_core.hpp"
#include "hub/inspect/trace_writer.hpp"

namespace tendril {

namespace detail {

namespace {

constexpr std::size_t usual_events = 65536;

std::size_t events_by_environment() {
    const char* const text = std::getenv("TENDRIL_TRACE_EVENTS");
    const std::string_view given = text != nullptr ? text : "";
    std::size_t events = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), events);
    if (given.empty() || (error == std::errc() && end == given.data() + given.size() && events != 0)) {
        return given.empty() ? usual_events : events;
    }
    report("TENDRIL_TRACE_EVENTS is not a number of events: " + std::string(given));
    return usual_events;
}

std::string with_process_number(std::string file) {
    for (std::size_t at = 0; (at = file.find("%p", at)) != std::string::npos;) {
        const std::string number = std::to_string(sys::process_id());
        file.replace(at, 2, number);
        at += number.size();
    }
    return file;
}

struct WrittenAtExit {
    ~WrittenAtExit() { Traces::the().write_own_file(); }
};

}  // namespace

Traces& Traces::the() noexcept {
    static constinit Once once;
    // Never destroyed: hubs of detached OS threads may outlive static objects.
    alignas(Traces) static std::byte memory[sizeof(Traces)];
    once([] { ::new (static_cast<void*>(memory)) Traces; });
    return *std::launder(reinterpret_cast<Traces*>(memory));
}

void Traces::configure_once() {
    if (!std::exchange(configured_, true)) {
        if (const char* const file = std::getenv("TENDRIL_TRACE"); file != nullptr && *file != 0) {
            file_ = file;
            events_ = events_by_environment();
            static const WrittenAtExit at_exit;
        }
    }
}

void Traces::record_new_hubs(std::size_t events) {
    const MutexLock lock(mutex_);
    configure_once();
    events_ = events;
}

std::shared_ptr<TraceRing> Traces::ring_for(HubCore& hub) {
    std::size_t events = 0;
    {
        const MutexLock lock(mutex_);
        configure_once();
        events = events_;
    }
    return events != 0 ? make_ring(hub, events) : nullptr;
}

std::shared_ptr<TraceRing> Traces::make_ring(HubCore& hub, std::size_t events) {
    auto ring = std::make_shared<TraceRing>(hub.os.serial, sys::thread_id(), events);
    const MutexLock lock(mutex_);
    const auto ended = [](const std::shared_ptr<TraceRing>& each) { return each.use_count() == 1; };
    if (static_cast<std::size_t>(std::ranges::count_if(rings_, ended)) >= most_ended) {
        rings_.erase(std::ranges::find_if(rings_, ended));
    }
    rings_.push_back(ring);
    return ring;
}

std::vector<std::shared_ptr<TraceRing>> Traces::rings() {
    const MutexLock lock(mutex_);
    return rings_;
}

std::string Traces::text() {
    TraceWriter writer;
    for (const std::shared_ptr<TraceRing>& each : rings()) {
        writer.add(*each);
    }
    return writer.take();
}

void Traces::write(const std::string& file) {
    const std::string all = text();
    const std::string fresh = file + "." + std::to_string(sys::process_id()) + ".part";
    const int fd = sys::checked(sys::open(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600), fresh.c_str());
    const OnExit closed([fd] { sys::close(fd); });
    for (std::string_view rest = all; !rest.empty();) {
        const ssize_t n = sys::write(fd, rest.data(), rest.size());
        if (n < 0) {
            sys::unlink(fresh);
            throw std::system_error(static_cast<int>(-n), std::generic_category(), fresh);
        }
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
    sys::checked(sys::rename(fresh, file), file.c_str());
}

bool Traces::has_own_file() {
    const MutexLock lock(mutex_);
    configure_once();
    return !file_.empty();
}

void Traces::write_own_file() noexcept {
    try {
        std::string file;
        {
            const MutexLock lock(mutex_);
            file = file_;
        }
        if (!file.empty()) {
            write(with_process_number(file));
        }
    } catch (...) {
        report("the trace is not written", std::current_exception());
    }
}

// In a child: what was recorded is the parent's, and so is the file, unless each process has its own.
void Traces::forked() noexcept {
    for (const std::shared_ptr<TraceRing>& each : rings_) {
        each->events.clear();
        each->count = 0;
    }
    if (file_.find("%p") == std::string::npos) {
        file_.clear();
    }
}

void HubCore::record_if_asked() noexcept {
    try {
        if (std::shared_ptr<TraceRing> ring = Traces::the().ring_for(*this); ring != nullptr) {
            recorder = std::make_unique<Recorder>(*this, std::move(ring));
        }
    } catch (...) {
        detail::report("a hub is not recorded", std::current_exception());
    }
}

}  // namespace detail

using detail::HubCore;
using detail::Traces;

void record_trace(std::size_t events) {
    if (events == 0) {
        throw std::invalid_argument("a trace of 0 events");
    }
    HubCore& hub = HubCore::here();
    if (hub.recorder == nullptr) {
        hub.recorder = std::make_unique<detail::Recorder>(hub, Traces::the().make_ring(hub, events));
    }
    Traces::the().record_new_hubs(events);
}

void stop_trace() {
    Traces::the().record_new_hubs(0);
    if (HubCore* const hub = HubCore::if_any(); hub != nullptr) {
        hub->recorder.reset();
    }
}

void write_trace(std::ostream& out) {
    out << Traces::the().text();
}

void write_trace(const std::string& file) {
    Traces::the().write(file);
}

}  // namespace tendril
