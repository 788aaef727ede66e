// SPDX-License-Identifier: MIT
//
// The snapshots of hubs as JSON.

#include <tendril/inspection.hpp>

#include <algorithm>
#include <compare>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include <tendril/metrics.hpp>
#include <tendril/version.hpp>

#include "base/sys.hpp"
#include "hub/inspect/json_writer.hpp"
#include "hub/inspect/process_figures.hpp"

namespace tendril {

namespace {

using detail::JsonWriter;
using Order = InspectionQuery::Order;

double as_seconds(std::chrono::nanoseconds d) {
    return std::chrono::duration<double>(d).count();
}

const char* name_of_state(GreenletState state) noexcept {
    static constexpr const char* names[] = {"waits for start", "ready to begin", "ready", "runs", "waits"};
    return names[static_cast<std::size_t>(state)];
}

const char* name_of_kind(GreenletKind kind) noexcept {
    static constexpr const char* names[] = {"spawned", "main", "hub"};
    return names[static_cast<std::size_t>(kind)];
}

// A green thread and its hub.
struct Listed {
    const GreenletInfo* info;
    std::uint64_t hub;
};

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return text;
}

bool passes(const GreenletInfo& g, const std::string& filter) {
    if (filter.empty()) {
        return true;
    }
    const std::string text = g.name + '\n' + g.waits_in + '\n' + g.where.file + ':' + std::to_string(g.where.line) +
                             '\n' + name_of_state(g.state) + '\n' + name_of_kind(g.kind) + '\n' + std::to_string(g.id);
    return lower(text).find(filter) != std::string::npos;
}

bool comes_before(const InspectionQuery& query, const Listed& a, const Listed& b) {
    const GreenletInfo &x = *a.info, &y = *b.info;
    if ((x.id == query.greenlet) != (y.id == query.greenlet)) {
        return x.id == query.greenlet;
    }
    const GreenletInfo &first = query.reverse ? y : x, &second = query.reverse ? x : y;
    std::strong_ordering order = std::strong_ordering::equal;
    switch (query.order) {
    case Order::waited:
        order = second.waited <=> first.waited;
        break;
    case Order::name:
        order = first.name <=> second.name;
        break;
    case Order::stack:
        order = second.stack_used <=> first.stack_used;
        break;
    case Order::call:
        order = first.waits_in <=> second.waits_in;
        break;
    case Order::id:
        break;
    }
    return order != 0 ? order < 0 : first.id < second.id;
}

class InspectionWriter {
public:
    InspectionWriter(const std::vector<HubSnapshot>& hubs, const InspectionQuery& query) : hubs_(hubs), query_(query) {}

    std::string write() {
        json_.object();
        write_process();
        json_.key("hubs").array();
        for (const HubSnapshot& each : hubs_) {
            write_hub(each);
        }
        json_.end_array();
        write_groups();
        write_greenlets();
        write_descriptors();
        write_watchers();
        write_metrics();
        json_.end_object();
        return json_.take();
    }

private:
    void write_process() {
        const auto f = detail::ProcessFigures::read();
        json_.key("process").object();
        json_.member("pid", f.id).member("command", f.command).member("tendril", library_version().text());
        json_.member("now", static_cast<double>(sys::wall_clock()) * 1e-9).member("uptime", f.uptime);
        json_.member("cpu_seconds", f.cpu_seconds).member("resident_bytes", f.resident_bytes);
        json_.member("threads", f.threads).member("open_descriptors", f.open_descriptors);
        json_.member("most_descriptors", f.most_descriptors).end_object();
    }

    void write_place(const Site& where) { json_.member("file", where.file).member("line", where.line); }

    void write_hub(const HubSnapshot& hub) {
        json_.object();
        json_.member("os_thread", hub.os_thread).member("kernel_thread", hub.kernel_thread);
        json_.member("answered", hub.answered);
        if (hub.answered) {
            const HubStats& s = hub.stats;
            json_.member("backend", hub.backend).member("greenlets", s.greenlets).member("ready", s.ready);
            json_.member("waiting_for_io", s.waiting_for_io).member("timers", s.timers);
            json_.member("sockets", s.descriptors).member("stacks_used", s.stacks_used);
            json_.member("stacks_free", s.stacks_free).member("keeping_alive", s.keeping_alive);
            json_.member("pending", s.pending).member("turns", s.turns);
            json_.member("awaited_elsewhere", hub.awaited_elsewhere);
            write_scheduling(hub.scheduling);
        }
        json_.end_object();
    }

    void write_scheduling(const SchedulingInfo& s) {
        json_.key("scheduling").object().member("measured", s.measured);
        write_histogram("run_queue_delay", s.run_queue_delay);
        write_histogram("stretches", s.stretches);
        write_stretch("longest", s.longest);
        write_stretch("recent", s.recent);
        json_.end_object();
    }

    void write_histogram(const char* name, const DurationHistogram& h) {
        json_.key(name).object().member("count", h.count()).member("sum", as_seconds(h.sum()));
        json_.member("p50", as_seconds(h.quantile(0.5))).member("p99", as_seconds(h.quantile(0.99)));
        json_.member("longest", as_seconds(h.longest())).key("counts").array();
        for (std::size_t i = 0; i < DurationHistogram::buckets; ++i) {
            json_.number(h.count(i));
        }
        json_.end_array().end_object();
    }

    void write_stretch(const char* name, const LongStretch& s) {
        json_.key(name).object().member("took", as_seconds(s.took)).member("greenlet", s.greenlet);
        write_place(s.where);
        json_.end_object();
    }

    void write_groups() {
        struct Group {
            std::size_t count = 0;
            std::chrono::nanoseconds longest{};
            std::size_t stack_used = 0;
        };
        using Key = std::tuple<GreenletState, std::string_view, std::string_view, int>;
        std::map<Key, Group> groups;
        for (const HubSnapshot& hub : hubs_) {
            for (const GreenletInfo& g : hub.greenlets) {
                Group& group = groups[Key(g.state, g.waits_in, g.where.file, g.where.line)];
                ++group.count;
                group.longest = std::max(group.longest, g.waited);
                group.stack_used += g.stack_used;
            }
        }
        std::vector<std::pair<Key, Group>> all(groups.begin(), groups.end());
        std::ranges::stable_sort(all, [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
        json_.member("groups_total", all.size()).key("groups").array();
        for (std::size_t i = 0; i < std::min(all.size(), query_.most); ++i) {
            const auto& [key, group] = all[i];
            json_.object().member("state", name_of_state(std::get<0>(key))).member("waits_in", std::get<1>(key));
            json_.member("file", std::get<2>(key)).member("line", std::get<3>(key)).member("count", group.count);
            json_.member("longest", as_seconds(group.longest)).member("stack_used", group.stack_used).end_object();
        }
        json_.end_array();
    }

    void write_greenlets() {
        std::vector<Listed> all;
        const std::string filter = lower(query_.filter);
        std::size_t total = 0;
        for (const HubSnapshot& hub : hubs_) {
            total += hub.greenlets.size();
            for (const GreenletInfo& each : hub.greenlets) {
                if (passes(each, filter) || each.id == query_.greenlet) {
                    all.push_back({&each, hub.os_thread});
                }
            }
        }
        const std::size_t listed = std::min(all.size(), query_.most);
        std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(listed),
                                  [this](const Listed& a, const Listed& b) { return comes_before(query_, a, b); });
        json_.member("greenlets_total", total).member("greenlets_found", all.size()).key("greenlets").array();
        for (std::size_t i = 0; i < listed; ++i) {
            write_greenlet(*all[i].info, all[i].hub);
        }
        json_.end_array();
    }

    void write_greenlet(const GreenletInfo& g, std::uint64_t hub) {
        json_.object().member("id", g.id).member("hub", hub).member("name", g.name).member("spawner", g.spawner);
        write_place(g.where);
        json_.member("kind", name_of_kind(g.kind)).member("state", name_of_state(g.state));
        if (g.state == GreenletState::waits) {
            json_.member("waits_in", g.waits_in).member("waited", as_seconds(g.waited));
        }
        if (g.holder != 0) {
            json_.member("holder", g.holder).member("holder_took_last", g.holder_took_last);
        }
        if (g.descriptor >= 0) {
            json_.member("descriptor", g.descriptor).member("writes", g.writes);
        }
        if (!g.due.is_forever()) {
            json_.member("due", as_seconds(std::chrono::nanoseconds(g.due)));
        }
        json_.member("stack_used", g.stack_used).member("stack_size", g.stack_size);
        json_.member("daemon", g.daemon).member("kill_pending", g.kill_pending).member("shields", g.shields);
        json_.member("locals", g.locals).member("contexts", g.contexts.size());
        if (g.id == query_.greenlet) {
            write_backtrace("backtrace", g.backtrace);
            write_backtrace("spawn_backtrace", g.spawn_backtrace);
        }
        json_.end_object();
    }

    void write_backtrace(const char* name, const std::vector<std::string>& backtrace) {
        json_.key(name).array();
        for (const std::string& line : backtrace) {
            json_.string(line);
        }
        json_.end_array();
    }

    void write_descriptors() {
        std::size_t total = 0;
        json_.key("descriptors").array();
        for (const HubSnapshot& hub : hubs_) {
            for (const DescriptorInfo& d : hub.descriptors) {
                if (++total <= query_.most) {
                    json_.object().member("fd", d.fd).member("hub", hub.os_thread).member("owned", d.owned);
                    json_.member("reader", d.reader).member("writer", d.writer).member("watchers", d.watchers);
                    json_.end_object();
                }
            }
        }
        json_.end_array().member("descriptors_total", total);
    }

    void write_watchers() {
        std::size_t total = 0;
        json_.key("watchers").array();
        for (const HubSnapshot& hub : hubs_) {
            for (const WatcherInfo& w : hub.watchers) {
                if (++total <= query_.most) {
                    json_.object().member("kind", w.kind).member("hub", hub.os_thread).member("detail", w.detail);
                    write_place(w.where);
                    json_.member("keeps_alive", w.keeps_alive).member("pending", w.pending).end_object();
                }
            }
        }
        json_.end_array().member("watchers_total", total);
    }

    void write_metrics() {
        json_.key("metrics").array();
        for (const Metric& each : source_metrics()) {
            if (each.kind == MetricKind::histogram) {
                continue;  // for Prometheus
            }
            json_.object().member("name", each.name).member("help", each.help);
            json_.member("kind", each.kind == MetricKind::counter ? "counter" : "gauge").key("labels").object();
            for (const auto& [name, value] : std::map(each.labels.begin(), each.labels.end())) {
                json_.member(name, std::string_view(value));
            }
            json_.end_object().member("value", each.value).end_object();
        }
        json_.end_array();
    }

    const std::vector<HubSnapshot>& hubs_;
    const InspectionQuery& query_;
    JsonWriter json_;
};

}  // namespace

std::string to_json(const std::vector<HubSnapshot>& hubs, const InspectionQuery& query) {
    return InspectionWriter(hubs, query).write();
}

}  // namespace tendril
