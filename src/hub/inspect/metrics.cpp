// SPDX-License-Identifier: MIT
//
// The metrics of hubs and of the process, and those that MetricSources add.

#include <tendril/metrics.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/detail/base/mutex.hpp>

#include "base/at_fork.hpp"
#include "base/once.hpp"
#include "base/report.hpp"
#include "base/thread_condition.hpp"
#include "hub/inspect/process_figures.hpp"

namespace tendril {

using detail::MutexLock;

struct MetricSource::Entry {
    const Function function;
    std::size_t calls = 0;  // under way; guarded by the mutex of all
    bool gone = false;
    explicit Entry(Function f) : function(std::move(f)) {}
};

namespace {

// Never destroyed: sources of detached OS threads may outlive static objects.
template <class Entry>
struct SourceList {
    detail::Mutex mutex{detail::Rank::shared};
    detail::ThreadCondition called;
    std::vector<std::shared_ptr<Entry>> all TENDRIL_GUARDED_BY(mutex);
    const detail::AtFork at_fork{this, [](void* self) noexcept { static_cast<SourceList*>(self)->forked(); }};

    static SourceList& the() {
        static constinit detail::Once once;
        alignas(SourceList) static std::byte memory[sizeof(SourceList)];
        once([] { ::new (static_cast<void*>(memory)) SourceList; });
        return *std::launder(reinterpret_cast<SourceList*>(memory));
    }

private:
    // Calls of other OS threads do not go on in the child. One of this OS thread ends after that, and counts from 0.
    TENDRIL_NOT_ANALYZED void forked() noexcept {
        for (const std::shared_ptr<Entry>& each : all) {
            each->calls = 0;
        }
    }
};

using Labels = std::vector<std::pair<std::string, std::string>>;

class HubMetrics {
public:
    explicit HubMetrics(std::vector<Metric>& out) : out_(out) {}

    void add(const HubSnapshot& hub) {
        hub_ = {{"hub", std::to_string(hub.os_thread)}};
        gauge("tendril_hub_answered", "Whether the hub has answered in time: 0 while a green thread blocks it",
              hub.answered ? 1 : 0);
        if (!hub.answered) {
            return;
        }
        const HubStats& s = hub.stats;
        gauge("tendril_greenlets", "Green threads that have not ended, without the main ones", size(s.greenlets));
        gauge("tendril_ready", "Green threads that wait only for their turn", size(s.ready));
        gauge("tendril_waiting_for_io", "Green threads that wait for a descriptor", size(s.waiting_for_io));
        gauge("tendril_stacks_used", "Stacks in use, raw contexts included", size(s.stacks_used));
        gauge("tendril_stacks_free", "Stacks kept for the next green threads", size(s.stacks_free));
        gauge("tendril_timers", "Timers that are armed", size(s.timers));
        gauge("tendril_sockets", "Sockets that the library has open", size(s.descriptors));
        gauge("tendril_callbacks_pending", "Callbacks that are due", size(s.pending));
        out_.push_back({"tendril_turns_total", "How often the hub has looked for events", MetricKind::counter, hub_,
                        static_cast<double>(s.turns)});
        add_waits(hub);
        const SchedulingInfo& measured = hub.scheduling;
        histogram("tendril_run_queue_delay_seconds", "From being ready to running, of samples",
                  measured.run_queue_delay);
        histogram("tendril_stretch_seconds", "How long a green thread ran on without letting others",
                  measured.stretches);
        gauge("tendril_longest_stretch_seconds", "The longest stretch of about the last ten seconds",
              seconds(measured.recent.took));
    }

private:
    static double size(std::size_t n) { return static_cast<double>(n); }
    static double seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

    void gauge(const char* name, const char* help, double value) {
        out_.push_back({name, help, MetricKind::gauge, hub_, value});
    }

    void add_waits(const HubSnapshot& hub) {
        std::map<std::string_view, std::size_t> waits;
        for (const GreenletInfo& each : hub.greenlets) {
            if (each.state == GreenletState::waits) {
                ++waits[each.waits_in];
            }
        }
        for (const auto& [call, count] : waits) {
            Labels labels = hub_;
            labels.emplace_back("call", call);
            out_.push_back({"tendril_waiting", "Green threads by the call that they wait in", MetricKind::gauge,
                            std::move(labels), size(count)});
        }
    }

    void histogram(const char* name, const char* help, const DurationHistogram& from) {
        Metric& metric = out_.emplace_back();
        metric.name = name;
        metric.help = help;
        metric.kind = MetricKind::histogram;
        metric.labels = hub_;
        for (std::size_t i = 0; i < DurationHistogram::buckets; ++i) {
            if (i + 1 < DurationHistogram::buckets) {
                metric.histogram.bounds.push_back(seconds(DurationHistogram::bound(i)));
            }
            metric.histogram.counts.push_back(from.count(i));
        }
        metric.histogram.sum = seconds(from.sum());
    }

    std::vector<Metric>& out_;
    Labels hub_;
};

void add_process(std::vector<Metric>& out) {
    const auto f = detail::ProcessFigures::read();
    const auto add = [&out](const char* name, const char* help, MetricKind kind, double value) {
        out.push_back({name, help, kind, {}, value});
    };
    add("process_cpu_seconds_total", "Processor time used", MetricKind::counter, f.cpu_seconds);
    add("process_start_time_seconds", "When the process began, since 1970", MetricKind::gauge, f.started_at);
    add("process_resident_memory_bytes", "Memory in use", MetricKind::gauge, static_cast<double>(f.resident_bytes));
    add("process_virtual_memory_bytes", "Addresses reserved", MetricKind::gauge, static_cast<double>(f.virtual_bytes));
    add("process_open_fds", "Descriptors that are open", MetricKind::gauge, static_cast<double>(f.open_descriptors));
    add("process_max_fds", "How many may be", MetricKind::gauge, static_cast<double>(f.most_descriptors));
    add("process_threads", "OS threads", MetricKind::gauge, static_cast<double>(f.threads));
}

}  // namespace

MetricSource::MetricSource(Function function) {
    if (!function) {
        throw std::invalid_argument("a MetricSource needs a function; this one is empty");
    }
    entry_ = std::make_shared<Entry>(std::move(function));
    auto& sources = SourceList<Entry>::the();
    const MutexLock lock(sources.mutex);
    sources.all.push_back(entry_);
}

MetricSource::~MetricSource() {
    auto& sources = SourceList<Entry>::the();
    MutexLock lock(sources.mutex);
    std::erase(sources.all, entry_);
    entry_->gone = true;
    while (entry_->calls != 0) {
        sources.called.wait(lock);
    }
}

std::vector<Metric> source_metrics() {
    using Entry = MetricSource::Entry;
    auto& sources = SourceList<Entry>::the();
    std::vector<Metric> out;
    std::vector<std::shared_ptr<Entry>> all;
    {
        const MutexLock lock(sources.mutex);
        all = sources.all;
    }
    for (const std::shared_ptr<Entry>& each : all) {
        {
            const MutexLock lock(sources.mutex);
            if (each->gone) {
                continue;
            }
            ++each->calls;
        }
        const std::size_t before = out.size();
        try {
            each->function(out);
        } catch (...) {
            detail::report("a MetricSource threw", std::current_exception());
            out.resize(std::min(before, out.size()));
        }
        const MutexLock lock(sources.mutex);
        each->calls -= std::min<std::size_t>(each->calls, 1);
        sources.called.wake_all();
    }
    return out;
}

std::vector<Metric> all_metrics(const std::vector<HubSnapshot>& hubs) {
    std::vector<Metric> all;
    HubMetrics writer(all);
    for (const HubSnapshot& each : hubs) {
        writer.add(each);
    }
    add_process(all);
    for (Metric& each : source_metrics()) {
        all.push_back(std::move(each));
    }
    return all;
}

}  // namespace tendril
